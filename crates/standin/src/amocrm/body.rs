//! The items of requests. Members that are not named here are refused.

use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lead {
    pub(super) name: Option<String>,
    pub(super) price: Option<u64>,
    pub(super) pipeline_id: Option<u64>,
    pub(super) status_id: Option<u64>,
    pub(super) responsible_user_id: Option<u64>,
    pub(super) created_at: Option<u64>,
    pub(super) request_id: Option<String>,
    #[serde(rename = "_embedded", default)]
    pub(super) embedded: LeadParts,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LeadParts {
    pub(super) contacts: Vec<Contact>,
    pub(super) tags: Vec<Tag>,
}

/// A contact, new or by its id.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contact {
    pub(super) id: Option<u64>,
    pub(super) name: Option<String>,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) responsible_user_id: Option<u64>,
    #[serde(default)]
    pub(super) custom_fields_values: Vec<CustomField>,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomField {
    pub(super) field_code: FieldCode,
    pub(super) values: Vec<FieldValue>,
}

/// The fields that every account's contacts have.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum FieldCode {
    Phone,
    Email,
    Position,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldValue {
    pub(super) value: String,
    pub(super) enum_code: Option<String>,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tag {
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Incoming {
    pub(super) source_uid: String,
    pub(super) source_name: String,
    pub(super) pipeline_id: Option<u64>,
    pub(super) created_at: Option<u64>,
    pub(super) request_id: Option<String>,
    pub(super) metadata: Form,
    #[serde(rename = "_embedded")]
    pub(super) embedded: IncomingParts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IncomingParts {
    pub(super) leads: Vec<IncomingLead>,
    #[serde(default)]
    pub(super) contacts: Vec<Contact>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IncomingLead {
    pub(super) name: Option<String>,
    pub(super) responsible_user_id: Option<u64>,
    #[serde(rename = "_embedded", default)]
    pub(super) embedded: IncomingLeadParts,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct IncomingLeadParts {
    pub(super) tags: Vec<Tag>,
}

/// The form that an incoming lead came from.
#[derive(Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    pub(super) form_id: String,
    pub(super) form_name: String,
    pub(super) form_page: String,
    pub(super) form_sent_at: u64,
    pub(super) ip: Option<String>,
    pub(super) referer: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    pub(super) note_type: NoteType,
    pub(super) params: NoteParams,
    pub(super) request_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum NoteType {
    Common,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoteParams {
    pub(super) text: String,
}
