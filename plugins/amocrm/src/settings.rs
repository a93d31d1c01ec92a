//! What the webhook's owner can set.

use hookwright_sdk::phone::{Country, Home};
use hookwright_sdk::{Lead, text};
use schemars::JsonSchema;
use serde::Deserialize;

const TAG_MAX_CHARS: usize = 100;

/// How leads become records in amoCRM.
#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "amoCRM")]
pub(crate) struct Settings {
    /// Create incoming leads, which a manager accepts or declines, instead of leads in a stage of the pipeline.
    #[schemars(title = "As incoming leads")]
    pub(crate) incoming: bool,
    /// The source that incoming leads name.
    #[schemars(title = "Name of the source")]
    source_name: String,
    /// The ID of the pipeline. Empty: the main one.
    #[schemars(title = "Pipeline ID")]
    pub(crate) pipeline_id: Option<u64>,
    /// The ID of a stage of the pipeline. Empty: its first. Incoming leads have a stage of their own.
    #[schemars(title = "Stage ID")]
    pub(crate) status_id: Option<u64>,
    /// The ID of the user who is responsible for the lead and its contact. Empty: amoCRM decides.
    #[schemars(title = "Responsible user ID")]
    pub(crate) responsible_user_id: Option<u64>,
    /// Tags of every lead.
    #[schemars(title = "Tags")]
    tags: Vec<String>,
    /// Tag the lead with the channel that it came from, for example telegram.
    #[schemars(title = "Tag with the channel")]
    channel_tag: bool,
    /// Look for a contact with the same phone number or e-mail address first, and put the lead on it. What is new of the
    /// contact is added. Not needed if the account's own duplicate control is on for the integration.
    #[schemars(title = "Look for the contact")]
    pub(crate) find_contact: bool,
    /// The country in which phone numbers without a country code are dialled, in two letters such as RU. The contact is
    /// then found by any spelling of the number. Empty: such numbers are compared digit by digit.
    #[schemars(title = "Default country")]
    default_country: Home,
    /// The account's address, for example example.amocrm.ru or example.kommo.com, for links from the log to the lead.
    #[schemars(
        title = "Account address",
        regex(pattern = r"^([a-z0-9-]+\.(amocrm\.(ru|com)|kommo\.com))?$")
    )]
    account: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            incoming: false,
            source_name: "Chat assistant".to_owned(),
            pipeline_id: None,
            status_id: None,
            responsible_user_id: None,
            tags: Vec::new(),
            channel_tag: true,
            find_contact: false,
            default_country: Home::default(),
            account: String::new(),
        }
    }
}

impl Settings {
    /// The name of the source; amoCRM takes none that is empty.
    pub(crate) fn source_name(&self) -> &str {
        Some(self.source_name.trim()).filter(|name| !name.is_empty()).unwrap_or("Hookwright")
    }

    /// The tags of this lead, each once.
    pub(crate) fn tags(&self, lead: &Lead) -> impl Iterator<Item = String> {
        let channel = lead.channel.iter().filter(|_| self.channel_tag);
        let mut tags: Vec<String> = Vec::new();
        for tag in self.tags.iter().chain(channel) {
            let tag = text::truncate(tag.trim(), TAG_MAX_CHARS).into_owned();
            if !tag.is_empty() && !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        tags.into_iter()
    }

    /// Where phone numbers without a country code are dialled.
    pub(crate) fn home(&self) -> Option<Country> {
        self.default_country.0
    }

    /// A link that opens the lead for a person.
    pub(crate) fn lead_url(&self, lead: &str) -> Option<String> {
        let account = self.account.trim();
        (!account.is_empty()).then(|| format!("https://{account}/leads/detail/{lead}"))
    }
}
