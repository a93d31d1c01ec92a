//! Webhooks. Secrets go in and never come out: a URL is shown masked and a header's value as [`MASK`].

use std::collections::BTreeMap;

use hookwright_model::{Limits, Mapping, RetryPolicy, Webhook, WebhookState};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::plugin::VersionPinBody;

/// Stands for a stored value that is not shown. Given back, it keeps that value.
pub const MASK: &str = "***";

/// A webhook to create.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct NewWebhookBody {
    /// A name for people.
    #[serde(default)]
    pub name: String,
    /// Where the requests go.
    #[schema(format = "uri")]
    pub url: String,
    /// The events that it wants.
    #[schema(value_type = Vec<crate::schema::EventKind>)]
    pub events: Vec<String>,
    /// Headers of every request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How the event becomes requests; null forwards it unchanged.
    pub mapping: Option<MappingBody>,
    /// When failed attempts are repeated.
    #[serde(default)]
    pub retry: RetryPatch,
    /// How much at once, and how long.
    #[serde(default)]
    pub limits: WebhookLimitsPatch,
    /// Whether it is delivered to at once; it is if this is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Switch>,
}

/// Changes to a webhook. What is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct WebhookPatch {
    /// A name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where the requests go. The masked URL keeps the stored one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri")]
    pub url: Option<String>,
    /// The events that it wants.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<crate::schema::EventKind>>)]
    pub events: Option<Vec<String>>,
    /// Merged by name: null removes a header, `***` keeps its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, Option<String>>>,
    /// Null removes the mapping.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MappingBody>)]
    pub mapping: Option<Option<MappingBody>>,
    /// When failed attempts are repeated.
    #[serde(default, skip_serializing_if = "RetryPatch::is_empty")]
    pub retry: RetryPatch,
    /// How much at once, and how long.
    #[serde(default, skip_serializing_if = "WebhookLimitsPatch::is_empty")]
    pub limits: WebhookLimitsPatch,
    /// Pauses or enables it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Switch>,
}

/// Tells a member that is null from one that is absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<MappingBody>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// The states that a person can switch a webhook to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// Deliver.
    Active,
    /// Deliver nothing; deliveries wait.
    Paused,
}

/// A plugin with its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct MappingBody {
    /// The plugin's name.
    pub plugin: String,
    /// Which version of it.
    #[serde(default)]
    pub version: VersionPinBody,
    /// The plugin's settings.
    #[serde(default = "no_settings")]
    #[schema(value_type = Object)]
    pub settings: Value,
}

/// Settings without any.
pub fn no_settings() -> Value {
    Value::Object(Map::new())
}

impl From<&Mapping> for MappingBody {
    fn from(mapping: &Mapping) -> Self {
        Self {
            plugin: mapping.plugin.to_string(),
            version: mapping.version.into(),
            settings: mapping.settings.to_json(),
        }
    }
}

/// When failed attempts are repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetryPolicyBody {
    /// The first wait.
    pub first_secs: u64,
    /// How much longer each wait is than the one before.
    pub factor: u32,
    /// The longest wait.
    pub max_secs: u64,
    /// How far a wait is moved by chance.
    pub jitter_percent: u8,
    /// When a delivery is given up, from its first attempt.
    pub give_up_after_secs: u64,
}

impl From<&RetryPolicy> for RetryPolicyBody {
    fn from(policy: &RetryPolicy) -> Self {
        Self {
            first_secs: policy.first.as_secs(),
            factor: policy.factor,
            max_secs: policy.max.as_secs(),
            jitter_percent: policy.jitter_percent,
            give_up_after_secs: policy.give_up_after.as_secs(),
        }
    }
}

/// Changes to a `RetryPolicyBody`. What is absent stays as it is, or is the default of a new webhook.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct RetryPatch {
    /// The first wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_secs: Option<u64>,
    /// How much longer each wait is than the one before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<u32>,
    /// The longest wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_secs: Option<u64>,
    /// How far a wait is moved by chance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter_percent: Option<u8>,
    /// When a delivery is given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub give_up_after_secs: Option<u64>,
}

impl RetryPatch {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How much at once, and how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookLimitsBody {
    /// The most deliveries under way at once.
    pub concurrency: u16,
    /// How long one request may take.
    pub timeout_secs: u64,
}

impl From<&Limits> for WebhookLimitsBody {
    fn from(limits: &Limits) -> Self {
        Self { concurrency: limits.concurrency, timeout_secs: limits.timeout.as_secs() }
    }
}

/// Changes to a `WebhookLimitsBody`. What is absent stays as it is, or is the default of a new webhook.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct WebhookLimitsPatch {
    /// The most deliveries under way at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u16>,
    /// How long one request may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_secs: Option<u64>,
}

impl WebhookLimitsPatch {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WebhookBody {
    /// Its id.
    #[schema(value_type = crate::schema::WebhookId)]
    pub id: String,
    /// Its project.
    #[schema(value_type = crate::schema::ProjectId)]
    pub project: String,
    /// A name for people; may be empty.
    pub name: String,
    /// Where the requests go, masked.
    pub url: String,
    /// The events that it wants.
    #[schema(value_type = Vec<crate::schema::EventKind>)]
    pub events: Vec<String>,
    /// The headers of every request; each value is `***`.
    pub headers: BTreeMap<String, String>,
    /// How the event becomes requests; null forwards it unchanged.
    #[schema(required = true)]
    pub mapping: Option<MappingBody>,
    /// When failed attempts are repeated.
    pub retry: RetryPolicyBody,
    /// How much at once, and how long.
    pub limits: WebhookLimitsBody,
    /// `active`, `paused` or `disabled`.
    #[schema(value_type = crate::schema::WebhookState)]
    pub state: String,
    /// Why the server switched it off: `gone`.
    #[schema(value_type = Option<crate::schema::DisableReason>, required = true)]
    pub disabled_reason: Option<String>,
    /// Since when it is in this state.
    #[schema(format = DateTime)]
    pub state_since: String,
    /// Nothing is sent to it for a while; absent while it is delivered to as usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub lane: Option<LaneBody>,
    /// Signs its requests. Shown once, when the webhook is created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub signing_secret: Option<String>,
    /// Counts its changes; the `etag`.
    pub revision: u64,
    /// When it was created.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    pub updated_at: String,
    /// What is doubtful about it, for people. Only in answers to changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A time in which nothing is sent to a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LaneBody {
    /// When the next request may be sent.
    #[schema(format = DateTime)]
    pub resting_until: String,
    /// Why, for people: `HubSpot asked for a pause`.
    pub reason: String,
}

impl WebhookBody {
    /// The webhook with the secret that signs its requests.
    pub fn with_secret(webhook: &Webhook) -> Self {
        Self { signing_secret: Some(webhook.secrets.current.reveal()), ..Self::from(webhook) }
    }
}

impl From<&Webhook> for WebhookBody {
    fn from(webhook: &Webhook) -> Self {
        let (state, reason) = state(webhook.state);
        Self {
            id: webhook.id.to_string(),
            project: webhook.project.to_string(),
            name: webhook.name.clone(),
            url: webhook.url.masked(),
            events: webhook.events.iter().map(|kind| kind.as_str().to_owned()).collect(),
            headers: webhook.headers.iter().map(|(name, _)| (name.to_string(), MASK.to_owned())).collect(),
            mapping: webhook.mapping.as_ref().map(MappingBody::from),
            retry: (&webhook.retry).into(),
            limits: (&webhook.limits).into(),
            state: state.to_owned(),
            disabled_reason: reason.map(str::to_owned),
            state_since: webhook.state_since.to_string(),
            lane: None,
            signing_secret: None,
            revision: webhook.revision,
            created_at: webhook.created_at.to_string(),
            updated_at: webhook.updated_at.to_string(),
            warnings: Vec::new(),
        }
    }
}

pub(crate) fn state(state: WebhookState) -> (&'static str, Option<&'static str>) {
    match state {
        WebhookState::Active => ("active", None),
        WebhookState::Paused => ("paused", None),
        WebhookState::Disabled(reason) => ("disabled", Some(reason.as_str())),
    }
}
