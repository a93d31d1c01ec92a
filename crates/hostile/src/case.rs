//! What a case is.

use std::fmt;

use bytes::Bytes;

use crate::cases;

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

/// Every case, in the order of what it attacks.
pub fn catalogue() -> Vec<Case> {
    cases::all()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_every_case_says_what_stops_it() {
        let cases = catalogue();
        let names: HashSet<&str> = cases.iter().map(|case| case.name).collect();
        assert_eq!(names.len(), cases.len());
        assert!(cases.len() >= 60, "{} cases", cases.len());
        for case in &cases {
            assert!(case.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            assert!(!case.limit.is_empty() && !case.words.is_empty(), "{}", case.name);
            assert!(!matches!(case.verdict, Verdict::Differs | Verdict::Unavailable), "{}", case.name);
        }
    }
}
