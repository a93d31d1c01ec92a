//! The table: its columns, its constraints and its rows.

use hookwright_model::Timestamp;
use serde_json::Value;

use super::Row;
use super::insert::{Insert, Resolution};
use super::refusal::Refusal;
use crate::exchange::Answer;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Time,
    Uuid,
}

const COLUMNS: [(&str, Kind); 9] = [
    ("conversation_id", Kind::Text),
    ("event_id", Kind::Text),
    ("project_id", Kind::Uuid),
    ("created_at", Kind::Time),
    ("name", Kind::Text),
    ("phone", Kind::Text),
    ("email", Kind::Text),
    ("message", Kind::Text),
    ("channel", Kind::Text),
];
const PRIMARY_KEY: &str = "conversation_id";
const NOT_NULL: [&str; 2] = [PRIMARY_KEY, "created_at"];

#[derive(Debug)]
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
    /// The columns whose values are unique; the first is the primary key.
    pub(super) unique: Vec<&'static str>,
}

impl Default for Table {
    fn default() -> Self {
        Self { rows: Vec::new(), unique: vec![PRIMARY_KEY, "event_id"] }
    }
}

impl Table {
    /// All rows or none, as in one statement.
    pub(super) fn insert(&mut self, insert: Insert) -> Result<Answer, Refusal> {
        let Insert { rows, on_conflict, resolution, shows_rows } = insert;
        let arbiter = match on_conflict.as_deref() {
            None => PRIMARY_KEY,
            Some(column) => {
                self.unique.iter().copied().find(|unique| *unique == column).ok_or_else(|| {
                    let words =
                        "there is no unique or exclusion constraint matching the ON CONFLICT specification";
                    Refusal::new(400, "42P10", words)
                })?
            }
        };
        let before = self.rows.clone();
        let mut shown = Vec::new();
        let mut is_any_new = false;
        for row in rows {
            match self.put(row, resolution.map(|resolution| (arbiter, resolution))) {
                Ok(Some((index, is_new))) => {
                    is_any_new |= is_new;
                    shown.push(Value::from(self.rows[index].clone()));
                }
                Ok(None) => {}
                Err(refusal) => {
                    self.rows = before;
                    return Err(refusal);
                }
            }
        }
        let status = if is_any_new { 201 } else { 200 };
        Ok(match shows_rows {
            true => Answer::json(status, &shown.into()),
            false => Answer::status(status).header("content-range", "*/*"),
        })
    }

    /// The place of the row and whether it is new; none if another one stays in its place.
    fn put(
        &mut self,
        row: Row,
        resolution: Option<(&'static str, Resolution)>,
    ) -> Result<Option<(usize, bool)>, Refusal> {
        for (column, value) in &row {
            check(column, value)?;
        }
        // PostgreSQL checks the new row first, even if it then turns into an update.
        let is_null = |column: &&str| row.get(*column).is_none_or(Value::is_null);
        if let Some(column) = NOT_NULL.iter().copied().find(|column| is_null(column)) {
            let words = format!(
                "null value in column \"{column}\" of relation \"leads\" violates not-null constraint"
            );
            return Err(Refusal::new(400, "23502", words));
        }
        let found = resolution.and_then(|(arbiter, resolution)| {
            Some((self.rows.iter().position(|known| is_same(known, &row, arbiter))?, resolution))
        });
        match found {
            Some((_, Resolution::Ignore)) => Ok(None),
            Some((index, Resolution::Merge)) => {
                let mut merged = self.rows[index].clone();
                merged.extend(row);
                self.check_unique(&merged, Some(index))?;
                self.rows[index] = merged;
                Ok(Some((index, false)))
            }
            None => {
                self.check_unique(&row, None)?;
                self.rows.push(row);
                Ok(Some((self.rows.len() - 1, true)))
            }
        }
    }

    fn check_unique(&self, row: &Row, own_place: Option<usize>) -> Result<(), Refusal> {
        let others = || self.rows.iter().enumerate().filter(|(index, _)| Some(*index) != own_place);
        let taken = |column: &&&str| others().any(|(_, known)| is_same(known, row, column));
        let Some(column) = self.unique.iter().find(taken) else { return Ok(()) };
        let constraint =
            if *column == PRIMARY_KEY { "leads_pkey".to_owned() } else { format!("leads_{column}_key") };
        let words = format!("duplicate key value violates unique constraint \"{constraint}\"");
        let value = row[*column].as_str().unwrap_or_default();
        let details = format!("Key ({column})=({value}) already exists.");
        Err(Refusal::new(409, "23505", words).details(&details))
    }
}

/// Whether two rows have the same value in a column; nulls differ from each other.
fn is_same(left: &Row, right: &Row, column: &str) -> bool {
    left.get(column).filter(|value| !value.is_null()).is_some_and(|value| right.get(column) == Some(value))
}

fn check(column: &str, value: &Value) -> Result<(), Refusal> {
    let Some((_, kind)) = COLUMNS.iter().find(|(known, _)| *known == column) else {
        let words = format!("Could not find the '{column}' column of 'leads' in the schema cache");
        return Err(Refusal::new(400, "PGRST204", words));
    };
    let invalid = |code, kind: &str| {
        Err(Refusal::new(400, code, format!("invalid input syntax for type {kind}: {value}")))
    };
    match (kind, value.as_str()) {
        _ if value.is_null() => Ok(()),
        // PostgreSQL would write numbers and objects as their JSON, which nobody means.
        (Kind::Text, None) => invalid("22P02", "text"),
        (_, Some(text)) if text.contains('\0') => {
            Err(Refusal::new(400, "22P05", "unsupported Unicode escape sequence"))
        }
        (Kind::Time, text) if text.is_none_or(|text| text.parse::<Timestamp>().is_err()) => {
            invalid("22007", "timestamp with time zone")
        }
        (Kind::Uuid, text) if !text.is_some_and(is_uuid) => invalid("22P02", "uuid"),
        _ => Ok(()),
    }
}

fn is_uuid(text: &str) -> bool {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}
