//! amoCRM's API as this mapping uses it: version 4, its lists, and the answers that need a person.

use std::mem;

use hookwright_sdk::{Calls, Draft, Event, Failure, History, Reply, Request, Stop, Written, time};
use serde_json::{Map, Value};

use crate::settings::Settings;

/// Unpaid; not allowed, or blocked.
const INTERPRETED: [u16; 2] = [402, 403];
/// Refusals of something that the lead can do without.
const REFUSALS: [u16; 7] = [400, 403, 404, 405, 409, 410, 422];
/// How long to wait until somebody pays.
const UNPAID_SECS: u32 = 3_600;
/// Who goes on after too many requests is blocked, and only support lifts that: leave it alone for a while.
const BLOCKED_SECS: u32 = 3_600;
/// How far the producer's clock may be ahead of amoCRM's.
const CLOCK_SKEW_SECS: i64 = 60;
/// How many records a look goes through.
const LOOKED_THROUGH: usize = 25;

/// The calls of one delivery.
pub(crate) struct Api<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) event: &'a Event,
    /// When the lead was collected, in Unix seconds, as amoCRM counts.
    pub(crate) at: i64,
    calls: Calls<'a>,
}

impl<'a> Api<'a> {
    pub(crate) fn new(
        settings: &'a Settings,
        so_far: &'a History,
        event: &'a Event,
    ) -> Result<Self, Failure> {
        let at = time::unix_millis(&event.created_at)?.div_euclid(1_000);
        Ok(Self { settings, event, at, calls: Calls::new(so_far, &INTERPRETED, check) })
    }

    /// The reply to a step that has been answered.
    pub(crate) fn reply(&self, step: &str) -> Option<&Reply> {
        self.calls.so_far.reply(step)
    }

    /// The first record of the list that `is_it` takes.
    pub(crate) fn find(
        &self,
        list: &List<'_>,
        is_it: impl Fn(&Record<'_>) -> bool,
    ) -> Result<Option<Record<'a>>, Stop> {
        Ok(list.records(self.calls.call(list.request())?)?.find(is_it))
    }

    /// What `created` reads in the reply to `create`, which is sent once: after a lost answer the records of `list` that
    /// are not older than the event are looked through for the one that `is_it` takes.
    pub(crate) fn create<T: From<String>>(
        &self,
        create: Request,
        list: &List<'_>,
        is_it: impl Fn(&Record<'_>) -> bool,
        created: impl FnOnce(&'a Reply) -> Result<T, Failure>,
    ) -> Result<T, Stop> {
        let is_it = |record: &Record<'_>| {
            let created_at = record.get("created_at").and_then(|at| at.as_i64());
            created_at.is_some_and(|at| at >= self.at - CLOCK_SKEW_SECS) && is_it(record)
        };
        self.calls.create_once(
            create,
            || list.request(),
            |reply| {
                let found = list.records(reply)?.find(is_it);
                found.map(|record| record.id(list.id)).transpose().map(|id| id.map(T::from))
            },
            created,
        )
    }

    /// Whether amoCRM takes what the lead can do without.
    pub(crate) fn is_taken(&self, request: Request) -> Result<bool, Stop> {
        let reply = self.calls.so_far.call(request.accept(&REFUSALS))?;
        Ok(!REFUSALS.contains(&reply.status))
    }
}

/// A lead that was made, or the fields that amoCRM refuses.
pub(crate) struct Made<'a>(pub(crate) Written<'a, String>);

impl From<String> for Made<'_> {
    fn from(id: String) -> Self {
        Self(Written::Done(id))
    }
}

impl<'a> Made<'a> {
    /// What the reply to the creation of a lead says, whose id is at `id`.
    pub(crate) fn of(reply: &'a Reply, draft: &Draft, id: &str) -> Result<Self, Failure> {
        if reply.status != 400 {
            return reply.id(id).map(Self::from);
        }
        let names = [("phone", "phone:"), ("email", "email:"), ("name", "name:"), ("channel", "tags:")];
        Ok(Self(Written::Refused(reply, draft.named_in(&refused_fields(reply, draft), &names))))
    }
}

/// A line `field: path words` for each error of a refusal. amoCRM counts the fields of a contact, so that their order says
/// which they are.
fn refused_fields(reply: &Reply, draft: &Draft) -> String {
    let body = reply.json().unwrap_or_default();
    let codes = [("phone", &draft.lead.phone), ("email", &draft.lead.email)];
    let codes: Vec<&str> = codes.iter().filter(|(_, value)| value.is_some()).map(|(code, _)| *code).collect();
    let field = |path: &str| {
        let place = path.split_once("custom_fields_values.").and_then(|(_, rest)| rest.split('.').next());
        match place.and_then(|place| place.parse::<usize>().ok()) {
            Some(index) => codes.get(index).copied().unwrap_or_default(),
            None if path.contains("tags") => "tags",
            None if path.ends_with("name") => "name",
            None => "",
        }
    };
    let items = body["validation-errors"].as_array().into_iter().flatten();
    let errors = items.flat_map(|item| item["errors"].as_array().into_iter().flatten());
    let lines = errors.map(|error| {
        let text = |member: &str| error[member].as_str().unwrap_or_default();
        format!("{}: {} {}\n", field(text("path")), text("code"), text("detail"))
    });
    lines.collect()
}

/// A list of records.
pub(crate) struct List<'a> {
    pub(crate) step: &'a str,
    pub(crate) path: &'a str,
    /// Narrows it down, where amoCRM can: names in their encoded form, and values.
    pub(crate) filter: &'a [(&'a str, &'a str)],
    /// The member that orders it, and the direction.
    pub(crate) order: (&'a str, &'a str),
    /// Its name below `_embedded`.
    pub(crate) kind: &'a str,
    /// The JSON pointer to the wanted id in a record.
    pub(crate) id: &'a str,
}

impl List<'_> {
    fn request(&self) -> Request {
        let list = Request::get(self.step).path(self.path);
        self.filter
            .iter()
            .fold(list, |list, (name, value)| list.query(name, value))
            .query(&format!("order%5B{}%5D", self.order.0), self.order.1)
            .query("limit", &LOOKED_THROUGH.to_string())
    }

    /// The records of a reply; none of an empty one, as a list without records is.
    fn records<'r>(&self, reply: &'r Reply) -> Result<impl Iterator<Item = Record<'r>>, Failure> {
        let list = format!("/_embedded/{}", self.kind);
        let whole = match reply.status {
            204 => Some(Vec::new()),
            _ if reply.truncated => None,
            _ => {
                let records =
                    reply.find(&list)?.and_then(|mut records| records.as_array_mut().map(mem::take));
                Some(records.unwrap_or_default())
            }
        };
        let records = (0..LOOKED_THROUGH).map(move |index| Record {
            reply,
            whole: whole.as_ref().map(|records| records.get(index).cloned().unwrap_or_default()),
            at: format!("{list}/{index}"),
        });
        Ok(records.take_while(|record| record.get("created_at").is_some()))
    }
}

/// A record in the reply of a list. A list of long records is cut at the host's limit, and then read member by member.
pub(crate) struct Record<'a> {
    reply: &'a Reply,
    whole: Option<Value>,
    at: String,
}

impl Record<'_> {
    /// The member at a path like `params/text`; none if it is missing, or was cut.
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        match &self.whole {
            Some(record) => record.pointer(&format!("/{path}")).cloned(),
            None => self.reply.find(&format!("{}/{path}", self.at)).ok().flatten(),
        }
    }

    fn id(&self, pointer: &str) -> Result<String, Failure> {
        self.reply.id(&format!("{}{pointer}", self.at))
    }
}

/// An object of the members that are there.
pub(crate) fn present<const N: usize>(members: [(&str, Option<Value>); N]) -> Map<String, Value> {
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn check(reply: &Reply) -> Result<(), Failure> {
    let (why, secs) = match reply.status {
        402 => ("The amoCRM account is not paid", UNPAID_SECS),
        403 => (
            "amoCRM does not allow this: the token has no right to it, or there were too many requests",
            BLOCKED_SECS,
        ),
        _ => return Ok(()),
    };
    Err(Failure::retry(format!("{why}. amoCRM's words: {}", reply.quote()), Some(secs)))
}
