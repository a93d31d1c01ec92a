//! The engine in a small world: time that stands still until all wait, seeded randomness, scripted targets and plugins.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hookwright_engine::ports::{
    Clock, Entropy, Exchange, InspectError, Inspected, MapError, MapRequest, Mapped, Mapper, OutboundRequest,
    Reached, SendError, Sender, SettingsError, TargetRefused, Usage,
};
use hookwright_engine::settings::SettingsProblem;
use hookwright_engine::{
    Engine, EngineOptions, Incoming, LaneRest, NewWebhook, Ports, Principal, ScopedEngine,
};
use hookwright_model::{
    Action, AttemptErrorKind, CustomHeaders, Delivery, DeliveryId, DeliveryState, Description, Digest,
    EventKind, Failure, History, Limits, Mapping, PluginLimits, PluginOwner, ProjectId, Receipt,
    ReceivedReply, RetryPolicy, SentRequest, Settings, StepRequest, TargetUrl, Timestamp, VersionPin,
    Webhook, WebhookId, WebhookState,
};
use hookwright_store::Store;
use hookwright_store::testkit::MemoryStore;
use parking_lot::Mutex;

/// Follows tokio's time, which tests pause, and can be set.
pub(crate) struct PausedClock {
    started: tokio::time::Instant,
    /// What it is ahead of the time, in milliseconds.
    ahead: AtomicI64,
    /// Whoever asks next gets a panic.
    pub(crate) panics: AtomicBool,
}

impl PausedClock {
    fn new() -> Self {
        let started = tokio::time::Instant::now();
        Self { started, ahead: AtomicI64::new(0), panics: AtomicBool::new(false) }
    }

    pub(crate) fn set_forward(&self, by: Duration) {
        self.ahead.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }

    pub(crate) fn set_back(&self, by: Duration) {
        self.ahead.fetch_sub(i64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        assert!(!self.panics.swap(false, Ordering::Relaxed), "the clock broke");
        let elapsed = i64::try_from(self.started.elapsed().as_millis()).unwrap();
        let millis = 1_780_000_000_000 + elapsed + self.ahead.load(Ordering::Relaxed);
        Timestamp::from_millis(u64::try_from(millis).unwrap())
    }
}

struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        let next = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        bytes
            .iter_mut()
            .zip(next.to_be_bytes().into_iter().cycle())
            .for_each(|(byte, random)| *byte = random);
    }
}

/// What a target does with its next request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    Status(u16),
    Reset,
    After(Duration, u16),
}

/// A target that takes one request in some time and answers 429 to all others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RateLimit {
    pub(crate) every: Duration,
    /// What it says in `retry-after`.
    pub(crate) retry_after: Option<&'static str>,
}

/// Targets by host name. What is not scripted is answered with 200.
#[derive(Default)]
pub(crate) struct Targets {
    script: Mutex<HashMap<String, VecDeque<Answer>>>,
    limits: Mutex<HashMap<String, (RateLimit, Option<tokio::time::Instant>)>>,
    received: Mutex<Vec<OutboundRequest>>,
    /// By host: how many requests are under way, and the most that were at once.
    under_way: Mutex<HashMap<String, (usize, usize)>>,
}

impl Targets {
    pub(crate) fn script(&self, host: &str, answers: impl IntoIterator<Item = Answer>) {
        self.script.lock().entry(host.to_owned()).or_default().extend(answers);
    }

    pub(crate) fn limit(&self, host: &str, limit: RateLimit) {
        self.limits.lock().insert(host.to_owned(), (limit, None));
    }

    /// Whether the host takes the request, by its rate limit, and what it says if not.
    fn refused(&self, host: &str) -> Option<Vec<(String, String)>> {
        let mut limits = self.limits.lock();
        let (limit, last) = limits.get_mut(host)?;
        if last.is_none_or(|last| last.elapsed() >= limit.every) {
            *last = Some(tokio::time::Instant::now());
            return None;
        }
        Some(limit.retry_after.iter().map(|value| ("retry-after".to_owned(), (*value).to_owned())).collect())
    }

    /// The paths that a host has received, in order.
    pub(crate) fn paths(&self, host: &str) -> Vec<String> {
        let received = self.received.lock();
        let urls = received.iter().map(|request| request.url.expose());
        urls.filter(|url| url.host_str() == Some(host)).map(|url| url.path().to_owned()).collect()
    }

    /// The most requests that a host had to deal with at once.
    pub(crate) fn most_at_once(&self, host: &str) -> usize {
        self.under_way.lock().get(host).map_or(0, |(_, most)| *most)
    }

    pub(crate) fn bodies(&self) -> Vec<Bytes> {
        self.received.lock().iter().filter_map(|request| request.body.clone()).collect()
    }
}

#[async_trait]
impl Sender for Targets {
    async fn send(&self, request: OutboundRequest) -> Exchange {
        let host = request.url.expose().host_str().unwrap().to_owned();
        let sent = self.show(&request);
        self.received.lock().push(request);
        if let Some(headers) = self.refused(&host) {
            let reply = ReceivedReply { status: 429, headers, body: Bytes::new(), truncated: false };
            return Exchange { request: sent, outcome: Ok(reply), duration: Duration::ZERO };
        }
        let answer =
            self.script.lock().get_mut(&host).and_then(VecDeque::pop_front).unwrap_or(Answer::Status(200));
        {
            let mut under_way = self.under_way.lock();
            let (now, most) = under_way.entry(host.clone()).or_default();
            *now += 1;
            *most = (*most).max(*now);
        }
        let status = match answer {
            Answer::Status(status) => Some(status),
            Answer::After(wait, status) => {
                tokio::time::sleep(wait).await;
                Some(status)
            }
            Answer::Reset => None,
        };
        if let Some((now, _)) = self.under_way.lock().get_mut(&host) {
            *now -= 1;
        }
        let outcome = match status {
            Some(status) => {
                Ok(ReceivedReply { status, headers: Vec::new(), body: Bytes::from("{}"), truncated: false })
            }
            None => Err(SendError {
                kind: AttemptErrorKind::Reset,
                message: "the connection broke".to_owned(),
                reached: Reached::Perhaps,
            }),
        };
        Exchange { request: sent, outcome, duration: Duration::ZERO }
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
                Err(TargetRefused { message, address: None })
            }
            _ => Ok(()),
        }
    }
}

/// A plugin that makes three calls, the second of which must not be repeated, and looks first when it may have been.
/// It has to be loaded before it can be called.
#[derive(Default)]
pub(crate) struct ThreeCalls {
    loaded: Mutex<bool>,
    limits: PluginLimits,
    /// Whether it reads 429 itself, and takes it for a reason to come back.
    pub(crate) reads_429: AtomicBool,
    /// What the next call does instead.
    pub(crate) instead: Mutex<Option<MapError>>,
    /// Why the next settings are not checked.
    pub(crate) unchecked: Mutex<Option<SettingsError>>,
}

impl ThreeCalls {
    pub(crate) fn digest() -> Digest {
        Digest::of(COMPONENT)
    }

    fn answer(&self, history: &History) -> Result<Action, MapError> {
        if !self.reads_429.load(Ordering::Relaxed) {
            return Ok(Self::action(history));
        }
        if let Some(last) = history.replies.last().filter(|reply| reply.status == 429) {
            let named = last.headers.iter().find(|(name, _)| name == "retry-after");
            let after_secs = named.and_then(|(_, value)| value.parse().ok());
            return Err(MapError::Plugin(Failure::Retry { reason: "rate limit".to_owned(), after_secs }));
        }
        Ok(match Self::action(history) {
            Action::Call(step) => Action::Call(StepRequest { accept: vec![429], ..step }),
            other => other,
        })
    }

    fn action(history: &History) -> Action {
        let answered = |step: &str| history.replies.iter().any(|reply| reply.step == step);
        let step = |name: &str, idempotent| StepRequest {
            step: name.to_owned(),
            method: http::Method::POST,
            path: Some(format!("/{name}")),
            headers: Vec::new(),
            body: Some(Bytes::from_static(b"{}")),
            accept: Vec::new(),
            idempotent,
        };
        if !answered("search") {
            return Action::Call(step("search", true));
        }
        if history.uncertain.as_deref() == Some("create") {
            return Action::Call(step("look", true));
        }
        if !answered("create") && !answered("look") {
            return Action::Call(step("create", false));
        }
        if !answered("note") {
            return Action::Call(step("note", true));
        }
        Action::Done(Receipt { reference: Some("lead/7".to_owned()), url: None })
    }
}

pub(crate) const COMPONENT: &[u8] = b"three calls";

#[async_trait]
impl Mapper for ThreeCalls {
    fn limits(&self) -> &PluginLimits {
        &self.limits
    }

    async fn inspect(&self, component: Bytes, _: PluginOwner) -> Result<Inspected, InspectError> {
        if component != COMPONENT {
            return Err(InspectError::Refused("this is not a component".to_owned()));
        }
        *self.loaded.lock() = true;
        let description = Description {
            title: "Three".to_owned(),
            summary: "Makes three calls.".to_owned(),
            url: "https://crm.example".to_owned(),
            headers: Vec::new(),
            settings_schema: r#"{"type": "object", "properties": {"stage": {"type": "string"}}}"#.to_owned(),
        };
        Ok(Inspected {
            digest: Digest::of(&component),
            contract: "1.0.0".to_owned(),
            description,
            size_bytes: component.len() as u64,
            imports: Vec::new(),
            waited: Duration::ZERO,
            compile_time: None,
            usage: Usage::default(),
        })
    }

    async fn load(&self, component: Bytes) -> Result<(), InspectError> {
        assert_eq!(component, COMPONENT);
        *self.loaded.lock() = true;
        Ok(())
    }

    async fn check_settings(
        &self,
        schema: &str,
        settings: &Settings,
        _: PluginOwner,
    ) -> Result<Vec<SettingsProblem>, SettingsError> {
        match self.unchecked.lock().take() {
            Some(error) => Err(error),
            None => {
                assert!(schema.contains("stage"), "the schema of the plugin: {schema}");
                let is_text = settings.to_json().get("stage").is_none_or(serde_json::Value::is_string);
                let problem =
                    || SettingsProblem { pointer: "/stage".into(), message: "it is no text".into() };
                Ok((!is_text).then(problem).into_iter().collect())
            }
        }
    }

    async fn transform(&self, request: MapRequest) -> Mapped {
        let outcome = if !*self.loaded.lock() {
            Err(MapError::NotLoaded)
        } else if let Some(error) = self.instead.lock().take() {
            Err(error)
        } else {
            self.answer(&request.history)
        };
        Mapped { outcome, logs: Vec::new(), usage: Usage::default() }
    }
}

pub(crate) struct World {
    pub(crate) running: Engine,
    /// As its operator has it.
    pub(crate) engine: ScopedEngine,
    /// What the engine's store is.
    pub(crate) memory: Arc<MemoryStore>,
    ports: Ports,
    options: EngineOptions,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) targets: Arc<Targets>,
    pub(crate) plugin: Arc<ThreeCalls>,
    pub(crate) clock: Arc<PausedClock>,
    pub(crate) project: ProjectId,
    webhooks: Mutex<Vec<WebhookId>>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(EngineOptions::default()).await
    }

    pub(crate) async fn with(options: EngineOptions) -> Self {
        let memory = Arc::new(MemoryStore::default());
        let store: Arc<dyn Store> = Arc::<MemoryStore>::clone(&memory);
        let clock = Arc::new(PausedClock::new());
        let (targets, plugin) = (Arc::new(Targets::default()), Arc::new(ThreeCalls::default()));
        let ports = Ports {
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: Arc::new(Counter(AtomicU64::new(1))),
            sender: Arc::clone(&targets) as Arc<dyn Sender>,
            mapper: Arc::clone(&plugin) as Arc<dyn Mapper>,
        };
        let running = Engine::start(Arc::clone(&store), ports.clone(), options).await.unwrap();
        let engine = running.on_behalf_of(Principal::installation());
        let project = engine.create_project("A".to_owned(), None).await.unwrap().id;
        let webhooks = Mutex::default();
        Self { running, engine, memory, ports, options, store, targets, plugin, clock, project, webhooks }
    }

    /// The same world after the process has ended and begun again.
    pub(crate) async fn restarted(self) -> Self {
        self.running.drain(Duration::ZERO).await;
        let memory = Arc::new(self.memory.reopened());
        let store: Arc<dyn Store> = Arc::<MemoryStore>::clone(&memory);
        let running = Engine::start(Arc::clone(&store), self.ports.clone(), self.options).await.unwrap();
        let engine = running.on_behalf_of(Principal::installation());
        Self { running, engine, memory, store, ..self }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The rest that a webhook's lane has now.
    pub(crate) async fn rest(&self, webhook: WebhookId) -> Option<LaneRest> {
        self.engine.lane(webhook).await.unwrap()
    }

    /// A webhook as it would be created, without a mapping.
    pub(crate) fn webhook(&self, host: &str) -> NewWebhook {
        NewWebhook {
            project: self.project,
            name: String::new(),
            url: TargetUrl::parse(&format!("https://{host}/")).unwrap(),
            events: vec![EventKind::LeadCreated],
            headers: CustomHeaders::default(),
            mapping: None,
            retry: RetryPolicy::default(),
            limits: Limits::default(),
            state: WebhookState::Active,
        }
    }

    pub(crate) async fn add(&self, new: NewWebhook) -> Webhook {
        let webhook = self.engine.create_webhook(new).await.unwrap();
        self.webhooks.lock().push(webhook.id);
        webhook
    }

    /// A webhook with the plugin of three calls.
    pub(crate) async fn add_mapped(&self, host: &str) -> Webhook {
        let owner = hookwright_model::PluginOwner::Project(self.project);
        let name = "three".parse().unwrap();
        self.engine.upload_plugin(owner, name, Bytes::from_static(COMPONENT)).await.unwrap();
        // As after a restart.
        *self.plugin.loaded.lock() = false;
        let mapping = Some(three_calls(r#"{"stage": "new"}"#));
        self.add(NewWebhook { mapping, ..self.webhook(host) }).await
    }

    pub(crate) fn payload(&self) -> Bytes {
        payload_of(self.project)
    }

    /// Sends one event in; the deliveries that it made, in the order in which their webhooks were created.
    pub(crate) async fn ingest(&self) -> Vec<DeliveryId> {
        self.ingest_for(self.project).await
    }

    /// The same for an event of another project.
    pub(crate) async fn ingest_for(&self, project: ProjectId) -> Vec<DeliveryId> {
        let incoming = Incoming { body: payload_of(project), idempotency: None };
        let mut deliveries = self.engine.ingest(vec![incoming]).await.unwrap()[0].deliveries.clone();
        let created = self.webhooks.lock();
        deliveries.sort_by_key(|(_, webhook)| created.iter().position(|id| id == webhook));
        deliveries.into_iter().map(|(delivery, _)| delivery).collect()
    }

    /// The delivery once it is neither pending nor under way; paused time passes meanwhile.
    pub(crate) async fn ended(&self, id: DeliveryId) -> Delivery {
        self.reaches(id, |delivery| {
            !matches!(delivery.state, DeliveryState::Pending | DeliveryState::Delivering)
        })
        .await
    }

    pub(crate) async fn reaches(&self, id: DeliveryId, condition: impl Fn(&Delivery) -> bool) -> Delivery {
        for _ in 0..1_000_000 {
            let delivery = self.store.delivery(id).await.unwrap();
            if condition(&delivery) {
                return delivery;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("the delivery never got there");
    }
}

pub(crate) fn payload_of(project: ProjectId) -> Bytes {
    let created_at = "2026-05-31T10:00:00Z";
    format!(
            r#"{{ "event":"lead.created","project_id":"{project}","created_at":"{created_at}","lead":{{"name":"J"}} }}"#
        )
        .into()
}

pub(crate) fn three_calls(settings: &str) -> Mapping {
    Mapping {
        plugin: "three".parse().unwrap(),
        version: VersionPin::Latest,
        settings: Settings::parse(settings).unwrap(),
    }
}
