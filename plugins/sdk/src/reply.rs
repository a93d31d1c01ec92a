//! Reading a target's replies. A reply is foreign text: nothing from it is used unchecked.

use serde_json::Value;

use crate::{Failure, Reply, seek::seek, text};

/// How much of a reply is quoted in a message to people.
const QUOTED_CHARS: usize = 200;

impl Reply {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.name == name).map(|header| header.value.as_str())
    }

    /// The wait of `retry-after` in seconds, rounded up. A date counts from the reply's own `date`; without one it is left to
    /// the host, which reads the header itself.
    pub fn retry_after(&self) -> Option<u32> {
        let value = self.header("retry-after")?;
        hookwright_retry_after::seconds(value)
            .or_else(|| hookwright_retry_after::retry_after(value, self.sent_at()?))
            .map(saturated)
    }

    /// The seconds until a limit is lifted, by a header such as `x-ratelimit-reset`: seconds that are left, or a time.
    pub fn reset(&self, name: &str) -> Option<u32> {
        hookwright_retry_after::reset(self.header(name)?, self.sent_at()).map(saturated)
    }

    /// The seconds at a JSON pointer of the body, given as a number or as text, rounded up.
    pub fn seconds(&self, pointer: &str) -> Option<u32> {
        let seconds = match self.find(pointer).ok()?? {
            // Never with an exponent, however large it is.
            Value::Number(number) => format!("{:.9}", number.as_f64()?),
            Value::String(text) => text,
            _ => return None,
        };
        hookwright_retry_after::seconds(&seconds).map(saturated)
    }

    /// What the target's clock showed, in seconds since the Unix epoch.
    fn sent_at(&self) -> Option<u64> {
        hookwright_retry_after::date(self.header("date")?)
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// A permanent failure that quotes the body, if it is not JSON or was cut at the host's limit.
    pub fn json(&self) -> Result<Value, Failure> {
        serde_json::from_str(&self.body).map_err(|error| {
            let why =
                if self.truncated { "was cut at the host's limit".to_owned() } else { error.to_string() };
            Failure::permanent(format!("the reply to {} is not JSON ({why}): {}", self.step, self.quote()))
        })
    }

    /// The value at a JSON pointer (RFC 6901) of the body; none if it is missing or null. Of a body that was cut at the
    /// host's limit, what comes before the cut is found.
    ///
    /// # Errors
    /// As [`Reply::json`], and if the body was cut before the value.
    pub fn find(&self, pointer: &str) -> Result<Option<Value>, Failure> {
        let found = match self.truncated.then(|| seek(&self.body, pointer)).flatten() {
            Some(found) => Some(found),
            None => self.json()?.pointer_mut(pointer).map(Value::take),
        };
        Ok(found.filter(|value| !value.is_null()))
    }

    /// The id at a JSON pointer of the body: digits, given as a number or as text, and so safe in a path.
    ///
    /// # Errors
    /// A permanent failure that quotes the body, if there is no such id.
    pub fn id(&self, pointer: &str) -> Result<String, Failure> {
        self.checked(pointer, "number", |id| id.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// The id at a JSON pointer of the body, for targets whose ids are numbers.
    ///
    /// # Errors
    /// A permanent failure that quotes the body, if there is no such id.
    pub fn number(&self, pointer: &str) -> Result<u64, Failure> {
        let id = self.id(pointer)?;
        id.parse().map_err(|_| {
            Failure::permanent(format!("the reply to {} has an id beyond all bounds: {id}", self.step))
        })
    }

    /// The UUID at a JSON pointer of the body, safe in a path.
    ///
    /// # Errors
    /// A permanent failure that quotes the body, if there is no such id.
    pub fn uuid(&self, pointer: &str) -> Result<String, Failure> {
        self.checked(pointer, "UUID", |id| {
            id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        })
    }

    /// The id at a JSON pointer of the body, for targets whose ids are letters and digits; so it is safe in a path.
    ///
    /// # Errors
    /// A permanent failure that quotes the body, if there is no such id.
    pub fn word(&self, pointer: &str) -> Result<String, Failure> {
        self.checked(pointer, "word", |id| id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    }

    fn checked(&self, pointer: &str, what: &str, is_valid: impl Fn(&str) -> bool) -> Result<String, Failure> {
        let id = match self.find(pointer)? {
            Some(Value::String(text)) => text,
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        // No vendor's id is longer, and a longer one would only inflate the requests that carry it.
        if !id.is_empty() && id.len() <= 36 && is_valid(&id) {
            return Ok(id);
        }
        Err(Failure::permanent(format!(
            "the reply to {} (status {}) has no {what} at {pointer}: {}",
            self.step,
            self.status,
            self.quote()
        )))
    }

    /// The start of the body, fit for a message to people.
    pub fn quote(&self) -> String {
        let line = text::line(&self.body).unwrap_or_else(|| "(an empty body)".to_owned());
        text::truncate(&line, QUOTED_CHARS).into_owned()
    }
}

fn saturated(secs: u64) -> u32 {
    u32::try_from(secs).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Header;

    fn reply(body: &str) -> Reply {
        Reply { step: "create".into(), status: 200, headers: Vec::new(), body: body.into(), truncated: false }
    }

    #[test]
    fn ids_are_digits_or_uuids_and_nothing_else() {
        assert_eq!(reply(r#"{"id":"512"}"#).id("/id").unwrap(), "512");
        assert_eq!(reply(r#"{"data":[{"id":7}]}"#).number("/data/0/id").unwrap(), 7);
        assert_eq!(
            reply(r#"{"records":[{"id":"rec0A1b2C3d4E5f6G"}]}"#).word("/records/0/id").unwrap(),
            "rec0A1b2C3d4E5f6G"
        );
        assert!(reply(r#"{"id":"99999999999999999999999"}"#).number("/id").is_err());
        let uuid = "adf21080-0e10-11eb-879b-05d71fb426ec";
        assert_eq!(reply(&format!(r#"{{"id":"{uuid}"}}"#)).uuid("/id").unwrap(), uuid);
        for body in [
            r#"{"id":"../../x"}"#,
            r#"{"id":""}"#,
            r#"{"id":-5}"#,
            r#"{"id":1.5}"#,
            r#"{"id":null}"#,
            "{}",
            "[]",
            "<html>",
            "",
        ] {
            assert!(matches!(reply(body).id("/id"), Err(Failure::Permanent(_))), "{body}");
            assert!(matches!(reply(body).uuid("/id"), Err(Failure::Permanent(_))), "{body}");
            assert!(matches!(reply(body).word("/id"), Err(Failure::Permanent(_))), "{body}");
        }
    }

    #[test]
    fn a_reply_that_was_cut_still_has_what_comes_before_the_cut() {
        let cut = Reply { truncated: true, ..reply(r#"{"id":"512","gone":null,"text":"Hello, wo"#) };
        assert_eq!(cut.id("/id").unwrap(), "512");
        assert_eq!(cut.find("/gone"), Ok(None));
        let Err(Failure::Permanent(words)) = cut.find("/text") else { panic!() };
        assert!(words.contains("cut at the host's limit"), "{words}");
        let only_just = Reply { truncated: true, ..reply(r#"{"id":"512"}"#) };
        assert_eq!(only_just.find("/other"), Ok(None));
    }

    #[test]
    fn named_waits_are_read_in_every_form() {
        let with = |headers: &[(&str, &str)]| {
            let header =
                |(name, value): &(&str, &str)| Header { name: (*name).into(), value: (*value).into() };
            Reply { headers: headers.iter().map(header).collect(), ..reply("{}") }
        };
        for (value, wait) in [
            ("30", Some(30)),
            ("299.997", Some(300)),
            ("0", Some(0)),
            ("99999999999999999999999", Some(u32::MAX)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some(30)),
            ("Sun Nov  6 08:50:07 1994", Some(30)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("soon", None),
        ] {
            let reply = with(&[("date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("retry-after", value)]);
            assert_eq!(reply.retry_after(), wait, "{value}");
        }
        assert_eq!(with(&[("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT")]).retry_after(), None);
        assert_eq!(with(&[]).retry_after(), None);
        let date = ("date", "Sun, 31 May 2026 10:00:00 GMT");
        let reset = |value| with(&[date, ("x-ratelimit-reset", value)]).reset("x-ratelimit-reset");
        assert_eq!((reset("2"), reset("1780221660"), reset("")), (Some(2), Some(60), None));
    }

    #[test]
    fn a_wait_in_the_body_is_a_number_of_any_shape() {
        for (body, wait) in [
            (r#"{"after":3}"#, Some(3)),
            (r#"{"after":2.2}"#, Some(3)),
            (r#"{"after":"7"}"#, Some(7)),
            (r#"{"after":99999999999}"#, Some(u32::MAX)),
            (r#"{"after":99999999999999999999999}"#, Some(u32::MAX)),
            (r#"{"after":null}"#, None),
            ("<html>", None),
        ] {
            assert_eq!(reply(body).seconds("/after"), wait, "{body}");
        }
    }

    #[test]
    fn an_unusable_reply_is_quoted() {
        let Err(Failure::Permanent(words)) = reply("<html>\nBlocked\u{7}</html>").id("/id") else { panic!() };
        assert!(words.contains("reply to create") && words.ends_with("<html> Blocked</html>"), "{words}");
    }
}
