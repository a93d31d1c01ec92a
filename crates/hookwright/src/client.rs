//! The way from the command line to the REST API of a running server.

mod failure;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use hookwright_api_types::limits::MAX_PAGE_ITEMS;
use hookwright_api_types::media_type;
use hookwright_api_types::page::{PageBody, PageQuery};
use http::{HeaderName, HeaderValue, Method, header};
use reqwest::{Body, Request, Url, redirect};
use rustls::{ClientConfig, RootCertStore};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

/// How long connecting may take. An answer may take longer: a test waits for the target.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// Which server, and how to show what it answers. The same for every command that asks one.
#[derive(Debug, clap::Args)]
pub(crate) struct ServerArgs {
    /// Where the server is
    #[arg(long, env = "HOOKWRIGHT_SERVER", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    #[arg(global = true, help_heading = "Server", value_parser = base_url)]
    server: Url,
    /// The admin key, which `hookwright serve` prints at its first start
    #[arg(long, env = "HOOKWRIGHT_ADMIN_KEY", value_name = "KEY", hide_env_values = true)]
    #[arg(global = true, help_heading = "Server", value_parser = bearer)]
    key: Option<HeaderValue>,
    /// Print the server's answer as JSON, for scripts
    #[arg(long, global = true, help_heading = "Server")]
    pub(crate) json: bool,
}

impl ServerArgs {
    /// The arguments that name this server.
    pub(crate) fn for_server(server: &str, key: &str) -> Result<Self> {
        let server = base_url(server).map_err(anyhow::Error::msg)?;
        Ok(Self { server, key: Some(bearer(key).map_err(anyhow::Error::msg)?), json: false })
    }
}

fn base_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| {
        "a server's URL begins with http:// or https://, as in http://127.0.0.1:8080".to_owned()
    })
}

/// The key as it is sent; marked as sensitive, so that no debug output shows it.
fn bearer(key: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", key.trim()))
        .map_err(|_| "a key has visible ASCII characters only".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

/// Asks one server.
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    key: Option<HeaderValue>,
}

impl Client {
    /// A client for this server; nothing is connected yet.
    pub(crate) fn new(args: &ServerArgs) -> Result<Self> {
        let mut http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls()?)
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIME);
        if is_loopback(&args.server) {
            http = http.no_proxy();
        }
        let http = http.build().context("the HTTP client cannot be set up")?;
        Ok(Self { http, base: args.server.clone(), key: args.key.clone() })
    }

    /// A call of what is at this path of the API.
    pub(crate) fn call(&self, method: Method, path: &str) -> Call<'_> {
        let mut url = self.base.clone();
        let path = format!("{}{path}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        let mut request = Request::new(method, url);
        if let Some(key) = &self.key {
            request.headers_mut().insert(header::AUTHORIZATION, key.clone());
        }
        Call { client: self, request }
    }

    /// Reads a list to its end, or until there are `most` items, and gives it as if it were one page.
    pub(crate) async fn list(&self, path: &str, query: &impl Serialize, most: usize) -> Result<Page> {
        let mut all = Page::default();
        loop {
            let wanted = (most - all.data.len()).min(MAX_PAGE_ITEMS);
            let page = self.page(path, query, all.next_cursor.as_deref(), wanted).await?;
            all.data.extend(page.data);
            all.next_cursor = page.next_cursor;
            if all.next_cursor.is_none() || all.data.len() >= most {
                return Ok(all);
            }
        }
    }

    /// Reads the page of at most `limit` items that begins at `cursor`, or the first one.
    pub(crate) async fn page(
        &self,
        path: &str,
        query: &impl Serialize,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page> {
        let page = PageQuery { cursor: cursor.map(str::to_owned), limit: Some(limit.to_string()) };
        self.call(Method::GET, path).query(query)?.query(&page)?.send().await?.read()
    }
}

/// TLS with Mozilla's root certificates, which travel in the binary.
fn tls() -> Result<ClientConfig> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context("TLS cannot be set up")?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// Whether the server is on this machine, where no proxy leads.
fn is_loopback(server: &Url) -> bool {
    let host = server.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A part of a list, its items as the server wrote them.
pub(crate) type Page = PageBody<Box<RawValue>>;

/// One request, not sent yet.
pub(crate) struct Call<'a> {
    client: &'a Client,
    request: Request,
}

impl Call<'_> {
    /// Adds the members that are not null.
    pub(crate) fn query(mut self, query: &impl Serialize) -> Result<Self> {
        let Value::Object(members) = serde_json::to_value(query)? else { return Ok(self) };
        for (name, value) in members {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text,
                other => other.to_string(),
            };
            self.request.url_mut().query_pairs_mut().append_pair(&name, &text);
        }
        Ok(self)
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.request.headers_mut().insert(name, value);
        self
    }

    pub(crate) fn body(mut self, media_type: &'static str, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = Some(body.into());
        self.header(header::CONTENT_TYPE, HeaderValue::from_static(media_type))
    }

    pub(crate) fn json(self, body: &impl Serialize) -> Result<Self> {
        Ok(self.body(media_type::JSON, serde_json::to_vec(body)?))
    }

    /// Sends it and waits for the whole answer.
    ///
    /// # Errors
    /// When no server answers, or when it answers with an error.
    pub(crate) async fn send(self) -> Result<Answer> {
        let Client { http, base, key } = self.client;
        let lost = |error| failure::lost(base, error);
        let response = http.execute(self.request).await.map_err(lost)?;
        let status = response.status();
        let body = response.bytes().await.map_err(lost)?;
        if status.is_success() { Ok(Answer(body)) } else { Err(failure::refused(base, key, status, &body)) }
    }
}

/// The body of a successful answer.
#[derive(Debug)]
pub(crate) struct Answer(Bytes);

impl Answer {
    /// What the JSON says.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.0)
            .context("the answer is not one of a Hookwright server; check --server or HOOKWRIGHT_SERVER")
    }

    /// The body as it is.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// The JSON as the server wrote it.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

impl TryFrom<Page> for Answer {
    type Error = anyhow::Error;

    fn try_from(page: Page) -> Result<Self> {
        Ok(Self(serde_json::to_vec(&page)?.into()))
    }
}

#[cfg(test)]
mod tests;
