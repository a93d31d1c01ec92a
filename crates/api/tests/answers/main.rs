//! Every answer of the API, in process: the success of each operation and each of its problems, as snapshots.
//!
//! An operation without cases does not compile, and one without a case for a problem that it lists fails.
#![allow(clippy::unwrap_used, reason = "this is test code: an unexpected error is a failed test")]

mod cases;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use hookwright_api_types::Operation;
use hookwright_api_types::problem::{Code, ProblemBody};
use serde_json::Value;

use crate::world::{Answer, World};

#[tokio::test(start_paused = true)]
async fn every_answer_of_every_operation_is_as_it_was() {
    for &operation in Operation::ALL {
        let answers = cases::answers(operation).await;
        check(operation, &answers);
        insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "snapshots" }, {
            insta::assert_json_snapshot!(format!("{operation:?}"), answers);
        });
    }
}

/// The name of a case is its code, perhaps with more behind a colon; those of successes begin with `ok`.
fn check(operation: Operation, answers: &BTreeMap<String, Answer>) {
    let mut codes = BTreeSet::new();
    for (name, answer) in answers {
        let expected = name.split(':').next().unwrap_or_default();
        if expected == "ok" {
            assert!((200..400).contains(&answer.status), "{operation:?} {name}: {answer:?}");
            continue;
        }
        let problem: ProblemBody = serde_json::from_value(answer.body.clone())
            .unwrap_or_else(|error| panic!("{operation:?} {name}: {error}: {answer:?}"));
        assert_eq!(serde_json::to_value(problem.code).unwrap(), expected, "{operation:?} {name}: {answer:?}");
        assert_eq!(problem.status, answer.status);
        assert_eq!(problem.code.status(), answer.status, "{operation:?} {name}");
        assert_eq!(answer.headers.get("content-type").map(String::as_str), Some("application/problem+json"));
        for word in ["struct ", "expected `", "serde", "EOF", "enum "] {
            assert!(!problem.detail.contains(word), "{operation:?} {name}: {}", problem.detail);
        }
        codes.insert(problem.code);
    }
    assert!(answers.keys().any(|name| name.starts_with("ok")), "{operation:?} has no success");
    let listed: BTreeSet<Code> = operation.problems().into_iter().collect();
    assert_eq!(codes, listed, "{operation:?}: what is tried and what is listed");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_and_what_is_not_allowed_are_problems() {
    let world = World::new().await;
    let nothing = world.send("GET", "/v1/nothing", &[], "").await;
    assert_eq!((nothing.status, &nothing.body["code"]), (404, &Value::from("not_found")));
    let not_allowed = world.send("DELETE", "/v1/events", &[], "").await;
    assert_eq!((not_allowed.status, &not_allowed.body["code"]), (405, &Value::from("method_not_allowed")));
    assert_eq!(not_allowed.headers["allow"], "POST");
}

#[tokio::test(start_paused = true)]
async fn wrong_keys_are_slowed_down_and_right_ones_are_not() {
    let world = World::new().await;
    let begun = tokio::time::Instant::now();
    let mut statuses = Vec::new();
    let wrong: Vec<_> = (0..30).map(|_| tokio::spawn(world.with_key("wrong"))).collect();
    for answer in wrong {
        statuses.push(answer.await.unwrap());
    }
    assert!(begun.elapsed().as_secs() >= 5, "{:?}", begun.elapsed());
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 15, "{statuses:?}");
    assert!(statuses.iter().all(|status| [401, 429].contains(status)), "{statuses:?}");
    let begun = tokio::time::Instant::now();
    assert_eq!(world.with_key(world::KEY).await, 200);
    assert!(begun.elapsed().is_zero());
}
