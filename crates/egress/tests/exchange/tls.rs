//! Secure connections, and what goes wrong with them.

use std::net::SocketAddr;
use std::sync::Arc;

use hookwright_egress::{Egress, EgressOptions};
use hookwright_engine::ports::{Reached, Sender};
use hookwright_model::AttemptErrorKind;
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::server::{read_request, reply};
use crate::{failure_of, loopback, post};

fn certificate() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap()
}

/// Serves one connection with this certificate.
async fn start_tls(certificate: &CertifiedKey<KeyPair>) -> SocketAddr {
    let key = certificate.signing_key.serialize_der().try_into().unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        if let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await {
            read_request(&mut stream).await.unwrap();
            stream.write_all(&reply("200 OK", "", b"safe")).await.unwrap();
        }
    });
    address
}

#[tokio::test]
async fn an_additional_authority_is_trusted() {
    let certificate = certificate();
    let address = start_tls(&certificate).await;
    let extra_roots_pem = Some(certificate.cert.pem().into_bytes());
    let egress = Egress::new(EgressOptions { policy: loopback(), extra_roots_pem }).unwrap();
    let exchange = egress.send(post(&format!("https://{address}/"), b"{}")).await;
    assert_eq!(exchange.outcome.unwrap().body, b"safe".as_slice());
}

#[tokio::test]
async fn an_unknown_certificate_is_refused() {
    let address = start_tls(&certificate()).await;
    let error = failure_of(post(&format!("https://{address}/"), b"{}")).await;
    assert_eq!((error.kind, error.reached), (AttemptErrorKind::Tls, Reached::No), "{error}");
    assert!(error.message.contains("UnknownIssuer"), "{error}");
}

#[tokio::test]
async fn the_other_side_speaks_no_tls() {
    for answer in [b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(), b""] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.readable().await.unwrap();
            stream.write_all(answer).await.unwrap();
            stream.shutdown().await.unwrap();
        });
        let error = failure_of(post(&format!("https://{address}/"), b"{}")).await;
        assert_eq!((error.kind, error.reached), (AttemptErrorKind::Tls, Reached::No), "{error}");
    }
}
