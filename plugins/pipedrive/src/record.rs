//! The lead or deal of a person.

use hookwright_sdk::{Event, Failure, Lead, Reply, Request, Stop, text, time};
use serde_json::{Map, Value, json};

use crate::api::Api;
use crate::settings::Kind;

const TITLE_MAX_CHARS: usize = 250;
/// Pipedrive documents no limit; its texts have 255 characters.
const ORIGIN_MAX_UNITS: usize = 255;
/// How many of the person's newest records a look goes through: the host cuts off a reply with many more.
const LOOKED_THROUGH: &str = "20";
/// How far the producer's clock may be ahead of Pipedrive's.
const CLOCK_SKEW_MILLIS: i64 = 60_000;

/// What was created for the lead, by its id in Pipedrive.
pub(crate) enum Record {
    /// A UUID.
    Lead(String),
    /// A number.
    Deal(u64),
}

impl Record {
    /// What the receipt names.
    pub(crate) fn reference(&self) -> String {
        match self {
            Self::Lead(id) => format!("lead/{id}"),
            Self::Deal(id) => format!("deal/{id}"),
        }
    }

    /// Its page below the company's address.
    pub(crate) fn page(&self) -> String {
        match self {
            Self::Lead(id) => format!("leads/inbox/{id}"),
            Self::Deal(id) => format!("deal/{id}"),
        }
    }
}

/// Creates the lead or deal on the person.
pub(crate) fn create(api: &Api<'_>, event: &Event, lead: &Lead, person: u64) -> Result<Record, Stop> {
    let title = lead.title();
    let title = text::truncate(&title, TITLE_MAX_CHARS);
    let since = time::unix_millis(&event.created_at)? - CLOCK_SKEW_MILLIS;
    let conversation = lead.conversation_id.as_deref().map(|id| text::key(id, ORIGIN_MAX_UNITS));
    let wanted = Wanted { title: &title, conversation: conversation.as_deref(), since };
    let person_id = person.to_string();
    match api.settings.create {
        Kind::Lead => api.calls.create_once(
            Request::post("create-lead").path("/v1/leads").json(&lead_body(api, &wanted, person)),
            || {
                Request::get("find-lead")
                    .path("/v1/leads")
                    .query("person_id", &person_id)
                    .query("sort", "add_time DESC")
                    .query("limit", LOOKED_THROUGH)
            },
            |reply| {
                wanted.find_in(reply)?.map(|at| reply.uuid(&at)).transpose().map(|id| id.map(Record::Lead))
            },
            |reply| reply.uuid("/data/id").map(Record::Lead),
        ),
        Kind::Deal => api.calls.create_once(
            Request::post("create-deal").path("/v2/deals").json(&deal_body(api, &wanted, person)),
            || {
                let list = Request::get("find-deal").path("/v2/deals").query("person_id", &person_id);
                list.query("sort_by", "add_time")
                    .query("sort_direction", "desc")
                    .query("limit", LOOKED_THROUGH)
            },
            |reply| {
                wanted.find_in(reply)?.map(|at| reply.number(&at)).transpose().map(|id| id.map(Record::Deal))
            },
            |reply| reply.number("/data/id").map(Record::Deal),
        ),
    }
}

/// A version 1 request: the visibility is a text.
fn lead_body(api: &Api<'_>, wanted: &Wanted<'_>, person: u64) -> Map<String, Value> {
    let labels = &api.settings.label_ids;
    present([
        ("title", Some(wanted.title.into())),
        ("person_id", Some(person.into())),
        ("owner_id", api.settings.owner_id.map(Value::from)),
        ("label_ids", (!labels.is_empty()).then(|| json!(labels))),
        ("visible_to", api.settings.visible_to().map(|visible| visible.to_string().into())),
        ("origin_id", wanted.conversation.map(Value::from)),
    ])
}

/// A version 2 request: the visibility is a number.
fn deal_body(api: &Api<'_>, wanted: &Wanted<'_>, person: u64) -> Map<String, Value> {
    present([
        ("title", Some(wanted.title.into())),
        ("person_id", Some(person.into())),
        ("owner_id", api.settings.owner_id.map(Value::from)),
        ("pipeline_id", api.settings.pipeline_id.map(Value::from)),
        ("stage_id", api.settings.stage_id.map(Value::from)),
        ("visible_to", api.settings.visible_to().map(Value::from)),
    ])
}

fn present<const N: usize>(members: [(&str, Option<Value>); N]) -> Map<String, Value> {
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// What tells this event's record from the person's others.
struct Wanted<'a> {
    title: &'a str,
    conversation: Option<&'a str>,
    /// Unix milliseconds: the record is not older than its event.
    since: i64,
}

impl Wanted<'_> {
    /// The JSON pointer to the id of this event's record in a list of the person's records.
    fn find_in(&self, reply: &Reply) -> Result<Option<String>, Failure> {
        let data = reply.find("/data")?;
        let records = data.as_ref().and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        Ok(records.iter().position(|record| self.is_this(record)).map(|index| format!("/data/{index}/id")))
    }

    fn is_this(&self, record: &Value) -> bool {
        let text = |member: &str| record.get(member).and_then(Value::as_str);
        let is_new =
            text("add_time").and_then(|at| time::unix_millis(at).ok()).is_some_and(|at| at >= self.since);
        // Deals are created without the conversation's id, and a lead's may be missing.
        let same_conversation = match text("origin_id") {
            Some(origin) => Some(origin) == self.conversation,
            None => true,
        };
        is_new && same_conversation && text("title") == Some(self.title)
    }
}
