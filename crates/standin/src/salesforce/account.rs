//! The organization's leads, and what can be done with them.

use hookwright_model::Timestamp;
use serde_json::{Value, json};

use super::Fields;
use super::field::{self, EXTERNAL_ID, REQUIRED};
use super::refusal::Refusal;
use crate::exchange::{Answer, Request};
use crate::time;

/// The header in which a sender accepts what an alerting duplicate rule says.
const DUPLICATE_HEADER: &str = "sforce-duplicate-rule-header";

/// What the duplicate rule does with a lead whose address another one has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DuplicateRule {
    Alert,
    Block,
}

#[derive(Debug)]
pub(super) struct Account {
    pub(super) now: Timestamp,
    pub(super) duplicate_rule: Option<DuplicateRule>,
    pub(super) leads: Vec<Fields>,
}

impl Default for Account {
    fn default() -> Self {
        Self { now: time::after_the_sample_event(), duplicate_rule: None, leads: Vec::new() }
    }
}

impl Account {
    pub(super) fn create(&mut self, request: &Request) -> Result<Answer, Refusal> {
        let fields = field::of_body(request)?;
        if let Some(value) = fields.get(EXTERNAL_ID).and_then(Value::as_str)
            && let [index, ..] = self.with_external_id(value)[..]
        {
            let id = &self.leads[index]["Id"];
            let words =
                format!("duplicate value found: {EXTERNAL_ID} duplicates value on record with id: {id}");
            return Err(Refusal::fields("DUPLICATE_VALUE", &words, &[EXTERNAL_ID]));
        }
        let id = self.insert(request, fields)?;
        Ok(Answer::json(201, &json!({ "id": id, "success": true, "errors": [] })))
    }

    /// The lead with this external id.
    pub(super) fn find(&self, name: &str, value: &str) -> Result<Answer, Refusal> {
        check_external_id(name)?;
        match self.with_external_id(value)[..] {
            [] => Err(Refusal::not_found()),
            [index] => Ok(Answer::json(200, &shown(&self.leads[index]))),
            [..] => Ok(self.several(value)),
        }
    }

    pub(super) fn upsert(&mut self, request: &Request, name: &str, value: &str) -> Result<Answer, Refusal> {
        check_external_id(name)?;
        let mut fields = field::of_body(request)?;
        if fields.contains_key(name) {
            let words = format!("The {name} field should not be specified in the sobject data.");
            return Err(Refusal::new(400, "INVALID_FIELD", &words));
        }
        let found = self.with_external_id(value);
        let (status, id) = match found[..] {
            [] => {
                fields.insert(name.to_owned(), value.into());
                (201, self.insert(request, fields)?)
            }
            [index] => (200, self.update(index, fields)?),
            [..] => return Ok(self.several(value)),
        };
        let body = json!({ "id": id, "success": true, "errors": [], "created": status == 201 });
        Ok(Answer::json(status, &body))
    }

    /// External ids do not mind case.
    fn with_external_id(&self, value: &str) -> Vec<usize> {
        let has = |lead: &Fields| {
            lead.get(EXTERNAL_ID).and_then(Value::as_str).is_some_and(|id| id.eq_ignore_ascii_case(value))
        };
        let found = self.leads.iter().enumerate().filter(|(_, lead)| has(lead));
        found.map(|(index, _)| index).collect()
    }

    fn several(&self, value: &str) -> Answer {
        let url = |index: usize| {
            format!(
                "/services/data/v60.0/sobjects/Lead/{}",
                self.leads[index]["Id"].as_str().unwrap_or_default()
            )
        };
        let urls: Vec<String> = self.with_external_id(value).into_iter().map(url).collect();
        Answer::json(300, &json!(urls))
    }

    fn insert(&mut self, request: &Request, mut fields: Fields) -> Result<String, Refusal> {
        fields.retain(|_, value| value.as_str().is_some_and(|text| !text.is_empty()));
        let missing: Vec<&str> = REQUIRED.into_iter().filter(|name| !fields.contains_key(*name)).collect();
        if !missing.is_empty() {
            let words = format!("Required fields are missing: [{}]", missing.join(", "));
            return Err(Refusal::fields("REQUIRED_FIELD_MISSING", &words, &missing));
        }
        self.check_duplicates(request, &fields)?;
        let id = format!("00Q5g00000{:05}EAA", self.leads.len() + 1);
        fields.insert("Id".to_owned(), id.clone().into());
        fields.insert("CreatedDate".to_owned(), self.now.to_string().into());
        self.leads.push(fields);
        Ok(id)
    }

    /// Writes to a lead: what is not named stays, what is null or empty is erased.
    fn update(&mut self, index: usize, fields: Fields) -> Result<String, Refusal> {
        let mut lead = self.leads[index].clone();
        for (name, value) in fields {
            match value.as_str() {
                Some(text) if !text.is_empty() => _ = lead.insert(name, value),
                _ if REQUIRED.contains(&name.as_str()) => {
                    let words = format!("Required fields are missing: [{name}]");
                    return Err(Refusal::fields("REQUIRED_FIELD_MISSING", &words, &[&name]));
                }
                _ => _ = lead.remove(&name),
            }
        }
        let id = lead["Id"].as_str().unwrap_or_default().to_owned();
        self.leads[index] = lead;
        Ok(id)
    }

    fn check_duplicates(&self, request: &Request, fields: &Fields) -> Result<(), Refusal> {
        let same = |lead: &&Fields| fields.contains_key("Email") && lead.get("Email") == fields.get("Email");
        let (Some(rule), Some(known)) = (self.duplicate_rule, self.leads.iter().find(same)) else {
            return Ok(());
        };
        let header = request.header(DUPLICATE_HEADER).unwrap_or_default();
        let accepts = header.split(';').any(|option| option.trim() == "allowSave=true");
        if rule == DuplicateRule::Alert && accepts {
            return Ok(());
        }
        let id = known["Id"].as_str().unwrap_or_default();
        Err(Refusal::duplicates(rule == DuplicateRule::Alert, id))
    }
}

/// A lead as an answer shows it when its id alone is asked for.
pub(super) fn shown(lead: &Fields) -> Value {
    let id = lead["Id"].as_str().unwrap_or_default();
    let url = format!("/services/data/v60.0/sobjects/Lead/{id}");
    json!({ "attributes": { "type": "Lead", "url": url }, "Id": id })
}

fn check_external_id(name: &str) -> Result<(), Refusal> {
    if name == EXTERNAL_ID {
        return Ok(());
    }
    let words = format!("Provided external ID field does not exist or is not accessible: {name}");
    Err(Refusal::new(404, "NOT_FOUND", &words))
}
