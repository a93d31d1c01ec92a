//! Stored records and how they are shown.

use std::collections::BTreeMap;

use hookwright_model::Timestamp;
use serde_json::{Value, json};

/// Property values by internal name. HubSpot keeps all of them as text.
pub type Properties = BTreeMap<String, String>;

/// The kinds of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectType {
    /// A person.
    Contact,
    /// A possible sale.
    Deal,
    /// A text on another record.
    Note,
}

impl ObjectType {
    /// By the name of the collection in paths.
    pub(super) fn of_collection(name: &str) -> Option<Self> {
        match name {
            "contacts" => Some(Self::Contact),
            "deals" => Some(Self::Deal),
            "notes" => Some(Self::Note),
            _ => None,
        }
    }

    /// As HubSpot's messages write it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Contact => "CONTACT",
            Self::Deal => "DEAL",
            Self::Note => "NOTE",
        }
    }

    /// Each kind counts on its own. Ranges are apart, so that an id of another kind is never right by chance.
    pub(super) fn first_id(self) -> u64 {
        match self {
            Self::Contact => 151,
            Self::Deal => 3_000_001,
            Self::Note => 7_000_001,
        }
    }

    /// The kind of record that HubSpot's own association type leads to, from a record of this kind.
    pub(super) fn association(self, type_id: u32) -> Option<Self> {
        match (self, type_id) {
            (Self::Deal, 3) | (Self::Note, 202) => Some(Self::Contact),
            (Self::Contact, 4) | (Self::Note, 214) => Some(Self::Deal),
            _ => None,
        }
    }
}

/// A record of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Digits.
    pub id: String,
    /// What was written, by internal name; without the properties that HubSpot itself keeps.
    pub properties: Properties,
    /// The records that this one was created on.
    pub associations: Vec<Association>,
    /// When it was created, by the account's time.
    pub created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// A link to another record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Association {
    /// The kind of that record.
    pub to: ObjectType,
    /// Its id.
    pub id: String,
}

impl Record {
    /// The value of a property; none if it was never written or was erased.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }

    /// The record as an answer shows it.
    pub(super) fn shown(&self) -> Value {
        let created_at = self.created_at.to_string();
        let updated_at = self.updated_at.to_string();
        let mut properties = self.properties.clone();
        properties.insert("hs_object_id".to_owned(), self.id.clone());
        properties.insert("createdate".to_owned(), created_at.clone());
        properties.insert("lastmodifieddate".to_owned(), updated_at.clone());
        json!({
            "id": self.id, "properties": properties, "createdAt": created_at, "updatedAt": updated_at,
            "archived": false,
        })
    }
}
