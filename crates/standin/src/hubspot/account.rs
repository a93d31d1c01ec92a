//! The account's records, and what can be done with them.

use std::collections::{BTreeSet, HashMap};

use hookwright_model::Timestamp;
use serde_json::{Value, json};

use super::body::{Create, Link, Update, Upsert, UpsertInput};
use super::property::{self, is_forward};
use super::record::{Association, ObjectType, Properties, Record};
use super::refusal::Refusal;
use crate::exchange::Answer;
use crate::time;

/// HubSpot's limit of a batch.
const BATCH_MAX_INPUTS: usize = 100;

/// HubSpot wants one of them to tell a contact by.
const CONTACT_NAMES: [&str; 3] = ["email", "firstname", "lastname"];

#[derive(Debug)]
pub(super) struct Account {
    pub(super) now: Timestamp,
    /// The names of the contact properties that the account's owner made.
    pub(super) custom: BTreeSet<String>,
    contacts: Vec<Record>,
    deals: Vec<Record>,
    notes: Vec<Record>,
    /// Places in `contacts`, by address in lower case.
    by_email: HashMap<String, usize>,
    /// The same by the further addresses that contacts have besides: they are as unique, but an upsert does not go by them.
    by_further_email: HashMap<String, usize>,
    correlations: u64,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            now: time::after_the_sample_event(),
            custom: BTreeSet::new(),
            contacts: Vec::new(),
            deals: Vec::new(),
            notes: Vec::new(),
            by_email: HashMap::new(),
            by_further_email: HashMap::new(),
            correlations: 0,
        }
    }
}

impl Account {
    pub(super) fn next_correlation(&mut self) -> u64 {
        self.correlations += 1;
        self.correlations
    }

    pub(super) fn records(&self, kind: ObjectType) -> &[Record] {
        match kind {
            ObjectType::Contact => &self.contacts,
            ObjectType::Deal => &self.deals,
            ObjectType::Note => &self.notes,
        }
    }

    fn records_mut(&mut self, kind: ObjectType) -> &mut Vec<Record> {
        match kind {
            ObjectType::Contact => &mut self.contacts,
            ObjectType::Deal => &mut self.deals,
            ObjectType::Note => &mut self.notes,
        }
    }

    /// The place of a record among those of its kind.
    fn find(&self, kind: ObjectType, id: &str) -> Option<usize> {
        let index = usize::try_from(id.parse::<u64>().ok()?.checked_sub(kind.first_id())?).ok()?;
        self.records(kind).get(index).filter(|record| record.id == id).map(|_| index)
    }

    /// Adds a contact with an address and a further one.
    pub(super) fn add_contact(&mut self, email: &str, further: &str) {
        let properties = Properties::from([("email".to_owned(), email.to_lowercase())]);
        let index = self.insert(ObjectType::Contact, properties, Vec::new());
        self.by_further_email.insert(further.to_lowercase(), index);
    }

    /// The place of the contact that has an address in any way.
    fn owner(&self, email: &str) -> Option<usize> {
        self.by_email.get(email).or_else(|| self.by_further_email.get(email)).copied()
    }

    pub(super) fn create(&mut self, kind: ObjectType, body: Create) -> Result<Answer, Refusal> {
        let properties = self.checked(kind, body.properties)?;
        require(kind, &properties)?;
        if let Some(known) = properties.get("email").and_then(|email| self.owner(email)) {
            return Err(Refusal::already_exists(&self.contacts[known].id));
        }
        let mut associations = Vec::new();
        for link in &body.associations {
            associations.extend(self.linked(kind, link)?);
        }
        let index = self.insert(kind, properties, associations);
        Ok(Answer::json(201, &self.records(kind)[index].shown()))
    }

    pub(super) fn update(&mut self, id: &str, body: Update) -> Result<Answer, Refusal> {
        let index = self.find(ObjectType::Contact, id).ok_or_else(Refusal::not_found)?;
        let properties = self.checked(ObjectType::Contact, body.properties)?;
        let owner = properties.get("email").and_then(|email| self.owner(email));
        if let Some(other) = owner.filter(|owner| *owner != index) {
            return Err(Refusal::already_exists(&self.contacts[other].id));
        }
        self.write(index, properties);
        Ok(Answer::json(200, &self.contacts[index].shown()))
    }

    /// Checks all inputs before it writes one.
    pub(super) fn upsert(&mut self, body: Upsert) -> Result<Answer, Refusal> {
        if !(1..=BATCH_MAX_INPUTS).contains(&body.inputs.len()) {
            return Err(Refusal::invalid(format!("a batch has 1 to {BATCH_MAX_INPUTS} inputs")));
        }
        let inputs: Vec<(String, Properties)> =
            body.inputs.into_iter().map(|input| self.upsertable(input)).collect::<Result<_, _>>()?;
        if let Some(index) = inputs.iter().find_map(|(email, _)| self.by_further_email.get(email)) {
            return Err(Refusal::already_exists(&self.contacts[*index].id));
        }
        let mut emails = BTreeSet::new();
        if let Some((email, _)) = inputs.iter().find(|(email, _)| !emails.insert(email)) {
            return Err(Refusal::invalid(format!("Duplicate IDs found in batch input: [{email}]")));
        }
        let results: Value =
            inputs.into_iter().map(|(email, properties)| self.upsert_one(&email, properties)).collect();
        let now = self.now.to_string();
        let body = json!({ "status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now });
        Ok(Answer::json(200, &body))
    }

    /// The address and the properties of an input.
    fn upsertable(&self, input: UpsertInput) -> Result<(String, Properties), Refusal> {
        if input.id_property != "email" {
            let name = input.id_property;
            return Err(Refusal::invalid(format!(
                "Unable to perform update/upsert by non-unique 0-1 property {name}"
            )));
        }
        let UpsertInput { id, mut properties, .. } = input;
        // HubSpot would give the contact another address than the one that the next lead is matched by.
        if properties.get("email").is_some_and(|email| *email != id) {
            return Err(Refusal::invalid(format!(
                "the input {id} has another address as its property email"
            )));
        }
        properties.insert("email".to_owned(), id);
        let properties = self.checked(ObjectType::Contact, properties)?;
        match properties.get("email").filter(|email| !email.is_empty()) {
            Some(email) => Ok((email.clone(), properties)),
            None => Err(Refusal::invalid("the id of an input is empty")),
        }
    }

    fn upsert_one(&mut self, email: &str, properties: Properties) -> Value {
        let known = self.by_email.get(email).copied();
        let index = match known {
            Some(index) => {
                self.write(index, properties);
                index
            }
            None => self.insert(ObjectType::Contact, properties, Vec::new()),
        };
        let mut shown = self.contacts[index].shown();
        shown["new"] = known.is_none().into();
        shown
    }

    /// The properties as they are written, if they can be.
    fn checked(&self, kind: ObjectType, mut properties: Properties) -> Result<Properties, Refusal> {
        property::check(kind, &self.custom, &properties)?;
        if let Some(email) = properties.get_mut("email") {
            *email = email.to_lowercase();
        }
        Ok(properties)
    }

    /// The associations that a link of a new record means: one for each type.
    fn linked(&self, from: ObjectType, link: &Link) -> Result<Vec<Association>, Refusal> {
        let id = &link.to.id;
        if link.types.is_empty() {
            return Err(Refusal::invalid(format!("the association with {id} has no types")));
        }
        let association = |(category, type_id): (&str, u32)| {
            let target = Some(type_id).filter(|_| category == "HUBSPOT_DEFINED");
            let Some(to) = target.and_then(|type_id| from.association(type_id)) else {
                let message = format!("{category} {type_id} is no association type of a {}", from.name());
                return Err(Refusal::association("INVALID_ASSOCIATION_TYPES", &message));
            };
            if self.find(to, id).is_none() {
                let message = format!("{}={id} is not valid", to.name());
                return Err(Refusal::association("INVALID_OBJECT_IDS", &message));
            }
            Ok(Association { to, id: id.clone() })
        };
        link.types
            .iter()
            .map(|kind| (kind.association_category.as_str(), kind.association_type_id))
            .map(association)
            .collect()
    }

    /// Adds a record and returns its place.
    fn insert(
        &mut self,
        kind: ObjectType,
        mut properties: Properties,
        associations: Vec<Association>,
    ) -> usize {
        properties.retain(|_, value| !value.is_empty());
        let (now, records) = (self.now, self.records_mut(kind));
        let index = records.len();
        let email = properties.get("email").cloned();
        let id = (kind.first_id() + index as u64).to_string();
        records.push(Record { id, properties, associations, created_at: now, updated_at: now });
        if let Some(email) = email {
            self.by_email.insert(email, index);
        }
        index
    }

    /// Writes to a contact: what is not named stays, what is empty is erased.
    fn write(&mut self, index: usize, properties: Properties) {
        let contact = &mut self.contacts[index];
        contact.updated_at = self.now;
        for (name, value) in properties {
            let old = contact.properties.get(&name);
            let is_backward = name == "lifecyclestage" && old.is_some_and(|old| !is_forward(old, &value));
            if name == "email" {
                if let Some(old) = old {
                    self.by_email.remove(old);
                }
                if !value.is_empty() {
                    self.by_email.insert(value.clone(), index);
                }
            }
            if value.is_empty() {
                contact.properties.remove(&name);
            } else if !is_backward {
                contact.properties.insert(name, value);
            }
        }
    }
}

/// Refuses a new record without what HubSpot wants of its kind.
fn require(kind: ObjectType, properties: &Properties) -> Result<(), Refusal> {
    let is_missing = |name: &&str| properties.get(*name).is_none_or(String::is_empty);
    let missing: Vec<&str> = match kind {
        ObjectType::Contact if CONTACT_NAMES.iter().all(is_missing) => CONTACT_NAMES.to_vec(),
        ObjectType::Contact => Vec::new(),
        ObjectType::Deal => ["dealname", "dealstage"].into_iter().filter(is_missing).collect(),
        ObjectType::Note => ["hs_timestamp"].into_iter().filter(is_missing).collect(),
    };
    if missing.is_empty() { Ok(()) } else { Err(Refusal::required(kind, &missing)) }
}
