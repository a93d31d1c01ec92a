//! The only source of the addresses that connections are made to.
//!
//! Names are looked up without threads, so that name servers that never answer hold up nobody but those who ask them. A
//! project has a share of the lookups that wait at once.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::system_conf::read_system_conf;
use hookwright_model::ProjectId;
use hyper_util::client::legacy::connect::dns::Name;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tower_service::Service;
use tracing::warn;

use crate::policy::{AddressPolicy, AddressRefused};

/// How long one lookup may take, with all its repetitions.
const LOOKUP_TIME: Duration = Duration::from_secs(5);
/// How long a name server has for one answer.
const ANSWER_TIME: Duration = Duration::from_secs(2);
/// The most lookups of one project that wait at once. Each takes a socket or two.
const LOOKUPS_PER_PROJECT: usize = 16;
/// How many answers are remembered, each for as long as it says itself.
const REMEMBERED_ANSWERS: u64 = 4_096;
/// The longest that an answer is believed.
const MAX_BELIEVED: Duration = Duration::from_secs(60 * 60);

tokio::task_local! {
    /// The project whose request is on its way: whose share a lookup counts against.
    pub(crate) static ON_BEHALF_OF: ProjectId;
}

/// Resolves names as the system is configured to, and gives out no answer that the policy refuses.
#[derive(Clone)]
pub(crate) struct GuardedResolver {
    policy: Arc<AddressPolicy>,
    names: Arc<Names>,
}

struct Names {
    config: ResolverConfig,
    options: ResolverOpts,
    /// Made with the first lookup, inside the runtime.
    resolver: Mutex<Option<TokioResolver>>,
    shares: Mutex<HashMap<ProjectId, Weak<Semaphore>>>,
}

/// A name has no addresses to connect to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResolveError {
    #[error("the name `{name}` cannot be resolved: {error}")]
    Unknown { name: String, error: io::Error },
    #[error("the address of `{name}` may not be reached: {refused}")]
    Refused { name: String, refused: AddressRefused },
}

impl GuardedResolver {
    /// With the name servers and the hosts file of the system, as they are now.
    pub(crate) fn system(policy: Arc<AddressPolicy>) -> Self {
        let (config, options) = read_system_conf().unwrap_or_else(|error| {
            warn!(error = %error, "no name servers are configured: only names of the hosts file can be resolved");
            (ResolverConfig::from_parts(None, Vec::new(), Vec::new()), ResolverOpts::default())
        });
        Self::new(policy, config, options)
    }

    fn new(policy: Arc<AddressPolicy>, config: ResolverConfig, mut options: ResolverOpts) -> Self {
        options.timeout = options.timeout.min(ANSWER_TIME);
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.cache_size = REMEMBERED_ANSWERS;
        options.positive_max_ttl = Some(MAX_BELIEVED);
        options.negative_max_ttl = Some(MAX_BELIEVED);
        let names = Names { config, options, resolver: Mutex::default(), shares: Mutex::default() };
        Self { policy, names: Arc::new(names) }
    }

    /// The addresses of a name, each with port 0: all of them may be reached.
    pub(crate) async fn addresses_of(&self, name: &str) -> Result<Vec<SocketAddr>, ResolveError> {
        let unknown = |error| ResolveError::Unknown { name: name.to_owned(), error };
        let share = ON_BEHALF_OF.try_with(|project| self.names.share(*project)).ok();
        let lookup = async {
            // An error would mean that the share was closed, which it never is.
            let _turn = match &share {
                Some(share) => share.acquire().await.ok(),
                None => None,
            };
            timeout(LOOKUP_TIME, self.names.lookup(name)).await.unwrap_or_else(|_| {
                Err(io::Error::other(format!("its name servers did not answer within {LOOKUP_TIME:?}")))
            })
        };
        let addresses = lookup.await.map_err(unknown)?;
        if addresses.is_empty() {
            return Err(unknown(io::Error::other("the answer has no address")));
        }
        match self.policy.check_all(&addresses) {
            Ok(()) => Ok(addresses),
            Err(refused) => Err(ResolveError::Refused { name: name.to_owned(), refused }),
        }
    }
}

impl Names {
    async fn lookup(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        let resolver = self.resolver()?;
        let answer = resolver.lookup_ip(name).await.map_err(io::Error::other)?;
        Ok(answer.iter().map(|address| SocketAddr::new(address, 0)).collect())
    }

    fn resolver(&self) -> io::Result<TokioResolver> {
        let mut resolver = self.resolver.lock();
        if let Some(resolver) = &*resolver {
            return Ok(resolver.clone());
        }
        let builder =
            TokioResolver::builder_with_config(self.config.clone(), TokioRuntimeProvider::default());
        let made = builder.with_options(self.options.clone()).build().map_err(io::Error::other)?;
        Ok(resolver.insert(made).clone())
    }

    /// The project's share. It lives as long as lookups of the project do.
    fn share(&self, project: ProjectId) -> Arc<Semaphore> {
        let mut shares = self.shares.lock();
        if let Some(share) = shares.get(&project).and_then(Weak::upgrade) {
            return share;
        }
        shares.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(LOOKUPS_PER_PROJECT));
        shares.insert(project, Arc::downgrade(&share));
        share
    }
}

impl Service<Name> for GuardedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = ResolveError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ResolveError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ResolveError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolver = self.clone();
        Box::pin(async move { Ok(resolver.addresses_of(name.as_str()).await?.into_iter()) })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::net::{IpAddr, Ipv4Addr};

    use hickory_resolver::config::{ConnectionConfig, NameServerConfig};
    use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
    use hickory_resolver::proto::rr::rdata::A;
    use hickory_resolver::proto::rr::{RData, Record, RecordType};
    use tokio::net::UdpSocket;
    use tokio::task::JoinSet;

    use super::*;

    /// A name server on the loopback device: it answers for names that begin with `known`, and is silent about others.
    struct NameServer {
        config: ResolverConfig,
        asked: Arc<Mutex<HashSet<String>>>,
    }

    impl NameServer {
        async fn start(ttl_secs: u32) -> Self {
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let mut connection = ConnectionConfig::udp();
            connection.port = socket.local_addr().unwrap().port();
            let mut server = NameServerConfig::udp(IpAddr::V4(Ipv4Addr::LOCALHOST));
            server.connections = vec![connection];
            let asked = Arc::<Mutex<HashSet<String>>>::default();
            let seen = Arc::clone(&asked);
            tokio::spawn(async move {
                let mut bytes = [0; 1_024];
                loop {
                    let (length, from) = socket.recv_from(&mut bytes).await.unwrap();
                    let mut message = Message::from_vec(&bytes[..length]).unwrap();
                    let query = message.queries[0].clone();
                    let name = query.name().to_ascii();
                    if query.query_type() == RecordType::A {
                        seen.lock().insert(name.to_ascii_lowercase());
                    }
                    if !name.to_ascii_lowercase().starts_with("known") {
                        continue;
                    }
                    message.metadata.message_type = MessageType::Response;
                    message.metadata.response_code = ResponseCode::NoError;
                    if query.query_type() == RecordType::A {
                        let address = RData::A(A::new(127, 0, 0, 1));
                        message.add_answer(Record::from_rdata(query.name().clone(), ttl_secs, address));
                    }
                    socket.send_to(&message.to_vec().unwrap(), from).await.unwrap();
                }
            });
            Self { config: ResolverConfig::from_parts(None, Vec::new(), vec![server]), asked }
        }

        fn resolver(&self) -> GuardedResolver {
            let policy = AddressPolicy::public_only().allow("127.0.0.0/8".parse().unwrap());
            GuardedResolver::new(Arc::new(policy), self.config.clone(), ResolverOpts::default())
        }

        fn asked(&self, beginning: &str) -> usize {
            self.asked.lock().iter().filter(|name| name.starts_with(beginning)).count()
        }
    }

    fn project(byte: u8) -> ProjectId {
        ProjectId::from_bytes([byte; 16])
    }

    #[tokio::test]
    async fn a_project_whose_name_servers_are_silent_delays_no_other() {
        let server = NameServer::start(60).await;
        let resolver = server.resolver();
        let mut waiting = JoinSet::new();
        for number in 0..1_000 {
            let resolver = resolver.clone();
            let lookup = async move { resolver.addresses_of(&format!("silent{number}.example.")).await };
            waiting.spawn(ON_BEHALF_OF.scope(project(1), lookup));
        }
        while server.asked("silent") < LOOKUPS_PER_PROJECT {
            tokio::task::yield_now().await;
        }
        for number in 0..20 {
            let name = format!("known{number}.example.");
            let lookup = ON_BEHALF_OF.scope(project(2), resolver.addresses_of(&name));
            let addresses = timeout(Duration::from_secs(2), lookup).await.expect("not delayed").unwrap();
            assert_eq!(addresses[0].ip(), IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        assert!(waiting.try_join_next().is_none(), "a lookup ended already");
        assert_eq!(server.asked("silent"), LOOKUPS_PER_PROJECT, "a project has more than its share");
    }

    #[tokio::test]
    async fn silence_ends_with_words() {
        let server = NameServer::start(60).await;
        let error = server.resolver().addresses_of("silent.example.").await.unwrap_err();
        assert!(error.to_string().contains("silent.example"), "{error}");
        assert!(matches!(error, ResolveError::Unknown { .. }));
    }

    #[tokio::test]
    async fn an_answer_is_remembered_as_long_as_it_says() {
        for (ttl_secs, questions) in [(60, 1), (0, 2)] {
            let server = NameServer::start(ttl_secs).await;
            let resolver = server.resolver();
            resolver.addresses_of("known.example.").await.unwrap();
            server.asked.lock().clear();
            resolver.addresses_of("known.example.").await.unwrap();
            assert_eq!(server.asked("known") + 1, questions, "{ttl_secs} s");
        }
    }

    #[tokio::test]
    async fn the_policy_has_the_last_word() {
        let server = NameServer::start(60).await;
        let resolver = GuardedResolver::new(
            Arc::new(AddressPolicy::public_only()),
            server.config.clone(),
            ResolverOpts::default(),
        );
        let refused = resolver.addresses_of("known.example.").await;
        assert!(matches!(refused, Err(ResolveError::Refused { .. })), "{refused:?}");
    }
}
