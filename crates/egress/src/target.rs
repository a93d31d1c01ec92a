//! Whether a webhook may have a URL.

use std::time::Duration;

use hookwright_engine::ports::TargetRefused;
use tokio::time::timeout;
use url::{Host, Url};

use crate::policy::{AddressPolicy, AddressRefused};
use crate::resolver::{GuardedResolver, ResolveError};

/// How long a person who saves a webhook waits for its name to be resolved.
const RESOLVE_TIME: Duration = Duration::from_secs(2);

/// Checks the URL's address, if it has one instead of a name: no resolver ever sees that.
pub(crate) fn check_literal(policy: &AddressPolicy, url: &Url) -> Result<(), AddressRefused> {
    match url.host() {
        Some(Host::Ipv4(address)) => policy.check(address.into()),
        Some(Host::Ipv6(address)) => policy.check(address.into()),
        Some(Host::Domain(_)) | None => Ok(()),
    }
}

/// Checks the URL's name. One that has no address now passes, since it may have one when a lead comes; unless it is a
/// name that only private networks have.
pub(crate) async fn check_name(resolver: &GuardedResolver, url: &Url) -> Result<(), TargetRefused> {
    let Some(Host::Domain(name)) = url.host() else { return Ok(()) };
    match timeout(RESOLVE_TIME, resolver.addresses_of(name)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(ref error @ ResolveError::Refused { ref refused, .. })) => {
            Err(TargetRefused { message: error.to_string(), address: Some(refused.address()) })
        }
        Ok(Err(ResolveError::Unknown { .. })) | Err(_) if is_private_name(name) => {
            let message =
                format!("`{name}` is a name of private networks, and requests go to public addresses only");
            Err(TargetRefused { message, address: None })
        }
        Ok(Err(ResolveError::Unknown { .. })) | Err(_) => Ok(()),
    }
}

/// Whether the public name system never has the name (RFC 6761, RFC 6762, RFC 8375, and ICANN's reservation of
/// `internal`).
fn is_private_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    ["localhost", "local", "internal", "home.arpa"]
        .iter()
        .any(|domain| name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_names_are_known() {
        for name in ["localhost", "a.localhost", "printer.local", "db.prod.internal.", "nas.home.arpa"] {
            assert!(is_private_name(name), "{name}");
        }
        for name in ["example.com", "notlocalhost", "internal.example.com", "mylocal"] {
            assert!(!is_private_name(name), "{name}");
        }
    }

    #[test]
    fn literal_addresses_are_seen_in_all_their_spellings() {
        let policy = AddressPolicy::public_only();
        let check = |url: &str| check_literal(&policy, &Url::parse(url).unwrap());
        for url in [
            "http://127.0.0.1",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://017700000001/",
            "http://127.0.0.1./",
            "http://[::1]:8080/",
            "http://[::ffff:127.0.0.1]/",
            "http://①②⑦.0.0.1/",
        ] {
            assert!(check(url).is_err(), "{url}");
        }
        assert_eq!(check("http://93.184.216.34/"), Ok(()));
    }
}
