//! Runs the effects of deliveries: asks plugins, sends requests, writes records.

use std::sync::Arc;
use std::time::Duration;

use hookwright_model::redact::Redactor;
use hookwright_model::{Delivery, DeliveryState, ErrorKind, Event, Pin, PluginVersion, Timestamp, Webhook};
use hookwright_store::{AttemptRecord, Claim, ClaimAfter, Store, StoreError};
use http::Method;
use tracing::{debug, error, warn};

use crate::Ports;
use crate::delivery::{
    self, Credentials, Health, Moment, Next, Outgoing, Pinned, Rules, Sending, Shape, Transition,
};
use crate::lanes::Lanes;
use crate::ports::{Exchange, MapError, MapRequest, Mapped, OutboundRequest};

/// How long a worker waits before it tries again to write down what happened: the disk may be full for a while.
const RECORD_RETRY: Duration = Duration::from_secs(1);

/// How long a delivery waits that could not even be read, or whose worker panicked.
pub(crate) const STORE_RETRY: Duration = Duration::from_secs(5);

/// Carries out deliveries that somebody has claimed.
pub(crate) struct Worker {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) ports: Ports,
    pub(crate) lanes: Arc<Lanes>,
}

/// How a run of a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    /// How long the delivery waits before it is tried again, if it is.
    pub(crate) retry_in: Option<Duration>,
}

/// What one run keeps at hand.
struct Run<'a> {
    worker: &'a Worker,
    webhook: &'a Webhook,
    event: Event,
    /// The target's name for people.
    target: String,
}

/// How a delivery is shaped, and by which version of a plugin, if that is known.
struct Chosen {
    shape: Result<Shape, MapError>,
    plugin: Option<Arc<PluginVersion>>,
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
                Ended { retry_in: Some(STORE_RETRY) }
            }
        }
    }

    async fn attempt(&self, claim: Claim) -> Result<Ended, StoreError> {
        let Claim { delivery, event, replies } = claim;
        let webhook = match self.store.webhook(delivery.webhook).await {
            Ok(webhook) => webhook,
            // Deleted since the claim: writing the row down lets the store call the delivery off.
            Err(StoreError::NotFound(_)) => {
                self.record(unchanged(delivery)).await?;
                return Ok(Ended { retry_in: None });
            }
            Err(error) => return Err(error),
        };
        let mut delivery = delivery;
        // While the webhook was switched off nothing could be tried, so that time does not count for giving up.
        delivery.run_started_at = delivery.run_started_at.max(webhook.state_since);
        let Chosen { shape, plugin } = self.shape(&webhook, delivery.pin).await?;
        let credentials = credentials(&webhook, plugin.as_deref());
        let rules = Rules { url: webhook.url.clone(), retry: webhook.retry, credentials };
        let first = match shape {
            Ok(shape) => {
                let next = delivery::start(delivery, replies, rules, shape, self.ports.clock.now());
                Transition { record: None, health: Health::Unknown, next }
            }
            Err(error) => delivery::unmappable(delivery, rules, &error, self.moment()),
        };
        let target = target_name(&webhook, plugin.as_deref());
        Run { worker: self, webhook: &webhook, event, target }.follow(first).await
    }

    /// The mapping that a delivery uses: the one it pins, or else the webhook's own.
    async fn shape(&self, webhook: &Webhook, pin: Option<Pin>) -> Result<Chosen, StoreError> {
        let mapping = match pin {
            Some(pin) => Some(self.store.mapping_at(webhook.id, pin.mapping_revision).await?),
            None => webhook.mapping.clone(),
        };
        let Some(mapping) = mapping else { return Ok(Chosen { shape: Ok(Shape::Payload), plugin: None }) };
        let plugin = match self.store.plugin(webhook.project, &mapping.plugin, mapping.version).await {
            Ok(version) => Some(version),
            Err(StoreError::NotFound(_)) => None,
            Err(error) => return Err(error),
        };
        let current = plugin
            .as_ref()
            .map(|version| Pin { digest: version.digest, mapping_revision: webhook.mapping_revision });
        let shape = match pin.or(current) {
            Some(pin) => Ok(Shape::Mapped(Pinned { pin, settings: mapping.settings })),
            None => {
                let gone = format!("the plugin `{}` does not exist any more", mapping.plugin);
                Err(MapError::Invalid(gone))
            }
        };
        Ok(Chosen { shape, plugin })
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
                let gone = "the version of the plugin that this delivery began with was deleted; resend the delivery to use \
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
        let mut ended = Ended { retry_in: None };
        loop {
            let now = self.worker.ports.clock.now();
            if let Some(record) = &mut transition.record {
                redact(record, &redactor);
            }
            self.report(&transition, now);
            if let Some(record) = transition.record {
                log(&record);
                ended = ended_by(&record, now);
                if self.worker.record(*record).await? == DeliveryState::Cancelled {
                    return Ok(Ended { retry_in: None });
                }
            }
            transition = match transition.next {
                Next::End => return Ok(ended),
                Next::Transform(transforming) => {
                    let mapped = self.worker.transform(transforming.request(&self.event)).await?;
                    transforming.step(mapped, self.worker.moment())
                }
                Next::Send(sending) => match self.worker.lanes.enter(self.webhook.id, sending.origin()).await
                {
                    Ok(()) => {
                        let exchange = self.send(&sending).await;
                        sending.step(exchange, self.worker.moment())
                    }
                    Err(rest) => sending.postpone(rest, self.worker.moment()),
                },
            };
        }
    }

    /// Lets the lane know how its target copes.
    fn report(&self, transition: &Transition, now: Timestamp) {
        let error = || {
            let attempt = transition.record.as_ref()?.attempt.as_ref()?;
            Some(attempt.error.as_ref()?.message.clone())
        };
        let reason = || match transition.health {
            Health::Throttling(Some(_)) => format!("{} asked for a pause", self.target),
            Health::Throttling(None) => format!("{} takes fewer requests than it is sent", self.target),
            _ => error().unwrap_or_default(),
        };
        self.worker.lanes.heard(self.webhook.id, transition.health, reason, now);
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
            webhook_url: self.webhook.url.clone(),
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

/// Ends a claim without an attempt.
fn unchanged(delivery: Delivery) -> AttemptRecord {
    AttemptRecord {
        delivery: Delivery { state: DeliveryState::Pending, ..delivery },
        attempt: None,
        reply: None,
        disable_webhook: None,
        claim: ClaimAfter::Release,
    }
}

fn credentials(webhook: &Webhook, plugin: Option<&PluginVersion>) -> Credentials {
    let sent = webhook.headers.texts().map(|(name, _)| name.to_ascii_lowercase()).collect();
    let hints = plugin.iter().flat_map(|plugin| &plugin.description.headers);
    let wanted = hints.filter(|hint| hint.secret).map(|hint| hint.name.to_ascii_lowercase()).collect();
    Credentials { sent, wanted }
}

fn target_name(webhook: &Webhook, plugin: Option<&PluginVersion>) -> String {
    let host = || webhook.url.expose().host_str().unwrap_or_default().to_owned();
    plugin.map_or_else(host, |plugin| plugin.description.title.clone())
}

fn ended_by(record: &AttemptRecord, now: Timestamp) -> Ended {
    let waits = record.claim == ClaimAfter::Release && record.delivery.state == DeliveryState::Pending;
    Ended { retry_in: waits.then(|| record.delivery.due_at.since(now)) }
}

/// One line per failure. Successes are logged at the level `debug`.
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
