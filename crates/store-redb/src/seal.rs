//! Encryption at rest, for the records that hold secrets.

use std::sync::Arc;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hookwright_model::Secret;
use hookwright_store::StoreError;

/// The 32 bytes that everything secret in a store is encrypted with.
#[derive(Debug, Clone)]
pub struct MasterKey(Secret<[u8; 32]>);

impl MasterKey {
    /// The key with these bytes. They must be random.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Secret::new(bytes))
    }
}

/// A source of random bytes: fills the buffer that it is given.
pub type Entropy = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// The version of the sealed form: this byte, a nonce of 24 bytes, the ciphertext with its tag.
const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;

/// What a sealed record is, and under which key it is stored: a record copied to another place cannot be opened there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    /// The value by which a wrong master key is recognised.
    Check,
    Webhook(&'a [u8; 16]),
    Mapping(&'a [u8; 24]),
}

impl Place<'_> {
    fn associated_data(self) -> Vec<u8> {
        let (table, key): (u8, &[u8]) = match self {
            Self::Check => (0, &[]),
            Self::Webhook(key) => (1, key),
            Self::Mapping(key) => (2, key),
        };
        [&[VERSION, table], key].concat()
    }
}

/// Seals records and opens them, with XChaCha20-Poly1305: its nonces are long enough to be drawn at random.
pub(crate) struct Sealer {
    cipher: XChaCha20Poly1305,
    entropy: Entropy,
}

/// The record was sealed with another key, for another place, or is damaged.
#[derive(Debug)]
pub(crate) struct CannotOpen;

impl From<CannotOpen> for StoreError {
    fn from(_: CannotOpen) -> Self {
        Self::Corrupt("its seal is broken".to_owned())
    }
}

impl Sealer {
    pub(crate) fn new(key: &MasterKey, entropy: Entropy) -> Self {
        Self { cipher: XChaCha20Poly1305::new(key.0.expose().into()), entropy }
    }

    pub(crate) fn seal(&self, place: Place<'_>, record: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut nonce = [0; NONCE_BYTES];
        (self.entropy)(&mut nonce);
        let payload = Payload { msg: record, aad: &place.associated_data() };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|error| StoreError::Backend(error.to_string().into()))?;
        Ok([&[VERSION], &nonce[..], &sealed].concat())
    }

    pub(crate) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, CannotOpen> {
        let (&VERSION, rest) = sealed.split_first().ok_or(CannotOpen)? else { return Err(CannotOpen) };
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(CannotOpen)?;
        let payload = Payload { msg: sealed, aad: &place.associated_data() };
        self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| CannotOpen)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    fn sealer(key: u8) -> Sealer {
        let next = AtomicU8::new(0);
        let entropy = move |bytes: &mut [u8]| bytes.fill(next.fetch_add(1, Ordering::Relaxed));
        Sealer::new(&MasterKey::from_bytes([key; 32]), Arc::new(entropy))
    }

    #[test]
    fn opens_only_what_was_sealed_for_the_same_place_with_the_same_key() {
        let (ours, theirs) = (sealer(1), sealer(2));
        let sealed = ours.seal(Place::Webhook(&[7; 16]), b"record").unwrap();
        assert_eq!(ours.open(Place::Webhook(&[7; 16]), &sealed).unwrap(), b"record");
        assert!(ours.open(Place::Webhook(&[8; 16]), &sealed).is_err());
        assert!(ours.open(Place::Mapping(&[7; 24]), &sealed).is_err());
        assert!(theirs.open(Place::Webhook(&[7; 16]), &sealed).is_err());
        assert!(ours.open(Place::Webhook(&[7; 16]), &[]).is_err());
        for index in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[index] ^= 1;
            assert!(ours.open(Place::Webhook(&[7; 16]), &damaged).is_err(), "byte {index}");
        }
    }

    #[test]
    fn never_uses_a_nonce_twice() {
        let ours = sealer(1);
        assert_ne!(ours.seal(Place::Check, b"record").unwrap(), ours.seal(Place::Check, b"record").unwrap());
    }
}
