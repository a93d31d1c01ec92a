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

    /// The seconds of `retry-after`, if it is given as a number.
    pub fn retry_after(&self) -> Option<u32> {
        self.header("retry-after")?.trim().parse().ok()
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn an_unusable_reply_is_quoted() {
        let Err(Failure::Permanent(words)) = reply("<html>\nBlocked\u{7}</html>").id("/id") else { panic!() };
        assert!(words.contains("reply to create") && words.ends_with("<html> Blocked</html>"), "{words}");
    }
}
