//! Settings schemas that mean harm: whoever saves such settings is told so, and nobody else notices.

use bytes::Bytes;
use hookwright_hostile::{About, Guest};
use serde_json::{Value, json};

use crate::harness::{Api, Home};

/// A plugin whose schema takes no time until a setting `a` is there: then it uses another one twice, which uses another
/// one twice, and so on.
fn exploding() -> Bytes {
    let levels = 30;
    let twice = |level: u32| {
        let next = json!({ "$ref": format!("#/$defs/{}", level + 1) });
        (level.to_string(), json!({ "allOf": [next, next] }))
    };
    let mut levels: serde_json::Map<String, Value> =
        (0..levels).map(twice).chain([(levels.to_string(), json!({}))]).collect();
    levels.insert("a".to_owned(), json!({ "$ref": "#/$defs/0" }));
    let schema = json!({ "properties": { "a": { "$ref": "#/$defs/a" } }, "$defs": levels }).to_string();
    Guest { about: About { schema, ..About::default() }, pages: 8, ..Guest::default() }.build()
}

/// The answer of one request, while the server tells again and again that it is well.
async fn meanwhile_well<T>(api: &Api, request: impl Future<Output = T>) -> T {
    let mut request = std::pin::pin!(request);
    let mut told = 0;
    loop {
        tokio::select! {
            answer = &mut request => {
                assert!(told > 10, "told {told} times");
                return answer;
            }
            health = api.get("/healthz") => {
                assert_eq!(health.status, 200);
                told += 1;
            }
        }
    }
}

#[tokio::test]
async fn settings_that_make_the_check_explode_are_refused_while_the_server_goes_on() {
    let server = Home::new().start().await;
    let api = &server.api;
    let project = api.project().await;
    api.upload(&project, "explodes", exploding()).await.json(201);
    let settings = json!({ "a": 1 });
    let mapping = json!({ "plugin": "explodes", "settings": settings });
    let webhook = json!({ "url": "https://crm.example", "mapping": mapping });
    let created = meanwhile_well(api, api.try_webhook(&project, &webhook)).await;
    created.refuses("/mapping/settings", "2 s of processor time");

    let preview = format!("/v1/projects/{project}/plugins/explodes/preview");
    let previewed = meanwhile_well(api, api.post(&preview, &json!({ "settings": settings }))).await;
    previewed.refuses("/settings", "2 s of processor time");
}
