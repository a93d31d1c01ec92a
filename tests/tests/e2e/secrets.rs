//! A webhook's secrets stay with it, whatever its target answers.

use hookwright_standin::{Answer, Receiver, Standin};
use serde_json::{Value, json};

use crate::harness::{Home, lead};

const TOKEN: &str = "pat-eu1-0a1b2c3d4e5f";
const PATH: &str = "B0OFx45678SeCrEt";

#[tokio::test]
async fn a_target_that_repeats_secrets_does_not_get_them_shown_or_stored() {
    let echo =
        json!({ "you sent": { "authorization": format!("Bearer {TOKEN}"), "to": format!("/in/{PATH}") } });
    let answer = Answer::json(422, &echo).header("location", &format!("https://a.example/{PATH}?t={TOKEN}"));
    let target = Standin::start(Receiver::answering(answer)).await.unwrap();
    let home = Home::new();
    let server = home.start().await;
    let project = server.api.project().await;
    let url = format!("{}/in/{PATH}", target.url());
    let headers = json!({ "authorization": format!("Bearer {TOKEN}") });
    let webhook = server.api.webhook(&project, &json!({ "url": url, "headers": headers })).await;

    let delivery = server.api.one_delivery(&project, &lead::sample()).await;
    let failed = server.api.settled(&delivery).await;
    assert_eq!(failed["state"], "failed");
    let id = webhook["id"].as_str().unwrap();
    let tested = server.api.post(&format!("/v1/webhooks/{id}/test"), &json!({})).await;
    let received = target.received();
    assert!(received.iter().all(|received| received.request.path().contains(PATH)));

    let shown = [failed.to_string(), String::from_utf8_lossy(&tested.body).into_owned()];
    let file = std::fs::read(home.path().join("hookwright.redb")).unwrap();
    let printed = server.stop().await;
    for secret in [TOKEN, PATH] {
        assert!(shown.iter().all(|text| !text.contains(secret)), "{secret} is shown: {shown:?}");
        assert!(!printed.contains(secret), "{secret} is logged");
        let holds = |bytes: &[u8]| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!holds(&file), "{secret} is in the file");
    }
    assert!(shown[0].contains("you sent"), "the reply is shown: {}", shown[0]);
}

#[tokio::test]
async fn header_values_are_not_sent_to_another_server_than_they_were_given_for() {
    let (target, other) = (Standin::start(Receiver::default()), Standin::start(Receiver::default()));
    let (target, other) = (target.await.unwrap(), other.await.unwrap());
    let server = Home::new().start().await;
    let project = server.api.project().await;
    let headers = json!({ "authorization": format!("Bearer {TOKEN}") });
    let webhook = server.api.webhook(&project, &json!({ "url": target.url(), "headers": headers })).await;
    let path = format!("/v1/webhooks/{}", webhook["id"].as_str().unwrap());

    let refused = server.api.patch(&path, &json!({ "url": other.url() })).await.json(422);
    assert_eq!(refused["errors"][0]["pointer"], "/headers/authorization", "{refused}");
    let given = json!({ "url": other.url(), "headers": { "authorization": "Bearer another" } });
    let changed: Value = server.api.patch(&path, &given).await.json(200);
    assert_eq!(changed["revision"], 2);
    let delivery = server.api.one_delivery(&project, &lead::sample()).await;
    assert_eq!(server.api.settled(&delivery).await["state"], "delivered");
    assert_eq!(other.received()[0].request.header("authorization"), Some("Bearer another"));
    assert!(target.received().is_empty());
}
