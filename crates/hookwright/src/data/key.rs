//! How good a key is that somebody chose.

use anyhow::{Result, bail};

/// What a key must have, at least, to be beyond guessing.
const BITS: f64 = 128.0;
/// The fewest different characters of a random key: one of 128 bits has fewer about never.
const DIFFERENT: usize = 8;

/// Refuses a key that can be guessed.
pub(crate) fn check_strength(key: &str) -> Result<()> {
    let random = key.strip_prefix("hwk_").unwrap_or(key);
    let different = random.chars().collect::<std::collections::HashSet<_>>().len();
    if bits(random) < BITS || different < DIFFERENT {
        bail!(
            "HOOKWRIGHT_ADMIN_KEY can be guessed: a key of at least 128 random bits is needed. Make one with \
             `openssl rand -hex 32`, or leave the variable out: the first start makes a key and prints it."
        );
    }
    Ok(())
}

/// The most bits that a text of such characters can have.
fn bits(text: &str) -> f64 {
    let has = |is_class: fn(&char) -> bool| text.chars().any(|c| is_class(&c));
    let is_hex = text.chars().all(|c| c.is_ascii_hexdigit())
        && !(has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase));
    let letters = |is_class: fn(&char) -> bool| if has(is_class) { 26.0 } else { 0.0 };
    let digits = if has(char::is_ascii_digit) { 10.0 } else { 0.0 };
    let others = if has(|c| !c.is_ascii_alphanumeric()) { 2.0 } else { 0.0 };
    let alphabet = if is_hex && has(char::is_ascii_alphabetic) {
        16.0
    } else {
        letters(char::is_ascii_lowercase) + letters(char::is_ascii_uppercase) + digits + others
    };
    let characters: f64 = text.chars().map(|_| 1.0).sum();
    characters * f64::max(alphabet, 1.0).log2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_128_random_bits_are_taken() {
        for key in [
            "0123456789abcdef0123456789abcdef",
            "b7f3c0d9e4a1825697310fdbca86e254",
            "hwk_vT3xk9Qd7LmZ2pRw8YbNcA",
            "hwk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
            "dGhpcyBpcyBub3QgYSBzZWNyZXQ+/w==",
            "correct horse battery staple brings many bits",
        ] {
            check_strength(key).unwrap_or_else(|error| panic!("{key}: {error}"));
        }
    }

    #[test]
    fn shorter_and_monotonous_ones_are_refused() {
        for key in [
            "a",
            "secret",
            "hwk_",
            "hwk_only-for-tests",
            "choose-a-long-random-key",
            "0123456789abcdef0123456789abcde",
            "31415926535897932384626433832795028841",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "abababababababababababababababababababababababab",
        ] {
            let refusal = check_strength(key).unwrap_err().to_string();
            assert!(refusal.contains("128 random bits"), "{key}: {refusal}");
            assert!(key.len() < 6 || !refusal.contains(key), "{refusal}");
        }
    }
}
