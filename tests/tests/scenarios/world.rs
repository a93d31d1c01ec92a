//! A world: the engine, a store in memory, a paused clock, one project, one webhook.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hookwright_engine::ports::{Clock, Entropy, Mapper, Sender};
use hookwright_engine::{Engine, EngineOptions, Incoming, NewWebhook, Ports, Principal, ScopedEngine};
use hookwright_model::{
    Attempt, CustomHeaders, Delivery, DeliveryId, DeliveryState, EventKind, Limits, Mapping, PluginOwner,
    ProjectId, RetryPolicy, Settings, TargetUrl, Timestamp, VersionPin, Webhook, WebhookId, WebhookState,
};
use hookwright_standin::{Connection, Listing, Target as _};
use hookwright_store::Store;
use hookwright_store::testkit::MemoryStore;
use serde_json::{Value, json};

use crate::internet::{Internet, Site};

/// Follows tokio's time, which tests pause.
struct PausedClock(tokio::time::Instant);

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        // Just after the event of the documentation.
        Timestamp::from_millis(1_780_221_601_000).after(self.0.elapsed())
    }
}

/// Random enough for ids and jitter, and the same in every run (the finaliser of splitmix64).
struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut mixed = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

/// One webhook in a project of its own, and the account that it sends to.
pub(crate) struct World {
    engine: ScopedEngine,
    project: ProjectId,
    webhook: WebhookId,
    pub(crate) site: Arc<Site>,
    begun: tokio::time::Instant,
    /// Keeps the dispatcher running.
    _running: Engine,
}

impl World {
    /// The webhook that a vendor's user would set up.
    pub(crate) async fn of(listing: &Listing, mapper: &Arc<dyn Mapper>) -> Self {
        Self::with(listing, Site::new((listing.open)()), mapper).await
    }

    pub(crate) async fn with(listing: &Listing, site: Site, mapper: &Arc<dyn Mapper>) -> Self {
        let internet = Arc::new(Internet::default());
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let ports = Ports {
            clock: Arc::new(PausedClock(tokio::time::Instant::now())),
            entropy: Arc::new(Counter(AtomicU64::new(1))),
            sender: Arc::clone(&internet) as Arc<dyn Sender>,
            mapper: Arc::clone(mapper),
        };
        let running = Engine::start(store, ports, EngineOptions::default()).await.unwrap();
        let engine = running.on_behalf_of(Principal::installation());
        let project = engine.create_project("A".to_owned(), None).await.unwrap().id;

        let host = listing.host;
        let Connection { plugin, settings, headers } = site.account.target().connection();
        let url = format!("https://{host}{}", site.account.target().base_path());
        let site = internet.open(host, site);
        let mapping = match plugin {
            Some(name) => Some(mapping(&engine, name, &settings.to_string()).await),
            None => None,
        };
        let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
        let webhook = NewWebhook {
            project,
            name: String::new(),
            url: TargetUrl::parse(&url).unwrap(),
            events: vec![EventKind::LeadCreated],
            headers: CustomHeaders::parse(headers).unwrap(),
            mapping,
            retry: RetryPolicy::default(),
            limits: Limits::default(),
            state: WebhookState::Active,
        };
        let webhook = engine.create_webhook(webhook).await.unwrap().id;
        Self { engine, project, webhook, site, begun: tokio::time::Instant::now(), _running: running }
    }

    /// Sends the event of lead number `n` in; its delivery.
    pub(crate) async fn lead(&self, n: usize) -> DeliveryId {
        self.send(&lead(n)).await
    }

    /// Sends the event of this lead in; its delivery.
    pub(crate) async fn send(&self, lead: &Value) -> DeliveryId {
        let event = json!({
            "event": "lead.created",
            "project_id": self.project.to_string(),
            "created_at": "2026-05-31T10:00:00Z",
            "lead": lead,
        });
        let incoming = Incoming { body: Bytes::from(event.to_string()), idempotency: None };
        let accepted = self.engine.ingest(vec![incoming]).await.unwrap();
        let [(delivery, _)] = accepted[0].deliveries[..] else { panic!("one webhook, one delivery") };
        delivery
    }

    pub(crate) async fn delivery(&self, id: DeliveryId) -> Delivery {
        self.engine.delivery(id).await.unwrap()
    }

    pub(crate) async fn attempts(&self, id: DeliveryId) -> Vec<Attempt> {
        self.engine.attempts(id).await.unwrap()
    }

    pub(crate) async fn webhook(&self) -> Arc<Webhook> {
        self.engine.webhook(self.webhook).await.unwrap()
    }

    /// The time since the webhook was set up.
    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Lets time pass until a delivery is neither pending nor under way, but at most so much. It may be so or not then.
    pub(crate) async fn settle(&self, id: DeliveryId, most: Duration) -> Delivery {
        let begun = tokio::time::Instant::now();
        loop {
            let delivery = self.delivery(id).await;
            let is_open = matches!(delivery.state, DeliveryState::Pending | DeliveryState::Delivering);
            if !is_open || begun.elapsed() >= most {
                return delivery;
            }
            // The longer it has taken, the less a glance more or less matters.
            tokio::time::sleep(Duration::from_millis(500).max(begun.elapsed() / 50)).await;
        }
    }

    /// How many records the account has.
    pub(crate) fn records(&self) -> usize {
        self.site.account.target().records().len()
    }
}

/// The lead of the documentation, as visitor number `n` would have written it.
pub(crate) fn lead(n: usize) -> Value {
    json!({
        "name": format!("John Smith {n}"),
        "phone": format!("+1202555{n:04}"),
        "email": format!("john{n}@example.com"),
        "message": "I'd like to know about pricing",
        "channel": "telegram",
        "conversation_id": format!("0198c0de-7e57-7bbb-8000-{n:012}"),
    })
}

async fn mapping(engine: &ScopedEngine, name: &str, settings: &str) -> Mapping {
    let plugin = hookwright_bundled::all().iter().find(|plugin| plugin.name == name).unwrap();
    let component = Bytes::from_static(plugin.component);
    engine.upload_plugin(PluginOwner::Bundled, name.parse().unwrap(), component).await.unwrap();
    Mapping {
        plugin: name.parse().unwrap(),
        version: VersionPin::Latest,
        settings: Settings::parse(settings).unwrap(),
    }
}
