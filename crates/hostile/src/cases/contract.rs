//! Components of another world, another version or other types than a mapping has.

use bytes::Bytes;

use crate::case::{Case, Verdict};
use crate::guest::Guest;

const IMPORTS: &str = "imports";
const CONTRACT: &str = "contract";

pub(super) fn cases() -> Vec<Case> {
    [imports(), versions()].concat()
}

fn imports() -> Vec<Case> {
    vec![
        Case {
            name: "import-of-sockets",
            limit: IMPORTS,
            verdict: Verdict::Refused,
            words: &["wasi:sockets/tcp@0.2.0", "no network"],
            build: || {
                importing(
                    &["package wasi:sockets@0.2.0; interface tcp { go: func(); }"],
                    "wasi:sockets/tcp@0.2.0",
                )
            },
        },
        Case {
            name: "import-of-http",
            limit: IMPORTS,
            verdict: Verdict::Refused,
            words: &["wasi:http/outgoing-handler@0.2.0", "no network"],
            build: || {
                let http = &["package wasi:http@0.2.0; interface outgoing-handler { go: func(); }"];
                importing(http, "wasi:http/outgoing-handler@0.2.0")
            },
        },
        Case {
            name: "import-of-another-wasi",
            limit: IMPORTS,
            verdict: Verdict::Refused,
            words: &["wasi:cli/exit@0.3.0", "0.2 only"],
            build: || {
                importing(&["package wasi:cli@0.3.0; interface exit { go: func(); }"], "wasi:cli/exit@0.3.0")
            },
        },
        Case {
            name: "import-of-the-hosts-keys",
            limit: IMPORTS,
            verdict: Verdict::Refused,
            words: &["evil:host/keys", "WASI 0.2"],
            build: || importing(&["package evil:host; interface keys { go: func(); }"], "evil:host/keys"),
        },
        Case {
            name: "import-of-an-unknown-function",
            limit: IMPORTS,
            verdict: Verdict::Refused,
            words: &["wasi:io/poll", "go"],
            build: || {
                importing(&["package wasi:io@0.2.0; interface poll { go: func(); }"], "wasi:io/poll@0.2.0")
            },
        },
        Case {
            name: "import-of-a-function-with-other-types",
            limit: IMPORTS,
            verdict: Verdict::Refused,
            words: &["wasi:cli/exit", "exit"],
            build: || {
                let dependencies = &["package wasi:cli@0.2.0; interface exit { exit: func(code: string); }"];
                Guest::importing(dependencies, "wasi:cli/exit@0.2.0", "exit", "(param i32 i32)").build()
            },
        },
        Case {
            name: "import-of-a-module",
            limit: IMPORTS,
            verdict: Verdict::Refused,
            words: &["does not export"],
            build: || wat(r#"(component (import "code" (core module)))"#),
        },
    ]
}

fn versions() -> Vec<Case> {
    vec![
        Case {
            name: "contract-of-the-future",
            limit: CONTRACT,
            verdict: Verdict::Refused,
            words: &["version 2.0.0", "1.0.0"],
            build: || of_version("2.0.0"),
        },
        Case {
            name: "contract-of-the-past",
            limit: CONTRACT,
            verdict: Verdict::Refused,
            words: &["version 0.9.0", "1.0.0"],
            build: || of_version("0.9.0"),
        },
        Case {
            name: "contract-of-an-unknown-patch",
            limit: CONTRACT,
            verdict: Verdict::Refused,
            words: &["version 1.0.1", "1.0.0"],
            build: || of_version("1.0.1"),
        },
        Case {
            name: "contract-with-other-types",
            limit: CONTRACT,
            verdict: Verdict::Refused,
            words: &["exports are not those of version 1.0.0"],
            build: || {
                let base = Guest::default();
                let wit = base.wit.replace("    summary: string,", "    abstract: string,");
                Guest { wit, ..base }.build()
            },
        },
        Case {
            name: "contract-without-transform",
            limit: CONTRACT,
            verdict: Verdict::Refused,
            words: &["does not export `hookwright:mapping/lead-created`"],
            build: || {
                let base = Guest::default();
                let wit = base.wit.replace("  export lead-created;", "");
                Guest { wit, ..base }.build()
            },
        },
        Case {
            name: "component-of-nothing",
            limit: CONTRACT,
            verdict: Verdict::Refused,
            words: &["does not export `hookwright:mapping/plugin`"],
            build: || wat("(component)"),
        },
        Case {
            name: "exports-that-are-empty",
            limit: CONTRACT,
            verdict: Verdict::Refused,
            words: &["has no function `describe`"],
            build: || {
                let export =
                    |name: &str| format!(r#"(export "hookwright:mapping/{name}@1.0.0" (instance $i))"#);
                let exports = ["plugin", "lead-created"].map(export).concat();
                wat(&format!("(component (component $c) (instance $i (instantiate $c)) {exports})"))
            },
        },
    ]
}

/// A guest that imports `go` of this interface.
fn importing(dependencies: &'static [&'static str], interface: &str) -> Bytes {
    Guest::importing(dependencies, interface, "go", "").build()
}

fn of_version(version: &str) -> Bytes {
    let base = Guest::default();
    Guest { wit: base.wit.replace("mapping@1.0.0", &format!("mapping@{version}")), ..base }.build()
}

fn wat(text: &str) -> Bytes {
    wat::parse_str(text).unwrap().into()
}
