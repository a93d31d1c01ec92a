//! Leads as visitors write them: no vendor's rule on a field sinks a lead.

use std::sync::Arc;
use std::time::Duration;

use hookwright_engine::ports::Mapper;
use hookwright_model::DeliveryState;
use hookwright_standin::{PLAIN, VENDORS};
use serde_json::{Value, json};

use crate::mapper::Standstill;
use crate::world::{World, lead};

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// The sample lead with another value of one field.
fn with(field: &str, value: &str) -> Value {
    let mut lead = lead(0);
    lead[field] = value.into();
    lead
}

/// Tries each lead at each target; the words are of the visitor, and must not be lost where an account shows any.
async fn all_arrive(leads: &[(&str, Value, Option<&str>)]) {
    let mapper: Arc<dyn Mapper> = Arc::new(Standstill::new());
    let mut wrong = Vec::new();
    for listing in VENDORS.iter().chain([&PLAIN]) {
        for (name, lead, words) in leads {
            let world = World::of(listing, &mapper).await;
            let id = world.send(lead).await;
            let delivery = world.settle(id, DAY).await;
            if delivery.state != DeliveryState::Delivered {
                let (state, reason) = (delivery.state, delivery.reason.unwrap_or_default());
                wrong.push(format!("{}, {name}: {state:?}: {reason:.200}", listing.name));
                continue;
            }
            let records = world.site.account.target().records();
            let is_kept = |words: &&str| {
                records.iter().flat_map(|record| &record.fields).any(|(_, value)| value.contains(words))
            };
            if !records.is_empty() && !words.iter().all(is_kept) {
                wrong.push(format!("{}, {name}: {words:?} is lost", listing.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(start_paused = true)]
async fn an_address_or_number_that_a_vendor_refuses_goes_along_as_text() {
    all_arrive(&[
        ("misspelt domain", with("email", "redacted@ymail.con"), Some("redacted@ymail.con")),
        ("leading dot", with("email", ".john@example.com"), Some(".john@example.com")),
        ("two dots", with("email", "jo..hn@example.com"), Some("jo..hn@example.com")),
        ("no address", with("email", "john at example"), Some("john at example")),
        ("no number", with("phone", "call me maybe"), Some("call me maybe")),
        ("few digits", with("phone", "12"), Some("12")),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn long_values_arrive_shortened_where_they_must_be() {
    let long_email = format!("{}@example.com", "j".repeat(2_000));
    let long_local = format!("{}@example.com", "j".repeat(250));
    all_arrive(&[
        ("phone of 400", with("phone", &"5".repeat(400)), None),
        ("address of 2 000", with("email", &long_email), None),
        ("address over 254", with("email", &long_local), None),
        ("name of 2 000", with("name", &"J".repeat(2_000)), None),
        ("message of 70 000", with("message", &"m".repeat(70_000)), None),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn any_conversation_id_arrives() {
    let chinese = "客".repeat(300);
    let ids = [".", "..", "a/../b", "%2e%2e", "?x=1#y", "'; drop table leads; --", "a b", &chinese];
    let leads: Vec<_> = ids.iter().map(|id| (*id, with("conversation_id", id), None)).collect();
    all_arrive(&leads).await;
}

#[tokio::test(start_paused = true)]
async fn invisible_characters_sink_no_lead() {
    let mut nothing_else = lead(0);
    for field in ["name", "phone", "email"] {
        nothing_else[field] = "\u{200b}\u{feff}\u{2060}\u{3164}".into();
    }
    all_arrive(&[
        ("edges", with("name", "\u{feff}\u{200f}John Smith\u{200b}"), Some("John")),
        ("emoji", with("name", "👩\u{200d}💻 Ann"), Some("👩\u{200d}💻")),
        ("nothing else", nothing_else, None),
        ("in the message", with("message", "a\u{202e}b\u{1}c"), None),
        ("half a line", json!({ "message": "\u{200b}", "name": "Ann" }), Some("Ann")),
    ])
    .await;
}
