//! The adapter for version 0.9.0 of the contract, which exists in tests only: it shows that a version is an adapter like
//! this one, and a line for it in each `match` of `contract`.

use hookwright_engine::ports::MapError;
use hookwright_model::{Action, Description, Event, Failure, Settings};
use http::Method;
use serde::{Deserialize, Serialize};
use wasmtime::Store;
use wasmtime::component::{Component, InstancePre};

use crate::call::{State, WrongTypes};
use crate::check::{self, RawRequest};
use crate::limits::PluginLimits;

mod bindings {
    wasmtime::component::bindgen!({
        path: "tests/wit/0.9.0",
        world: "mapper",
        additional_derives: [serde::Serialize, serde::Deserialize],
    });
}

use bindings::exports::hookwright::mapping::{lead_created as wit, plugin as wit_plugin};
use bindings::{Mapper, MapperPre};

pub(crate) const VERSION: &str = "0.9.0";

pub(crate) struct Plugin(MapperPre<State>);

#[derive(Serialize, Deserialize)]
pub(crate) struct Arguments {
    event: String,
    settings: String,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Described(wit_plugin::Description);

#[derive(Serialize, Deserialize)]
pub(crate) struct Answer(Result<wit::Request, String>);

impl Plugin {
    pub(crate) fn new(component: InstancePre<State>) -> wasmtime::Result<Self> {
        MapperPre::new(component).map(Self)
    }

    pub(crate) fn component(&self) -> &Component {
        self.0.instance_pre().component()
    }

    pub(crate) fn describe(&self, store: &mut Store<State>) -> wasmtime::Result<Described> {
        let instance = self.0.instance_pre().instantiate(&mut *store)?;
        let mapper = Mapper::new(&mut *store, &instance)
            .map_err(|error| WrongTypes { version: VERSION, cause: error.root_cause().to_string() })?;
        mapper.hookwright_mapping_plugin().call_describe(store).map(Described)
    }

    pub(crate) fn transform(
        &self,
        store: &mut Store<State>,
        arguments: &Arguments,
    ) -> wasmtime::Result<Answer> {
        let mapper = self.0.instantiate(&mut *store)?;
        let Arguments { event, settings } = arguments;
        mapper.hookwright_mapping_lead_created().call_transform(store, event, settings).map(Answer)
    }
}

impl Arguments {
    pub(crate) fn new(event: &Event, settings: &Settings) -> Self {
        let event = String::from_utf8_lossy(&event.payload).into_owned();
        Self { event, settings: settings.as_str().to_owned() }
    }
}

impl Described {
    pub(crate) fn description(self) -> Description {
        let wit_plugin::Description { title, summary, url } = self.0;
        // This version has no settings of its own: any object will do.
        Description { title, summary, url, headers: Vec::new(), settings_schema: "{}".into() }
    }
}

impl Answer {
    pub(crate) fn check(self, limits: &PluginLimits) -> Result<Action, MapError> {
        let request = match self.0 {
            Ok(request) => request,
            Err(reason) => return Err(MapError::Plugin(Failure::Permanent(check::reason(&reason)))),
        };
        let raw = RawRequest {
            step: "deliver".into(),
            method: Method::POST,
            path: Some(request.path),
            headers: Vec::new(),
            body: Some(request.body),
            accept: Vec::new(),
            idempotent: false,
        };
        raw.check(limits).map(Action::Deliver)
    }
}

mod tests {
    use std::num::NonZero;

    use bytes::Bytes;
    use hookwright_engine::ports::{InspectError, MapRequest, Mapper as _};
    use hookwright_model::{Digest, EventId, EventKind, History, PluginOwner, ProjectId, Timestamp};
    use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
    use wit_parser::Resolve;

    use super::*;
    use crate::{CacheKey, HostOptions, Isolation, PluginHost};

    const WIT: &str = include_str!("../tests/wit/0.9.0/mapping.wit");

    /// A mapping for the simple contract under this version: it posts "text" to `/text`.
    fn guest(version: &str) -> Bytes {
        let mut resolve = Resolve::default();
        let package =
            resolve.push_str("mapping.wit", &WIT.replace("@0.9.0", &format!("@{version}"))).unwrap();
        let world = resolve.select_world(&[package], Some("mapper")).unwrap();
        // At 0 the answer: ok, path, body. At 32 the description: title, summary, URL. Texts from 64 on.
        let words = |words: &[u32]| -> String {
            words.iter().flat_map(|word| word.to_le_bytes()).map(|byte| format!("\\{byte:02x}")).collect()
        };
        let (answer, description) = (words(&[0, 64, 5, 65, 4]), words(&[65, 4, 65, 4, 80, 21]));
        let text = format!(
            r#"(module
                (memory (export "memory") 2)
                (data (i32.const 0) "{answer}")
                (data (i32.const 32) "{description}")
                (data (i32.const 64) "/text")
                (data (i32.const 80) "https://guest.example")
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536))
                (func (export "hookwright:mapping/plugin@{version}#describe") (result i32) (i32.const 32))
                (func (export "hookwright:mapping/lead-created@{version}#transform")
                    (param i32 i32 i32 i32) (result i32) (i32.const 0)))"#
        );
        let mut module = wat::parse_str(text).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap().into()
    }

    fn host(folder: &tempfile::TempDir) -> PluginHost {
        PluginHost::new(HostOptions {
            cache_dir: folder.path().to_owned(),
            cache_key: CacheKey::new([7; 32]),
            cache_bytes: 1 << 30,
            isolation: Isolation::InProcess,
            workers: NonZero::<usize>::MIN,
            loaded: NonZero::<usize>::MIN,
            loaded_bytes: 1 << 30,
            limits: PluginLimits::default(),
        })
        .unwrap()
    }

    #[tokio::test]
    async fn an_older_contract_lives_beside_the_newer_one() {
        let folder = tempfile::tempdir().unwrap();
        let (host, component) = (host(&folder), guest("0.9.0"));
        let inspected = host.inspect(component.clone(), PluginOwner::Bundled).await.unwrap();
        assert_eq!((inspected.contract.as_str(), inspected.description.title.as_str()), ("0.9.0", "text"));

        let now = Timestamp::from_millis(1_780_221_600_000);
        let payload = r#"{"event":"lead.created","project_id":"0198c0de-7e57-7aaa-8000-0123456789ab",
            "created_at":"2026-05-31T10:00:00Z","lead":{"name":"John Smith"}}"#;
        let event = Event {
            id: EventId::new(now, [1; 10]),
            project: ProjectId::from_bytes([2; 16]),
            kind: EventKind::LeadCreated,
            received_at: now,
            payload: Bytes::from_static(payload.as_bytes()),
        };
        let (settings, history) = (Settings::default(), History::default());
        let request = MapRequest { component: Digest::of(&component), event, settings, history };
        match host.transform(request).await.outcome.unwrap() {
            Action::Deliver(step) => {
                assert_eq!(step.path.as_deref(), Some("/text"));
                assert_eq!(step.body.as_deref(), Some(b"text".as_slice()));
            }
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_contract_of_the_future_is_refused_with_what_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let refused = host(&folder).inspect(guest("2.0.0"), PluginOwner::Bundled).await.unwrap_err();
        let InspectError::Refused(reason) = refused else { panic!("{refused:?}") };
        assert!(
            reason.contains("built for version 2.0.0") && reason.contains("knows 1.0.0, 0.9.0"),
            "{reason}"
        );
    }
}
