//! The real binary under measurement.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::client::{self, Http};

/// The admin key of the measured server.
pub(crate) const KEY: &str = "hwk_0nly-for-the-measurements-of-Hookwright";

/// A server on a temporary folder.
pub(crate) struct Service {
    process: Child,
    _data: tempfile::TempDir,
    pub(crate) url: String,
}

impl Service {
    pub(crate) async fn start() -> Result<Self> {
        let data = tempfile::tempdir()?;
        let mut command = Command::new(binary()?);
        command.args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--allow-target",
            "127.0.0.0/8",
            "--log",
            "error",
            "--data",
        ]);
        command.arg(data.path()).env("HOOKWRIGHT_ADMIN_KEY", KEY).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn()?;
        let stdout = process.stdout.take().context("the server has no output")?;
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = lines.next_line().await? {
            if let Some(url) = line.strip_prefix("Hookwright listens on ") {
                let url = url.to_owned();
                return Ok(Self { process, _data: data, url });
            }
        }
        bail!("the server did not start")
    }

    pub(crate) fn id(&self) -> Result<u32> {
        self.process.id().context("the server has ended")
    }

    /// Makes a project with one webhook; the body of an event for it.
    pub(crate) async fn set_up(&self, http: &Http, target: &str, mapping: Value) -> Result<Bytes> {
        let project = self.project(http).await?;
        self.webhook(http, &project, target, mapping).await?;
        Ok(crate::transform::payload(&project).into())
    }

    /// Makes a project; its id.
    pub(crate) async fn project(&self, http: &Http) -> Result<String> {
        let project = self.create(http, "projects", &json!({"name": "Bench"})).await?;
        Ok(project["id"].as_str().context("the project has no id")?.to_owned())
    }

    pub(crate) async fn webhook(
        &self,
        http: &Http,
        project: &str,
        target: &str,
        mapping: Value,
    ) -> Result<()> {
        let webhook = json!({
            "url": target,
            "events": ["lead.created"],
            "mapping": mapping,
            "limits": {"concurrency": 64},
        });
        self.create(http, &format!("projects/{project}/webhooks"), &webhook).await?;
        Ok(())
    }

    pub(crate) async fn upload(
        &self,
        http: &Http,
        project: &str,
        name: &str,
        component: Bytes,
    ) -> Result<()> {
        let url = format!("{}/v1/projects/{project}/plugins/{name}", self.url);
        accepted(name, client::send(http, Method::PUT, &url, KEY, component).await?)?;
        Ok(())
    }

    async fn create(&self, http: &Http, path: &str, body: &Value) -> Result<Value> {
        let url = format!("{}/v1/{path}", self.url);
        let answer = accepted(path, client::send(http, Method::POST, &url, KEY, body.to_string()).await?)?;
        Ok(serde_json::from_slice(&answer)?)
    }
}

/// The body of an answer that is no refusal.
fn accepted(what: &str, (status, answer): (StatusCode, Bytes)) -> Result<Bytes> {
    if !status.is_success() {
        bail!("{what}: {status} {}", String::from_utf8_lossy(&answer));
    }
    Ok(answer)
}

/// The service's binary, which is built beside this one.
fn binary() -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("hookwright");
    if !path.exists() {
        bail!("{} does not exist; `cargo xtask bench` builds it", path.display());
    }
    Ok(path)
}
