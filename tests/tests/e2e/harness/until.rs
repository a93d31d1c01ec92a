//! Waiting for conditions.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long anything that a test waits for may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
/// How long the start of a program may take that compiles every bundled plugin first.
pub(crate) const FIRST_START: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(20);

/// What `look` finds, once it finds something.
///
/// # Panics
/// When it has found nothing by the deadline; `what` says in the message what was waited for.
pub(crate) async fn until<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    until_within(DEADLINE, what, look).await
}

/// The same with another deadline.
///
/// # Panics
/// As [`until`].
pub(crate) async fn until_within<T>(
    deadline: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(started.elapsed() < deadline, "waited {deadline:?} in vain for {what}");
        sleep(PAUSE).await;
    }
}
