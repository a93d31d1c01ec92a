//! A webhook, shown to people.

use hookwright_api_types::page::PageBody;
use hookwright_api_types::webhook::{MappingBody, RetryPolicyBody, WebhookBody, WebhookLimitsBody};

use crate::commands::output::{self, Table};

pub(super) fn added(webhook: &WebhookBody) -> String {
    let WebhookBody { id, signing_secret, .. } = webhook;
    let fields = output::fields([("webhook", Some(id.clone())), ("signing secret", signing_secret.clone())]);
    format!(
        "{fields}\nThe secret signs every request and is shown this once: keep it where the receiver checks \
         signatures.\nTry it: hookwright webhook test {id}"
    )
}

pub(super) fn listed(webhooks: &PageBody<WebhookBody>) -> String {
    if webhooks.data.is_empty() {
        return "The project has no webhook yet; add one with `hookwright webhook add`".to_owned();
    }
    let head = ["ID", "STATE", "MAPPING", "URL", "NAME"].map(str::to_owned);
    let rows = webhooks.data.iter().map(|webhook| {
        let mapping = webhook.mapping.as_ref().map_or_else(|| "none".to_owned(), plugin);
        [webhook.id.clone(), webhook.state.clone(), mapping, webhook.url.clone(), webhook.name.clone()]
    });
    Table::default().lines(std::iter::once(head).chain(rows))
}

/// After it was paused or enabled.
pub(super) fn state(webhook: &WebhookBody) -> String {
    let WebhookBody { id, state, .. } = webhook;
    format!("{id} is {state}")
}

pub(super) fn whole(webhook: &WebhookBody) -> String {
    let mapping = webhook.mapping.as_ref();
    let reason = webhook.disabled_reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let since = output::to_second(&webhook.state_since);
    let resting = webhook.lane.as_ref().map(|lane| {
        format!("nothing is sent until {}: {}", output::to_second(&lane.resting_until), lane.reason)
    });
    let headers = webhook.headers.iter().map(|(name, value)| format!("{name}: {value}"));
    let facts = [
        ("webhook", Some(webhook.id.clone())),
        ("name", Some(webhook.name.clone()).filter(|name| !name.is_empty())),
        ("project", Some(webhook.project.clone())),
        ("state", Some(format!("{}{reason}, since {since}", webhook.state))),
        ("resting", resting),
        ("url", Some(webhook.url.clone())),
        ("events", Some(webhook.events.join(", "))),
        (
            "mapping",
            Some(mapping.map_or_else(|| "none: the event is forwarded unchanged".to_owned(), plugin)),
        ),
        ("settings", mapping.map(|mapping| mapping.settings.to_string())),
        ("retry", Some(retry(&webhook.retry))),
        ("limits", Some(limits(&webhook.limits))),
        ("created", Some(output::to_second(&webhook.created_at))),
        ("changed", Some(output::to_second(&webhook.updated_at))),
    ];
    output::fields(facts.into_iter().chain(headers.map(|header| ("header", Some(header)))))
}

fn plugin(mapping: &MappingBody) -> String {
    match mapping.version.0 {
        None => format!("{} (latest)", mapping.plugin),
        Some(version) => format!("{} (version {version})", mapping.plugin),
    }
}

fn retry(policy: &RetryPolicyBody) -> String {
    let RetryPolicyBody { factor, jitter_percent, .. } = policy;
    let [first, max, give_up_after] =
        [policy.first_secs, policy.max_secs, policy.give_up_after_secs].map(output::duration);
    format!("after {first}, then ×{factor} up to {max}, ±{jitter_percent} %; given up after {give_up_after}")
}

fn limits(limits: &WebhookLimitsBody) -> String {
    let WebhookLimitsBody { concurrency, timeout_secs } = limits;
    format!("{concurrency} requests at once, each up to {}", output::duration(*timeout_secs))
}

#[cfg(test)]
mod tests {
    use hookwright_api_types::webhook::LaneBody;

    use super::*;

    const HUBSPOT: &str = r#"{"id": "whk_1", "project": "p", "name": "HubSpot", "url": "https://api.hubapi.com/",
        "events": ["lead.created"], "headers": {"authorization": "***"},
        "mapping": {"plugin": "hubspot", "version": null, "settings": {"deal":true}},
        "retry": {"first_secs": 5, "factor": 3, "max_secs": 21600, "jitter_percent": 20, "give_up_after_secs": 259200},
        "limits": {"concurrency": 8, "timeout_secs": 15}, "state": "disabled", "disabled_reason": "gone",
        "state_since": "2026-05-31T10:00:01Z",
        "signing_secret": "whsec_abc", "revision": 3, "created_at": "2026-05-31T10:00:00Z",
        "updated_at": "2026-05-31T10:00:01.5Z"}"#;

    #[test]
    fn the_secret_is_shown_when_it_is_new() {
        let text = added(&serde_json::from_str(HUBSPOT).unwrap());
        assert!(text.starts_with("webhook         whk_1\nsigning secret  whsec_abc\n"), "{text}");
        assert!(text.contains("shown this once"), "{text}");
        assert!(text.ends_with("hookwright webhook test whk_1"), "{text}");
    }

    #[test]
    fn everything_but_the_secrets_is_shown() {
        let expected = "\
            webhook   whk_1\n\
            name      HubSpot\n\
            project   p\n\
            state     disabled (gone), since 2026-05-31T10:00:01Z\n\
            url       https://api.hubapi.com/\n\
            events    lead.created\n\
            mapping   hubspot (latest)\n\
            settings  {\"deal\":true}\n\
            retry     after 5 s, then ×3 up to 6 h, ±20 %; given up after 72 h\n\
            limits    8 requests at once, each up to 15 s\n\
            created   2026-05-31T10:00:00Z\n\
            changed   2026-05-31T10:00:01Z\n\
            header    authorization: ***\n";
        assert_eq!(whole(&serde_json::from_str(HUBSPOT).unwrap()), expected);
    }

    #[test]
    fn a_pause_is_shown() {
        let mut webhook: WebhookBody = serde_json::from_str(HUBSPOT).unwrap();
        let resting_until = "2026-05-31T12:04:00.5Z".to_owned();
        webhook.lane = Some(LaneBody { resting_until, reason: "HubSpot asked for a pause".to_owned() });
        let text = whole(&webhook);
        let expected = "nothing is sent until 2026-05-31T12:04:00Z: HubSpot asked for a pause";
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn webhooks_are_listed_one_a_line() {
        let plain =
            HUBSPOT.replace(r#"{"plugin": "hubspot", "version": null, "settings": {"deal":true}}"#, "null");
        let list = format!(r#"{{"data": [{HUBSPOT}, {plain}], "next_cursor": null}}"#);
        let expected = "\
            ID     STATE     MAPPING           URL                      NAME\n\
            whk_1  disabled  hubspot (latest)  https://api.hubapi.com/  HubSpot\n\
            whk_1  disabled  none              https://api.hubapi.com/  HubSpot\n";
        assert_eq!(listed(&serde_json::from_str(&list).unwrap()), expected);
    }
}
