//! Samples of everything that a store keeps. Equal arguments give equal samples.

use std::time::Duration;

use bytes::Bytes;
use hookwright_model::{
    Attempt, AttemptError, AttemptErrorKind, CustomHeaders, Delivery, DeliveryId, DeliveryState, Description,
    Digest, Event, EventId, EventKind, HeaderHint, Limits, LogLevel, LogLine, Mapping, Origin, PluginOwner,
    Project, ProjectId, ReceivedReply, Reply, RetryPolicy, SentRequest, Settings, SigningSecret,
    SigningSecrets, TargetUrl, Timestamp, Verdict, VersionPin, Webhook, WebhookId, WebhookState,
};

use crate::{AttemptRecord, ClaimAfter, FanOut, IdempotencyKey, NewEvent, NewPluginVersion};

/// So many seconds after the moment at which every test begins.
pub fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_780_000_000_000).after(Duration::from_secs(seconds))
}

fn random(number: u32) -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[6..].copy_from_slice(&number.to_be_bytes());
    bytes
}

/// The project with this number.
pub fn project(number: u32) -> Project {
    Project {
        id: ProjectId::new(at(0), random(number)),
        name: format!("Project {number}"),
        created_at: at(number.into()),
    }
}

/// The active webhook with this number, with a mapping and with secrets in every place that has one.
pub fn webhook(project: ProjectId, number: u32) -> Webhook {
    let secret = |byte| SigningSecret::from_random([byte; 32]);
    Webhook {
        id: WebhookId::new(at(0), random(number)),
        project,
        revision: 1,
        name: format!("Webhook {number}"),
        url: TargetUrl::parse(&format!("https://crm.example/u{number}/s3cret-path?key=s3cret-query"))
            .unwrap(),
        events: vec![EventKind::LeadCreated],
        headers: CustomHeaders::parse([("Authorization", "Bearer s3cret-header"), ("x-a", "b")]).unwrap(),
        mapping: Some(mapping("hubspot")),
        mapping_revision: 1,
        retry: RetryPolicy { jitter_percent: 7, ..RetryPolicy::default() },
        limits: Limits { concurrency: 3, timeout: Duration::from_millis(1_500) },
        secrets: SigningSecrets { current: secret(1), previous: Some((secret(2), at(60))) },
        state: WebhookState::Active,
        state_since: at(1),
        created_at: at(1),
        updated_at: at(2),
    }
}

/// The webhook as a change by a person leaves it: one revision on.
pub fn changed(webhook: &Webhook, change: impl FnOnce(&mut Webhook)) -> Webhook {
    let mut webhook = webhook.clone();
    webhook.revision += 1;
    change(&mut webhook);
    webhook
}

/// A mapping with this plugin, pinned to its first version.
pub fn mapping(plugin: &str) -> Mapping {
    Mapping {
        plugin: plugin.parse().unwrap(),
        version: VersionPin::Exact(1),
        settings: Settings::parse(r#"{"token":"s3cret-setting"}"#).unwrap(),
    }
}

/// The event with this number, received at its number in seconds.
pub fn event(project: ProjectId, number: u32) -> Event {
    let received_at = at(number.into());
    Event {
        id: EventId::new(received_at, random(number)),
        project,
        kind: EventKind::LeadCreated,
        received_at,
        payload: Bytes::from(format!(r#"{{"event":"lead.created","number":{number}}}"#)),
    }
}

/// A delivery of the event for the webhook, due when the event was received.
pub fn delivery(event: &Event, webhook: &Webhook) -> Delivery {
    let mut random: [u8; 10] = event.id.to_bytes()[6..].try_into().unwrap();
    random[2..6].copy_from_slice(&webhook.id.to_bytes()[12..]);
    let id = DeliveryId::new(event.received_at, random);
    Delivery::new(id, event.id, webhook.id, webhook.project, Origin::Event, event.received_at)
}

/// The event with one delivery for each of the webhooks.
pub fn new_event(event: Event, webhooks: &[&Webhook]) -> NewEvent {
    let deliveries = webhooks.iter().map(|webhook| delivery(&event, webhook)).collect();
    NewEvent { event, deliveries, fan_out: FanOut::Complete, idempotency: None }
}

/// The new event with an idempotency key.
pub fn keyed(new: NewEvent, key: &str) -> NewEvent {
    NewEvent { idempotency: Some(IdempotencyKey::parse(key).unwrap()), ..new }
}

/// The attempt with this number, with something in every field.
pub fn attempt(delivery: DeliveryId, number: u32) -> Attempt {
    let header = |value: &str| vec![("content-type".to_owned(), value.to_owned())];
    Attempt {
        delivery,
        number,
        started_at: at(number.into()),
        duration: Duration::from_millis(12),
        step: Some("create-person".to_owned()),
        request: Some(SentRequest {
            method: "POST".to_owned(),
            url: "https://crm.example/…".to_owned(),
            headers: header("application/json"),
            body: Bytes::from_static(b"{}"),
        }),
        reply: Some(ReceivedReply {
            status: 503,
            headers: header("text/plain"),
            body: Bytes::from_static(b"\xff not UTF-8"),
            truncated: true,
        }),
        verdict: Verdict::Retry,
        error: Some(AttemptError { kind: AttemptErrorKind::Status, message: "503".to_owned() }),
        hint: Some("Wait.".to_owned()),
        logs: vec![LogLine { level: LogLevel::Warn, message: "odd".to_owned() }],
        component: Some(Digest::of(b"component")),
    }
}

/// A reply to this step.
pub fn reply(step: &str) -> Reply {
    Reply {
        step: step.to_owned(),
        status: 201,
        headers: vec![("location".to_owned(), "/7".to_owned())],
        body: r#"{"id":7}"#.to_owned(),
        truncated: false,
    }
}

/// The delivery after one more attempt, in this state, as the engine writes it down: the claim is released.
pub fn finished(delivery: &Delivery, state: DeliveryState) -> AttemptRecord {
    let number = delivery.attempts + 1;
    AttemptRecord {
        delivery: Delivery { state, attempts: number, ..delivery.clone() },
        attempt: Some(attempt(delivery.id, number)),
        reply: None,
        disable_webhook: None,
        claim: ClaimAfter::Release,
    }
}

/// The delivery after one more call that was answered: it goes on, and the claim is kept.
pub fn answered(delivery: &Delivery) -> AttemptRecord {
    let mut record = finished(delivery, DeliveryState::Pending);
    record.delivery.replies += 1;
    record.reply = Some(reply(&format!("step-{}", record.delivery.replies)));
    record.claim = ClaimAfter::Keep;
    record
}

/// A component to keep as the next version of a plugin.
pub fn plugin(owner: PluginOwner, name: &str, component: &'static [u8]) -> NewPluginVersion {
    NewPluginVersion {
        owner,
        name: name.parse().unwrap(),
        contract: "1.0.0".to_owned(),
        description: Description {
            title: "HubSpot".to_owned(),
            summary: "A contact.".to_owned(),
            url: "https://api.hubapi.com".to_owned(),
            headers: vec![HeaderHint {
                name: "authorization".to_owned(),
                placeholder: "Bearer pat-…".to_owned(),
                secret: true,
            }],
            settings_schema: "{}".to_owned(),
        },
        component: Bytes::from_static(component),
        created_at: at(3),
    }
}
