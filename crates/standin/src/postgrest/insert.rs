//! A request to insert rows: its query, preferences and body. What PostgREST would ignore is refused.

use serde_json::Value;

use super::Row;
use super::refusal::Refusal;
use crate::exchange::Request;
use crate::query::Query;

/// What becomes of a row that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resolution {
    /// The columns that are sent overwrite its own.
    Merge,
    /// It stays.
    Ignore,
}

/// Rows to insert.
pub(super) struct Insert {
    pub(super) rows: Vec<Row>,
    pub(super) on_conflict: Option<String>,
    pub(super) resolution: Option<Resolution>,
    /// Whether the rows are answered with.
    pub(super) shows_rows: bool,
}

impl Insert {
    pub(super) fn parse(request: &Request) -> Result<Self, Refusal> {
        if !request.is_json() {
            let kind = request.header("content-type").unwrap_or_default();
            return Err(Refusal::new(415, "PGRST102", format!("Content-Type not acceptable: {kind}")));
        }
        let profile = request.header("content-profile").unwrap_or("public");
        if profile != "public" {
            let words = format!("Invalid schema: {profile}");
            return Err(Refusal::new(406, "PGRST106", words));
        }
        let query = Query::of(request);
        query.check(&["on_conflict"]).map_err(|problem| Refusal::new(400, "PGRST100", problem))?;
        let on_conflict = query.get("on_conflict").map(str::to_owned);
        let mut insert = Self { rows: rows(request)?, on_conflict, resolution: None, shows_rows: false };
        insert.preferences(request)?;
        if insert.on_conflict.is_some() && insert.resolution.is_none() {
            return Err(Refusal::new(400, "PGRST100", "on_conflict means nothing without a resolution"));
        }
        Ok(insert)
    }

    fn preferences(&mut self, request: &Request) -> Result<(), Refusal> {
        let preferences = request.header("prefer").unwrap_or_default();
        for preference in preferences.split(',').map(str::trim).filter(|preference| !preference.is_empty()) {
            match preference {
                "resolution=merge-duplicates" => self.resolution = Some(Resolution::Merge),
                "resolution=ignore-duplicates" => self.resolution = Some(Resolution::Ignore),
                "return=representation" => self.shows_rows = true,
                "return=minimal" => self.shows_rows = false,
                _ => {
                    let words = "Invalid preferences given with handling=strict";
                    return Err(Refusal::new(400, "PGRST122", words).details(preference));
                }
            }
        }
        Ok(())
    }
}

/// The rows of a body: an object, or a list of objects with the same members.
fn rows(request: &Request) -> Result<Vec<Row>, Refusal> {
    let refuse = |words: &str| Refusal::new(400, "PGRST102", words);
    let rows = match request.json() {
        Ok(Value::Object(row)) => vec![row],
        Ok(Value::Array(rows)) if !rows.is_empty() => rows
            .into_iter()
            .map(|row| match row {
                Value::Object(row) => Ok(row),
                _ => Err(refuse("Empty or invalid json")),
            })
            .collect::<Result<_, _>>()?,
        _ => return Err(refuse("Empty or invalid json")),
    };
    match rows.iter().all(|row| row.keys().eq(rows[0].keys())) {
        true => Ok(rows),
        false => Err(refuse("All object keys must match")),
    }
}
