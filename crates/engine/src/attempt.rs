//! Runs the effects of deliveries: asks plugins, sends requests, writes records.

use std::sync::Arc;
use std::time::Duration;

use hookwright_model::redact::Redactor;
use hookwright_model::{AttemptErrorKind, DeliveryState, ErrorKind, Pin, Timestamp, Verdict, Webhook};
use hookwright_store::{AttemptRecord, Claim, ClaimAfter, Store, StoreError};
use http::Method;
use tracing::{debug, error, warn};

use crate::Ports;
use crate::delivery::{self, Moment, Next, Outgoing, Pinned, Rules, Sending, Shape, Transition};
use crate::ports::{Exchange, MapError, MapRequest, Mapped, OutboundRequest};

/// How long a worker waits before it tries again to write down what happened: the disk may be full for a while.
const RECORD_RETRY: Duration = Duration::from_secs(1);

/// How long a delivery waits that could not even be read, or whose worker panicked.
pub(crate) const STORE_RETRY: Duration = Duration::from_secs(5);

/// Carries out deliveries that somebody has claimed.
pub(crate) struct Worker {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) ports: Ports,
}

/// What a run says about its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// It took the request.
    Good,
    /// It does not answer, or cannot take requests now.
    Failing,
    /// Nothing was learned.
    Unknown,
}

/// How a run of a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) health: Health,
    /// When it is to be tried again, if it is.
    pub(crate) retry_at: Option<Timestamp>,
}

/// What one run keeps at hand.
struct Run<'a> {
    worker: &'a Worker,
    webhook: &'a Webhook,
    event: hookwright_model::Event,
}

/// How a delivery is to be shaped, as far as that can be found.
enum Found {
    Shape(Shape),
    /// Its mapping is gone.
    Unmappable(MapError),
}

impl Worker {
    /// Attempts a claimed delivery until it ends or has to wait. The claim is gone afterwards.
    pub(crate) async fn run(&self, claim: Claim) -> Ended {
        let id = claim.delivery.id;
        match self.attempt(claim).await {
            Ok(ended) => ended,
            Err(error) => {
                error!(delivery.id = %id, error = %error, "the delivery could not be read or recorded");
                self.store.release(&[id]).await;
                Ended { health: Health::Unknown, retry_at: Some(self.ports.clock.now().after(STORE_RETRY)) }
            }
        }
    }

    async fn attempt(&self, claim: Claim) -> Result<Ended, StoreError> {
        let Claim { delivery, event, replies } = claim;
        let webhook = match self.store.webhook(delivery.webhook).await {
            Ok(webhook) => webhook,
            // Deleted since the claim: writing the row down lets the store call the delivery off.
            Err(StoreError::NotFound(_)) => {
                let delivery = hookwright_model::Delivery { state: DeliveryState::Pending, ..delivery };
                let claim = ClaimAfter::Release;
                self.record(AttemptRecord {
                    delivery,
                    attempt: None,
                    reply: None,
                    disable_webhook: None,
                    claim,
                })
                .await?;
                return Ok(Ended { health: Health::Unknown, retry_at: None });
            }
            Err(error) => return Err(error),
        };
        let mut delivery = delivery;
        // While the webhook was switched off nothing could be tried, so that time does not count for giving up.
        delivery.run_started_at = delivery.run_started_at.max(webhook.state_since);
        let rules = Rules { url: webhook.url.clone(), retry: webhook.retry };
        let now = self.ports.clock.now();
        let first = match self.shape(&webhook, delivery.pin).await? {
            Found::Shape(shape) => {
                let next = delivery::start(delivery, replies, rules, shape, now);
                Transition { record: None, next }
            }
            Found::Unmappable(error) => delivery::unmappable(delivery, rules, error, self.moment()),
        };
        Run { worker: self, webhook: &webhook, event }.follow(first).await
    }

    /// By the mapping that the delivery pins, or else by the webhook's own.
    async fn shape(&self, webhook: &Webhook, pin: Option<Pin>) -> Result<Found, StoreError> {
        if let Some(pin) = pin {
            let settings = self.store.mapping_at(webhook.id, pin.mapping_revision).await?.settings;
            return Ok(Found::Shape(Shape::Mapped(Pinned { pin, settings })));
        }
        let Some(mapping) = &webhook.mapping else { return Ok(Found::Shape(Shape::Payload)) };
        match self.store.plugin(webhook.project, &mapping.plugin, mapping.version).await {
            Ok(version) => {
                let pin = Pin { digest: version.digest, mapping_revision: webhook.mapping_revision };
                Ok(Found::Shape(Shape::Mapped(Pinned { pin, settings: mapping.settings.clone() })))
            }
            Err(StoreError::NotFound(_)) => {
                let gone = format!("the plugin `{}` does not exist any more", mapping.plugin);
                Ok(Found::Unmappable(MapError::Invalid(gone)))
            }
            Err(error) => Err(error),
        }
    }

    /// Asks a plugin, which is loaded first if need be.
    pub(crate) async fn transform(&self, request: MapRequest) -> Result<Mapped, StoreError> {
        let mapper = &self.ports.mapper;
        let mapped = mapper.transform(request.clone()).await;
        if mapped.outcome != Err(MapError::NotLoaded) {
            return Ok(mapped);
        }
        let component = match self.store.component(request.component).await {
            Ok(component) => component,
            Err(StoreError::NotFound(_)) => {
                let gone = "the version of the plugin that this delivery began with was deleted; send it again to use \
                            the webhook's present mapping";
                return Ok(Mapped::not_run(MapError::Invalid(gone.to_owned())));
            }
            Err(StoreError::Corrupt(problem)) => return Ok(Mapped::not_run(MapError::Invalid(problem))),
            Err(error) => return Err(error),
        };
        match mapper.load(component).await {
            Ok(()) => Ok(mapper.transform(request).await),
            Err(error) if error.kind() == ErrorKind::Unavailable => {
                Ok(Mapped::not_run(MapError::Unavailable(error.to_string())))
            }
            Err(error) => Ok(Mapped::not_run(MapError::Invalid(error.to_string()))),
        }
    }

    fn moment(&self) -> Moment {
        Moment { now: self.ports.clock.now(), jitter: self.ports.entropy.next_u64() }
    }

    /// Writes a record down, however long the disk is full or fails: what a target has taken must not be forgotten. The
    /// store says in the log when that begins and ends.
    async fn record(&self, record: AttemptRecord) -> Result<DeliveryState, StoreError> {
        let id = record.delivery.id;
        let mut is_unknown = false;
        loop {
            match self.store.finish_attempt(record.clone()).await {
                Err(error @ (StoreError::Full | StoreError::Overloaded | StoreError::Backend(_))) => {
                    debug!(delivery.id = %id, error = %error, "an attempt cannot be recorded yet");
                    is_unknown |= matches!(error, StoreError::Backend(_));
                    tokio::time::sleep(RECORD_RETRY).await;
                }
                // The write that seemed to fail had been done.
                Err(StoreError::NotFound(_)) if is_unknown => {
                    return Ok(self.store.delivery(id).await?.state);
                }
                other => return other,
            }
        }
    }
}

impl Run<'_> {
    async fn follow(&self, mut transition: Transition) -> Result<Ended, StoreError> {
        let redactor = Redactor::of_webhook(self.webhook);
        let mut ended = Ended { health: Health::Unknown, retry_at: None };
        loop {
            if let Some(mut record) = transition.record {
                redact(&mut record, &redactor);
                log(&record);
                ended = ended_by(&record);
                if self.worker.record(*record).await? == DeliveryState::Cancelled {
                    return Ok(Ended { retry_at: None, ..ended });
                }
            }
            transition = match transition.next {
                Next::End => return Ok(ended),
                Next::Map(mapping) => {
                    let mapped = self.map(&mapping).await?;
                    mapping.step(mapped, self.worker.moment())
                }
                Next::Send(sending) => {
                    let exchange = self.send(&sending).await;
                    sending.step(exchange, self.worker.moment())
                }
            };
        }
    }

    async fn map(&self, mapping: &delivery::Mapping) -> Result<Mapped, StoreError> {
        let Pinned { pin, settings } = mapping.pinned();
        let request = MapRequest {
            component: pin.digest,
            event: self.event.clone(),
            settings: settings.clone(),
            history: mapping.history(),
        };
        self.worker.transform(request).await
    }

    async fn send(&self, sending: &Sending) -> Exchange {
        let now = self.worker.ports.clock.now();
        let Outgoing { url, step } = sending.outgoing();
        let (method, plugin_headers, body) = match step {
            Some(step) => (step.method.clone(), step.headers.clone(), step.body.clone()),
            None => (Method::POST, Vec::new(), Some(self.event.payload.clone())),
        };
        let request = OutboundRequest {
            id: sending.delivery(),
            project: self.webhook.project,
            sent_at: now,
            secrets: self.webhook.secrets.signing_at(now).cloned().collect(),
            method,
            url: url.clone(),
            custom_headers: self.webhook.headers.clone(),
            plugin_headers,
            body,
            timeout: self.webhook.limits.timeout,
        };
        self.worker.ports.sender.send(request).await
    }
}

/// Masks the webhook's secrets in everything that is kept. Targets and plugins may have repeated them anywhere.
fn redact(record: &mut AttemptRecord, redactor: &Redactor) {
    redactor.delivery(&mut record.delivery);
    if let Some(attempt) = &mut record.attempt {
        redactor.attempt(attempt);
    }
    if let Some(reply) = &mut record.reply {
        redactor.kept_reply(reply);
    }
}

fn ended_by(record: &AttemptRecord) -> Ended {
    let retry_at = (record.claim == ClaimAfter::Release && record.delivery.state == DeliveryState::Pending)
        .then_some(record.delivery.due_at);
    let health = match &record.attempt {
        Some(attempt) if attempt.verdict == Verdict::Succeeded => Health::Good,
        Some(attempt)
            if attempt.verdict == Verdict::Retry && attempt.error.as_ref().is_some_and(by_target) =>
        {
            Health::Failing
        }
        _ => Health::Unknown,
    };
    Ended { health, retry_at }
}

fn by_target(error: &hookwright_model::AttemptError) -> bool {
    use AttemptErrorKind::{Blocked, Connect, Dns, Reset, Status, Timeout, Tls};
    matches!(error.kind, Dns | Blocked | Connect | Tls | Timeout | Reset | Status)
}

/// One line per failure; what went well is for whoever looks closely.
fn log(record: &AttemptRecord) {
    let Some(attempt) = &record.attempt else { return };
    let (delivery, webhook) = (&record.delivery, record.delivery.webhook);
    let duration_ms = attempt.duration.as_millis();
    if let Some(reason) = record.disable_webhook {
        warn!(
            webhook.id = %webhook,
            delivery.id = %delivery.id,
            reason = reason.as_str(),
            "the webhook is disabled; its deliveries wait until it is enabled"
        );
    }
    match &attempt.error {
        Some(error) => warn!(
            delivery.id = %delivery.id,
            webhook.id = %webhook,
            attempt.number = attempt.number,
            attempt.duration_ms = duration_ms,
            attempt.verdict = attempt.verdict.as_str(),
            error.kind = error.kind.as_str(),
            reply.status = attempt.reply.as_ref().map(|reply| reply.status),
            "an attempt failed"
        ),
        None => debug!(
            delivery.id = %delivery.id,
            webhook.id = %webhook,
            attempt.number = attempt.number,
            attempt.duration_ms = duration_ms,
            attempt.verdict = attempt.verdict.as_str(),
            "an attempt ended"
        ),
    }
}
