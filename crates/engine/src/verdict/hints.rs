//! What a person can do about an answer that is no success.

use hookwright_model::{AttemptErrorKind, ReceivedReply, TargetUrl};
use serde_json::Value;

use super::{Context, header};
use crate::delivery::Credentials;
use crate::ports::SendError;

/// What a person can do when there was no answer.
pub(super) fn unanswered(error: &SendError) -> Option<&'static str> {
    Some(match error.kind {
        AttemptErrorKind::Dns => "The host name has no address: check the webhook's URL",
        AttemptErrorKind::Blocked => {
            "Hookwright only sends to public addresses. The operator of this installation can allow a private range."
        }
        AttemptErrorKind::Connect => {
            "Nothing answers at this address: check the URL and the target's firewall"
        }
        AttemptErrorKind::Tls => certificate(&error.message),
        AttemptErrorKind::Timeout => {
            "The target took too long to answer; it should answer at once and work afterwards"
        }
        _ => return None,
    })
}

/// What a person can do about a connection that is not secure, by the words of the TLS library.
fn certificate(message: &str) -> &'static str {
    let message = message.to_ascii_lowercase();
    let says = |word: &str| message.contains(word);
    if says("unknownissuer") || says("unknown issuer") {
        "Nobody known has issued the target's certificate. Most often its server does not send the intermediate certificate: \
         let it send the whole chain. A certificate of one's own authority is not accepted"
    } else if says("notvalidyet") || says("not valid yet") {
        "The target's certificate is not valid yet: check the clocks of both machines"
    } else if says("expired") {
        "The target's certificate has expired: renew it there"
    } else if says("notvalidforname") || says("not valid for name") {
        "The target's certificate is for another host name: check the webhook's URL, or the certificate there"
    } else {
        "The target's certificate is not accepted, or it does not speak TLS"
    }
}

/// What a person can do about a refusal.
pub(super) fn refused(reply: &ReceivedReply, context: &Context<'_>) -> Option<String> {
    let is_plugins = context.url != context.base;
    let text = match reply.status {
        401 | 403 => return Some(credentials(reply, context)),
        300..=399 => return Some(redirect(reply, context)),
        402 => {
            "The target wants to be paid before it takes more: look at the account's plan and bills there. Hookwright tries \
             again"
        }
        _ if is_web_page(reply) && matches!(reply.status, 400 | 404 | 405 | 406 | 422) => {
            "This is a web page and not an API: check the webhook's URL"
        }
        404 if is_plugins && is_json(reply) => {
            "The target does not have what the request names; its answer says what"
        }
        404 => "Nothing is at this address: check the webhook's URL",
        405 => "The target does not take this method at this address: check the webhook's URL",
        410 => "The target does not want events any more; the webhook has been disabled",
        400 | 422 => "The target refused the shape of the request: its answer says why",
        413 => "The request is too large for the target",
        423 => "The target has locked what the request changes. Hookwright tries again",
        429 => {
            "The target takes fewer requests than it is sent. Hookwright slows down; a lower concurrency of the webhook avoids \
             this"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

/// Whether the body is a page for people.
pub(crate) fn is_web_page(reply: &ReceivedReply) -> bool {
    let start: Vec<u8> = reply.body.iter().copied().skip_while(u8::is_ascii_whitespace).take(15).collect();
    let start = start.to_ascii_lowercase();
    let is_markup =
        start.starts_with(b"<!doctype html") || start.starts_with(b"<html") || start.starts_with(b"<head");
    let is_html = header(reply, "content-type").is_some_and(|kind| kind.trim().starts_with("text/html"));
    is_markup || (is_html && start.starts_with(b"<"))
}

/// Whether only the status of the answer could be read: the body says so then, in the words of the sender.
pub(crate) fn is_not_http(reply: &ReceivedReply) -> bool {
    let words = format!("answered {}, but the rest is not HTTP", reply.status);
    reply.truncated && reply.body.starts_with(words.as_bytes())
}

fn is_json(reply: &ReceivedReply) -> bool {
    let is_json = |byte: Option<&u8>| matches!(byte, Some(b'{' | b'['));
    is_json(reply.body.iter().find(|byte| !byte.is_ascii_whitespace()))
}

/// What a person can do about a credential that is missing or refused.
fn credentials(reply: &ReceivedReply, context: &Context<'_>) -> String {
    let Credentials { sent, wanted } = context.credentials;
    let is_credential = |name: &&String| {
        wanted.contains(name)
            || ["auth", "token", "key", "secret", "cookie", "password"].iter().any(|part| name.contains(part))
    };
    let sent: Vec<&String> = sent.iter().filter(is_credential).collect();
    let url = context.base.expose();
    let in_url = !url.username().is_empty() || url.password().is_some();
    if !sent.is_empty() || in_url {
        let what =
            if sent.is_empty() { "the user and password of the URL".to_owned() } else { listed(&sent) };
        let scopes =
            missing_scopes(reply).map(|scopes| format!(" It asks for {scopes}.")).unwrap_or_default();
        let page = if is_web_page(reply) {
            " It answered with a web page, perhaps of a firewall or a login."
        } else {
            ""
        };
        return format!(
            "The target refused the credential that the webhook sends ({what}): it is wrong, has expired, or lacks a right or \
             scope.{scopes}{page} Replace it in the webhook's settings"
        );
    }
    if wanted.is_empty() && is_web_page(reply) {
        return "This is a web page, perhaps for logging in: check the webhook's URL. If the target wants credentials, add an \
                authorization header in the webhook's settings"
            .to_owned();
    }
    match wanted.iter().collect::<Vec<_>>() {
        wanted if wanted.is_empty() => {
            "The target wants credentials: add an authorization header in the webhook's settings".to_owned()
        }
        wanted => format!(
            "The target wants credentials: add the header {} in the webhook's settings",
            listed(&wanted)
        ),
    }
}

fn listed(names: &[&String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The scopes that a refusal names: in `www-authenticate` (RFC 6750, section 3), or in a list of the body whose name says so.
fn missing_scopes(reply: &ReceivedReply) -> Option<String> {
    let challenge = header(reply, "www-authenticate").and_then(|value| {
        let scopes = value.split_once("scope=\"")?.1.split_once('"')?.0.trim();
        (!scopes.is_empty()).then(|| scopes.to_owned())
    });
    challenge.or_else(|| scopes_of(&serde_json::from_slice(&reply.body).ok()?)).map(|scopes| clean(&scopes))
}

fn scopes_of(value: &Value) -> Option<String> {
    match value {
        Value::Object(members) => members.iter().find_map(|(name, value)| match value {
            Value::Array(scopes) if name.to_ascii_lowercase().ends_with("scopes") => {
                let scopes: Vec<&str> = scopes.iter().filter_map(Value::as_str).collect();
                (!scopes.is_empty()).then(|| scopes.join(", "))
            }
            value => scopes_of(value),
        }),
        Value::Array(values) => values.iter().find_map(scopes_of),
        _ => None,
    }
}

/// Foreign words in a sentence of ours: short, on one line.
fn clean(words: &str) -> String {
    words.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// Where a redirect leads, as the URL to use for the webhook: resolved, without what the plugin appended, credentials masked.
fn redirect(reply: &ReceivedReply, context: &Context<'_>) -> String {
    let Some(location) = header(reply, "location").map(str::trim).filter(|location| !location.is_empty())
    else {
        return "The target redirects, but does not say where to: check the URL".to_owned();
    };
    let (base, asked) = (context.base.expose(), context.url.expose());
    let Ok(mut to) = asked.join(location) else {
        return "The target redirects to something that is not a URL: check the webhook's URL".to_owned();
    };
    to.set_fragment(None);
    if let Some(appended) = asked.path().strip_prefix(base.path().trim_end_matches('/'))
        && asked.path() != base.path()
        && let Some(rest) =
            to.path().trim_end_matches('/').strip_suffix(appended.trim_end_matches('/')).map(str::to_owned)
    {
        to.set_path(&rest);
    }
    if to.query() == asked.query() {
        to.set_query(base.query());
    }
    let Ok(masked) = TargetUrl::parse(to.as_str()).map(|to| to.masked()) else {
        return format!(
            "The target redirects to an address of `{}:`, which takes no requests: check the URL",
            to.scheme()
        );
    };
    if is_login(to.path()) {
        return format!(
            "The target redirects to a page for logging in ({masked}): check the webhook's URL and credentials"
        );
    }
    if masked == context.base.masked() {
        return format!(
            "The target redirects to {masked}, which differs only in what is hidden here: check the URL there"
        );
    }
    format!("The target redirects to {masked}: use that address as the URL")
}

fn is_login(path: &str) -> bool {
    path.split('/').any(|part| {
        let part = part.to_ascii_lowercase();
        ["login", "signin", "sign_in", "sign-in", "sso"].iter().any(|name| part == *name)
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hookwright_model::Timestamp;

    use super::*;
    use crate::ports::Reached;

    fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> ReceivedReply {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        ReceivedReply { status, headers, body: Bytes::copy_from_slice(body.as_bytes()), truncated: false }
    }

    fn hint(base: &str, path: Option<&str>, credentials: &Credentials, reply: &ReceivedReply) -> String {
        let base = TargetUrl::parse(base).unwrap();
        let url = base.join(path).unwrap();
        let context = Context { now: Timestamp::EPOCH, base: &base, url: &url, accept: &[], credentials };
        refused(reply, &context).unwrap_or_default()
    }

    fn plain(base: &str, reply: &ReceivedReply) -> String {
        hint(base, None, &Credentials::default(), reply)
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_redirect_is_resolved_cut_to_the_webhooks_part_and_masked() {
        let to = |base: &str, path, location| {
            hint(base, path, &Credentials::default(), &reply(308, &[("location", location)], ""))
        };
        let base = "https://crm.example/api";
        assert!(to(base, None, "/v2/hook").contains("to https://crm.example/v2/hook: use"));
        assert!(to(base, None, "hook?a=b").contains("to https://crm.example/hook?a=…: use"));
        let moved = to(base, Some("/leads/add?x=1"), "https://new.example/api/leads/add?x=1");
        assert!(moved.contains("to https://new.example/api: use"), "{moved}");
        let slash = to(base, Some("/leads"), "https://new.example/leads/");
        assert!(slash.contains("to https://new.example/: use"), "{slash}");
        let echoed = to(
            "http://crm.example/bot123:AbCdEf",
            Some("/send"),
            "https://u:p@crm.example/bot123:AbCdEf/send?k=s3cret",
        );
        assert!(echoed.contains("https://…@crm.example/…?k=…"), "{echoed}");
        assert!(
            !echoed.contains("AbCdEf") && !echoed.contains("s3cret") && !echoed.contains("u:p"),
            "{echoed}"
        );
        assert!(to(base, None, "/users/sign_in").contains("logging in"));
        assert!(to(base, None, "mailto:a@b.example").contains("`mailto:`"));
        assert!(to(base, None, "http://[").contains("not a URL"));
        assert!(plain(base, &reply(302, &[], "")).contains("does not say where"));
    }

    #[test]
    fn a_credential_is_missing_or_refused() {
        let hint = |sent: &[&str], wanted: &[&str], reply: &ReceivedReply| {
            hint(
                "https://crm.example/",
                None,
                &Credentials { sent: names(sent), wanted: names(wanted) },
                reply,
            )
        };
        let refusal = reply(401, &[], "{}");
        assert!(hint(&[], &[], &refusal).contains("add an authorization header"));
        assert!(hint(&["x-team"], &[], &refusal).contains("add an authorization header"));
        assert!(hint(&[], &["x-api-token"], &refusal).contains("add the header `x-api-token`"));
        let expired = hint(&["x-api-token"], &["x-api-token"], &refusal);
        assert!(expired.contains("refused the credential") && expired.contains("expired"), "{expired}");
        assert!(hint(&["authorization"], &[], &refusal).contains("(`authorization`)"));
        assert!(plain("https://u:p@crm.example/", &refusal).contains("user and password of the URL"));
        let challenge = [("www-authenticate", r#"Bearer error="insufficient_scope", scope="crm.write""#)];
        assert!(hint(&["authorization"], &[], &reply(403, &challenge, "")).contains("asks for crm.write"));
        let body = r#"{"category":"MISSING_SCOPES","errors":[{"context":{"requiredGranularScopes":["a.b","c.d"]}}]}"#;
        assert!(hint(&["authorization"], &[], &reply(403, &[], body)).contains("asks for a.b, c.d"));
    }

    #[test]
    fn a_missing_record_is_not_a_wrong_url() {
        let none = Credentials::default();
        let found = |path, body| hint("https://crm.example/", path, &none, &reply(404, &[], body));
        let record = found(Some("/persons/7"), r#"{"error":"Person not found"}"#);
        assert!(record.contains("its answer says what") && !record.contains("URL"), "{record}");
        assert!(found(Some("/persons/7"), "").contains("check the webhook's URL"));
        assert!(found(None, r#"{"message":"no"}"#).contains("check the webhook's URL"));
        assert!(found(None, "<!DOCTYPE html><title>Not found</title>").contains("a web page"));
    }

    #[test]
    fn a_web_page_is_known_by_its_start_or_its_type() {
        for (kind, body, is) in [
            ("text/html; charset=utf-8", "<div>Sign in</div>", true),
            ("text/html", "ok", false),
            ("", "\n <!doctype HTML>", true),
            ("application/json", "{\"a\":\"<html>\"}", false),
            ("", "<?xml version=\"1.0\"?>", false),
        ] {
            assert_eq!(is_web_page(&reply(200, &[("content-type", kind)], body)), is, "{kind} {body}");
        }
        assert!(plain("https://a.example/", &reply(403, &[], "<html>")).contains("perhaps for logging in"));
    }

    #[test]
    fn certificates_say_what_is_wrong_with_them() {
        let words = |message: &str| {
            let (kind, reached) = (AttemptErrorKind::Tls, Reached::No);
            unanswered(&SendError { kind, message: message.to_owned(), reached }).unwrap()
        };
        assert!(words("invalid peer certificate: UnknownIssuer").contains("intermediate certificate"));
        assert!(
            words("invalid peer certificate: certificate expired: verification time 1").contains("renew")
        );
        assert!(
            words("invalid peer certificate: certificate not valid for name \"a\"").contains("another host")
        );
        assert!(words("received corrupt message").contains("does not speak TLS"));
    }

    #[test]
    fn hints_name_the_way_out() {
        let hint = |status| plain("https://a.example/", &reply(status, &[], "no"));
        assert!(hint(402).contains("account"));
        assert!(hint(404).contains("URL"));
        assert!(hint(429).contains("slows down"));
        assert_eq!(hint(418), "");
    }
}
