//! The configuration file that `hookwright config` prints: every setting with its documentation, as a comment.

use std::fmt::Write as _;

use clap::{Arg, ArgAction};
use hookwright_model::{PluginLimit, PluginLimits};

use super::Settings;
use super::file::LIMITS;

const HEAD: &str = "\
# The configuration of `hookwright serve`: every setting, with its default.
# A flag wins over the environment variable, and that over this file.
# Use it with `hookwright serve --config FILE`.
";

const SECRETS: &str = "
# Two secrets come from the environment only:
# HOOKWRIGHT_ADMIN_KEY   the key that opens the API, instead of one that is made and shown on the first start
# HOOKWRIGHT_MASTER_KEY  32 bytes in base64 that open the store's secrets, instead of the file master.key
";

const LIMITS_HEAD: &str = "\
What a plugin may be and use. Each server of an installation should have the same limits. `GET /v1/limits` shows the numbers in \
force. A component that is larger than a limit is refused at its upload, before anything of it runs; a call that wants more \
ends, and nothing but that call.";

/// What stands in the file for a setting without a default.
const EXAMPLES: [(&str, &str); 3] = [
    ("data", "/var/lib/hookwright"),
    ("plugin_cache", "/var/lib/hookwright/plugins"),
    ("plugin_workers", "2"),
];

/// The most columns of a comment.
const COLUMNS: usize = 120;

/// The file.
pub(crate) fn template() -> String {
    let command = Settings::command();
    let is_setting = |arg: &&Arg| arg.get_id() != "help";
    let (limits, settings): (Vec<_>, Vec<_>) =
        command.get_arguments().filter(is_setting).partition(|arg| arg.get_id() == LIMITS);
    let mut file = HEAD.to_owned();
    for arg in settings {
        let sources =
            format!("Flag --{}{}, environment {}{}.", flag(arg), repeated(arg), variable(arg), commas(arg));
        comment(&mut file, &documentation(arg), &sources);
        line(&mut file, arg.get_id().as_str(), &default(arg));
    }
    file.push_str(SECRETS);
    for arg in limits {
        let (flag, variable) = (flag(arg), variable(arg));
        let sources =
            format!("Flag --{flag} NAME=NUMBER{}, environment {variable}{}.", repeated(arg), commas(arg));
        comment(&mut file, LIMITS_HEAD, &sources);
    }
    let _ = writeln!(file, "[{LIMITS}]");
    for limit in PluginLimit::ALL {
        comment(&mut file, limit.purpose.trim(), "");
        line(&mut file, limit.name, &limit.get(&PluginLimits::default()).to_string());
    }
    file
}

fn flag(arg: &Arg) -> &str {
    arg.get_long().unwrap_or_default()
}

fn variable(arg: &Arg) -> String {
    arg.get_env().unwrap_or_default().to_string_lossy().into_owned()
}

fn repeated(arg: &Arg) -> &'static str {
    if matches!(arg.get_action(), ArgAction::Append) { " (may be repeated)" } else { "" }
}

fn commas(arg: &Arg) -> &'static str {
    if matches!(arg.get_action(), ArgAction::Append) { " (commas between)" } else { "" }
}

fn documentation(arg: &Arg) -> String {
    let text = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let sentences =
        text.split("\n\n").map(|part| part.trim().trim_end_matches('.')).filter(|part| !part.is_empty());
    sentences.map(|part| format!("{part}. ")).collect::<String>().trim_end().to_owned()
}

/// The default as it stands in TOML, or an example where there is none.
fn default(arg: &Arg) -> String {
    let id = arg.get_id().as_str();
    let texts: Vec<_> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    if matches!(arg.get_action(), ArgAction::Append) {
        return format!("[{}]", texts.iter().map(|text| literal(text)).collect::<Vec<_>>().join(", "));
    }
    let example = || EXAMPLES.iter().find(|(name, _)| *name == id).map(|(_, example)| (*example).to_owned());
    literal(&texts.into_iter().next().or_else(example).unwrap_or_default())
}

fn literal(text: &str) -> String {
    if text.parse::<u64>().is_ok() { text.to_owned() } else { format!("{text:?}") }
}

fn line(file: &mut String, name: &str, value: &str) {
    let _ = writeln!(file, "#{name} = {value}");
}

/// Adds an empty line and a comment: the text and where else it can be given, in lines of bounded length.
fn comment(file: &mut String, text: &str, sources: &str) {
    let mut column = COLUMNS;
    file.push('\n');
    for word in text.split_whitespace() {
        let width = word.chars().count() + 1;
        if column + width > COLUMNS {
            file.push_str(if column == COLUMNS && file.ends_with("\n\n") { "#" } else { "\n#" });
            column = 1;
        }
        let _ = write!(file, " {word}");
        column += width;
    }
    file.push('\n');
    if !sources.is_empty() {
        let _ = writeln!(file, "# {sources}");
    }
}
