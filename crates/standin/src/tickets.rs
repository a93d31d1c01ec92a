//! A ticket desk of nobody in particular: the target that no plugin was made for.

use http::Method;
use serde_json::{Map, Value, json};

use crate::exchange::{Answer, Request};
use crate::protected::Protected;
use crate::scripted::Target;
use crate::trouble::Trouble;
use crate::vendor::{Connection, Shown, Vendor};

const BASE_PATH: &str = "/api/v3";
const PRIORITIES: std::ops::RangeInclusive<u64> = 1..=4;
const CONTACTS: [&str; 2] = ["phone", "email"];

/// A desk with one key, in `x-desk-key`. `POST /tickets` opens a ticket, once for each `idempotency-key`; it refuses
/// members that it does not know, texts that are empty or too long, and wrong types.
#[derive(Debug)]
pub struct Tickets(Protected<Desk>);

/// The tickets, each with its idempotency key.
type Desk = Vec<(String, Value)>;

/// Status and words.
type Refusal = (u16, String);

impl Tickets {
    /// An empty desk; requests carry this key.
    pub fn new(key: &str) -> Self {
        Self(Protected::header("x-desk-key", key))
    }

    /// The tickets as the desk shows them, oldest first.
    pub fn tickets(&self) -> Vec<Value> {
        self.0.lock().iter().map(|(_, ticket)| ticket.clone()).collect()
    }
}

fn open(tickets: &mut Desk, request: &Request) -> Result<Answer, Refusal> {
    if request.path_and_query() != format!("{BASE_PATH}/tickets") {
        return Err((404, "there is only /tickets here".to_owned()));
    }
    if request.method != Method::POST {
        return Err((405, "tickets can only be opened: POST".to_owned()));
    }
    let invalid = |problem: String| (422, problem);
    let key = request.header("idempotency-key").filter(|key| (1..=64).contains(&key.len()));
    let key =
        key.ok_or_else(|| invalid("the header idempotency-key has no 1 to 64 characters".to_owned()))?;
    let body = request.json().ok().filter(|_| request.is_json());
    let body = body.ok_or_else(|| (415, "the body is not JSON".to_owned()))?;
    let mut ticket = checked(&body).map_err(invalid)?;
    if let Some((_, known)) = tickets.iter().find(|(known, _)| known == key) {
        return Ok(Answer::json(409, &json!({ "error": "duplicate", "ticket": { "id": known["id"] } })));
    }
    ticket.insert("id".to_owned(), format!("T-{}", 1_001 + tickets.len()).into());
    let ticket = Value::from(ticket);
    let answer = Answer::json(201, &json!({ "ticket": { "id": ticket["id"], "state": "open" } }));
    tickets.push((key.to_owned(), ticket));
    Ok(answer)
}

impl Target for Tickets {
    fn answer(&self, request: &Request) -> Answer {
        let refuse = |(status, words): Refusal| Answer::json(status, &json!({ "error": words }));
        let deny = |_| (401, "the header x-desk-key has no valid key".to_owned());
        self.0.serve(request, deny, open).unwrap_or_else(refuse)
    }

    fn base_path(&self) -> &str {
        BASE_PATH
    }
}

impl Vendor for Tickets {
    fn connection(&self) -> Connection {
        let contact = |kind: &str| {
            let value = format!("{{{{ lead.{kind} | truncate(1000) }}}}");
            json!({ "$if": value, "kind": kind, "value": value })
        };
        let settings = json!({
            "path": "/tickets",
            "headers": { "idempotency-key": "{{ event.id }}" },
            "body": { "ticket": {
                "subject": "{{ title | truncate(120) }}",
                "requester": "{{ lead.name | truncate(120) }}",
                "description": "{{ lead.message | truncate(2000) }}",
                "contacts": [contact("phone"), contact("email")],
                "source": "{{ lead.channel | truncate(120) }}",
                "thread": "{{ lead.conversation_id | truncate(120) }}",
                "opened_at": "{{ event.created_at | unix }}",
                "priority": 2,
            } },
            "idempotent": true,
            "accept": [409],
            "reference": "ticket/{{ reply.body.ticket.id }}",
            "link": "https://desk.example.com/tickets/{{ reply.body.ticket.id }}",
        });
        Connection { plugin: Some("json-template"), settings, headers: self.0.headers() }
    }

    fn too_many_requests(&self) -> Answer {
        Answer::json(429, &json!({ "error": "slow down" })).header("retry-after", "1")
    }

    fn troubles(&self) -> Vec<Trouble> {
        let error = |status, words| Answer::json(status, &json!({ "error": words }));
        vec![
            Trouble::later("too-fast", 3, error(429, "slow down").header("retry-after", "3")),
            Trouble::later("not-paid", 0, error(402, "the subscription has ended")),
            Trouble::later("locked", 0, error(423, "the desk is being moved")),
            Trouble::later("down", 0, error(503, "maintenance")),
            Trouble::person("key-revoked", error(401, "the header x-desk-key has no valid key")),
            Trouble::gone("closed", error(410, "this desk is closed")),
        ]
    }

    fn records(&self) -> Vec<Shown> {
        self.tickets().iter().map(|ticket| Shown::json("ticket", &ticket["id"], ticket)).collect()
    }
}

/// The ticket to open.
fn checked(body: &Value) -> Result<Map<String, Value>, String> {
    let ticket = members(body, "the body", &["ticket"])?.get("ticket").ok_or("ticket is required")?;
    let known =
        ["subject", "requester", "description", "contacts", "source", "thread", "opened_at", "priority"];
    let ticket = members(ticket, "ticket", &known)?;
    for (name, value) in ticket {
        let is_fit = match name.as_str() {
            "description" => is_text(value, 2_000),
            "contacts" => value.as_array().is_some_and(|contacts| contacts.iter().all(is_contact)),
            "opened_at" => value.is_u64(),
            "priority" => value.as_u64().is_some_and(|priority| PRIORITIES.contains(&priority)),
            _ => is_text(value, 120),
        };
        if !is_fit {
            return Err(format!("ticket.{name} cannot be {value}"));
        }
    }
    match ["subject", "opened_at", "priority"].iter().find(|name| !ticket.contains_key(**name)) {
        Some(missing) => Err(format!("ticket.{missing} is required")),
        None => Ok(ticket.clone()),
    }
}

fn members<'a>(value: &'a Value, what: &str, known: &[&str]) -> Result<&'a Map<String, Value>, String> {
    let members = value.as_object().ok_or_else(|| format!("{what} is no object"))?;
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => Err(format!("{what} has no member {unknown}")),
        None => Ok(members),
    }
}

fn is_text(value: &Value, max_chars: usize) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty() && text.chars().count() <= max_chars)
}

fn is_contact(value: &Value) -> bool {
    let Ok(contact) = members(value, "contact", &["kind", "value"]) else { return false };
    let kind = contact.get("kind").and_then(Value::as_str);
    kind.is_some_and(|kind| CONTACTS.contains(&kind))
        && contact.get("value").is_some_and(|value| is_text(value, 1_000))
}
