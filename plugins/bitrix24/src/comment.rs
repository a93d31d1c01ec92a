//! The comment on a lead that is there already.

use hookwright_sdk::{Failure, Lead, Reply, Stop};
use serde_json::{Value, json};

use crate::api::{Api, method};
use crate::story;

/// Comments on the lead.
pub(crate) fn create(api: &Api<'_>, lead: &Lead, id: u64, story: &str) -> Result<(), Stop> {
    // The event's id tells this comment from others of the same words.
    let text = format!("{}\n\n{story}\nEvent: {}", story::heading(lead), api.event.id);
    let comment = json!({ "fields": { "ENTITY_ID": id, "ENTITY_TYPE": "lead", "COMMENT": text } });
    let look = json!({
        "filter": { "ENTITY_ID": id, "ENTITY_TYPE": "lead" }, "order": { "ID": "DESC" }, "select": ["ID", "COMMENT"],
    });
    api.calls.create_once(
        method("comment", "crm.timeline.comment.add", &comment),
        || method("find-comment", "crm.timeline.comment.list", &look).idempotent(),
        |reply| Ok(is_among(reply, &api.event.id)?.then_some(())),
        |reply| reply.id("/result").map(drop),
    )
}

/// Whether one of the comments is this event's. What was cut at the host's limit is not seen: rather a comment twice than
/// none.
fn is_among(reply: &Reply, event: &str) -> Result<bool, Failure> {
    if reply.truncated {
        return Ok(reply.body.contains(event));
    }
    let comments = reply.find("/result")?;
    let comments = comments.as_ref().and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    Ok(comments.iter().any(|comment| comment["COMMENT"].as_str().is_some_and(|text| text.contains(event))))
}
