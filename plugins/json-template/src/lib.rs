//! Leads in any target: the webhook's owner writes down the request as JSON whose texts hold expressions. `README.md` beside
//! this is the guide for them; it also says why the language is Jinja's.
//!
//! Values only ever meet finished structure: the template is JSON before any value is known, and a value takes the place of
//! one text of it. So no value can break the JSON, and what a visitor typed is never read as a template.

use hookwright_sdk::{Action, Description, Event, Failure, HeaderHint, History, Mapping, Stop, log};

mod engine;
mod filters;
mod nearest;
mod plan;
mod scope;
mod settings;
#[cfg(test)]
mod tests;
mod tree;
mod value;

use engine::Engine;
use plan::{Plan, STEP};
use settings::Settings;

struct JsonTemplate;

impl Mapping for JsonTemplate {
    type Settings = Settings;

    fn describe() -> Description {
        Description {
            title: "JSON template",
            summary: "A lead becomes the request that you write as JSON with placeholders, for any API, without code.",
            url: "https://api.example.com/leads",
            headers: &[HeaderHint {
                name: "authorization",
                placeholder: "Bearer … (or the header that the API wants, or none)",
                secret: true,
            }],
        }
    }

    fn transform(event: &Event, settings: &Settings, so_far: &History) -> Result<Action, Stop> {
        let engine = Engine::new();
        // First of all, so that a mistake shows whatever the lead has.
        let plan = Plan::of(settings, &engine)?;
        let lead = event.lead.cleaned();
        if lead.is_blank() {
            return Ok(Action::skip_blank());
        }
        let scope = scope::of(event, &lead)?;
        let Some((request, left_out)) = plan.request(&scope)? else {
            return Ok(Action::skip("The template leaves this lead out: its $if is not true."));
        };
        if so_far.uncertain.is_some() {
            log::warn("The target may have this lead already. The answer was lost, so it is sent again.");
        }
        if so_far.reply(STEP).is_none() {
            engine.doubts(&scope).iter().for_each(|doubt| log::warn(doubt));
            if !left_out.is_empty() {
                log::info(&format!("Left out, because the lead does not have it: {}.", left_out.join(", ")));
            }
        }
        let reply = so_far.call(request)?;
        let scope = scope::with_reply(&scope, reply);
        if settings.success_if.trim().is_empty() && (200..300).contains(&reply.status) && reply.is_web_page()
        {
            log::warn(
                "The target answered with a web page. If that is not how it confirms a lead, check the webhook's URL and its \
                 path, or say in success_if how it does.",
            );
        }
        if !plan.is_success(&scope)? {
            return Err(Failure::permanent(format!(
                "The target answered {}, but success_if is not true for it: {}",
                reply.status,
                reply.quote()
            ))
            .into());
        }
        Ok(Action::Done(plan.receipt(&scope)))
    }
}

hookwright_sdk::export!(JsonTemplate);
