//! Limits as JSON: numbers whose names end with their units.

use hookwright_model::limits::{
    MAX_CALLS, MAX_HEADER_HINTS, MAX_PLACEHOLDER_CHARS, MAX_REASON_CHARS, MAX_RECEIPT_URL_BYTES,
    MAX_REFERENCE_CHARS, MAX_REPLY_BODY_BYTES, MAX_REPLY_HEADER_BYTES, MAX_SCHEMA_BYTES,
    MAX_SCHEMA_PATTERN_BYTES, MAX_STEP_CHARS, MAX_SUMMARY_CHARS, MAX_TITLE_CHARS,
};
use hookwright_model::{CustomHeaders, Limits, PluginLimit, PluginLimits, Settings, TargetUrl};
use serde_json::{Map, Value, json};

use crate::{events, router};

/// All limits, by what they are of.
#[derive(serde::Serialize)]
#[serde(transparent)]
pub(crate) struct LimitsDto(Value);

impl LimitsDto {
    pub(crate) fn of(plugin: &PluginLimits) -> Self {
        let plugin: Map<String, Value> =
            PluginLimit::ALL.iter().map(|limit| (limit.name.to_owned(), limit.get(plugin).into())).collect();
        Self(json!({
            "plugin": plugin,
            "description": {
                "title_chars": MAX_TITLE_CHARS,
                "summary_chars": MAX_SUMMARY_CHARS,
                "headers": MAX_HEADER_HINTS,
                "placeholder_chars": MAX_PLACEHOLDER_CHARS,
                "settings_schema_bytes": MAX_SCHEMA_BYTES,
                "settings_schema_pattern_bytes": MAX_SCHEMA_PATTERN_BYTES,
            },
            "action": {
                "step_chars": MAX_STEP_CHARS,
                "reason_chars": MAX_REASON_CHARS,
                "receipt_reference_chars": MAX_REFERENCE_CHARS,
                "receipt_url_bytes": MAX_RECEIPT_URL_BYTES,
            },
            "delivery": {
                "calls": MAX_CALLS,
                "reply_header_bytes": MAX_REPLY_HEADER_BYTES,
                "reply_body_bytes": MAX_REPLY_BODY_BYTES,
            },
            "webhook": {
                "url_bytes": TargetUrl::MAX_BYTES,
                "headers": CustomHeaders::MAX,
                "header_value_bytes": CustomHeaders::MAX_VALUE_BYTES,
                "settings_bytes": Settings::MAX_BYTES,
                "concurrency": Limits::MAX_CONCURRENCY,
                "timeout_ms": Limits::MAX_TIMEOUT.as_millis(),
            },
            "event": {
                "bytes": events::MAX_EVENT_BYTES,
                "batch_events": events::MAX_EVENTS,
                "batch_bytes": events::MAX_BODY_BYTES,
            },
            "request_bytes": router::MAX_BODY_BYTES,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_a_number_above_nothing() {
        let LimitsDto(limits) = LimitsDto::of(&PluginLimits::default());
        assert_eq!(limits["plugin"]["component_bytes"], json!(48 * 1024 * 1024));
        assert_eq!(limits["plugin"]["processor_ms"], json!(1_000));
        let groups = limits.as_object().unwrap().values();
        for group in groups.filter_map(Value::as_object) {
            assert!(group.values().all(|limit| limit.as_u64().is_some_and(|limit| limit > 0)), "{group:?}");
        }
    }
}
