//! The configuration file: TOML whose keys are the names of the settings.
//!
//! What it says becomes the default of the command-line argument of the same name, so that a setting has one type, one
//! parser and one order of precedence.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use clap::{Arg, ArgAction, Command};
use hookwright_model::PluginLimit;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{LimitSetting, Settings};

/// The table with the limits on plugins.
pub(super) const LIMITS: &str = "plugin_limits";

/// What a configuration file says; empty where there is none.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConfigFile {
    values: Vec<(String, Vec<String>)>,
    limits: Vec<LimitSetting>,
}

impl ConfigFile {
    /// Reads a file and checks everything in it.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("Cannot read {}", path.display()))?;
        Self::parse(path, &text)
    }

    pub(super) fn parse(path: &Path, text: &str) -> Result<Self> {
        let table = DeTable::parse(text).with_context(|| format!("{} is not TOML", path.display()))?;
        let at = Place { path, text };
        let mut file = Self::default();
        for (key, value) in table.get_ref() {
            if key.get_ref() == LIMITS {
                file.limits = at.limits(value)?;
            } else {
                file.values.push((key.get_ref().to_string(), at.setting(key, value)?));
            }
        }
        Ok(file)
    }

    /// The limits on plugins that it sets.
    pub(super) fn limits(&self) -> &[LimitSetting] {
        &self.limits
    }

    /// The command with what the file says as the defaults of its arguments.
    pub(crate) fn beneath(&self, command: Command) -> Command {
        self.values
            .iter()
            .fold(command, |command, (name, texts)| command.mut_arg(name, |arg| arg.default_values(texts)))
    }
}

/// The settings that a file can have, the limits on plugins apart.
fn settings() -> Vec<Arg> {
    let command = Settings::command();
    let is_setting = |arg: &&Arg| arg.get_id() != LIMITS && arg.get_id() != "help";
    command.get_arguments().filter(is_setting).cloned().collect()
}

/// A file that is being read, for errors that say where.
#[derive(Clone, Copy)]
struct Place<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Place<'_> {
    fn error<T>(self, at: &Spanned<T>, what: impl Display) -> anyhow::Error {
        let before = self.text.get(..at.span().start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        anyhow!("{}, line {line}: {what}", self.path.display())
    }

    /// The texts that the setting's argument would have on the command line.
    fn setting(self, key: &Spanned<impl AsRef<str>>, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>> {
        let name = key.get_ref().as_ref();
        let settings = settings();
        let Some(arg) = settings.iter().find(|arg| arg.get_id() == name) else {
            let known = settings.iter().map(|arg| arg.get_id().as_str()).chain([LIMITS]);
            return Err(self.error(key, unknown(name, "setting", known)));
        };
        let texts = match value.get_ref() {
            DeValue::Array(items) if matches!(arg.get_action(), ArgAction::Append) => {
                items.iter().map(|item| self.text(name, item)).collect::<Result<Vec<_>>>()?
            }
            _ => vec![self.text(name, value)?],
        };
        for text in &texts {
            check(arg, text)
                .map_err(|why| self.error(value, format!("`{name}` cannot be `{text}`: {why}")))?;
        }
        Ok(texts)
    }

    fn text(self, name: &str, value: &Spanned<DeValue<'_>>) -> Result<String> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            DeValue::Integer(number) => {
                let digits = number.as_str().replace('_', "");
                let number = i128::from_str_radix(&digits, number.radix());
                number
                    .map(|number| number.to_string())
                    .map_err(|_| self.error(value, "this number is too large"))
            }
            other => {
                let what =
                    format!("`{name}` is of type {}: text or a whole number is expected", other.type_str());
                Err(self.error(value, what))
            }
        }
    }

    fn limits(self, value: &Spanned<DeValue<'_>>) -> Result<Vec<LimitSetting>> {
        let Some(table) = value.get_ref().as_table() else {
            bail!(
                self.error(value, format!("`{LIMITS}` is a table: write [{LIMITS}] and the limits below it"))
            );
        };
        let limit = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
            let name: &std::borrow::Cow<'_, str> = key.get_ref();
            if !PluginLimit::ALL.iter().any(|limit| limit.name == *name) {
                let known = PluginLimit::ALL.iter().map(|limit| limit.name);
                return Err(self.error(key, unknown(name, "limit", known)));
            }
            let limit = format!("{name}={}", self.text(name, value)?);
            limit.parse().map_err(|why| self.error(value, format!("`{LIMITS}`: {why}")))
        };
        table.iter().map(limit).collect()
    }
}

/// Tries a value as the argument that it becomes.
fn check(arg: &Arg, text: &str) -> Result<(), String> {
    let command = Command::new("file").no_binary_name(true).arg(arg.clone().env(None::<&str>));
    let flag = format!("--{}={text}", arg.get_long().unwrap_or_default());
    let Err(error) = command.try_get_matches_from([flag]) else { return Ok(()) };
    let valid: Vec<_> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if !valid.is_empty() {
        return Err(format!("the valid values are {}", valid.join(", ")));
    }
    let why = std::error::Error::source(&error).map(ToString::to_string);
    Err(why.unwrap_or_else(|| "the value is empty".to_owned()))
}

/// Says that there is no such name, which names there are and which one may have been meant.
fn unknown<'a>(name: &str, what: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<_> = known.collect();
    let like = |name: &str| name.replace(['_', '-'], "").to_lowercase();
    let meant = known.iter().min_by_key(|known| distance(&like(name), &like(known)));
    let meant = meant.filter(|known| distance(&like(name), &like(known)) <= 2);
    let hint = meant.map(|known| format!(" Did you mean `{known}`?")).unwrap_or_default();
    format!("there is no {what} `{name}`.{hint} The {what}s are {}", known.join(", "))
}

/// How many characters have to be added, taken away or replaced to make one text of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, from) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        format!("{:#}", ConfigFile::parse(Path::new("h.toml"), text).unwrap_err())
    }

    #[test]
    fn errors_name_file_line_key_and_the_valid_values() {
        for (text, words) in [
            ("# a\n\nlistne = \"x\"", "h.toml, line 3: there is no setting `listne`. Did you mean `listen`?"),
            ("max-in-flight = 3", "Did you mean `max_in_flight`?"),
            ("zzz = 1", "there is no setting `zzz`. The settings are data, plugin_cache, listen, "),
            ("log_format = \"jsn\"", "line 1: `log_format` cannot be `jsn`: the valid values are text, json"),
            ("\nlog = \"inof\"", "line 2: `log` cannot be `inof`"),
            (
                "data = \"d\"\ndrain_secs = -1",
                "line 2: `drain_secs` cannot be `-1`: a whole number of seconds",
            ),
            ("max_in_flight = 0", "`max_in_flight` cannot be `0`: a whole number of at least 1"),
            ("drain_secs = true", "line 1: `drain_secs` is of type boolean"),
            ("allow_target = [\n\"10.0.0.0/8\",\n\"10.0.0\"]", "`allow_target` cannot be `10.0.0`: a range"),
            ("listen = [\"127.0.0.1:1\"]", "`listen` is of type array"),
            ("listen = \"127.0.0.1:x\"", "`listen` cannot be `127.0.0.1:x`"),
            ("data = \"\"", "`data` cannot be ``"),
            ("plugin_limits = 3", "`plugin_limits` is a table"),
            ("[plugin_limits]\nfule = 1", "line 2: there is no limit `fule`. Did you mean `fuel`?"),
            ("[plugin_limits]\n\nheaders = 0", "line 3: `plugin_limits`: `headers` is 0; it can be 1 to 100"),
            ("[plugin_limits]\nheaders = \"many\"", "takes a whole number, not `many`"),
            ("a = = 1", "line 1"),
            ("help = 1", "there is no setting `help`"),
        ] {
            let refusal = refusal(text);
            assert!(refusal.contains(words) && refusal.contains("h.toml"), "{text}: {refusal}");
        }
    }

    #[test]
    fn numbers_may_be_written_as_toml_has_them() {
        let file =
            ConfigFile::parse(Path::new("h.toml"), "max_in_flight = 2_048\ndrain_secs = 0x10").unwrap();
        let texts: Vec<_> = file.values.into_iter().collect();
        assert!(texts.contains(&("max_in_flight".to_owned(), vec!["2048".to_owned()])), "{texts:?}");
        assert!(texts.contains(&("drain_secs".to_owned(), vec!["16".to_owned()])), "{texts:?}");
    }

    #[test]
    fn distances_are_counted() {
        assert_eq!((distance("listne", "listen"), distance("", "abc"), distance("log", "log")), (2, 3, 0));
    }
}
