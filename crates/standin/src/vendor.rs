//! The stand-ins by name, for callers that try every target: the demo, and the tests over all of them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::exchange::{Answer, Request};
use crate::scripted::Target;
use crate::trouble::Trouble;
use crate::{
    Airtable, AmoCrm, Bitrix24, HubSpot, Make, N8n, Notion, Pipedrive, Postgrest, Receiver, Salesforce,
    Slack, Telegram, Tickets, Zapier,
};

/// A stand-in as the owner of a webhook meets it.
pub trait Vendor: Target {
    /// What a webhook for this account is given besides its URL.
    fn connection(&self) -> Connection;

    /// The vendor's words to a sender that is too fast or finds it too busy, with a pause of one second where the vendor names one.
    fn too_many_requests(&self) -> Answer;

    /// What goes wrong at this vendor.
    fn troubles(&self) -> Vec<Trouble>;

    /// What the account holds, oldest first within each kind.
    fn records(&self) -> Vec<Shown>;
}

/// The settings of a webhook that an account takes requests from.
#[derive(Debug, Clone, PartialEq)]
pub struct Connection {
    /// The bundled plugin; none for a target that takes the event unchanged.
    pub plugin: Option<&'static str>,
    /// The plugin's settings: an object.
    pub settings: Value,
    /// The custom headers, credentials among them.
    pub headers: BTreeMap<&'static str, String>,
}

/// A record of an account, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// For example `contact`.
    pub kind: &'static str,
    /// The vendor's id of it; empty where the vendor has none.
    pub id: String,
    /// Names and values.
    pub fields: Vec<(String, String)>,
}

impl Shown {
    /// A record that the vendor keeps as JSON: a field for each member, without those that are null.
    pub(crate) fn json(kind: &'static str, id: &Value, record: &Value) -> Self {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let members = record.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
        let fields = members.map(|(name, value)| (name.clone(), text(value))).collect();
        Self { kind, id: text(id), fields }
    }

    /// Records that the vendor keeps as JSON: for each kind, the member that has the id, and the records.
    pub(crate) fn all<const N: usize>(kinds: [(&'static str, &str, &[Value]); N]) -> Vec<Self> {
        let shown = kinds.into_iter().flat_map(|(kind, id, records)| {
            records.iter().map(move |record| Self::json(kind, &record[id], record))
        });
        shown.collect()
    }
}

/// A vendor that has a stand-in.
#[derive(Debug, Clone, Copy)]
pub struct Listing {
    /// The name of the target, which is that of its bundled plugin where it has one.
    pub name: &'static str,
    /// The vendor's name.
    pub title: &'static str,
    /// The host at which the vendor has its customers' accounts.
    pub host: &'static str,
    /// Opens an empty account.
    pub open: fn() -> Box<dyn Vendor>,
}

/// Every vendor, ordered by name.
pub const VENDORS: [Listing; 14] = [
    listing("airtable", "Airtable", "api.airtable.com", || Box::new(Airtable::new("pat-standin"))),
    listing("amocrm", "amoCRM", "acme.amocrm.ru", || Box::new(AmoCrm::new("standin-token"))),
    listing("bitrix24", "Bitrix24", "acme.bitrix24.com", || Box::new(Bitrix24::new("standin0secret16"))),
    listing("hubspot", "HubSpot", "api.hubapi.com", || Box::new(HubSpot::new("pat-na1-standin"))),
    listing("json-template", "Ticket desk", "desk.example.com", || Box::new(Tickets::new("standin-key"))),
    listing("make", "Make", "hook.eu1.make.com", || Box::new(Make::new("standin-hook", "standin-key"))),
    listing("n8n", "n8n", "n8n.example.com", || Box::new(N8n::new("leads", "standin-key"))),
    listing("notion", "Notion", "api.notion.com", || Box::new(Notion::new("ntn_standin"))),
    listing("pipedrive", "Pipedrive", "acme.pipedrive.com", || Box::new(Pipedrive::new("standin-token"))),
    listing("postgrest", "PostgREST", "acme.supabase.co", || Box::new(Postgrest::new("standin-key"))),
    listing("salesforce", "Salesforce", "acme.my.salesforce.com", || {
        Box::new(Salesforce::new("standin-token"))
    }),
    listing("slack", "Slack", "hooks.slack.com", || Box::new(Slack::new("Standin0Secret1Of2Slack"))),
    listing("telegram", "Telegram", "api.telegram.org", || {
        Box::new(Telegram::new("1234567890:standin-token"))
    }),
    listing("zapier", "Zapier", "hooks.zapier.com", || Box::new(Zapier::new("1", "standin"))),
];

/// A webhook endpoint of one's own, which no vendor has.
pub const PLAIN: Listing =
    listing("plain", "An endpoint of one's own", "leads.example.com", || Box::new(Receiver::default()));

const fn listing(
    name: &'static str,
    title: &'static str,
    host: &'static str,
    open: fn() -> Box<dyn Vendor>,
) -> Listing {
    Listing { name, title, host, open }
}

impl Target for Box<dyn Vendor> {
    fn answer(&self, request: &Request) -> Answer {
        (**self).answer(request)
    }

    fn base_path(&self) -> &str {
        (**self).base_path()
    }
}
