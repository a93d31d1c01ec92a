//! The table's records, creating them and upserting them.

use hookwright_model::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::column::{Column, Kind, Typecast};
use super::refusal::Refusal;
use crate::exchange::Answer;
use crate::time;

const MAX_RECORDS: usize = 10;
const MAX_KEYS: usize = 3;

#[derive(Debug)]
pub(super) struct Table {
    pub(super) now: Timestamp,
    pub(super) columns: Vec<Column>,
    pub(super) records: Vec<Record>,
}

#[derive(Debug)]
pub(super) struct Record {
    pub(super) id: String,
    created_at: Timestamp,
    /// Empty cells are not there.
    pub(super) fields: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    records: Vec<NewRecord>,
    #[serde(default)]
    typecast: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Upsert {
    records: Vec<NewRecord>,
    #[serde(default)]
    typecast: bool,
    perform_upsert: PerformUpsert,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRecord {
    fields: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PerformUpsert {
    fields_to_merge_on: Vec<String>,
}

/// A record's columns with their new values; none clears.
type Cells = Vec<(String, Option<Value>)>;

impl Default for Table {
    fn default() -> Self {
        let columns = [
            ("Name", Kind::Text),
            ("Phone", Kind::Phone),
            ("Email", Kind::Email),
            ("Message", Kind::LongText),
            ("Channel", Kind::Select),
            ("Conversation ID", Kind::Text),
            ("Created At", Kind::Time),
        ];
        let columns = columns.map(|(name, kind)| Column::new(name, kind)).into();
        Self { now: time::after_the_sample_event(), columns, records: Vec::new() }
    }
}

impl Record {
    /// The record as the API shows it.
    pub(super) fn shown(&self) -> Value {
        json!({ "id": self.id, "createdTime": self.created_at.to_string(), "fields": self.fields })
    }

    fn write(&mut self, cells: Cells) {
        for (name, value) in cells {
            match value {
                Some(value) => self.fields.insert(name, value),
                None => self.fields.remove(&name),
            };
        }
    }
}

impl Table {
    pub(super) fn create(&mut self, body: Create) -> Result<Answer, Refusal> {
        let rows = self.rows(body.records, body.typecast)?;
        let records: Value = rows.into_iter().map(|cells| self.insert(cells).shown()).collect();
        Ok(Answer::json(200, &json!({ "records": records })))
    }

    /// Checks all records before it writes one.
    pub(super) fn upsert(&mut self, body: Upsert) -> Result<Answer, Refusal> {
        let keys = body.perform_upsert.fields_to_merge_on;
        self.check_keys(&keys)?;
        let rows = self.rows(body.records, body.typecast)?;
        let known = rows.iter().map(|cells| self.find(&keys, cells)).collect::<Result<Vec<_>, _>>()?;
        let (mut records, mut created, mut updated) = (Vec::new(), Vec::new(), Vec::new());
        for (cells, known) in rows.into_iter().zip(known) {
            let (record, list) = match known {
                Some(index) => {
                    self.records[index].write(cells);
                    (&self.records[index], &mut updated)
                }
                None => (self.insert(cells), &mut created),
            };
            list.push(record.id.clone());
            records.push(record.shown());
        }
        let body = json!({ "records": records, "createdRecords": created, "updatedRecords": updated });
        Ok(Answer::json(200, &body))
    }

    fn check_keys(&self, keys: &[String]) -> Result<(), Refusal> {
        if !(1..=MAX_KEYS).contains(&keys.len()) {
            return Err(Refusal::invalid_request("fieldsToMergeOn has 1 to 3 fields"));
        }
        for key in keys {
            let column = self.columns.iter().find(|column| column.name == *key);
            let column = column.ok_or_else(|| Refusal::unknown_column(key))?;
            if !column.kind.is_key() {
                return Err(Refusal::invalid_request(
                    "fieldsToMergeOn has a field of a type that cannot be merged on",
                ));
            }
        }
        Ok(())
    }

    /// The cells of each record, if all can be written.
    fn rows(&mut self, records: Vec<NewRecord>, typecast: bool) -> Result<Vec<Cells>, Refusal> {
        if !(1..=MAX_RECORDS).contains(&records.len()) {
            return Err(Refusal::invalid_request("a request has 1 to 10 records"));
        }
        let typecast = if typecast { Typecast::On } else { Typecast::Off };
        let cell = |(name, value): (String, Value)| {
            let column = self.columns.iter_mut().find(|column| column.name == name);
            let cell = column.ok_or_else(|| Refusal::unknown_column(&name))?.cell(&value, typecast)?;
            Ok((name, cell))
        };
        let mut cell = cell;
        records.into_iter().map(|record| record.fields.into_iter().map(&mut cell).collect()).collect()
    }

    /// The place of the record that has the same keys.
    fn find(&self, keys: &[String], cells: &Cells) -> Result<Option<usize>, Refusal> {
        let value =
            |key: &String| cells.iter().find(|(name, _)| name == key).and_then(|(_, value)| value.as_ref());
        if let Some(key) = keys.iter().find(|key| value(key).is_none()) {
            return Err(Refusal::invalid_request(&format!(
                "the record has no value for the merge field {key}"
            )));
        }
        let is_same = |record: &Record| keys.iter().all(|key| record.fields.get(key) == value(key));
        let mut found =
            self.records.iter().enumerate().filter(|(_, record)| is_same(record)).map(|(index, _)| index);
        let first = found.next();
        if found.next().is_some() { Err(Refusal::several_records()) } else { Ok(first) }
    }

    fn insert(&mut self, cells: Cells) -> &Record {
        let id = format!("rec{:014}", self.records.len() + 1);
        let mut record = Record { id, created_at: self.now, fields: Map::new() };
        record.write(cells);
        self.records.push(record);
        &self.records[self.records.len() - 1]
    }
}
