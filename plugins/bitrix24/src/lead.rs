//! The lead, in the names of either method.

use hookwright_sdk::{Draft, Failure, Lead, Reply, Request, Stop, Written, text};
use serde_json::{Map, Value, json};

use crate::api::{Api, method};
use crate::settings::Method;

/// The portal's own number of the type of records that leads are.
const LEAD: u32 = 1;
/// Bitrix24 documents no limit; its columns have 255 characters.
const NAME_MAX_CHARS: usize = 250;
/// Tells what comes from here from what other systems create.
const ORIGINATOR: &str = "hookwright";

/// Creates the lead, on a contact that is known: its id, or the fields that Bitrix24 refuses.
pub(crate) fn create<'a>(
    api: &Api<'a>,
    draft: &Draft,
    contact: Option<u64>,
    story: &str,
) -> Result<Written<'a, String>, Stop> {
    let create = request(api, draft, contact, story).accept(&[400]);
    api.calls.create_once(
        create,
        || look(api).idempotent(),
        |reply| Ok(found(api, reply)?.map(Written::Done)),
        |reply| match (reply.status, api.settings.method) {
            (400, _) => Ok(refused(draft, reply)),
            (_, Method::Item) => reply.id("/result/item/id").map(Written::Done),
            (_, Method::Lead) => reply.id("/result").map(Written::Done),
        },
    )
}

/// The fields of the lead that a refusal names. Its words are in the portal's language, and may quote the value instead.
fn refused<'a>(draft: &Draft, reply: &'a Reply) -> Written<'a, String> {
    let names = [
        ("email", "email"),
        ("email", "e-mail"),
        ("email", "\"fm\""),
        ("phone", "phone"),
        ("phone", "\"fm\""),
        ("name", "\"name\""),
        ("name", "\"lastname\""),
        ("name", "\"last_name\""),
        ("channel", "sourcedescription"),
        ("channel", "source_description"),
    ];
    let words = reply.find("/error_description").ok().flatten().unwrap_or_default();
    Written::Refused(reply, draft.named_in(words.as_str().unwrap_or_default(), &names))
}

fn request(api: &Api<'_>, draft: &Draft, contact: Option<u64>, story: &str) -> Request {
    let lead = &draft.lead;
    let step = draft.step("create-lead");
    let mut fields: Map<String, Value> = Map::new();
    let members = members(api, lead, contact, story).into_iter();
    let present = members.filter_map(|(item, old, value)| Some((item, old, value?)));
    let details = [("PHONE", &lead.phone), ("EMAIL", &lead.email)];
    let details = details.into_iter().filter_map(|(kind, value)| Some((kind, value.as_deref()?)));
    match api.settings.method {
        Method::Item => {
            fields.extend(present.map(|(item, _, value)| (item.to_owned(), value)));
            let details: Vec<Value> = details
                .map(|(kind, value)| json!({ "typeId": kind, "valueType": "WORK", "value": value }))
                .collect();
            if !details.is_empty() {
                fields.insert("fm".to_owned(), details.into());
            }
            method(&step, "crm.item.add", &json!({ "entityTypeId": LEAD, "fields": fields }))
        }
        Method::Lead => {
            fields.extend(present.map(|(_, old, value)| (old.to_owned(), value)));
            let list = |value| json!([{ "VALUE": value, "VALUE_TYPE": "WORK" }]);
            fields.extend(details.map(|(kind, value)| (kind.to_owned(), list(value))));
            let body = json!({ "fields": fields, "params": { "REGISTER_SONET_EVENT": "Y" } });
            method(&step, "crm.lead.add", &body)
        }
    }
}

/// The members in the names of the current method and of the older one; each ignores the other's without a word.
fn members<'a>(
    api: &'a Api<'_>,
    lead: &'a Lead,
    contact: Option<u64>,
    story: &'a str,
) -> [(&'static str, &'static str, Option<Value>); 11] {
    let short = |name: &str| Value::from(text::truncate(name, NAME_MAX_CHARS));
    let (first, last) = lead.name.as_deref().map(text::split_name).unzip();
    let settings = api.settings;
    [
        ("title", "TITLE", Some(short(&lead.title()))),
        ("name", "NAME", first.map(short)),
        ("lastName", "LAST_NAME", last.flatten().map(short)),
        ("sourceId", "SOURCE_ID", settings.source_id().map(Value::from)),
        ("sourceDescription", "SOURCE_DESCRIPTION", lead.channel.as_deref().map(short)),
        ("stageId", "STATUS_ID", settings.stage_id().map(Value::from)),
        ("assignedById", "ASSIGNED_BY_ID", settings.assigned_by_id.map(Value::from)),
        ("contactId", "CONTACT_ID", contact.map(Value::from)),
        ("comments", "COMMENTS", Some(story.into())),
        ("originatorId", "ORIGINATOR_ID", Some(ORIGINATOR.into())),
        // Not the conversation, which may give several leads: after a lost answer, an earlier one of them would be taken
        // for this one.
        ("originId", "ORIGIN_ID", Some(api.event.id.as_str().into())),
    ]
}

fn look(api: &Api<'_>) -> Request {
    let id = &api.event.id;
    match api.settings.method {
        Method::Item => {
            let filter = json!({ "=originatorId": ORIGINATOR, "=originId": id });
            let body = json!({ "entityTypeId": LEAD, "filter": filter, "select": ["id"] });
            method("find-lead", "crm.item.list", &body)
        }
        Method::Lead => {
            let filter = json!({ "=ORIGINATOR_ID": ORIGINATOR, "=ORIGIN_ID": id });
            method("find-lead", "crm.lead.list", &json!({ "filter": filter, "select": ["ID"] }))
        }
    }
}

fn found(api: &Api<'_>, reply: &Reply) -> Result<Option<String>, Failure> {
    let at = match api.settings.method {
        Method::Item => "/result/items/0/id",
        Method::Lead => "/result/0/ID",
    };
    reply.find(at)?.map(|_| reply.id(at)).transpose()
}
