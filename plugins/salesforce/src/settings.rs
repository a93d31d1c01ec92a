//! What the webhook's owner can set.

use schemars::JsonSchema;
use serde::Deserialize;

/// How leads become leads in Salesforce.
#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "Salesforce")]
pub(crate) struct Settings {
    /// The company of a new lead: Salesforce requires one.
    #[schemars(title = "Company", length(min = 1))]
    pub(crate) company: String,
    /// The lead source of a new lead, from your Salesforce's list. Empty: none.
    #[schemars(title = "Lead source")]
    lead_source: String,
    /// The status of a new lead, from your Salesforce's list. Empty: its default.
    #[schemars(title = "Status")]
    status: String,
    /// The ID of the user or queue that owns a new lead. Empty: as Salesforce assigns it.
    #[schemars(title = "Owner ID", regex(pattern = "^([a-zA-Z0-9]{15}([a-zA-Z0-9]{3})?)?$"))]
    owner_id: String,
    /// A lead field that you made for the conversation's ID and marked as an external ID, by its API name, for example
    /// Conversation__c. Leads are then upserted by external ID: a second lead of a conversation updates the first, and
    /// nothing is created twice. Empty: the conversation goes into the description.
    #[schemars(
        title = "External ID field for the conversation",
        regex(pattern = "^([A-Za-z][A-Za-z0-9_]*__c)?$")
    )]
    external_id_field: String,
    /// A lead field that you made for the channel, by its API name, for example Channel__c. Empty: the channel goes into the
    /// description.
    #[schemars(title = "Field for the channel", regex(pattern = "^([A-Za-z][A-Za-z0-9_]*__c)?$"))]
    channel_field: String,
    /// Save a lead although a duplicate rule alerts about it. A rule that blocks still does.
    #[schemars(title = "Save despite alerts")]
    pub(crate) save_duplicates: bool,
    /// The name of your domain, as in NAME.my.salesforce.com, for links from the log.
    #[schemars(title = "My Domain name", regex(pattern = "^[a-z0-9-]*$"))]
    domain: String,
    /// The version of Salesforce's API.
    #[schemars(title = "API version", regex(pattern = "^v[0-9]{2,3}\\.0$"))]
    pub(crate) api_version: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            company: "Unknown".to_owned(),
            lead_source: "Web".to_owned(),
            status: String::new(),
            owner_id: String::new(),
            external_id_field: String::new(),
            channel_field: String::new(),
            save_duplicates: true,
            domain: String::new(),
            api_version: "v60.0".to_owned(),
        }
    }
}

fn given(field: &str) -> Option<&str> {
    Some(field.trim()).filter(|text| !text.is_empty())
}

impl Settings {
    /// What a new lead gets besides what was collected: fields and values.
    pub(crate) fn of_new_leads(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let fields =
            [("LeadSource", &self.lead_source), ("Status", &self.status), ("OwnerId", &self.owner_id)];
        fields.into_iter().filter_map(|(name, value)| Some((name, given(value)?)))
    }

    /// The external id field.
    pub(crate) fn external_id_field(&self) -> Option<&str> {
        given(&self.external_id_field)
    }

    /// The field for the channel.
    pub(crate) fn channel_field(&self) -> Option<&str> {
        given(&self.channel_field)
    }

    /// A link that opens the lead for a person.
    pub(crate) fn lead_url(&self, lead: &str) -> Option<String> {
        let domain = given(&self.domain)?;
        Some(format!("https://{domain}.lightning.force.com/lightning/r/Lead/{lead}/view"))
    }
}
