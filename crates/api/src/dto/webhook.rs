//! Webhooks. Secrets go in and never come out: URLs are shown masked and header values as [`MASK`].

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use hookwright_api_types::webhook::LaneBody;
use hookwright_engine::NewWebhook;
use hookwright_model::{
    CustomHeaders, EventKind, Limits, Mapping, ProjectId, RetryPolicy, Settings, TargetUrl, Webhook,
    WebhookState,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::plugin::VersionDto;
use super::project::name;
use crate::body::escaped;
use crate::problem::Problem;

/// Stands for a value that is stored and not shown; giving it back keeps the stored value.
const MASK: &str = "***";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWebhookDto {
    #[serde(default)]
    name: String,
    url: String,
    events: Vec<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    mapping: Option<MappingDto>,
    #[serde(default)]
    retry: RetryDto,
    #[serde(default)]
    limits: LimitsDto,
    state: Option<StateDto>,
}

impl NewWebhookDto {
    pub(crate) fn into_model(self, project: ProjectId) -> Result<NewWebhook, Problem> {
        Ok(NewWebhook {
            project,
            name: name("/name", &self.name)?,
            url: url(&self.url)?,
            events: events(&self.events)?,
            headers: headers(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())))?,
            mapping: self.mapping.as_ref().map(MappingDto::to_model).transpose()?,
            retry: self.retry.over(RetryPolicy::default())?,
            limits: self.limits.over(Limits::default())?,
            state: self.state.map_or(WebhookState::Active, StateDto::to_model),
        })
    }
}

/// What is absent stays as it is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookPatchDto {
    name: Option<String>,
    url: Option<String>,
    events: Option<Vec<String>>,
    headers: Option<BTreeMap<String, Option<String>>>,
    /// Null removes the mapping.
    #[serde(default, deserialize_with = "present")]
    mapping: Option<Option<MappingDto>>,
    #[serde(default)]
    retry: RetryDto,
    #[serde(default)]
    limits: LimitsDto,
    state: Option<StateDto>,
}

/// Tells a member that is null from one that is absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<MappingDto>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl WebhookPatchDto {
    /// The webhook with these changes.
    pub(crate) fn apply(&self, base: &Webhook) -> Result<Webhook, Problem> {
        let mut webhook = base.clone();
        if let Some(text) = &self.name {
            webhook.name = name("/name", text)?;
        }
        if let Some(text) = self.url.as_deref().filter(|text| *text != base.url.masked()) {
            webhook.url = url(text)?;
        }
        if let Some(names) = &self.events {
            webhook.events = events(names)?;
        }
        if let Some(changes) = &self.headers {
            webhook.headers = merged(&base.headers, changes)?;
        }
        if !webhook.url.same_origin(&base.url) {
            self.check_headers_are_given(&webhook)?;
        }
        if let Some(mapping) = &self.mapping {
            webhook.mapping = mapping.as_ref().map(MappingDto::to_model).transpose()?;
        }
        if let Some(state) = self.state {
            webhook.state = state.to_model();
        }
        webhook.retry = self.retry.over(base.retry)?;
        webhook.limits = self.limits.over(base.limits)?;
        Ok(webhook)
    }
}

impl WebhookPatchDto {
    /// Refuses to send stored header values to another server: they were given for the one before.
    fn check_headers_are_given(&self, changed: &Webhook) -> Result<(), Problem> {
        let given = |name: &str| {
            let mut changes = self.headers.iter().flatten();
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
                Err(Problem::invalid(format!("/headers/{}", escaped(name.as_str())), message))
            }
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
            return Err(Problem::invalid(format!("/headers/{}", escaped(name)), message));
        }
        pairs.push((name, value));
    }
    CustomHeaders::parse(pairs)
        .map_err(|(name, error)| Problem::invalid(format!("/headers/{}", escaped(&name)), error.to_string()))
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingDto {
    plugin: String,
    #[serde(default)]
    version: VersionDto,
    #[serde(default = "no_settings")]
    settings: Value,
}

pub(super) fn no_settings() -> Value {
    Value::Object(serde_json::Map::new())
}

impl MappingDto {
    fn to_model(&self) -> Result<Mapping, Problem> {
        Ok(Mapping {
            plugin: self
                .plugin
                .parse()
                .map_err(|error| Problem::invalid("/mapping/plugin", format!("{error}")))?,
            version: self.version.to_model(),
            settings: Settings::from_json(&self.settings)
                .map_err(|error| Problem::invalid("/mapping/settings", error.to_string()))?,
        })
    }
}

impl From<&Mapping> for MappingDto {
    fn from(mapping: &Mapping) -> Self {
        Self {
            plugin: mapping.plugin.to_string(),
            version: mapping.version.into(),
            settings: mapping.settings.to_json(),
        }
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RetryDto {
    first_secs: Option<u64>,
    factor: Option<u32>,
    max_secs: Option<u64>,
    jitter_percent: Option<u8>,
    give_up_after_secs: Option<u64>,
}

impl RetryDto {
    fn over(&self, base: RetryPolicy) -> Result<RetryPolicy, Problem> {
        let policy = RetryPolicy {
            first: self.first_secs.map_or(base.first, Duration::from_secs),
            factor: self.factor.unwrap_or(base.factor),
            max: self.max_secs.map_or(base.max, Duration::from_secs),
            jitter_percent: self.jitter_percent.unwrap_or(base.jitter_percent),
            give_up_after: self.give_up_after_secs.map_or(base.give_up_after, Duration::from_secs),
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
}

impl From<&RetryPolicy> for RetryDto {
    fn from(policy: &RetryPolicy) -> Self {
        Self {
            first_secs: Some(policy.first.as_secs()),
            factor: Some(policy.factor),
            max_secs: Some(policy.max.as_secs()),
            jitter_percent: Some(policy.jitter_percent),
            give_up_after_secs: Some(policy.give_up_after.as_secs()),
        }
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LimitsDto {
    concurrency: Option<u16>,
    timeout_secs: Option<u64>,
}

impl LimitsDto {
    fn over(&self, base: Limits) -> Result<Limits, Problem> {
        let limits = Limits {
            concurrency: self.concurrency.unwrap_or(base.concurrency),
            timeout: self.timeout_secs.map_or(base.timeout, Duration::from_secs),
        };
        if !(1..=Limits::MAX_CONCURRENCY).contains(&limits.concurrency) {
            let message = format!("the concurrency is a number from 1 to {}", Limits::MAX_CONCURRENCY);
            return Err(Problem::invalid("/limits/concurrency", message));
        }
        if limits.timeout.is_zero() || limits.timeout > Limits::MAX_TIMEOUT {
            let message =
                format!("the timeout is a number from 1 to {} seconds", Limits::MAX_TIMEOUT.as_secs());
            return Err(Problem::invalid("/limits/timeout_secs", message));
        }
        Ok(limits)
    }
}

impl From<&Limits> for LimitsDto {
    fn from(limits: &Limits) -> Self {
        Self { concurrency: Some(limits.concurrency), timeout_secs: Some(limits.timeout.as_secs()) }
    }
}

/// What a person can switch a webhook to.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StateDto {
    Active,
    Paused,
}

impl StateDto {
    fn to_model(self) -> WebhookState {
        match self {
            Self::Active => WebhookState::Active,
            Self::Paused => WebhookState::Paused,
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct WebhookDto {
    id: String,
    project: String,
    name: String,
    url: String,
    events: Vec<&'static str>,
    headers: BTreeMap<String, &'static str>,
    mapping: Option<MappingDto>,
    retry: RetryDto,
    limits: LimitsDto,
    state: &'static str,
    disabled_reason: Option<&'static str>,
    /// Since when it is in this state.
    state_since: String,
    /// Nothing is sent to it for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    lane: Option<LaneBody>,
    /// Shown once, when the webhook is created.
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_secret: Option<String>,
    revision: u64,
    created_at: String,
    updated_at: String,
}

impl WebhookDto {
    /// With the rest of its lane.
    pub(crate) fn resting(self, lane: Option<LaneBody>) -> Self {
        Self { lane, ..self }
    }

    /// With the secret that signs its requests.
    pub(crate) fn with_secret(webhook: &Webhook) -> Self {
        Self { signing_secret: Some(webhook.secrets.current.reveal()), ..Self::from(webhook) }
    }
}

impl From<&Webhook> for WebhookDto {
    fn from(webhook: &Webhook) -> Self {
        let (state, disabled_reason) = match webhook.state {
            WebhookState::Active => ("active", None),
            WebhookState::Paused => ("paused", None),
            WebhookState::Disabled(reason) => ("disabled", Some(reason.as_str())),
        };
        Self {
            id: webhook.id.to_string(),
            project: webhook.project.to_string(),
            name: webhook.name.clone(),
            url: webhook.url.masked(),
            events: webhook.events.iter().map(|kind| kind.as_str()).collect(),
            headers: webhook.headers.iter().map(|(name, _)| (name.to_string(), MASK)).collect(),
            mapping: webhook.mapping.as_ref().map(MappingDto::from),
            retry: (&webhook.retry).into(),
            limits: (&webhook.limits).into(),
            state,
            disabled_reason,
            state_since: webhook.state_since.to_string(),
            lane: None,
            signing_secret: None,
            revision: webhook.revision,
            created_at: webhook.created_at.to_string(),
            updated_at: webhook.updated_at.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use hookwright_model::VersionPin;
    use serde_json::json;

    use super::*;
    use crate::body;

    fn stored() -> Webhook {
        let new: NewWebhookDto = body::parse(
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
        let new = new.into_model(ProjectId::from_bytes([1; 16])).unwrap();
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
        body::parse::<WebhookPatchDto>(patch.to_string().as_bytes())?.apply(&stored())
    }

    fn header(webhook: &Webhook, name: &str) -> Option<String> {
        webhook.headers.texts().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
    }

    #[test]
    fn what_is_shown_can_be_given_back_and_changes_nothing() {
        let mut shown = serde_json::to_value(WebhookDto::from(&stored())).unwrap();
        for computed in
            ["id", "project", "revision", "created_at", "updated_at", "disabled_reason", "state_since"]
        {
            shown.as_object_mut().unwrap().remove(computed);
        }
        assert_eq!(patched(&shown).unwrap(), stored());
    }

    #[test]
    fn nothing_shown_holds_a_secret() {
        let shown = serde_json::to_string(&WebhookDto::from(&stored())).unwrap();
        for secret in ["Bearer", "123def456", "whsec_"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(serde_json::to_string(&WebhookDto::with_secret(&stored())).unwrap().contains("whsec_"));
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
