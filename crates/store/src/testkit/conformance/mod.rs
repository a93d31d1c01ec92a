//! What every backend does. Each test takes a store that is empty.
#![expect(missing_docs, reason = "the name of a test says what it shows")]

pub mod attempts;
pub mod claims;
pub mod events;
pub mod fan_out;
pub mod log;
pub mod plugins;
pub mod projects;
pub mod webhooks;

use std::sync::Arc;

use hookwright_model::{Delivery, Project, Webhook};

use super::fixtures;
use crate::{Claim, NewEvent, Store};

/// Makes a `#[tokio::test]` of every conformance and reopening test. The expression gives a new
/// [`Backend`](crate::testkit::Backend) without data.
#[macro_export]
macro_rules! conformance_tests {
    ($backend:expr) => {
        $crate::conformance_tests! { @conformance $backend;
            projects: [keeps_projects, pages_projects];
            webhooks: [
                keeps_webhooks, pages_webhooks, creates_webhooks_in_known_projects_once, updates_webhooks_by_revision,
                keeps_mappings_of_earlier_revisions, deletes_webhooks_by_revision,
                deleting_cancels_what_waits, cancels_what_waits_in_steps, deleting_forgets_mappings,
            ];
            plugins: [
                numbers_versions, keeps_the_same_component_once, separates_owners, keeps_bundled_names_apart,
                lists_plugins_by_name_and_version, keeps_components, deletes_plugins_that_nothing_uses,
                deletes_versions_but_the_newest, deletes_no_bundled_plugins,
            ];
            events: [
                accepts_events_with_deliveries, accepts_all_or_none, leaves_out_deleted_webhooks_only,
                answers_a_repeat_with_the_first_result, refuses_a_key_with_another_body,
                recognises_repeats_within_one_call, separates_keys_of_projects, forgets_keys_after_a_day,
                starts_tests_of_paused_webhooks, starts_no_test_without_webhook, does_not_find_unknown_events,
            ];
            fan_out: [
                goes_on_with_a_fan_out, lists_open_fan_outs, fans_out_nothing_twice, leaves_out_what_is_gone,
                lists_events_newest_first_in_pages, lists_undelivered_events, delivers_undelivered_events_once,
                finds_added_deliveries_by_their_event, repeats_say_where_the_fan_out_stands,
            ];
            claims: [
                claims_the_longest_due_first, claims_only_what_is_due, claims_at_most_the_limit,
                claims_nothing_twice, releases_claims, concurrent_claims_do_not_overlap,
                lists_webhooks_with_pending_deliveries,
            ];
            attempts: [
                ends_deliveries, schedules_the_next_attempt, goes_on_with_a_kept_claim, keeps_replies_in_order,
                writes_rows_without_attempts, keeps_attempts, disables_active_webhooks_once,
                cancels_what_goes_on_without_webhook, ends_what_ends_without_webhook,
                refuses_what_is_not_claimed,
            ];
            log: [
                shows_claimed_deliveries_as_delivering, lists_the_newest_first_in_pages, filters_deliveries,
                resends_what_ended, resends_what_failed_with_its_replies, hastens_pending_deliveries,
                resends_nothing_without_webhook, cancels_deliveries, leaves_deliveries_under_way_alone,
                does_not_find_unknown_deliveries, closes,
            ];
        }
        mod reopen {
            use super::*;
            $crate::conformance_tests! { @reopen $backend;
                keeps_everything, frees_claims, keeps_deleted_webhooks_deleted, keeps_idempotency_keys,
                forgets_components_that_nothing_needs, keeps_fan_outs_and_undelivered_events,
            }
        }
    };
    (@conformance $backend:expr; $($module:ident: [$($name:ident),* $(,)?];)*) => {
        $($crate::conformance_tests! { @module $backend; $module: $($name),* })*
    };
    (@module $backend:expr; $module:ident: $($name:ident),*) => {
        mod $module {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let backend = $backend;
                    let store = $crate::testkit::Backend::open(&backend);
                    $crate::testkit::conformance::$module::$name(&store).await;
                    store.close().await;
                }
            )*
        }
    };
    (@reopen $backend:expr; $($name:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $name() {
                $crate::testkit::reopen::$name(&$backend).await;
            }
        )*
    };
}

/// Fails unless the operation was refused with this error.
macro_rules! assert_refused {
    ($result:expr, $error:pat) => {
        let result = $result;
        assert!(matches!(result, Err($error)), "expected {}, got {result:?}", stringify!($error));
    };
}
pub(super) use assert_refused;

/// A project in the store.
pub(super) async fn project(store: &Arc<dyn Store>) -> Project {
    let project = fixtures::project(1);
    store.create_project(project.clone()).await.unwrap();
    project
}

/// A project with one active webhook in the store.
pub(super) async fn webhook(store: &Arc<dyn Store>) -> Webhook {
    let webhook = fixtures::webhook(project(store).await.id, 1);
    store.create_webhook(webhook.clone()).await.unwrap();
    webhook
}

/// Events with these numbers in the store, each with one delivery for the webhook, due at its number in seconds.
pub(super) async fn deliveries(store: &Arc<dyn Store>, webhook: &Webhook, numbers: &[u32]) -> Vec<Delivery> {
    let event = |number: &u32| fixtures::new_event(fixtures::event(webhook.project, *number), &[webhook]);
    let events: Vec<NewEvent> = numbers.iter().map(event).collect();
    let deliveries = events.iter().flat_map(|event| event.deliveries.clone()).collect();
    store.accept_events(events).await.unwrap();
    deliveries
}

/// A project with one active webhook and one claimed delivery in the store.
pub(super) async fn claimed(store: &Arc<dyn Store>) -> (Webhook, Claim) {
    let webhook = webhook(store).await;
    deliveries(store, &webhook, &[0]).await;
    let due = store.claim_due(webhook.id, fixtures::at(0), 1).await.unwrap();
    (webhook, due.claims.into_iter().next().unwrap())
}
