//! The stand-ins by name, for whoever tries every target: the demo, and the tests over all of them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::exchange::{Answer, Request};
use crate::scripted::Target;
use crate::trouble::Trouble;
use crate::{
    Airtable, AmoCrm, Bitrix24, HubSpot, Make, N8n, Notion, Pipedrive, Postgrest, Salesforce, Slack,
    Telegram, Tickets, Zapier,
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
    /// The bundled plugin; none for a target that takes the event as it is.
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
    /// Opens an empty account.
    pub open: fn() -> Box<dyn Vendor>,
}

/// Every vendor, ordered by name.
pub const VENDORS: [Listing; 14] = [
    Listing { name: "airtable", title: "Airtable", open: || Box::new(Airtable::new("pat-standin")) },
    Listing { name: "amocrm", title: "amoCRM", open: || Box::new(AmoCrm::new("standin-token")) },
    Listing { name: "bitrix24", title: "Bitrix24", open: || Box::new(Bitrix24::new("standin0secret16")) },
    Listing { name: "hubspot", title: "HubSpot", open: || Box::new(HubSpot::new("pat-na1-standin")) },
    Listing { name: "json-template", title: "Ticket desk", open: || Box::new(Tickets::new("standin-key")) },
    Listing { name: "make", title: "Make", open: || Box::new(Make::new("standin-hook", "standin-key")) },
    Listing { name: "n8n", title: "n8n", open: || Box::new(N8n::new("leads", "standin-key")) },
    Listing { name: "notion", title: "Notion", open: || Box::new(Notion::new("ntn_standin")) },
    Listing { name: "pipedrive", title: "Pipedrive", open: || Box::new(Pipedrive::new("standin-token")) },
    Listing { name: "postgrest", title: "PostgREST", open: || Box::new(Postgrest::new("standin-key")) },
    Listing { name: "salesforce", title: "Salesforce", open: || Box::new(Salesforce::new("standin-token")) },
    Listing { name: "slack", title: "Slack", open: || Box::new(Slack::new("Standin0Secret1Of2Slack")) },
    Listing {
        name: "telegram",
        title: "Telegram",
        open: || Box::new(Telegram::new("1234567890:standin-token")),
    },
    Listing { name: "zapier", title: "Zapier", open: || Box::new(Zapier::new("1", "standin")) },
];

impl Target for Box<dyn Vendor> {
    fn answer(&self, request: &Request) -> Answer {
        (**self).answer(request)
    }

    fn base_path(&self) -> &str {
        (**self).base_path()
    }
}
