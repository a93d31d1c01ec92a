//! Every target by its stand-in, with the settings that its owner would begin with.

use hookwright_standin::{Fault, Listing, Running, Standin, VENDORS, Vendor, When};
use serde_json::{Value, json};

use crate::harness::{Api, Home, lead};

/// A project with one webhook, which sends to a new account.
async fn connect(api: &Api, listing: &Listing) -> (String, Running<Box<dyn Vendor>>) {
    let account = Standin::start((listing.open)()).await.unwrap();
    let project = api.project().await;
    let connection = account.target().connection();
    let mapping =
        connection.plugin.map(|plugin| json!({ "plugin": plugin, "settings": connection.settings }));
    let webhook = json!({ "url": account.url(), "headers": connection.headers, "mapping": mapping });
    api.webhook(&project, &webhook).await;
    (project, account)
}

/// The sample with only these fields.
fn only(fields: &[&str]) -> Value {
    let sample = lead::sample();
    let members = sample.as_object().unwrap().iter().filter(|(name, _)| fields.contains(&name.as_str()));
    members.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[tokio::test]
async fn a_lead_arrives_in_every_target_after_it_was_too_busy_once() {
    let server = Home::new().start().await;
    for listing in &VENDORS {
        let (project, account) = connect(&server.api, listing).await;
        account.script(When::next(1), Fault::Answer(account.target().too_many_requests()));
        let id = server.api.one_delivery(&project, &lead::sample()).await;
        let delivery = server.api.settled(&id).await;
        assert_eq!(delivery["state"], "delivered", "{}: {delivery:#}", listing.name);
        assert_eq!(delivery["attempts"][0]["verdict"], "retry", "{}: {delivery:#}", listing.name);
        assert!(!account.target().records().is_empty(), "{} has nothing", listing.name);
    }
}

#[tokio::test]
async fn one_collected_field_is_enough_for_every_target_and_none_is_no_lead() {
    let server = Home::new().start().await;
    for listing in &VENDORS {
        let (project, account) = connect(&server.api, listing).await;
        let has_plugin = account.target().connection().plugin.is_some();
        for (fields, expected) in [
            (&["name"][..], "delivered"),
            (&["phone"], "delivered"),
            (&["email"], "delivered"),
            (&["message"], "delivered"),
            (&["channel", "conversation_id"], if has_plugin { "skipped" } else { "delivered" }),
            (&[], if has_plugin { "skipped" } else { "delivered" }),
        ] {
            let id = server.api.one_delivery(&project, &only(fields)).await;
            let delivery = server.api.settled(&id).await;
            assert_eq!(delivery["state"], expected, "{}, {fields:?}: {delivery:#}", listing.name);
        }
        for received in account.received() {
            let path = received.request.path_and_query();
            let status = received.answered_status.unwrap_or_default();
            assert!(status < 400, "{}: {path} was answered with {status}", listing.name);
        }
    }
}

#[tokio::test]
async fn the_longest_message_that_the_intake_takes_arrives_in_every_target() {
    let server = Home::new().start().await;
    let mut lead = lead::sample();
    // Characters of one unit and of two, and such as have escapes in JSON and in markup: nearly 256 KiB.
    lead["message"] = "\"<🦀>\n".repeat(25_000).into();
    for listing in &VENDORS {
        let (project, account) = connect(&server.api, listing).await;
        let id = server.api.one_delivery(&project, &lead).await;
        let delivery = server.api.settled(&id).await;
        assert_eq!(delivery["state"], "delivered", "{}: {delivery:#}", listing.name);
        assert!(!account.target().records().is_empty(), "{} has nothing", listing.name);
    }
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_record_where_a_target_can_be_asked() {
    let server = Home::new().start().await;
    let askable =
        ["airtable", "amocrm", "bitrix24", "hubspot", "notion", "pipedrive", "postgrest", "salesforce"];
    for listing in VENDORS.iter().filter(|listing| askable.contains(&listing.name)) {
        let mut counts = Vec::new();
        for lost in [0, 1] {
            let (project, account) = connect(&server.api, listing).await;
            account.script(When::next(lost), Fault::ResetAfterEffect);
            let id = server.api.one_delivery(&project, &lead::sample()).await;
            let delivery = server.api.settled(&id).await;
            assert_eq!(delivery["state"], "delivered", "{}: {delivery:#}", listing.name);
            counts.push(account.target().records().len());
        }
        assert_eq!(counts[0], counts[1], "{}", listing.name);
    }
}
