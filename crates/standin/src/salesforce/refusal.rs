//! Salesforce's errors: a list with one entry for each problem.

use serde_json::{Value, json};

use crate::exchange::Answer;

/// A request that is not carried out, and why.
pub(super) struct Refusal {
    status: u16,
    errors: Vec<Value>,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &str, message: &str) -> Self {
        Self { status, errors: vec![json!({ "message": message, "errorCode": code })] }
    }

    /// A problem with fields of the body.
    pub(super) fn fields(code: &str, message: &str, fields: &[&str]) -> Self {
        Self { status: 400, errors: vec![json!({ "message": message, "errorCode": code, "fields": fields })] }
    }

    pub(super) fn unauthenticated() -> Self {
        Self::new(401, "INVALID_SESSION_ID", "Session expired or invalid")
    }

    pub(super) fn not_found() -> Self {
        Self::new(404, "NOT_FOUND", "The requested resource does not exist")
    }

    /// A duplicate rule speaks, because of a lead that is there. The member's name is misspelt by Salesforce itself.
    pub(super) fn duplicates(allow_save: bool, id: &str) -> Self {
        let record = json!({ "attributes": { "type": "Lead" }, "Id": id });
        let matches = json!([{ "matchConfidence": 100.0, "record": record }]);
        let result = json!({
            "allowSave": allow_save,
            "duplicateRule": "Standard_Lead_Duplicate_Rule",
            "duplicateRuleEntityType": "Lead",
            "errorMessage": "Use one of these records?",
            "matchResults": [{ "entityType": "Lead", "matchRecords": matches, "size": 1, "success": true }],
        });
        let error = json!({
            "duplicateResut": result, "errorCode": "DUPLICATES_DETECTED", "message": "Use one of these records?",
        });
        Self { status: 400, errors: vec![error] }
    }

    pub(super) fn answer(self) -> Answer {
        Answer::json(self.status, &self.errors.into())
    }
}
