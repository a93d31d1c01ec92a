//! Values that must not reach a log or an answer by accident.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::{Zeroize, Zeroizing};

use crate::time::Timestamp;

/// A value whose `Debug` form says nothing and whose memory is overwritten when it is dropped. Reading it takes a
/// deliberate [`Secret::expose`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T: Zeroize>(Zeroizing<T>);

impl<T: Zeroize> Secret<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value itself.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A symmetric signing secret of the Standard Webhooks specification: 24 to 64 random bytes, written `whsec_` and
/// base64.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SigningSecret(Secret<Vec<u8>>);

/// The text is not a signing secret.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
#[error("a signing secret is `whsec_` followed by 24 to 64 bytes in base64")]
pub struct SigningSecretError;

impl SigningSecret {
    const PREFIX: &str = "whsec_";

    /// A secret of these random bytes.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(Secret::new(Zeroizing::new(bytes).to_vec()))
    }

    /// The secret with these key bytes.
    ///
    /// # Errors
    /// When there are fewer than 24 or more than 64 bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, SigningSecretError> {
        if (24..=64).contains(&bytes.len()) { Ok(Self(Secret::new(bytes))) } else { Err(SigningSecretError) }
    }

    /// Parses `whsec_…`.
    ///
    /// # Errors
    /// When the prefix, the base64 or the length is wrong.
    pub fn parse(text: &str) -> Result<Self, SigningSecretError> {
        let encoded = text.strip_prefix(Self::PREFIX).ok_or(SigningSecretError)?;
        Self::from_bytes(STANDARD.decode(encoded).map_err(|_| SigningSecretError)?)
    }

    /// The key of the HMAC.
    pub fn key(&self) -> &[u8] {
        self.0.expose()
    }

    /// The text to give to the receiver: `whsec_…`.
    pub fn reveal(&self) -> String {
        format!("{}{}", Self::PREFIX, STANDARD.encode(self.key()))
    }
}

/// The secrets of one webhook. During a rotation both sign, until the previous one expires.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SigningSecrets {
    /// The secret in force.
    pub current: SigningSecret,
    /// The one before, and until when it still signs.
    pub previous: Option<(SigningSecret, Timestamp)>,
}

impl SigningSecrets {
    /// The secrets that sign a message sent at `now`, the current one first.
    pub fn signing_at(&self, now: Timestamp) -> impl Iterator<Item = &SigningSecret> {
        let previous = self.previous.as_ref().filter(|(_, until)| now < *until).map(|(secret, _)| secret);
        std::iter::once(&self.current).chain(previous)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_survive_text_and_hide_from_debug() {
        let secret = SigningSecret::from_random([7; 32]);
        assert_eq!(SigningSecret::parse(&secret.reveal()), Ok(secret.clone()));
        assert_eq!(format!("{secret:?}"), "SigningSecret(Secret(…))");
        assert_eq!(SigningSecret::parse("whsec_c2hvcnQ="), Err(SigningSecretError));
    }

    #[test]
    fn the_previous_secret_signs_until_it_expires() {
        let until = Timestamp::from_millis(10);
        let secrets = SigningSecrets {
            current: SigningSecret::from_random([1; 32]),
            previous: Some((SigningSecret::from_random([2; 32]), until)),
        };
        assert_eq!(secrets.signing_at(Timestamp::from_millis(9)).count(), 2);
        assert_eq!(secrets.signing_at(until).count(), 1);
    }
}
