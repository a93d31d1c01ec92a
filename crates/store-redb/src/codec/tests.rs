//! The exact bytes of every record. When one of these tests fails, stores that exist can no longer be read: give the
//! record a new version instead, and keep reading the old one.

use std::time::Duration;

use hookwright_model::{
    Delivery, DeliveryState, Digest, DisableReason, Pin, PluginOwner, Receipt, Timestamp, VersionPin,
    Webhook, WebhookState,
};
use hookwright_store::testkit::fixtures;

use super::*;

/// Each line has the name of a record and its bytes.
const GOLDEN: &str = include_str!("golden.txt");
/// The same records without checksums, as formats 1 and 2 wrote them.
const GOLDEN_1: &str = include_str!("golden-1.txt");

fn line<'g>(golden: &'g str, name: &str) -> &'g str {
    let mut lines = golden.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(known, _)| *known == name).map_or("", |(_, row)| row)
}

/// The record as an earlier version wrote it.
fn without_checksum(name: &str) -> Vec<u8> {
    bytes(line(GOLDEN_1, name))
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn assert_golden(name: &str, row: &[u8]) {
    let row: String = row.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(line(GOLDEN, name), row, "{name}");
}

fn sample_webhook() -> Webhook {
    fixtures::webhook(fixtures::project(1).id, 1)
}

fn sample_delivery() -> Delivery {
    let webhook = sample_webhook();
    Delivery {
        state: DeliveryState::Held,
        run_started_at: fixtures::at(1),
        due_at: fixtures::at(2),
        attempts: 3,
        failures: 2,
        pin: Some(Pin { digest: Digest::of(b"component"), mapping_revision: 1 }),
        replies: 1,
        uncertain: Some("step".to_owned()),
        receipt: Some(Receipt { reference: Some("contact/151".to_owned()), url: None }),
        reason: Some("because".to_owned()),
        ..fixtures::delivery(&fixtures::event(webhook.project, 7), &webhook)
    }
}

#[test]
fn a_project() {
    let project = fixtures::project(1);
    let row = project_row(&project).unwrap();
    assert_golden("project", &row);
    assert_eq!(super::project(project.id, &row).unwrap(), project);
}

#[test]
fn a_webhook() {
    let webhook = sample_webhook();
    let row = webhook_row(&webhook).unwrap();
    assert_golden("webhook", &row);
    assert_eq!(super::webhook(webhook.id, &row).unwrap(), webhook);
}

/// The record ended before the time since when the webhook is in its state.
#[test]
fn a_webhook_of_an_earlier_version() {
    let webhook = sample_webhook();
    let row = bytes(line(GOLDEN, "webhook-1"));
    let read = super::webhook(webhook.id, &row).unwrap();
    assert_eq!(read, Webhook { state_since: webhook.updated_at, ..webhook });
}

#[test]
fn every_state_of_a_webhook() {
    let states = [WebhookState::Active, WebhookState::Paused, WebhookState::Disabled(DisableReason::Gone)];
    for state in states {
        let webhook = Webhook { state, mapping: None, ..sample_webhook() };
        assert_eq!(super::webhook(webhook.id, &webhook_row(&webhook).unwrap()).unwrap(), webhook);
    }
}

#[test]
fn a_mapping() {
    let mapping = fixtures::mapping("hubspot");
    let row = mapping_row(&[7; 24], &mapping).unwrap();
    assert_golden("mapping", &row);
    assert_eq!(super::mapping(&[7; 24], &row).unwrap(), mapping);
    let latest = hookwright_model::Mapping { version: VersionPin::Latest, ..mapping };
    assert_eq!(super::mapping(&[7; 24], &mapping_row(&[7; 24], &latest).unwrap()).unwrap(), latest);
}

#[test]
fn a_plugin_version() {
    let version = fixtures::plugin(PluginOwner::Bundled, "crm", b"x").numbered(2, Digest::of(b"x"));
    let row = plugin_row(&version).unwrap();
    assert_golden("plugin-version", &row);
    assert_eq!(plugin(version.owner, version.name.clone(), version.version, &row).unwrap(), version);
}

#[test]
fn an_event() {
    let delivery = sample_delivery();
    let event = fixtures::event(delivery.project, 7);
    let row = event_row(&event, &[&delivery]).unwrap();
    assert_golden("event", &row);
    let stored = super::event(event.id, &row).unwrap();
    assert_eq!((stored.event, stored.deliveries), (event, vec![(delivery.id, delivery.webhook)]));
}

#[test]
fn an_idempotency_key() {
    let known = KnownKey { event: sample_delivery().event, expires_at: Timestamp::from_millis(1_000) };
    let project = fixtures::project(1).id;
    let row = known_key_row(project, "key", known).unwrap();
    assert_golden("idempotency-key", &row);
    assert_eq!(known_key(project, "key", &row).unwrap(), known);
}

#[test]
fn a_delivery() {
    let delivery = sample_delivery();
    let row = delivery_row(&delivery).unwrap();
    assert_golden("delivery", &row);
    assert_eq!(super::delivery(delivery.id, &row).unwrap(), delivery);
}

#[test]
fn every_state_of_a_delivery() {
    for state in DeliveryState::ALL {
        let delivery = Delivery { state, pin: None, receipt: None, reason: None, ..sample_delivery() };
        let stored = super::delivery(delivery.id, &delivery_row(&delivery).unwrap()).unwrap();
        // A claim is not stored.
        let expected = if state == DeliveryState::Delivering { DeliveryState::Pending } else { state };
        assert_eq!(stored, Delivery { state: expected, ..delivery });
    }
}

#[test]
fn an_attempt() {
    let attempt = fixtures::attempt(sample_delivery().id, 1);
    let row = attempt_row(&attempt).unwrap();
    assert_golden("attempt", &row);
    assert_eq!(super::attempt(attempt.delivery, attempt.number, &row).unwrap(), attempt);
}

#[test]
fn every_kind_of_attempt() {
    use hookwright_model::{Attempt, AttemptError, AttemptErrorKind, Verdict};
    let verdicts = [Verdict::Succeeded, Verdict::Retry, Verdict::Failed, Verdict::Held, Verdict::Skipped]
        .into_iter()
        .cycle();
    for (kind, verdict) in AttemptErrorKind::ALL.into_iter().zip(verdicts) {
        let error = Some(AttemptError { kind, message: String::new() });
        let duration = Duration::from_nanos(1);
        let full = fixtures::attempt(sample_delivery().id, 1);
        let attempt = Attempt { request: None, reply: None, verdict, error, duration, ..full };
        let row = attempt_row(&attempt).unwrap();
        assert_eq!(super::attempt(attempt.delivery, attempt.number, &row).unwrap(), attempt);
    }
}

#[test]
fn a_reply() {
    let reply = fixtures::reply("create-person");
    let row = reply_row(&[7; 20], &reply).unwrap();
    assert_golden("reply", &row);
    assert_eq!(super::reply(&[7; 20], &row).unwrap(), reply);
}

#[test]
fn records_that_cannot_be_read_are_named() {
    let delivery = sample_delivery();
    let row = delivery_row(&delivery).unwrap();
    let newer = [&[CHECKED + 1], &row[1..]].concat();
    let cases =
        [(&newer[..], "version 3 is unknown"), (&row[..row.len() - 1], "checksum"), (&[], "it is empty")];
    for (bytes, words) in cases {
        let error = super::delivery(delivery.id, bytes).unwrap_err().to_string();
        assert!(error.contains("record of a delivery") && error.contains(words), "{error}");
    }
}

#[test]
fn records_without_a_checksum_are_still_read() {
    let (delivery, webhook) = (sample_delivery(), sample_webhook());
    let event = fixtures::event(delivery.project, 7);
    let project = fixtures::project(1);
    let attempt = fixtures::attempt(delivery.id, 1);
    let version = fixtures::plugin(PluginOwner::Bundled, "crm", b"x").numbered(2, Digest::of(b"x"));
    let known = KnownKey { event: delivery.event, expires_at: Timestamp::from_millis(1_000) };
    assert_eq!(super::delivery(delivery.id, &without_checksum("delivery")).unwrap(), delivery);
    let older = Webhook { state_since: webhook.updated_at, ..webhook.clone() };
    assert_eq!(super::webhook(webhook.id, &without_checksum("webhook")).unwrap(), older);
    assert_eq!(super::event(event.id, &without_checksum("event")).unwrap().event, event);
    assert_eq!(super::project(project.id, &without_checksum("project")).unwrap(), project);
    assert_eq!(super::attempt(attempt.delivery, 1, &without_checksum("attempt")).unwrap(), attempt);
    assert_eq!(super::reply(&[7; 20], &without_checksum("reply")).unwrap(), fixtures::reply("create-person"));
    assert_eq!(super::mapping(&[7; 24], &without_checksum("mapping")).unwrap(), fixtures::mapping("hubspot"));
    assert_eq!(known_key(project.id, "key", &without_checksum("idempotency-key")).unwrap(), known);
    let row = without_checksum("plugin-version");
    assert_eq!(plugin(version.owner, version.name.clone(), 2, &row).unwrap(), version);
}

#[test]
fn no_changed_byte_and_no_other_place_goes_unnoticed() {
    let delivery = sample_delivery();
    let row = delivery_row(&delivery).unwrap();
    for index in 0..row.len() {
        for bit in 0..8 {
            let mut changed = row.clone();
            changed[index] ^= 1 << bit;
            // Bytes 1 to 8 are the checksum. A first byte of 1 would be a record without one.
            if changed[0] != PLAIN {
                assert!(super::delivery(delivery.id, &changed).is_err(), "byte {index}, bit {bit}");
            }
        }
    }
    let elsewhere = fixtures::delivery(&fixtures::event(delivery.project, 8), &sample_webhook()).id;
    assert!(super::delivery(elsewhere, &row).is_err(), "a record was read under another key");
}
