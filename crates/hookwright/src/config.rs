//! How the server is configured: flags, then environment, then the file, then defaults.

use std::fs;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use ipnet::IpNet;
use serde::Deserialize;

/// The file with every setting, its default and what it is for.
pub(crate) const DEFAULT_FILE: &str = include_str!("../hookwright.toml");

/// One source of settings: what it does not give is left to the next.
#[derive(Debug, Default, Clone, Deserialize, clap::Args)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// The folder with everything that Hookwright keeps; made on the first start
    #[arg(long, env = "HOOKWRIGHT_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The folder with compiled plugins, which may be emptied while no server uses it [default: `plugins` in the data
    /// folder]
    #[arg(long, env = "HOOKWRIGHT_PLUGIN_CACHE", value_name = "DIR")]
    pub(crate) plugin_cache: Option<PathBuf>,
    /// The address to listen on [default: 127.0.0.1:8080]
    #[arg(long, env = "HOOKWRIGHT_LISTEN", value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// A range of addresses that webhooks may reach although it is not public; may be repeated
    #[arg(long, env = "HOOKWRIGHT_ALLOW_TARGET", value_name = "CIDR", value_delimiter = ',')]
    pub(crate) allow_target: Option<Vec<IpNet>>,
    /// The most deliveries under way at once, over all webhooks [default: 1024]
    #[arg(long, env = "HOOKWRIGHT_MAX_IN_FLIGHT", value_name = "N")]
    pub(crate) max_in_flight: Option<NonZero<usize>>,
    /// How many plugins run at the same time [default: one per processor]
    #[arg(long, env = "HOOKWRIGHT_PLUGIN_WORKERS", value_name = "N")]
    pub(crate) plugin_workers: Option<NonZero<usize>>,
    /// How long deliveries under way may take to end when the server is stopped [default: 30]
    #[arg(long, env = "HOOKWRIGHT_DRAIN_SECS", value_name = "SECONDS")]
    pub(crate) drain_secs: Option<u64>,
    /// What is logged, for example `info` or `hookwright_engine=debug,warn` [default: info]
    #[arg(long, env = "HOOKWRIGHT_LOG", value_name = "FILTER")]
    pub(crate) log: Option<String>,
    /// How it is logged [default: text]
    #[arg(long, env = "HOOKWRIGHT_LOG_FORMAT", value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// The configuration in force.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) plugin_cache: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) allow_target: Vec<IpNet>,
    pub(crate) max_in_flight: NonZero<usize>,
    pub(crate) plugin_workers: NonZero<usize>,
    pub(crate) drain: Duration,
    pub(crate) log: String,
    pub(crate) log_format: LogFormat,
}

impl Settings {
    /// Reads a configuration file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is not a configuration", path.display()))
    }

    /// These settings, and where they are silent, those.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            data: self.data.or(other.data),
            plugin_cache: self.plugin_cache.or(other.plugin_cache),
            listen: self.listen.or(other.listen),
            allow_target: self.allow_target.or(other.allow_target),
            max_in_flight: self.max_in_flight.or(other.max_in_flight),
            plugin_workers: self.plugin_workers.or(other.plugin_workers),
            drain_secs: self.drain_secs.or(other.drain_secs),
            log: self.log.or(other.log),
            log_format: self.log_format.or(other.log_format),
        }
    }

    /// The configuration, with defaults for what nobody said.
    pub(crate) fn finish(self) -> Result<Config> {
        let processors = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        let data = self.data.context("no data folder is given: use --data DIR (or HOOKWRIGHT_DATA)")?;
        Ok(Config {
            plugin_cache: self.plugin_cache.unwrap_or_else(|| data.join("plugins")),
            data,
            listen: self.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
            allow_target: self.allow_target.unwrap_or_default(),
            max_in_flight: self.max_in_flight.unwrap_or(NonZero::new(1_024).unwrap_or(NonZero::<usize>::MIN)),
            plugin_workers: self.plugin_workers.unwrap_or(processors),
            drain: Duration::from_secs(self.drain_secs.unwrap_or(30)),
            log: self.log.unwrap_or_else(|| "info".to_owned()),
            log_format: self.log_format.unwrap_or(LogFormat::Text),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every setting of the printed file, with the comment sign before it taken away.
    fn uncommented() -> String {
        let lines =
            DEFAULT_FILE.lines().map(|line| line.strip_prefix('#').filter(|rest| rest.contains(" = ")));
        lines.flatten().map(|line| format!("{}\n", line.trim())).collect()
    }

    #[test]
    fn the_printed_file_says_the_defaults() {
        let printed: Settings = toml::from_str(&uncommented()).unwrap();
        let workers = printed.plugin_workers;
        let printed = printed.finish().unwrap();
        let silent =
            Settings { data: Some(printed.data.clone()), plugin_workers: workers, ..Settings::default() };
        assert_eq!(format!("{printed:?}"), format!("{:?}", silent.finish().unwrap()));
    }

    #[test]
    fn the_printed_file_changes_nothing_as_it_is() {
        let file: Settings = toml::from_str(DEFAULT_FILE).unwrap();
        assert_eq!(format!("{file:?}"), format!("{:?}", Settings::default()));
    }

    #[test]
    fn earlier_sources_win_and_unknown_names_are_refused() {
        let flags = Settings { drain_secs: Some(1), ..Settings::default() };
        let file: Settings = toml::from_str("drain_secs = 9\ndata = \"/d\"").unwrap();
        let config = flags.or(file).finish().unwrap();
        assert_eq!((config.drain, config.data), (Duration::from_secs(1), PathBuf::from("/d")));
        let error = toml::from_str::<Settings>("listne = \"x\"").unwrap_err().to_string();
        assert!(error.contains("listne"), "{error}");
    }
}
