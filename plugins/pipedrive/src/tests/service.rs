//! A small Pipedrive: as strict as its documentation.

use hookwright_sdk::testing::{Answer, Target};
use hookwright_sdk::{Method, Request};
use serde_json::{Map, Value, json};

type Members = Map<String, Value>;

pub(super) struct Service {
    /// What new records get as `add_time`.
    pub(super) now: &'static str,
    pub(super) persons: Vec<Members>,
    pub(super) leads: Vec<Members>,
    pub(super) deals: Vec<Members>,
    pub(super) notes: Vec<Members>,
}

impl Default for Service {
    /// A second after the sample event.
    fn default() -> Self {
        let now = "2026-05-31T10:00:01Z";
        Self { now, persons: Vec::new(), leads: Vec::new(), deals: Vec::new(), notes: Vec::new() }
    }
}

impl Target for Service {
    fn answer(&mut self, request: &Request) -> Answer {
        let (path, query) = request
            .path
            .as_deref()
            .unwrap()
            .split_once('?')
            .unwrap_or((request.path.as_deref().unwrap(), ""));
        let body = request.body.as_deref().map(|body| serde_json::from_str::<Members>(body).unwrap());
        match (request.method, path, body) {
            (Method::Get, "/v2/persons/search", None) => self.search(query),
            (Method::Get, "/v1/leads", None) => list(&self.leads, query),
            (Method::Get, "/v2/deals", None) => list(&self.deals, query),
            (Method::Get, "/v1/notes", None) => list(&self.notes, query),
            (Method::Post, "/v2/persons", Some(body)) => self.create_person(body),
            (Method::Post, "/v1/leads", Some(body)) => self.create_lead(body),
            (Method::Post, "/v2/deals", Some(body)) => self.create_deal(body),
            (Method::Post, "/v1/notes", Some(body)) => self.create_note(body),
            other => panic!("{other:?}"),
        }
    }
}

impl Service {
    fn search(&self, query: &str) -> Answer {
        let field = if query.contains("&fields=email&") { "emails" } else { "phones" };
        assert!(query.ends_with("&exact_match=true"), "{query}");
        let term = query.strip_prefix("term=").unwrap().split('&').next().unwrap();
        let has_term = |person: &Members| {
            let value = person.get(field)?.pointer("/0/value")?.as_str()?;
            Some(Request::get("").query("term", value).path.unwrap().strip_prefix("?term=").unwrap() == term)
        };
        let found = self.persons.iter().filter(|person| has_term(person).unwrap_or(false));
        let items: Vec<Value> =
            found.map(|person| json!({ "result_score": 1, "item": { "id": person["id"] } })).collect();
        Answer::json(200, json!({ "success": true, "data": { "items": items } }))
    }

    fn create_person(&mut self, mut body: Members) -> Answer {
        checked(&body, &["name", "emails", "phones", "owner_id", "visible_to"]);
        assert!(body.contains_key("name") && body.get("visible_to").is_none_or(Value::is_u64));
        let id = 7 + self.persons.len();
        body.insert("id".to_owned(), id.into());
        self.persons.push(body);
        Answer::json(201, json!({ "success": true, "data": { "id": id } }))
    }

    fn create_lead(&mut self, mut body: Members) -> Answer {
        checked(&body, &["title", "person_id", "owner_id", "label_ids", "visible_to", "origin_id"]);
        self.check_parent(&body);
        assert!(body.get("visible_to").is_none_or(Value::is_string));
        let id = format!("adf21080-0e10-11eb-879b-{:012}", self.leads.len());
        body.insert("id".to_owned(), id.clone().into());
        body.insert("add_time".to_owned(), self.now.into());
        self.leads.insert(0, body);
        Answer::json(201, json!({ "success": true, "data": { "id": id } }))
    }

    fn create_deal(&mut self, mut body: Members) -> Answer {
        checked(&body, &["title", "person_id", "owner_id", "pipeline_id", "stage_id", "visible_to"]);
        self.check_parent(&body);
        let id = 100 + self.deals.len();
        body.insert("id".to_owned(), id.into());
        body.insert("add_time".to_owned(), self.now.into());
        self.deals.insert(0, body);
        Answer::json(201, json!({ "success": true, "data": { "id": id } }))
    }

    fn create_note(&mut self, body: Members) -> Answer {
        checked(&body, &["content", "lead_id", "deal_id"]);
        assert!(body["content"].as_str().unwrap().len() <= 100_000);
        let has_parent = |records: &[Members], member| {
            records.iter().any(|record| Some(&record["id"]) == body.get(member))
        };
        assert!(has_parent(&self.leads, "lead_id") || has_parent(&self.deals, "deal_id"), "{body:?}");
        self.notes.push(body);
        Answer::json(201, json!({ "success": true, "data": { "id": self.notes.len() } }))
    }

    fn check_parent(&self, body: &Members) {
        assert!(body.contains_key("title"));
        assert!(
            self.persons.iter().any(|person| person["id"] == body["person_id"]),
            "no such person: {body:?}"
        );
    }
}

/// Unknown members and empty texts are refused.
fn checked(body: &Members, known: &[&str]) {
    for (name, value) in body {
        assert!(known.contains(&name.as_str()), "unknown member {name}");
        assert!(*value != json!("") && *value != json!([]) && !value.is_null(), "{name} is {value}");
    }
}

/// The records whose parent is the one that the query names first.
fn list(records: &[Members], query: &str) -> Answer {
    let (parent, wanted) = query.split('&').next().unwrap().split_once('=').unwrap();
    let is_on_parent = |record: &&Members| match record.get(parent) {
        Some(Value::String(id)) => id == wanted,
        Some(id) => wanted.parse() == Ok(id.as_u64().unwrap()),
        None => false,
    };
    let data: Vec<&Members> = records.iter().filter(is_on_parent).collect();
    Answer::json(200, json!({ "success": true, "data": data }))
}
