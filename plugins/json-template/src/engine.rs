//! One text of the settings as a template, by minijinja.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

use hookwright_sdk::{Failure, Stop, log, text};
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Expression, UndefinedBehavior};
use serde_json::Value as Json;

use crate::filters;
use crate::nearest::{nearest, suggestion};
use crate::scope::{EVENT, LEAD, REPLY, VARIABLES};
use crate::value::to_json;

/// Instructions for one text: far more than a message needs, far less than a call may take.
const FUEL: u64 = 100_000;
const GLOBALS: [&str; 3] = ["dict", "namespace", "range"];
/// Bytes of one value in a URL: several of them fit into the longest URL.
const URL_VALUE_MAX_BYTES: usize = 400;

/// Which variables a text may use.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Stage {
    /// The request: there is no reply yet.
    Request,
    /// What is made of the reply.
    Reply,
}

/// Compiles texts.
pub(crate) struct Engine<'s> {
    texts: Environment<'s>,
    /// Encodes every value for its place in a URL.
    urls: Environment<'s>,
    /// The same for the host's own requests, which have to stay below the webhook's URL.
    paths: Environment<'s>,
    /// Members of the lead that look misspelt: where, the name, and the one that is meant.
    misspelt: RefCell<Vec<(String, String, &'static str)>>,
}

/// A text of the settings that cannot be used.
pub(crate) struct Mistake {
    place: String,
    problem: String,
}

impl Mistake {
    pub(crate) fn new(place: &str, problem: impl Into<String>) -> Self {
        Self { place: place.to_owned(), problem: problem.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "The webhook's setting {} cannot be used: {}", self.place, self.problem)
    }
}

impl From<Mistake> for Failure {
    fn from(mistake: Mistake) -> Self {
        Self::permanent(mistake.to_string())
    }
}

impl From<Mistake> for Stop {
    fn from(mistake: Mistake) -> Self {
        Failure::from(mistake).into()
    }
}

impl<'s> Engine<'s> {
    pub(crate) fn new() -> Self {
        let mut texts = environment();
        texts.set_formatter(|out, _, value| out.write_str(&shown(value)?).map_err(Error::from));
        let mut urls = environment();
        urls.set_formatter(|out, _, value| {
            out.write_str(&text::url_part(&present(value)?)).map_err(Error::from)
        });
        let mut paths = environment();
        paths.set_formatter(|out, _, value| {
            let shown = present(value)?;
            let key = text::url_key(&shown, URL_VALUE_MAX_BYTES);
            if key != shown {
                log::warn("A value does not fit into a URL, so that a shortened one takes its place.");
            }
            out.write_str(&text::url_part(&key)).map_err(Error::from)
        });
        Self { texts, urls, paths, misspelt: RefCell::default() }
    }

    /// What looks misspelt and has no value. A producer may well have members of such names, so that it is no mistake.
    pub(crate) fn doubts(&self, scope: &Value) -> Vec<String> {
        let is_missing = |name: &str| {
            scope
                .get_attr("lead")
                .and_then(|lead| lead.get_attr(name))
                .is_ok_and(|value| value.is_undefined())
        };
        let misspelt = self.misspelt.borrow();
        let missing = misspelt.iter().filter(|(_, name, _)| is_missing(name));
        missing
            .map(|(place, name, meant)| {
                format!("{place}: this lead has no `{name}`. Did you mean `{meant}`?")
            })
            .collect()
    }

    /// Checks the variables of a text.
    fn check(&self, used: HashSet<String>, place: &str, stage: Stage) -> Result<(), Mistake> {
        for name in &used {
            if let Some(member) = name.strip_prefix("lead.").and_then(|rest| rest.split('.').next())
                && !LEAD.contains(&member)
                && let Some(meant) = nearest(member, LEAD)
            {
                self.misspelt.borrow_mut().push((place.to_owned(), member.to_owned(), meant));
            }
        }
        check_names(used, stage).map_err(|problem| Mistake::new(place, problem))
    }

    fn compile<'e>(
        &self,
        environment: &'e Environment<'s>,
        source: &'s str,
        place: &str,
        stage: Stage,
    ) -> Result<Template<'e, 's>, Mistake> {
        let template =
            environment.template_from_str(source).map_err(|error| Mistake::new(place, words(&error)))?;
        self.check(template.undeclared_variables(true), place, stage)?;
        Ok(Template { place: place.to_owned(), form: Form::Text(template) })
    }

    /// A text that may hold expressions. If it is one expression and nothing else, its value keeps its type.
    pub(crate) fn text(
        &self,
        source: &'s str,
        place: &str,
        stage: Stage,
    ) -> Result<Template<'_, 's>, Mistake> {
        if !has_markup(source) {
            return Ok(Template { place: place.to_owned(), form: Form::Literal(source) });
        }
        if let Some(inner) = single(source)
            && let Ok(expression) = self.texts.compile_expression(inner)
        {
            self.check(expression.undeclared_variables(true), place, stage)?;
            return Ok(Template { place: place.to_owned(), form: Form::Expression(expression) });
        }
        self.compile(&self.texts, source, place, stage)
    }

    /// A path below the webhook's URL: its values are encoded and shortened, and a missing one is a mistake.
    pub(crate) fn path(&self, source: &'s str, place: &str) -> Result<Template<'_, 's>, Mistake> {
        self.compile(&self.paths, source, place, Stage::Request)
    }

    /// A URL: its values are encoded, and a missing one is a mistake.
    pub(crate) fn url(
        &self,
        source: &'s str,
        place: &str,
        stage: Stage,
    ) -> Result<Template<'_, 's>, Mistake> {
        self.compile(&self.urls, source, place, stage)
    }

    /// An expression, with or without its braces.
    pub(crate) fn expression(&self, source: &'s str, place: &str) -> Result<Template<'_, 's>, Mistake> {
        let source = single(source).unwrap_or(source);
        let expression =
            self.texts.compile_expression(source).map_err(|error| Mistake::new(place, words(&error)))?;
        self.check(expression.undeclared_variables(true), place, Stage::Reply)?;
        Ok(Template { place: place.to_owned(), form: Form::Expression(expression) })
    }
}

fn environment<'s>() -> Environment<'s> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.remove_global("debug");
    filters::add(&mut environment);
    environment
}

/// A value of a URL.
fn present(value: &Value) -> Result<Cow<'_, str>, Error> {
    if value.is_undefined() || value.is_none() {
        return Err(Error::new(ErrorKind::UndefinedError, "the lead does not have it"));
    }
    shown(value)
}

/// A value within a longer text: as itself, not as Python would write it; nothing if it is missing or null.
fn shown(value: &Value) -> Result<Cow<'_, str>, Error> {
    if let Some(text) = value.as_str() {
        return Ok(text.into());
    }
    if value.is_undefined() || value.is_none() {
        return Ok("".into());
    }
    Ok(Cow::Owned(to_json(value)?.to_string()))
}

/// A compiled text, and where it stands in the settings.
pub(crate) struct Template<'e, 's> {
    place: String,
    form: Form<'e, 's>,
}

enum Form<'e, 's> {
    Literal(&'s str),
    Expression(Expression<'e, 's>),
    Text(minijinja::Template<'e, 's>),
}

impl Template<'_, '_> {
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// What the text becomes; none if that is missing or blank.
    pub(crate) fn json(&self, scope: &Value) -> Result<Option<Json>, Mistake> {
        let value = match &self.form {
            Form::Literal(text) => return Ok(Some((*text).into())),
            Form::Expression(expression) => self.checked(expression.eval(scope.clone()))?,
            Form::Text(template) => self.checked(template.render(scope.clone()))?.into(),
        };
        if value.is_undefined() || value.as_str().is_some_and(|text| text.trim().is_empty()) {
            return Ok(None);
        }
        self.checked(to_json(&value)).map(Some)
    }

    /// What the text becomes, as text on one line; none if that is missing, null or blank.
    pub(crate) fn line(&self, scope: &Value) -> Result<Option<String>, Mistake> {
        Ok(match self.json(scope)? {
            None | Some(Json::Null) => None,
            Some(Json::String(value)) => text::line(&value),
            Some(value) => Some(value.to_string()),
        })
    }

    /// Whether the text becomes something that is true: not missing, blank, false, zero or empty.
    pub(crate) fn is_true(&self, scope: &Value) -> Result<bool, Mistake> {
        match &self.form {
            Form::Expression(expression) => Ok(self.checked(expression.eval(scope.clone()))?.is_true()),
            _ => Ok(self.json(scope)?.is_some()),
        }
    }

    fn checked<T>(&self, result: Result<T, Error>) -> Result<T, Mistake> {
        result.map_err(|error| Mistake::new(&self.place, words(&error)))
    }
}

/// Whether the text is more than itself.
pub(crate) fn has_markup(source: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|mark| source.contains(mark))
}

/// What is between the braces of a text that begins and ends with them.
fn single(source: &str) -> Option<&str> {
    let inner = source.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    // `{{-` trims white space, which only means something in a longer text.
    let trims = |end: Option<char>| matches!(end, Some('-' | '+'));
    (!trims(inner.chars().next()) && !trims(inner.chars().last())).then_some(inner)
}

/// Refuses variables that there are not, which would silently be missing. A lead may have members of any name.
fn check_names(used: HashSet<String>, stage: Stage) -> Result<(), String> {
    let mut used: Vec<String> = used.into_iter().collect();
    used.sort();
    for name in used {
        let (root, member) = name.split_once('.').unwrap_or((&name, ""));
        let member = member.split('.').next().unwrap_or_default();
        if root == "reply" && stage == Stage::Request {
            return Err("there is no `reply` yet when the request is made".to_owned());
        }
        let members: &[&str] = match root {
            "event" => &EVENT,
            "reply" => &REPLY,
            _ if VARIABLES.contains(&root) || GLOBALS.contains(&root) => continue,
            _ => {
                let usual = VARIABLES.join(", ");
                // Somebody writes `phone` and means `lead.phone`.
                let meant = match LEAD.contains(&root) {
                    true => format!("did you mean `lead.{root}`? "),
                    false => suggestion(root, VARIABLES),
                };
                return Err(format!(
                    "there is no `{root}`; {meant}there are {usual}, such as {{{{ lead.name }}}}"
                ));
            }
        };
        if !member.is_empty() && !members.contains(&member) {
            let meant = suggestion(member, members.iter().copied());
            return Err(format!("`{root}` has no `{member}`; {meant}it has {}", members.join(", ")));
        }
    }
    Ok(())
}

/// What is wrong, and what to do.
fn words(error: &Error) -> String {
    let detail = error.detail().unwrap_or_default();
    let problem = if detail.is_empty() { error.kind().to_string() } else { detail.to_owned() };
    let line =
        error.line().filter(|line| *line > 1).map_or_else(String::new, |line| format!(" (line {line})"));
    let advice = match error.kind() {
        ErrorKind::SyntaxError => "expressions look like {{ lead.name }} or {{ lead.name | upper }}",
        ErrorKind::UnknownFilter => {
            let name = problem.split_whitespace().nth(1).unwrap_or_default();
            let meant = suggestion(name, filters::all());
            let all = filters::all().collect::<Vec<_>>().join(", ");
            return format!("{problem}{line}; {meant}there are {all}");
        }
        ErrorKind::UnknownMethod => "use a filter instead, such as {{ lead.name | upper }}",
        ErrorKind::OutOfFuel => "it does too much; make it simpler",
        ErrorKind::UndefinedError => {
            "give a value for leads without it, such as {{ lead.phone | default('none') }}"
        }
        _ => return format!("{problem}{line}"),
    };
    format!("{problem}{line}; {advice}")
}
