//! Webhooks to create and to change.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use hookwright_api_types::webhook::{
    MASK, MappingBody, NewWebhookBody, RetryPatch, Switch, WebhookLimitsPatch, WebhookPatch,
};
use hookwright_engine::NewWebhook;
use hookwright_model::{
    CustomHeaders, EventKind, Limits, Mapping, ProjectId, RetryPolicy, Settings, TargetUrl, Webhook,
    WebhookState,
};

use super::name;
use crate::parse::member;
use crate::problem::Problem;

/// The webhook to create.
pub(crate) fn new(body: &NewWebhookBody, project: ProjectId) -> Result<NewWebhook, Problem> {
    Ok(NewWebhook {
        project,
        name: name("/name", &body.name)?,
        url: url(&body.url)?,
        events: events(&body.events)?,
        headers: headers(body.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())))?,
        mapping: body.mapping.as_ref().map(mapping).transpose()?,
        retry: retry(&body.retry, RetryPolicy::default())?,
        limits: limits(&body.limits, Limits::default())?,
        state: body.state.map_or(WebhookState::Active, state),
    })
}

/// The webhook with these changes.
pub(crate) fn changed(base: &Webhook, patch: &WebhookPatch) -> Result<Webhook, Problem> {
    let mut webhook = base.clone();
    if let Some(text) = &patch.name {
        webhook.name = name("/name", text)?;
    }
    if let Some(text) = patch.url.as_deref().filter(|text| *text != base.url.masked()) {
        webhook.url = url(text)?;
    }
    if let Some(names) = &patch.events {
        webhook.events = events(names)?;
    }
    if let Some(changes) = &patch.headers {
        webhook.headers = merged(&base.headers, changes)?;
    }
    if !webhook.url.same_origin(&base.url) {
        check_headers_are_given(patch, &webhook)?;
    }
    if let Some(change) = &patch.mapping {
        webhook.mapping = change.as_ref().map(mapping).transpose()?;
    }
    if let Some(switch) = patch.state {
        webhook.state = state(switch);
    }
    webhook.retry = retry(&patch.retry, base.retry)?;
    webhook.limits = limits(&patch.limits, base.limits)?;
    Ok(webhook)
}

/// Refuses to send stored header values to another server: they were given for the one before.
fn check_headers_are_given(patch: &WebhookPatch, changed: &Webhook) -> Result<(), Problem> {
    let given = |name: &str| {
        let mut changes = patch.headers.iter().flatten();
        changes.any(|(known, value)| {
            known.trim().eq_ignore_ascii_case(name) && value.as_deref().is_some_and(|value| value != MASK)
        })
    };
    match changed.headers.iter().find(|(name, _)| !given(name.as_str())) {
        None => Ok(()),
        Some((name, _)) => {
            let message = format!(
                "the URL leads to another server than before: give the value of `{name}` again, or null to remove \
                 the header"
            );
            Err(Problem::invalid(member("/headers", name.as_str()), message))
        }
    }
}

fn merged(
    base: &CustomHeaders,
    changes: &BTreeMap<String, Option<String>>,
) -> Result<CustomHeaders, Problem> {
    let mut values: BTreeMap<String, &str> = BTreeMap::new();
    for (name, value) in base.texts() {
        values.insert(name.to_owned(), value);
    }
    for (name, change) in changes {
        let stored = name.trim().to_ascii_lowercase();
        match change.as_deref() {
            None => drop(values.remove(&stored)),
            Some(MASK) if values.contains_key(&stored) => {}
            Some(value) => drop(values.insert(stored, value)),
        }
    }
    headers(values.iter().map(|(name, value)| (name.as_str(), *value)))
}

fn url(text: &str) -> Result<TargetUrl, Problem> {
    TargetUrl::parse(text).map_err(|error| Problem::invalid("/url", error.to_string()))
}

fn events(names: &[String]) -> Result<Vec<EventKind>, Problem> {
    if names.is_empty() {
        return Err(Problem::invalid("/events", "name at least one event; the events are: lead.created"));
    }
    let mut kinds = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let kind = EventKind::from_str(name)
            .map_err(|error| Problem::invalid(format!("/events/{index}"), error.to_string()))?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}

fn headers<'a>(given: impl Iterator<Item = (&'a str, &'a str)>) -> Result<CustomHeaders, Problem> {
    let mut pairs = Vec::new();
    for (name, value) in given {
        if value == MASK {
            let message = format!("`{MASK}` keeps a stored value, but no value of `{name}` is stored");
            return Err(Problem::invalid(member("/headers", name), message));
        }
        pairs.push((name, value));
    }
    CustomHeaders::parse(pairs)
        .map_err(|(name, error)| Problem::invalid(member("/headers", &name), error.to_string()))
}

fn mapping(body: &MappingBody) -> Result<Mapping, Problem> {
    Ok(Mapping {
        plugin: body
            .plugin
            .parse()
            .map_err(|error| Problem::invalid("/mapping/plugin", format!("{error}")))?,
        version: body.version.into(),
        settings: Settings::from_json(&body.settings)
            .map_err(|error| Problem::invalid("/mapping/settings", error.to_string()))?,
    })
}

fn retry(patch: &RetryPatch, base: RetryPolicy) -> Result<RetryPolicy, Problem> {
    let policy = RetryPolicy {
        first: patch.first_secs.map_or(base.first, Duration::from_secs),
        factor: patch.factor.unwrap_or(base.factor),
        max: patch.max_secs.map_or(base.max, Duration::from_secs),
        jitter_percent: patch.jitter_percent.unwrap_or(base.jitter_percent),
        give_up_after: patch.give_up_after_secs.map_or(base.give_up_after, Duration::from_secs),
    };
    policy.checked().map_err(|error| {
        use hookwright_model::retry::RetryPolicyError as E;
        let member = match error {
            E::First => "first_secs",
            E::Factor => "factor",
            E::Max => "max_secs",
            E::Jitter => "jitter_percent",
            E::GiveUpAfter => "give_up_after_secs",
        };
        Problem::invalid(format!("/retry/{member}"), error.to_string())
    })
}

fn limits(patch: &WebhookLimitsPatch, base: Limits) -> Result<Limits, Problem> {
    let limits = Limits {
        concurrency: patch.concurrency.unwrap_or(base.concurrency),
        timeout: patch.timeout_secs.map_or(base.timeout, Duration::from_secs),
    };
    if !(1..=Limits::MAX_CONCURRENCY).contains(&limits.concurrency) {
        let message = format!("the concurrency is a number from 1 to {}", Limits::MAX_CONCURRENCY);
        return Err(Problem::invalid("/limits/concurrency", message));
    }
    if limits.timeout.is_zero() || limits.timeout > Limits::MAX_TIMEOUT {
        let message = format!("the timeout is a number from 1 to {} seconds", Limits::MAX_TIMEOUT.as_secs());
        return Err(Problem::invalid("/limits/timeout_secs", message));
    }
    Ok(limits)
}

fn state(switch: Switch) -> WebhookState {
    match switch {
        Switch::Active => WebhookState::Active,
        Switch::Paused => WebhookState::Paused,
    }
}

#[cfg(test)]
mod tests {
    use hookwright_api_types::webhook::WebhookBody;
    use hookwright_model::VersionPin;
    use serde_json::{Value, json};

    use super::*;
    use crate::parse;

    fn stored() -> Webhook {
        let body: NewWebhookBody = parse::json(
            json!({
                "url": "https://hooks.example.com/services/T000/B000/Abc123def456ghi",
                "events": ["lead.created"],
                "headers": {"Authorization": "Bearer größe", "x-tag": "a"},
                "mapping": {"plugin": "hubspot"},
                "retry": {"first_secs": 1},
            })
            .to_string()
            .as_bytes(),
        )
        .unwrap();
        let new = new(&body, ProjectId::from_bytes([1; 16])).unwrap();
        let at = hookwright_model::Timestamp::EPOCH;
        Webhook {
            id: hookwright_model::WebhookId::from_bytes([1; 16]),
            project: new.project,
            revision: 1,
            name: new.name,
            url: new.url,
            events: new.events,
            headers: new.headers,
            mapping: new.mapping,
            mapping_revision: 1,
            retry: new.retry,
            limits: new.limits,
            secrets: hookwright_model::SigningSecrets {
                current: hookwright_model::SigningSecret::from_random([1; 32]),
                previous: None,
            },
            state: new.state,
            state_since: at,
            created_at: at,
            updated_at: at,
        }
    }

    fn patched(patch: &Value) -> Result<Webhook, Problem> {
        changed(&stored(), &parse::json(patch.to_string().as_bytes())?)
    }

    fn header(webhook: &Webhook, name: &str) -> Option<String> {
        webhook.headers.texts().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
    }

    #[test]
    fn what_is_shown_can_be_given_back_and_changes_nothing() {
        let mut shown = serde_json::to_value(WebhookBody::from(&stored())).unwrap();
        for computed in
            ["id", "project", "revision", "created_at", "updated_at", "disabled_reason", "state_since"]
        {
            shown.as_object_mut().unwrap().remove(computed);
        }
        assert_eq!(patched(&shown).unwrap(), stored());
    }

    #[test]
    fn nothing_shown_holds_a_secret() {
        let shown = serde_json::to_string(&WebhookBody::from(&stored())).unwrap();
        for secret in ["Bearer", "123def456", "whsec_"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(serde_json::to_string(&WebhookBody::with_secret(&stored())).unwrap().contains("whsec_"));
    }

    #[test]
    fn headers_are_merged_by_name() {
        let changed =
            patched(&json!({"headers": {"AUTHORIZATION": "***", "X-Tag": null, "x-new": "b"}})).unwrap();
        assert_eq!(header(&changed, "authorization").as_deref(), Some("Bearer größe"));
        assert_eq!((header(&changed, "x-tag"), header(&changed, "x-new").as_deref()), (None, Some("b")));
    }

    #[test]
    fn stored_header_values_stay_with_the_server_they_were_given_for() {
        let elsewhere = "https://evil.example/services";
        for headers in [
            json!({}),
            json!({"authorization": "***", "x-tag": "***"}),
            json!({"Authorization": "Bearer new"}),
            json!({"x-tag": null}),
        ] {
            let problem = patched(&json!({"url": elsewhere, "headers": headers})).unwrap_err();
            assert!(problem.pointers()[0].starts_with("/headers/"), "{headers}: {problem:?}");
        }
        for other in ["http://hooks.example.com/x", "https://hooks.example.com:8443/x"] {
            assert!(patched(&json!({"url": other})).is_err(), "{other}");
        }
        let given = json!({"AUTHORIZATION": "Bearer größe", "x-tag": null});
        let changed = patched(&json!({"url": elsewhere, "headers": given})).unwrap();
        assert_eq!(header(&changed, "authorization").as_deref(), Some("Bearer größe"));
        let same_server = patched(&json!({"url": "https://hooks.example.com/other"})).unwrap();
        assert_eq!(same_server.headers, stored().headers);
    }

    #[test]
    fn a_mapping_is_kept_replaced_or_removed() {
        assert_eq!(patched(&json!({})).unwrap().mapping, stored().mapping);
        assert_eq!(patched(&json!({"mapping": null})).unwrap().mapping, None);
        let replaced =
            patched(&json!({"mapping": {"plugin": "pipedrive", "version": 2}})).unwrap().mapping.unwrap();
        assert_eq!((replaced.plugin.as_str(), replaced.version), ("pipedrive", VersionPin::Exact(2)));
        for latest in [json!("latest"), Value::Null] {
            let mapping = json!({"mapping": {"plugin": "pipedrive", "version": latest}});
            assert_eq!(patched(&mapping).unwrap().mapping.unwrap().version, VersionPin::Latest);
        }
    }

    #[test]
    fn problems_point_at_their_member() {
        for (patch, pointer) in [
            (json!({"url": "ftp://x"}), "/url"),
            (json!({"events": []}), "/events"),
            (json!({"events": ["lead.created", "x"]}), "/events/1"),
            (json!({"headers": {"a b": "c"}}), "/headers/a b"),
            (json!({"headers": {"x-unknown": "***"}}), "/headers/x-unknown"),
            (json!({"mapping": {"plugin": "No"}}), "/mapping/plugin"),
            (json!({"mapping": {"plugin": "a", "settings": []}}), "/mapping/settings"),
            (json!({"mapping": {"plugin": "a", "version": "newest"}}), "/mapping/version"),
            (json!({"mapping": {"plugin": "a", "version": -1}}), "/mapping/version"),
            (json!({"retry": {"factor": 0}}), "/retry/factor"),
            (json!({"limits": {"timeout_secs": 61}}), "/limits/timeout_secs"),
            (json!({"limits": {"concurrency": "8"}}), "/limits/concurrency"),
            (json!({"state": "off"}), "/state"),
            (json!({"urls": "x"}), "/urls"),
        ] {
            let problem = patched(&patch).unwrap_err();
            assert_eq!(problem.pointers(), [pointer], "{patch}: {problem:?}");
        }
    }
}
