//! Which part of a request is wrong. The caller knows where it was written down: as a member of a body, a flag, a form.

use std::net::IpAddr;

/// A part of what the engine was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// The webhook's URL.
    Url,
    /// The plugin of the mapping.
    Plugin,
    /// The version of the mapping's plugin.
    PluginVersion,
    /// The settings of the mapping, at this JSON pointer (RFC 6901) within them; empty for the whole.
    Settings(String),
    /// An event, at this JSON pointer within its payload; empty for the whole.
    Event(String),
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The part that is wrong.
    pub field: Field,
    /// What is wrong with it.
    pub message: String,
    /// What an operator can do about it, besides changing the request.
    pub remedy: Option<Remedy>,
}

/// What an operator can do so that a request is accepted as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Allow requests to this address; none when the name has no address yet.
    AllowTarget(Option<IpAddr>),
}

impl Invalid {
    pub(crate) fn new(field: Field, message: impl Into<String>) -> Self {
        Self { field, message: message.into(), remedy: None }
    }

    /// The messages of all, in one line.
    pub(crate) fn summary(all: &[Self]) -> String {
        all.iter().map(|invalid| invalid.message.as_str()).collect::<Vec<_>>().join("; ")
    }
}
