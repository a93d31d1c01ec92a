//! The outbound HTTP client: where requests may go, how they are signed and sent.
//!
//! [`Egress`] is the engine's `Sender`. One client with one connection pool serves all webhooks; what differs from
//! request to request is its headers, its signature and its time.
//!
//! Every address that a connection is made to has passed the [`AddressPolicy`]: the client gets its addresses from a
//! resolver that checks them and from nowhere else, and a URL with a literal address is checked before the client sees
//! it. A redirect would lead around that, and around the URL that the webhook's owner gave: none is followed.
//!
//! The client speaks HTTP/1.1 only, and sends a request a second time only when its first connection turned out to be
//! closed before anything of it was written.
//!
//! A status line that was read counts, whatever follows it: heads are read leniently, and of one that cannot be read the
//! connection still knows how it began. What a target repeats of the webhook's secrets is masked before anybody sees it.

mod client;
mod coding;
mod connect;
mod failure;
mod headers;
mod policy;
mod reply;
mod resolver;
mod sign;
mod special_purpose;
mod tap;
mod target;
mod tls;
mod tracked_body;

pub use client::{Egress, EgressOptions};
pub use policy::{AddressPolicy, AddressRefused};
pub use tls::EgressError;
