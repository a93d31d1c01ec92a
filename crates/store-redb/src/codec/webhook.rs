//! Webhooks and mappings. Their records hold secrets: they are sealed before they are written.

use std::time::Duration;

use hookwright_model::{
    CustomHeaders, DisableReason, EventKind, Limits, Mapping, ProjectId, RetryPolicy, Settings,
    SigningSecret, SigningSecrets, TargetUrl, VersionPin, Webhook, WebhookId, WebhookState,
};
use hookwright_store::StoreError;
use serde::{Deserialize, Serialize};

use super::{Home, Kind, Raw, damaged, decode, encode, mirror, nanos, time};

#[derive(Serialize, Deserialize)]
struct WebhookRow<'a> {
    project: [u8; 16],
    revision: u64,
    name: &'a str,
    url: &'a str,
    events: Vec<EventKindRow>,
    #[serde(borrow)]
    headers: Vec<(&'a str, &'a str)>,
    #[serde(borrow)]
    mapping: Option<MappingRow<'a>>,
    mapping_revision: u64,
    retry: RetryRow,
    concurrency: u16,
    timeout_ns: u64,
    #[serde(borrow)]
    secret: Raw<'a>,
    #[serde(borrow)]
    previous_secret: Option<(Raw<'a>, u64)>,
    state: StateRow,
    created_at: u64,
    updated_at: u64,
}

#[derive(Serialize, Deserialize)]
struct MappingRow<'a> {
    plugin: &'a str,
    /// None for the latest.
    version: Option<u32>,
    settings: &'a str,
}

#[derive(Serialize, Deserialize)]
struct RetryRow {
    first_ns: u64,
    factor: u32,
    max_ns: u64,
    jitter_percent: u8,
    give_up_after_ns: u64,
}

mirror!(EventKindRow = EventKind { LeadCreated });
mirror!(ReasonRow = DisableReason { Gone });

#[derive(Serialize, Deserialize)]
enum StateRow {
    Active,
    Paused,
    Disabled(ReasonRow),
}

pub(crate) fn webhook_row(webhook: &Webhook) -> Result<Vec<u8>, StoreError> {
    let RetryPolicy { first, factor, max, jitter_percent, give_up_after } = webhook.retry;
    let secrets = &webhook.secrets;
    let row = WebhookRow {
        project: webhook.project.to_bytes(),
        revision: webhook.revision,
        name: &webhook.name,
        url: webhook.url.expose().as_str(),
        events: webhook.events.iter().copied().map(Into::into).collect(),
        headers: webhook.headers.texts().collect(),
        mapping: webhook.mapping.as_ref().map(row_of_mapping),
        mapping_revision: webhook.mapping_revision,
        retry: RetryRow {
            first_ns: nanos(first),
            factor,
            max_ns: nanos(max),
            jitter_percent,
            give_up_after_ns: nanos(give_up_after),
        },
        concurrency: webhook.limits.concurrency,
        timeout_ns: nanos(webhook.limits.timeout),
        secret: Raw(secrets.current.key()),
        previous_secret: secrets
            .previous
            .as_ref()
            .map(|(secret, until)| (Raw(secret.key()), until.as_millis())),
        state: match webhook.state {
            WebhookState::Active => StateRow::Active,
            WebhookState::Paused => StateRow::Paused,
            WebhookState::Disabled(reason) => StateRow::Disabled(reason.into()),
        },
        created_at: webhook.created_at.as_millis(),
        updated_at: webhook.updated_at.as_millis(),
    };
    let row = (row, webhook.state_since.as_millis());
    encode(Home::new(Kind::Webhook, &webhook.id.to_bytes()), &row)
}

/// Reads a record. One that was written before there was the time since when a webhook is in its state ends without it.
fn decode_webhook(id: WebhookId, bytes: &[u8]) -> Result<(WebhookRow<'_>, u64), StoreError> {
    let key = id.to_bytes();
    let home = Home::new(Kind::Webhook, &key);
    decode(home, bytes).or_else(|_| {
        let row: WebhookRow<'_> = decode(home, bytes)?;
        let changed_at = row.updated_at;
        Ok((row, changed_at))
    })
}

pub(crate) fn webhook(id: WebhookId, bytes: &[u8]) -> Result<Webhook, StoreError> {
    let (row, state_since) = decode_webhook(id, bytes)?;
    let secret = |key: Raw<'_>| {
        SigningSecret::from_bytes(key.0.to_vec()).map_err(|error| damaged(Kind::Webhook, &error))
    };
    let previous = match row.previous_secret {
        Some((key, until)) => Some((secret(key)?, time(until))),
        None => None,
    };
    Ok(Webhook {
        id,
        project: ProjectId::from_bytes(row.project),
        revision: row.revision,
        name: row.name.to_owned(),
        url: TargetUrl::parse(row.url).map_err(|error| damaged(Kind::Webhook, &error))?,
        events: row.events.into_iter().map(Into::into).collect(),
        headers: CustomHeaders::parse(row.headers).map_err(|(_, error)| damaged(Kind::Webhook, &error))?,
        mapping: row.mapping.as_ref().map(mapping_of_row).transpose()?,
        mapping_revision: row.mapping_revision,
        retry: RetryPolicy {
            first: Duration::from_nanos(row.retry.first_ns),
            factor: row.retry.factor,
            max: Duration::from_nanos(row.retry.max_ns),
            jitter_percent: row.retry.jitter_percent,
            give_up_after: Duration::from_nanos(row.retry.give_up_after_ns),
        },
        limits: Limits { concurrency: row.concurrency, timeout: Duration::from_nanos(row.timeout_ns) },
        secrets: SigningSecrets { current: secret(row.secret)?, previous },
        state: match row.state {
            StateRow::Active => WebhookState::Active,
            StateRow::Paused => WebhookState::Paused,
            StateRow::Disabled(reason) => WebhookState::Disabled(reason.into()),
        },
        state_since: time(state_since),
        created_at: time(row.created_at),
        updated_at: time(row.updated_at),
    })
}

pub(crate) fn mapping_row(key: &[u8; 24], mapping: &Mapping) -> Result<Vec<u8>, StoreError> {
    encode(Home::new(Kind::Mapping, key), &row_of_mapping(mapping))
}

pub(crate) fn mapping(key: &[u8; 24], bytes: &[u8]) -> Result<Mapping, StoreError> {
    mapping_of_row(&decode(Home::new(Kind::Mapping, key), bytes)?)
}

fn row_of_mapping(mapping: &Mapping) -> MappingRow<'_> {
    MappingRow {
        plugin: mapping.plugin.as_str(),
        version: match mapping.version {
            VersionPin::Latest => None,
            VersionPin::Exact(version) => Some(version),
        },
        settings: mapping.settings.as_str(),
    }
}

fn mapping_of_row(row: &MappingRow<'_>) -> Result<Mapping, StoreError> {
    Ok(Mapping {
        plugin: row.plugin.parse().map_err(|error| damaged(Kind::Mapping, &error))?,
        version: row.version.map_or(VersionPin::Latest, VersionPin::Exact),
        settings: Settings::parse(row.settings).map_err(|error| damaged(Kind::Mapping, &error))?,
    })
}
