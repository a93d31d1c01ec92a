//! What Make, n8n and Zapier mean by their answers. The event is forwarded to them unchanged, so no plugin reads these.
//!
//! A service is known by its hosts or, as self-hosted n8n has any host, by its own words in the answer.

use std::cell::LazyCell;
use std::time::Duration;

use hookwright_model::{ReceivedReply, TargetUrl};

use super::{Context, Judgement, Refusal, Remedy, is_not_http, is_web_page, judge};
use crate::ports::SendError;

/// So much of a body is searched for a service's words: its own answers are short.
const MAX_SEARCHED_BYTES: usize = 4_096;

/// Tries in a row that n8n may miss a webhook before it counts as gone: about ten minutes by the default schedule.
/// Reloading a workflow, or starting n8n, unregisters its webhooks for moments.
const MAX_UNREGISTERED_TRIES: u32 = 5;

/// For so long a target may answer 404 before it counts as gone: it may be in the middle of a deployment.
const MISSING_FOR: Duration = Duration::from_secs(60 * 60);

/// An answer that says more than its status does.
struct Rule {
    place: Place,
    status: u16,
    /// Each in lower case; all of them are in the body.
    words: &'static [&'static str],
    meaning: Meaning,
    hint: &'static str,
}

/// Where the event was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Any URL: the words of the answer tell whose it is.
    Anywhere,
    /// A host of Make's custom webhooks.
    Make,
    /// A URL of n8n that works only while its editor listens.
    N8nTest,
    /// The host of Zapier's catch hooks.
    Zapier,
}

/// What an answer means besides its hint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// What the status means anywhere.
    AsUsual,
    /// Not now.
    Later,
    /// Not now, unless that was said too often already.
    SoonOrNever,
    /// Never: no waiting helps.
    Never,
}

/// The answers, the more particular ones first: the first rule that fits counts.
const RULES: [Rule; 21] = [
    Rule::saying(
        400,
        &["queue is full"],
        "The webhook's queue in Make is full: it takes more once the scenario has worked some of it off",
    )
    .meaning(Meaning::Later),
    Rule::saying(
        500,
        &["scenario failed to complete"],
        "Make ran the scenario, and it failed: its history says where. Each new try runs it again",
    ),
    Rule::saying(
        404,
        &["webhook is not registered for"],
        "The Webhook node in n8n takes another method: set its HTTP Method to POST",
    )
    .meaning(Meaning::Never),
    Rule::at(
        Place::N8nTest,
        404,
        "This is a test URL of n8n, which takes one call while its editor listens: activate the workflow and use the \
         production URL, with /webhook/ in place of /webhook-test/",
    )
    .meaning(Meaning::Never),
    Rule::saying(
        404,
        &["requested webhook", "is not registered"],
        "n8n has no active workflow for this URL: activate the workflow, and check that its Webhook node has this \
         path and takes POST",
    )
    .meaning(Meaning::SoonOrNever),
    Rule::saying(401, &["authorization is required!"], N8N_CREDENTIALS),
    Rule::saying(403, &["authorization data is wrong!"], N8N_CREDENTIALS),
    Rule::saying(
        500,
        &["error in workflow"],
        "n8n ran the workflow, and it failed: its executions say where. Each new try runs it again; with Respond set \
         to Immediately in the Webhook node, n8n answers before it runs",
    ),
    Rule::at(
        Place::N8nTest,
        200,
        "This is a test URL of n8n, which takes one call while its editor listens: for every lead to arrive, use the \
         production URL, with /webhook/ in place of /webhook-test/",
    ),
    Rule::saying(
        200,
        &["workflow was started"],
        "n8n has started the workflow; the workflow's executions show the result",
    ),
    Rule::at(
        Place::Make,
        200,
        "Make has the event; what the scenario made of it is in the scenario's history",
    ),
    Rule::at(
        Place::Make,
        400,
        "Make refused the event: it does not fit the data structure that the webhook has in Make",
    ),
    Rule::at(Place::Make, 401, MAKE_CREDENTIALS),
    Rule::at(Place::Make, 403, MAKE_CREDENTIALS),
    Rule::at(
        Place::Make,
        404,
        "Make has no webhook at this URL: copy the URL again from the webhook module of the scenario",
    )
    .meaning(Meaning::Never),
    Rule::at(
        Place::Make,
        410,
        "Make has removed this webhook or switched it off, as it does after five days without a scenario. The \
         webhook has been disabled here too",
    ),
    Rule::at(
        Place::Make,
        429,
        "Make takes at most 30 requests a second for one webhook: lower the webhook's concurrency",
    ),
    Rule::at(
        Place::Zapier,
        200,
        "Zapier has the event, as it says even for a Zap that is off; the Zap's history shows the result",
    ),
    Rule::at(
        Place::Zapier,
        404,
        "Zapier has no hook at this URL: copy the URL again from the trigger of the Zap, with the slash at its end",
    )
    .meaning(Meaning::Never),
    Rule::at(
        Place::Zapier,
        410,
        "Zapier has removed this hook: take the URL of a new one from the trigger of the Zap. The webhook has been \
         disabled here too",
    ),
    Rule::at(
        Place::Zapier,
        429,
        "Zapier takes at most 30 requests a second for one hook, and 20,000 in five minutes for one user: lower the \
         webhook's concurrency",
    ),
];

const MAKE_CREDENTIALS: &str =
    "The webhook has an API key in Make: add the header x-make-apikey in the webhook's settings here";

const N8N_CREDENTIALS: &str = "n8n does not take these credentials: add the header that the Webhook node's Authentication \
                               wants in the webhook's settings here";

impl Rule {
    /// A rule for everything that is sent to a place.
    const fn at(place: Place, status: u16, hint: &'static str) -> Self {
        Self { place, status, words: &[], meaning: Meaning::AsUsual, hint }
    }

    /// A rule for answers with these words, whatever the URL.
    const fn saying(status: u16, words: &'static [&'static str], hint: &'static str) -> Self {
        Self { place: Place::Anywhere, status, words, meaning: Meaning::AsUsual, hint }
    }

    const fn meaning(self, meaning: Meaning) -> Self {
        Self { meaning, ..self }
    }
}

/// Judges what came of sending an event as it was received. `failures` is how many attempts in a row have failed before, and
/// `tried_for` how long that took.
pub(crate) fn judge_event(
    outcome: Result<ReceivedReply, SendError>,
    context: &Context<'_>,
    failures: u32,
    tried_for: Duration,
) -> Judgement {
    let rule = outcome.as_ref().ok().and_then(|reply| rule(context.url, reply));
    match judge(outcome, context) {
        Judgement::Success { reply, hint } => {
            let odd = if is_not_http(&reply) {
                let words = format!(
                    "The target answered {}, but the rest is not HTTP. It has the event",
                    reply.status
                );
                Some(words)
            } else {
                is_web_page(&reply).then(|| WEB_PAGE.to_owned())
            };
            let hint = rule.map(|rule| rule.hint.to_owned()).or(hint).or(odd);
            Judgement::Success { reply, hint }
        }
        Judgement::Failure(mut refusal) => {
            let meaning = rule.map_or(Meaning::AsUsual, |rule| rule.meaning);
            if let Some(rule) = rule {
                refusal.hint = Some(rule.hint.to_owned());
            }
            match meaning {
                Meaning::Later => refusal.remedy = Remedy::Retry,
                Meaning::SoonOrNever if failures < MAX_UNREGISTERED_TRIES => refusal.remedy = Remedy::Retry,
                Meaning::AsUsual if is_missing(&refusal) && tried_for < MISSING_FOR => {
                    refusal.remedy = Remedy::Retry;
                }
                Meaning::SoonOrNever | Meaning::AsUsual | Meaning::Never => {}
            }
            Judgement::Failure(refusal)
        }
    }
}

const WEB_PAGE: &str = "The target took the event, but answered with a web page: make sure that the webhook's URL is the one                         that takes events";

fn is_missing(refusal: &Refusal) -> bool {
    refusal.remedy == Remedy::GiveUp && refusal.reply.as_ref().is_some_and(|reply| reply.status == 404)
}

fn rule(url: &TargetUrl, reply: &ReceivedReply) -> Option<&'static Rule> {
    // Most answers fit no rule even without their words.
    let words = LazyCell::new(|| {
        let body = &reply.body[..reply.body.len().min(MAX_SEARCHED_BYTES)];
        String::from_utf8_lossy(body).to_lowercase()
    });
    RULES.iter().find(|rule| {
        rule.status == reply.status
            && rule.place.has(url)
            && rule.words.iter().all(|part| words.contains(part))
    })
}

impl Place {
    fn has(self, url: &TargetUrl) -> bool {
        let url = url.expose();
        let host = url.host_str().unwrap_or_default();
        match self {
            Self::Anywhere => true,
            Self::Make => host.starts_with("hook.") && host.ends_with(".make.com"),
            Self::N8nTest => url.path().contains("/webhook-test/"),
            Self::Zapier => host == "hooks.zapier.com",
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hookwright_model::{DisableReason, Timestamp};

    use super::*;
    use crate::delivery::Credentials;

    const MAKE: &str = "https://hook.eu1.make.com/abc";
    const N8N: &str = "https://flows.example.com/webhook/leads";
    const N8N_TEST: &str = "https://flows.example.com/webhook-test/leads";
    const ZAPIER: &str = "https://hooks.zapier.com/hooks/catch/1/abc/";
    const OTHER: &str = "https://hook.example.com/leads";
    const UNREGISTERED: &str = r#"{"code":404,"message":"The requested webhook \"POST leads\" is not registered.","hint":"The workflow must be active for a production URL to run successfully. …"}"#;

    /// What comes of an answer: the remedy of a failure, and the hint.
    fn judged(url: &str, status: u16, body: &str, failures: u32) -> (Option<Remedy>, String) {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let headers = Vec::new();
        let reply = ReceivedReply { status, headers, body, truncated: false };
        match event(url, reply, failures, Duration::ZERO) {
            Judgement::Success { hint, .. } => (None, hint.unwrap_or_default()),
            Judgement::Failure(refusal) => (Some(refusal.remedy), refusal.hint.unwrap_or_default()),
        }
    }

    fn event(url: &str, reply: ReceivedReply, failures: u32, tried_for: Duration) -> Judgement {
        let url = TargetUrl::parse(url).unwrap();
        let credentials = Credentials::default();
        let now = Timestamp::EPOCH;
        let context = Context { now, base: &url, url: &url, accept: &[], credentials: &credentials };
        judge_event(Ok(reply), &context, failures, tried_for)
    }

    #[test]
    fn a_404_is_believed_after_an_hour() {
        let remedy = |minutes: u64| {
            let reply =
                ReceivedReply { status: 404, headers: Vec::new(), body: Bytes::new(), truncated: false };
            match event(OTHER, reply, 9, Duration::from_secs(minutes * 60)) {
                Judgement::Failure(refusal) => refusal.remedy,
                Judgement::Success { .. } => panic!("a success"),
            }
        };
        assert_eq!((remedy(0), remedy(59), remedy(60)), (Remedy::Retry, Remedy::Retry, Remedy::GiveUp));
    }

    #[test]
    fn a_web_page_is_a_success_with_a_doubt() {
        let (remedy, hint) = judged(OTHER, 200, "<!doctype html><title>Sign in</title>", 0);
        assert_eq!(remedy, None);
        assert!(hint.contains("a web page"), "{hint}");
    }

    #[test]
    fn a_success_whose_rest_is_not_http_is_one_and_says_so() {
        let body = Bytes::from("answered 200, but the rest is not HTTP:\nServer : x");
        let reply = ReceivedReply { status: 200, headers: Vec::new(), body, truncated: true };
        let Judgement::Success { hint, .. } = event(OTHER, reply, 0, Duration::ZERO) else {
            panic!("a failure")
        };
        assert!(hint.unwrap().contains("the rest is not HTTP"));
    }

    #[test]
    fn answers_mean_what_the_services_say() {
        use Remedy::{GiveUp, Retry, RetrySlowly};
        let gone = Some(Remedy::Disable(DisableReason::Gone));
        for (url, status, body, remedy, hint) in [
            (MAKE, 200, "Accepted", None, "scenario's history"),
            (MAKE, 400, "Queue is full.", Some(Retry), "queue in Make is full"),
            (OTHER, 400, "Queue is full.", Some(Retry), "queue in Make is full"),
            (MAKE, 400, "Validation failed for 1 parameter(s).", Some(GiveUp), "data structure"),
            (MAKE, 401, "Unauthorized", Some(RetrySlowly), "x-make-apikey"),
            (MAKE, 403, "", Some(RetrySlowly), "x-make-apikey"),
            (MAKE, 404, "", Some(GiveUp), "copy the URL again"),
            (MAKE, 410, "", gone, "switched it off"),
            (MAKE, 413, "", Some(GiveUp), "too large"),
            (MAKE, 429, "", Some(Retry), "30 requests a second"),
            (MAKE, 500, "Scenario failed to complete.", Some(Retry), "scenario, and it failed"),
            (MAKE, 503, "", Some(Retry), ""),
            (N8N, 200, r#"{"message":"Workflow was started"}"#, None, "executions"),
            (N8N, 200, r#"[{"id":1}]"#, None, ""),
            (N8N, 401, "Authorization is required!", Some(RetrySlowly), "Webhook node"),
            (N8N, 403, "Authorization data is wrong!", Some(RetrySlowly), "Webhook node"),
            (N8N, 404, UNREGISTERED, Some(Retry), "activate the workflow"),
            (
                N8N,
                404,
                r#"{"code":404,"message":"This webhook is not registered for POST requests. Did you mean to make a GET request?"}"#,
                Some(GiveUp),
                "HTTP Method to POST",
            ),
            (N8N, 404, "<html>404</html>", Some(Retry), "check the webhook's URL"),
            (N8N, 500, r#"{"message":"Error in workflow"}"#, Some(Retry), "Respond set to Immediately"),
            (N8N, 502, "<html>Bad Gateway</html>", Some(Retry), ""),
            (N8N_TEST, 200, r#"{"message":"Workflow was started"}"#, None, "production URL"),
            (N8N_TEST, 404, UNREGISTERED, Some(GiveUp), "production URL"),
            (ZAPIER, 200, r#"{"status":"success"}"#, None, "a Zap that is off"),
            (ZAPIER, 404, "", Some(GiveUp), "with the slash at its end"),
            (ZAPIER, 410, "", gone, "removed this hook"),
            (ZAPIER, 413, "", Some(GiveUp), "too large"),
            (ZAPIER, 429, "", Some(Retry), "20,000 in five minutes"),
            (ZAPIER, 500, "", Some(Retry), ""),
            (OTHER, 200, "Accepted", None, ""),
            (OTHER, 400, "no", Some(GiveUp), "its answer says why"),
            (OTHER, 404, "This page is not registered", Some(Retry), "check the webhook's URL"),
            (OTHER, 410, "", gone, "does not want events any more"),
        ] {
            let (judged, said) = judged(url, status, body, 0);
            assert_eq!(judged, remedy, "{url} {status} {body}");
            assert!(
                said.contains(hint) && said.is_empty() == hint.is_empty(),
                "{url} {status} {body}: {said}"
            );
        }
    }

    #[test]
    fn an_unregistered_webhook_is_missed_for_some_minutes_only() {
        let remedies = (0..7).map(|failures| judged(N8N, 404, UNREGISTERED, failures).0);
        let tries = remedies.take_while(|remedy| *remedy == Some(Remedy::Retry)).count();
        assert_eq!(tries, 5);
        assert_eq!(judged(N8N, 404, UNREGISTERED, 5).0, Some(Remedy::GiveUp));
    }

    #[test]
    fn a_time_that_the_target_names_stands() {
        let headers = vec![("retry-after".to_owned(), "7".to_owned())];
        let reply = ReceivedReply { status: 429, headers, body: Bytes::new(), truncated: false };
        let judgement = event(ZAPIER, reply, 0, Duration::ZERO);
        let Judgement::Failure(refusal) = judgement else { panic!("a success") };
        assert_eq!(refusal.remedy, Remedy::RetryAfter(Duration::from_secs(7)));
    }

    #[test]
    fn every_rule_is_reached() {
        for rule in &RULES {
            let url = match rule.place {
                Place::Anywhere => OTHER,
                Place::Make => MAKE,
                Place::N8nTest => N8N_TEST,
                Place::Zapier => ZAPIER,
            };
            let (_, hint) = judged(url, rule.status, &rule.words.join(" "), 0);
            assert_eq!(hint, rule.hint);
        }
    }
}
