//! Identifiers: a prefix that tells the kind, and a UUID that sorts by time of creation.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::time::Timestamp;

/// The text is not an identifier of the kind that was expected.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("`{found}` is not {expected}")]
pub struct IdError {
    found: String,
    expected: &'static str,
}

impl IdError {
    fn new(found: &str, expected: &'static str) -> Self {
        Self { found: found.chars().take(80).collect(), expected }
    }
}

fn uuid_v7(now: Timestamp, random: [u8; 10]) -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(now.as_millis(), &random).into_uuid()
}

macro_rules! prefixed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A new identifier: a UUIDv7 (RFC 9562) of this time and these random bytes.
            pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
                Self(uuid_v7(now, random))
            }

            /// The identifier with these bytes, as a store keeps it.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// Sixteen bytes that sort as the identifiers do.
            pub fn to_bytes(self) -> [u8; 16] {
                self.0.into_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .filter(|hex| hex.len() == 32)
                    .and_then(|hex| Uuid::try_parse(hex).ok())
                    .map(Self)
                    .ok_or_else(|| IdError::new(text, $expected))
            }
        }
    };
}

prefixed_id!(
    /// One accepted event.
    EventId, "evt", "an event id such as evt_0198c0de…"
);
prefixed_id!(
    /// One webhook of a project.
    WebhookId, "whk", "a webhook id such as whk_0198c0de…"
);
prefixed_id!(
    /// One event for one webhook; also the `webhook-id` that its receiver sees.
    DeliveryId, "dlv", "a delivery id such as dlv_0198c0de…"
);

/// A project: a tenant. Any UUID, as the payload's `project_id` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectId(Uuid);

impl ProjectId {
    /// A new identifier: a UUIDv7 (RFC 9562) of this time and these random bytes.
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        Self(uuid_v7(now, random))
    }

    /// The identifier with these bytes, as a store keeps it.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// Sixteen bytes that sort as the identifiers do.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }
}

impl fmt::Display for ProjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for ProjectId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Uuid::try_parse(text).map(Self).map_err(|_| {
            IdError::new(text, "a project id, a UUID such as 0198c0de-7e57-7aaa-8000-0123456789ab")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_survive_text() {
        let first = EventId::new(Timestamp::from_millis(1_000), [255; 10]);
        let second = EventId::new(Timestamp::from_millis(1_001), [0; 10]);
        assert!(first < second);
        assert!(first.to_string() < second.to_string());
        assert_eq!(first.to_string().parse(), Ok(first));
        assert_eq!(EventId::from_bytes(first.to_bytes()), first);
    }

    #[test]
    fn a_wrong_prefix_is_refused_with_words() {
        let error = "whk_0198c0de7e577aaa80000123456789ab".parse::<EventId>().unwrap_err();
        assert!(error.to_string().contains("not an event id"), "{error}");
        assert!("evt_".parse::<EventId>().is_err());
        assert!("uuid".parse::<ProjectId>().is_err());
    }
}
