//! Making the lead.

use hookwright_sdk::{Event, Lead, Reply, Request, Stop, log, text, time};

use crate::api::{Api, soql_text};
use crate::fields::{self, Fields};

/// How far the producer's clock may be ahead of Salesforce's.
const CLOCK_SKEW_SECS: u32 = 60;
/// Salesforce's limit of an external id.
const EXTERNAL_ID_MAX: usize = 255;

/// Writes to the conversation's lead, or makes it: its id.
pub(crate) fn upsert(api: &Api<'_>, lead: &Lead, field: &str, conversation: &str) -> Result<String, Stop> {
    let conversation = text::truncate_units(conversation, EXTERNAL_ID_MAX);
    let path = api.path(&format!("sobjects/Lead/{field}/{}", text::url_part(&conversation)));
    let find = Request::get("find-lead").path(path.clone()).query("fields", "Id").accept(&[404]);
    let found = api.calls.call(find)?;
    let write =
        |step: &str, fields: &Fields| api.saving(Request::patch(step)).path(path).json(fields).idempotent();
    if found.status == 404 {
        return Ok(api.calls.call(write("create-lead", &fields::of_new(lead, api.settings)))?.word("/id")?);
    }
    // Never a stand-in, which would erase the real name or company.
    api.calls.call(write("update-lead", &fields::known(lead, api.settings)))?;
    Ok(found.word("/Id")?)
}

/// Makes a lead that nothing tells apart: its id. After a lost answer it is looked for first.
pub(crate) fn create(api: &Api<'_>, event: &Event, lead: &Lead) -> Result<String, Stop> {
    let fields = fields::of_new(lead, api.settings);
    let create = api.saving(Request::post("create-lead")).path(api.path("sobjects/Lead")).json(&fields);
    let created = |reply: &Reply| reply.word("/id");
    if fields.contains_key("Email") || fields.contains_key("Phone") {
        let look = look(api, event, &fields)?;
        let found = |reply: &Reply| match reply.find("/records/0")? {
            Some(_) => reply.word("/records/0/Id").map(Some),
            None => Ok(None),
        };
        return api.calls.create_once(create, || look, found, created);
    }
    if api.calls.so_far.uncertain.as_deref() == Some("create-lead") {
        log::warn("the lead may exist already; it has nothing to be found by, so it is created again");
    }
    Ok(created(api.calls.call(create)?)?)
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
