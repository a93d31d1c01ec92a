//! The account's records, and creating them.

use hookwright_model::Timestamp;
use serde_json::{Value, json};

use super::refusal::{Refusal, Version};
use super::schema::Members;
use crate::exchange::Answer;
use crate::time;

/// What a note can hang on.
const NOTE_LINKS: [&str; 4] = ["lead_id", "deal_id", "person_id", "org_id"];
/// What a lead can hang on.
const LEAD_LINKS: [&str; 2] = ["person_id", "organization_id"];

#[derive(Debug)]
pub(super) struct Account {
    pub(super) now: Timestamp,
    pub(super) persons: Vec<Value>,
    pub(super) leads: Vec<Value>,
    pub(super) deals: Vec<Value>,
    pub(super) notes: Vec<Value>,
}

impl Default for Account {
    fn default() -> Self {
        let now = time::after_the_sample_event();
        Self { now, persons: Vec::new(), leads: Vec::new(), deals: Vec::new(), notes: Vec::new() }
    }
}

impl Account {
    pub(super) fn create_person(&mut self, members: Members) -> Result<Answer, Refusal> {
        self.check_links(Version::V2, &members)?;
        let id = number_after(&self.persons);
        Ok(add(&mut self.persons, members, id, &self.now.to_string()))
    }

    /// A person by its id in a path.
    pub(super) fn person(&mut self, id: &str) -> Result<&mut Value, Refusal> {
        let id: u64 = id.parse().map_err(|_| Refusal::not_found())?;
        self.persons.iter_mut().find(|person| person["id"] == id).ok_or_else(Refusal::not_found)
    }

    /// Replaces the members that are given, whole lists among them.
    pub(super) fn update_person(&mut self, id: &str, members: Members) -> Result<Answer, Refusal> {
        let person = self.person(id)?;
        for (name, value) in members {
            person[&name] = value;
        }
        Ok(shown(person))
    }

    pub(super) fn create_lead(&mut self, members: Members) -> Result<Answer, Refusal> {
        require_any(&members, &LEAD_LINKS)?;
        self.check_links(Version::V1, &members)?;
        let id = format!("adf21080-0e10-11eb-879b-{:012}", self.leads.len() + 1).into();
        Ok(add(&mut self.leads, members, id, &self.now.to_string()))
    }

    pub(super) fn create_deal(&mut self, members: Members) -> Result<Answer, Refusal> {
        self.check_links(Version::V2, &members)?;
        let id = number_after(&self.deals);
        Ok(add(&mut self.deals, members, id, &self.now.to_string()))
    }

    pub(super) fn create_note(&mut self, members: Members) -> Result<Answer, Refusal> {
        require_any(&members, &NOTE_LINKS)?;
        self.check_links(Version::V1, &members)?;
        let id = number_after(&self.notes);
        // Notes show their times as `2026-05-31 10:00:01`.
        let now: String = self.now.to_string().replace('T', " ").chars().take(19).collect();
        Ok(add(&mut self.notes, members, id, &now))
    }

    /// Refuses links to records that do not exist.
    fn check_links(&self, version: Version, members: &Members) -> Result<(), Refusal> {
        let links: [(&str, &[Value]); 5] = [
            ("person_id", &self.persons),
            ("lead_id", &self.leads),
            ("deal_id", &self.deals),
            ("org_id", &[]),
            ("organization_id", &[]),
        ];
        for (link, records) in links {
            if let Some(id) = members.get(link)
                && !records.iter().any(|record| record["id"] == *id)
            {
                return Err(Refusal::invalid(version, format!("{link}: there is none with the id {id}")));
            }
        }
        Ok(())
    }
}

/// The answer that shows one record.
pub(super) fn shown(record: &Value) -> Answer {
    Answer::json(200, &json!({ "success": true, "data": record }))
}

fn require_any(members: &Members, links: &[&str]) -> Result<(), Refusal> {
    if links.iter().any(|link| members.contains_key(*link)) {
        return Ok(());
    }
    Err(Refusal::invalid(Version::V1, format!("one of {} is required", links.join(", "))))
}

fn number_after(records: &[Value]) -> Value {
    (records.len() + 1).into()
}

/// Adds a record and answers with it. A given `add_time` stands.
fn add(records: &mut Vec<Value>, mut members: Members, id: Value, now: &str) -> Answer {
    members.insert("id".to_owned(), id);
    members.entry("add_time").or_insert_with(|| now.into());
    let record = Value::Object(members);
    let answer = Answer::json(201, &json!({ "success": true, "data": record, "additional_data": null }));
    records.push(record);
    answer
}
