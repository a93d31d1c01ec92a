//! What the webhook's owner can set.

use hookwright_sdk::phone::{Country, Home};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::record::Record;

/// How leads become records in Pipedrive.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "Pipedrive")]
pub(crate) struct Settings {
    /// What a lead becomes besides the person.
    #[schemars(title = "Create a")]
    pub(crate) create: Kind,
    /// The company's subdomain, as in COMPANY.pipedrive.com, for links from the log.
    #[schemars(title = "Company subdomain", regex(pattern = "^[a-z0-9-]*$"))]
    company: String,
    /// The ID of the user who owns what is created. Empty: the user of the API token.
    #[schemars(title = "Owner ID")]
    pub(crate) owner_id: Option<u64>,
    /// The IDs (UUIDs) of the labels of a created lead.
    #[schemars(title = "Lead labels")]
    pub(crate) label_ids: Vec<String>,
    /// The ID of the pipeline of a created deal. Empty: the account's default.
    #[schemars(title = "Deal pipeline ID")]
    pub(crate) pipeline_id: Option<u64>,
    /// The ID of the stage of a created deal. Empty: the first of its pipeline.
    #[schemars(title = "Deal stage ID")]
    pub(crate) stage_id: Option<u64>,
    /// The country in which phone numbers without a country code are dialled, in two letters such as DE. A person is then
    /// found by any spelling of the number. Empty: such numbers are compared as they are written.
    #[schemars(title = "Default country")]
    default_country: Home,
    /// Who sees what is created, by Pipedrive's own number. Empty: the owner's default.
    #[schemars(title = "Visible to")]
    pub(crate) visible_to: Option<VisibleTo>,
}

/// What is created on the person.
#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum Kind {
    #[default]
    Lead,
    Deal,
}

/// Pipedrive's visibility groups. What each number means depends on the account's plan.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(crate) enum VisibleTo {
    #[serde(rename = "1")]
    One = 1,
    #[serde(rename = "3")]
    Three = 3,
    #[serde(rename = "5")]
    Five = 5,
    #[serde(rename = "7")]
    Seven = 7,
}

impl Settings {
    /// A link that opens the record for a person.
    pub(crate) fn url(&self, record: &Record) -> Option<String> {
        let company = self.company.trim();
        (!company.is_empty()).then(|| format!("https://{company}.pipedrive.com/{}", record.page()))
    }

    /// Where phone numbers without a country code are dialled.
    pub(crate) fn home(&self) -> Option<Country> {
        self.default_country.0
    }

    /// The visibility as version 2 of the API wants it: a number.
    pub(crate) fn visible_to(&self) -> Option<u8> {
        self.visible_to.map(|visible| visible as u8)
    }
}
