//! How the server is configured: flags, then environment, then the file, then defaults.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use hookwright_model::PluginLimits;
use ipnet::IpNet;
use serde::{Deserialize, Deserializer};

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
    /// A limit on plugins, such as `memory_bytes=134217728`; may be repeated. `hookwright config` explains them all
    #[arg(
        long = "plugin-limit",
        env = "HOOKWRIGHT_PLUGIN_LIMIT",
        value_name = "NAME=NUMBER",
        value_delimiter = ','
    )]
    #[serde(deserialize_with = "limit_table")]
    pub(crate) plugin_limits: Option<Vec<LimitSetting>>,
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

/// One of the limits on plugins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LimitSetting {
    name: String,
    value: u64,
}

impl FromStr for LimitSetting {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, value) = text.split_once('=').context("a limit is given as NAME=NUMBER")?;
        let value = value.trim().replace('_', "").parse();
        let value = value.with_context(|| format!("the limit `{name}` is not a whole number"))?;
        Ok(Self { name: name.trim().to_owned(), value })
    }
}

/// The limits as a table of the file: none where it is empty.
fn limit_table<'de, D: Deserializer<'de>>(table: D) -> Result<Option<Vec<LimitSetting>>, D::Error> {
    let table = BTreeMap::<String, u64>::deserialize(table)?;
    let limits = table.into_iter().map(|(name, value)| LimitSetting { name, value });
    Ok(Some(limits.collect::<Vec<_>>()).filter(|limits| !limits.is_empty()))
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
    pub(crate) plugin_limits: PluginLimits,
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
            plugin_limits: limits_or(self.plugin_limits, other.plugin_limits),
            drain_secs: self.drain_secs.or(other.drain_secs),
            log: self.log.or(other.log),
            log_format: self.log_format.or(other.log_format),
        }
    }

    /// The limits on plugins, with defaults for what nobody said.
    pub(crate) fn plugin_limits(self) -> Result<PluginLimits> {
        plugin_limits(self.plugin_limits.unwrap_or_default())
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
            plugin_limits: plugin_limits(self.plugin_limits.unwrap_or_default())?,
            drain: Duration::from_secs(self.drain_secs.unwrap_or(30)),
            log: self.log.unwrap_or_else(|| "info".to_owned()),
            log_format: self.log_format.unwrap_or(LogFormat::Text),
        })
    }
}

/// These limits, and of those the ones that these do not name: what is set last holds.
fn limits_or(
    these: Option<Vec<LimitSetting>>,
    those: Option<Vec<LimitSetting>>,
) -> Option<Vec<LimitSetting>> {
    match (these, those) {
        (Some(these), Some(those)) => Some(those.into_iter().chain(these).collect()),
        (these, those) => these.or(those),
    }
}

/// The limits in force, when these are set.
fn plugin_limits(settings: Vec<LimitSetting>) -> Result<PluginLimits> {
    let mut limits = PluginLimits::default();
    for LimitSetting { name, value } in settings {
        limits.set(&name, value).context("a limit on plugins (`plugin_limits`) cannot be set so")?;
    }
    limits.check().context("the limits on plugins (`plugin_limits`) do not fit together")?;
    Ok(limits)
}

#[cfg(test)]
mod tests {
    use hookwright_model::PluginLimit;

    use super::*;

    /// Every setting of the printed file, with the comment sign before it taken away.
    fn uncommented() -> String {
        let setting = |line: &'static str| {
            let heads_table = line.starts_with('[').then_some(line);
            heads_table.or_else(|| line.strip_prefix('#').filter(|rest| rest.contains(" = ")))
        };
        DEFAULT_FILE.lines().filter_map(setting).map(|line| format!("{}\n", line.trim())).collect()
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
    fn the_printed_file_names_flags_and_variables_that_there_are() {
        let command = <Settings as clap::Args>::augment_args(clap::Command::new("serve"));
        for argument in command.get_arguments().filter(|argument| argument.get_id() != "Settings") {
            let flag = format!("lag --{}", argument.get_long().unwrap());
            let variable = argument.get_env().unwrap().to_str().unwrap();
            assert!(DEFAULT_FILE.contains(&flag) && DEFAULT_FILE.contains(variable), "{flag}, {variable}");
        }
        assert_eq!(DEFAULT_FILE.matches("lag --").count(), command.get_arguments().count());
    }

    #[test]
    fn every_limit_is_printed_and_can_be_set_by_flag_or_file() {
        for PluginLimit { name, .. } in PluginLimit::ALL {
            assert!(DEFAULT_FILE.contains(&format!("\n#{name} = ")), "{name}");
        }
        let flags =
            Settings { plugin_limits: Some(vec!["fuel=5_000".parse().unwrap()]), ..Settings::default() };
        let file: Settings =
            toml::from_str("data = \"/d\"\n[plugin_limits]\nfuel = 7000\nheaders = 3").unwrap();
        let limits = flags.or(file).finish().unwrap().plugin_limits;
        assert_eq!((limits.fuel, limits.headers), (5_000, 3));
    }

    #[test]
    fn a_limit_that_cannot_be_is_refused_by_name() {
        for (table, words) in [
            ("fule = 1", "no limit `fule`"),
            ("headers = 0", "`headers` is 0"),
            ("memory_bytes = 2097152", "`memory_bytes` must be more"),
        ] {
            let file: Settings = toml::from_str(&format!("data = \"/d\"\n[plugin_limits]\n{table}")).unwrap();
            let error = format!("{:#}", file.finish().unwrap_err());
            assert!(error.contains("plugin_limits") && error.contains(words), "{error}");
        }
        assert!("fuel".parse::<LimitSetting>().is_err());
        assert!("fuel=many".parse::<LimitSetting>().is_err());
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
