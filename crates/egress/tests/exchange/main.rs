//! Requests over real sockets of the loopback device.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the test functions for tests, and not what they share"
)]

mod echoes;
mod failures;
mod odd_replies;
mod requests;
mod server;
mod targets;
mod tls;

use std::time::Duration;

use bytes::Bytes;
use hookwright_egress::{AddressPolicy, Egress, EgressOptions};
use hookwright_engine::ports::{Exchange, OutboundRequest, SendError, Sender};
use hookwright_model::{
    CustomHeaders, DeliveryId, ProjectId, ReceivedReply, SigningSecret, TargetUrl, Timestamp,
};
use http::Method;

/// Long enough for every exchange that is meant to succeed.
const AMPLE: Duration = Duration::from_secs(20);
/// The time of a request that is meant to run out of it, once it is where the test wants it: [`overdue`] lets it pass.
const SHORT: Duration = Duration::from_secs(5);

fn egress(policy: AddressPolicy) -> Egress {
    Egress::new(EgressOptions { policy, extra_roots_pem: None }).unwrap()
}

fn loopback() -> AddressPolicy {
    AddressPolicy::public_only().allow("127.0.0.0/8".parse().unwrap()).allow("::1/128".parse().unwrap())
}

fn secret() -> SigningSecret {
    SigningSecret::from_random([7; 32])
}

fn post(url: &str, body: &'static [u8]) -> OutboundRequest {
    OutboundRequest {
        id: DeliveryId::from_bytes([1; 16]),
        project: ProjectId::from_bytes([1; 16]),
        sent_at: Timestamp::from_millis(1_700_000_000_000),
        secrets: vec![secret()],
        method: Method::POST,
        url: TargetUrl::parse(url).unwrap(),
        webhook_url: TargetUrl::parse(url).unwrap(),
        custom_headers: CustomHeaders::default(),
        plugin_headers: Vec::new(),
        body: Some(Bytes::from_static(body)),
        timeout: AMPLE,
    }
}

async fn exchange(request: OutboundRequest) -> Exchange {
    egress(loopback()).send(request).await
}

async fn reply_to(request: OutboundRequest) -> ReceivedReply {
    exchange(request).await.outcome.unwrap()
}

async fn failure_of(request: OutboundRequest) -> SendError {
    exchange(request).await.outcome.unwrap_err()
}

/// How a request fails whose time passes as soon as the target has got so far with it.
async fn overdue(request: OutboundRequest, got_there: impl Future<Output = ()>) -> SendError {
    overdue_exchange(request, got_there).await.outcome.unwrap_err()
}

/// The result of a request whose time passes as soon as the target has got so far with it. From then on, time stands
/// still until everything waits, and jumps to what is waited for.
async fn overdue_exchange(mut request: OutboundRequest, got_there: impl Future<Output = ()>) -> Exchange {
    request.timeout = SHORT;
    let sending = tokio::spawn(exchange(request));
    got_there.await;
    tokio::time::pause();
    let exchange = sending.await.unwrap();
    tokio::time::resume();
    exchange
}
