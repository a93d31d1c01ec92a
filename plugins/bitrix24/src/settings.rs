//! What the webhook's owner can set.

use hookwright_sdk::phone::{Country, Home};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How leads become records in Bitrix24.
#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "Bitrix24")]
pub(crate) struct Settings {
    /// The method that creates the lead. The older one is for self-hosted portals that do not have the current one yet.
    #[schemars(title = "Method")]
    pub(crate) method: Method,
    /// What to do when somebody with the same phone number or e-mail address is known. `create` does not look. `link` links
    /// the new lead to the contact, which makes it a repeat lead. `comment` comments on the newest lead instead of creating
    /// another, and links if there is only a contact.
    #[schemars(title = "Duplicates")]
    pub(crate) duplicates: Duplicates,
    /// The country in which phone numbers without a country code are dialled, in two letters such as RU. People are then
    /// known by any spelling of the number. Empty: such numbers are compared as they are written.
    #[schemars(title = "Default country")]
    default_country: Home,
    /// The ID of the lead's source in the portal's list, for example WEB, CALL or ADVERTISING. Empty: none.
    #[schemars(title = "Source ID")]
    source_id: String,
    /// The ID of the lead's stage in the portal's list, for example NEW. Empty: the first one.
    #[schemars(title = "Stage ID")]
    stage_id: String,
    /// The ID of the employee who is responsible for the lead. Empty: the employee who made the inbound webhook.
    #[schemars(title = "Responsible employee's ID")]
    pub(crate) assigned_by_id: Option<u64>,
    /// The portal's address, for example example.bitrix24.com, for links from the log to the lead.
    #[schemars(title = "Portal address", regex(pattern = r"^([a-z0-9-]+(\.[a-z0-9-]+)+)?$"))]
    portal: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            method: Method::default(),
            duplicates: Duplicates::default(),
            default_country: Home::default(),
            source_id: "WEB".to_owned(),
            stage_id: String::new(),
            assigned_by_id: None,
            portal: String::new(),
        }
    }
}

/// The methods that create a lead.
#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(crate) enum Method {
    #[default]
    #[serde(rename = "crm.item.add")]
    Item,
    #[serde(rename = "crm.lead.add")]
    Lead,
}

/// What to do about somebody who is known.
#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum Duplicates {
    #[default]
    Create,
    Link,
    Comment,
}

fn given(field: &str) -> Option<&str> {
    Some(field.trim()).filter(|text| !text.is_empty())
}

impl Settings {
    pub(crate) fn source_id(&self) -> Option<&str> {
        given(&self.source_id)
    }

    pub(crate) fn stage_id(&self) -> Option<&str> {
        given(&self.stage_id)
    }

    /// Where phone numbers without a country code are dialled.
    pub(crate) fn home(&self) -> Option<Country> {
        self.default_country.0
    }

    /// A link that opens the lead for a person.
    pub(crate) fn lead_url(&self, lead: &str) -> Option<String> {
        Some(format!("https://{}/crm/lead/details/{lead}/", given(&self.portal)?))
    }
}
