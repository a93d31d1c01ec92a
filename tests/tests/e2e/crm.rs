//! The bundled mappings against stand-ins that refuse what the vendors refuse.

use hookwright_standin::{Answer, Fault, HubSpot, Pipedrive, Received, Running, Standin, When};
use serde_json::{Map, Value, json};

use crate::harness::{Api, DEADLINE, Home, lead, redacted};

const TOKEN: &str = "pat-for-tests";

/// The members that the bundled mappings look at, each with a value that is unique to the `n`th lead.
fn fields(n: usize) -> [(&'static str, String); 4] {
    [
        ("name", format!("Jane Doe {n}")),
        ("phone", format!("+12025550{n:03}")),
        ("email", format!("jane.{n}@example.com")),
        ("message", format!("Hello, this is lead {n} <b>& more</b>")),
    ]
}

/// Every combination of present and missing fields, each with and without the conversation. What is missing is absent,
/// null, empty or blank, by turns.
fn combinations() -> Vec<Value> {
    let mut leads = Vec::new();
    for with_conversation in [false, true] {
        for mask in 0..16_usize {
            let n = leads.len();
            let mut lead = Map::new();
            for (bit, (name, value)) in fields(n).into_iter().enumerate() {
                let missing = [None, Some(Value::Null), Some("".into()), Some(" \t".into())];
                let value =
                    if mask & (1 << bit) == 0 { missing[(n + bit) % 4].clone() } else { Some(value.into()) };
                lead.extend(value.map(|value| (name.to_owned(), value)));
            }
            if with_conversation {
                lead.insert("channel".to_owned(), "telegram".into());
                lead.insert("conversation_id".to_owned(), format!("c-{n}").into());
            }
            leads.push(lead.into());
        }
    }
    leads
}

/// Whether a field of a lead was collected.
fn has(lead: &Value, field: &str) -> bool {
    lead[field].as_str().is_some_and(|text| !text.trim().is_empty())
}

/// Whether there is something to note: without a message, the channel and the conversation.
fn has_note(lead: &Value) -> bool {
    !is_blank(lead) && (has(lead, "message") || has(lead, "channel"))
}

fn is_blank(lead: &Value) -> bool {
    !["name", "phone", "email", "message"].iter().any(|field| has(lead, field))
}

async fn hubspot(api: &Api, project: &str, target: &Running<HubSpot>, settings: Value) {
    let headers = json!({ "authorization": format!("Bearer {TOKEN}") });
    let mapping = json!({ "plugin": "hubspot", "settings": settings });
    api.webhook(project, &json!({ "url": target.url(), "headers": headers, "mapping": mapping })).await;
}

async fn pipedrive(api: &Api, project: &str, target: &Running<Pipedrive>, settings: Value) {
    let mapping = json!({ "plugin": "pipedrive", "settings": settings });
    let headers = json!({ "x-api-token": TOKEN });
    api.webhook(project, &json!({ "url": target.url(), "headers": headers, "mapping": mapping })).await;
}

/// Sends every combination; each delivery must end delivered with a receipt of this kind, or skipped with a reason.
async fn send_all(api: &Api, project: &str, receipt: &str) {
    let leads = combinations();
    let mut deliveries = Vec::new();
    for lead in &leads {
        deliveries.push(api.one_delivery(project, lead).await);
    }
    for (lead, id) in leads.iter().zip(&deliveries) {
        let delivery = api.settled(id).await;
        if is_blank(lead) {
            assert_eq!(delivery["state"], "skipped", "{lead}: {delivery}");
            assert!(
                delivery["reason"].as_str().unwrap().contains("Nothing was collected"),
                "{lead}: {delivery}"
            );
        } else {
            assert_eq!(delivery["state"], "delivered", "{lead}: {delivery}");
            let reference = delivery["receipt"]["reference"].as_str().unwrap();
            assert!(reference.starts_with(receipt), "{lead}: {reference}");
        }
    }
}

/// How many leads of the combinations meet a condition.
fn count(condition: impl Fn(&Value) -> bool) -> usize {
    combinations().iter().filter(|lead| condition(lead)).count()
}

fn assert_nothing_refused(received: &[Received]) {
    for received in received {
        let Received { request, answered_status } = received;
        let body = String::from_utf8_lossy(&request.body);
        assert!(
            answered_status.is_some_and(|status| status < 400),
            "{} {}: {answered_status:?}: {body}",
            request.method,
            request.path_and_query()
        );
    }
}

#[tokio::test]
async fn hubspot_takes_every_combination_of_fields() {
    let server = Home::new().start().await;
    let plain = Standin::start(HubSpot::new(TOKEN)).await.unwrap();
    let project = server.api.project().await;
    hubspot(&server.api, &project, &plain, json!({})).await;
    send_all(&server.api, &project, "contact/").await;
    assert_nothing_refused(&plain.received());
    assert_eq!(plain.target().contacts().len(), count(|lead| !is_blank(lead)));
    assert_eq!(plain.target().notes().len(), count(has_note));
    assert_eq!(plain.target().deals().len(), 0);

    let rich = HubSpot::new(TOKEN).contact_property("chat_conversation").contact_property("chat_channel");
    let rich = Standin::start(rich).await.unwrap();
    let project = server.api.project().await;
    let settings = json!({
        "note": false, "deal_stage": "appointmentscheduled", "lead_status": "NEW", "portal_id": "12345",
        "conversation_property": "chat_conversation", "channel_property": "chat_channel",
    });
    hubspot(&server.api, &project, &rich, settings).await;
    send_all(&server.api, &project, "contact/").await;
    assert_nothing_refused(&rich.received());
    let contacts = rich.target().contacts();
    assert_eq!(contacts.len(), count(|lead| !is_blank(lead)));
    let with = |property| contacts.iter().filter(|contact| contact.property(property).is_some()).count();
    assert_eq!(with("message"), count(|lead| has(lead, "message")));
    assert_eq!(with("phone"), count(|lead| has(lead, "phone")));
    assert_eq!(with("email"), count(|lead| has(lead, "email")));
    assert_eq!(with("chat_conversation"), count(|lead| !is_blank(lead) && has(lead, "conversation_id")));
    assert_eq!(rich.target().deals().len(), count(|lead| !is_blank(lead)));
    assert_eq!(rich.target().notes().len(), 0);
}

#[tokio::test]
async fn pipedrive_takes_every_combination_of_fields() {
    let server = Home::new().start().await;
    for kind in ["lead", "deal"] {
        let target = Standin::start(Pipedrive::new(TOKEN)).await.unwrap();
        let project = server.api.project().await;
        pipedrive(&server.api, &project, &target, json!({ "create": kind, "company": "acme" })).await;
        send_all(&server.api, &project, kind).await;
        assert_nothing_refused(&target.received());
        let account = target.target();
        let (leads, deals) = if kind == "lead" {
            (account.leads(), account.deals())
        } else {
            (account.deals(), account.leads())
        };
        assert_eq!(account.persons().len(), count(|lead| !is_blank(lead)));
        assert_eq!((leads.len(), deals.len()), (count(|lead| !is_blank(lead)), 0));
        // A Pipedrive lead has members of its own for the channel and the conversation, a deal has not.
        let noted = if kind == "lead" { count(|lead| has(lead, "message")) } else { count(has_note) };
        assert_eq!(account.notes().len(), noted);
    }
}

/// What each vendor is sent for the sample event, and how the log tells it.
#[tokio::test]
async fn the_sample_event_in_the_shape_of_each_vendor() {
    let server = Home::new().start().await;
    let crm = Standin::start(HubSpot::new(TOKEN)).await.unwrap();
    let project = server.api.project().await;
    hubspot(&server.api, &project, &crm, json!({ "portal_id": "12345" })).await;
    let id = server.api.one_delivery(&project, &lead::sample()).await;
    let delivered = server.api.delivery_in(&id, "delivered").await;
    insta::assert_json_snapshot!("sample_event_in_hubspot", readable(&redacted(&delivered)));

    let crm = Standin::start(Pipedrive::new(TOKEN)).await.unwrap();
    let project = server.api.project().await;
    pipedrive(&server.api, &project, &crm, json!({ "company": "acme" })).await;
    let id = server.api.one_delivery(&project, &lead::sample()).await;
    let delivered = server.api.delivery_in(&id, "delivered").await;
    insta::assert_json_snapshot!("sample_event_in_pipedrive", readable(&redacted(&delivered)));
}

/// The delivery with bodies as JSON instead of text that holds it.
fn readable(delivery: &Value) -> Value {
    let mut delivery = delivery.clone();
    for attempt in delivery["attempts"].as_array_mut().unwrap() {
        for side in ["request", "reply"] {
            let parsed = attempt[side]["body"].as_str().and_then(|body| serde_json::from_str(body).ok());
            if let Some(body) = parsed {
                attempt[side]["body"] = body;
            }
        }
    }
    delivery
}

/// The requests of an event that meets nobody in Pipedrive, in their order.
const STEPS: [&str; 5] =
    ["find-person-by-email", "find-person-by-phone", "create-person", "create-lead", "create-note"];

#[tokio::test]
async fn pipedrive_resumes_at_the_call_that_failed_and_makes_nothing_twice() {
    let server = Home::new().start().await;
    let faults = [
        ("503", Fault::Answer(Answer::status(503))),
        ("503 after the effect", Fault::AnswerAfterEffect(Answer::status(503))),
        ("reset", Fault::ResetBeforeEffect),
        ("reset after the effect", Fault::ResetAfterEffect),
    ];
    let mut cases = Vec::new();
    for (name, fault) in &faults {
        for (nth, step) in (1..).zip(STEPS) {
            let target = Standin::start(Pipedrive::new(TOKEN)).await.unwrap();
            target.script(When::nth(nth), fault.clone());
            let project = server.api.project().await;
            pipedrive(&server.api, &project, &target, json!({})).await;
            let id = server.api.one_delivery(&project, &lead::sample()).await;
            cases.push((format!("{name} at {step}"), step, target, id));
        }
    }
    for (case, failing, target, id) in &cases {
        let delivery = server.api.settled(id).await;
        assert_eq!(delivery["state"], "delivered", "{case}: {delivery}");
        let account = target.target();
        let made = [account.persons().len(), account.leads().len(), account.notes().len()];
        assert_eq!(made, [1, 1, 1], "{case}: persons, leads, notes");

        let attempts = delivery["attempts"].as_array().unwrap();
        let steps: Vec<&str> = attempts.iter().map(|attempt| attempt["step"].as_str().unwrap()).collect();
        let failed = attempts.iter().position(|attempt| attempt["verdict"] == "retry").unwrap();
        assert_eq!(steps[failed], *failing, "{case}: {steps:?}");
        let before = &STEPS[..failed];
        assert_eq!(&steps[..failed], before, "{case}");
        assert!(
            steps[failed + 1..].iter().all(|step| !before.contains(step)),
            "{case}: began anew: {steps:?}"
        );
    }
}

#[tokio::test]
async fn a_second_lead_of_the_same_person_lands_on_the_same_record() {
    let server = Home::new().start().await;
    let (crm, pipeline) = (
        Standin::start(HubSpot::new(TOKEN)).await.unwrap(),
        Standin::start(Pipedrive::new(TOKEN)).await.unwrap(),
    );
    let project = server.api.project().await;
    hubspot(&server.api, &project, &crm, json!({})).await;
    pipedrive(&server.api, &project, &pipeline, json!({})).await;
    for message in ["first", "second"] {
        let mut lead = lead::sample();
        lead["message"] = message.into();
        for id in server.api.event(&project, &lead).await {
            assert_eq!(server.api.settled(&id).await["state"], "delivered");
        }
    }
    assert_eq!((crm.target().contacts().len(), crm.target().notes().len()), (1, 2));
    let account = pipeline.target();
    assert_eq!([account.persons().len(), account.leads().len(), account.notes().len()], [1, 2, 2]);
}

#[tokio::test]
async fn a_kill_between_a_step_and_its_answer_makes_nothing_twice() {
    let home = Home::new();
    let target = Standin::start(Pipedrive::new(TOKEN)).await.unwrap();
    // The person is made; the answer would come long after the server is dead.
    target.script(When::matching("POST", "/persons").times(1), Fault::Delay(DEADLINE));
    let server = home.start().await;
    let project = server.api.project().await;
    pipedrive(&server.api, &project, &target, json!({})).await;
    let id = server.api.one_delivery(&project, &lead::sample()).await;
    let is_created = |received: &[Received]| received.iter().any(|one| one.request.method == "POST");
    target.wait_until(is_created).await;
    server.kill().await;

    let server = home.start().await;
    assert_eq!(server.api.settled(&id).await["state"], "delivered");
    let account = target.target();
    assert_eq!([account.persons().len(), account.leads().len(), account.notes().len()], [1, 1, 1]);
}

#[tokio::test]
async fn a_test_shows_at_once_that_the_token_is_wrong() {
    let server = Home::new().start().await;
    let target = Standin::start(HubSpot::new("another token")).await.unwrap();
    let project = server.api.project().await;
    hubspot(&server.api, &project, &target, json!({})).await;
    let webhooks = server.api.get(&format!("/v1/projects/{project}/webhooks")).await.json(200);
    let webhook = webhooks["data"][0]["id"].as_str().unwrap();
    let tested = server.api.post(&format!("/v1/webhooks/{webhook}/test"), &json!({})).await.json(200);
    assert_eq!((&tested["state"], &tested["origin"]), (&json!("failed"), &json!("test")));
    let hint = tested["attempts"][0]["hint"].as_str().unwrap();
    assert!(hint.contains("refused the credential"), "{hint}");
}
