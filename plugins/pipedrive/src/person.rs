//! The person of a lead.

use hookwright_sdk::{Draft, Failure, Reply, Request, Stop, Written, log, phone, text};
use serde_json::{Map, Value, json};

use crate::api::{Api, REFUSALS};

const NAME_MAX_CHARS: usize = 250;

/// The person that the lead's record hangs on.
pub(crate) struct Person {
    pub(crate) id: u64,
    /// What Pipedrive did not take for a person who was known, with labels for people.
    pub(crate) not_added: Vec<(&'static str, String)>,
}

/// The draft's person, who is found or created; or the fields that Pipedrive refuses.
pub(crate) fn write<'a>(api: &Api<'a>, draft: &Draft) -> Result<Written<'a, Person>, Stop> {
    for kind in [Detail::Email, Detail::Phone] {
        if let Some(value) = kind.of(draft)
            && let Some(found) =
                oldest(api, api.calls.call(kind.search(api, kind.step(), value))?, kind, value)?
        {
            return Ok(Written::Done(with_details(api, draft, &found)?));
        }
    }
    create(api, draft)
}

/// What a person is found by, and has several of.
#[derive(Clone, Copy, PartialEq)]
enum Detail {
    Email,
    Phone,
}

impl Detail {
    fn of(self, draft: &Draft) -> Option<&str> {
        match self {
            Self::Email => draft.lead.email.as_deref(),
            Self::Phone => draft.lead.phone.as_deref(),
        }
    }

    /// Its members in a person.
    fn members(self) -> &'static str {
        match self {
            Self::Email => "emails",
            Self::Phone => "phones",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Email => "work",
            Self::Phone => "mobile",
        }
    }

    fn step(self) -> &'static str {
        match self {
            Self::Email => "find-person-by-email",
            Self::Phone => "find-person-by-phone",
        }
    }

    /// A search for the persons that may have the value. Pipedrive compares texts: of a phone number that can be read, it
    /// looks for the digits that every spelling has.
    fn search(self, api: &Api<'_>, step: &str, value: &str) -> Request {
        let search = Request::get(step).path("/v2/persons/search");
        let number = phone::Phone::parse(value, api.settings.home()).filter(|_| self == Self::Phone);
        let (field, term, exact) = match (self, &number) {
            (Self::Email, _) => ("email", value, "true"),
            (Self::Phone, Some(number)) => ("phone", number.national(), "false"),
            (Self::Phone, None) => ("phone", value, "true"),
        };
        search.query("term", term).query("fields", field).query("exact_match", exact)
    }

    fn is_same(self, api: &Api<'_>, one: &str, other: &str) -> bool {
        match self {
            Self::Email => one.to_lowercase() == other.to_lowercase(),
            Self::Phone => one == other || phone::is_same(one, other, api.settings.home()),
        }
    }
}

/// The found person that has been there longest, so that a duplicate made elsewhere does not catch the leads. A search
/// finds parts of numbers, too: those are not who it was.
fn oldest(api: &Api<'_>, reply: &Reply, kind: Detail, value: &str) -> Result<Option<Value>, Failure> {
    let items = reply.find("/data/items")?.unwrap_or_default();
    let persons = items.as_array().into_iter().flatten().map(|item| &item["item"]);
    let is_same = |person: &&Value| {
        let known = person[kind.members()].as_array();
        // An answer without them was exact.
        known.is_none_or(|known| {
            known.iter().filter_map(Value::as_str).any(|known| kind.is_same(api, known, value))
        })
    };
    Ok(persons
        .filter(|person| person["id"].is_u64())
        .filter(is_same)
        .min_by_key(|person| person["id"].as_u64())
        .cloned())
}

/// The person, who gets the address or the number that is new. If Pipedrive does not take it, the lead arrives all the same.
fn with_details(api: &Api<'_>, draft: &Draft, found: &Value) -> Result<Person, Stop> {
    let id = found["id"].as_u64().unwrap_or_default();
    let new: Vec<(Detail, &str)> = [Detail::Email, Detail::Phone]
        .into_iter()
        .filter_map(|kind| Some((kind, kind.of(draft)?)))
        .filter(|(kind, value)| {
            let known = found[kind.members()].as_array().into_iter().flatten().filter_map(Value::as_str);
            found[kind.members()].is_array()
                && !known.into_iter().any(|known| kind.is_same(api, known, value))
        })
        .collect();
    if new.is_empty() {
        return Ok(Person { id, not_added: Vec::new() });
    }
    // The whole list is replaced, so it is read with its labels first.
    let path = format!("/v2/persons/{id}");
    let person = api.calls.so_far.call(Request::get("get-person").path(&path).accept(&REFUSALS))?;
    let lists = new.iter().map(|(kind, value)| (kind.members().to_owned(), list_with(person, *kind, value)));
    let change: Map<String, Value> = lists.collect();
    let update = Request::patch("update-person").path(path).json(&change).accept(&REFUSALS).idempotent();
    let is_added =
        !REFUSALS.contains(&person.status) && !REFUSALS.contains(&api.calls.so_far.call(update)?.status);
    let not_added = new.iter().filter(|_| !is_added).map(|(kind, value)| {
        log::warn("Pipedrive did not take what is new of the person. It is kept in the note.");
        let label = if *kind == Detail::Email { "New e-mail" } else { "New phone" };
        (label, (*value).to_owned())
    });
    Ok(Person { id, not_added: not_added.collect() })
}

/// The person's list of this kind, with one more.
fn list_with(person: &Reply, kind: Detail, value: &str) -> Value {
    let known = person.find(&format!("/data/{}", kind.members())).ok().flatten().unwrap_or_default();
    let item = |item: &Value| {
        let members = ["value", "primary", "label"].iter().filter(|member| !item[**member].is_null());
        members.map(|member| ((*member).to_owned(), item[*member].clone())).collect::<Map<_, _>>()
    };
    let mut list: Vec<Value> =
        known.as_array().into_iter().flatten().map(|known| item(known).into()).collect();
    list.push(json!({ "value": value, "primary": list.is_empty(), "label": kind.label() }));
    list.into()
}

fn create<'a>(api: &Api<'a>, draft: &Draft) -> Result<Written<'a, Person>, Stop> {
    let step = draft.step("create-person");
    let request = Request::post(&step).path("/v2/persons").json(&members(api, draft)).accept(&[400, 422]);
    let person = |id| Written::Done(Person { id, not_added: Vec::new() });
    let created = |reply: &'a Reply| match reply.status {
        400 | 422 => {
            let names = [("email", "email"), ("phone", "phone"), ("name", "name:")];
            let error = reply.find("/error").ok().flatten().unwrap_or_default();
            Ok(Written::Refused(reply, draft.named_in(error.as_str().unwrap_or_default(), &names)))
        }
        _ => reply.number("/data/id").map(person),
    };
    let key = [Detail::Email, Detail::Phone].into_iter().find_map(|kind| Some((kind, kind.of(draft)?)));
    let Some((kind, value)) = key else {
        // Only a name, or not even that: a second person does less harm than writing to a namesake's.
        if api.calls.so_far.uncertain.as_ref() == Some(&step) {
            log::warn("The person may exist already. Nothing identifies it, so it is created again.");
        }
        return Ok(created(api.calls.call(request)?)?);
    };
    let found = |reply: &'a Reply| {
        let found = oldest(api, reply, kind, value)?;
        Ok(found.and_then(|found| found["id"].as_u64()).map(person))
    };
    api.calls.create_once(request, || kind.search(api, "find-created-person", value), found, created)
}

/// The person's members. What is not known is left out; an empty item would be refused.
fn members(api: &Api<'_>, draft: &Draft) -> Map<String, Value> {
    let name = draft.lead.display_name();
    let list = |kind: Detail| {
        kind.of(draft).map(|value| json!([{ "value": value, "primary": true, "label": kind.label() }]))
    };
    let members = [
        ("name", Some(text::truncate(&name, NAME_MAX_CHARS).into())),
        ("emails", list(Detail::Email)),
        ("phones", list(Detail::Phone)),
        ("owner_id", api.settings.owner_id.map(Value::from)),
        ("visible_to", api.settings.visible_to().map(Value::from)),
    ];
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
