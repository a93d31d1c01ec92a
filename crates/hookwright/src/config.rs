//! The configuration of the server: flags, then environment, then the file, then defaults.
//!
//! A setting is declared once, as a field of [`Settings`] with its documentation. The flag, the environment variable, the
//! key in the file ([`mod@file`]) and the printed file ([`mod@template`]) follow from that.

mod file;
mod listen;
mod template;

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Args as _, FromArgMatches as _};
use hookwright_model::PluginLimits;
use ipnet::IpNet;

pub(crate) use file::ConfigFile;
pub(crate) use listen::Listen;
pub(crate) use template::template;

use crate::logging::{Filter, LogFormat};

/// The settings of a server.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Settings {
    /// The folder with everything that Hookwright keeps: the store, the keys, compiled plugins
    ///
    /// The first start creates it. There is no default.
    #[arg(long, env = "HOOKWRIGHT_DATA", value_name = "DIR")]
    data: Option<PathBuf>,

    /// The folder with compiled plugins [default: `plugins` in the data folder]
    ///
    /// It may be emptied while no server uses it. It takes at most 2 GiB: the plugins that were not used for longest go
    /// first. Servers with the same master key can share one.
    #[arg(long, env = "HOOKWRIGHT_PLUGIN_CACHE", value_name = "DIR")]
    plugin_cache: Option<PathBuf>,

    /// The address to listen on
    ///
    /// `8080` is that port on this machine only, as is `localhost:8080`; `:8080` is that port on every address of the
    /// machine; `10.0.0.7:8080` and `[::1]:8080` are one address.
    #[arg(long, env = "HOOKWRIGHT_LISTEN", value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(crate) listen: Listen,

    /// The most connections at once; one more closes the connection that was idle for longest
    ///
    /// It is lower where the limit of open files leaves less: Hookwright raises that limit as far as the system lets it
    /// and keeps some files for the store, plugins and deliveries.
    #[arg(long, env = "HOOKWRIGHT_MAX_CONNECTIONS", value_name = "N", default_value = "4096")]
    #[arg(value_parser = at_least_one)]
    pub(crate) max_connections: NonZero<usize>,

    /// A range of addresses that webhooks may reach although it is private; may be repeated
    ///
    /// Requests to any other private address are refused. An example is `10.1.0.0/16`.
    #[arg(long, env = "HOOKWRIGHT_ALLOW_TARGET", value_name = "CIDR", value_delimiter = ',', value_parser = range)]
    pub(crate) allow_target: Vec<IpNet>,

    /// A range of addresses that webhooks must not reach, even if it is public; may be repeated
    ///
    /// It wins over the allowed ranges. An example is the public address that a router forwards to this machine. Private
    /// addresses, this machine's own and those of cloud platforms' services are refused anyway.
    #[arg(long, env = "HOOKWRIGHT_DENY_TARGET", value_name = "CIDR", value_delimiter = ',', value_parser = range)]
    pub(crate) deny_target: Vec<IpNet>,

    /// The most deliveries under way at once, over all webhooks
    ///
    /// A project has at most as many as places are free, so that others always find some: one alone has half of them, two
    /// a third each. Each webhook has a limit of its own as well.
    #[arg(long, env = "HOOKWRIGHT_MAX_IN_FLIGHT", value_name = "N", default_value = "1024")]
    #[arg(value_parser = at_least_one)]
    pub(crate) max_in_flight: NonZero<usize>,

    /// How many plugins run at the same time [default: one per processor]
    #[arg(long, env = "HOOKWRIGHT_PLUGIN_WORKERS", value_name = "N", value_parser = at_least_one)]
    plugin_workers: Option<NonZero<usize>>,

    /// A limit on plugins, such as `memory_bytes=134217728`; may be repeated
    ///
    /// `hookwright config` explains every limit.
    #[arg(
        long = "plugin-limit",
        env = "HOOKWRIGHT_PLUGIN_LIMIT",
        value_name = "NAME=NUMBER",
        value_delimiter = ','
    )]
    plugin_limits: Vec<LimitSetting>,

    /// The most seconds that deliveries under way may take to end when the server stops
    ///
    /// The next start sends the rest.
    #[arg(long, env = "HOOKWRIGHT_DRAIN_SECS", value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    drain_secs: u64,

    /// What is logged: error, warn, info, debug, trace or off
    ///
    /// A part of Hookwright can have its own level, as in `info,hookwright_engine=debug`.
    #[arg(long, env = "HOOKWRIGHT_LOG", value_name = "FILTER", default_value = "info")]
    pub(crate) log: Filter,

    /// How it is logged: `text`, or `json` with one object per line
    #[arg(long, env = "HOOKWRIGHT_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    #[arg(hide_possible_values = true)]
    pub(crate) log_format: LogFormat,
}

impl Settings {
    /// The command that has these settings as its arguments and no others.
    fn command() -> clap::Command {
        Self::augment_args(clap::Command::new("hookwright").no_binary_name(true))
    }

    /// The settings that these flags give, whatever the environment has.
    #[cfg(any(test, feature = "demo"))]
    pub(crate) fn of_flags(flags: &[&str]) -> Result<Self> {
        let command = Self::command().mut_args(|arg| arg.env(None::<&str>));
        Ok(Self::from_arg_matches(&command.try_get_matches_from(flags)?)?)
    }

    /// The data folder.
    pub(crate) fn data(&self) -> Result<&Path> {
        self.data.as_deref().context("There is no data folder. Name one with --data DIR or HOOKWRIGHT_DATA.")
    }

    /// The folder with compiled plugins, when this is the data folder.
    pub(crate) fn plugin_cache(&self, data: &Path) -> PathBuf {
        self.plugin_cache.clone().unwrap_or_else(|| data.join("plugins"))
    }

    /// How many plugins run at the same time.
    pub(crate) fn plugin_workers(&self) -> NonZero<usize> {
        let processors = || std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        self.plugin_workers.unwrap_or_else(processors)
    }

    /// How long a stop lets deliveries under way end.
    pub(crate) fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_secs)
    }

    /// The limits on plugins: those of the file, and over them those of flags or environment.
    pub(crate) fn plugin_limits(&self, file: &ConfigFile) -> Result<PluginLimits> {
        plugin_limits(file.limits().iter().chain(&self.plugin_limits))
    }
}

impl ConfigFile {
    /// The limits on plugins where nothing but this file sets any.
    pub(crate) fn plugin_limits(&self) -> Result<PluginLimits> {
        plugin_limits(self.limits())
    }
}

/// The limits in force when these are set: the last of a name holds.
fn plugin_limits<'a>(settings: impl IntoIterator<Item = &'a LimitSetting>) -> Result<PluginLimits> {
    let mut limits = PluginLimits::default();
    for LimitSetting { name, value } in settings {
        limits.set(name, *value).context("A limit on plugins (`plugin_limits`) cannot be set")?;
    }
    limits.check().context("The limits on plugins (`plugin_limits`) do not fit together")?;
    Ok(limits)
}

/// One of the limits on plugins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LimitSetting {
    name: String,
    value: u64,
}

impl FromStr for LimitSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("a limit is given as NAME=NUMBER")?;
        let number = value.trim().replace('_', "").parse();
        let value = number.map_err(|_| format!("the limit `{name}` takes a whole number, not `{value}`"))?;
        let limit = Self { name: name.trim().to_owned(), value };
        PluginLimits::default().set(&limit.name, value).map_err(|error| error.to_string())?;
        Ok(limit)
    }
}

fn at_least_one(text: &str) -> Result<NonZero<usize>, String> {
    text.replace('_', "").parse().map_err(|_| "a whole number of at least 1 is expected".to_owned())
}

fn seconds(text: &str) -> Result<u64, String> {
    text.replace('_', "").parse().map_err(|_| "a whole number of seconds is expected".to_owned())
}

fn range(text: &str) -> Result<IpNet, String> {
    text.parse().map_err(|_| "a range of addresses such as 10.1.0.0/16 or fd00::/8 is expected".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings of a file, with nothing on the command line or in the environment.
    fn of_file(text: &str) -> Result<(Settings, ConfigFile)> {
        let file = ConfigFile::parse(Path::new("h.toml"), text)?;
        let command = file.beneath(Settings::command().mut_args(|arg| arg.env(None::<&str>)));
        Ok((Settings::from_arg_matches(&command.try_get_matches_from([""; 0])?)?, file))
    }

    /// Every setting of the printed file, with the comment sign before it taken away.
    fn uncommented() -> String {
        let template = template();
        let setting = |line: &str| {
            let is_setting = line.starts_with('#') && !line.starts_with("# ") && line.contains(" = ");
            line.starts_with('[').then(|| line.to_owned()).or(is_setting.then(|| line[1..].to_owned()))
        };
        template.lines().filter_map(setting).map(|line| line + "\n").collect()
    }

    #[test]
    fn the_printed_file_says_the_defaults() {
        let (printed, file) = of_file(&uncommented()).unwrap();
        assert_eq!(printed.plugin_limits(&file).unwrap(), PluginLimits::default());
        // What has no default stands there as an example.
        let examples = Settings { data: None, plugin_cache: None, plugin_workers: None, ..printed };
        let default = Settings::of_flags(&[]).unwrap();
        assert_eq!(format!("{examples:?}"), format!("{default:?}"));
    }

    #[test]
    fn the_printed_file_changes_nothing_as_it_is() {
        let (settings, file) = of_file(&template()).unwrap();
        assert_eq!(format!("{settings:?}"), format!("{:?}", Settings::of_flags(&[]).unwrap()));
        assert!(file.limits().is_empty());
    }

    #[test]
    fn the_printed_file_names_every_flag_and_variable() {
        let template = template();
        for argument in Settings::command().get_arguments().filter(|argument| argument.get_id() != "help") {
            let flag = format!("lag --{}", argument.get_long().unwrap());
            let variable = argument.get_env().unwrap().to_str().unwrap();
            assert!(
                template.contains(&flag) && template.contains(variable),
                "{flag}, {variable}: {template}"
            );
        }
        assert!(template.contains("HOOKWRIGHT_ADMIN_KEY") && template.contains("HOOKWRIGHT_MASTER_KEY"));
        assert!(template.lines().all(|line| line.chars().count() <= 120), "{template}");
    }

    #[test]
    fn every_limit_is_printed_and_can_be_set_by_flag_or_file() {
        let template = template();
        for limit in hookwright_model::PluginLimit::ALL {
            assert!(template.contains(&format!("\n#{} = ", limit.name)), "{}", limit.name);
        }
        let (_, file) = of_file("[plugin_limits]\nfuel = 7000\nheaders = 3").unwrap();
        let flags = Settings::of_flags(&["--plugin-limit", "fuel=5_000"]).unwrap();
        let limits = flags.plugin_limits(&file).unwrap();
        assert_eq!((limits.fuel, limits.headers), (5_000, 3));
    }

    #[test]
    fn limits_that_do_not_fit_together_are_refused() {
        let (settings, file) = of_file("[plugin_limits]\nmemory_bytes = 2097152").unwrap();
        let error = format!("{:#}", settings.plugin_limits(&file).unwrap_err());
        assert!(error.contains("plugin_limits") && error.contains("`memory_bytes` must be more"), "{error}");
        for wrong in ["fuel", "fuel=many", "fule=1", "headers=0"] {
            assert!(wrong.parse::<LimitSetting>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let file = ConfigFile::parse(Path::new("h.toml"), "drain_secs = 9\nmax_in_flight = 8\nlisten = 8081")
            .unwrap();
        // Every program has `PATH` in its environment, and here it stands for a variable of Hookwright's.
        let command = file.beneath(Settings::command().mut_args(|arg| {
            let is_data = arg.get_id() == "data";
            arg.env(is_data.then_some("PATH"))
        }));
        let matches = command.try_get_matches_from(["--drain-secs", "1"]).unwrap();
        let settings = Settings::from_arg_matches(&matches).unwrap();
        assert_eq!((settings.drain_secs, settings.max_in_flight.get()), (1, 8));
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8081");
        assert_eq!(settings.data().unwrap(), std::env::var_os("PATH").unwrap());
    }
}
