//! The store alone: accept an event with one delivery, claim it, finish it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use hookwright_model::{
    Attempt, CustomHeaders, Delivery, DeliveryId, DeliveryState, Event, EventId, EventKind, Limits, Origin,
    Project, ProjectId, RetryPolicy, SentRequest, SigningSecret, SigningSecrets, TargetUrl, Timestamp,
    Verdict, Webhook, WebhookId, WebhookState,
};
use hookwright_store::{AttemptRecord, ClaimAfter, FanOut, NewEvent, Store};
use hookwright_store_redb::{MasterKey, OpenOptions, RedbStore};
use redb::{Database, TableDefinition};
use tokio::time::Instant;

use crate::report::{heading, line, micros};

const NOW: Timestamp = Timestamp::EPOCH;
/// As many as a busy service has waiting.
const GROUP: usize = 64;

pub(crate) async fn measure(duration: Duration) -> Result<()> {
    heading(&format!("The store alone, {} s each", duration.as_secs()));
    bare(duration)?;
    let folder = tempfile::tempdir()?;
    let store: Arc<dyn Store> = Arc::new(RedbStore::open(OpenOptions {
        path: folder.path().join("bench.redb"),
        key: MasterKey::from_bytes([7; 32]),
        entropy: Arc::new(|bytes: &mut [u8]| bytes.fill(7)),
    })?);
    let project = Project { id: ProjectId::from_bytes([1; 16]), name: "Bench".to_owned(), created_at: NOW };
    store.create_project(project.clone()).await?;
    for tasks in [1, GROUP] {
        cycles(&store, project.id, tasks, duration).await?;
    }
    Ok(())
}

/// The reference: the same number of bytes in as many commits, and nothing else.
fn bare(duration: Duration) -> Result<()> {
    const TABLE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("bench");
    /// About what an event, its delivery and its attempt take.
    const RECORD_BYTES: usize = 1_200;
    let folder = tempfile::tempdir()?;
    let database = Database::create(folder.path().join("bare.redb"))?;
    for group in [1, GROUP] {
        let (mut commits, mut key) = (0_u32, 0_u64);
        let begun = Instant::now();
        while begun.elapsed() < duration {
            let transaction = database.begin_write()?;
            {
                let mut table = transaction.open_table(TABLE)?;
                for _ in 0..group {
                    table.insert(key, [7; RECORD_BYTES].as_slice())?;
                    key += 1;
                }
            }
            transaction.commit()?;
            commits += 1;
        }
        let commit = begun.elapsed() / commits.max(1);
        let records = f64::from(commits) * f64::from(u32::try_from(group)?) / begun.elapsed().as_secs_f64();
        let name = format!("reference: bare redb, {group} record(s) per commit");
        line(&name, &format!("{} per commit   {records:.0} records/s", micros(commit)));
    }
    Ok(())
}

async fn cycles(store: &Arc<dyn Store>, project: ProjectId, tasks: usize, duration: Duration) -> Result<()> {
    let done = Arc::new(AtomicU64::new(0));
    let ids = Arc::new(AtomicU64::new(u64::try_from(tasks)? << 40));
    let end = Instant::now() + duration;
    let begun = Instant::now();
    let mut running = Vec::new();
    for _ in 0..tasks {
        let webhook = webhook(project, ids.fetch_add(1, Ordering::Relaxed))?;
        store.create_webhook(webhook.clone()).await?;
        let (store, done, ids) = (Arc::clone(store), Arc::clone(&done), Arc::clone(&ids));
        running.push(tokio::spawn(async move {
            while Instant::now() < end {
                cycle(&*store, &webhook, ids.fetch_add(1, Ordering::Relaxed)).await?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(())
        }));
    }
    for task in running {
        task.await??;
    }
    let done = u32::try_from(done.load(Ordering::Relaxed))?;
    let each = begun.elapsed() / done.max(1);
    let per_second = 1.0 / each.as_secs_f64();
    let name = format!("accept, claim and finish, {tasks} at once");
    line(&name, &format!("{per_second:.0} events/s   {} each", micros(each)));
    Ok(())
}

async fn cycle(store: &dyn Store, webhook: &Webhook, number: u64) -> Result<()> {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&number.to_be_bytes());
    let payload = crate::transform::payload(&webhook.project.to_string());
    let event = Event {
        id: EventId::new(NOW, random),
        project: webhook.project,
        kind: EventKind::LeadCreated,
        received_at: NOW,
        payload: payload.clone().into(),
    };
    let id = DeliveryId::new(NOW, random);
    let delivery = Delivery::new(id, event.id, webhook.id, webhook.project, Origin::Event, NOW);
    store
        .accept_events(vec![NewEvent {
            event,
            deliveries: vec![delivery],
            fan_out: FanOut::Complete,
            idempotency: None,
        }])
        .await?;
    let due = store.claim_due(webhook.id, NOW, 1).await?;
    let claim = due.claims.into_iter().next().context("nothing to claim")?;
    let delivery = Delivery { state: DeliveryState::Delivered, attempts: 1, ..claim.delivery };
    let request = SentRequest {
        method: "POST".to_owned(),
        url: webhook.url.masked(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: payload.into(),
    };
    let attempt = Attempt {
        delivery: delivery.id,
        number: 1,
        started_at: NOW,
        duration: Duration::from_millis(1),
        step: None,
        request: Some(request),
        reply: None,
        verdict: Verdict::Succeeded,
        error: None,
        hint: None,
        logs: Vec::new(),
        component: None,
    };
    let record = AttemptRecord {
        delivery,
        attempt: Some(attempt),
        reply: None,
        disable_webhook: None,
        claim: ClaimAfter::Release,
    };
    store.finish_attempt(record).await?;
    Ok(())
}

fn webhook(project: ProjectId, number: u64) -> Result<Webhook> {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&number.to_be_bytes());
    Ok(Webhook {
        id: WebhookId::new(NOW, random),
        project,
        revision: 1,
        name: String::new(),
        url: TargetUrl::parse("https://example.com/hook")?,
        events: vec![EventKind::LeadCreated],
        headers: CustomHeaders::default(),
        mapping: None,
        mapping_revision: 1,
        retry: RetryPolicy::default(),
        limits: Limits::default(),
        secrets: SigningSecrets { current: SigningSecret::from_random([7; 32]), previous: None },
        state: WebhookState::Active,
        state_since: NOW,
        created_at: NOW,
        updated_at: NOW,
    })
}
