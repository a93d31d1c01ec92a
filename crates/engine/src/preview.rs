//! The next step of a delivery, without taking it: the plugin's answer goes through the same state machine as in a real
//! delivery, and nothing is sent or stored.

use hookwright_model::{
    Action, AttemptError, AttemptErrorKind, CustomHeaders, Delivery, DeliveryId, Digest, Event, Failure,
    History, Limits, LogLine, Origin, Pin, ProjectId, Receipt, RetryPolicy, Settings, SigningSecret,
    StepRequest, TargetUrl, Timestamp, Verdict, WebhookId,
};
use hookwright_store::AttemptRecord;

use crate::delivery::{self, Credentials, Moment, Next, Pinned, Rules, Transition};
use crate::ports::{MapError, MapRequest, Mapped, OutboundRequest, Sender, Usage};

/// The plugin to ask, all that it is shown, and the URL to send to.
#[derive(Debug, Clone)]
pub struct PreviewInput {
    /// The component; it must be loaded.
    pub component: Digest,
    /// The event.
    pub event: Event,
    /// The settings of the webhook.
    pub settings: Settings,
    /// What has happened to the delivery so far.
    pub history: History,
    /// The webhook's URL.
    pub url: TargetUrl,
}

/// A plugin's answer and what a delivery would make of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// What the delivery would do next.
    pub next: Planned,
    /// What the plugin wrote.
    pub logs: Vec<LogLine>,
    /// What the call used.
    pub usage: Usage,
}

/// What a delivery would do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Planned {
    /// Send a request whose success completes it.
    Deliver(PlannedRequest),
    /// Send a request, then ask the plugin again with the reply.
    Call(PlannedRequest),
    /// End as delivered.
    Done(Receipt),
    /// End as skipped, for this reason.
    Skip(String),
    /// Be tried again later.
    Retry {
        /// What went wrong.
        error: AttemptError,
        /// When, if the plugin named a time; the webhook's schedule decides otherwise.
        after_secs: Option<u32>,
    },
    /// Wait for a person.
    Hold {
        /// What went wrong.
        error: AttemptError,
        /// What a person can do about it.
        hint: Option<String>,
    },
}

/// A request as it would be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRequest {
    /// What the plugin asked for.
    pub step: StepRequest,
    /// The whole URL.
    pub url: TargetUrl,
    /// All headers that do not depend on the delivery, names in lower case: the plugin's and the host's. A webhook adds
    /// its own ones, and [`SIGNATURE_HEADERS`].
    pub headers: Vec<(String, String)>,
}

/// The headers that sign a delivery (Standard Webhooks): they are different each time.
pub const SIGNATURE_HEADERS: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

impl PreviewInput {
    /// The call of the plugin.
    pub fn request(&self) -> MapRequest {
        MapRequest {
            component: self.component,
            event: self.event.clone(),
            settings: self.settings.clone(),
            history: self.history.clone(),
        }
    }

    /// The preview that follows from the answer to [`PreviewInput::request`].
    pub fn preview(self, mapped: Mapped, sender: &dyn Sender) -> Preview {
        let (logs, usage) = (mapped.logs.clone(), mapped.usage);
        Preview { next: self.next(mapped, sender), logs, usage }
    }

    fn next(self, mapped: Mapped, sender: &dyn Sender) -> Planned {
        let answer = mapped.outcome.clone();
        let Transition { record, next, .. } = self.step(mapped);
        match (answer, next, record) {
            (Ok(Action::Call(step)), Next::Send(sending), _) => {
                Planned::Call(PlannedRequest::new(step, sending.outgoing().url.clone(), sender))
            }
            (Ok(Action::Deliver(step)), Next::Send(sending), _) => {
                Planned::Deliver(PlannedRequest::new(step, sending.outgoing().url.clone(), sender))
            }
            (answer, _, record) => Planned::end(&answer, record),
        }
    }

    /// Lets a delivery that exists nowhere take the answer.
    fn step(self, mapped: Mapped) -> Transition {
        let Self { component, event, history, url, settings } = self;
        let now = event.received_at;
        let (id, webhook) = (DeliveryId::from_bytes([0; 16]), WebhookId::from_bytes([0; 16]));
        let mut delivery = Delivery::new(id, event.id, webhook, event.project, Origin::Event, now);
        let calls = u32::try_from(history.replies.len()).unwrap_or(u32::MAX);
        delivery.replies = calls;
        delivery.uncertain = history.uncertain;
        let rules = Rules { url, retry: RetryPolicy::default(), credentials: Credentials::default() };
        let pinned = Pinned { pin: Pin { digest: component, mapping_revision: 1 }, settings };
        let transforming = delivery::start_mapped(delivery, history.replies, rules, pinned, now);
        transforming.having_made(calls).step(mapped, Moment { now, jitter: 0 })
    }
}

impl Planned {
    /// The end of a delivery that sends nothing more in this run.
    fn end(answer: &Result<Action, MapError>, record: Option<Box<AttemptRecord>>) -> Self {
        let Some((delivery, attempt)) = record.and_then(|record| Some((record.delivery, record.attempt?)))
        else {
            let message = "the delivery would end without an attempt".to_owned();
            let error = AttemptError { kind: AttemptErrorKind::MappingUnavailable, message };
            return Self::Hold { error, hint: None };
        };
        match (attempt.verdict, attempt.error) {
            (Verdict::Skipped, _) => Self::Skip(delivery.reason.unwrap_or_default()),
            (_, None) => Self::Done(delivery.receipt.unwrap_or_default()),
            (Verdict::Retry, Some(problem)) => {
                let after_secs = match answer {
                    Err(MapError::Plugin(Failure::Retry { after_secs, .. })) => *after_secs,
                    _ => None,
                };
                Self::Retry { error: problem, after_secs }
            }
            (_, Some(error)) => Self::Hold { error, hint: attempt.hint },
        }
    }
}

impl PlannedRequest {
    fn new(step: StepRequest, url: TargetUrl, sender: &dyn Sender) -> Self {
        let request = OutboundRequest {
            id: DeliveryId::from_bytes([0; 16]),
            project: ProjectId::from_bytes([0; 16]),
            sent_at: Timestamp::EPOCH,
            secrets: vec![SigningSecret::from_random([0; 32])],
            method: step.method.clone(),
            webhook_url: url.clone(),
            url: url.clone(),
            custom_headers: CustomHeaders::default(),
            plugin_headers: step.headers.clone(),
            body: step.body.clone(),
            timeout: Limits::default().timeout,
        };
        let mut headers = sender.show(&request).headers;
        headers.retain(|(name, _)| !SIGNATURE_HEADERS.contains(&name.as_str()));
        Self { step, url, headers }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hookwright_model::{EventId, ProjectId, Reply, SentRequest};

    use super::*;
    use crate::ports::{Exchange, TargetRefused};
    use crate::sample;

    struct Nowhere;

    #[async_trait::async_trait]
    impl Sender for Nowhere {
        async fn send(&self, request: OutboundRequest) -> Exchange {
            panic!("a preview sends nothing: {request:?}")
        }

        fn show(&self, request: &OutboundRequest) -> SentRequest {
            let headers = ["webhook-id", "accept"].map(|name| (name.to_owned(), "*/*".to_owned()));
            let (method, url) = (request.method.to_string(), request.url.masked());
            SentRequest { method, url, headers: headers.into(), body: Bytes::new() }
        }

        async fn check_target(&self, _: &TargetUrl) -> Result<(), TargetRefused> {
            Ok(())
        }
    }

    fn step(path: &str) -> StepRequest {
        StepRequest {
            step: "create".to_owned(),
            method: http::Method::POST,
            path: Some(path.to_owned()),
            headers: Vec::new(),
            body: None,
            accept: Vec::new(),
            idempotent: false,
        }
    }

    /// What comes of an answer, after so many replies.
    fn next(replies: usize, outcome: Result<Action, MapError>) -> Planned {
        let reply = Reply {
            step: "search".to_owned(),
            status: 200,
            headers: Vec::new(),
            body: String::new(),
            truncated: false,
        };
        let input = PreviewInput {
            component: Digest::of(b"component"),
            event: sample::event(
                EventId::from_bytes([1; 16]),
                ProjectId::from_bytes([2; 16]),
                Timestamp::EPOCH,
            ),
            settings: Settings::default(),
            history: History { replies: vec![reply; replies], uncertain: None },
            url: TargetUrl::parse("https://crm.example/api").unwrap(),
        };
        let usage = Usage { instructions: 7, ..Usage::default() };
        let preview = input.preview(Mapped { outcome, logs: Vec::new(), usage }, &Nowhere);
        assert_eq!(preview.usage, usage);
        preview.next
    }

    fn held(planned: Planned) -> AttemptErrorKind {
        let Planned::Hold { error, hint: Some(_) } = planned else { panic!("{planned:?}") };
        error.kind
    }

    #[test]
    fn a_request_is_shown_as_it_would_be_sent_but_for_the_signature() {
        let Planned::Call(call) = next(0, Ok(Action::Call(step("/leads?find=a%20b")))) else { panic!() };
        assert_eq!(call.url.expose().as_str(), "https://crm.example/api/leads?find=a%20b");
        assert_eq!(call.headers, [("accept".to_owned(), "*/*".to_owned())]);
        assert_eq!(call.step, step("/leads?find=a%20b"));
        assert!(matches!(next(0, Ok(Action::Deliver(step("/leads")))), Planned::Deliver(_)));
    }

    #[test]
    fn what_a_delivery_would_not_accept_is_not_accepted_here() {
        use AttemptErrorKind::{MappingInvalid, MappingLimit, MappingPermanent, MappingTrap};
        assert_eq!(held(next(0, Ok(Action::Call(step("/../admin"))))), MappingInvalid);
        assert_eq!(held(next(0, Ok(Action::Done(Receipt::default())))), MappingInvalid);
        assert_eq!(held(next(8, Ok(Action::Call(step("/leads"))))), MappingLimit);
        assert_eq!(held(next(0, Err(MapError::Trap("unreachable".to_owned())))), MappingTrap);
        let failure = Failure::Permanent("no such queue".to_owned());
        assert_eq!(held(next(0, Err(MapError::Plugin(failure)))), MappingPermanent);
    }

    #[test]
    fn a_delivery_ends_as_the_plugin_says() {
        let receipt = Receipt { reference: Some("lead/7".to_owned()), url: None };
        assert_eq!(next(1, Ok(Action::Done(receipt.clone()))), Planned::Done(receipt));
        assert_eq!(next(0, Ok(Action::Skip("empty".to_owned()))), Planned::Skip("empty".to_owned()));
        let failure = Failure::Retry { reason: "locked".to_owned(), after_secs: Some(30) };
        let Planned::Retry { error, after_secs } = next(0, Err(MapError::Plugin(failure))) else { panic!() };
        assert_eq!((error.message.as_str(), after_secs), ("locked", Some(30)));
    }
}
