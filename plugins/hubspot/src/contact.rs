//! The contact of a lead.

use hookwright_sdk::{Draft, Failure, Lead, Reply, Request, Stop, Written, log, text};
use serde_json::{Map, Value, json};

use crate::api::{Api, refused_properties};
use crate::settings::Settings;

/// HubSpot's limit of a text property.
const TEXT_MAX_UNITS: usize = 65_536;

/// The id of the draft's contact, or the fields that HubSpot refuses.
pub(crate) fn write<'a>(api: &Api<'a>, draft: &Draft) -> Result<Written<'a, String>, Stop> {
    match &draft.lead.email {
        Some(email) => upsert(api, draft, email),
        None => create(api, draft),
    }
}

fn upsert<'a>(api: &Api<'a>, draft: &Draft, email: &str) -> Result<Written<'a, String>, Stop> {
    let properties = properties(&draft.lead, api.settings);
    let body = json!({ "inputs": [{ "id": email, "idProperty": "email", "properties": properties }] });
    let request = Request::post(&draft.step("upsert-contact"))
        .path(api.path("contacts/batch/upsert"))
        .json(&body)
        .accept(&[400, 409])
        .idempotent();
    let reply = api.calls.call(request)?;
    match (reply.status, existing(reply)) {
        // The address is a further one of a contact: to write it would change the contact's own.
        (409, Some(contact)) => {
            let mut known = properties;
            known.remove("email");
            update(api, draft, &contact, &known)
        }
        // The contact has just been made, so that the same request will find it.
        (409, None) => {
            Err(Failure::retry("HubSpot is writing the same contact for another sender.", None).into())
        }
        (400, _) => Ok(refused(api, draft, reply)),
        // A batch of several statuses: this one input was refused.
        (207, _) if reply.find("/results/0")?.is_none() => Ok(refused(api, draft, reply)),
        _ => Ok(Written::Done(reply.id("/results/0/id")?)),
    }
}

/// Creates the contact. HubSpot requires a name of one without an address.
fn create<'a>(api: &Api<'a>, draft: &Draft) -> Result<Written<'a, String>, Stop> {
    let lead = &draft.lead;
    let known = properties(lead, api.settings);
    let mut properties = known.clone();
    if lead.name.is_none() {
        properties.insert("firstname".to_owned(), lead.stand_in_name().into());
    }
    let step = draft.step("create-contact");
    let request = Request::post(&step)
        .path(api.path("contacts"))
        .json(&json!({ "properties": properties }))
        .accept(&[400, 409]);
    if let Some(reply) = api.calls.so_far.reply(&step).filter(|reply| reply.status == 409) {
        let contact = existing(reply).ok_or_else(|| {
            let words = reply.quote();
            Failure::permanent(format!("HubSpot reports a conflict without naming the contact: {words}"))
        })?;
        return update(api, draft, &contact, &known);
    }
    let created = |reply: &'a Reply| match reply.status {
        400 => Ok(refused(api, draft, reply)),
        _ => reply.id("/id").map(Written::Done),
    };
    match key(lead, api.settings) {
        Some((name, value)) => {
            let search = || api.search("find-contact", "contacts", &[(name, "EQ", value)]);
            api.calls.create_once(request, search, |reply| Ok(api.found(reply)?.map(Written::Done)), created)
        }
        // Only a name, or not even that: a second contact does less harm than writing to a namesake's.
        None => {
            if api.calls.so_far.uncertain.as_ref() == Some(&step) {
                log::warn("The contact may exist already. Nothing identifies it, so it is created again.");
            }
            Ok(created(api.calls.call(request)?)?)
        }
    }
}

fn refused<'a>(api: &Api<'_>, draft: &Draft, reply: &'a Reply) -> Written<'a, String> {
    let own = ["email", "phone", "message"].map(|name| (name, Some(name)));
    let custom = [
        ("name", Some("firstname")),
        ("name", Some("lastname")),
        ("conversation", api.settings.conversation_property()),
        ("channel", api.settings.channel_property()),
    ];
    // As a list of errors has a name, and as a message has it.
    let forms = |(part, name): (&'static str, Option<&str>)| {
        let name = name?;
        Some([(part, format!("[\"{name}\"]")), (part, format!("\"name\":\"{name}\""))])
    };
    let names: Vec<(&str, String)> = own.into_iter().chain(custom).filter_map(forms).flatten().collect();
    let names: Vec<(&str, &str)> = names.iter().map(|(part, name)| (*part, name.as_str())).collect();
    Written::Refused(reply, draft.named_in(&refused_properties(reply), &names))
}

/// What a contact without an address can be found by: property and value.
fn key<'a>(lead: &'a Lead, settings: &'a Settings) -> Option<(&'a str, &'a str)> {
    settings.conversation(lead).or_else(|| lead.phone.as_deref().map(|phone| ("phone", phone)))
}

/// The contact that a conflict names: `Contact already exists. Existing ID: 512`.
fn existing(reply: &Reply) -> Option<String> {
    let message = reply.find("/message").ok()??;
    let (_, id) = message.as_str()?.split_once("Existing ID:")?;
    let digits: String = id.trim_start().chars().take_while(char::is_ascii_digit).collect();
    Some(digits).filter(|digits| !digits.is_empty())
}

/// Writes what is known to a contact that exists; never a stand-in for a name, which would erase the real one.
fn update<'a>(
    api: &Api<'a>,
    draft: &Draft,
    contact: &str,
    known: &Map<String, Value>,
) -> Result<Written<'a, String>, Stop> {
    let request = Request::patch(&draft.step("update-contact"))
        .path(api.path(&format!("contacts/{contact}")))
        .json(&json!({ "properties": known }))
        .accept(&[400])
        .idempotent();
    let reply = api.calls.call(request)?;
    Ok(match reply.status {
        400 => refused(api, draft, reply),
        _ => Written::Done(contact.to_owned()),
    })
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
        .map(|(name, value)| (name.to_owned(), text::truncate_units(value, TEXT_MAX_UNITS).into()))
        .collect()
}
