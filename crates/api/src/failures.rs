//! Requests with a wrong key: each is logged with its address, and a caller who sends many waits for the answers.
//!
//! A right key is never slowed down, whatever others at its address do: behind a proxy, all have one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;
use tracing::warn;

/// How many wrong keys of an address are answered at once.
const FREE: u32 = 5;
/// How far apart the answers to later ones are.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long one waits for its answer; more are refused at once.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// How many addresses are remembered.
const MAX_ADDRESSES: usize = 10_000;

/// The wrong keys of each address.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    /// When the last answer to an address is due, counted as if each took [`INTERVAL`].
    due: Mutex<HashMap<Option<IpAddr>, Instant>>,
}

/// The address has sent so many wrong keys that this one was not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany;

impl Failures {
    /// Waits until the answer to a wrong key may go.
    ///
    /// # Errors
    /// [`TooMany`], at once.
    pub(crate) async fn add(&self, address: Option<IpAddr>) -> Result<(), TooMany> {
        let wait = self.reserve(address.map(network))?;
        let shown = address.map_or_else(|| "unknown".to_owned(), |address| address.to_string());
        warn!(client.address = shown, "a request came with a wrong key");
        tokio::time::sleep(wait).await;
        Ok(())
    }

    fn reserve(&self, address: Option<IpAddr>) -> Result<Duration, TooMany> {
        let now = Instant::now();
        let mut due = self.due.lock();
        if due.len() >= MAX_ADDRESSES && !due.contains_key(&address) {
            due.retain(|_, at| *at > now);
            if due.len() >= MAX_ADDRESSES {
                return Err(TooMany);
            }
        }
        let at = due.entry(address).or_insert(now);
        let next = (*at).max(now) + INTERVAL;
        let wait = next.duration_since(now).saturating_sub(INTERVAL * FREE);
        if wait > MAX_WAIT {
            return Err(TooMany);
        }
        *at = next;
        Ok(wait)
    }
}

/// An address of version 6 counts with its neighbours: a host has 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_with_many_wrong_keys_waits_and_others_do_not() {
        let failures = Failures::default();
        let begun = Instant::now();
        for _ in 0..FREE {
            assert_eq!(failures.add(address("192.0.2.1")).await, Ok(()));
        }
        assert_eq!(begun.elapsed(), Duration::ZERO);
        assert_eq!(failures.add(address("192.0.2.1")).await, Ok(()));
        assert_eq!(begun.elapsed(), INTERVAL);
        assert_eq!(failures.add(address("192.0.2.2")).await, Ok(()));
        assert_eq!(begun.elapsed(), INTERVAL);

        tokio::time::advance(INTERVAL * (FREE + 1)).await;
        let later = Instant::now();
        assert_eq!(failures.add(address("192.0.2.1")).await, Ok(()));
        assert_eq!(later.elapsed(), Duration::ZERO, "it is forgotten");
    }

    #[tokio::test(start_paused = true)]
    async fn wrong_keys_beyond_the_longest_wait_are_refused_at_once() {
        let failures = Failures::default();
        let waits = (0..100).map(|_| failures.reserve(address("192.0.2.1")));
        let waits: Vec<_> = waits.take_while(Result::is_ok).collect();
        assert_eq!(waits.len(), 15, "five at once, and ten seconds");
        assert_eq!(failures.reserve(address("192.0.2.1")), Err(TooMany));
        tokio::time::advance(INTERVAL).await;
        assert_eq!(failures.reserve(address("192.0.2.1")), Ok(MAX_WAIT), "refusals do not count");
    }

    #[tokio::test(start_paused = true)]
    async fn neighbours_of_version_6_count_together_and_memory_is_bounded() {
        assert_eq!(network("2001:db8::1".parse().unwrap()), network("2001:db8::2".parse().unwrap()));
        assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()), address("192.0.2.1").unwrap());
        let failures = Failures::default();
        for number in (0_u32..).take(MAX_ADDRESSES) {
            assert_eq!(failures.reserve(Some(IpAddr::from(number.to_be_bytes()))), Ok(Duration::ZERO));
        }
        assert_eq!(failures.reserve(address("203.0.113.1")), Err(TooMany));
        tokio::time::advance(INTERVAL).await;
        assert_eq!(failures.reserve(address("203.0.113.1")), Ok(Duration::ZERO));
        assert_eq!(failures.due.lock().len(), 1);
    }
}
