//! Which URLs a webhook may have, and which names requests reach.

use hookwright_egress::AddressPolicy;
use hookwright_engine::ports::Sender;
use hookwright_model::TargetUrl;

use crate::server::{Answer, Server, reply};
use crate::{egress, loopback, post, reply_to};

async fn refusal(policy: AddressPolicy, url: &str) -> Option<String> {
    let url = TargetUrl::parse(url).unwrap();
    egress(policy).check_target(&url).await.err().map(|refused| refused.to_string())
}

#[tokio::test]
async fn private_targets_are_refused_with_the_address() {
    let egress = egress(AddressPolicy::public_only());
    for (url, address) in [
        ("http://10.0.0.5/hook", Some("10.0.0.5")),
        ("http://[fd00::1]/", Some("fd00::1")),
        ("http://nobody.localhost/", None),
        ("http://printer.local/", None),
        ("http://db.internal./", None),
    ] {
        let refused = egress.check_target(&TargetUrl::parse(url).unwrap()).await.unwrap_err();
        // Some resolvers know every name under `localhost`.
        if !url.contains("localhost") {
            assert_eq!(refused.address, address.map(|address| address.parse().unwrap()), "{url}");
        }
        assert!(refused.message.contains("public addresses only"), "{url}: {refused}");
    }
}

#[tokio::test]
async fn public_opened_and_unknown_targets_pass() {
    for url in [
        "https://93.184.216.34/",
        "https://does-not-exist.invalid/",
        "http://127.0.0.1/",
        "http://localhost/",
    ] {
        assert_eq!(refusal(loopback(), url).await, None, "{url}");
    }
}

#[tokio::test]
async fn a_name_with_opened_addresses_is_reached() {
    let mut server = Server::start(Answer::Bytes(reply("200 OK", "", b""))).await;
    let port = server.address.port();
    assert_eq!(reply_to(post(&format!("http://localhost:{port}/"), b"{}")).await.status, 200);
    assert_eq!(server.request().await.header("host"), Some(format!("localhost:{port}").as_str()));
}
