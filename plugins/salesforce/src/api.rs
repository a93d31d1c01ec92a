//! Salesforce's API as this mapping uses it: versioned paths, and errors whose codes say more than their statuses.

use hookwright_sdk::{Calls, Failure, History, Reply, Request};
use serde_json::Value;

use crate::settings::Settings;

/// Several leads; a refusal; no right, or a limit.
const WITH_CODES: [u16; 3] = [300, 400, 403];

/// The limit is one of 24 hours that go along: look now and then.
const LIMIT_SECS: u32 = 3_600;
/// How long to wait for a right that only a person can give.
const RIGHT_SECS: u32 = 1_800;

/// The calls of one delivery.
pub(crate) struct Api<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) calls: Calls<'a>,
}

impl<'a> Api<'a> {
    pub(crate) fn new(settings: &'a Settings, so_far: &'a History) -> Self {
        Self { settings, calls: Calls::new(so_far, &WITH_CODES, check) }
    }

    /// The path of a resource, for example `query`.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/services/data/{}/{rest}", self.settings.api_version)
    }

    /// The request, saved in spite of duplicate rules that only alert, if that is wished.
    pub(crate) fn saving(&self, request: Request) -> Request {
        match self.settings.save_duplicates {
            true => request.header("sforce-duplicate-rule-header", "allowSave=true"),
            false => request,
        }
    }
}

/// The names in a refusal of fields whose values Salesforce does not take. Of a text of its own (a lookup, a picklist)
/// that the settings name wrongly, it says the same.
pub(crate) fn refused_fields(reply: &Reply) -> Option<String> {
    let error = reply.find("/0").ok().flatten().filter(|_| reply.status == 400)?;
    let is_of_value = matches!(
        error["errorCode"].as_str()?,
        "INVALID_EMAIL_ADDRESS"
            | "STRING_TOO_LONG"
            | "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
            | "FIELD_CUSTOM_VALIDATION_EXCEPTION"
            | "FIELD_FILTER_VALIDATION_EXCEPTION"
            | "INVALID_TYPE_ON_FIELD_IN_RECORD"
    );
    is_of_value.then(|| format!("{} {}", error["fields"], error["message"]))
}

/// Checks that Salesforce did what it was asked: a retry if the error says "later", and a permanent failure that says what
/// to change otherwise. A refusal of fields is left to who sent them.
fn check(reply: &Reply) -> Result<(), Failure> {
    if !WITH_CODES.contains(&reply.status) || refused_fields(reply).is_some() {
        return Ok(());
    }
    let words = reply.quote();
    if reply.status == 300 {
        return Err(Failure::permanent(format!(
            "Several leads in Salesforce have this conversation. Merge them there, and mark the external ID field as \
             unique. They are {words}"
        )));
    }
    let code = reply.find("/0/errorCode").ok().flatten();
    match (reply.status, code.as_ref().and_then(Value::as_str).unwrap_or_default()) {
        (_, "REQUEST_LIMIT_EXCEEDED") => {
            let after = reply.retry_after().or(Some(LIMIT_SECS));
            Err(Failure::retry("Salesforce's limit of requests in 24 hours is used up.", after))
        }
        (_, "UNABLE_TO_LOCK_ROW" | "SERVER_UNAVAILABLE" | "QUERY_TIMEOUT") => {
            Err(Failure::retry(format!("Salesforce is busy: {words}"), reply.retry_after()))
        }
        (_, "DUPLICATES_DETECTED") => Err(Failure::permanent(duplicates(reply))),
        (403, "") => {
            let reason = format!("Salesforce refuses the request: {words}");
            Err(Failure::retry(reason, reply.retry_after().or(Some(RIGHT_SECS))))
        }
        // Of this lead, and not of the others: the webhook must not wait for it.
        (403, _) if reply.step.starts_with("update-lead") => Err(Failure::permanent(format!(
            "The user of this access token may not change the conversation's lead in Salesforce. Share the lead with that \
             user. Salesforce's words: {words}"
        ))),
        (403, _) => Err(Failure::retry(
            format!(
                "The user of this access token may not do this in Salesforce. Give it the right to leads and their \
                 fields. Salesforce's words: {words}"
            ),
            reply.retry_after().or(Some(RIGHT_SECS)),
        )),
        _ => Err(Failure::permanent(format!("Salesforce refuses the lead: {words}"))),
    }
}

/// What a duplicate rule says. Salesforce itself misspells the member's name.
fn duplicates(reply: &Reply) -> String {
    let found = ["duplicateResut", "duplicateResult"].iter().find_map(|member| {
        let record = format!("/0/{member}/matchResults/0/matchRecords/0/record/Id");
        reply.word(&record).ok()
    });
    let of = found.map(|id| format!(" of {id}")).unwrap_or_default();
    format!(
        "A duplicate rule in Salesforce takes this lead for a duplicate{of}. Let the rule alert instead of block, or turn \
         on `Save despite alerts` in the settings."
    )
}

/// The text as a literal of Salesforce's query language.
pub(crate) fn soql_text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
