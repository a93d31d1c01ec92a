//! The REST API of a server, asked with the admin key.

use bytes::Bytes;
use serde_json::{Value, json};

use super::http::{Answer, Http, request};
use super::{ADMIN_KEY, lead, until};

/// A client of one server.
#[derive(Clone)]
pub(crate) struct Api {
    http: Http,
    url: String,
}

impl Api {
    pub(crate) fn new(url: String) -> Self {
        Self { http: Http::new(), url }
    }

    /// Where the server is, without a slash at the end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Sends a request just so, without a key; none if the server does not answer.
    pub(crate) async fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Option<Answer> {
        self.http.send(request(method, &format!("{}{path}", self.url), headers, body.into())).await.ok()
    }

    /// Sends a request with the key and these headers.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let key = format!("Bearer {ADMIN_KEY}");
        let headers = [&[("authorization", key.as_str())], headers].concat();
        let answer = self.try_send(method, path, &headers, body).await;
        answer.unwrap_or_else(|| panic!("{method} {path}: no answer"))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[], body.to_string()).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, &[], body.to_string()).await
    }

    /// Creates a project and gives its id.
    pub(crate) async fn project(&self) -> String {
        text(&self.post("/v1/projects", &json!({ "name": "Acme" })).await.json(201)["id"])
    }

    /// Asks for a webhook that retries after a second, with these members besides.
    pub(crate) async fn try_webhook(&self, project: &str, members: &Value) -> Answer {
        let mut webhook = json!({
            "events": ["lead.created"],
            "retry": { "first_secs": 1, "factor": 1, "max_secs": 60, "jitter_percent": 0 },
        });
        for (name, value) in members.as_object().unwrap() {
            webhook[name] = value.clone();
        }
        self.post(&format!("/v1/projects/{project}/webhooks"), &webhook).await
    }

    /// Creates such a webhook and gives what the API answers.
    pub(crate) async fn webhook(&self, project: &str, members: &Value) -> Value {
        self.try_webhook(project, members).await.json(201)
    }

    /// Sends the event of a lead and gives the ids of its deliveries.
    pub(crate) async fn event(&self, project: &str, lead: &Value) -> Vec<String> {
        let accepted = self.post("/v1/events", &lead::event(project, lead)).await.json(202);
        accepted["deliveries"].as_array().unwrap().iter().map(text).collect()
    }

    /// Sends the event of a lead that one webhook gets, and gives the id of its delivery.
    pub(crate) async fn one_delivery(&self, project: &str, lead: &Value) -> String {
        let [delivery] = self.event(project, lead).await.try_into().unwrap();
        delivery
    }

    /// Sends an event and gives the ids of its deliveries; none if the server does not accept it, because it is ending
    /// or gone.
    pub(crate) async fn try_accept(&self, event: String) -> Option<Vec<String>> {
        let key = format!("Bearer {ADMIN_KEY}");
        let answer = self.try_send("POST", "/v1/events", &[("authorization", &key)], event).await?;
        if answer.status == 503 || answer.body.is_empty() {
            return None;
        }
        Some(answer.json(202)["deliveries"].as_array().unwrap().iter().map(text).collect())
    }

    /// A delivery with its attempts.
    pub(crate) async fn delivery(&self, id: &str) -> Value {
        self.get(&format!("/v1/deliveries/{id}")).await.json(200)
    }

    /// A delivery, once it meets a condition.
    pub(crate) async fn delivery_when(&self, id: &str, condition: impl Fn(&Value) -> bool) -> Value {
        let what = format!("{id} to come where it should");
        until(&what, async || Some(self.delivery(id).await).filter(&condition)).await
    }

    /// A delivery, once it is in this state.
    pub(crate) async fn delivery_in(&self, id: &str, state: &str) -> Value {
        let what = format!("{id} to be {state}");
        until(&what, async || Some(self.delivery(id).await).filter(|delivery| delivery["state"] == state))
            .await
    }

    /// A delivery, once it has ended or is held.
    pub(crate) async fn settled(&self, id: &str) -> Value {
        self.delivery_when(id, |delivery| delivery["state"] != "pending" && delivery["state"] != "delivering")
            .await
    }

    /// Uploads a component as a plugin of the project.
    pub(crate) async fn upload(&self, project: &str, name: &str, component: Bytes) -> Answer {
        self.send("PUT", &format!("/v1/projects/{project}/plugins/{name}"), &[], component).await
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not text: {value}")).to_owned()
}
