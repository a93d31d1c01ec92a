//! Query parameters.

use url::form_urlencoded;

use super::refusal::{Refusal, Version};
use crate::exchange::Request;

/// The parameters of a request, decoded.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(request: &Request) -> Self {
        let query = request.uri.query().unwrap_or_default();
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Refuses parameters that are not among `known`, or are given twice: they would not do what was meant.
    pub(super) fn check(&self, version: Version, known: &[&str]) -> Result<(), Refusal> {
        for (index, (name, _)) in self.0.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                return Err(Refusal::invalid(version, format!("unknown parameter {name}")));
            }
            if self.0[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(Refusal::invalid(version, format!("the parameter {name} is given twice")));
            }
        }
        Ok(())
    }
}
