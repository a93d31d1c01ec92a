//! Plugins whose description would harm the person who is shown it, or the host that checks settings with its schema.

use bytes::Bytes;

use crate::answer::About;
use crate::case::{Case, Verdict};
use crate::guest::Guest;

/// A case whose description has a member changed.
macro_rules! about {
    ($name:literal, $words:literal, $change:expr) => {
        Case {
            name: $name,
            limit: "description",
            verdict: Verdict::Refused,
            words: &["`describe`", $words],
            build: || described($change),
        }
    };
}

/// A case with this settings schema.
macro_rules! schema {
    ($name:literal, $words:literal, $schema:expr) => {
        Case {
            name: $name,
            limit: "settings schema",
            verdict: Verdict::Refused,
            words: &["settings-schema", $words],
            build: || described(|about| about.schema = $schema.into()),
        }
    };
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        about!("title-empty", "title", |about| about.title.clear()),
        about!("title-with-escape-codes", "title", |about| about.title = "\x1b]0;owned\x07".into()),
        about!("title-too-long", "80 visible characters", |about| about.title = "x".repeat(81)),
        about!("summary-too-long", "500 visible characters", |about| about.summary = "x".repeat(501)),
        about!("url-of-a-script", "url", |about| about.url = "javascript:alert(1)".into()),
        about!("url-of-a-file", "url", |about| about.url = "file:///etc/passwd".into()),
        about!("too-many-header-hints", "16 headers", |about| {
            about.headers = (0..17).map(|n| (format!("x-{n}"), String::new())).collect();
        }),
        about!("header-hint-for-host", "host", |about| about.headers = vec![("host".into(), String::new())]),
        about!("header-hint-with-line-break", "placeholder", |about| {
            about.headers = vec![("x-a".into(), "a\r\nb".into())];
        }),
        schema!("schema-that-is-not-json", "not JSON", "{"),
        schema!("schema-that-is-no-object", "not a JSON object", "true"),
        schema!("schema-that-is-no-schema", "/type", r#"{"type":"objekt"}"#),
        schema!("schema-too-large", "65536", format!("{{\"title\":\"{}\"}}", "x".repeat(65_536))),
        schema!("schema-nested-deeply", "not JSON", "{\"not\":".repeat(5_000)),
        schema!(
            "schema-with-a-regex-bomb",
            "pattern",
            r#"{"pattern":"((((x{1,100}){1,100}){1,100}){1,100})"}"#
        ),
        schema!("schema-with-look-behind", "pattern", r#"{"pattern":"(?<=a)b"}"#),
        schema!("schema-on-another-host", "example.com", r#"{"$ref":"http://example.com/schema.json"}"#),
        schema!("schema-in-a-file", "passwd", r#"{"$ref":"file:///etc/passwd"}"#),
        Case {
            verdict: Verdict::Harmless,
            words: &["Skip(\"text\")"],
            ..schema!("schema-of-itself", "", r##"{"$ref":"#"}"##)
        },
        Case {
            verdict: Verdict::Harmless,
            words: &["Skip(\"text\")"],
            ..schema!("schema-of-itself-twice", "", r##"{"anyOf":[{"$ref":"#"},{"$ref":"#"}]}"##)
        },
        schema!("schema-that-doubles-thirty-times", "2 s of processor time", doubling(30)),
        schema!("schema-that-evaluates-again-and-again", "2 s of processor time", evaluating(40)),
        schema!("schema-of-many-costly-patterns", "512 MiB", costly_patterns()),
        schema!("schema-whose-defaults-take-long", "2 s of processor time", costly_defaults()),
    ]
}

/// A schema that uses another one twice, which uses another one twice, and so on.
fn doubling(levels: usize) -> String {
    let uses = (0..levels).map(|level| {
        let next = format!(r##"{{"$ref":"#/$defs/{}"}}"##, level + 1);
        format!(r#""{level}":{{"allOf":[{next},{next}]}},"#)
    });
    format!(r##"{{"$ref":"#/$defs/0","$defs":{{{}"{levels}":{{}}}}}}"##, uses.collect::<String>())
}

/// A schema for which a validator looks again at what each level below has looked at.
fn evaluating(levels: usize) -> String {
    let (open, close) = (r#"{"unevaluatedProperties":false,"allOf":["#, "]}");
    format!("{}{{}}{}", open.repeat(levels), close.repeat(levels))
}

/// A schema of patterns that each are within the limit, just so.
fn costly_patterns() -> String {
    let patterns = (0..2_000).map(|n| format!(r#"{{"pattern":"x{n}[a-z]{{10000}}"}}"#));
    format!(r#"{{"allOf":[{}]}}"#, patterns.collect::<Vec<_>>().join(","))
}

/// A schema that takes long with its own defaults only.
fn costly_defaults() -> String {
    let first = r##""$ref":"#/$defs/0""##;
    doubling(30).replacen(first, &format!(r#""default":{{"a":1}},"properties":{{"a":{{{first}}}}}"#), 1)
}

fn described(change: impl FnOnce(&mut About)) -> Bytes {
    let mut about = About::default();
    change(&mut about);
    Guest { about, pages: 8, ..Guest::default() }.build()
}
