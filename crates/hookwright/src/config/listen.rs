//! The address to listen on, as people write it.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use tokio::net::{TcpListener, lookup_host};

/// The first port that anybody may listen on, where the system does not say another.
const FIRST_FREE_PORT: u16 = 1_024;

/// An address to listen on: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, `:8080` or `8080`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listen {
    host: Host,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    /// Every address of the machine.
    Every,
    Address(IpAddr),
    Name(String),
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.contains('/') {
            return Err(
                "an address to listen on has no `http://` and no path, as in localhost:8080".to_owned()
            );
        }
        let (host, port) = text.rsplit_once(':').unwrap_or(("127.0.0.1", text));
        let port = port.parse().map_err(|_| {
            format!("`{port}` is not a port (0 to 65535). An address is such as 127.0.0.1:8080, localhost:8080, :8080 or 8080")
        })?;
        let in_brackets = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match (host, in_brackets) {
            ("" | "*", _) => Host::Every,
            (_, Some(address)) => match address.parse::<Ipv6Addr>() {
                Ok(address) => Host::Address(address.into()),
                Err(_) => return Err(format!("`{address}` is not an IPv6 address")),
            },
            (host, None) if host.contains(':') => {
                return Err(format!("an IPv6 address stands in brackets, as in [{host}]:{port}"));
            }
            (host, None) => match host.parse::<Ipv4Addr>() {
                Ok(address) => Host::Address(address.into()),
                Err(_) if is_name(host) => Host::Name(host.to_owned()),
                Err(_) => return Err(format!("`{host}` is neither an address nor a name")),
            },
        };
        Ok(Self { host, port })
    }
}

/// Whether this can be the name of a machine. A name of digits and dots alone is an address with a mistake in it.
fn is_name(host: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    host.split('.').all(is_part) && host.chars().any(|c| c.is_ascii_alphabetic())
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Every => write!(f, ":{}", self.port),
            Host::Address(address) => SocketAddr::new(*address, self.port).fmt(f),
            Host::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

impl Listen {
    /// Listens there.
    pub(crate) async fn bind(&self) -> Result<TcpListener> {
        let addresses = self.addresses().await?;
        match TcpListener::bind(&addresses[..]).await {
            Ok(listener) => Ok(listener),
            Err(error) => bail!("Cannot listen on {self}: {}", self.explained(&error)),
        }
    }

    /// The addresses to try, in this order.
    async fn addresses(&self) -> Result<Vec<SocketAddr>> {
        let at = |address: IpAddr| SocketAddr::new(address, self.port);
        match &self.host {
            // The first one takes IPv4 as well; the second is for a machine without IPv6.
            Host::Every => Ok(vec![at(Ipv6Addr::UNSPECIFIED.into()), at(Ipv4Addr::UNSPECIFIED.into())]),
            Host::Address(address) => Ok(vec![at(*address)]),
            Host::Name(name) => {
                let found = lookup_host((name.as_str(), self.port)).await;
                let found = found.with_context(|| {
                    format!("Cannot listen on {self}: no address is known for the name. Choose another with --listen")
                })?;
                let mut addresses: Vec<_> = found.collect();
                addresses.sort_by_key(SocketAddr::is_ipv6);
                Ok(addresses)
            }
        }
    }

    /// What is wrong and what to do about it.
    fn explained(&self, error: &io::Error) -> String {
        match error.kind() {
            ErrorKind::AddrInUse => {
                "the address is in use, perhaps by another server. Choose another with --listen.".to_owned()
            }
            ErrorKind::PermissionDenied => format!(
                "only root may use ports below {}. Choose a port above with --listen, put a reverse proxy before it, or \
                 allow it: AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit file.",
                first_free_port()
            ),
            ErrorKind::AddrNotAvailable => {
                "this machine does not have the address. Choose one that it has with --listen.".to_owned()
            }
            _ => format!("{error}. Choose another address with --listen."),
        }
    }
}

fn first_free_port() -> u16 {
    let setting = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    setting.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(FIRST_FREE_PORT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_as_people_write_them() {
        for (text, shown) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("8080", "127.0.0.1:8080"),
            (":8080", ":8080"),
            ("*:80", ":80"),
            ("localhost:8080", "localhost:8080"),
            ("[::1]:0", "[::1]:0"),
            (" 0.0.0.0:65535 ", "0.0.0.0:65535"),
            ("leads.internal.example:1", "leads.internal.example:1"),
        ] {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), shown);
        }
        for (text, words) in [
            ("", "is not a port"),
            ("localhost", "`localhost` is not a port"),
            ("127.0.0.1:65536", "`65536` is not a port"),
            ("127.0.0.1:-1", "is not a port"),
            ("::1:8080", "in brackets, as in [::1]:8080"),
            ("[::g]:1", "`::g` is not an IPv6 address"),
            ("1.2.3:80", "neither an address nor a name"),
            ("http://localhost:80", "has no `http://`"),
            ("a b:80", "neither"),
        ] {
            let error = text.parse::<Listen>().unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[tokio::test]
    async fn names_and_every_address_can_be_listened_on() {
        for text in ["localhost:0", ":0", "0", "127.0.0.1:0"] {
            let listener = text.parse::<Listen>().unwrap().bind().await.unwrap();
            let port = listener.local_addr().unwrap().port();
            tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        }
    }

    #[tokio::test]
    async fn errors_say_what_to_do() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        for (text, words) in [
            (taken.local_addr().unwrap().to_string(), "the address is in use"),
            ("192.0.2.1:8080".to_owned(), "does not have the address"),
        ] {
            let error = format!("{:#}", text.parse::<Listen>().unwrap().bind().await.unwrap_err());
            assert!(error.contains(words) && error.contains("--listen") && error.contains(&text), "{error}");
        }
        let denied = "0.0.0.0:80".parse::<Listen>().unwrap().explained(&ErrorKind::PermissionDenied.into());
        assert!(denied.starts_with("only root may use ports below"), "{denied}");
    }
}
