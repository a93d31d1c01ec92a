//! Leads in a table behind PostgREST, as Supabase serves it: one row, in one request that may be sent twice, because a key
//! column tells whether the row is there already.
//!
//! The defaults fit this table:
//!
//! ```sql
//! create table leads (
//!   conversation_id text primary key, project_id uuid, created_at timestamptz not null,
//!   name text, phone text, email text, message text, channel text);
//! ```

use hookwright_sdk::field::{Column, Field, Known, Source};
use hookwright_sdk::{
    Action, Description, Event, Failure, HeaderHint, History, Mapping, Refused, Request, Stop, Written,
    refused_lines, text, without_refused,
};
use serde_json::{Map, Value};

mod answer;
mod settings;
#[cfg(test)]
mod tests;

use settings::{Duplicates, Settings};

struct Postgrest;

impl Mapping for Postgrest {
    type Settings = Settings;

    fn describe() -> Description {
        Description {
            title: "PostgREST or Supabase",
            summary: "A lead becomes a row of a table, in the columns that you name.",
            url: "https://PROJECT.supabase.co/rest/v1",
            headers: &[
                HeaderHint {
                    name: "authorization",
                    placeholder: "Bearer … (a JWT of a role that may insert; in Supabase the same key as below)",
                    secret: true,
                },
                HeaderHint {
                    name: "apikey",
                    placeholder: "Supabase only: Project Settings → API keys",
                    secret: true,
                },
            ],
        }
    }

    fn transform(event: &Event, settings: &Settings, so_far: &History) -> Result<Action, Stop> {
        let source = Source::of(event)?;
        if source.lead().is_blank() {
            return Ok(Action::skip_blank());
        }
        let (all, key) = row(&source, settings)?;
        without_refused(so_far, |refused| {
            let row = without(&all, settings, refused);
            let reply = so_far.call(request(settings, &row, refused))?;
            let optional = row.iter().map(|(name, value)| (name.as_str(), value));
            let optional = optional.filter(|(name, _)| is_optional(settings, name));
            let named = answer::refused_columns(reply, &optional.collect::<Vec<_>>());
            if !named.is_empty() {
                return Ok(Written::Refused(reply, named));
            }
            answer::check(reply, &settings.key)?;
            Ok(Written::Done(()))
        })?;
        Ok(Action::done(format!("{}/{key}", settings.table), None))
    }
}

/// The row, and the value of its key column.
fn row(source: &Source<'_>, settings: &Settings) -> Result<(Map<String, Value>, String), Failure> {
    let Settings { columns, key, .. } = settings;
    if !columns.iter().any(|column| column.column == *key) {
        return Err(Failure::permanent(format!(
            "The key column {key} is not among the columns of the settings: add it there."
        )));
    }
    let mut row = source.row(columns)?;
    // The digits of the event's id are a UUID, so that a column of either type takes them.
    let event = || source.event().id.trim_start_matches("evt_").into();
    let value = row.entry(key.clone()).or_insert_with(event);
    let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Ok((row, shown))
}

/// Whether the row can do without the column. The key tells rows apart, and a constant of the settings is theirs to put
/// right.
fn is_optional(settings: &Settings, name: &str) -> bool {
    let is_constant = |column: &Column| column.column == name && matches!(column.field, Field::Fixed(_));
    name != settings.key && !settings.columns.iter().any(is_constant)
}

/// The row without the columns that the database refuses, which the column of the message keeps as text.
fn without(all: &Map<String, Value>, settings: &Settings, refused: &Refused) -> Map<String, Value> {
    let mut row = all.clone();
    row.retain(|name, _| !refused.has(name));
    let mut columns = settings.columns.iter().filter(|column| column.field == Field::Known(Known::Message));
    if let Some(lines) = refused_lines(refused, all)
        && let Some(message) = columns.find(|column| !refused.has(&column.column))
    {
        let known = row.get(&message.column).and_then(Value::as_str);
        let text = known.map_or_else(|| lines.clone(), |known| format!("{known}\n\n{lines}"));
        row.insert(message.column.clone(), text.into());
    }
    row
}

fn request(settings: &Settings, row: &Map<String, Value>, refused: &Refused) -> Request {
    let path = format!("/{}", text::url_part(&settings.table));
    let request = Request::post(&refused.step("store-row"))
        .path(path)
        .json(row)
        .accept(&answer::WITH_CODES)
        .idempotent();
    let request = match settings.schema.trim() {
        "" => request,
        schema => request.header("content-profile", schema),
    };
    let resolution = match settings.duplicates {
        Duplicates::Merge => "merge-duplicates",
        Duplicates::Ignore => "ignore-duplicates",
        Duplicates::Insert => return request.header("prefer", "return=minimal"),
    };
    request
        .query("on_conflict", &settings.key)
        .header("prefer", &format!("resolution={resolution}, return=minimal"))
}

hookwright_sdk::export!(Postgrest);
