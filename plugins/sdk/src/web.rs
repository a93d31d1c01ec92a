//! Web pages in the place of an API's answer: a login page, a parked domain, a proxy's notice.

use crate::{Failure, Reply, text};

/// How long to wait for what a person has to change.
const PERSON_SECS: u32 = 1_800;

impl Reply {
    /// Whether the body is a web page.
    pub fn is_web_page(&self) -> bool {
        let start = text::trim(&self.body).get(..64).unwrap_or(text::trim(&self.body)).to_lowercase();
        let is_html = ["<!doctype html", "<html", "<head", "<body"].iter().any(|tag| start.starts_with(tag));
        let kind = self.header("content-type").unwrap_or_default().trim_start().to_lowercase();
        is_html
            || (!start.is_empty()
                && ["text/html", "application/xhtml"].iter().any(|html| kind.starts_with(html)))
    }

    /// Checks that a success is not a web page: no API answers with one, so the lead did not arrive.
    ///
    /// # Errors
    /// A retry that says what to check: a person corrects the URL, or the page goes with the maintenance that it announces.
    pub fn check_not_web_page(&self) -> Result<(), Failure> {
        if !(200..300).contains(&self.status) || !self.is_web_page() {
            return Ok(());
        }
        let reason = format!(
            "The target answered {} to {} with a web page instead of data: check the webhook's URL. The page begins: {}",
            self.status,
            self.step,
            self.quote()
        );
        Err(Failure::retry(reason, Some(PERSON_SECS)))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Header, Reply};

    fn reply(status: u16, kind: &str, body: &str) -> Reply {
        let headers = vec![Header { name: "content-type".into(), value: kind.into() }];
        Reply { step: "create".into(), status, headers, body: body.into(), truncated: false }
    }

    #[test]
    fn web_pages_are_no_success() {
        for (kind, body) in [
            ("text/html; charset=utf-8", "Sign in"),
            ("", "\u{feff}\n<!DOCTYPE html><title>Sign in</title>"),
            ("application/json", "<HTML lang=en>"),
        ] {
            let words = reply(200, kind, body).check_not_web_page().unwrap_err();
            assert!(format!("{words:?}").contains("check the webhook's URL"), "{words:?}");
            assert!(reply(502, kind, body).check_not_web_page().is_ok());
        }
        for (kind, body) in [("text/html", " \n"), ("application/json", "{}"), ("", ""), ("text/plain", "ok")]
        {
            assert!(reply(200, kind, body).check_not_web_page().is_ok(), "{kind} {body}");
        }
    }
}
