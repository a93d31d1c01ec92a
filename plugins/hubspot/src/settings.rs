//! What the webhook's owner can set.

use hookwright_sdk::Lead;
use schemars::JsonSchema;
use serde::Deserialize;

/// How leads become records in HubSpot.
#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "HubSpot")]
pub(crate) struct Settings {
    /// Keep the message as a note on the contact, with the channel and the conversation. If off, the message goes into the
    /// contact's property `message`, where the next lead of the same person overwrites it.
    #[schemars(title = "Message as a note")]
    pub(crate) note: bool,
    /// The lifecycle stage of the contact, by its internal name. HubSpot only moves it forward. Empty: unchanged.
    #[schemars(title = "Lifecycle stage")]
    lifecycle_stage: String,
    /// The lead status of the contact, by its internal name, for example NEW or OPEN. Empty: unchanged.
    #[schemars(title = "Lead status")]
    lead_status: String,
    /// Create a deal in this stage, by its internal name, for example appointmentscheduled. Empty: no deal.
    #[schemars(title = "Deal stage")]
    deal_stage: String,
    /// The pipeline of the deal, by its internal name. Needed if the account has several.
    #[schemars(title = "Deal pipeline")]
    deal_pipeline: String,
    /// A contact property that you made for the conversation's ID, by its internal name. Empty: it goes into the note.
    #[schemars(title = "Property for the conversation", regex(pattern = "^([a-z][a-z0-9_]*)?$"))]
    conversation_property: String,
    /// A contact property that you made for the channel, by its internal name. Empty: it goes into the note.
    #[schemars(title = "Property for the channel", regex(pattern = "^([a-z][a-z0-9_]*)?$"))]
    channel_property: String,
    /// The account's ID (Hub ID), for links from the log to the contact.
    #[schemars(title = "Account ID", regex(pattern = "^[0-9]*$"))]
    portal_id: String,
    /// The dated version of HubSpot's API.
    #[schemars(title = "API version", regex(pattern = "^[0-9]{4}-[0-9]{2}$"))]
    pub(crate) api_version: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            note: true,
            lifecycle_stage: "lead".to_owned(),
            lead_status: String::new(),
            deal_stage: String::new(),
            deal_pipeline: String::new(),
            conversation_property: String::new(),
            channel_property: String::new(),
            portal_id: String::new(),
            api_version: "2026-09".to_owned(),
        }
    }
}

fn given(field: &str) -> Option<&str> {
    Some(field.trim()).filter(|text| !text.is_empty())
}

impl Settings {
    pub(crate) fn lifecycle_stage(&self) -> Option<&str> {
        given(&self.lifecycle_stage)
    }

    pub(crate) fn lead_status(&self) -> Option<&str> {
        given(&self.lead_status)
    }

    pub(crate) fn deal_stage(&self) -> Option<&str> {
        given(&self.deal_stage)
    }

    pub(crate) fn deal_pipeline(&self) -> Option<&str> {
        given(&self.deal_pipeline)
    }

    pub(crate) fn conversation_property(&self) -> Option<&str> {
        given(&self.conversation_property)
    }

    pub(crate) fn channel_property(&self) -> Option<&str> {
        given(&self.channel_property)
    }

    /// The property that holds the lead's conversation id, and the id.
    pub(crate) fn conversation<'a>(&'a self, lead: &'a Lead) -> Option<(&'a str, &'a str)> {
        given(&self.conversation_property).zip(lead.conversation_id.as_deref())
    }

    /// The property that holds the lead's channel, and the channel.
    pub(crate) fn channel<'a>(&'a self, lead: &'a Lead) -> Option<(&'a str, &'a str)> {
        given(&self.channel_property).zip(lead.channel.as_deref())
    }

    /// A link that opens the contact for a person; object type 0-1 is the contact.
    pub(crate) fn contact_url(&self, contact: &str) -> Option<String> {
        let portal = given(&self.portal_id)?;
        Some(format!("https://app.hubspot.com/contacts/{portal}/record/0-1/{contact}"))
    }
}
