//! Uploads wait for the compiler and for memory; deliveries do not.

use bytes::Bytes;
use hookwright_hostile::{Answer, Guest};
use hookwright_standin::{Receiver, Standin};
use rustix::process::Signal;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::harness::{self, ADMIN_KEY, Api, Home, Process, Server, lead, until};

/// A plugin that sends the word `text`, and that no server has compiled before.
fn new_plugin(home: &Home, number: u8) -> Bytes {
    plugin_with(home, number, "")
}

/// Such a plugin, which takes a while to compile.
fn new_large_plugin(home: &Home, number: u8) -> Bytes {
    let sum = "(i32.mul (i32.add (local.get 0) (local.get 1)) (i32.xor (local.get 0) (local.get 1)))";
    let body = format!("(local.set 0 {sum}) (local.set 1 {sum})").repeat(20);
    let function = format!("(func (param i32 i32) (result i32) {body} {sum})");
    plugin_with(home, number, &function.repeat(2_000))
}

fn plugin_with(home: &Home, number: u8, items: &str) -> Bytes {
    let name = home.path().file_name().unwrap().to_str().unwrap();
    let items = format!(r#"(data (i32.const 3000) "{name} {number}") {items}"#);
    Guest { items, result: Answer::request().bytes(), ..Guest::default() }.build()
}

fn upload(api: &Api, project: &str, name: &str, component: Bytes) -> JoinHandle<harness::Answer> {
    let (api, project, name) = (api.clone(), project.to_owned(), name.to_owned());
    tokio::spawn(async move { api.upload(&project, &name, component).await })
}

/// The process in which the server compiles, stopped as soon as it has limited itself.
async fn stopped_compiler(server: &Server) -> Process {
    let compiler = until("the server to compile", async || {
        let compilers = server.system().jobs("compile");
        compilers.into_iter().find(|child| child.status("NoNewPrivs").is_some_and(|set| set == "1"))
    })
    .await;
    compiler.signal(Signal::STOP);
    compiler
}

#[tokio::test]
async fn a_server_that_is_killed_while_it_compiles_leaves_no_process_behind() {
    let home = Home::new();
    let server = home.start().await;
    let project = server.api.project().await;
    let upload = upload(&server.api, &project, "mine", new_large_plugin(&home, 0));
    // It cannot end by itself any more.
    let compiler = stopped_compiler(&server).await;
    assert!(!upload.is_finished());
    server.kill().await;
    until("the compiler to end", async || (!compiler.runs()).then_some(())).await;
    upload.abort();
}

#[tokio::test]
async fn a_full_queue_refuses_uploads_while_deliveries_and_other_projects_go_on() {
    let target = Standin::start(Receiver::default()).await.unwrap();
    let home = Home::new();
    let server = home.start().await;
    let api = &server.api;
    let (busy, other) = (api.project().await, api.project().await);
    api.upload(&busy, "ready", new_plugin(&home, 100)).await.json(201);
    api.webhook(&busy, &json!({ "url": target.url(), "mapping": { "plugin": "ready" } })).await;

    let mut uploads = vec![upload(api, &busy, "p0", new_large_plugin(&home, 0))];
    let compiler = stopped_compiler(&server).await;
    uploads.extend((1..=4).map(|n| upload(api, &busy, &format!("p{n}"), new_plugin(&home, n))));
    let all_wait = "an upload waits for the compiler";
    until("four uploads to wait", async || (server.printed().matches(all_wait).count() == 4).then_some(()))
        .await;

    let check = format!("/v1/projects/{busy}/plugins/p5/check");
    for refused in [
        api.upload(&busy, "p5", new_plugin(&home, 5)).await,
        api.send("POST", &check, &[], new_plugin(&home, 5)).await,
    ] {
        let problem = refused.problem(503, "unavailable");
        assert!(problem["detail"].as_str().unwrap().contains("4 uploads are waiting"), "{problem}");
        assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    }
    let delivery = api.one_delivery(&busy, &lead::sample()).await;
    assert_eq!(api.settled(&delivery).await["state"], "delivered");
    let at_once = api.upload(&other, "mine", new_plugin(&home, 6)).await.json(201);
    assert!(at_once["waited_ms"].is_u64() && at_once["compile_ms"].is_u64(), "{at_once}");

    let stopped = uploads.iter().filter(|upload| !upload.is_finished()).count();
    assert_eq!(stopped, 5);
    compiler.signal(Signal::CONT);
    for (n, upload) in uploads.into_iter().enumerate() {
        let uploaded = upload.await.unwrap().json(201);
        assert!(uploaded["compile_ms"].is_u64(), "{uploaded}");
        assert!(n == 0 || uploaded["waited_ms"].as_u64().unwrap() > 0, "{uploaded}");
    }
}

/// A connection that announces a component and does not send it.
async fn announced(api: &Api, project: &str, bytes: usize) -> TcpStream {
    let host = api.url().strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(host).await.unwrap();
    let head = format!(
        "PUT /v1/projects/{project}/plugins/slow HTTP/1.1\r\nhost: {host}\r\n\
         authorization: Bearer {ADMIN_KEY}\r\ncontent-length: {bytes}\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection
}

#[tokio::test]
async fn components_that_are_being_sent_take_memory_of_their_own_project_only() {
    const COMPONENT: usize = 2_000_000;
    let target = Standin::start(Receiver::default()).await.unwrap();
    let home =
        Home::with_args(&["--allow-target", "127.0.0.0/8", "--plugin-limit", "component_bytes=2000000"]);
    let server = home.start().await;
    let api = &server.api;
    let (slow, other) = (api.project().await, api.project().await);
    api.webhook(&slow, &json!({ "url": target.url() })).await;

    let mut connections = Vec::new();
    for _ in 0..200 {
        connections.push(announced(api, &slow, COMPONENT).await);
    }
    let component = new_plugin(&home, 0);
    // What is only announced is in nobody's way.
    api.upload(&slow, "mine", component.clone()).await.json(201);
    let large = Bytes::from(vec![0; COMPONENT]);
    // One that comes while another is read may be refused in its place: those that hold memory are added one by one.
    for holder in 0.. {
        assert!(holder < 20, "the memory of the project is never taken");
        let mut connection = announced(api, &slow, COMPONENT).await;
        // It may be refused, and closed, before it has sent everything.
        let _ = connection.write_all(&vec![0; COMPONENT - 1]).await;
        connections.push(connection);
        let refused = api.upload(&slow, "large", large.clone()).await;
        if refused.status == 503 {
            assert!(!refused.header("retry-after").is_empty());
            break;
        }
    }
    // Small bodies never wait for large ones.
    api.upload(&slow, "mine", component.clone()).await.json(200);
    api.upload(&other, "mine", component.clone()).await.json(201);
    let delivery = api.one_delivery(&slow, &lead::sample()).await;
    assert_eq!(api.settled(&delivery).await["state"], "delivered");

    drop(connections);
    until("the memory to be free again", async || {
        (api.upload(&slow, "large", large.clone()).await.status != 503).then_some(())
    })
    .await;
    // Refused before anything of it is kept, and the answer arrives although nobody takes the whole.
    let large = api.upload(&other, "large", vec![0; 4 * COMPONENT].into()).await;
    let problem = large.problem(413, "too_large");
    assert!(problem["detail"].as_str().unwrap().contains("at most 2000000"), "{problem}");
}
