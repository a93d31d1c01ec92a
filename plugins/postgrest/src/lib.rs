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

use hookwright_sdk::field::Source;
use hookwright_sdk::{
    Action, Description, Event, Failure, HeaderHint, History, Mapping, Request, Stop, text,
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
        let source = Source::of(event);
        if source.lead().is_blank() {
            return Ok(Action::skip_blank());
        }
        let (row, key) = row(&source, settings)?;
        let reply = so_far.call(request(settings, &row))?;
        answer::check(reply, &settings.key)?;
        Ok(Action::done(format!("{}/{key}", settings.table), None))
    }
}

/// The row, and the value of its key column.
fn row(source: &Source<'_>, settings: &Settings) -> Result<(Map<String, Value>, String), Failure> {
    let Settings { columns, key, .. } = settings;
    if !columns.iter().any(|column| column.column == *key) {
        return Err(Failure::permanent(format!(
            "the key column {key} is not among the columns of the settings: add it there"
        )));
    }
    let mut row = source.row(columns)?;
    // The digits of the event's id are a UUID, so that a column of either type takes them.
    let event = || source.event().id.trim_start_matches("evt_").into();
    let value = row.entry(key.clone()).or_insert_with(event);
    let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Ok((row, shown))
}

fn request(settings: &Settings, row: &Map<String, Value>) -> Request {
    let path = format!("/{}", text::url_part(&settings.table));
    let request = Request::post("store-row").path(path).json(row).accept(&answer::WITH_CODES).idempotent();
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
