//! The API in a small world: a store in memory, a clock that stands still, a target and plugins that answer at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use hookwright_api::AdminKey;
use hookwright_api_types::path;
use hookwright_engine::ports::{
    Clock, Entropy, Exchange, InspectError, Inspected, MapRequest, Mapped, Mapper, OutboundRequest, Sender,
    SettingsError, TargetRefused, Usage,
};
use hookwright_engine::settings::SettingsProblem;
use hookwright_engine::{Engine, EngineOptions, Ports, Principal};
use hookwright_model::{
    Action, Description, Digest, PluginLimits, PluginOwner, ReceivedReply, SentRequest, Settings,
    StepRequest, TargetUrl, Timestamp,
};
use hookwright_store::testkit::MemoryStore;
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use serde::Serialize;
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub(crate) const KEY: &str = "hwk_only-for-tests";
pub(crate) const PROJECT: &str = "0198c0de-7e57-7aaa-8000-0123456789ab";
pub(crate) const OTHER_PROJECT: &str = "0198c0de-7e57-7aaa-8000-000000000000";
/// Components that the plugins of this world accept.
pub(crate) const COMPONENTS: [&str; 2] = ["component one", "component two"];

struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        "2026-05-31T10:00:00Z".parse().unwrap()
    }
}

struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        let next = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        bytes.iter_mut().rev().zip(next.into_iter().rev().cycle()).for_each(|(byte, digit)| *byte = digit);
    }
}

/// Answers 200; the host `slow.example` never does.
struct Target;

#[async_trait]
impl Sender for Target {
    async fn send(&self, request: OutboundRequest) -> Exchange {
        if request.url.expose().host_str() == Some("slow.example") {
            std::future::pending::<()>().await;
        }
        let reply = ReceivedReply {
            status: 200,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: Bytes::from_static(br#"{"id": 151}"#),
            truncated: false,
        };
        Exchange { request: self.show(&request), outcome: Ok(reply), duration: Duration::from_millis(12) }
    }

    fn show(&self, request: &OutboundRequest) -> SentRequest {
        SentRequest {
            method: request.method.to_string(),
            url: request.url.masked(),
            headers: vec![("webhook-id".to_owned(), request.id.to_string())],
            body: request.body.clone().unwrap_or_default(),
        }
    }

    async fn check_target(&self, url: &TargetUrl) -> Result<(), TargetRefused> {
        match url.expose().host_str() {
            Some("localhost") => {
                let message = "localhost is not reachable from the internet".to_owned();
                Err(TargetRefused { message, address: Some([127, 0, 0, 1].into()) })
            }
            _ => Ok(()),
        }
    }
}

/// Plugins whose settings are none, and who deliver the lead's name.
struct Plugins(PluginLimits);

#[async_trait]
impl Mapper for Plugins {
    fn limits(&self) -> &PluginLimits {
        &self.0
    }

    async fn inspect(&self, component: Bytes, _: PluginOwner) -> Result<Inspected, InspectError> {
        if !COMPONENTS.iter().any(|known| component == known.as_bytes()) {
            return Err(InspectError::Refused("this is not a WebAssembly component".to_owned()));
        }
        let description = Description {
            title: "Example CRM".to_owned(),
            summary: "Delivers each lead.".to_owned(),
            url: "https://crm.example".to_owned(),
            headers: Vec::new(),
            settings_schema: r#"{"type": "object", "additionalProperties": false}"#.to_owned(),
        };
        Ok(Inspected {
            digest: Digest::of(&component),
            contract: "1.0.0".to_owned(),
            description,
            size_bytes: component.len() as u64,
            imports: vec!["hookwright:mapping/types@1.0.0".to_owned()],
            waited: Duration::ZERO,
            compile_time: Some(Duration::from_millis(812)),
            usage: Usage::default(),
        })
    }

    async fn load(&self, _: Bytes) -> Result<(), InspectError> {
        Ok(())
    }

    async fn check_settings(
        &self,
        _: &str,
        settings: &Settings,
        _: PluginOwner,
    ) -> Result<Vec<SettingsProblem>, SettingsError> {
        let given = settings.to_json();
        let names = given.as_object().unwrap().keys();
        let problem = |name: &String| SettingsProblem {
            pointer: format!("/{name}"),
            message: format!("there is no setting `{name}`"),
        };
        Ok(names.map(problem).collect())
    }

    async fn transform(&self, _: MapRequest) -> Mapped {
        let request = StepRequest {
            step: "create-lead".to_owned(),
            method: http::Method::POST,
            path: Some("/leads".to_owned()),
            headers: Vec::new(),
            body: Some(Bytes::from_static(br#"{"name":"John Smith"}"#)),
            accept: Vec::new(),
            idempotent: true,
        };
        Mapped { outcome: Ok(Action::Deliver(request)), logs: Vec::new(), usage: Usage::default() }
    }
}

/// An answer, with the headers that matter.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
}

pub(crate) struct World {
    router: Router,
    engine: Engine,
}

impl World {
    /// With one project, a bundled plugin, and two versions of a plugin of the project.
    pub(crate) async fn new() -> Self {
        let ports = Ports {
            clock: Arc::new(StoppedClock),
            entropy: Arc::new(Counter(AtomicU64::new(1))),
            sender: Arc::new(Target),
            mapper: Arc::new(Plugins(PluginLimits { component_bytes: 64, ..PluginLimits::default() })),
        };
        let store = Arc::new(MemoryStore::default());
        let engine = Engine::start(store, ports, EngineOptions::default()).await.unwrap();
        let operator = engine.on_behalf_of(Principal::installation());
        let project = PROJECT.parse().unwrap();
        operator.create_project("Acme".to_owned(), Some(project)).await.unwrap();
        let [one, two] = COMPONENTS.map(|component| Bytes::from_static(component.as_bytes()));
        for (owner, name, component) in [
            (PluginOwner::Bundled, "hubspot", &one),
            (PluginOwner::Project(project), "mine", &one),
            (PluginOwner::Project(project), "mine", &two),
        ] {
            operator.upload_plugin(owner, name.parse().unwrap(), component.clone()).await.unwrap();
        }
        Self { router: hookwright_api::router(engine.clone(), AdminKey::new(KEY)), engine }
    }

    /// Creates a webhook with these members besides and gives its id.
    pub(crate) async fn webhook(&self, members: Value) -> String {
        let mut body = json!({"url": "https://crm.example/hook", "events": ["lead.created"]});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let created = self.ask("POST", &path::webhooks(PROJECT), &body).await;
        created.body["id"].as_str().unwrap_or_else(|| panic!("{created:?}")).to_owned()
    }

    /// Sends the event of a lead and gives the id of its one delivery.
    pub(crate) async fn delivery(&self) -> String {
        let accepted = self.ask("POST", path::EVENTS, &event()).await;
        accepted.body["deliveries"][0].as_str().unwrap_or_else(|| panic!("{accepted:?}")).to_owned()
    }

    /// Waits until a delivery is in this state.
    pub(crate) async fn settled(&self, delivery: &str, state: &str) {
        for _ in 0..10_000 {
            if self.ask("GET", &path::delivery(delivery), &Value::Null).await.body["state"] == state {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{delivery} is never {state}");
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, path, &[], body).await
    }

    /// Sends a request with the key.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let key = format!("Bearer {KEY}");
        let headers = [&[("authorization", key.as_str())], headers].concat();
        self.send_just(method, path, &headers, body).await
    }

    /// Sends a request just so.
    pub(crate) async fn send_just(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = || Value::from(String::from_utf8_lossy(&bytes).into_owned());
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| text());
        Answer { status: parts.status.as_u16(), headers: shown(&parts.headers), body }
    }

    /// The status of an answer to a request with this key.
    pub(crate) fn with_key(&self, key: &'static str) -> impl Future<Output = u16> + Send + 'static {
        let request = Request::builder().uri(path::LIMITS).header("authorization", format!("Bearer {key}"));
        let request = request.body(Body::empty()).unwrap();
        let router = self.router.clone();
        async move { router.oneshot(request).await.unwrap().status().as_u16() }
    }

    /// Ends the store, as when the server stops.
    pub(crate) async fn close(&self) {
        self.engine.close().await;
    }
}

fn shown(headers: &HeaderMap) -> BTreeMap<String, String> {
    let shown = |name: &str| !matches!(name, "content-length");
    let all = headers.iter().filter(|(name, _)| shown(name.as_str()));
    all.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
}

/// An event as a producer sends it.
pub(crate) fn event() -> Value {
    json!({
        "event": "lead.created",
        "project_id": PROJECT,
        "created_at": "2026-05-31T10:00:00Z",
        "lead": {"name": "John Smith", "email": "john@example.com", "phone": null},
    })
}
