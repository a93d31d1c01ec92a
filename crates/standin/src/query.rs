//! Query parameters.

use url::form_urlencoded;

use crate::exchange::Request;

/// The parameters of a request, decoded.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn of(request: &Request) -> Self {
        let query = request.uri.query().unwrap_or_default();
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What is wrong with the parameters, if some are not among `known` or are given twice: they would not do what was
    /// meant.
    pub(crate) fn check(&self, known: &[&str]) -> Result<(), String> {
        for (index, (name, _)) in self.0.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                return Err(format!("unknown parameter {name}"));
            }
            if self.0[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(format!("the parameter {name} is given twice"));
            }
        }
        Ok(())
    }
}
