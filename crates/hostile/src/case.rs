//! What a case is.

use std::fmt;

use bytes::Bytes;

/// One way of meaning harm.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// What it does, in words joined by hyphens; no two cases have the same.
    pub name: &'static str,
    /// What stops it: the limit or the rule.
    pub limit: &'static str,
    /// What the host says.
    pub verdict: Verdict,
    /// What the host's message, or the plugin's answer, contains.
    pub words: &'static [&'static str],
    /// Makes the component.
    pub build: fn() -> Bytes,
}

/// How a host judges a component that was uploaded, and called if that was possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The upload is refused.
    Refused,
    /// The upload is refused for its size.
    TooLarge,
    /// The call ends as a crash of the plugin.
    Trap,
    /// The call ends at a limit.
    Limit,
    /// The call's answer breaks a rule.
    Invalid,
    /// The plugin answers, with an action or a failure of its own; what it tried had no effect.
    Harmless,
    /// Two calls with the same inputs gave different answers. No case has this verdict.
    Differs,
    /// The host could not judge. No case has this verdict.
    Unavailable,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused | Self::TooLarge => "the upload is refused",
            Self::Trap => "the call ends: it crashed",
            Self::Limit => "the call ends at the limit",
            Self::Invalid => "the answer is refused",
            Self::Harmless => "it has no effect",
            Self::Differs => "two answers differ",
            Self::Unavailable => "the host fails",
        })
    }
}
