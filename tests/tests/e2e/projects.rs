//! Projects are apart: what one has, another neither sees nor uses, although names are the same.

use bytes::Bytes;
use hookwright_hostile::{Answer, Guest};
use hookwright_standin::{Receiver, Running, Standin};
use serde_json::{Value, json};

use crate::harness::{Api, Home, lead};

/// A plugin that sends requests to this path.
fn sending_to(path: &str) -> Bytes {
    Guest::answering(&Answer::to(path))
}

async fn receiver() -> Running<Receiver> {
    Standin::start(Receiver::default()).await.unwrap()
}

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

async fn delete(api: &Api, path: &str) -> u16 {
    api.send("DELETE", path, &[], "").await.status
}

#[tokio::test]
async fn plugins_of_the_same_name_are_different_plugins() {
    let (first_target, second_target) = (receiver().await, receiver().await);
    let server = Home::new().start().await;
    let api = &server.api;
    let (first, second, third) = (api.project().await, api.project().await, api.project().await);
    for (project, target, path) in [(&first, &first_target, "/first"), (&second, &second_target, "/second")] {
        let uploaded = api.upload(project, "mine", sending_to(path)).await.json(201);
        assert_eq!(uploaded["version"], 1);
        api.webhook(project, &json!({ "url": target.url(), "mapping": { "plugin": "mine" } })).await;
    }
    // The very component of another project, whose name and versions go without it.
    assert_eq!(api.upload(&third, "mine", sending_to("/first")).await.json(201)["version"], 1);
    assert_eq!(delete(api, &format!("/v1/projects/{third}/plugins/mine")).await, 204);

    for (project, target, path) in [(&first, &first_target, "/first"), (&second, &second_target, "/second")] {
        let delivery = api.one_delivery(project, &lead::sample()).await;
        assert_eq!(api.settled(&delivery).await["state"], "delivered");
        let received = target.received();
        assert_eq!((received.len(), received[0].request.path()), (1, path));
    }
    api.upload(&first, "mine", sending_to("/again")).await.json(201);
    let plugin = format!("/v1/projects/{second}/plugins/mine");
    assert_eq!(api.get(&plugin).await.json(200)["version"], 1);
    api.get(&format!("{plugin}/versions/2")).await.problem(404, "not_found");
    let mapping = json!({ "plugin": "mine", "version": 2 });
    let members = json!({ "url": second_target.url(), "mapping": mapping });
    api.try_webhook(&second, &members).await.refuses("/mapping/version", "2");
}

#[tokio::test]
async fn a_plugin_of_another_project_is_not_there() {
    let target = receiver().await;
    let server = Home::new().start().await;
    let api = &server.api;
    let (owner, other) = (api.project().await, api.project().await);
    api.upload(&owner, "own", sending_to("/own")).await.json(201);
    let webhook = api.webhook(&other, &json!({ "url": target.url() })).await;

    let plugin = format!("/v1/projects/{other}/plugins/own");
    for path in ["", "/versions", "/versions/1", "/versions/latest", "/versions/1/component"] {
        api.get(&format!("{plugin}{path}")).await.problem(404, "not_found");
    }
    for path in ["", "/versions/1"] {
        assert_eq!(delete(api, &format!("{plugin}{path}")).await, 404, "{path}");
    }
    api.post(&format!("{plugin}/preview"), &json!({})).await.problem(404, "not_found");
    let list = api.get(&format!("/v1/projects/{other}/plugins")).await.json(200);
    assert!(list["data"].as_array().unwrap().iter().all(|plugin| plugin["name"] != "own"), "{list}");

    let mapping = json!({ "mapping": { "plugin": "own" } });
    let members = json!({ "url": target.url(), "mapping": mapping["mapping"] });
    api.try_webhook(&other, &members).await.refuses("/mapping/plugin", "no plugin `own`");
    let change = api.patch(&format!("/v1/webhooks/{}", id(&webhook)), &mapping).await;
    change.refuses("/mapping/plugin", "no plugin `own`");
    assert_eq!(api.get(&format!("/v1/projects/{owner}/plugins/own")).await.status, 200);
}

#[tokio::test]
async fn webhooks_deliveries_and_events_are_those_of_the_project_in_the_path() {
    let (target, other_target) = (receiver().await, receiver().await);
    let server = Home::new().start().await;
    let api = &server.api;
    let (owner, other) = (api.project().await, api.project().await);
    let settings = json!({ "lifecycle_stage": "customer" });
    let mapping = json!({ "plugin": "hubspot", "settings": settings });
    let mapped = api.webhook(&owner, &json!({ "url": target.url(), "mapping": mapping })).await;
    let webhook = api.webhook(&owner, &json!({ "url": target.url() })).await;
    assert_eq!(delete(api, &format!("/v1/webhooks/{}", id(&mapped))).await, 204);
    let others = json!({ "url": other_target.url(), "mapping": { "plugin": "hubspot" } });
    let others = api.webhook(&other, &others).await;
    assert_eq!(others["mapping"]["settings"], json!({}), "settings are those of one webhook");
    let delivery = api.settled(&api.one_delivery(&owner, &lead::sample()).await).await;
    assert_eq!((target.count(), other_target.count()), (1, 0));

    let log = format!("/v1/projects/{other}/deliveries");
    let event = delivery["event"].as_str().or(delivery["event"]["id"].as_str()).unwrap();
    for query in ["", &format!("webhook={}", id(&webhook)), &format!("event={event}")] {
        assert_eq!(api.get(&format!("{log}?{query}")).await.json(200)["data"], json!([]), "{query}");
    }
    assert_eq!(api.get(&format!("{log}?cursor={}", id(&delivery))).await.json(200)["data"], json!([]));
    let listed = api.get(&format!("/v1/projects/{other}/webhooks")).await.json(200);
    let listed: Vec<&str> = listed["data"].as_array().unwrap().iter().map(id).collect();
    assert_eq!(listed, [id(&others)]);
    let preview = format!("/v1/projects/{other}/plugins/hubspot/preview");
    api.post(&preview, &json!({ "event": event })).await.refuses("/event", "has no event");

    // An id of something else is nothing here.
    for path in [
        format!("/v1/webhooks/{}", id(&delivery)),
        format!("/v1/webhooks/{owner}"),
        format!("/v1/deliveries/{}", id(&webhook)),
        format!("/v1/deliveries/{event}"),
        format!("/v1/projects/{}", id(&webhook)),
        format!("/v1/projects/{}/webhooks", id(&webhook)),
        format!("/v1/projects/{}/deliveries", id(&delivery)),
        format!("/v1/projects/{}/plugins/hubspot", id(&webhook)),
    ] {
        api.get(&path).await.problem(404, "not_found");
    }
}
