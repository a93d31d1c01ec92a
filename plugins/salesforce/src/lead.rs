//! Making the lead.

use hookwright_sdk::{Draft, Event, Reply, Request, Stop, Written, log, time};

use crate::api::{Api, refused_fields, soql_text};
use crate::fields::{self, Fields};

/// How far the producer's clock may be ahead of Salesforce's.
const CLOCK_SKEW_SECS: u32 = 60;

/// A lead that was written: its id, unless Salesforce does not say.
pub(crate) type Id = Option<String>;

/// Writes to the conversation's lead, or makes it.
pub(crate) fn upsert<'a>(
    api: &Api<'a>,
    draft: &Draft,
    field: &str,
    conversation: &str,
) -> Result<Written<'a, Id>, Stop> {
    let id = fields::external_id(conversation);
    let path = api.path(&format!("sobjects/Lead/{field}/{}", hookwright_sdk::text::url_part(&id)));
    if id != conversation {
        let words =
            "The conversation's ID does not fit an external ID, so that a shortened one takes its place.";
        log::warn_once(api.calls.so_far, words);
    }
    let find = |step: &str| Request::get(step).path(path.clone()).query("fields", "Id").accept(&[404]);
    let found = api.calls.call(find("find-lead"))?;
    let write = |step: &str, fields: &Fields| {
        api.saving(Request::patch(&draft.step(step))).path(path.clone()).json(fields).idempotent()
    };
    if found.status == 404 {
        let created = api.calls.call(write("create-lead", &fields::of_new(draft, api.settings)))?;
        return Ok(match created.status {
            400 => refused(draft, created),
            // Somebody else has made it since: Salesforce updates it, and older versions do not say which it is.
            204 => {
                let now = api.calls.call(find("find-written-lead"))?;
                Written::Done(now.word("/Id").ok())
            }
            _ => Written::Done(Some(created.word("/id")?)),
        });
    }
    let id = found.word("/Id")?;
    // Never a stand-in, which would erase the real name or company.
    let updated = api.calls.call(write("update-lead", &fields::known(draft, api.settings)))?;
    Ok(if updated.status == 400 { refused(draft, updated) } else { Written::Done(Some(id)) })
}

/// Makes a lead that nothing tells apart. After a lost answer it is looked for first.
pub(crate) fn create<'a>(api: &Api<'a>, event: &Event, draft: &Draft) -> Result<Written<'a, Id>, Stop> {
    let fields = fields::of_new(draft, api.settings);
    let step = draft.step("create-lead");
    let create = api.saving(Request::post(&step)).path(api.path("sobjects/Lead")).json(&fields);
    let created = |reply: &'a Reply| match reply.status {
        400 => Ok(refused(draft, reply)),
        _ => reply.word("/id").map(|id| Written::Done(Some(id))),
    };
    if fields.contains_key("Email") || fields.contains_key("Phone") {
        let look = look(api, event, &fields)?;
        let found = |reply: &Reply| match reply.find("/records/0")? {
            Some(_) => reply.word("/records/0/Id").map(|id| Some(Written::Done(Some(id)))),
            None => Ok(None),
        };
        return api.calls.create_once(create, || look, found, created);
    }
    if api.calls.so_far.uncertain.as_ref() == Some(&step) {
        log::warn("The lead may exist already. Nothing identifies it, so it is created again.");
    }
    Ok(created(api.calls.call(create)?)?)
}

/// The fields of the lead that Salesforce names in its refusal.
fn refused<'a>(draft: &Draft, reply: &'a Reply) -> Written<'a, Id> {
    let names =
        [("email", "\"email\""), ("phone", "\"phone\""), ("name", "\"firstname\""), ("name", "\"lastname\"")];
    Written::Refused(reply, draft.named_in(&refused_fields(reply).unwrap_or_default(), &names))
}

/// A search for the lead as it would have been created. Its description cannot be searched for.
fn look(api: &Api<'_>, event: &Event, fields: &Fields) -> Result<Request, Stop> {
    let is = |name: &str| {
        let value = fields.get(name).and_then(|value| value.as_str());
        format!("{name} = {}", value.map_or_else(|| "null".to_owned(), soql_text))
    };
    let since = time::seconds_before(&event.created_at, CLOCK_SKEW_SECS)?;
    let conditions = ["LastName", "FirstName", "Email", "Phone"].map(is).join(" AND ");
    let soql = format!(
        "SELECT Id FROM Lead WHERE {conditions} AND CreatedDate >= {since} ORDER BY CreatedDate DESC LIMIT 1"
    );
    Ok(Request::get("find-lead").path(api.path("query")).query("q", &soql))
}
