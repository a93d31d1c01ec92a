use axum::Router;
use axum::extract::RawQuery;
use axum::routing::get;
use clap::Parser as _;
use hookwright_api_types::delivery::DeliveriesQuery;
use hookwright_api_types::path;
use tokio::net::TcpListener;

use super::*;

#[derive(Debug, clap::Parser)]
struct Cli {
    #[command(flatten)]
    server: ServerArgs,
}

fn client(server: &str) -> Client {
    let cli = Cli::parse_from(["test", "--server", server, "--key", "hwk_secret"]);
    assert!(!format!("{cli:?}").contains("hwk_secret"));
    Client::new(&cli.server).unwrap()
}

#[test]
fn a_path_keeps_the_base() {
    for (base, expected) in [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/projects"),
        ("https://example.com/hooks/", "https://example.com/hooks/v1/projects"),
    ] {
        let client = client(base);
        let call = client.call(Method::GET, path::PROJECTS);
        assert_eq!(call.request.url().as_str(), expected);
        assert_eq!(call.request.headers()[header::AUTHORIZATION], "Bearer hwk_secret");
    }
}

#[test]
fn a_server_that_is_no_http_url_is_refused() {
    for text in ["localhost:8080", "127.0.0.1", "ftp://example.com"] {
        let error = Cli::try_parse_from(["test", "--server", text]).unwrap_err().to_string();
        assert!(error.contains("http://"), "{error}");
    }
}

#[test]
fn a_proxy_leads_to_no_loopback_address() {
    for text in ["http://127.0.0.1:1", "http://localhost", "http://[::1]:8080"] {
        assert!(is_loopback(&Url::parse(text).unwrap()), "{text}");
    }
    assert!(!is_loopback(&Url::parse("http://192.0.2.1").unwrap()));
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

#[tokio::test]
async fn a_list_is_read_over_short_and_empty_pages() {
    let pages = |RawQuery(query): RawQuery| async move {
        match query.unwrap_or_default().as_str() {
            "state=held&limit=200" => r#"{"data": [3], "next_cursor": "a"}"#,
            "state=held&cursor=a&limit=200" => r#"{"data": [], "next_cursor": "b"}"#,
            "state=held&cursor=b&limit=200" => r#"{"data": [2, 1], "next_cursor": null}"#,
            "state=held&limit=1" => r#"{"data": [3], "next_cursor": "a"}"#,
            _ => "unexpected",
        }
    };
    let client = client(&serve(Router::new().route("/v1/numbers", get(pages))).await);
    let query = DeliveriesQuery { state: Some("held".to_owned()), ..DeliveriesQuery::default() };
    let all = client.list("/v1/numbers", &query, usize::MAX).await.unwrap();
    assert_eq!(serde_json::to_string(&all).unwrap(), r#"{"data":[3,2,1],"next_cursor":null}"#);
    let one = client.list("/v1/numbers", &query, 1).await.unwrap();
    assert_eq!(serde_json::to_string(&one).unwrap(), r#"{"data":[3],"next_cursor":"a"}"#);
}

#[tokio::test]
async fn where_no_server_is_the_error_says_how_to_start_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&server).call(Method::GET, path::PROJECTS).send().await.unwrap_err().to_string();
    assert!(error.contains(&format!("no server answers at {server}; start one")), "{error}");
}

#[tokio::test]
async fn an_answer_of_another_server_is_an_error() {
    let server = serve(Router::new().route("/v1/projects", get(|| async { "<html>" }))).await;
    let error = client(&server).list(path::PROJECTS, &(), 10).await.unwrap_err().to_string();
    assert!(error.contains("not one of a Hookwright server"), "{error}");
}
