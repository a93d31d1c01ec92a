//! Services in which users build flows of their own: Make, n8n and Zapier. They take the event unchanged at a secret URL,
//! answer at once, and let the flow make something of it.

mod make;
mod n8n;
mod zapier;

pub use make::Make;
pub use n8n::N8n;
pub use zapier::Zapier;

use serde_json::Value;

use crate::exchange::Request;
use crate::vendor::Shown;

/// Why a flow would not get its members from a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unfit {
    /// More bytes than the service takes.
    TooLarge,
    /// Not declared as JSON: the flow would get one text.
    NotDeclared,
    /// Not JSON, or JSON without members: the services make several runs of a list.
    NotAnObject,
}

/// The object that a request brings.
fn object(request: &Request, max_bytes: usize) -> Result<Value, Unfit> {
    if request.body.len() > max_bytes {
        return Err(Unfit::TooLarge);
    }
    if !request.is_json() {
        return Err(Unfit::NotDeclared);
    }
    request.json().ok().filter(Value::is_object).ok_or(Unfit::NotAnObject)
}

/// What the flow's author sees of the event that came as number `index`: its members by the names that the service gives
/// them in the flow.
fn shown(kind: &'static str, index: usize, prefix: &str, separator: &str, event: &Value) -> Shown {
    let mut fields = Vec::new();
    flatten(prefix, separator, event, &mut fields);
    Shown { kind, id: (index + 1).to_string(), fields }
}

fn flatten(name: &str, separator: &str, value: &Value, fields: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::String(text) => fields.push((name.to_owned(), text.clone())),
        Value::Object(members) => {
            for (member, value) in members {
                let name =
                    if name.is_empty() { member.clone() } else { format!("{name}{separator}{member}") };
                flatten(&name, separator, value, fields);
            }
        }
        other => fields.push((name.to_owned(), other.to_string())),
    }
}
