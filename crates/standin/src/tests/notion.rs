use hookwright_model::Timestamp;
use serde_json::{Value, json};

use super::{Reply, Sender};
use crate::notion::{DATA_SOURCE_ID, DATABASE_ID};
use crate::{Fault, Notion, Running, Standin, Vendor, When};

const JSON: (&str, &str) = ("content-type", "application/json");
const TOKEN: (&str, &str) = ("authorization", "Bearer token-1");
const VERSION: (&str, &str) = ("notion-version", "2025-09-03");
const OLD_VERSION: (&str, &str) = ("notion-version", "2022-06-28");

async fn start(notion: Notion) -> (Running<Notion>, Sender) {
    let running = Standin::start(notion).await.unwrap();
    let sender = Sender::to(&running, &[TOKEN, JSON, VERSION]);
    (running, sender)
}

fn text(content: &str) -> Value {
    json!([{ "type": "text", "text": { "content": content } }])
}

fn page(properties: &Value) -> Value {
    json!({ "parent": { "type": "data_source_id", "data_source_id": DATA_SOURCE_ID }, "properties": properties })
}

fn john() -> Value {
    json!({
        "Name": { "title": text("John Smith") }, "Phone": { "phone_number": "+12025551234" },
        "Email": { "email": "john@example.com" }, "Message": { "rich_text": text("I'd like to know about pricing") },
        "Channel": { "select": { "name": "telegram" } }, "Conversation": { "rich_text": text("42") },
        "Created": { "date": { "start": "2026-05-31T10:00:00Z" } },
    })
}

async fn create(sender: &Sender, properties: Value) -> Reply {
    sender.send("POST", "/v1/pages", &page(&properties)).await
}

#[tokio::test]
async fn credentials_and_version_are_checked() {
    let (running, sender) = start(Notion::new("token-1")).await;
    for (headers, status, code) in [
        (&[JSON, VERSION][..], 401, "unauthorized"),
        (&[JSON, VERSION, ("authorization", "Bearer x")], 401, "unauthorized"),
        (&[JSON, VERSION, ("authorization", "token-1")], 401, "unauthorized"),
        (&[JSON, TOKEN], 400, "missing_version"),
        (&[JSON, TOKEN, ("notion-version", "2026-01-01")], 400, "validation_error"),
        (&[TOKEN, VERSION], 400, "invalid_json"),
    ] {
        let reply = create(&Sender::to(&running, headers), john()).await;
        assert_eq!((reply.status, &reply.body["code"]), (status, &json!(code)), "{headers:?}");
    }
    assert_eq!(sender.try_send("POST", "/v1/pages", "{").await.unwrap().body["code"], "invalid_json");
    assert!(running.target().pages().is_empty());
}

#[tokio::test]
async fn a_page_is_created_and_shown_whole() {
    let (running, sender) = start(Notion::new("token-1")).await;
    let mut body = page(&john());
    body["children"] =
        json!([{ "object": "block", "type": "paragraph", "paragraph": { "rich_text": text("Hello") } }]);
    let reply = sender.send("POST", "/v1/pages", &body).await;
    assert_eq!((reply.status, &reply.body["object"]), (200, &json!("page")), "{:?}", reply.body);
    assert_eq!(reply.body["properties"]["Name"]["title"][0]["plain_text"], "John Smith");
    assert_eq!(reply.body["properties"]["Channel"]["select"]["name"], "telegram");
    assert_eq!(reply.body["created_time"], "2026-05-31T10:00:00.000Z", "rounded down to the minute");
    assert_eq!(running.target().pages(), std::slice::from_ref(&reply.body));
    let shown = &running.target().records()[0];
    assert_eq!(shown.fields.first().unwrap(), &("Name".to_owned(), "John Smith".to_owned()));
    assert_eq!(shown.fields.last().unwrap(), &("(content)".to_owned(), "Hello".to_owned()));

    let empty = json!({
        "Name": { "title": [] }, "Phone": { "phone_number": null }, "Email": { "email": null },
        "Message": { "rich_text": [] }, "Channel": { "select": null }, "Created": { "date": null },
    });
    assert_eq!(create(&sender, empty).await.body["properties"]["Phone"]["phone_number"], Value::Null);
}

#[tokio::test]
async fn properties_are_typed_strictly() {
    let columns = [
        ("Name", "title"),
        ("Text", "rich_text"),
        ("Phone", "phone_number"),
        ("Email", "email"),
        ("Link", "url"),
        ("Channel", "select"),
        ("Tags", "multi_select"),
        ("Stage", "status"),
        ("At", "date"),
        ("Score", "number"),
        ("Hot", "checkbox"),
    ];
    let (running, sender) = start(Notion::new("token-1").with_columns(&columns)).await;
    let long = "🦀".repeat(1_001);
    let refused = [
        json!({ "name": { "title": text("John") } }),
        json!({ "Name": { "rich_text": text("John") } }),
        json!({ "Name": { "title": "John" } }),
        json!({ "Name": { "title": text("John"), "color": "red" } }),
        json!({ "Name": { "type": "rich_text", "title": text("John") } }),
        json!({ "Name": text("John") }),
        json!({ "Text": { "rich_text": null } }),
        json!({ "Text": { "rich_text": text(&long) } }),
        json!({ "Text": { "rich_text": vec![json!({ "text": { "content": "a" } }); 101] } }),
        json!({ "Text": { "rich_text": [{ "text": { "content": "a", "bold": true } }] } }),
        json!({ "Text": { "rich_text": [{ "type": "mention", "text": { "content": "a" } }] } }),
        json!({ "Phone": { "phone_number": "" } }),
        json!({ "Phone": { "phone_number": "1".repeat(201) } }),
        json!({ "Phone": { "phone_number": 1 } }),
        json!({ "Email": { "email": "" } }),
        json!({ "Link": { "url": "" } }),
        json!({ "Link": { "url": "x".repeat(2_001) } }),
        json!({ "Channel": { "select": { "name": "a, b" } } }),
        json!({ "Channel": { "select": { "name": "a".repeat(101) } } }),
        json!({ "Channel": { "select": { "name": "" } } }),
        json!({ "Channel": { "select": "telegram" } }),
        json!({ "Tags": { "multi_select": { "name": "a" } } }),
        json!({ "Tags": { "multi_select": [{ "name": "a", "colour": "red" }] } }),
        json!({ "Stage": { "status": { "name": "New" } } }),
        json!({ "At": { "date": { "start": "31.05.2026" } } }),
        json!({ "At": { "date": { "start": "2026-05-31T10:00:00" } } }),
        json!({ "At": { "date": "2026-05-31" } }),
        json!({ "Score": { "number": "7" } }),
        json!({ "Hot": { "checkbox": null } }),
    ];
    for properties in refused {
        let reply = create(&sender, properties.clone()).await;
        assert_eq!((reply.status, &reply.body["code"]), (400, &json!("validation_error")), "{properties}");
    }
    assert!(running.target().pages().is_empty());
    let taken = json!({
        "Name": { "type": "title", "title": text(&"🦀".repeat(1_000)) }, "Link": { "url": "https://example.com" },
        "Tags": { "multi_select": [{ "name": "a" }, { "name": "b" }] }, "Stage": { "status": { "name": "Done" } },
        "At": { "date": { "start": "2026-05-31" } }, "Score": { "number": 7.5 }, "Hot": { "checkbox": true },
    });
    let reply = create(&sender, taken).await;
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    assert_eq!(running.target().records()[0].fields[2], ("Tags".to_owned(), "a, b".to_owned()));
}

#[tokio::test]
async fn bodies_are_checked() {
    let (running, sender) = start(Notion::new("token-1")).await;
    let with = |member: &str, value: Value| {
        let mut body = page(&john());
        body[member] = value;
        body
    };
    let paragraph = json!({ "object": "block", "type": "paragraph", "paragraph": { "rich_text": [] } });
    for (body, status) in [
        (with("icon", json!({})), 400),
        (with("markdown", json!("# Hello")), 400),
        (with("children", json!([{ "type": "heading_1", "paragraph": { "rich_text": [] } }])), 400),
        (with("children", json!([{ "paragraph": { "rich_text": [], "color": "red" } }])), 400),
        (with("children", vec![paragraph; 101].into()), 400),
        (with("parent", json!({})), 400),
        (with("parent", json!({ "page_id": DATABASE_ID })), 400),
        (with("parent", json!({ "type": "database_id", "data_source_id": DATA_SOURCE_ID })), 400),
        (with("parent", json!({ "data_source_id": DATABASE_ID })), 404),
        (with("parent", json!({ "database_id": DATA_SOURCE_ID })), 404),
        (
            with(
                "properties",
                json!({ "Message": { "rich_text": vec![text(&"a".repeat(500_000))[0].clone()] } }),
            ),
            413,
        ),
        (json!([]), 400),
    ] {
        let reply = sender.send("POST", "/v1/pages", &body).await;
        assert_eq!(reply.status, status, "{:?}", reply.body);
        assert_eq!(reply.body["object"], "error");
    }
    assert!(running.target().pages().is_empty());
}

#[tokio::test]
async fn what_a_page_is_created_in_depends_on_the_version() {
    let database = json!({ "database_id": DATABASE_ID });
    let source = json!({ "data_source_id": DATA_SOURCE_ID.replace('-', "") });
    let statuses = async |notion: Notion| {
        let running = Standin::start(notion).await.unwrap();
        let mut statuses = Vec::new();
        for version in ["2022-06-28", "2025-09-03", "2026-03-11"] {
            let sender = Sender::to(&running, &[TOKEN, JSON, ("notion-version", version)]);
            for parent in [&database, &source] {
                let body = json!({ "parent": parent, "properties": john() });
                statuses.push(sender.send("POST", "/v1/pages", &body).await.status);
            }
        }
        statuses
    };
    assert_eq!(statuses(Notion::new("token-1")).await, [200, 400, 200, 200, 400, 200]);
    assert_eq!(
        statuses(Notion::new("token-1").with_second_data_source()).await,
        [400, 400, 400, 200, 400, 200]
    );
}

#[tokio::test]
async fn a_database_names_its_data_sources() {
    let (running, sender) = start(Notion::new("token-1").with_second_data_source()).await;
    let path = format!("/v1/databases/{DATABASE_ID}");
    let database = sender.get(&path).await.body;
    assert_eq!(database["data_sources"][0], json!({ "id": DATA_SOURCE_ID, "name": "Leads" }));
    assert_eq!(database["data_sources"].as_array().unwrap().len(), 2);
    let old = Sender::to(&running, &[TOKEN, OLD_VERSION]).get(&path).await.body;
    assert_eq!((&old["data_sources"], &old["properties"]["Name"]["type"]), (&Value::Null, &json!("title")));
    assert_eq!(sender.get(&format!("/v1/databases/{DATA_SOURCE_ID}")).await.body["code"], "object_not_found");
}

#[tokio::test]
async fn pages_are_queried() {
    let now: Timestamp = "2026-05-31T10:00:59Z".parse().unwrap();
    let (running, sender) = start(Notion::new("token-1").at(now)).await;
    create(&sender, john()).await;
    create(&sender, json!({ "Name": { "title": text("Jane") }, "Message": { "rich_text": [] } })).await;
    let path = format!("/v1/data_sources/{DATA_SOURCE_ID}/query");
    let found = async |filter: Value| {
        let reply = sender.send("POST", &path, &json!({ "filter": filter, "page_size": 10 })).await;
        assert_eq!(reply.status, 200, "{filter}: {:?}", reply.body);
        reply.body["results"].as_array().unwrap().len()
    };
    let since = |time: &str| json!({ "timestamp": "created_time", "created_time": { "on_or_after": time } });
    let conversation = json!({ "property": "Conversation", "rich_text": { "equals": "42" } });
    assert_eq!(found(conversation.clone()).await, 1);
    assert_eq!(found(json!({ "property": "Conversation", "rich_text": { "equals": "4" } })).await, 0);
    assert_eq!(found(json!({ "property": "Name", "title": { "starts_with": "J" } })).await, 2);
    assert_eq!(found(since("2026-05-31T10:00:00Z")).await, 2);
    assert_eq!(found(since("2026-05-31T10:00:01Z")).await, 0);
    assert_eq!(found(json!({ "and": [conversation, since("2026-05-31T09:58:00Z")] })).await, 1);

    for filter in [
        json!({ "property": "conversation", "rich_text": { "equals": "42" } }),
        json!({ "property": "Conversation", "title": { "equals": "42" } }),
        json!({ "property": "Conversation", "rich_text": { "equals": "" } }),
        json!({ "property": "Conversation", "rich_text": { "equal": "42" } }),
        json!({ "property": "Channel", "select": { "equals": "telegram" } }),
        since("yesterday"),
        json!({ "or": [] }),
        json!(7),
    ] {
        let reply = sender.send("POST", &path, &json!({ "filter": filter })).await;
        assert_eq!(reply.status, 400, "{filter}: {:?}", reply.body);
    }
    let title_only = format!("{path}?filter_properties=title");
    let reply = sender.send("POST", &title_only, &json!({ "page_size": 1 })).await;
    assert_eq!(reply.body["results"][0]["properties"].as_object().unwrap().len(), 1);
    assert_eq!(reply.body["has_more"], true);
    assert_eq!(sender.send("POST", &format!("{path}?x=y"), &json!({})).await.status, 400);
    for body in [json!({ "page_size": 0 }), json!({ "page_size": 101 }), json!({ "sort": [] })] {
        assert_eq!(sender.send("POST", &path, &body).await.status, 400, "{body}");
    }

    let old = Sender::to(&running, &[TOKEN, JSON, OLD_VERSION]);
    assert_eq!(old.send("POST", &path, &json!({})).await.body["code"], "invalid_request_url");
    let old_path = format!("/v1/databases/{DATABASE_ID}/query");
    assert_eq!(old.send("POST", &old_path, &json!({})).await.status, 200);
    assert_eq!(sender.send("POST", &old_path, &json!({})).await.body["code"], "invalid_request_url");
    let unknown = format!("/v1/data_sources/{DATABASE_ID}/query");
    assert_eq!(sender.send("POST", &unknown, &json!({})).await.status, 404);
}

#[tokio::test]
async fn the_limit_answers_as_notion_does() {
    let (running, sender) = start(Notion::new("token-1")).await;
    running.script(When::next(1), Fault::Answer(running.target().too_many_requests()));
    let reply = create(&sender, john()).await;
    assert_eq!((reply.status, &reply.body["code"]), (429, &json!("rate_limited")));
    assert_eq!(reply.headers["retry-after"], "1");
    assert!(running.target().pages().is_empty());
}
