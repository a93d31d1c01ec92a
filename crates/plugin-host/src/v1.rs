//! The adapter for version 1.0.0 of the contract.

use std::borrow::Cow;

use hookwright_engine::ports::MapError;
use hookwright_model::{
    Action, Description, Event, Failure, HeaderHint, History, LogLevel, Payload, Reply, Settings,
};
use http::Method;
use serde::{Deserialize, Serialize};
use wasmtime::Store;
use wasmtime::component::{Component, InstancePre, Linker};

use crate::call::{State, WrongTypes};
use crate::check::{self, RawRequest};
use crate::limits::PluginLimits;
use crate::price::{Priced as _, pay_for};

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit/1.0.0",
        world: "mapper",
        additional_derives: [serde::Serialize, serde::Deserialize],
    });
}

use bindings::exports::hookwright::mapping::lead_created as wit_event;
use bindings::exports::hookwright::mapping::plugin as wit_plugin;
use bindings::hookwright::mapping::{log as wit_log, types as wit};
use bindings::{Mapper, MapperPre};

/// The version, as components name it.
pub(crate) const VERSION: &str = "1.0.0";

/// The interfaces that a component of this version may import beside WASI.
pub(crate) const IMPORTS: [&str; 2] = ["hookwright:mapping/log@1.0.0", "hookwright:mapping/types@1.0.0"];

/// A component of this version, ready to be instantiated.
pub(crate) struct Plugin(MapperPre<State>);

/// What `transform` is called with.
#[derive(Serialize, Deserialize)]
pub(crate) struct Arguments {
    event: wit_event::Event,
    settings: String,
    so_far: wit::History,
}

/// What `describe` answered, not yet checked.
#[derive(Serialize, Deserialize)]
pub(crate) struct Described(wit_plugin::Description);

/// What `transform` answered, not yet checked.
#[derive(Serialize, Deserialize)]
pub(crate) struct Answer(Result<wit::Action, wit::Failure>);

/// Defines what this version's components import.
///
/// # Errors
/// When a name is defined twice.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    // The interface has types only.
    linker.instance(IMPORTS[1])?;
    linker.instance(IMPORTS[0])?.priced("write", |mut store, (level, message): (wit_log::Level, String)| {
        pay_for(&mut store, message.len())?;
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

impl Plugin {
    /// A plugin of this component.
    ///
    /// # Errors
    /// When it lacks an export of the contract. The types of the exports are known only to an instance: see
    /// [`Plugin::describe`].
    pub(crate) fn new(component: InstancePre<State>) -> wasmtime::Result<Self> {
        MapperPre::new(component).map(Self)
    }

    /// The component, compiled and linked.
    pub(crate) fn component(&self) -> &Component {
        self.0.instance_pre().component()
    }

    /// Makes an instance and asks it to describe itself.
    ///
    /// # Errors
    /// [`WrongTypes`] when its exports do not have the types that the contract gives them, and what went wrong when the
    /// instance traps or meets a limit.
    pub(crate) fn describe(&self, store: &mut Store<State>) -> wasmtime::Result<Described> {
        let instance = self.0.instance_pre().instantiate(&mut *store)?;
        let mapper = Mapper::new(&mut *store, &instance)
            .map_err(|error| WrongTypes { version: VERSION, cause: error.root_cause().to_string() })?;
        mapper.hookwright_mapping_plugin().call_describe(store).map(Described)
    }

    /// Makes an instance and asks it what to do next.
    ///
    /// # Errors
    /// When the instance traps or meets a limit.
    pub(crate) fn transform(
        &self,
        store: &mut Store<State>,
        arguments: &Arguments,
    ) -> wasmtime::Result<Answer> {
        let mapper = self.0.instantiate(&mut *store)?;
        let Arguments { event, settings, so_far } = arguments;
        mapper.hookwright_mapping_lead_created().call_transform(store, event, settings, so_far).map(Answer)
    }
}

impl Arguments {
    /// A call's arguments in the words of the contract. `payload` is what the event says.
    pub(crate) fn new(event: &Event, payload: Payload<'_>, settings: &Settings, so_far: History) -> Self {
        let lead = payload.lead;
        let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
        Self {
            event: wit_event::Event {
                id: event.id.to_string(),
                project_id: event.project.to_string(),
                created_at: payload.created_at.to_string(),
                lead: wit_event::Lead {
                    name: owned(lead.name),
                    phone: owned(lead.phone),
                    email: owned(lead.email),
                    message: owned(lead.message),
                    channel: owned(lead.channel),
                    conversation_id: owned(lead.conversation_id),
                },
                // Parsing skips strings that the contract does not name, whatever bytes they hold.
                json: String::from_utf8_lossy(&event.payload).into_owned(),
            },
            settings: settings.as_str().to_owned(),
            so_far: history(so_far),
        }
    }
}

impl Answer {
    /// The answer, checked.
    ///
    /// # Errors
    /// What the plugin failed with, or the rule that its answer breaks.
    pub(crate) fn check(self, limits: &PluginLimits) -> Result<Action, MapError> {
        match self.0.map_err(|error| MapError::Plugin(failure(error)))? {
            wit::Action::Deliver(request) => raw(request).check(limits).map(Action::Deliver),
            wit::Action::Call(request) => raw(request).check(limits).map(Action::Call),
            wit::Action::Done(receipt) => check::receipt(receipt.reference, receipt.url).map(Action::Done),
            wit::Action::Skip(reason) => Ok(Action::Skip(check::reason(&reason))),
        }
    }
}

impl Described {
    /// The description in the host's words.
    pub(crate) fn description(self) -> Description {
        let wit_plugin::Description { title, summary, url, headers, settings_schema } = self.0;
        let hint = |hint: wit_plugin::HeaderHint| HeaderHint {
            name: hint.name,
            placeholder: hint.placeholder,
            secret: hint.secret,
        };
        let headers = headers.into_iter().map(hint).collect();
        Description { title, summary, url, headers, settings_schema }
    }
}

fn history(history: History) -> wit::History {
    let headers = |headers: Vec<(String, String)>| {
        headers.into_iter().map(|(name, value)| wit::Header { name, value }).collect()
    };
    let reply = |reply: Reply| wit::Reply {
        step: reply.step,
        status: reply.status,
        headers: headers(reply.headers),
        body: reply.body,
        truncated: reply.truncated,
    };
    wit::History { replies: history.replies.into_iter().map(reply).collect(), uncertain: history.uncertain }
}

fn raw(request: wit::Request) -> RawRequest {
    let method = match request.method {
        wit::Method::Post => Method::POST,
        wit::Method::Put => Method::PUT,
        wit::Method::Patch => Method::PATCH,
        wit::Method::Get => Method::GET,
    };
    RawRequest {
        step: request.step,
        method,
        path: request.path,
        headers: request.headers.into_iter().map(|header| (header.name, header.value)).collect(),
        body: request.body,
        accept: request.accept,
        idempotent: request.idempotent,
    }
}

fn failure(failure: wit::Failure) -> Failure {
    match failure {
        wit::Failure::Permanent(reason) => Failure::Permanent(check::reason(&reason)),
        wit::Failure::Retry(delay) => {
            Failure::Retry { reason: check::reason(&delay.reason), after_secs: delay.after }
        }
    }
}
