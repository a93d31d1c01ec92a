//! Targets that repeat what they were sent: the webhook's secrets are masked in everything that is kept.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookwright_engine::ports::OutboundRequest;
use hookwright_model::{CustomHeaders, TargetUrl};

use crate::server::{Answer, Server, reply};
use crate::{exchange, post, secret};

const TOKEN: &str = "pat-eu1-0a1b2c3d";
const PATH: &str = "B0OFx4567890";

fn with_secrets(server: &Server) -> OutboundRequest {
    let url = server.url(&format!("/services/{PATH}?token=q9z")).replace("http://", "http://alice:p4ssw0rd@");
    let mut request = post(&url, b"{}");
    request.custom_headers =
        CustomHeaders::parse([("authorization", format!("Bearer {TOKEN}").as_str()), ("x-key", "k3y-k3y")])
            .unwrap();
    request
}

#[tokio::test]
async fn secrets_that_come_back_are_masked() {
    let signing = secret().reveal();
    let basic = STANDARD.encode("alice:p4ssw0rd");
    let json = STANDARD.encode(format!("{{\"token\": \"{TOKEN}\"}}"));
    let body = format!(
        "<p>Bearer {TOKEN}</p> {basic} {json} key=k3y%2Dk3y {signing} /services/{PATH}?token=q9z p4ssw0rd \
         contacts stay"
    );
    let headers = format!(
        "location: https://other.example/services/{PATH}?token=q9z\r\nx-echo: authorization=Bearer+{TOKEN}\r\n\
         www-authenticate: Basic realm=\"k3y-k3y\"\r\n"
    );
    let answers = [
        reply("200 OK", &headers, body.as_bytes()),
        // Also in what is shown of a reply that cannot be parsed.
        format!("HTTP/1.1 401 No\r\ncontent-length: x\r\n{headers}\r\n{body}").into_bytes(),
    ];
    for answer in answers {
        let server = Server::start(Answer::BytesAndClose(answer)).await;
        let exchange = exchange(with_secrets(&server)).await;
        let shown = format!("{exchange:?} {:?}", exchange.outcome.as_ref().map(|reply| reply.body.clone()));
        for secret in
            [TOKEN, "k3y-k3y", "k3y%2Dk3y", PATH, "q9z", "p4ssw0rd", &basic, &signing, &signing[6..40]]
        {
            assert!(!shown.contains(secret), "{secret} is in {shown}");
        }
        assert!(!shown.contains(&json[12..30]), "{json} is in {shown}");
        assert!(shown.contains("contacts stay"), "{shown}");
    }
}

#[tokio::test]
async fn what_a_plugin_looks_for_comes_back_to_it() {
    let found =
        br#"{"items": [{"emails": ["john@example.com"], "phones": ["+12025551234"]}], "token": "q9z"}"#;
    let server = Server::start(Answer::BytesAndClose(reply("200 OK", "", found))).await;
    let mut request = with_secrets(&server);
    let search = "&term=john%40example.com&phone=2025551234";
    request.url = TargetUrl::parse(&format!("{}{search}", request.webhook_url.expose())).unwrap();
    let reply = exchange(request).await.outcome.unwrap();
    let body = String::from_utf8_lossy(&reply.body);
    assert!(body.contains("john@example.com") && body.contains("+12025551234"), "{body}");
    assert!(!body.contains("q9z"), "{body}");
}
