//! What the webhook's owner can set.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The request that a lead becomes. Texts may hold expressions in double braces: {{ lead.name }} and .phone, .email,
/// .message, .channel, .conversation_id or any other member of the lead; {{ event.id }}, .created_at, .project_id;
/// {{ payload }} for the whole event; {{ title }} for a title such as John Smith (telegram).
#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "JSON template")]
pub(crate) struct Settings {
    /// The method of the request. GET sends no body.
    #[schemars(title = "Method")]
    pub(crate) method: Method,
    /// What follows the webhook's URL, such as /contacts/{{ lead.phone }}?source={{ lead.channel }}. Values are encoded.
    #[schemars(title = "Path")]
    pub(crate) path: String,
    /// Headers by name, such as idempotency-key: {{ event.id }}. Credentials belong in the webhook's own headers.
    #[schemars(title = "Headers")]
    pub(crate) headers: BTreeMap<String, String>,
    /// The body. A text that is one expression becomes its value: a text, number, list or object. A member whose value
    /// is missing is left out; `{{ lead.email or none }}` sends null for it. An object with the member `$if` is left out
    /// unless that is true.
    #[schemars(title = "Body", schema_with = "body_schema")]
    pub(crate) body: Value,
    /// Sending the same lead twice does no harm, because the target recognizes it by an ID in the request.
    #[schemars(title = "Safe to repeat")]
    pub(crate) idempotent: bool,
    /// Statuses besides 200 to 299 that mean success, such as 409 for a lead that exists already.
    #[schemars(title = "Further success statuses", inner(range(min = 300, max = 599)), length(max = 64))]
    pub(crate) accept: Vec<u16>,
    /// An expression that is true if the target has taken the lead, for APIs that answer 200 to everything, such as
    /// reply.body.ok. Empty: the status alone decides.
    #[schemars(title = "Success if")]
    pub(crate) success_if: String,
    /// What the log calls the record, such as ticket/{{ reply.body.id }}.
    #[schemars(title = "Record")]
    pub(crate) reference: String,
    /// A link that opens the record, such as https://desk.example.com/tickets/{{ reply.body.id }}. Values are encoded.
    #[schemars(title = "Link to the record")]
    pub(crate) link: String,
}

#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
pub(crate) enum Method {
    Post,
    Put,
    Patch,
    Get,
}

impl Default for Settings {
    fn default() -> Self {
        let lead = json!({
            "name": "{{ lead.name }}",
            "phone": "{{ lead.phone }}",
            "email": "{{ lead.email }}",
            "message": "{{ lead.message }}",
            "channel": "{{ lead.channel }}",
            "conversation_id": "{{ lead.conversation_id }}",
            "created_at": "{{ event.created_at }}",
        });
        Self {
            method: Method::Post,
            path: String::new(),
            headers: BTreeMap::new(),
            body: lead,
            idempotent: false,
            accept: Vec::new(),
            success_if: String::new(),
            reference: String::new(),
            link: String::new(),
        }
    }
}

fn body_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["object", "array"] })
}
