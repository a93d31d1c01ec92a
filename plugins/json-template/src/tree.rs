//! The body: JSON whose texts are templates.

use minijinja::value::Value;
use serde_json::{Map, Value as Json};

use crate::engine::{Engine, Mistake, Stage, Template, has_markup};

/// The member that decides whether its object is there.
const IF: &str = "$if";

/// A compiled template of JSON.
pub(crate) enum Tree<'e, 's> {
    /// A number, a truth value or null.
    Literal(&'s Json),
    Text(Template<'e, 's>),
    List(Vec<Self>),
    Object {
        condition: Option<Template<'e, 's>>,
        members: Vec<(&'s str, Self)>,
    },
}

impl<'e, 's> Tree<'e, 's> {
    /// Compiles JSON that stands at `place` in the settings.
    pub(crate) fn of(json: &'s Json, place: &str, engine: &'e Engine<'s>) -> Result<Self, Mistake> {
        Ok(match json {
            Json::String(text) => Self::Text(engine.text(text, place, Stage::Request)?),
            Json::Array(items) => {
                let items = items.iter().enumerate();
                let items = items.map(|(index, item)| Self::of(item, &format!("{place}/{index}"), engine));
                Self::List(items.collect::<Result<_, _>>()?)
            }
            Json::Object(members) => Self::object(members, place, engine)?,
            literal => Self::Literal(literal),
        })
    }

    fn object(members: &'s Map<String, Json>, place: &str, engine: &'e Engine<'s>) -> Result<Self, Mistake> {
        let mut condition = None;
        let mut compiled = Vec::new();
        for (name, value) in members {
            // RFC 6901, section 3.
            let place = format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
            if has_markup(name) {
                return Err(Mistake::new(
                    &place,
                    "a member's name cannot hold an expression, only its value can",
                ));
            }
            if name != IF {
                compiled.push((name.as_str(), Self::of(value, &place, engine)?));
                continue;
            }
            let Json::String(text) = value else {
                return Err(Mistake::new(&place, "it has to be a text, such as {{ lead.phone }}"));
            };
            condition = Some(engine.text(text, &place, Stage::Request)?);
        }
        Ok(Self::Object { condition, members: compiled })
    }

    /// The JSON for one lead; none if it is left out. The places of texts that were left out are added to `left_out`.
    pub(crate) fn json(&self, scope: &Value, left_out: &mut Vec<String>) -> Result<Option<Json>, Mistake> {
        Ok(Some(match self {
            Self::Literal(json) => (*json).clone(),
            Self::Text(template) => {
                let json = template.json(scope)?;
                if json.is_none() {
                    left_out.push(template.place().to_owned());
                }
                return Ok(json);
            }
            Self::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.extend(item.json(scope, left_out)?);
                }
                list.into()
            }
            Self::Object { condition, members } => {
                if let Some(condition) = condition
                    && !condition.is_true(scope)?
                {
                    return Ok(None);
                }
                let mut object = Map::new();
                for (name, member) in members {
                    if let Some(json) = member.json(scope, left_out)? {
                        object.insert((*name).to_owned(), json);
                    }
                }
                object.into()
            }
        }))
    }
}
