//! Plugins that mean harm: their own deliveries are held, and nobody else notices.

use bytes::Bytes;
use hookwright_hostile::{Answer, Guest, RESULT, catalogue};
use hookwright_standin::{Receiver, Standin};
use rustix::process::Signal;
use serde_json::json;

use crate::harness::{Home, lead, until};

const LOOP: &str = "(loop $again (br $again)) unreachable";
const EATER: &str =
    "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";

/// A plugin that sends the word `text`.
fn mended() -> Bytes {
    Guest::answering(&Answer::request())
}

#[tokio::test]
async fn hostile_plugins_are_held_others_are_delivered_and_a_mended_version_delivers_what_was_held() {
    let healthy = Standin::start(Receiver::default()).await.unwrap();
    let target = Standin::start(Receiver::default()).await.unwrap();
    let server = Home::new().start().await;
    let api = &server.api;
    let project = api.project().await;
    let hostile = [
        ("loops", LOOP, "mapping_limit", "instructions"),
        ("traps", "unreachable", "mapping_trap", "unreachable"),
        ("eats-memory", EATER, "mapping_limit", "64 MiB"),
    ];
    let mut webhooks = Vec::new();
    for (name, transform, ..) in hostile {
        assert_eq!(api.upload(&project, name, Guest::transforming(transform)).await.json(201)["version"], 1);
        let mapping = json!({ "plugin": name });
        webhooks.push(api.webhook(&project, &json!({ "url": target.url(), "mapping": mapping })).await);
    }
    api.webhook(&project, &json!({ "url": healthy.url() })).await;

    let mut deliveries = Vec::new();
    for n in 0..5_u8 {
        deliveries.extend(api.event(&project, &lead::saying(&n.to_string())).await);
    }
    healthy.wait_for(5).await;
    let mut held = Vec::new();
    for id in &deliveries {
        let delivery = api.settled(id).await;
        let Some(index) = webhooks.iter().position(|webhook| webhook["id"] == delivery["webhook"]) else {
            assert_eq!(delivery["state"], "delivered");
            continue;
        };
        let (name, _, kind, words) = hostile[index];
        assert_eq!(delivery["state"], "held", "{name}: {delivery}");
        let attempt = &delivery["attempts"][0];
        assert_eq!(attempt["error"]["kind"], kind, "{name}: {attempt}");
        assert!(attempt["error"]["message"].as_str().unwrap().contains(words), "{name}: {attempt}");
        assert!(attempt["hint"].as_str().unwrap().contains("then resend"), "{name}: {attempt}");
        held.push(id);
    }
    assert_eq!((held.len(), target.count()), (15, 0));

    for (name, ..) in hostile {
        assert_eq!(api.upload(&project, name, mended()).await.json(201)["version"], 2);
    }
    for id in held {
        api.post(&format!("/v1/deliveries/{id}/resend"), &json!({})).await.json(202);
        let delivery = api.settled(id).await;
        assert_eq!(delivery["state"], "delivered", "{delivery}");
    }
    assert!(target.received().iter().all(|received| received.request.body == "text"));
    assert_eq!(target.count(), 15);
}

#[tokio::test]
async fn a_process_for_long_calls_that_hangs_or_is_killed_holds_up_no_other_plugin_and_loses_no_delivery() {
    let target = Standin::start(Receiver::default()).await.unwrap();
    let server = Home::with_args(&[
        "--allow-target",
        "127.0.0.0/8",
        "--plugin-limit",
        "fuel=10000000000",
        "--plugin-limit",
        "processor_ms=30000",
        "--plugin-workers",
        "1",
    ]);
    let server = server.start().await;
    let api = &server.api;
    let (slow, quick) = (api.project().await, api.project().await);
    let count = "(local $left i32) (local.set $left (i32.const 200000000))
        (loop $again (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))";
    let transform = format!("{count} i32.const {RESULT}");
    let long = Guest { transform, result: Answer::request().bytes(), ..Guest::default() };
    for (project, component) in [(&slow, long.build()), (&quick, mended())] {
        api.upload(project, "mine", component).await.json(201);
        let mapping = json!({ "plugin": "mine" });
        api.webhook(project, &json!({ "url": target.url(), "mapping": mapping })).await;
    }

    // Not all of its first calls are quick.
    for _ in 0..9 {
        let id = api.one_delivery(&quick, &lead::sample()).await;
        assert_eq!(api.settled(&id).await["state"], "delivered");
    }
    let [runner] = server.system().jobs("run")[..] else { panic!("uploads are described in a process") };
    runner.signal(Signal::STOP);
    let stuck = api.one_delivery(&slow, &lead::sample()).await;
    for _ in 0..5 {
        let id = api.one_delivery(&quick, &lead::sample()).await;
        assert_eq!(api.settled(&id).await["state"], "delivered");
    }
    assert_eq!(api.delivery(&stuck).await["state"], "delivering");
    runner.signal(Signal::KILL);
    let delivery = api.settled(&stuck).await;
    assert_eq!(delivery["state"], "delivered", "{delivery}");
    assert_eq!(delivery["attempts"].as_array().unwrap().len(), 1, "{delivery}");

    let [runner] = server.system().jobs("run")[..] else { panic!("another process made the call") };
    server.kill().await;
    until("the process to end with the server", async || (!runner.runs()).then_some(())).await;
}

#[tokio::test]
async fn components_that_cannot_be_used_are_refused_with_words() {
    let server = Home::new().start().await;
    let api = &server.api;
    let project = api.project().await;
    let looping = Guest { describe: LOOP.into(), ..Guest::default() };
    let future =
        Guest { wit: Guest::default().wit.replace("mapping@1.0.0", "mapping@9.0.0"), ..Guest::default() };
    for (component, words) in [
        (Bytes::from_static(b"not a component"), "not WebAssembly"),
        (Guest::default().module().into(), "core WebAssembly module"),
        (looping.build(), "instructions"),
        (future.build(), "9.0.0"),
    ] {
        let problem = api.upload(&project, "mine", component).await.problem(422, "invalid_input");
        assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
    }
    let problem = api.upload(&project, "hubspot", mended()).await.problem(409, "conflict");
    assert!(problem["detail"].as_str().unwrap().contains("a bundled plugin"), "{problem}");
    api.upload(&project, "No_Name", mended()).await.problem(422, "invalid_input");

    let plugins = api.get(&format!("/v1/projects/{project}/plugins")).await.json(200);
    let names: Vec<&str> =
        plugins["data"].as_array().unwrap().iter().filter_map(|plugin| plugin["name"].as_str()).collect();
    assert!(names.contains(&"hubspot") && !names.contains(&"mine"), "{names:?}");
}

#[tokio::test]
async fn a_pinned_version_stays_in_use_and_another_project_sees_nothing() {
    let target = Standin::start(Receiver::default()).await.unwrap();
    let server = Home::new().start().await;
    let api = &server.api;
    let (project, other) = (api.project().await, api.project().await);
    api.upload(&project, "mine", mended()).await.json(201);
    let mapping = json!({ "plugin": "mine", "version": 1 });
    api.webhook(&project, &json!({ "url": target.url(), "mapping": mapping })).await;
    api.upload(&project, "mine", Guest::transforming("unreachable")).await.json(201);
    let again = api.upload(&project, "mine", Guest::transforming("unreachable")).await.json(200);
    assert_eq!(again["version"], 2, "the very component of the newest version is no new version");

    let id = api.one_delivery(&project, &lead::sample()).await;
    assert_eq!(api.settled(&id).await["state"], "delivered");
    let members = json!({ "url": target.url(), "mapping": { "plugin": "mine" } });
    api.try_webhook(&other, &members).await.refuses("/mapping/plugin", "there is no plugin `mine`");
}

#[tokio::test]
async fn a_plugin_that_calls_without_end_is_held_after_eight_steps() {
    let target = Standin::start(Receiver::default()).await.unwrap();
    let server = Home::new().start().await;
    let api = &server.api;
    let project = api.project().await;
    let case = catalogue().into_iter().find(|case| case.name == "call-without-end").unwrap();
    api.upload(&project, "endless", (case.build)()).await.json(201);
    api.webhook(&project, &json!({ "url": target.url(), "mapping": { "plugin": "endless" } })).await;

    let held = api.settled(&api.one_delivery(&project, &lead::sample()).await).await;
    assert_eq!((&held["state"], target.count()), (&json!("held"), 8), "{held}");
    let attempts = held["attempts"].as_array().unwrap();
    let error = attempts.iter().map(|attempt| &attempt["error"]).find(|error| !error.is_null()).unwrap();
    assert_eq!(error["kind"], "mapping_limit", "{held}");
    assert!(error["message"].as_str().unwrap().contains("more than 8 calls"), "{held}");
    assert!(held["reason"].as_str().unwrap().contains("more than 8 calls"), "{held}");
}
