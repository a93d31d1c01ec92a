//! What is logged: levels, for everything and for parts of Hookwright.

use std::fmt;
use std::str::FromStr;

use tracing_subscriber::filter::Targets;

const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

/// The parts of Hookwright that log, and the libraries that do.
const PARTS: [&str; 12] = [
    "hookwright",
    "hookwright_api",
    "hookwright_egress",
    "hookwright_engine",
    "hookwright_model",
    "hookwright_plugin_host",
    "hookwright_store",
    "hookwright_store_redb",
    "hyper",
    "hyper_util",
    "reqwest",
    "wasmtime",
];

/// Which log lines are written, such as `info` or `warn,hookwright_engine=debug`.
#[derive(Clone)]
pub(crate) struct Filter {
    text: String,
    targets: Targets,
}

impl Filter {
    pub(super) fn targets(&self) -> Targets {
        self.targets.clone()
    }
}

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        for directive in text.split(',') {
            check(directive.trim())?;
        }
        let text: String = text.split(',').map(str::trim).collect::<Vec<_>>().join(",");
        let targets =
            text.to_lowercase().parse().map_err(|error| format!("it is not a log filter: {error}"))?;
        Ok(Self { text, targets })
    }
}

/// Refuses what would log nothing or everything because of a typing mistake.
fn check(directive: &str) -> Result<(), String> {
    let is_level = |level: &str| LEVELS.contains(&level.to_lowercase().as_str());
    let levels = LEVELS.join(", ");
    match directive.split_once('=') {
        None if is_level(directive) => Ok(()),
        None => Err(format!(
            "`{directive}` is not a level. The levels are {levels}; a part has its own as in info,hookwright_engine=debug"
        )),
        Some((_, level)) if !is_level(level) => {
            Err(format!("`{level}` in `{directive}` is not a level. The levels are {levels}"))
        }
        Some((part, _)) if PARTS.contains(&part.split("::").next().unwrap_or_default()) => Ok(()),
        Some((part, _)) => Err(format!("`{part}` does not log. The parts that do are {}", PARTS.join(", "))),
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn levels_and_parts_are_taken() {
        let filter: Filter = "Warn, hookwright_engine::dispatch=debug".parse().unwrap();
        assert_eq!(filter.to_string(), "Warn,hookwright_engine::dispatch=debug");
        let targets = filter.targets();
        assert!(targets.would_enable("hookwright_engine::dispatch", &Level::DEBUG));
        assert!(!targets.would_enable("hookwright_engine::attempt", &Level::INFO));
        assert!(targets.would_enable("hookwright_api", &Level::WARN));
        let off: Filter = "off".parse().unwrap();
        assert!(!off.targets().would_enable("hookwright", &Level::ERROR));
    }

    #[test]
    fn other_filters_are_refused_with_the_valid_ones() {
        for (text, words) in [
            ("inof", "The levels are error, warn, info, debug, trace, off"),
            ("", "`` is not a level"),
            ("info,", "`` is not a level"),
            ("hookwright_engine", "is not a level"),
            ("hookwright_engine=debgu", "`debgu` in `hookwright_engine=debgu` is not a level"),
            (
                "info,hookwrigth_engine=debug",
                "`hookwrigth_engine` does not log. The parts that do are hookwright, ",
            ),
            ("hookwright_engine=", "`` in `hookwright_engine=` is not a level"),
            ("=debug", "`` does not log"),
            ("[span]=debug", "does not log"),
            ("7", "is not a level"),
        ] {
            let error = text.parse::<Filter>().unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
