//! Signatures as the Standard Webhooks specification has them, version `v1`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use hookwright_model::SigningSecret;
use sha2::Sha256;

/// The value of `webhook-signature`: one signature for each secret, separated by spaces. `body` is what is sent, byte for
/// byte.
pub(crate) fn signature(id: &str, timestamp_secs: u64, body: &[u8], secrets: &[SigningSecret]) -> String {
    let signatures: Vec<_> = secrets.iter().map(|secret| sign(id, timestamp_secs, body, secret)).collect();
    signatures.join(" ")
}

fn sign(id: &str, timestamp_secs: u64, body: &[u8], secret: &SigningSecret) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.key()).expect("HMAC takes keys of any length");
    mac.update(format!("{id}.{timestamp_secs}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_specification_does() {
        let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let secrets = [secret, SigningSecret::from_random([7; 32])];
        let signed =
            signature("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#, &secrets);
        let (first, second) = signed.split_once(' ').unwrap();
        assert_eq!(first, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(second.starts_with("v1,") && second != first, "{second}");
    }
}
