//! Bodies as serde writes them, with all their members and with as few as there can be.

use hookwright_api_types::delivery::{DeliveriesQuery, DeliveryBody, DeliveryDetail};
use hookwright_api_types::event::{AcceptedBody, AcceptedMany, EventBody, EventRow, EventsQuery};
use hookwright_api_types::health::Health;
use hookwright_api_types::limits::LimitsBody;
use hookwright_api_types::page::PageBody;
use hookwright_api_types::plugin::{PluginBody, UploadedBody};
use hookwright_api_types::preview::{PlannedBody, PreviewRequest, PreviewedBody};
use hookwright_api_types::problem::ProblemBody;
use hookwright_api_types::project::{NewProject, ProjectBody};
use hookwright_api_types::report::CheckedBody;
use hookwright_api_types::webhook::{NewWebhookBody, WebhookBody, WebhookPatch};
use hookwright_model::PluginLimits;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::checker::Checker;

const TIME: &str = "2026-01-02T03:04:05.678Z";
const PROJECT: &str = "0198c0de-0000-7000-8000-000000000000";
const DIGEST: &str = "sha256:00000000000000000000000000000000000000000000000000000000000000ff";

fn id(prefix: &str) -> String {
    format!("{prefix}_0198c0de000070008000000000000000")
}

/// The type reads the JSON, and what it writes is what its schema says.
fn written<T: Serialize + DeserializeOwned + ToSchema>(json: &Value) -> Value {
    let name = T::name();
    let read: T = serde_json::from_str(&json.to_string()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let written: Value = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
    let checker = Checker::new();
    for json in [json, &written] {
        checker.check(&name, json).unwrap_or_else(|problem| panic!("{problem}\n{json:#}"));
    }
    written
}

/// As [`written`], of JSON with every member that there is.
fn all<T: Serialize + DeserializeOwned + ToSchema>(json: &Value) {
    assert_eq!(written::<T>(json), *json);
    let name = T::name();
    let members = json.as_object().unwrap().keys().cloned().collect();
    assert_eq!(Checker::new().named(&name), members, "{name}: the members of the schema, and of the sample");
}

/// As [`written`]; and without any one of the members that are there, the schema refuses it.
fn least<T: Serialize + DeserializeOwned + ToSchema>(json: &Value) {
    let written = written::<T>(json);
    for member in json.as_object().unwrap().keys() {
        let mut less = written.clone();
        less.as_object_mut().unwrap().remove(member);
        let name = T::name();
        assert!(Checker::new().check(&name, &less).is_err(), "{name} has `{member}` always");
    }
}

fn lead() -> Value {
    json!({"name": "Ada", "email": null, "phone": "+44 20 7946 0000", "not_collected": ["email"]})
}

fn delivery() -> Value {
    json!({
        "id": id("dlv"), "event": id("evt"), "webhook": id("whk"), "project": PROJECT, "origin": "event",
        "state": "delivered", "reason": "it was taken",
        "receipt": {"reference": "contact/151", "url": "https://crm.example/151"},
        "attempt_count": 1, "next_attempt_at": TIME, "component": DIGEST, "created_at": TIME, "lead": lead(),
    })
}

fn description() -> Value {
    json!({
        "title": "HubSpot", "summary": "Creates contacts.", "url": "https://api.hubapi.com",
        "headers": [{"name": "authorization", "placeholder": "Bearer …", "secret": true}],
        "settings_schema": {"type": "object"},
    })
}

fn plugin() -> Value {
    json!({
        "name": "hubspot", "version": 2, "owner": "project", "digest": DIGEST, "contract": "1.0.0",
        "size_bytes": 200_000, "description": description(), "created_at": TIME,
    })
}

fn usage() -> Value {
    json!({"instructions": 1_000, "memory_bytes": 65_536, "duration_us": 12})
}

fn request(action: &str) -> Value {
    json!({
        "action": action, "step": "create", "method": "POST", "path": "/contacts", "url": "https://crm.example/contacts",
        "headers": {"content-type": "application/json"}, "body": "{}", "accept": [409], "idempotent": true,
    })
}

fn with(mut json: Value, more: Value) -> Value {
    if let (Value::Object(json), Value::Object(more)) = (&mut json, more) {
        json.extend(more);
    }
    json
}

fn null(mut json: Value, members: &[&str]) -> Value {
    members.iter().for_each(|member| json[*member] = Value::Null);
    json
}

#[test]
fn projects() {
    all::<NewProject>(&json!({"name": "Shop", "id": PROJECT}));
    least::<NewProject>(&json!({"name": "Shop"}));
    let project = json!({"id": PROJECT, "name": "Shop", "created_at": TIME});
    all::<ProjectBody>(&project);
    least::<ProjectBody>(&project);
    least::<PageBody<ProjectBody>>(&json!({"data": [project], "next_cursor": null}));
    all::<PageBody<ProjectBody>>(&json!({"data": [], "next_cursor": PROJECT}));
}

#[test]
fn webhooks() {
    let mapping = json!({"plugin": "hubspot", "version": 2, "settings": {"list": 1}});
    let retry = json!({
        "first_secs": 10, "factor": 2, "max_secs": 3_600, "jitter_percent": 20, "give_up_after_secs": 86_400,
    });
    let limits = json!({"concurrency": 16, "timeout_secs": 15});
    let new = json!({
        "name": "CRM", "url": "https://crm.example", "events": ["lead.created"], "headers": {"x-key": "1"},
        "mapping": mapping, "retry": retry, "limits": limits, "state": "paused",
    });
    all::<NewWebhookBody>(&new);
    least::<NewWebhookBody>(&json!({"url": "https://crm.example", "events": ["lead.created"]}));
    all::<WebhookPatch>(&with(
        new,
        json!({"headers": {"x-key": null}, "mapping": {"plugin": "p", "version": null, "settings": {}}}),
    ));
    assert_eq!(written::<WebhookPatch>(&json!({})), json!({}));
    assert_eq!(written::<WebhookPatch>(&json!({"mapping": null})), json!({"mapping": null}));
    written::<WebhookPatch>(&json!({"mapping": {"plugin": "p", "version": "latest"}}));

    let webhook = json!({
        "id": id("whk"), "project": PROJECT, "name": "", "url": "https://crm.example/***", "events": ["lead.created"],
        "headers": {"x-key": "***"}, "mapping": mapping, "retry": retry, "limits": limits, "state": "disabled",
        "disabled_reason": "gone", "state_since": TIME, "revision": 3, "created_at": TIME, "updated_at": TIME,
    });
    least::<WebhookBody>(&null(webhook.clone(), &["mapping", "disabled_reason"]));
    let now = json!({
        "lane": {"resting_until": TIME, "reason": "HubSpot asked for a pause"}, "signing_secret": "whsec_…",
        "warnings": ["no port"],
    });
    all::<WebhookBody>(&with(webhook.clone(), now));
    least::<PageBody<WebhookBody>>(&json!({"data": [webhook], "next_cursor": null}));
}

#[test]
fn events() {
    let accepted = json!({"id": id("evt"), "deliveries": [id("dlv")], "more_deliveries": false});
    all::<AcceptedBody>(&accepted);
    least::<AcceptedBody>(&accepted);
    least::<AcceptedMany>(&json!({"data": [accepted]}));
    let event = json!({
        "id": id("evt"), "project": PROJECT, "event": "lead.created", "received_at": TIME, "lead": lead(),
    });
    let row = with(event.clone(), json!({"undelivered": true}));
    all::<EventRow>(&row);
    least::<EventRow>(&row);
    least::<PageBody<EventRow>>(&json!({"data": [row], "next_cursor": id("evt")}));
    all::<EventBody>(&with(event.clone(), json!({"payload": {"any": ["thing"]}})));
    least::<EventBody>(&with(event, json!({"payload": null})));
}

#[test]
fn queries() {
    let page = json!({"cursor": id("evt")});
    written::<EventsQuery>(&with(page.clone(), json!({"filter": "undelivered"})));
    let query = json!({"state": "held", "webhook": id("whk"), "event": id("evt")});
    written::<DeliveriesQuery>(&with(page, query));
    assert_eq!(written::<DeliveriesQuery>(&json!({})), json!({}));
    let checker = Checker::new();
    assert!(checker.named("EventsQuery").iter().eq(["cursor", "filter", "limit"]));
    assert!(checker.named("DeliveriesQuery").iter().eq(["cursor", "event", "limit", "state", "webhook"]));
}

#[test]
fn deliveries() {
    all::<DeliveryBody>(&delivery());
    let unknown = ["reason", "receipt", "next_attempt_at", "component", "lead"];
    least::<DeliveryBody>(&null(delivery(), &unknown));
    least::<PageBody<DeliveryBody>>(&json!({"data": [delivery()], "next_cursor": null}));
    let attempt = json!({
        "number": 1, "started_at": TIME, "duration_ms": 12, "step": "create", "verdict": "retry",
        "error": {"kind": "timeout", "message": "no reply in 15 s"}, "hint": "wait",
        "request": {"method": "POST", "url": "https://crm.example", "headers": {"a": "b"}, "body": ""},
        "reply": {"status": 503, "headers": {"retry-after": "1"}, "body": "", "truncated": false},
        "logs": [{"level": "warn", "message": "slow"}], "component": DIGEST,
    });
    let bare = null(attempt.clone(), &["step", "error", "hint", "request", "reply", "component"]);
    let detail = with(delivery(), json!({"payload": {"event": "lead.created"}, "attempts": [attempt, bare]}));
    all::<DeliveryDetail>(&detail);
    least::<DeliveryDetail>(&null(detail, &["payload"]));
}

#[test]
fn plugins() {
    all::<PluginBody>(&plugin());
    least::<PluginBody>(&plugin());
    least::<PageBody<PluginBody>>(&json!({"data": [plugin()], "next_cursor": null}));
    let uploaded = with(plugin(), json!({"unchanged": false, "waited_ms": 1, "compile_ms": 400}));
    all::<UploadedBody>(&uploaded);
    least::<UploadedBody>(&null(uploaded, &["compile_ms"]));
    let made = json!({
        "settings": {}, "next": request("deliver"), "logs": [{"level": "info", "message": "made"}], "usage": usage(),
    });
    let report = |trial: Value| {
        json!({
            "version": 3, "unchanged": false, "digest": DIGEST, "contract": "1.0.0", "size_bytes": 1,
            "imports": ["hookwright:mapping/types@1.0.0"], "description": description(), "waited_ms": 0,
            "compile_ms": null, "describe": usage(), "trial": trial,
        })
    };
    all::<CheckedBody>(&report(made));
    least::<CheckedBody>(&report(
        json!({"settings": {}, "problems": [{"pointer": "/list", "detail": "is missing"}]}),
    ));
    assert!(Checker::new().check("CheckedBody", &report(json!({"settings": {}}))).is_err());
}

#[test]
fn previews() {
    let reply = json!({"step": "find", "status": 200, "headers": {}, "body": "{}", "truncated": false});
    let asked = json!({
        "version": 1, "settings": {}, "event": id("evt"), "history": {"replies": [reply], "uncertain": "create"},
        "url": "https://crm.example",
    });
    all::<PreviewRequest>(&asked);
    all::<PreviewRequest>(&with(asked, json!({"event": {"event": "lead.created"}})));
    written::<PreviewRequest>(&json!({}));
    written::<PreviewRequest>(
        &json!({"version": "latest", "history": {"replies": [{"step": "find", "status": 200}]}}),
    );
    let error = json!({"kind": "mapping_retry", "message": "busy"});
    let planned = [
        request("deliver"),
        null(request("call"), &["path", "body"]),
        json!({"action": "done", "receipt": {"reference": null, "url": null}}),
        json!({"action": "skip", "reason": "no e-mail address"}),
        json!({"action": "retry", "error": error, "after_secs": 30}),
        json!({"action": "retry", "error": error, "after_secs": null}),
        json!({"action": "hold", "error": error, "hint": null}),
    ];
    for next in planned {
        least::<PlannedBody>(&next);
        let previewed = json!({
            "plugin": "hubspot", "version": 1, "digest": DIGEST, "event": {"event": "lead.created"}, "next": next,
            "logs": [], "usage": usage(),
        });
        all::<PreviewedBody>(&previewed);
        least::<PreviewedBody>(&null(previewed, &["event"]));
    }
    assert!(Checker::new().check("PlannedBody", &request("skip")).is_err());
}

#[test]
fn problems_health_and_limits() {
    let problem = json!({"title": "Conflict", "status": 409, "code": "conflict", "detail": "it is used"});
    least::<ProblemBody>(&problem);
    let errors = json!([{"pointer": "/url", "detail": "is no URL"}]);
    all::<ProblemBody>(&with(problem, json!({"errors": errors, "webhooks": [id("whk")]})));
    all::<Health>(&json!({"status": "ok"}));
    least::<Health>(&json!({"status": "ready"}));
    let limits = serde_json::to_value(LimitsBody::from(&PluginLimits::default())).unwrap();
    all::<LimitsBody>(&limits);
    least::<LimitsBody>(&limits);
}
