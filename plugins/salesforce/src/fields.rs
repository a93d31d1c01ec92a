//! The fields of a lead.

use hookwright_sdk::{Draft, Lead, text};
use serde_json::{Map, Value};

use crate::settings::Settings;

/// Salesforce's limits.
const FIRST_NAME_MAX: usize = 40;
const LAST_NAME_MAX: usize = 80;
const COMPANY_MAX: usize = 255;
const EMAIL_MAX: usize = 80;
const PHONE_MAX: usize = 40;
const CUSTOM_MAX: usize = 255;
/// Of an external ID, once it is encoded: 255 characters of most scripts, and far from the longest path.
const EXTERNAL_ID_MAX_BYTES: usize = 1_500;
/// The description takes 32,000; the rest is for the lines below the message.
const MESSAGE_MAX: usize = 24_000;
/// For a value that is kept here only.
const SET_ASIDE_MAX: usize = 2_100;
const DETAIL_MAX: usize = 400;

pub(crate) type Fields = Map<String, Value>;

/// What is known of the lead. What is not known is left out: an empty text would erase what Salesforce has.
pub(crate) fn known(draft: &Draft, settings: &Settings) -> Fields {
    let lead = &draft.lead;
    let (first, last) = names(lead);
    let channel = settings.channel_field().zip(lead.channel.as_deref());
    let description = description(draft, settings);
    let fields = [
        ("FirstName", first, FIRST_NAME_MAX),
        ("LastName", last, LAST_NAME_MAX),
        ("Email", email(lead), EMAIL_MAX),
        ("Phone", phone(lead), PHONE_MAX),
        ("Description", description.as_deref(), usize::MAX),
    ];
    let fields = fields.into_iter().filter_map(|(name, value, max)| Some((name, value?, max)));
    let channel = channel.map(|(name, channel)| (name, channel, CUSTOM_MAX));
    fields
        .chain(channel)
        .map(|(name, value, max)| (name.to_owned(), text::truncate_units(value, max).into()))
        .collect()
}

/// The fields of a new lead, with a stand-in for what Salesforce requires.
pub(crate) fn of_new(draft: &Draft, settings: &Settings) -> Fields {
    let mut fields = known(draft, settings);
    let stand_in = draft.lead.stand_in_name();
    let required =
        [("LastName", stand_in.as_str(), LAST_NAME_MAX), ("Company", &settings.company, COMPANY_MAX)];
    for (name, value, max) in required {
        fields.entry(name).or_insert_with(|| text::truncate_units(value, max).into());
    }
    fields.extend(settings.of_new_leads().map(|(name, value)| (name.to_owned(), value.into())));
    fields
}

/// First and last name. Salesforce can do without the first one only.
fn names(lead: &Lead) -> (Option<&str>, Option<&str>) {
    match lead.name.as_deref().map(text::split_name) {
        Some((first, Some(last))) => (Some(first), Some(last)),
        Some((only, None)) => (None, Some(only)),
        None => (None, None),
    }
}

/// Salesforce refuses the whole lead for an address that it does not take: such a one is kept in the description.
fn email(lead: &Lead) -> Option<&str> {
    let fits = |email: &&str| email.is_ascii() && email.len() <= EMAIL_MAX && text::is_email(email);
    lead.email.as_deref().filter(fits)
}

/// A number that does not fit would be useless when cut: it is kept in the description.
fn phone(lead: &Lead) -> Option<&str> {
    lead.phone.as_deref().filter(|phone| phone.encode_utf16().count() <= PHONE_MAX)
}

/// The message, then what has no field of its own.
fn description(draft: &Draft, settings: &Settings) -> Option<String> {
    let lead = &draft.lead;
    let unless = |value: &'_ Option<String>, has_field: bool| value.clone().filter(|_| !has_field);
    let is_key = |id: &str| settings.external_id_field().is_some() && external_id(id) == id;
    let set_aside = draft.set_aside().map(|(label, value)| (label, Some(value.to_owned()), SET_ASIDE_MAX));
    let details = [
        ("E-mail as given", unless(&lead.email, email(lead).is_some()), SET_ASIDE_MAX),
        ("Phone as given", unless(&lead.phone, phone(lead).is_some()), SET_ASIDE_MAX),
        ("Channel", unless(&lead.channel, settings.channel_field().is_some()), DETAIL_MAX),
        ("Conversation", lead.conversation_id.clone().filter(|id| !is_key(id)), DETAIL_MAX),
    ];
    let details: Vec<String> = set_aside
        .chain(details)
        .filter_map(|(label, value, max)| Some(format!("{label}: {}", text::truncate_units(&value?, max))))
        .collect();
    let message =
        lead.message.as_deref().map(|message| text::truncate_units(message, MESSAGE_MAX).into_owned());
    let parts: Vec<String> =
        message.into_iter().chain(Some(details.join("\n")).filter(|details| !details.is_empty())).collect();
    (!parts.is_empty()).then(|| parts.join("\n\n"))
}

/// The conversation's id as an external ID, which also is a part of paths.
pub(crate) fn external_id(conversation: &str) -> String {
    text::url_key(&text::key(conversation, CUSTOM_MAX), EXTERNAL_ID_MAX_BYTES).into_owned()
}
