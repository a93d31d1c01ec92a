//! Webhooks and their mappings.

use std::sync::Arc;

use hookwright_model::{DeliveryState, PageRequest, ProjectId, Settings, Webhook, WebhookState};

use super::{assert_refused, claimed, deliveries, project, webhook};
use crate::testkit::fixtures::{self, at, changed};
use crate::{Noun, Store, StoreError};

/// All pages of a project's webhooks, each of at most `limit`.
pub(in crate::testkit) async fn webhooks_of(
    store: &Arc<dyn Store>,
    project: ProjectId,
    limit: usize,
) -> Vec<Webhook> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = store.webhooks(project, PageRequest { after, limit }).await.unwrap();
        assert!(page.items.len() <= limit, "{} webhooks on a page of {limit}", page.items.len());
        all.extend(page.items.iter().map(|webhook| Webhook::clone(webhook)));
        match page.next {
            Some(next) => after = Some(next),
            None => return all,
        }
    }
}

pub async fn keeps_webhooks(store: &Arc<dyn Store>) {
    let project = project(store).await;
    let plain = Webhook { mapping: None, ..fixtures::webhook(project.id, 2) };
    let first = fixtures::webhook(project.id, 1);
    for webhook in [&plain, &first] {
        assert_refused!(store.webhook(webhook.id).await, StoreError::NotFound(Noun::Webhook));
        store.create_webhook(webhook.clone()).await.unwrap();
        assert_eq!(*store.webhook(webhook.id).await.unwrap(), *webhook);
    }
    assert_eq!(webhooks_of(store, project.id, 9).await, [first, plain]);
    assert_eq!(webhooks_of(store, fixtures::project(9).id, 9).await, []);
}

pub async fn pages_webhooks(store: &Arc<dyn Store>) {
    let first = webhook(store).await;
    let other = fixtures::project(2);
    store.create_project(other.clone()).await.unwrap();
    for number in [2, 4, 6, 7] {
        store.create_webhook(fixtures::webhook(first.project, number)).await.unwrap();
    }
    for number in [3, 5, 8] {
        store.create_webhook(fixtures::webhook(other.id, number)).await.unwrap();
    }
    let all = webhooks_of(store, first.project, 9).await;
    assert_eq!(all.len(), 5);
    for limit in [1, 2, 4, 5] {
        assert_eq!(webhooks_of(store, first.project, limit).await, all, "pages of {limit}");
    }
    let page = PageRequest { after: Some(all[1].id), limit: 2 };
    let page = store.webhooks(first.project, page).await.unwrap();
    assert_eq!((page.items.len(), page.next), (2, Some(all[3].id)));
    assert_eq!(*page.items[0], all[2]);
}

pub async fn creates_webhooks_in_known_projects_once(store: &Arc<dyn Store>) {
    let webhook = webhook(store).await;
    assert_refused!(store.create_webhook(webhook).await, StoreError::Exists(Noun::Webhook));
    let astray = fixtures::webhook(fixtures::project(9).id, 9);
    assert_refused!(store.create_webhook(astray.clone()).await, StoreError::NotFound(Noun::Project));
    assert_refused!(store.webhook(astray.id).await, StoreError::NotFound(Noun::Webhook));
}

pub async fn updates_webhooks_by_revision(store: &Arc<dyn Store>) {
    let webhook = webhook(store).await;
    let paused = changed(&webhook, |webhook| webhook.state = WebhookState::Paused);
    store.update_webhook(paused.clone()).await.unwrap();
    assert_eq!(*store.webhook(webhook.id).await.unwrap(), paused);
    assert_eq!(webhooks_of(store, webhook.project, 9).await, std::slice::from_ref(&paused));

    let late = changed(&webhook, |webhook| webhook.name = "late".to_owned());
    assert_refused!(store.update_webhook(late).await, StoreError::RevisionMismatch { actual: 2 });
    assert_eq!(*store.webhook(webhook.id).await.unwrap(), paused);
    let unknown = fixtures::webhook(webhook.project, 9);
    assert_refused!(store.update_webhook(unknown).await, StoreError::NotFound(Noun::Webhook));
}

pub async fn keeps_mappings_of_earlier_revisions(store: &Arc<dyn Store>) {
    let first = webhook(store).await;
    let renamed = changed(&first, |webhook| webhook.name = "renamed".to_owned());
    let remapped = changed(&renamed, |webhook| {
        webhook.mapping = Some(fixtures::mapping("pipedrive"));
        webhook.mapping_revision = webhook.revision;
    });
    let plain = changed(&remapped, |webhook| {
        webhook.mapping = None;
        webhook.mapping_revision = webhook.revision;
    });
    for webhook in [renamed, remapped, plain] {
        store.update_webhook(webhook).await.unwrap();
    }
    assert_eq!(store.mapping_at(first.id, 1).await.unwrap(), fixtures::mapping("hubspot"));
    assert_eq!(store.mapping_at(first.id, 3).await.unwrap(), fixtures::mapping("pipedrive"));
    for revision in [2, 4, 5] {
        assert_refused!(store.mapping_at(first.id, revision).await, StoreError::NotFound(Noun::Mapping));
    }
    let settings = store.mapping_at(first.id, 1).await.unwrap().settings;
    assert_eq!(settings, Settings::parse(r#"{"token":"s3cret-setting"}"#).unwrap());
}

pub async fn deletes_webhooks_by_revision(store: &Arc<dyn Store>) {
    let webhook = webhook(store).await;
    let mismatch = store.delete_webhook(webhook.id, Some(2), "deleted").await;
    assert_refused!(mismatch, StoreError::RevisionMismatch { actual: 1 });
    store.delete_webhook(webhook.id, Some(1), "deleted").await.unwrap();
    assert_refused!(store.webhook(webhook.id).await, StoreError::NotFound(Noun::Webhook));
    assert_eq!(webhooks_of(store, webhook.project, 9).await, []);
    let again = store.delete_webhook(webhook.id, None, "deleted").await;
    assert_refused!(again, StoreError::NotFound(Noun::Webhook));
}

pub async fn deleting_cancels_what_waits(store: &Arc<dyn Store>) {
    let (webhook, held) = claimed(store).await;
    store.finish_attempt(fixtures::finished(&held.delivery, DeliveryState::Held)).await.unwrap();
    let done = deliveries(store, &webhook, &[1]).await.remove(0);
    store.claim_due(webhook.id, at(1), 1).await.unwrap();
    store.finish_attempt(fixtures::finished(&done, DeliveryState::Delivered)).await.unwrap();
    let failed = deliveries(store, &webhook, &[2]).await.remove(0);
    store.claim_due(webhook.id, at(2), 1).await.unwrap();
    store.finish_attempt(fixtures::finished(&failed, DeliveryState::Held)).await.unwrap();
    let again = store.resend(failed.id, at(2)).await.unwrap();
    store.claim_due(webhook.id, at(2), 1).await.unwrap();
    store.finish_attempt(fixtures::finished(&again, DeliveryState::Failed)).await.unwrap();
    let pending = deliveries(store, &webhook, &[4]).await.remove(0);
    let other = fixtures::webhook(webhook.project, 2);
    store.create_webhook(other.clone()).await.unwrap();
    let untouched = deliveries(store, &other, &[3]).await.remove(0);

    store.delete_webhook(webhook.id, None, "its webhook was deleted").await.unwrap();

    for id in [held.delivery.id, pending.id] {
        let cancelled = store.delivery(id).await.unwrap();
        assert_eq!(cancelled.state, DeliveryState::Cancelled);
        assert_eq!(cancelled.reason.as_deref(), Some("its webhook was deleted"));
    }
    assert_eq!(store.delivery(done.id).await.unwrap().state, DeliveryState::Delivered);
    assert_eq!(store.delivery(failed.id).await.unwrap().state, DeliveryState::Failed);
    assert_eq!(store.delivery(untouched.id).await.unwrap(), untouched);
    assert_eq!(store.due_webhooks().await.unwrap(), [(other.id, at(3))]);
    let due = store.claim_due(webhook.id, at(9), 9).await.unwrap();
    assert!(due.claims.is_empty() && due.next.is_none());
}

pub async fn cancels_what_waits_in_steps(store: &Arc<dyn Store>) {
    let (webhook, claim) = claimed(store).await;
    let pending = deliveries(store, &webhook, &[3, 1, 2]).await;
    let held = deliveries(store, &webhook, &[4]).await.remove(0);
    let due = store.claim_due(webhook.id, at(4), 9).await.unwrap();
    store.finish_attempt(fixtures::finished(&held, DeliveryState::Held)).await.unwrap();
    store.release(&due.claims.iter().map(|claim| claim.delivery.id).collect::<Vec<_>>()).await;
    let other = fixtures::webhook(webhook.project, 2);
    store.create_webhook(other.clone()).await.unwrap();
    let untouched = deliveries(store, &other, &[5]).await.remove(0);

    assert_eq!(store.cancel_waiting(webhook.id, 2, "deleted").await.unwrap(), 2);
    let state = async |id| store.delivery(id).await.unwrap().state;
    assert_eq!(state(pending[1].id).await, DeliveryState::Cancelled, "the first one due");
    assert_eq!(state(pending[2].id).await, DeliveryState::Cancelled);
    assert_eq!(state(pending[0].id).await, DeliveryState::Pending);
    assert_eq!(store.delivery(pending[1].id).await.unwrap().reason.as_deref(), Some("deleted"));
    assert_eq!(store.cancel_waiting(webhook.id, 9, "deleted").await.unwrap(), 2);
    assert_eq!(state(held.id).await, DeliveryState::Cancelled);
    assert_eq!(store.cancel_waiting(webhook.id, 9, "deleted").await.unwrap(), 0);
    assert_eq!(state(claim.delivery.id).await, DeliveryState::Delivering, "an attempt under way goes on");
    assert_eq!(state(untouched.id).await, DeliveryState::Pending);
    assert_eq!(store.due_webhooks().await.unwrap(), [(other.id, at(5))]);
    let unknown = store.cancel_waiting(fixtures::webhook(webhook.project, 9).id, 9, "deleted").await;
    assert_refused!(unknown, StoreError::NotFound(Noun::Webhook));
}

pub async fn deleting_forgets_mappings(store: &Arc<dyn Store>) {
    let webhook = webhook(store).await;
    store.delete_webhook(webhook.id, None, "deleted").await.unwrap();
    assert_refused!(store.mapping_at(webhook.id, 1).await, StoreError::NotFound(Noun::Mapping));
}
