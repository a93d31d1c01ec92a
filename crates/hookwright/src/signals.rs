//! The signals that end the service: SIGTERM and SIGINT (Ctrl-C).

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Counts the signals that have come.
#[derive(Debug, Clone)]
pub(crate) struct Signals(watch::Receiver<u32>);

impl Signals {
    /// Takes the signals from now on: they no longer end the process by themselves.
    pub(crate) fn listen() -> Result<Self> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let (count, counted) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                count.send_modify(|count| *count += 1);
            }
        });
        Ok(Self(counted))
    }

    /// Signals that come from this program itself.
    #[cfg(feature = "demo")]
    pub(crate) fn by_hand() -> (Raise, Self) {
        let (count, counted) = watch::channel(0);
        (Raise(count), Self(counted))
    }

    /// Waits for the first signal.
    pub(crate) async fn first(&self) {
        self.nth(1).await;
    }

    /// Waits for the second signal.
    pub(crate) async fn second(&self) {
        self.nth(2).await;
    }

    async fn nth(&self, n: u32) {
        if self.0.clone().wait_for(|count| *count >= n).await.is_err() {
            // Nobody counts any more: there is nothing to wait for.
            std::future::pending::<()>().await;
        }
    }
}

/// Raises signals by hand.
#[cfg(feature = "demo")]
pub(crate) struct Raise(watch::Sender<u32>);

#[cfg(feature = "demo")]
impl Raise {
    /// Raises one.
    pub(crate) fn raise(&self) {
        self.0.send_modify(|count| *count += 1);
    }
}
