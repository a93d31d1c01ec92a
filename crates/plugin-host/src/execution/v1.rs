//! The adapter for version 1.0.0 of the contract.

use hookwright_model::{Description, HeaderHint, LogLevel};
use wasmtime::Store;
use wasmtime::component::{Component, InstancePre, Linker};

use super::adapter::{Adapter, Exports};
use super::answer::{Answer, Method, Request};
use super::arguments::Arguments;
use super::call::WrongTypes;
use super::fuel::{Metered as _, charge_for_bytes};
use super::instance::State;

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit/1.0.0",
        world: "mapper",
    });
}

use bindings::exports::hookwright::mapping::lead_created as wit_event;
use bindings::exports::hookwright::mapping::plugin as wit_plugin;
use bindings::hookwright::mapping::{log as wit_log, types as wit};
use bindings::{Mapper, MapperPre};

/// Version 1.0.0.
pub(crate) struct V1;

const VERSION: &str = "1.0.0";
const LOG: &str = "hookwright:mapping/log@1.0.0";
const TYPES: &str = "hookwright:mapping/types@1.0.0";

impl Adapter for V1 {
    fn version(&self) -> &'static str {
        VERSION
    }

    fn imports(&self) -> &'static [&'static str] {
        &[LOG, TYPES]
    }

    fn link(&self, linker: &mut Linker<State>) -> wasmtime::Result<()> {
        // The interface has types only.
        linker.instance(TYPES)?;
        linker.instance(LOG)?.metered("write", |mut store, (level, message): (wit_log::Level, String)| {
            charge_for_bytes(&mut store, message.len())?;
            let level = match level {
                wit_log::Level::Debug => LogLevel::Debug,
                wit_log::Level::Info => LogLevel::Info,
                wit_log::Level::Warn => LogLevel::Warn,
                wit_log::Level::Error => LogLevel::Error,
            };
            store.data_mut().log(level, &message);
            Ok(())
        })
    }

    fn exports(&self, component: InstancePre<State>) -> wasmtime::Result<Box<dyn Exports>> {
        Ok(Box::new(MapperPre::new(component)?))
    }
}

impl Exports for MapperPre<State> {
    fn component(&self) -> &Component {
        self.instance_pre().component()
    }

    fn describe(&self, store: &mut Store<State>) -> wasmtime::Result<Description> {
        let instance = self.instance_pre().instantiate(&mut *store)?;
        let mapper = Mapper::new(&mut *store, &instance)
            .map_err(|error| WrongTypes { version: VERSION, cause: error.root_cause().to_string() })?;
        mapper.hookwright_mapping_plugin().call_describe(store).map(description)
    }

    fn transform(&self, store: &mut Store<State>, arguments: &Arguments) -> wasmtime::Result<Answer> {
        let mapper = self.instantiate(&mut *store)?;
        let (event, history) = (event(arguments), history(arguments));
        let answer = mapper.hookwright_mapping_lead_created().call_transform(
            store,
            &event,
            &arguments.settings,
            &history,
        )?;
        Ok(match answer {
            Ok(wit::Action::Deliver(wanted)) => Answer::Deliver(request(wanted)),
            Ok(wit::Action::Call(wanted)) => Answer::Call(request(wanted)),
            Ok(wit::Action::Done(receipt)) => Answer::Done { reference: receipt.reference, url: receipt.url },
            Ok(wit::Action::Skip(reason)) => Answer::Skip(reason),
            Err(wit::Failure::Permanent(reason)) => Answer::Permanent(reason),
            Err(wit::Failure::Retry(delay)) => {
                Answer::Retry { reason: delay.reason, after_secs: delay.after }
            }
        })
    }
}

fn event(arguments: &Arguments) -> wit_event::Event {
    let lead = &arguments.lead;
    wit_event::Event {
        id: arguments.event_id.clone(),
        project_id: arguments.project_id.clone(),
        created_at: arguments.created_at.clone(),
        lead: wit_event::Lead {
            name: lead.name.clone(),
            phone: lead.phone.clone(),
            email: lead.email.clone(),
            message: lead.message.clone(),
            channel: lead.channel.clone(),
            conversation_id: lead.conversation_id.clone(),
        },
        json: arguments.json.clone(),
    }
}

fn history(arguments: &Arguments) -> wit::History {
    let replies = arguments.history.replies.iter().map(|reply| wit::Reply {
        step: reply.step.clone(),
        status: reply.status,
        headers: reply
            .headers
            .iter()
            .map(|(name, value)| wit::Header { name: name.clone(), value: value.clone() })
            .collect(),
        body: reply.body.clone(),
        truncated: reply.truncated,
    });
    wit::History { replies: replies.collect(), uncertain: arguments.history.uncertain.clone() }
}

fn request(wanted: wit::Request) -> Request {
    let method = match wanted.method {
        wit::Method::Post => Method::Post,
        wit::Method::Put => Method::Put,
        wit::Method::Patch => Method::Patch,
        wit::Method::Get => Method::Get,
    };
    Request {
        step: wanted.step,
        method,
        path: wanted.path,
        headers: wanted.headers.into_iter().map(|header| (header.name, header.value)).collect(),
        body: wanted.body,
        accept: wanted.accept,
        idempotent: wanted.idempotent,
    }
}

fn description(described: wit_plugin::Description) -> Description {
    let wit_plugin::Description { title, summary, url, headers, settings_schema } = described;
    let hint = |hint: wit_plugin::HeaderHint| HeaderHint {
        name: hint.name,
        placeholder: hint.placeholder,
        secret: hint.secret,
    };
    let headers = headers.into_iter().map(hint).collect();
    Description { title, summary, url, headers, settings_schema }
}
