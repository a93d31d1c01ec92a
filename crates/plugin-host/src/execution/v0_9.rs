//! The adapter for version 0.9.0 of the contract, which exists in tests only. It shows that a version is an adapter like
//! this one, and a line for it in [`Contract::ALL`](super::contract::Contract::ALL).

use hookwright_model::Description;
use wasmtime::Store;
use wasmtime::component::{Component, InstancePre, Linker};

use super::adapter::{Adapter, Exports};
use super::answer::{Answer, Method, Request};
use super::arguments::Arguments;
use super::call::WrongTypes;
use super::instance::State;

mod bindings {
    wasmtime::component::bindgen!({
        path: "tests/wit/0.9.0",
        world: "mapper",
    });
}

use bindings::{Mapper, MapperPre};

pub(crate) struct V0_9;

const VERSION: &str = "0.9.0";

impl Adapter for V0_9 {
    fn version(&self) -> &'static str {
        VERSION
    }

    fn imports(&self) -> &'static [&'static str] {
        &[]
    }

    fn link(&self, _: &mut Linker<State>) -> wasmtime::Result<()> {
        Ok(())
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
        let described = mapper.hookwright_mapping_plugin().call_describe(store)?;
        // This version has no settings of its own: any object will do.
        Ok(Description {
            title: described.title,
            summary: described.summary,
            url: described.url,
            headers: Vec::new(),
            settings_schema: "{}".into(),
        })
    }

    fn transform(&self, store: &mut Store<State>, arguments: &Arguments) -> wasmtime::Result<Answer> {
        let mapper = self.instantiate(&mut *store)?;
        let Arguments { json, settings, .. } = arguments;
        let answer = mapper.hookwright_mapping_lead_created().call_transform(store, json, settings)?;
        Ok(match answer {
            Ok(request) => Answer::Deliver(Request {
                step: "deliver".into(),
                method: Method::Post,
                path: Some(request.path),
                headers: Vec::new(),
                body: Some(request.body),
                accept: Vec::new(),
                idempotent: false,
            }),
            Err(reason) => Answer::Permanent(reason),
        })
    }
}

mod tests {
    use std::num::NonZero;

    use bytes::Bytes;
    use hookwright_engine::ports::{InspectError, MapRequest, Mapper as _};
    use hookwright_model::{
        Action, Digest, Event, EventId, EventKind, History, PluginOwner, ProjectId, Settings, Timestamp,
    };
    use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
    use wit_parser::Resolve;

    use crate::{CacheKey, HostOptions, Isolation, PluginHost, PluginLimits};

    const WIT: &str = include_str!("../../tests/wit/0.9.0/mapping.wit");

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
            precompiled: Vec::new(),
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
