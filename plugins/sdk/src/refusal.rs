//! Fields that a target refuses. No local rule equals a vendor's, so a lead is offered whole first; what the target
//! refuses is left out of the next request and kept as text.

use serde_json::{Map, Value};

use crate::{Failure, History, Lead, Reply, Stop, log, phone, text};

/// The host's limit of a step's name.
const STEP_MAX_CHARS: usize = 64;
/// A target that goes on refusing fields is not asked for ever: the host counts calls.
const MAX_REFUSALS: usize = 3;
/// A shorter value is found in many texts by chance.
const MIN_QUOTED_CHARS: usize = 3;

/// The fields that a target has refused for this delivery, by the names that the mapping gives them: `email`, or the name
/// of a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refused {
    fields: Vec<String>,
}

/// How a request to write a record ended.
#[derive(Debug)]
pub enum Written<'a, T> {
    /// The target took it.
    Done(T),
    /// The target refused these fields, in this reply.
    Refused(&'a Reply, Vec<String>),
}

impl Refused {
    /// Whether the target has refused the field.
    pub fn has(&self, field: &str) -> bool {
        self.fields.iter().any(|refused| refused == field)
    }

    /// The name of a step that sends the record without the refused fields: steps are found by name, so each attempt needs
    /// its own.
    pub fn step(&self, step: &str) -> String {
        if self.fields.is_empty() {
            return step.to_owned();
        }
        let named = format!("{step}-without-{}", self.fields.join("-"));
        let is_plain = named.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if is_plain && named.len() <= STEP_MAX_CHARS {
            return named;
        }
        format!("{step}-without-{}", self.fields.len())
    }
}

/// What `write` makes, first with every field, then without those that the target refuses; and what it refused.
///
/// `write` uses [`Refused::step`] for the step that may be refused.
///
/// # Errors
/// What `write` says, and a permanent failure with the target's words if leaving out fields does not help.
pub fn without_refused<'a, T>(
    so_far: &'a History,
    mut write: impl FnMut(&Refused) -> Result<Written<'a, T>, Stop>,
) -> Result<(T, Refused), Stop> {
    let mut refused = Refused::default();
    for _ in 0..=MAX_REFUSALS {
        let (reply, fields) = match write(&refused)? {
            Written::Done(written) => return Ok((written, refused)),
            Written::Refused(reply, fields) => (reply, fields),
        };
        let before = refused.fields.len();
        for field in fields {
            if !refused.has(&field) {
                refused.fields.push(field);
            }
        }
        let new = &refused.fields[before..];
        if new.is_empty() {
            return Err(refusal(reply).into());
        }
        // Once: later calls of this delivery see further replies.
        if so_far.replies.last().is_some_and(|last| std::ptr::eq(last, reply)) {
            log::warn(&format!(
                "The target refuses {} with status {}: {}. The lead is sent without it; the value is kept as text.",
                new.join(", "),
                reply.status,
                reply.quote()
            ));
        }
    }
    Err(Failure::permanent("The target refuses one field of the lead after another.").into())
}

/// A refusal of the whole lead, with the target's words.
fn refusal(reply: &Reply) -> Failure {
    Failure::permanent(format!(
        "The target refuses the lead (status {} to {}): {}",
        reply.status,
        reply.step,
        reply.quote()
    ))
}

/// The columns that the words of a refusal speak of: by their names in quotes, or by quoting a value of theirs. `columns`
/// are the names and values that the record can do without.
pub fn named_columns<'c>(
    words: &str,
    columns: impl IntoIterator<Item = (&'c str, &'c Value)>,
) -> Vec<String> {
    let is_named = |(name, value): &(&str, &Value)| {
        let by_name = ['"', '\'', '`'].iter().any(|quote| words.contains(&format!("{quote}{name}{quote}")));
        by_name || value.as_str().is_some_and(|text| is_quoted(words, text))
    };
    columns.into_iter().filter(is_named).map(|(name, _)| name.to_owned()).collect()
}

/// Whether the words have the text, and not as a part of a longer word.
fn is_quoted(words: &str, text: &str) -> bool {
    let is_end = |next: Option<char>| next.is_none_or(|c| !c.is_alphanumeric());
    text.chars().count() >= MIN_QUOTED_CHARS
        && words.match_indices(text).any(|(at, found)| {
            is_end(words[..at].chars().next_back()) && is_end(words[at + found.len()..].chars().next())
        })
}

/// The values that a target refuses, a line `column: value` for each, for a column that takes any text.
pub fn refused_lines(refused: &Refused, row: &Map<String, Value>) -> Option<String> {
    let line = |(name, value): (&String, &Value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        refused.has(name).then(|| format!("{name}: {value}"))
    };
    let lines: Vec<String> = row.iter().filter_map(line).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The fields of a lead by the names that they have in [`Refused`], with labels for people.
const PARTS: [(&str, &str); 6] = [
    ("name", "Name as given"),
    ("phone", "Phone as given"),
    ("email", "E-mail as given"),
    ("message", "Message"),
    ("channel", "Channel"),
    ("conversation", "Conversation"),
];

/// A lead as a record gets it: without what no target takes for an address or a phone number, and without what this one
/// has refused. What is set aside belongs into a note.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What is left of the lead.
    pub lead: Lead,
    set_aside: Vec<(&'static str, String)>,
    refused: Refused,
}

impl Draft {
    /// The draft of a lead that was [cleaned](Lead::cleaned).
    pub fn of(lead: &Lead, refused: &Refused) -> Self {
        let mut draft = Self { lead: lead.clone(), set_aside: Vec::new(), refused: refused.clone() };
        for (name, _) in PARTS {
            let is_unfit = match (name, draft.part(name)) {
                ("email", Some(email)) => !text::is_email(email),
                ("phone", Some(number)) => !phone::is_phone(number),
                _ => false,
            };
            if is_unfit || refused.has(name) {
                let part = part(&mut draft.lead, name).and_then(Option::take);
                draft.set_aside.extend(part.map(|value| (name, value)));
            }
        }
        draft
    }

    /// Warns, at the start of a delivery, of what no target takes for an address or a phone number.
    pub fn warn_of_unfit(lead: &Lead, so_far: &History) {
        for (label, _) in Self::of(lead, &Refused::default()).set_aside() {
            log::warn_once(
                so_far,
                &format!(
                    "{label}: no target takes this for one, or it is too long. The value is kept as text."
                ),
            );
        }
    }

    /// [`Refused::step`] of what this target has refused.
    pub fn step(&self, step: &str) -> String {
        self.refused.step(step)
    }

    /// What was set aside, with labels for people.
    pub fn set_aside(&self) -> impl Iterator<Item = (&'static str, &str)> {
        PARTS.into_iter().filter_map(|(name, label)| {
            let (_, value) = self.set_aside.iter().find(|(part, _)| *part == name)?;
            Some((label, value.as_str()))
        })
    }

    /// The fields of the lead that the words of a refusal speak of: by the vendor's name of one, or by its value.
    pub fn named_in(&self, words: &str, names: &[(&str, &str)]) -> Vec<String> {
        let words = words.to_lowercase();
        let is_named = |name: &&str| {
            let Some(value) = self.part(name) else { return false };
            let by_name = names.iter().any(|(part, vendors)| part == name && words.contains(vendors));
            by_name || is_quoted(&words, &value.to_lowercase())
        };
        PARTS.iter().map(|(name, _)| *name).filter(is_named).map(str::to_owned).collect()
    }

    fn part(&self, name: &str) -> Option<&str> {
        let lead = &self.lead;
        match name {
            "name" => lead.name.as_deref(),
            "phone" => lead.phone.as_deref(),
            "email" => lead.email.as_deref(),
            "message" => lead.message.as_deref(),
            "channel" => lead.channel.as_deref(),
            "conversation" => lead.conversation_id.as_deref(),
            _ => None,
        }
    }
}

fn part<'l>(lead: &'l mut Lead, name: &str) -> Option<&'l mut Option<String>> {
    Some(match name {
        "name" => &mut lead.name,
        "phone" => &mut lead.phone,
        "email" => &mut lead.email,
        "message" => &mut lead.message,
        "channel" => &mut lead.channel,
        "conversation" => &mut lead.conversation_id,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Request;
    use crate::testing::samples;

    fn reply(step: &str, status: u16, body: &str) -> Reply {
        Reply { step: step.into(), status, headers: Vec::new(), body: body.into(), truncated: false }
    }

    /// Writes a record with the lead's address and phone number.
    fn write(so_far: &History) -> Result<(String, Refused), Stop> {
        without_refused(so_far, |refused| {
            let draft = Draft::of(&samples::complete(), refused);
            let body = serde_json::json!({ "email": draft.lead.email, "phone": draft.lead.phone });
            let reply = so_far.call(Request::post(&draft.step("create")).json(&body))?;
            Ok(match reply.status {
                400 => Written::Refused(
                    reply,
                    draft.named_in(&reply.body, &[("email", "adresse"), ("phone", "phone")]),
                ),
                _ => Written::Done(reply.body.clone()),
            })
        })
    }

    #[test]
    fn what_is_refused_is_left_out_field_by_field() {
        let mut so_far = History { replies: Vec::new(), uncertain: None };
        let mut steps = Vec::new();
        for (status, body) in [(400, "Adresse invalide"), (400, "+12025551234 is no PHONE"), (201, "7")] {
            let Err(Stop::Call(request)) = write(&so_far) else { panic!("{steps:?}") };
            steps.push(request.step.clone());
            so_far.replies.push(reply(&request.step, status, body));
        }
        assert_eq!(steps, ["create", "create-without-email", "create-without-email-phone"]);
        let (written, refused) = write(&so_far).unwrap();
        assert_eq!(written, "7");
        let draft = Draft::of(&samples::complete(), &refused);
        let kept: Vec<_> = draft.set_aside().collect();
        assert_eq!(kept, [("Phone as given", "+12025551234"), ("E-mail as given", "john@example.com")]);
    }

    #[test]
    fn what_does_not_help_is_held_with_the_targets_words() {
        for words in ["no such pipeline", ""] {
            let so_far = History { replies: vec![reply("create", 400, words)], uncertain: None };
            let Err(Stop::Failed(Failure::Permanent(reason))) = write(&so_far) else { panic!() };
            assert!(reason.contains("status 400 to create") && reason.contains(words), "{reason}");
        }
        let again =
            ["create", "create-without-email"].map(|step| reply(step, 400, "Adresse invalide")).to_vec();
        assert!(matches!(
            write(&History { replies: again, uncertain: None }),
            Err(Stop::Failed(Failure::Permanent(_)))
        ));
    }

    #[test]
    fn a_value_within_another_word_is_not_meant() {
        let lead = Lead { name: Some("Ann".into()), ..samples::complete() };
        let draft = Draft::of(&lead, &Refused::default());
        let named = |words: &str| draft.named_in(words, &[("email", "emails")]);
        assert_eq!(named("The emails cannot be annotated"), ["email"]);
        assert_eq!(named("`Ann` is no name"), ["name"]);
        assert_eq!(named("invalid: john@example.com<br>"), ["email"]);
        let columns = serde_json::json!({ "Stage": "New", "Phone": "+1" });
        let columns = columns.as_object().unwrap();
        let named =
            |words: &str| named_columns(words, columns.iter().map(|(name, value)| (name.as_str(), value)));
        assert_eq!(named("Newer options than \"New\" do not exist"), ["Stage"]);
        assert_eq!(named("Field \"Phone\" cannot accept the value; renew it"), ["Phone"]);
    }

    #[test]
    fn steps_have_short_and_different_names() {
        let refused =
            |fields: &[&str]| Refused { fields: fields.iter().map(|&field| field.to_owned()).collect() };
        assert_eq!(refused(&[]).step("create"), "create");
        assert_eq!(refused(&["email"]).step("create"), "create-without-email");
        assert_eq!(refused(&["E-mail 語"]).step("create"), "create-without-1");
        assert_eq!(refused(&["x".repeat(60).as_str(), "b"]).step("create"), "create-without-2");
    }

    #[test]
    fn what_no_target_takes_is_set_aside_at_once() {
        let lead = Lead {
            email: Some("john at example".into()),
            phone: Some("1".repeat(400)),
            ..samples::complete()
        };
        let draft = Draft::of(&lead, &Refused::default());
        assert_eq!((&draft.lead.email, &draft.lead.phone), (&None, &None));
        assert_eq!(draft.set_aside().count(), 2);
        assert_eq!(draft.step("create"), "create");

        let mut so_far = History { replies: Vec::new(), uncertain: None };
        Draft::warn_of_unfit(&lead, &so_far);
        so_far.replies.push(reply("create", 201, ""));
        Draft::warn_of_unfit(&lead, &so_far);
        let lines: Vec<String> = crate::testing::take_log().into_iter().map(|(_, line)| line).collect();
        assert!(lines.len() == 2 && lines[0].starts_with("Phone as given"), "{lines:?}");
    }
}
