//! `kill -9` at any moment: what was accepted is delivered.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hookwright_standin::{Fault, Received, Receiver, Running, Standin, When};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::harness::{Api, Home, lead, until};

const KILLS: u64 = 20;
const PRODUCERS: u64 = 4;
const CONCURRENCY: u64 = 8;
/// How many events are accepted between two kills, at most.
const MOST_BETWEEN_KILLS: u64 = 60;

/// The deliveries of every event that was answered 202, with what the event said.
type Accepted = Arc<Mutex<HashMap<String, String>>>;

#[tokio::test]
async fn nothing_accepted_is_lost_through_twenty_kills_under_load() {
    let target = Standin::start(Receiver::default()).await.unwrap();
    // There is always something on its way when the server dies.
    target.script(When::always(), Fault::Delay(Duration::from_millis(10)));
    let home = Home::new();
    let server = home.start().await;
    let project = server.api.project().await;
    let limits = json!({ "concurrency": CONCURRENCY });
    server.api.webhook(&project, &json!({ "url": target.url(), "limits": limits })).await;

    let accepted = Accepted::default();
    let (announce, current) = watch::channel(server.api.clone());
    let mut producers = JoinSet::new();
    for producer in 0..PRODUCERS {
        producers.spawn(produce(producer, project.clone(), current.clone(), Arc::clone(&accepted)));
    }
    drop(current);
    let mut server = server;
    let mut random = Random(20_260_531);
    for _ in 0..KILLS {
        let goal = len(&accepted) + random.below(MOST_BETWEEN_KILLS);
        until("events to be accepted", async || (len(&accepted) >= goal).then_some(())).await;
        server.kill().await;
        server = home.start().await;
        announce.send_replace(server.api.clone());
    }
    drop(announce);
    producers.join_all().await;

    let accepted = std::mem::take(&mut *accepted.lock().unwrap());
    until("every accepted event to arrive", async || {
        let arrived = ids(&target.received());
        accepted.keys().all(|id| arrived.contains(id)).then_some(())
    })
    .await;
    until("nothing to be pending", async || {
        let path = format!("/v1/projects/{project}/deliveries?limit=1");
        for state in ["pending", "delivering"] {
            let page = server.api.get(&format!("{path}&state={state}")).await.json(200);
            if page["data"] != json!([]) || page["next_cursor"] != Value::Null {
                return None;
            }
        }
        Some(())
    })
    .await;
    check(&target, &accepted);
}

/// Sends events until nobody announces servers any more, and writes down which were accepted.
async fn produce(producer: u64, project: String, mut current: watch::Receiver<Api>, accepted: Accepted) {
    let mut next = 0_u64;
    while current.has_changed().is_ok() {
        let api = current.borrow_and_update().clone();
        let message = format!("{producer}-{next}");
        let event = lead::event(&project, &lead::saying(&message)).to_string();
        next += 1;
        match api.try_accept(event).await {
            Some(answer) => {
                let [id] = answer.try_into().expect("the project has one webhook");
                accepted.lock().unwrap().insert(id, message);
            }
            // The server is dead; the next one will be announced, unless this was the last.
            None => drop(current.changed().await),
        }
    }
}

/// Each delivery arrived under its own id with its own event, and few more than once.
fn check(target: &Running<Receiver>, accepted: &HashMap<String, String>) {
    let received = target.received();
    for received in &received {
        let id = received.request.header("webhook-id").unwrap();
        let said = received.request.json().unwrap()["lead"]["message"].clone();
        // An event may be accepted by a server that dies before it says so.
        assert!(accepted.get(id).is_none_or(|message| said == message.as_str()), "{id}: {said}");
    }
    let repeats = received.len() as u64 - ids(&received).len() as u64;
    println!("{} events accepted, {} requests, {repeats} of them repeats", accepted.len(), received.len());
    assert!(repeats <= KILLS * CONCURRENCY, "{repeats} repeats");
}

fn ids(received: &[Received]) -> HashSet<String> {
    let id = |received: &Received| received.request.header("webhook-id").unwrap().to_owned();
    received.iter().map(id).collect()
}

fn len(accepted: &Accepted) -> u64 {
    accepted.lock().unwrap().len() as u64
}

/// Numbers that look random and are the same in every run (Knuth's MMIX constants).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}
