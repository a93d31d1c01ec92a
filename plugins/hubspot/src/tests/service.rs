//! A small HubSpot: as strict as its documentation, and with a search.

use hookwright_sdk::testing::{Answer, Target};
use hookwright_sdk::{Method, Request, time};
use serde_json::{Map, Value, json};

/// A stored object: its properties, and the contact that it hangs on.
pub(super) struct Object {
    pub(super) properties: Map<String, Value>,
    contact: Option<String>,
    created_at: &'static str,
}

pub(super) struct Service {
    pub(super) now: &'static str,
    pub(super) contacts: Vec<Object>,
    pub(super) deals: Vec<Object>,
    pub(super) notes: Vec<Object>,
}

impl Default for Service {
    /// A second after the sample event.
    fn default() -> Self {
        Self { now: "2026-05-31T10:00:01Z", contacts: Vec::new(), deals: Vec::new(), notes: Vec::new() }
    }
}

impl Target for Service {
    fn answer(&mut self, request: &Request) -> Answer {
        let body: Value = serde_json::from_str(request.body.as_deref().unwrap()).unwrap();
        let path = request.path.as_deref().unwrap().strip_prefix("/crm/objects/2026-09/").unwrap();
        match (request.method, path) {
            (Method::Post, "contacts/batch/upsert") => self.upsert(&body["inputs"][0]),
            (Method::Post, "contacts") => self.create_contact(&body),
            (Method::Patch, _) => self.update(path.strip_prefix("contacts/").unwrap(), &body),
            (Method::Post, "deals") => self.create(&body, "dealname", |service| &mut service.deals),
            (Method::Post, "notes") => self.create(&body, "hs_note_body", |service| &mut service.notes),
            (Method::Post, _) => self.search(path.strip_suffix("/search").unwrap(), &body),
            other => panic!("{other:?}"),
        }
    }
}

impl Service {
    fn upsert(&mut self, input: &Value) -> Answer {
        assert_eq!(input["idProperty"], "email");
        assert_eq!(input["id"], input["properties"]["email"]);
        let properties = checked(&input["properties"]);
        let known =
            self.contacts.iter().position(|contact| contact.properties.get("email") == input.get("id"));
        let index = known.unwrap_or(self.contacts.len());
        match known {
            Some(index) => self.contacts[index].properties.extend(properties),
            None => self.contacts.push(Object { properties, contact: None, created_at: self.now }),
        }
        Answer::json(200, json!({ "results": [{ "id": id(index), "new": known.is_none() }] }))
    }

    fn create_contact(&mut self, body: &Value) -> Answer {
        let properties = checked(&body["properties"]);
        assert!(
            ["email", "firstname", "lastname"].iter().any(|name| properties.contains_key(*name)),
            "{body}"
        );
        self.contacts.push(Object { properties, contact: None, created_at: self.now });
        Answer::json(201, json!({ "id": id(self.contacts.len() - 1) }))
    }

    fn update(&mut self, contact: &str, body: &Value) -> Answer {
        let index = (0..self.contacts.len()).find(|index| id(*index) == contact).unwrap();
        self.contacts[index].properties.extend(checked(&body["properties"]));
        Answer::json(200, json!({ "id": contact }))
    }

    fn create(&mut self, body: &Value, required: &str, objects: fn(&mut Self) -> &mut Vec<Object>) -> Answer {
        let properties = checked(&body["properties"]);
        assert!(properties.contains_key(required), "{body}");
        let contact = body["associations"][0]["to"]["id"].as_str().unwrap();
        assert!((0..self.contacts.len()).any(|index| id(index) == contact), "no contact {contact}");
        let object = Object { properties, contact: Some(contact.to_owned()), created_at: self.now };
        let objects = objects(self);
        objects.push(object);
        Answer::json(201, json!({ "id": id(objects.len() - 1) }))
    }

    fn search(&self, collection: &str, body: &Value) -> Answer {
        let objects = match collection {
            "contacts" => &self.contacts,
            "deals" => &self.deals,
            "notes" => &self.notes,
            other => panic!("{other}"),
        };
        let filters = body["filterGroups"][0]["filters"].as_array().unwrap();
        let found = objects
            .iter()
            .enumerate()
            .filter(|(_, object)| filters.iter().all(|filter| matches(object, filter)));
        let results: Vec<Value> = found.map(|(index, _)| json!({ "id": id(index) })).collect();
        Answer::json(200, json!({ "total": results.len(), "results": results }))
    }
}

/// Property values are texts, and an empty one would erase.
fn checked(properties: &Value) -> Map<String, Value> {
    let properties = properties.as_object().unwrap().clone();
    for (name, value) in &properties {
        let text = value.as_str().unwrap_or_else(|| panic!("{name} is {value}"));
        assert!(!text.is_empty(), "{name} is empty");
        assert!(text.encode_utf16().count() <= 65_536, "{name} is too long");
    }
    properties
}

fn matches(object: &Object, filter: &Value) -> bool {
    let value = filter["value"].as_str().unwrap();
    let millis = |time: &str| time::unix_millis(time).unwrap().to_string();
    match filter["propertyName"].as_str().unwrap() {
        "associations.contact" => object.contact.as_deref() == Some(value),
        "createdate" => {
            assert_eq!(filter["operator"], "GTE");
            millis(object.created_at).parse::<i64>().unwrap() >= value.parse().unwrap()
        }
        "hs_timestamp" => millis(object.properties["hs_timestamp"].as_str().unwrap()) == value,
        name => object.properties.get(name).and_then(Value::as_str) == Some(value),
    }
}

fn id(index: usize) -> String {
    (512 + index).to_string()
}
