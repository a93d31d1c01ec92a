//! The only source of the addresses that connections are made to.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

use crate::policy::{AddressPolicy, AddressRefused};

/// Resolves names with the system's resolver and gives out no answer that the policy refuses.
#[derive(Clone)]
pub(crate) struct GuardedResolver {
    policy: Arc<AddressPolicy>,
}

/// A name has no addresses to connect to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResolveError {
    #[error("the name `{name}` cannot be resolved: {error}")]
    Unknown { name: String, error: io::Error },
    #[error("the address of `{name}` may not be reached: {refused}")]
    Refused { name: String, refused: AddressRefused },
}

impl GuardedResolver {
    pub(crate) fn new(policy: Arc<AddressPolicy>) -> Self {
        Self { policy }
    }

    /// The addresses of a name, each with port 0: all of them may be reached.
    pub(crate) async fn addresses_of(&self, name: &str) -> Result<Vec<SocketAddr>, ResolveError> {
        let unknown = |error| ResolveError::Unknown { name: name.to_owned(), error };
        let addresses: Vec<_> = lookup_host((name, 0)).await.map_err(unknown)?.collect();
        if addresses.is_empty() {
            return Err(unknown(io::Error::other("the answer has no address")));
        }
        match self.policy.check_all(&addresses) {
            Ok(()) => Ok(addresses),
            Err(refused) => Err(ResolveError::Refused { name: name.to_owned(), refused }),
        }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let addresses = resolver.addresses_of(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
