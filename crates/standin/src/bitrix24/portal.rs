//! The portal's records, and its methods.

use hookwright_model::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::fields::{LONG_TEXT_MAX_BYTES, Members, of_item, of_lead};
use super::refusal::Refusal;
use crate::time;

/// The number of the type of records that leads are.
const LEAD: u64 = 1;
const FIRST_LEAD: u64 = 342;
const FIRST_CONTACT: u64 = 51;
const FIRST_COMMENT: u64 = 999;
/// The most values of a search for duplicates.
const MAX_VALUES: usize = 20;
const OPERATING_WINDOW_SECS: u64 = 600;

type Method = fn(&mut Portal, Value) -> Result<Value, Refusal>;

/// The methods by name.
pub(super) const METHODS: [(&str, Method); 7] = [
    ("crm.item.add", Portal::add_item),
    ("crm.item.list", Portal::list_items),
    ("crm.lead.add", Portal::add_lead),
    ("crm.lead.list", Portal::list_leads),
    ("crm.duplicate.findbycomm", Portal::find_duplicates),
    ("crm.timeline.comment.add", Portal::add_comment),
    ("crm.timeline.comment.list", Portal::list_comments),
];

#[derive(Debug)]
pub(super) struct Portal {
    pub(super) now: Timestamp,
    pub(super) leads: Vec<Value>,
    pub(super) contacts: Vec<Value>,
    pub(super) comments: Vec<Value>,
}

impl Default for Portal {
    fn default() -> Self {
        let now = time::after_the_sample_event();
        Self { now, leads: Vec::new(), contacts: Vec::new(), comments: Vec::new() }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ItemAdd {
    entity_type_id: u64,
    fields: Members,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeadAdd {
    fields: Members,
    #[serde(default, rename = "params")]
    _params: LeadParams,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields)]
struct LeadParams {
    #[serde(rename = "REGISTER_SONET_EVENT")]
    _register_sonet_event: Option<YesNo>,
}

#[derive(Deserialize)]
enum YesNo {
    Y,
    N,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct List {
    entity_type_id: Option<u64>,
    filter: Members,
    select: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Find {
    #[serde(rename = "type")]
    kind: DetailKind,
    values: Vec<String>,
    entity_type: Option<EntityType>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum DetailKind {
    Phone,
    Email,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum EntityType {
    Lead,
    Contact,
    Company,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommentAdd {
    fields: CommentFields,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields)]
struct CommentFields {
    entity_id: u64,
    entity_type: String,
    comment: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields)]
struct On {
    entity_id: u64,
    entity_type: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommentList {
    filter: On,
    order: Option<CommentOrder>,
    select: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE", deny_unknown_fields)]
struct CommentOrder {
    id: Order,
}

#[derive(PartialEq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Order {
    Asc,
    Desc,
}

impl Portal {
    pub(super) fn add_contact(&mut self, phone: &str, email: &str) {
        let id = FIRST_CONTACT + self.contacts.len() as u64;
        let fm = json!([{ "typeId": "PHONE", "value": phone }, { "typeId": "EMAIL", "value": email }]);
        self.contacts.push(json!({ "id": id, "fm": fm }));
    }

    /// What every good answer says of its time.
    pub(super) fn time(&self) -> Value {
        let now = self.now.as_millis() / 1_000;
        json!({
            "start": now, "finish": now, "duration": 0.05, "operating": 0.05,
            "operating_reset_at": now + OPERATING_WINDOW_SECS,
        })
    }

    fn add_item(&mut self, body: Value) -> Result<Value, Refusal> {
        let ItemAdd { entity_type_id, fields } = parse(body)?;
        check_type(Some(entity_type_id))?;
        let lead = self.add(of_item(fields)?)?;
        Ok(json!({ "result": { "item": lead } }))
    }

    fn add_lead(&mut self, body: Value) -> Result<Value, Refusal> {
        let LeadAdd { fields, .. } = parse(body)?;
        let lead = self.add(of_lead(fields)?)?;
        Ok(json!({ "result": lead["id"] }))
    }

    fn add(&mut self, mut lead: Members) -> Result<Value, Refusal> {
        if let Some(contact) = lead.get("contactId")
            && !self.contacts.iter().any(|known| known["id"] == *contact)
        {
            return Err(Refusal::field("contactId", "there is no such contact"));
        }
        let id = FIRST_LEAD + self.leads.len() as u64;
        lead.insert("id".to_owned(), id.into());
        lead.entry("title").or_insert_with(|| format!("Lead #{id}").into());
        lead.entry("stageId").or_insert_with(|| "NEW".into());
        lead.insert("createdTime".to_owned(), self.now.to_string().into());
        self.leads.push(lead.into());
        Ok(self.leads[self.leads.len() - 1].clone())
    }

    fn list_items(&mut self, body: Value) -> Result<Value, Refusal> {
        let List { entity_type_id, filter, select } = parse(body)?;
        check_type(entity_type_id)?;
        check_select(&select, "id")?;
        let ids = self.find(&filter, ["originatorId", "originId"])?;
        let items: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
        Ok(json!({ "result": { "items": items }, "total": ids.len() }))
    }

    fn list_leads(&mut self, body: Value) -> Result<Value, Refusal> {
        let List { entity_type_id, filter, select } = parse(body)?;
        if entity_type_id.is_some() {
            return Err(Refusal::invalid("100", "crm.lead.list knows no entityTypeId"));
        }
        check_select(&select, "ID")?;
        let ids = self.find(&filter, ["ORIGINATOR_ID", "ORIGIN_ID"])?;
        let leads: Vec<Value> = ids.iter().map(|id| json!({ "ID": id.to_string() })).collect();
        Ok(json!({ "result": leads, "total": ids.len() }))
    }

    /// The ids of the leads that the filter takes, by originator and origin in the names of the method.
    fn find(&self, filter: &Members, names: [&str; 2]) -> Result<Vec<u64>, Refusal> {
        let mut wanted = Vec::new();
        for (name, value) in filter {
            let field = name.strip_prefix('=').unwrap_or(name);
            let member = match names.iter().position(|known| *known == field) {
                Some(0) => "originatorId",
                Some(_) => "originId",
                None => {
                    let problem = format!("Invalid filter: field '{field}' is not allowed in filter");
                    return Err(Refusal::invalid("INVALID_ARG_VALUE", &problem));
                }
            };
            wanted.push((member, value));
        }
        let is_wanted = |lead: &&Value| wanted.iter().all(|(member, value)| lead[*member] == **value);
        Ok(self.leads.iter().filter(is_wanted).filter_map(|lead| lead["id"].as_u64()).collect())
    }

    fn find_duplicates(&mut self, body: Value) -> Result<Value, Refusal> {
        let Find { kind, values, entity_type } = parse(body)?;
        if values.len() > MAX_VALUES {
            return Err(Refusal::invalid("100", "at most 20 values"));
        }
        let kind = match kind {
            DetailKind::Phone => "PHONE",
            DetailKind::Email => "EMAIL",
        };
        let has_value = |record: &&Value| {
            let mut details = record["fm"].as_array().into_iter().flatten();
            details.any(|detail| {
                detail["typeId"] == kind && values.iter().any(|value| detail["value"] == value.as_str())
            })
        };
        let mut found = Members::new();
        for (entity, name, records) in
            [(EntityType::Lead, "LEAD", &self.leads), (EntityType::Contact, "CONTACT", &self.contacts)]
        {
            let ids: Vec<Value> =
                records.iter().filter(has_value).map(|record| record["id"].clone()).collect();
            if !ids.is_empty() && entity_type.is_none_or(|wanted| wanted == entity) {
                found.insert(name.to_owned(), ids.into());
            }
        }
        let result = if found.is_empty() { json!([]) } else { found.into() };
        Ok(json!({ "result": result }))
    }

    fn add_comment(&mut self, body: Value) -> Result<Value, Refusal> {
        let CommentAdd { fields: CommentFields { entity_id, entity_type, comment } } = parse(body)?;
        let on = On { entity_id, entity_type };
        self.check_lead(&on)?;
        if comment.len() > LONG_TEXT_MAX_BYTES {
            return Err(Refusal::field("COMMENT", "it is too long"));
        }
        let id = FIRST_COMMENT + self.comments.len() as u64;
        self.comments.push(json!({
            "ID": id.to_string(), "ENTITY_ID": on.entity_id.to_string(), "ENTITY_TYPE": "lead", "COMMENT": comment,
        }));
        Ok(json!({ "result": id }))
    }

    fn list_comments(&mut self, body: Value) -> Result<Value, Refusal> {
        let CommentList { filter, order, select } = parse(body)?;
        self.check_lead(&filter)?;
        let id = filter.entity_id.to_string();
        let mut found: Vec<Value> =
            self.comments.iter().filter(|comment| comment["ENTITY_ID"] == id).cloned().collect();
        if order.is_some_and(|order| order.id == Order::Desc) {
            found.reverse();
        }
        for comment in found.iter_mut().filter_map(Value::as_object_mut) {
            comment.retain(|name, _| select.contains(name));
        }
        Ok(json!({ "result": found, "total": found.len() }))
    }

    fn check_lead(&self, on: &On) -> Result<(), Refusal> {
        if on.entity_type == "lead" && self.leads.iter().any(|lead| lead["id"] == on.entity_id) {
            return Ok(());
        }
        Err(Refusal::invalid("NOT_FOUND", "there is no such lead"))
    }
}

fn parse<T: DeserializeOwned>(body: Value) -> Result<T, Refusal> {
    serde_json::from_value(body).map_err(|error| Refusal::invalid("100", &error.to_string()))
}

fn check_type(id: Option<u64>) -> Result<(), Refusal> {
    if id == Some(LEAD) { Ok(()) } else { Err(Refusal::invalid("NOT_FOUND", "Smart process not found")) }
}

fn check_select(select: &[String], id: &str) -> Result<(), Refusal> {
    if select.iter().all(|name| name == id) {
        return Ok(());
    }
    Err(Refusal::invalid("100", &format!("select: expected {id}")))
}
