//! Arguments that describe a webhook.

use std::fs;
use std::str::FromStr;

use anyhow::{Context as _, Result, anyhow};
use hookwright_api_types::plugin::VersionPinBody;
use hookwright_api_types::webhook::{MappingBody, RetryPatch, WebhookLimitsPatch};
use hookwright_model::header::{HeaderSource, parse_header};
use hookwright_model::{PluginName, Settings, VersionPin};
use http::{HeaderName, HeaderValue};
use serde_json::Value;

/// A header with its value, which debug output does not show.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) name: HeaderName,
    pub(super) value: HeaderValue,
}

impl FromStr for Header {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text
            .split_once(':')
            .ok_or("a header is a name, a colon and a value, as in 'Authorization: Bearer TOKEN'")?;
        let (name, mut value) =
            parse_header(HeaderSource::Webhook, name, value).map_err(|error| error.to_string())?;
        value.set_sensitive(true);
        Ok(Self { name, value })
    }
}

/// How the event becomes requests.
#[derive(Debug, clap::Args)]
pub(super) struct MappingArgs {
    /// The plugin that shapes the event; without one, it is forwarded unchanged
    #[arg(long, value_name = "NAME")]
    plugin: Option<PluginName>,
    /// Its version, or `latest`
    #[arg(long, value_name = "N", value_parser = version)]
    plugin_version: Option<VersionPin>,
    /// Its settings, as a JSON object or as `@` and the name of a file with one
    #[arg(long, value_name = "JSON|@FILE", value_parser = settings)]
    settings: Option<Settings>,
}

impl MappingArgs {
    /// The newest version of this plugin.
    pub(super) fn latest(plugin: PluginName) -> Self {
        Self { plugin: Some(plugin), plugin_version: Some(VersionPin::Latest), settings: None }
    }

    pub(super) fn is_given(&self) -> bool {
        self.plugin.is_some() || self.plugin_version.is_some() || self.settings.is_some()
    }

    /// The mapping that the server is to have. What is not given comes from the current one, if that has the same
    /// plugin.
    ///
    /// # Errors
    /// When neither the arguments nor the current mapping names a plugin.
    pub(super) fn over(&self, current: Option<&MappingBody>) -> Result<MappingBody> {
        let plugin = self.plugin.as_ref().map(PluginName::as_str);
        let plugin = plugin.or(current.map(|mapping| mapping.plugin.as_str())).ok_or_else(|| {
            anyhow!("--settings and --plugin-version are those of a plugin: name it with --plugin")
        })?;
        let same = current.filter(|mapping| mapping.plugin == plugin);
        let version = match self.plugin_version {
            None => same.map(|mapping| mapping.version).unwrap_or_default(),
            Some(version) => VersionPinBody::from(version),
        };
        let settings = match (&self.settings, same) {
            (Some(settings), _) => settings.to_json(),
            (None, Some(mapping)) => mapping.settings.clone(),
            (None, None) => Settings::default().to_json(),
        };
        Ok(MappingBody { plugin: plugin.to_owned(), version, settings })
    }
}

/// How much at once, and how long.
#[derive(Debug, clap::Args)]
pub(super) struct LimitArgs {
    /// The most deliveries under way at once
    #[arg(long, value_name = "N")]
    concurrency: Option<u16>,
    /// How long one request may take, for example 30s
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    timeout: Option<u64>,
}

impl LimitArgs {
    pub(super) fn patch(&self) -> WebhookLimitsPatch {
        WebhookLimitsPatch { concurrency: self.concurrency, timeout_secs: self.timeout }
    }
}

/// When failed attempts are repeated.
#[derive(Debug, clap::Args)]
pub(super) struct RetryArgs {
    /// The first wait after a failure, for example 5s
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    retry_first: Option<u64>,
    /// How much longer each wait is than the one before
    #[arg(long, value_name = "N")]
    retry_factor: Option<u32>,
    /// The longest wait, for example 6h
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    retry_max: Option<u64>,
    /// How far a wait is moved by chance, in percent
    #[arg(long, value_name = "PERCENT")]
    retry_jitter: Option<u8>,
    /// When a delivery is given up, for example 72h
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    give_up_after: Option<u64>,
}

impl RetryArgs {
    pub(super) fn patch(&self) -> RetryPatch {
        RetryPatch {
            first_secs: self.retry_first,
            factor: self.retry_factor,
            max_secs: self.retry_max,
            jitter_percent: self.retry_jitter,
            give_up_after_secs: self.give_up_after,
        }
    }
}

/// A time as a number of seconds, or with a unit.
fn seconds(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "" | "s" | "sec" => Some(1),
        "m" | "min" => Some(60),
        "h" => Some(3_600),
        "d" => Some(24 * 3_600),
        _ => None,
    };
    let seconds =
        number.parse::<u64>().ok().zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
    seconds.ok_or_else(|| "a time is a number with s, min, h or d behind it, for example 30s".to_owned())
}

fn version(text: &str) -> Result<VersionPin, String> {
    match text {
        "latest" => Ok(VersionPin::Latest),
        number => number.parse().map(VersionPin::Exact).map_err(|_| {
            "a version is a number, as `hookwright plugin versions` shows it, or `latest`".to_owned()
        }),
    }
}

fn settings(text: &str) -> Result<Settings> {
    let read = |file: &str| fs::read_to_string(file).with_context(|| format!("{file} cannot be read"));
    let text = text.strip_prefix('@').map_or_else(|| Ok(text.to_owned()), read)?;
    let value: Value = serde_json::from_str(&text).context("these settings are not JSON")?;
    Ok(Settings::from_json(&value)?)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_header_is_split_at_its_first_colon() {
        let header: Header = "Authorization:  Basic a:b ".parse().unwrap();
        assert_eq!(header.name, "authorization");
        assert_eq!(header.value, "Basic a:b");
        assert!(!format!("{header:?}").contains("a:b"));
        let empty: Header = "X-Empty:".parse().unwrap();
        assert_eq!(empty.value, "");
    }

    #[test]
    fn a_header_that_cannot_be_sent_is_refused_with_the_reason() {
        for (text, expected) in [
            ("Authorization Bearer t", "a colon"),
            (": value", "not a header name"),
            ("x y: z", "not a header name"),
            ("Host: example.com", "set by Hookwright itself"),
            ("x: a\nb", "line break"),
        ] {
            let error = text.parse::<Header>().unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn settings_are_json_or_a_file_with_json() {
        assert_eq!(settings(r#"{"deal": true}"#).unwrap().as_str(), r#"{"deal":true}"#);
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"{\n\"deal\": false\n}\n").unwrap();
        let argument = format!("@{}", file.path().display());
        assert_eq!(settings(&argument).unwrap().as_str(), r#"{"deal":false}"#);
        for (text, expected) in [
            ("deal", "not JSON: expected value at line 1 column 1"),
            ("[]", "must be a JSON object"),
            ("@/nonexistent/settings.json", "/nonexistent/settings.json cannot be read"),
        ] {
            let error = format!("{:#}", settings(text).unwrap_err());
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_time_has_a_unit_or_is_in_seconds() {
        let times = ["30", "30s", "5min", "6 h", "3d"].map(|text| seconds(text).unwrap());
        assert_eq!(times, [30, 30, 300, 21_600, 259_200]);
        for wrong in ["", "s", "-1", "1.5h", "1w", "99999999999999999999", "9999999999999999999h"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_version_is_a_number_or_the_latest() {
        assert_eq!(version("3"), Ok(VersionPin::Exact(3)));
        assert_eq!(version("latest"), Ok(VersionPin::Latest));
        assert!(version("v3").is_err());
    }

    #[test]
    fn what_is_not_given_comes_from_a_mapping_with_the_same_plugin() {
        let current: MappingBody =
            serde_json::from_str(r#"{"plugin": "hubspot", "version": 2, "settings": {"deal": true}}"#)
                .unwrap();
        let given = |plugin: Option<&str>, plugin_version, settings: Option<&str>| MappingArgs {
            plugin: plugin.map(|name| name.parse().unwrap()),
            plugin_version,
            settings: settings
                .map(|text| text.parse::<Value>().unwrap())
                .map(|v| Settings::from_json(&v).unwrap()),
        };
        let over = |args: MappingArgs, current| serde_json::to_value(args.over(current).unwrap()).unwrap();
        assert_eq!(
            over(given(None, None, Some(r#"{"deal": false}"#)), Some(&current)),
            json!({"plugin": "hubspot", "version": 2, "settings": {"deal": false}})
        );
        assert_eq!(
            over(given(Some("hubspot"), Some(VersionPin::Latest), None), Some(&current)),
            json!({"plugin": "hubspot", "version": null, "settings": {"deal": true}})
        );
        assert_eq!(
            over(given(Some("pipedrive"), None, None), Some(&current)),
            json!({"plugin": "pipedrive", "version": null, "settings": {}})
        );
        let error = given(None, None, Some("{}")).over(None).unwrap_err();
        assert!(error.to_string().contains("--plugin"), "{error}");
    }
}
