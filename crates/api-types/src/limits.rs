//! Limits: those of the API itself, and all that a caller or a plugin can meet as JSON, whose names end with their units.

use std::collections::BTreeMap;

use hookwright_model::limits::{
    MAX_BATCH_DELIVERIES, MAX_CALLS, MAX_HEADER_HINTS, MAX_PLACEHOLDER_CHARS, MAX_REASON_CHARS,
    MAX_RECEIPT_URL_BYTES, MAX_REFERENCE_CHARS, MAX_REPLY_BODY_BYTES, MAX_REPLY_HEADER_BYTES,
    MAX_SCHEMA_BYTES, MAX_SCHEMA_PATTERN_BYTES, MAX_STEP_CHARS, MAX_SUMMARY_CHARS, MAX_TITLE_CHARS,
};
use hookwright_model::{CustomHeaders, Limits, PluginLimit, PluginLimits, Settings, TargetUrl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Bytes of a body, where nothing else is said.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
/// Bytes of one event: a lead with a long message, many times over.
pub const MAX_EVENT_BYTES: usize = 256 * 1024;
/// Bytes of a body with many events.
pub const MAX_BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Events of one body.
pub const MAX_BATCH_EVENTS: usize = 1_000;
/// Bytes of a request for a preview: every reply of a delivery, as large as it can be.
pub const MAX_PREVIEW_BYTES: usize = 2 * 1024 * 1024;
/// Items of a page.
pub const MAX_PAGE_ITEMS: usize = 200;
/// Items of a page if the caller names no number.
pub const DEFAULT_PAGE_ITEMS: usize = 50;
/// Characters of a name for people.
pub const MAX_NAME_CHARS: usize = 200;

macro_rules! group {
    ($(#[$doc:meta])* $name:ident { $($(#[$member_doc:meta])* $member:ident = $limit:expr;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        pub struct $name {
            $($(#[$member_doc])* pub $member: u64,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($member: $limit as u64,)* }
            }
        }
    };
}

group! {
    /// What a plugin may say about itself.
    DescriptionLimits {
        /// Characters of the title.
        title_chars = MAX_TITLE_CHARS;
        /// Characters of the summary.
        summary_chars = MAX_SUMMARY_CHARS;
        /// Headers that it names.
        headers = MAX_HEADER_HINTS;
        /// Characters of a header's placeholder.
        placeholder_chars = MAX_PLACEHOLDER_CHARS;
        /// Bytes of the schema of its settings.
        settings_schema_bytes = MAX_SCHEMA_BYTES;
        /// Memory that a pattern of the schema may compile to.
        settings_schema_pattern_bytes = MAX_SCHEMA_PATTERN_BYTES;
    }
}

group! {
    /// What a plugin may answer.
    ActionLimits {
        /// Characters of a step's name.
        step_chars = MAX_STEP_CHARS;
        /// Characters of a reason.
        reason_chars = MAX_REASON_CHARS;
        /// Characters of a receipt's reference.
        receipt_reference_chars = MAX_REFERENCE_CHARS;
        /// Bytes of a receipt's link.
        receipt_url_bytes = MAX_RECEIPT_URL_BYTES;
    }
}

group! {
    /// What a delivery may do and keep.
    DeliveryLimits {
        /// Requests besides the last one.
        calls = MAX_CALLS;
        /// Bytes of a reply's headers that are read.
        reply_header_bytes = MAX_REPLY_HEADER_BYTES;
        /// Bytes of a reply's body that are read.
        reply_body_bytes = MAX_REPLY_BODY_BYTES;
    }
}

group! {
    /// What a webhook may be.
    WebhookLimits {
        /// Bytes of its URL.
        url_bytes = TargetUrl::MAX_BYTES;
        /// Headers.
        headers = CustomHeaders::MAX;
        /// Bytes of a header's value.
        header_value_bytes = CustomHeaders::MAX_VALUE_BYTES;
        /// Bytes of its settings.
        settings_bytes = Settings::MAX_BYTES;
        /// Deliveries under way at once.
        concurrency = Limits::MAX_CONCURRENCY;
        /// Time of a request.
        timeout_ms = Limits::MAX_TIMEOUT.as_secs() * 1_000;
    }
}

group! {
    /// What a producer may send.
    EventLimits {
        /// Bytes of one event.
        bytes = MAX_EVENT_BYTES;
        /// Events of one body.
        batch_events = MAX_BATCH_EVENTS;
        /// Bytes of a body with many events.
        batch_bytes = MAX_BATCH_BYTES;
        /// Deliveries that a body with many events may lead to.
        batch_deliveries = MAX_BATCH_DELIVERIES;
    }
}

/// All limits, by what they are of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LimitsBody {
    /// What a plugin may be and use; an installation can change these.
    pub plugin: BTreeMap<String, u64>,
    /// What a plugin may say about itself.
    pub description: DescriptionLimits,
    /// What a plugin may answer.
    pub action: ActionLimits,
    /// What a delivery may do and keep.
    pub delivery: DeliveryLimits,
    /// What a webhook may be.
    pub webhook: WebhookLimits,
    /// What a producer may send.
    pub event: EventLimits,
    /// Bytes of any other body.
    pub request_bytes: u64,
}

impl From<&PluginLimits> for LimitsBody {
    fn from(limits: &PluginLimits) -> Self {
        Self {
            plugin: PluginLimit::ALL.iter().map(|limit| (limit.name.to_owned(), limit.get(limits))).collect(),
            description: DescriptionLimits::default(),
            action: ActionLimits::default(),
            delivery: DeliveryLimits::default(),
            webhook: WebhookLimits::default(),
            event: EventLimits::default(),
            request_bytes: MAX_BODY_BYTES as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_limit_is_a_number_above_nothing() {
        let limits = serde_json::to_value(LimitsBody::from(&PluginLimits::default())).unwrap();
        assert_eq!(limits["plugin"]["component_bytes"], 48 * 1024 * 1024);
        assert_eq!(limits["plugin"]["processor_ms"], 1_000);
        let groups = limits.as_object().unwrap().values();
        for group in groups.filter_map(Value::as_object) {
            assert!(group.values().all(|limit| limit.as_u64().is_some_and(|limit| limit > 0)), "{group:?}");
        }
    }
}
