//! The network.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hookwright_model::{
    AttemptErrorKind, CustomHeaders, DeliveryId, ProjectId, ReceivedReply, SentRequest, SigningSecret,
    TargetUrl, Timestamp,
};
use http::{HeaderName, HeaderValue, Method};

/// Sends requests to targets.
#[async_trait]
pub trait Sender: Send + Sync + 'static {
    /// Sends one request and reads the answer, up to the limit and within the request's time. Redirects are answers.
    /// An address that may not be reached is refused before anything is sent to it.
    async fn send(&self, request: OutboundRequest) -> Exchange;

    /// The request as [`Sender::send`] would send it, credentials masked. Nothing is sent.
    fn show(&self, request: &OutboundRequest) -> SentRequest;

    /// Says whether a webhook may have this URL, as far as that can be known now: the addresses are checked again with
    /// every request. A name that cannot be resolved at the moment passes.
    ///
    /// # Errors
    /// Why not, in words for the webhook's owner.
    async fn check_target(&self, url: &TargetUrl) -> Result<(), TargetRefused>;
}

/// One request to a target.
#[derive(Debug, Clone)]
pub struct OutboundRequest {
    /// The delivery: the `webhook-id` (Standard Webhooks).
    pub id: DeliveryId,
    /// Whose request it is: projects share what is scarce, such as lookups of names.
    pub project: ProjectId,
    /// When it is sent: the `webhook-timestamp`.
    pub sent_at: Timestamp,
    /// Sign the bytes that are sent; never empty.
    pub secrets: Vec<SigningSecret>,
    /// The method.
    pub method: Method,
    /// The whole URL.
    pub url: TargetUrl,
    /// The webhook's own URL, of which `url` is a part. Only what this one hides is masked in the answer: what a plugin
    /// adds, such as the address that it searches, is not a secret and has to come back to it.
    pub webhook_url: TargetUrl,
    /// The webhook's headers. They win over the plugin's, and their values are never shown.
    pub custom_headers: CustomHeaders,
    /// The plugin's headers.
    pub plugin_headers: Vec<(HeaderName, HeaderValue)>,
    /// The body; none sends none.
    pub body: Option<Bytes>,
    /// How long it may take, from resolving the name to the last byte of the reply.
    pub timeout: Duration,
}

/// A request and its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The request as sent, credentials masked.
    pub request: SentRequest,
    /// The answer, or why there is none.
    pub outcome: Result<ReceivedReply, SendError>,
    /// How long it took.
    pub duration: Duration,
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("{message}")]
pub struct SendError {
    /// The kind: one of those that the network gives.
    pub kind: AttemptErrorKind,
    /// The details, for people; without credentials.
    pub message: String,
    /// Whether the target may have seen the request.
    pub reached: Reached,
}

/// Whether the target may have seen a request that has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// Certainly not: there was no connection.
    No,
    /// Perhaps.
    Perhaps,
}

/// A webhook may not have a URL, because it leads to an address that is not public.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("{message}")]
pub struct TargetRefused {
    /// The reason, in words for the webhook's owner.
    pub message: String,
    /// The address; none when the URL has a name without one.
    pub address: Option<IpAddr>,
}
