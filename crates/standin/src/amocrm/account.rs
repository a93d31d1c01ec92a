//! The account's records, and creating them.

use hookwright_model::Timestamp;
use serde_json::{Value, json};

use super::AmoCrm;
use super::body::{Contact, CustomField, FieldCode, Form, Incoming, Lead, Note, NoteType, Tag};
use super::refusal::{Refusal, success};
use crate::email::is_email;
use crate::exchange::Answer;
use crate::phone::is_phone;
use crate::time;

/// amoCRM's limit of `complex`.
const MAX_LEADS: usize = 50;
/// A larger number of seconds is a number of milliseconds.
const MAX_UNIX_SECS: u64 = 10_000_000_000;

const PHONE_KINDS: &[&str] = &["WORK", "WORKDD", "MOB", "FAX", "HOME", "OTHER"];
const EMAIL_KINDS: &[&str] = &["WORK", "PRIV", "OTHER"];

const FIRST_LEAD: u64 = 9_774_766;
const FIRST_CONTACT: u64 = 12_117_258;
const FIRST_NOTE: u64 = 42_709_325;

#[derive(Debug)]
pub(super) struct Account {
    pub(super) now: Timestamp,
    pub(super) controls_duplicates: bool,
    pub(super) leads: Vec<Value>,
    pub(super) contacts: Vec<Value>,
    pub(super) incoming: Vec<Value>,
    pub(super) notes: Vec<Value>,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            now: time::after_the_sample_event(),
            controls_duplicates: false,
            leads: Vec::new(),
            contacts: Vec::new(),
            incoming: Vec::new(),
            notes: Vec::new(),
        }
    }
}

impl Account {
    /// Checks all leads before it writes one.
    pub(super) fn create_leads(&mut self, leads: Vec<Lead>) -> Result<Answer, Refusal> {
        if leads.len() > MAX_LEADS {
            return Err(Refusal::invalid("", "TooMany", "at most 50 leads at once"));
        }
        for (index, lead) in leads.iter().enumerate() {
            let at = index.to_string();
            check_time(&at, "created_at", lead.created_at)?;
            check_stage(&at, lead.pipeline_id, lead.status_id)?;
            check_user(&at, lead.responsible_user_id)?;
            self.check_contacts(&at, &lead.embedded.contacts)?;
        }
        let results: Value = leads.into_iter().map(|lead| self.create_lead(lead)).collect();
        Ok(success(&results))
    }

    fn create_lead(&mut self, lead: Lead) -> Value {
        let request_ids: Vec<String> = lead.request_id.iter().cloned().collect();
        let known = lead.embedded.contacts.first().filter(|_| self.controls_duplicates);
        if let Some((lead, contact)) = known.and_then(|contact| self.duplicate_of(contact)) {
            return json!({
                "id": lead, "contact_id": contact, "company_id": null, "request_id": request_ids, "merged": true,
            });
        }
        let contact = lead.embedded.contacts.into_iter().next().map(|contact| self.take_contact(contact));
        let (pipeline, status) = stage(lead.pipeline_id, lead.status_id);
        let id = self.next_lead();
        let linked: Vec<Value> = contact.iter().map(|id| json!({ "id": id, "is_main": true })).collect();
        self.leads.push(json!({
            "id": id, "name": lead.name.unwrap_or_else(|| format!("Lead #{id}")), "price": lead.price.unwrap_or(0),
            "responsible_user_id": lead.responsible_user_id.unwrap_or(AmoCrm::USERS[0]),
            "pipeline_id": pipeline, "status_id": status, "created_at": lead.created_at.unwrap_or(self.now_secs()),
            "_embedded": { "tags": tags(&lead.embedded.tags), "contacts": linked },
        }));
        json!({
            "id": id, "contact_id": contact, "company_id": null, "request_id": request_ids, "merged": false,
        })
    }

    /// Checks all items before it writes one.
    pub(super) fn create_incoming(&mut self, items: Vec<Incoming>) -> Result<Answer, Refusal> {
        for (index, item) in items.iter().enumerate() {
            let at = index.to_string();
            check_time(&at, "created_at", item.created_at)?;
            check_time(&at, "metadata/form_sent_at", Some(item.metadata.form_sent_at))?;
            check_stage(&at, item.pipeline_id, None)?;
            let [lead] = &item.embedded.leads[..] else {
                return Err(Refusal::invalid(&format!("{at}/_embedded/leads"), "Count", "exactly one lead"));
            };
            check_user(&at, lead.responsible_user_id)?;
            self.check_contacts(&at, &item.embedded.contacts)?;
            if self.incoming.iter().any(|known| is_same(known, item)) {
                return Err(Refusal::invalid(&at, "AlreadyExists", "this incoming lead is there already"));
            }
        }
        let results: Value = items.into_iter().map(|item| self.take_incoming(item)).collect();
        Ok(success(&json!({ "_total_items": self.incoming.len(), "_embedded": { "unsorted": results } })))
    }

    fn take_incoming(&mut self, item: Incoming) -> Value {
        let contacts: Vec<Value> = item
            .embedded
            .contacts
            .into_iter()
            .map(|contact| json!({ "id": self.take_contact(contact) }))
            .collect();
        let lead = self.next_lead();
        let uid = format!("{:040x}", self.incoming.len() + 1);
        let names: Vec<Value> = item
            .embedded
            .leads
            .into_iter()
            .map(|given| json!({ "id": lead, "name": given.name, "tags": tags(&given.embedded.tags) }))
            .collect();
        self.incoming.push(json!({
            "uid": uid, "source_uid": item.source_uid, "source_name": item.source_name, "category": "forms",
            "pipeline_id": item.pipeline_id.unwrap_or(AmoCrm::PIPELINES[0].0),
            "created_at": item.created_at.unwrap_or(self.now_secs()), "metadata": item.metadata,
            "_embedded": { "leads": names, "contacts": contacts },
        }));
        json!({
            "uid": uid, "request_id": item.request_id,
            "_embedded": { "leads": [{ "id": lead }], "contacts": contacts, "companies": [] },
        })
    }

    pub(super) fn create_notes(&mut self, lead: &str, notes: Vec<Note>) -> Result<Answer, Refusal> {
        let lead = self.lead_id(lead).ok_or_else(Refusal::not_found)?;
        let mut results = Vec::new();
        for note in notes {
            let NoteType::Common = note.note_type;
            let id = FIRST_NOTE + self.notes.len() as u64;
            self.notes.push(json!({
                "id": id, "entity_id": lead, "created_at": self.now_secs(), "note_type": "common",
                "params": { "text": note.params.text },
            }));
            results.push(json!({ "id": id, "entity_id": lead, "request_id": note.request_id }));
        }
        Ok(success(&json!({ "_embedded": { "notes": results } })))
    }

    /// The id of a lead that exists, incoming or not.
    pub(super) fn lead_id(&self, id: &str) -> Option<u64> {
        let id: u64 = id.parse().ok()?;
        let is_lead = self.leads.iter().any(|lead| lead["id"] == id);
        let is_incoming = self.incoming.iter().any(|item| item["_embedded"]["leads"][0]["id"] == id);
        (is_lead || is_incoming).then_some(id)
    }

    fn next_lead(&self) -> u64 {
        FIRST_LEAD + (self.leads.len() + self.incoming.len()) as u64
    }

    fn now_secs(&self) -> u64 {
        self.now.as_millis() / 1_000
    }

    fn check_contacts(&self, at: &str, contacts: &[Contact]) -> Result<(), Refusal> {
        let at = format!("{at}/_embedded/contacts");
        if contacts.len() > 1 {
            return Err(Refusal::invalid(&at, "Count", "at most one contact"));
        }
        for contact in contacts {
            let has_name =
                contact.name.is_some() || contact.first_name.is_some() || contact.last_name.is_some();
            match contact.id {
                Some(id) if !self.contacts.iter().any(|known| known["id"] == id) => {
                    return Err(Refusal::invalid(&at, "NotFound", "there is no contact with this id"));
                }
                None if !has_name => {
                    return Err(Refusal::invalid(&at, "FieldMissing", "a contact needs a name"));
                }
                _ => {}
            }
            check_user(&at, contact.responsible_user_id)?;
            check_fields(&at, &contact.custom_fields_values)?;
        }
        Ok(())
    }

    /// The id of the contact, which is created unless it is given by its id.
    fn take_contact(&mut self, contact: Contact) -> u64 {
        if let Some(id) = contact.id {
            return id;
        }
        let id = FIRST_CONTACT + self.contacts.len() as u64;
        let parts = [contact.first_name.as_deref(), contact.last_name.as_deref()];
        let name = contact.name.unwrap_or_else(|| parts.into_iter().flatten().collect::<Vec<_>>().join(" "));
        self.contacts.push(json!({
            "id": id, "created_at": self.now_secs(), "name": name, "first_name": contact.first_name, "last_name": contact.last_name,
            "responsible_user_id": contact.responsible_user_id.unwrap_or(AmoCrm::USERS[0]),
            "custom_fields_values": contact.custom_fields_values,
        }));
        id
    }

    /// Replaces the fields that are given, all values of each.
    pub(super) fn update_contact(&mut self, id: &str, change: Contact) -> Result<Answer, Refusal> {
        check_fields("", &change.custom_fields_values)?;
        let now = self.now_secs();
        let id: u64 = id.parse().map_err(|_| Refusal::not_found())?;
        let contact = self.contacts.iter_mut().find(|contact| contact["id"] == id);
        let contact = contact.ok_or_else(Refusal::not_found)?;
        let fields = contact["custom_fields_values"].as_array_mut().ok_or_else(Refusal::not_found)?;
        for field in change.custom_fields_values {
            let field = json!(field);
            match fields.iter_mut().find(|known| known["field_code"] == field["field_code"]) {
                Some(known) => *known = field,
                None => fields.push(field),
            }
        }
        Ok(success(&json!({ "id": id, "updated_at": now })))
    }

    /// The newest lead of a contact that has a phone number or address of this one, and that contact.
    fn duplicate_of(&self, contact: &Contact) -> Option<(u64, u64)> {
        let values = |contact: &Value| {
            let fields = contact["custom_fields_values"].as_array().into_iter().flatten();
            let values = fields.flat_map(|field| field["values"].as_array().into_iter().flatten());
            values.filter_map(|value| value["value"].as_str().map(str::to_owned)).collect::<Vec<_>>()
        };
        let wanted: Vec<&String> = contact
            .custom_fields_values
            .iter()
            .flat_map(|field| &field.values)
            .map(|value| &value.value)
            .collect();
        let is_known = |known: &&Value| values(known).iter().any(|value| wanted.contains(&value));
        let contact = &self.contacts.iter().find(is_known)?["id"];
        let lead = self.leads.iter().rev().find(|lead| lead["_embedded"]["contacts"][0]["id"] == *contact)?;
        Some((lead["id"].as_u64()?, contact.as_u64()?))
    }
}

fn tags(tags: &[Tag]) -> Vec<Value> {
    tags.iter().map(|tag| json!({ "name": tag.name })).collect()
}

/// The pipeline and stage of a new lead.
fn stage(pipeline: Option<u64>, status: Option<u64>) -> (u64, u64) {
    let [main, _] = AmoCrm::PIPELINES;
    let of_status = |(_, stages): &&(u64, [u64; 2])| status.is_some_and(|status| stages.contains(&status));
    let (pipeline, stages) = match pipeline {
        Some(pipeline) => AmoCrm::PIPELINES.into_iter().find(|(id, _)| *id == pipeline).unwrap_or(main),
        None => AmoCrm::PIPELINES.iter().find(of_status).copied().unwrap_or(main),
    };
    (pipeline, status.unwrap_or(stages[0]))
}

fn check_stage(at: &str, pipeline: Option<u64>, status: Option<u64>) -> Result<(), Refusal> {
    let is_unknown = |member: &str| {
        Err(Refusal::invalid(
            &format!("{at}/{member}"),
            "NotSupportedChoice",
            "The value you selected is not a valid choice.",
        ))
    };
    let mut pipelines =
        AmoCrm::PIPELINES.iter().filter(|(id, _)| pipeline.is_none_or(|wanted| wanted == *id)).peekable();
    if pipelines.peek().is_none() {
        return is_unknown("pipeline_id");
    }
    match status {
        Some(status) if !pipelines.any(|(_, stages)| stages.contains(&status)) => is_unknown("status_id"),
        _ => Ok(()),
    }
}

fn check_user(at: &str, user: Option<u64>) -> Result<(), Refusal> {
    if user.is_none_or(|user| AmoCrm::USERS.contains(&user)) {
        return Ok(());
    }
    let path = format!("{at}/responsible_user_id");
    Err(Refusal::invalid(&path, "NotSupportedChoice", "The value you selected is not a valid choice."))
}

fn check_time(at: &str, member: &str, secs: Option<u64>) -> Result<(), Refusal> {
    if secs.is_none_or(|secs| secs < MAX_UNIX_SECS) {
        return Ok(());
    }
    Err(Refusal::invalid(&format!("{at}/{member}"), "InvalidType", "a time is a number of seconds"))
}

fn check_fields(at: &str, fields: &[CustomField]) -> Result<(), Refusal> {
    fields.iter().enumerate().try_for_each(|(index, field)| {
        let (kinds, is_value): (_, fn(&str) -> bool) = match field.field_code {
            FieldCode::Phone => (PHONE_KINDS, is_phone),
            FieldCode::Email => (EMAIL_KINDS, is_email),
            FieldCode::Position => (&[][..], |_| true),
        };
        let at = format!("{at}/0/custom_fields_values/{index}/values/0");
        let is_kind = |kind: &Option<String>| kind.as_deref().is_none_or(|kind| kinds.contains(&kind));
        if !field.values.iter().all(|value| is_kind(&value.enum_code)) {
            return Err(Refusal::invalid(
                &format!("{at}/enum_code"),
                "NotSupportedChoice",
                "no such enum_code",
            ));
        }
        match field.values.iter().all(|value| is_value(&value.value)) {
            true => Ok(()),
            false => {
                Err(Refusal::invalid(&format!("{at}/value"), "InvalidValue", "This value is not valid."))
            }
        }
    })
}

/// Whether an incoming lead is there already.
fn is_same(known: &Value, item: &Incoming) -> bool {
    let form = &known["metadata"];
    let Form { form_id, form_page, form_sent_at, .. } = &item.metadata;
    known["source_uid"] == *item.source_uid
        && form["form_id"] == **form_id
        && form["form_page"] == **form_page
        && form["form_sent_at"] == *form_sent_at
}
