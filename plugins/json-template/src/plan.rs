//! The settings, compiled: the request, and what is made of its reply.

use hookwright_sdk::{Receipt, Request, log, text};
use minijinja::value::Value;

use crate::engine::{Engine, Mistake, Stage, Template};
use crate::settings::{Method, Settings};
use crate::tree::Tree;

pub(crate) const STEP: &str = "send-lead";

/// The host's limits are 8 KiB for a header's value and 2 KiB for a link.
const HEADER_MAX_CHARS: usize = 1_000;
const LINK_MAX_BYTES: usize = 2_048;

pub(crate) struct Plan<'e, 's> {
    settings: &'s Settings,
    path: Option<Template<'e, 's>>,
    headers: Vec<(&'s str, Template<'e, 's>)>,
    body: Tree<'e, 's>,
    success_if: Option<Template<'e, 's>>,
    reference: Option<Template<'e, 's>>,
    link: Option<Template<'e, 's>>,
}

impl<'e, 's> Plan<'e, 's> {
    /// Compiles every text of the settings.
    pub(crate) fn of(settings: &'s Settings, engine: &'e Engine<'s>) -> Result<Self, Mistake> {
        let given = |text: &'s String| Some(text.trim()).filter(|text| !text.is_empty());
        let header = |(name, value): (&'s String, &'s String)| {
            let place = format!("/headers/{name}");
            Ok((name.as_str(), engine.text(value, &place, Stage::Request)?))
        };
        let reference = |text| engine.text(text, "/reference", Stage::Reply);
        Ok(Self {
            settings,
            path: given(&settings.path).map(|path| engine.path(path, "/path")).transpose()?,
            headers: settings.headers.iter().map(header).collect::<Result<_, _>>()?,
            body: Tree::of(&settings.body, "/body", engine)?,
            success_if: given(&settings.success_if)
                .map(|text| engine.expression(text, "/success_if"))
                .transpose()?,
            reference: given(&settings.reference).map(reference).transpose()?,
            link: given(&settings.link).map(|link| engine.url(link, "/link", Stage::Reply)).transpose()?,
        })
    }

    /// The request for one lead, and the places of what the lead does not have; none if the lead is left out.
    pub(crate) fn request(&self, scope: &Value) -> Result<Option<(Request, Vec<String>)>, Mistake> {
        let mut left_out = Vec::new();
        let Some(body) = self.body.json(scope, &mut left_out)? else { return Ok(None) };
        let mut request = match self.settings.method {
            Method::Post => Request::post(STEP).json(&body),
            Method::Put => Request::put(STEP).json(&body),
            Method::Patch => Request::patch(STEP).json(&body),
            Method::Get => Request::get(STEP),
        };
        if let Some(path) = &self.path {
            request = request.path(path.line(scope)?.unwrap_or_default());
        }
        for (name, value) in &self.headers {
            if let Some(value) = value.line(scope)? {
                request = request.header(name, &text::truncate(&value, HEADER_MAX_CHARS));
            }
        }
        if self.settings.idempotent {
            request = request.idempotent();
        }
        Ok(Some((request.accept(&self.settings.accept), left_out)))
    }

    /// Whether the target has taken the lead, as far as its answer says.
    pub(crate) fn is_success(&self, scope: &Value) -> Result<bool, Mistake> {
        self.success_if.as_ref().map_or(Ok(true), |condition| condition.is_true(scope))
    }

    /// What the log shows of the record. The lead has arrived, so nothing that is wrong here may have it sent again.
    pub(crate) fn receipt(&self, scope: &Value) -> Receipt {
        let shown = |template: &Option<Template<'_, '_>>| {
            let line = template.as_ref()?.line(scope);
            line.unwrap_or_else(|mistake| {
                log::warn(&mistake.to_string());
                None
            })
        };
        let reference = shown(&self.reference).and_then(|line| text::reference(&line));
        let is_web = |link: &String| {
            link.len() <= LINK_MAX_BYTES && (link.starts_with("https://") || link.starts_with("http://"))
        };
        Receipt { reference, url: shown(&self.link).filter(is_web) }
    }
}
