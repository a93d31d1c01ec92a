//! Connections: resolved, checked, connected, secured, and listened to.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use crate::policy::{AddressPolicy, AddressRefused};
use crate::resolver::GuardedResolver;
use crate::tap::{Stream, Tapped};

/// How long a connection may take, from resolving the name to the end of the TLS handshake; a request whose own time is
/// shorter ends earlier.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// Makes the connections of the client.
#[derive(Clone)]
pub(crate) struct Connector {
    policy: Arc<AddressPolicy>,
    tcp: HttpConnector<GuardedResolver>,
    tls: TlsConnector,
}

/// There is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The URL's literal address may not be reached.
    #[error(transparent)]
    Refused(#[from] AddressRefused),
    /// Resolving or TCP failed: the cause says which.
    #[error("{0}")]
    Tcp(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// TLS failed.
    #[error("{0}")]
    Tls(#[source] io::Error),
    /// Nothing came of it in time.
    #[error("nothing was connected within {CONNECT_TIME:?}")]
    OutOfTime,
}

impl Connector {
    pub(crate) fn new(policy: Arc<AddressPolicy>, resolver: GuardedResolver, tls: ClientConfig) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(resolver);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // For one address of several; the whole has `CONNECT_TIME`.
        tcp.set_connect_timeout(Some(CONNECT_TIME));
        Self { policy, tcp, tls: TlsConnector::from(Arc::new(tls)) }
    }

    async fn connect(mut self, uri: Uri) -> Result<Tapped, ConnectError> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        // The resolver never sees an address.
        if let Ok(address) = host.parse() {
            self.policy.check(address)?;
        }
        let tcp = self.tcp.call(uri.clone()).await.map_err(|error| ConnectError::Tcp(Box::new(error)))?;
        let tcp: TcpStream = tcp.into_inner();
        if uri.scheme() != Some(&Scheme::HTTPS) {
            return Ok(Tapped::new(Stream::Plain(TokioIo::new(tcp))));
        }
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|error| ConnectError::Tls(io::Error::other(error)))?;
        let secured = self.tls.connect(name, tcp).await.map_err(ConnectError::Tls)?;
        Ok(Tapped::new(Stream::Secured(Box::new(TokioIo::new(secured)))))
    }
}

impl Service<Uri> for Connector {
    type Response = Tapped;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Tapped, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connect = self.clone().connect(uri);
        Box::pin(async { timeout(CONNECT_TIME, connect).await.unwrap_or(Err(ConnectError::OutOfTime)) })
    }
}
