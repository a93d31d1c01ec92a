//! What a plugin author implements.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{Action, Delay, Event, Failure, History, Receipt, Request, text};

/// A mapping from events to one target's requests: a pure function of its three arguments.
pub trait Mapping {
    /// What the webhook's owner can set. Give every member a default, so that `{}` is valid, a doc comment, which
    /// becomes the help text of the form, and put `#[serde(deny_unknown_fields)]` on it, so that typing errors show.
    type Settings: DeserializeOwned + JsonSchema;

    /// What people read before they attach this mapping to a webhook.
    fn describe() -> Description;

    /// The next thing to do for this event, given what the target has answered `so_far`.
    ///
    /// # Errors
    /// [`Stop`]: a request that has to be answered first, or why the event cannot be delivered now.
    fn transform(event: &Event, settings: &Self::Settings, so_far: &History) -> Result<Action, Stop>;
}

/// What the host shows to people before a mapping is attached to a webhook.
#[derive(Debug, Clone, Copy)]
pub struct Description {
    /// A person's name for the target, for example `HubSpot`.
    pub title: &'static str,
    /// One sentence: what a delivered lead becomes there.
    pub summary: &'static str,
    /// The webhook URL to propose.
    pub url: &'static str,
    /// The headers that the webhook's owner has to supply.
    pub headers: &'static [HeaderHint],
}

/// A header that the target needs and the webhook's owner has to supply.
#[derive(Debug, Clone, Copy)]
pub struct HeaderHint {
    /// Its name, for example `authorization`.
    pub name: &'static str,
    /// What to type there.
    pub placeholder: &'static str,
    /// Whether the value is a credential: stored encrypted, never shown again.
    pub secret: bool,
}

/// Why a mapping ends early; `?` makes one from a [`Failure`].
#[derive(Debug, Clone, PartialEq)]
pub enum Stop {
    /// This request has to be answered before the mapping can go on.
    Call(Box<Request>),
    /// The event cannot be delivered now.
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Failure {
    /// Trying again cannot help until a person changes something; `reason` tells that person what.
    pub fn permanent(reason: impl Into<String>) -> Self {
        Self::Permanent(reason.into())
    }

    /// Worth trying again, after so many seconds if the target named a time.
    pub fn retry(reason: impl Into<String>, after_secs: Option<u32>) -> Self {
        Self::Retry(Delay { reason: reason.into(), after: after_secs })
    }
}

impl Action {
    /// Everything has been sent. `reference` is the target's own id of the record, such as `contact/151`, and is cut at the
    /// host's limit; `url` opens it for a person.
    pub fn done(reference: impl AsRef<str>, url: Option<String>) -> Self {
        Self::Done(Receipt { reference: text::reference(reference.as_ref()), url })
    }

    /// A lead that is [blank](crate::Lead::is_blank) is not delivered: there is nobody to answer.
    pub fn skip_blank() -> Self {
        Self::skip("Nothing was collected: no name, phone number, e-mail address or message.")
    }

    /// This event is deliberately not delivered, and why.
    pub fn skip(reason: impl Into<String>) -> Self {
        Self::Skip(reason.into())
    }
}
