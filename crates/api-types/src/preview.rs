//! Previews: what a delivery would do next.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::delivery::{AttemptErrorBody, LogLineBody, ReceiptBody};
use crate::plugin::VersionPinBody;
use crate::raw;
use crate::webhook::no_settings;

/// What to preview.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct PreviewRequest {
    /// Which version of the plugin.
    #[serde(default)]
    pub version: VersionPinBody,
    /// The settings of the webhook.
    #[serde(default = "no_settings")]
    #[schema(value_type = Object)]
    pub settings: Value,
    /// Absent: the sample. A text: the id of an event that the project has received. An object: an event.
    #[schema(value_type = Option<crate::schema::PreviewEvent>)]
    pub event: Option<Box<RawValue>>,
    /// What has happened to the delivery so far.
    #[serde(default)]
    pub history: HistoryBody,
    /// The webhook's URL; absent: the one that the plugin proposes.
    #[schema(format = "uri")]
    pub url: Option<String>,
}

/// What has happened to a delivery, in the words of its log.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct HistoryBody {
    /// The replies so far.
    #[serde(default)]
    pub replies: Vec<ReplyBody>,
    /// The step that may have reached the target although no reply was seen.
    pub uncertain: Option<String>,
}

/// A reply of the target.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct ReplyBody {
    /// The step that it replies to.
    pub step: String,
    /// Its status.
    #[schema(minimum = 100, maximum = 999)]
    pub status: u16,
    /// Its headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Its body.
    #[serde(default)]
    pub body: String,
    /// Whether the body was longer than what is kept.
    #[serde(default)]
    pub truncated: bool,
}

/// The answer to a `PreviewRequest`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Box<RawValue>")]
pub struct PreviewedBody {
    /// The plugin that was asked, and the event that it was shown.
    #[serde(flatten)]
    pub subject: PreviewSubject,
    /// What a delivery would do.
    #[serde(flatten)]
    pub preview: PreviewBody,
}

/// Which plugin was asked about which event.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PreviewSubject {
    /// The plugin's name.
    pub plugin: String,
    /// The version's number.
    #[schema(minimum = 1)]
    pub version: u32,
    /// The component's digest.
    #[schema(value_type = crate::schema::Digest)]
    pub digest: String,
    /// The event as it was received.
    #[schema(value_type = Option<Object>, required = true)]
    pub event: Option<Box<RawValue>>,
}

impl TryFrom<Box<RawValue>> for PreviewedBody {
    type Error = serde_json::Error;

    fn try_from(json: Box<RawValue>) -> Result<Self, Self::Error> {
        let (subject, preview) = raw::two(&json)?;
        Ok(Self { subject, preview })
    }
}

/// What a delivery would do next, what the plugin logged, and what it used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviewBody {
    /// What the delivery would do.
    pub next: PlannedBody,
    /// What the plugin logged.
    pub logs: Vec<LogLineBody>,
    /// What the plugin used.
    pub usage: UsageBody,
}

/// What a delivery would do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "lowercase")]
pub enum PlannedBody {
    /// Send a request whose success completes it.
    Deliver(PlannedRequestBody),
    /// Send a request, then ask the plugin again.
    Call(PlannedRequestBody),
    /// End as delivered.
    Done {
        /// What the lead became.
        receipt: ReceiptBody,
    },
    /// End as skipped.
    Skip {
        /// Why.
        reason: String,
    },
    /// Be tried again.
    Retry {
        /// What went wrong.
        error: AttemptErrorBody,
        /// When; null: by the webhook's schedule.
        #[schema(required = true)]
        after_secs: Option<u32>,
    },
    /// Wait for a person.
    Hold {
        /// What went wrong.
        error: AttemptErrorBody,
        /// What to do about it.
        #[schema(required = true)]
        hint: Option<String>,
    },
}

/// A request as it would be sent, without the headers of the webhook and of its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlannedRequestBody {
    /// The plugin's name for it.
    pub step: String,
    /// Its method.
    pub method: String,
    /// What the plugin appends to the webhook's URL.
    #[schema(required = true)]
    pub path: Option<String>,
    /// The whole URL.
    #[schema(format = "uri")]
    pub url: String,
    /// Its headers.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    #[schema(required = true)]
    pub body: Option<String>,
    /// The statuses that the plugin takes as a success besides 2xx.
    pub accept: Vec<u16>,
    /// Whether sending it twice does no harm.
    pub idempotent: bool,
}

/// What a run of a plugin used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageBody {
    /// Instructions.
    pub instructions: u64,
    /// Linear memory.
    pub memory_bytes: u64,
    /// Time.
    pub duration_us: u64,
}
