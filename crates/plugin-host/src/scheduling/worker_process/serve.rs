//! A worker process, from the inside.

use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use hookwright_engine::ports::Usage;
use hookwright_model::Digest;
use serde::Serialize;

use super::message::{Reply, Report, Request, What, receive, receive_bytes, send};
use crate::execution::arguments::Arguments;
use crate::execution::call::Ended;
use crate::execution::component_cache::ComponentCache;
use crate::execution::contract::{Contract, Plugin};
use crate::execution::runtime::Runtime;
use crate::execution::thread_time;
use crate::limits::child::{WORKER_CODE_BYTES, WORKER_COMPONENTS};

/// Runs the calls that standard input asks for, one after another, until it ends.
///
/// # Errors
/// When plugins cannot be run here, or the host is another version of this program.
pub(crate) fn serve() -> io::Result<()> {
    let limits = receive(&mut io::stdin().lock(), usize::MAX)?;
    let runtime = Runtime::new(NonZero::<usize>::MIN, limits)
        .map_err(|error| io::Error::other(format!("{error:#}")))?;
    let caller = thread::Builder::new().name("plugin-calls".into()).stack_size(runtime.stack_bytes());
    match caller.spawn(move || Server::new(runtime).answer_all())?.join() {
        Ok(ended) => ended,
        Err(_) => Err(io::Error::other("a call panicked in the host")),
    }
}

struct Server {
    runtime: Runtime,
    plugins: ComponentCache<Plugin>,
}

impl Server {
    fn new(runtime: Runtime) -> Self {
        Self { runtime, plugins: ComponentCache::new(WORKER_COMPONENTS, WORKER_CODE_BYTES) }
    }

    fn answer_all(&self) -> io::Result<()> {
        loop {
            let request = receive(&mut io::stdin().lock(), usize::MAX);
            match request {
                Ok(request) => self.answer(request)?,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    fn answer(&self, request: Request<Arguments>) -> io::Result<()> {
        let plugin = match self.plugin(&request) {
            Ok(plugin) => plugin,
            Err(NoPlugin::Unusable(reason)) => return reply::<()>(&Reply::CodeUnusable(reason)),
            Err(NoPlugin::Pipe(error)) => return Err(error),
        };
        let stage = self.runtime.stage(self.runtime.limits().wall_time);
        match request.what {
            What::Describe => reply(&report(|| plugin.describe(&stage))),
            What::Transform(arguments) => reply(&report(|| plugin.transform(&stage, &arguments))),
        }
    }

    /// The plugin that is asked for.
    fn plugin(&self, request: &Request<Arguments>) -> Result<Arc<Plugin>, NoPlugin> {
        let component = Digest::from_bytes(request.component);
        let Some(contract) = Contract::find(&request.contract) else {
            let reason = format!("it does not know version {} of the contract", request.contract);
            return Err(NoPlugin::Unusable(reason));
        };
        if let Some(plugin) = self.plugins.get(component) {
            return Ok(plugin);
        }
        reply::<()>(&Reply::CodeWanted)?;
        let code = receive_bytes(&mut io::stdin().lock(), usize::MAX)?;
        let plugin = Arc::new(self.runtime.link(contract, &code).map_err(NoPlugin::Unusable)?);
        self.plugins.insert(component, Arc::clone(&plugin), code.len());
        Ok(plugin)
    }
}

/// Why a plugin cannot be called.
enum NoPlugin {
    /// The code does not fit this process.
    Unusable(String),
    /// The server is gone.
    Pipe(io::Error),
}

impl From<io::Error> for NoPlugin {
    fn from(error: io::Error) -> Self {
        Self::Pipe(error)
    }
}

/// Runs a call.
fn report<T>(call: impl FnOnce() -> Ended<T>) -> Reply<T> {
    let begun = thread_time();
    let Ended { outcome, cut_short: _, logs, usage } = call();
    let Usage { instructions, memory_bytes, duration } = usage;
    let busy = thread_time().saturating_sub(begun);
    Reply::Ended(Report { outcome, logs, instructions, memory_bytes, duration, busy })
}

fn reply<T: Serialize>(reply: &Reply<T>) -> io::Result<()> {
    send(&mut io::stdout().lock(), reply)
}
