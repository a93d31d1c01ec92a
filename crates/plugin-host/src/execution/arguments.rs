//! What `transform` is called with, in the host's words: the same for every version of the contract, and fit to be sent to
//! another process.

use std::borrow::Cow;

use hookwright_engine::ports::{MapError, MapRequest};
use hookwright_model::{History, Payload, PayloadError};
use serde::{Deserialize, Serialize};

/// The arguments of one call.
#[derive(Serialize, Deserialize)]
pub(crate) struct Arguments {
    /// The plugin's clock stands at the event's time, in milliseconds since 1970.
    pub(crate) now: u64,
    /// The plugin's random numbers follow from the event's id.
    pub(crate) event_id: String,
    pub(crate) project_id: String,
    pub(crate) created_at: String,
    pub(crate) lead: Lead,
    /// The whole payload.
    pub(crate) json: String,
    pub(crate) settings: String,
    pub(crate) history: History,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Lead {
    pub(crate) name: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) channel: Option<String>,
    pub(crate) conversation_id: Option<String>,
}

impl Arguments {
    /// # Errors
    /// When the event is not what was accepted.
    pub(crate) fn new(request: &MapRequest) -> Result<Self, MapError> {
        let MapRequest { event, settings, history, component: _ } = request;
        let payload = Payload::parse(&event.payload).map_err(|PayloadError { pointer, message }| {
            MapError::Unavailable(format!("the stored event is damaged: at `{pointer}`: {message}"))
        })?;
        let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
        let lead = payload.lead;
        Ok(Self {
            now: payload.created_at.as_millis(),
            event_id: event.id.to_string(),
            project_id: event.project.to_string(),
            created_at: payload.created_at.to_string(),
            lead: Lead {
                name: owned(lead.name),
                phone: owned(lead.phone),
                email: owned(lead.email),
                message: owned(lead.message),
                channel: owned(lead.channel),
                conversation_id: owned(lead.conversation_id),
            },
            // Parsing skips strings that the contract does not name, whatever bytes they hold.
            json: String::from_utf8_lossy(&event.payload).into_owned(),
            settings: settings.as_str().to_owned(),
            history: history.clone(),
        })
    }
}
