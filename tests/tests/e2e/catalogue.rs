//! The catalogue of plugins that mean harm, uploaded to one server by several projects at once. The plugin host's own tests
//! have every case; here is one per limit and verdict, on its whole way from the upload to the log.

use std::collections::HashSet;

use hookwright_hostile::{Case, Verdict, catalogue};
use hookwright_standin::{Receiver, Running, Standin};
use serde_json::{Value, json};

use crate::harness::{Api, Home, lead, until};

/// One more than compile at the same time.
const PROJECTS: usize = 3;

/// One case per limit and verdict.
fn cases() -> Vec<Case> {
    let mut seen = HashSet::new();
    let mut cases = catalogue();
    cases.retain(|case| seen.insert((case.limit, case.verdict.to_string())));
    // It has a test of its own, of what it wants sent.
    cases.retain(|case| case.name != "call-without-end");
    cases
}

#[tokio::test]
async fn many_projects_upload_the_catalogue_and_leave_the_server_as_it_was() {
    let server = Home::new().start().await;
    // The first round starts what serves all later ones, such as worker processes.
    harm(server.api.url()).await;
    let resources = || (server.system().open_files(), server.system().threads());
    let before = resources();
    harm(server.api.url()).await;
    let after = until("open files and threads to be no more than they were", async || {
        let after = resources();
        (after.0 <= before.0 && after.1 <= before.1).then_some(after)
    })
    .await;
    println!("open files and threads: {before:?} before, {after:?} after");
    let target = Standin::start(Receiver::default()).await.unwrap();
    let project = server.api.project().await;
    let mapping = json!({ "plugin": "json-template", "settings": { "body": { "name": "{{ lead.name }}" } } });
    server.api.webhook(&project, &json!({ "url": target.url(), "mapping": mapping })).await;
    deliver(&server.api, &project).await;
    assert_eq!(target.received()[0].request.json().unwrap(), json!({ "name": "John Smith" }));
}

/// Uploads and calls all cases, while another project's leads are delivered. Its connections end with it.
async fn harm(url: &str) {
    let target = Standin::start(Receiver::default()).await.unwrap();
    let api = Api::new(url.to_owned());
    let healthy = api.project().await;
    api.webhook(&healthy, &json!({ "url": target.url() })).await;
    let cases = cases();
    assert!(cases.len() > 30, "{} cases", cases.len());
    let share = async |number: usize| {
        let project = api.project().await;
        for case in cases.iter().skip(number).step_by(PROJECTS) {
            judge(&api, &project, &target, case).await;
            deliver(&api, &healthy).await;
        }
    };
    tokio::join!(share(0), share(1), share(2));
}

async fn deliver(api: &Api, project: &str) {
    let delivery = api.one_delivery(project, &lead::sample()).await;
    assert_eq!(api.settled(&delivery).await["state"], "delivered");
}

/// Uploads the component and, if it is taken, delivers a lead with it.
async fn judge(api: &Api, project: &str, target: &Running<Receiver>, case: &Case) {
    let uploaded = api.upload(project, case.name, (case.build)()).await;
    let refusal = match case.verdict {
        Verdict::Refused => Some((422, "invalid_input")),
        Verdict::TooLarge => Some((413, "too_large")),
        _ => None,
    };
    if let Some((status, code)) = refusal {
        return says(case, &uploaded.problem(status, code)["detail"]);
    }
    uploaded.json(201);
    let mapping = json!({ "plugin": case.name });
    let webhook = api.webhook(project, &json!({ "url": target.url(), "mapping": mapping })).await;
    let delivery = api.settled(&api.one_delivery(project, &lead::sample()).await).await;
    let error = &delivery["attempts"][0]["error"];
    let held_for = |kind: &str| {
        assert_eq!((&delivery["state"], &error["kind"]), (&json!("held"), &json!(kind)), "{}", case.name);
        says(case, &error["message"]);
    };
    match case.verdict {
        Verdict::Trap => held_for("mapping_trap"),
        Verdict::Limit => held_for("mapping_limit"),
        Verdict::Invalid => held_for("mapping_invalid"),
        // Sent, skipped, failed by the plugin's own choice, or a receipt where nothing was sent.
        _ => assert!(
            error.is_null()
                || error["kind"] == "mapping_permanent"
                || error["message"].as_str().unwrap().contains("before anything was sent"),
            "{}: {error}",
            case.name
        ),
    }
    let path = format!("/v1/webhooks/{}", webhook["id"].as_str().unwrap());
    assert_eq!(api.send("DELETE", &path, &[], "").await.status, 204);
}

fn says(case: &Case, message: &Value) {
    let message = message.as_str().unwrap();
    assert!(case.words.iter().all(|word| message.contains(word)), "{}: {message}", case.name);
}
