//! The stand-ins of `crates/standin` as targets of rehearsals: a mapping is tested natively against the very account that
//! refuses what the vendor refuses.

use std::ops::{Deref, DerefMut};

use hookwright_sdk::testing::laws::Holds;
use hookwright_sdk::testing::{Answer, Target};
use hookwright_sdk::{Method, Request};
use hookwright_standin::{Request as Received, Vendor};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

/// A vendor's account that answers a rehearsal's requests as it would answer those of the host.
pub struct Account<V>(V);

impl<V: Vendor> Account<V> {
    /// The account with the webhook that its owner would make for it.
    pub fn new(vendor: V) -> Self {
        Self(vendor)
    }

    /// The request as it arrives: below the webhook's URL, with its headers, which win over the mapping's.
    fn received(&self, request: &Request) -> Received {
        let target = format!("{}{}", self.0.base_path(), request.path.as_deref().unwrap_or_default());
        let target = if target.starts_with('/') { target } else { format!("/{target}") };
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for header in &request.headers {
            insert(&mut headers, &header.name, &header.value);
        }
        for (name, value) in self.0.connection().headers {
            insert(&mut headers, name, &value);
        }
        Received {
            method: match request.method {
                Method::Post => http::Method::POST,
                Method::Put => http::Method::PUT,
                Method::Patch => http::Method::PATCH,
                Method::Get => http::Method::GET,
            },
            uri: target.parse::<Uri>().unwrap_or_else(|error| panic!("{target} is no path: {error}")),
            headers,
            body: request.body.clone().unwrap_or_default().into(),
        }
    }
}

fn insert(headers: &mut HeaderMap, name: &str, value: &str) {
    let name: HeaderName = name.parse().unwrap_or_else(|error| panic!("{name} is no header: {error}"));
    let value = value.parse().unwrap_or_else(|error| panic!("{name}: {value} is no header's value: {error}"));
    headers.insert(name, value);
}

impl<V: Vendor> Target for Account<V> {
    fn answer(&mut self, request: &Request) -> Answer {
        let response = self.0.answer(&self.received(request)).into_response();
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers =
            response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        Answer::Reply {
            status: response.status().as_u16(),
            headers,
            body: String::from_utf8_lossy(response.body()).into_owned(),
        }
    }
}

impl<V: Vendor> Holds for Account<V> {
    fn records(&self) -> usize {
        self.0.records().len()
    }

    fn shows(&self, text: &str) -> bool {
        let records = self.0.records();
        records.iter().flat_map(|record| &record.fields).any(|(_, value)| value.contains(text))
    }
}

impl<V> Deref for Account<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.0
    }
}

impl<V> DerefMut for Account<V> {
    fn deref_mut(&mut self) -> &mut V {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use hookwright_standin::HubSpot;
    use serde_json::json;

    use super::*;

    #[test]
    fn requests_arrive_with_the_webhooks_credentials_and_are_answered_by_the_account() {
        let mut account = Account::new(HubSpot::new("pat-1"));
        let create = Request::post("create-contact")
            .path("/crm/objects/2026-03/contacts")
            .json(&json!({ "properties": { "email": "john@example.com" } }));
        let Answer::Reply { status, body, .. } = account.answer(&create) else { panic!("no reply") };
        assert_eq!(status, 201, "{body}");
        assert_eq!(account.contacts().len(), 1);

        let Answer::Reply { status, headers, .. } = account.answer(&create) else { panic!("no reply") };
        assert_eq!(status, 409);
        assert!(headers.iter().any(|(name, value)| name == "content-type" && value.contains("json")));
    }
}
