//! Over real sockets, as the stand-ins are used.

use http::HeaderMap;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, Error, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::{Running, Target};

mod airtable;
mod amocrm;
mod automation;
mod bitrix24;
mod hubspot;
mod notion;
mod pipedrive;
mod postgrest;
mod salesforce;
mod server;
mod slack;
mod telegram;
mod tickets;
mod troubles;

/// Sends requests with the same headers to one stand-in.
struct Sender {
    client: Client<HttpConnector, Full<bytes::Bytes>>,
    url: String,
    headers: Vec<(&'static str, String)>,
}

#[derive(Debug)]
struct Reply {
    status: u16,
    headers: HeaderMap,
    /// The body as it is, and as JSON; null if it is none.
    text: String,
    body: Value,
}

impl Sender {
    fn to<T: Target>(running: &Running<T>, headers: &[(&'static str, &str)]) -> Self {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { client: Client::builder(TokioExecutor::new()).build_http(), url: running.url(), headers }
    }

    async fn try_send(&self, method: &str, path: &str, body: &str) -> Result<Reply, Error> {
        let mut request = http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let reply = self.client.request(request.body(Full::from(body.to_owned())).unwrap()).await?;
        let (head, body) = reply.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Reply { status: head.status.as_u16(), headers: head.headers, text, body })
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> Reply {
        self.try_send(method, path, &body.to_string()).await.unwrap()
    }

    async fn get(&self, path: &str) -> Reply {
        self.try_send("GET", path, "").await.unwrap()
    }
}
