//! A webhook's secrets, masked by value wherever they come back: a target, a proxy or a plugin may repeat what it was
//! sent.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use url::Url;

use crate::shown::may_be_secret;
use crate::{
    Attempt, CustomHeaders, Delivery, ReceivedReply, Reply, SentRequest, SigningSecret, TargetUrl, Webhook,
};

/// What stands in place of a secret.
pub const MASK: &str = "***";

/// Shorter secrets are masked only where they stand alone: as parts of words they would be everywhere.
const ALONE_BELOW_BYTES: usize = 6;
/// Shorter ones are not masked at all: they hide nothing.
const MIN_BYTES: usize = 3;
/// The least of an encoded form that is still told from other text.
const MIN_ENCODED_CHARS: usize = 8;

/// Headers whose values are no secrets.
const PLAIN_HEADERS: [&str; 9] = [
    "accept",
    "accept-language",
    "cache-control",
    "content-language",
    "content-type",
    "origin",
    "prefer",
    "referer",
    "x-requested-with",
];

/// How the names of query parameters begin or end that carry credentials, however short.
const CREDENTIAL_NAMES: [&str; 8] = ["key", "token", "secret", "sig", "auth", "pass", "code", "hash"];

/// Masks the secrets of one webhook: its header values, its URL's credentials and tokens, its signing secrets; each also
/// in the encodings in which it may come back.
pub struct Redactor {
    forms: Option<AhoCorasick>,
}

impl Redactor {
    /// For the secrets of one request.
    pub fn new<'s>(
        url: &TargetUrl,
        headers: &CustomHeaders,
        signing: impl IntoIterator<Item = &'s SigningSecret>,
    ) -> Self {
        let mut secrets = Secrets::default();
        secrets.of_url(url.expose());
        for (name, value) in headers.texts() {
            if !PLAIN_HEADERS.contains(&name) {
                secrets.of_header(value);
            }
        }
        for secret in signing {
            secrets.add(secret.reveal().as_bytes());
            secrets.add(secret.key());
        }
        secrets.into_redactor()
    }

    /// For everything of a webhook.
    pub fn of_webhook(webhook: &Webhook) -> Self {
        let secrets = &webhook.secrets;
        let signing =
            std::iter::once(&secrets.current).chain(secrets.previous.as_ref().map(|(secret, _)| secret));
        Self::new(&webhook.url, &webhook.headers, signing)
    }

    /// The text without secrets.
    pub fn text(&self, text: String) -> String {
        match self.replaced(text.as_bytes()) {
            // Only whole secrets were cut out, which begin and end where characters do; a text form of raw key bytes may
            // not, hence the check.
            Some(masked) => String::from_utf8(masked)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
            None => text,
        }
    }

    /// The bytes without secrets.
    pub fn bytes(&self, bytes: Bytes) -> Bytes {
        self.replaced(&bytes).map_or(bytes, Bytes::from)
    }

    /// The reply of a target without secrets.
    #[must_use]
    pub fn reply(&self, reply: ReceivedReply) -> ReceivedReply {
        ReceivedReply { headers: self.headers(reply.headers), body: self.bytes(reply.body), ..reply }
    }

    /// The shown form of a request without secrets.
    #[must_use]
    pub fn request(&self, request: SentRequest) -> SentRequest {
        SentRequest {
            url: self.text(request.url),
            headers: self.headers(request.headers),
            body: self.bytes(request.body),
            ..request
        }
    }

    /// Masks every text of an attempt.
    pub fn attempt(&self, attempt: &mut Attempt) {
        attempt.request = attempt.request.take().map(|request| self.request(request));
        attempt.reply = attempt.reply.take().map(|reply| self.reply(reply));
        self.optional(&mut attempt.step);
        self.optional(&mut attempt.hint);
        if let Some(error) = &mut attempt.error {
            self.within(&mut error.message);
        }
        for line in &mut attempt.logs {
            self.within(&mut line.message);
        }
    }

    /// Masks the texts of a delivery.
    pub fn delivery(&self, delivery: &mut Delivery) {
        self.optional(&mut delivery.reason);
        if let Some(receipt) = &mut delivery.receipt {
            self.optional(&mut receipt.reference);
            self.optional(&mut receipt.url);
        }
    }

    /// Masks a reply that is kept for a plugin.
    pub fn kept_reply(&self, reply: &mut Reply) {
        self.within(&mut reply.body);
        for (_, value) in &mut reply.headers {
            self.within(value);
        }
    }

    fn headers(&self, headers: Vec<(String, String)>) -> Vec<(String, String)> {
        headers.into_iter().map(|(name, value)| (name, self.text(value))).collect()
    }

    fn optional(&self, text: &mut Option<String>) {
        if let Some(text) = text {
            self.within(text);
        }
    }

    fn within(&self, text: &mut String) {
        *text = self.text(std::mem::take(text));
    }

    /// The text with every secret replaced; none if there is none in it.
    fn replaced(&self, text: &[u8]) -> Option<Vec<u8>> {
        let forms = self.forms.as_ref()?;
        let mut masked = Vec::new();
        let mut copied = 0;
        for found in forms.find_iter(text) {
            if found.len() < ALONE_BELOW_BYTES && !stands_alone(text, found.start(), found.end()) {
                continue;
            }
            masked.extend_from_slice(&text[copied..found.start()]);
            masked.extend_from_slice(MASK.as_bytes());
            copied = found.end();
        }
        if copied == 0 {
            return None;
        }
        masked.extend_from_slice(&text[copied..]);
        Some(masked)
    }
}

fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    let is_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    !is_word(start.checked_sub(1).and_then(|before| text.get(before))) && !is_word(text.get(end))
}

/// The forms that are looked for.
#[derive(Default)]
struct Secrets(Vec<Vec<u8>>);

impl Secrets {
    fn into_redactor(mut self) -> Redactor {
        self.0.sort_unstable();
        self.0.dedup();
        if self.0.is_empty() {
            return Redactor { forms: None };
        }
        // Built for each request, so that building has to be quick.
        let forms = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::NoncontiguousNFA))
            .match_kind(MatchKind::LeftmostLongest)
            .ascii_case_insensitive(true)
            .build(&self.0);
        Redactor { forms: forms.ok() }
    }

    /// A header's value, and the credential in it: `Bearer …`, `Token token="…"`, `Basic …`.
    fn of_header(&mut self, value: &str) {
        self.add(value.trim().as_bytes());
        for word in value.split([' ', ',', ';']).filter(|word| *word != value) {
            let word = word.trim_matches('"');
            self.add_if_long(word);
            if let Some((_, value)) = word.split_once('=') {
                self.add_if_long(value.trim_matches('"'));
            }
        }
        let basic = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
        if let Some(decoded) = basic.and_then(|(_, encoded)| STANDARD.decode(encoded.trim()).ok()) {
            self.add(&decoded);
            if let Some(colon) = decoded.iter().position(|byte| *byte == b':') {
                self.add(&decoded[colon + 1..]);
            }
        }
    }

    fn of_url(&mut self, url: &Url) {
        let (user, password) = (decoded(url.username()), url.password().map(decoded));
        match password {
            Some(password) => {
                self.add(&[&user[..], b":", &password].concat());
                self.add(&password);
            }
            None => self.add(&user),
        }
        for segment in url.path_segments().into_iter().flatten().filter(|segment| may_be_secret(segment)) {
            self.add(segment.as_bytes());
            self.add(&decoded(segment));
        }
        for pair in url.query().into_iter().flat_map(|query| query.split('&')) {
            let (name, value) = pair.split_once('=').unwrap_or(("", pair));
            let name = name.to_ascii_lowercase();
            let is_credential =
                CREDENTIAL_NAMES.iter().any(|known| name.starts_with(known) || name.ends_with(known));
            if is_credential || may_be_secret(value) {
                self.add(value.as_bytes());
                self.add(&decoded(value));
            }
        }
    }

    fn add_if_long(&mut self, word: &str) {
        if word.len() >= ALONE_BELOW_BYTES
            && !["bearer", "digest"].contains(&word.to_ascii_lowercase().as_str())
        {
            self.add(word.as_bytes());
        }
    }

    /// A secret in all its forms.
    fn add(&mut self, secret: &[u8]) {
        if secret.len() < MIN_BYTES || is_plain(secret) {
            return;
        }
        self.0.push(secret.to_vec());
        if secret.len() < ALONE_BELOW_BYTES {
            return;
        }
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            self.0.extend((0..3).filter_map(|offset| base64_at(engine, secret, offset)));
        }
        self.0.push(secret.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect());
        self.0.push(percent_encoded(secret, "-._~", "%20"));
        self.0.push(percent_encoded(secret, "-._~", "+"));
        // As encoders write it that know letters and digits only.
        self.0.push(percent_encoded(secret, "", "%20"));
        if let Ok(text) = std::str::from_utf8(secret) {
            let json = serde_json::Value::from(text).to_string();
            let json = &json[1..json.len() - 1];
            self.0.push(json.as_bytes().to_vec());
            self.0.push(json.replace('/', "\\/").into_bytes());
            let html =
                text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
            self.0.push(html.replace('\'', "&#39;").into_bytes());
        }
    }
}

/// Whether a value is no secret by its shape: a switch, or a number or date such as versions are. Masked, these would
/// break the replies that have them.
fn is_plain(value: &[u8]) -> bool {
    const SWITCHES: [&[u8]; 8] = [b"true", b"false", b"null", b"none", b"yes", b"no", b"on", b"off"];
    let is_switch = SWITCHES.iter().any(|switch| value.eq_ignore_ascii_case(switch));
    let is_number = value.iter().all(|byte| byte.is_ascii_digit() || b"-.:".contains(byte));
    let has_separator = value.iter().any(|byte| !byte.is_ascii_digit());
    is_switch || (is_number && (value.len() < ALONE_BELOW_BYTES || (has_separator && value.len() <= 10)))
}

/// The middle of the base64 form of a secret that stands so many bytes into what was encoded: the characters that do not
/// depend on what is around it.
fn base64_at(engine: &impl base64::Engine, secret: &[u8], offset: usize) -> Option<Vec<u8>> {
    let encoded = engine.encode([&[0; 3][..offset], secret].concat());
    let start = (offset * 8).div_ceil(6);
    let end = (offset + secret.len()) * 8 / 6;
    let middle = encoded.get(start..end)?;
    (middle.len() >= MIN_ENCODED_CHARS).then(|| middle.as_bytes().to_vec())
}

/// The secret with everything but letters, digits and the plain characters in percent-encoding.
fn percent_encoded(secret: &[u8], plain: &str, space: &str) -> Vec<u8> {
    let mut encoded = String::with_capacity(secret.len() * 3);
    for byte in secret {
        match byte {
            b' ' => encoded.push_str(space),
            byte if byte.is_ascii_alphanumeric() || plain.as_bytes().contains(byte) => {
                encoded.push(char::from(*byte));
            }
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded.into_bytes()
}

fn decoded(text: &str) -> Vec<u8> {
    percent_encoding::percent_decode_str(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(url: &str, headers: &[(&str, &str)]) -> Redactor {
        let url = TargetUrl::parse(url).unwrap();
        Redactor::new(&url, &CustomHeaders::parse(headers.iter().copied()).unwrap(), &[secret()])
    }

    fn secret() -> SigningSecret {
        SigningSecret::from_random([0xa7; 32])
    }

    fn masked(url: &str, headers: &[(&str, &str)], text: &str) -> String {
        redactor(url, headers).text(text.to_owned())
    }

    #[test]
    fn header_values_are_masked_in_every_form() {
        let token = "pat-eu1-S3cr3t/+ token";
        let value = format!("Bearer {token}");
        let headers = [("authorization", value.as_str())];
        for form in [
            value.clone(),
            token.to_owned(),
            STANDARD.encode(&value),
            STANDARD.encode(format!("{{\"authorization\":\"{value}\"}}")),
            URL_SAFE_NO_PAD.encode(format!("x{value}yz")),
            "Bearer%20pat-eu1-S3cr3t%2F%2B%20token".to_owned(),
            "bearer+pat-eu1-s3cr3t%2f%2b+token".to_owned(),
            "Bearer pat-eu1-S3cr3t\\/+ token".to_owned(),
            value.bytes().map(|byte| format!("{byte:02X}")).collect(),
        ] {
            let masked = masked("https://a.example", &headers, &format!("you sent <{form}>, thanks"));
            assert!(masked.contains("***") && masked.contains("thanks"), "{masked}");
            for part in ["S3cr3t", "s3cr3t", "UzNjcjN0", &form] {
                assert!(!masked.contains(part), "{part} is in {masked}");
            }
        }
    }

    #[test]
    fn the_urls_credentials_are_masked() {
        let url = "https://alice:p%C3%A4ss%2Fword@hooks.example/services/B0OFxyz123/in?api_key=ab1&TOKEN-without-name9";
        for secret in [
            "päss/word",
            "alice:päss/word",
            "YWxpY2U6cMOkc3Mvd29yZA",
            "B0OFxyz123",
            "ab1",
            "TOKEN-without-name9",
        ] {
            let masked = masked(url, &[], &format!("seen: {secret}."));
            assert!(masked.starts_with("seen: ***") && masked.ends_with('.'), "{secret}: {masked}");
        }
        assert_eq!(masked(url, &[], "services in fabricated cab1s"), "services in fabricated cab1s");
    }

    #[test]
    fn basic_credentials_and_signing_secrets_are_masked() {
        let headers = [("authorization", "Basic YWxpY2U6c2VjcmV0LXBhc3M=")];
        assert_eq!(masked("https://a.example", &headers, "pass secret-pass!"), "pass ***!");
        assert_eq!(masked("https://a.example", &[], &secret().reveal()), "***");
        let key = STANDARD.encode(secret().key());
        assert!(!masked("https://a.example", &[], &format!("key {key}")).contains(&key[..40]));
    }

    #[test]
    fn what_is_no_secret_stays() {
        let headers = [("content-type", "application/json"), ("prefer", "return=minimal")];
        let text = "application/json return=minimal contacts";
        assert_eq!(masked("https://a.example/api/v2/contacts?source=website", &headers, text), text);
    }

    #[test]
    fn switches_versions_and_small_numbers_do_not_break_replies() {
        let headers = [
            ("x-dry-run", "true"),
            ("notion-version", "2022-06-28"),
            ("x-account", "1234"),
            ("x-pin", "k3y"),
        ];
        let reply = r#"{"ok":true,"id":1234,"since":"2022-06-28","note":"k3y"}"#;
        let expected = r#"{"ok":true,"id":1234,"since":"2022-06-28","note":"***"}"#;
        assert_eq!(masked("https://a.example/?code=77", &headers, reply), expected);
    }

    #[test]
    fn bytes_that_are_no_text_are_masked_as_well() {
        let redactor = redactor("https://a.example", &[("x-api-token", "0123456789abcdef")]);
        let body = Bytes::from_static(b"\xff\xfe0123456789abcdef\x00");
        assert_eq!(redactor.bytes(body), b"\xff\xfe***\x00".as_slice());
    }
}
