//! Silent clients: they take no connection, no file and no time from those who have something to say.

use hookwright_standin::{Receiver, Standin};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::{DEADLINE, Home, lead, until};

/// Far more than a limit of 256 files allows.
const SILENT: usize = 400;

#[tokio::test]
async fn silent_and_half_sent_connections_keep_nobody_out() {
    let target = Standin::start(Receiver::default()).await.unwrap();
    let home = Home::new();
    let server = home.start_limited("ulimit -n 256").await;
    let address = server.api.url().trim_start_matches("http://").to_owned();
    let mut silent = Vec::new();
    for number in 0..SILENT {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        if number % 2 == 0 {
            stream.write_all(b"POST /v1/events HTTP/1.1\r\nhost: h\r\nauthoriz").await.unwrap();
        }
        silent.push(stream);
    }
    // A new connection is served while all of these are open, the store writes, deliveries go out, and a plugin is
    // described and its settings are checked, each in a process of its own.
    let project = server.api.project().await;
    server.api.webhook(&project, &json!({ "url": target.url() })).await;
    let hubspot =
        json!({ "url": target.url(), "mapping": { "plugin": "hubspot", "settings": { "note": false } } });
    let hubspot = server.api.webhook(&project, &hubspot).await;
    server.api.send("DELETE", &format!("/v1/webhooks/{}", hubspot["id"].as_str().unwrap()), &[], "").await;
    let id = server.api.one_delivery(&project, &lead::sample()).await;
    assert_eq!(server.api.settled(&id).await["state"], "delivered");
    assert_eq!(server.printed().matches("too many connections").count(), 1, "{}", server.printed());

    // The first ones were closed, and once the others have gone, that is said.
    let mut rest = Vec::new();
    let _ = timeout(DEADLINE, silent[0].read_to_end(&mut rest)).await.expect("the oldest connection is open");
    drop(silent);
    until("the end of the crowd to be logged", async || {
        server.printed().contains("there is room for connections again").then_some(())
    })
    .await;
    assert!(server.printed().contains("the limit of open files allows fewer"), "{}", server.printed());
}
