//! amoCRM's API as this mapping uses it: version 4, its lists, and the answers that need a person.

use std::mem;

use hookwright_sdk::{Calls, Event, Failure, History, Reply, Request, Stop, time};
use serde_json::{Map, Value};

use crate::settings::Settings;

/// Unpaid; not allowed, or blocked.
const INTERPRETED: [u16; 2] = [402, 403];
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
    ) -> Result<Option<Record<'_>>, Stop> {
        Ok(list.records(self.calls.call(list.request())?)?.find(is_it))
    }

    /// The id of what `create` creates, once: after a lost answer the records of `list` that are not older than the event
    /// are looked through for the one that `is_it` takes.
    pub(crate) fn create(
        &self,
        create: Request,
        created_id: &str,
        list: &List<'_>,
        is_it: impl Fn(&Record<'_>) -> bool,
    ) -> Result<String, Stop> {
        let is_it = |record: &Record<'_>| {
            let created_at = record.get("created_at").and_then(|at| at.as_i64());
            created_at.is_some_and(|at| at >= self.at - CLOCK_SKEW_SECS) && is_it(record)
        };
        self.calls.create_once(
            create,
            || list.request(),
            |reply| list.records(reply)?.find(is_it).map(|record| record.id(list.id)).transpose(),
            |reply| reply.id(created_id),
        )
    }
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
    match reply.status {
        402 => {
            Err(Failure::permanent(format!("the amoCRM account is not paid; its words: {}", reply.quote())))
        }
        403 => Err(Failure::retry(
            format!(
                "amoCRM does not allow this: the token has no right to it, or there were too many requests; its words: {}",
                reply.quote()
            ),
            Some(BLOCKED_SECS),
        )),
        _ => Ok(()),
    }
}
