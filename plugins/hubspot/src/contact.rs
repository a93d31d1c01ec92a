//! The contact of a lead.

use hookwright_sdk::{Failure, Lead, Reply, Request, Stop, log, text};
use serde_json::{Map, Value, json};

use crate::api::Api;
use crate::settings::Settings;

/// The id of the lead's contact.
pub(crate) fn find_or_create(api: &Api<'_>, lead: &Lead) -> Result<String, Stop> {
    match &lead.email {
        Some(email) => upsert(api, lead, email),
        None => create(api, lead),
    }
}

fn upsert(api: &Api<'_>, lead: &Lead, email: &str) -> Result<String, Stop> {
    let properties = properties(lead, api.settings);
    let body = json!({ "inputs": [{ "id": email, "idProperty": "email", "properties": properties }] });
    let request = Request::post("upsert-contact")
        .path(api.path("contacts/batch/upsert"))
        .json(&body)
        .accept(&[409])
        .idempotent();
    let reply = api.calls.call(request)?;
    if reply.status == 409 {
        // Whoever was first has made the contact, so that the same request will find it.
        return Err(Failure::retry("HubSpot is writing the same contact for somebody else", None).into());
    }
    Ok(reply.id("/results/0/id")?)
}

/// Creates the contact. HubSpot wants a name of one without an address.
fn create(api: &Api<'_>, lead: &Lead) -> Result<String, Stop> {
    let known = properties(lead, api.settings);
    let mut properties = known.clone();
    if lead.name.is_none() {
        properties.insert("firstname".to_owned(), lead.stand_in_name().into());
    }
    let request = Request::post("create-contact")
        .path(api.path("contacts"))
        .json(&json!({ "properties": properties }))
        .accept(&[409]);
    if let Some(reply) = api.calls.so_far.reply("create-contact").filter(|reply| reply.status == 409) {
        return update(api, &existing(reply)?, &known);
    }
    match key(lead, api.settings) {
        Some((name, value)) => {
            let search = || api.search("find-contact", "contacts", &[(name, "EQ", value)]);
            api.create(request, search)
        }
        // Only a name, or not even that: a second contact does less harm than writing to a namesake's.
        None => {
            if api.calls.so_far.uncertain.as_deref() == Some("create-contact") {
                log::warn(
                    "the contact may exist already; it has nothing to be found by, so it is created again",
                );
            }
            Ok(api.calls.call(request)?.id("/id")?)
        }
    }
}

/// What a contact without an address can be found by: property and value.
fn key<'a>(lead: &'a Lead, settings: &'a Settings) -> Option<(&'a str, &'a str)> {
    settings.conversation(lead).or_else(|| lead.phone.as_deref().map(|phone| ("phone", phone)))
}

/// The contact that a conflict names: `Contact already exists. Existing ID: 512`.
fn existing(reply: &Reply) -> Result<String, Failure> {
    let message = reply.find("/message")?;
    let id = message.as_ref().and_then(Value::as_str).and_then(|words| words.split_once("Existing ID:"));
    let digits: String =
        id.map_or("", |(_, id)| id.trim_start()).chars().take_while(char::is_ascii_digit).collect();
    if digits.is_empty() {
        let words = reply.quote();
        return Err(Failure::permanent(format!(
            "HubSpot reports a conflict without naming the contact: {words}"
        )));
    }
    Ok(digits)
}

/// Writes what is known to a contact that exists; never a stand-in for a name, which would erase the real one.
fn update(api: &Api<'_>, contact: &str, known: &Map<String, Value>) -> Result<String, Stop> {
    let request = Request::patch("update-contact")
        .path(api.path(&format!("contacts/{contact}")))
        .json(&json!({ "properties": known }))
        .idempotent();
    api.calls.call(request)?;
    Ok(contact.to_owned())
}

/// The properties that are known. What is not known is left out: an empty text would erase what HubSpot has.
fn properties(lead: &Lead, settings: &Settings) -> Map<String, Value> {
    let (first, last) = lead.name.as_deref().map(text::split_name).unzip();
    let message = lead.message.as_deref().filter(|_| !settings.note);
    let known = [
        ("email", lead.email.as_deref()),
        ("firstname", first),
        ("lastname", last.flatten()),
        ("phone", lead.phone.as_deref()),
        ("message", message),
        ("lifecyclestage", settings.lifecycle_stage()),
        ("hs_lead_status", settings.lead_status()),
    ];
    let custom = [settings.conversation(lead), settings.channel(lead)];
    known
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .chain(custom.into_iter().flatten())
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect()
}
