//! Watches the vital parts of the server: one that does not move again ends the process, so that whoever supervises it
//! starts it anew. A process that answers but does no work would be believed for ever.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often the parts are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a problem may last. What gets over it in this time goes on.
const GRACE: Duration = Duration::from_secs(10);

/// Waits until a vital part has a problem for longer than it may; says which.
///
/// # Cancel safety
/// A problem begins anew when it is called again.
pub(crate) async fn failure(problem: impl Fn() -> Option<String>) -> String {
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut since: Option<Instant> = None;
    loop {
        ticks.tick().await;
        match problem() {
            None => since = None,
            Some(problem) => {
                let since = *since.get_or_insert_with(Instant::now);
                if since.elapsed() >= GRACE {
                    return problem;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::{sleep, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_problem_that_lasts_is_a_failure() {
        let begun = Instant::now();
        let failed = failure(|| Some("the writer has ended".to_owned())).await;
        assert_eq!(failed, "the writer has ended");
        assert!(begun.elapsed() >= GRACE && begun.elapsed() < GRACE * 2, "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_problem_that_goes_is_none() {
        let is_stuck = Cell::new(true);
        let watched = failure(|| is_stuck.get().then(|| "the writer is stuck".to_owned()));
        let comes_and_goes = async {
            for _ in 0..20 {
                sleep(GRACE - LOOK_EVERY * 2).await;
                is_stuck.set(false);
                sleep(LOOK_EVERY * 2).await;
                is_stuck.set(true);
            }
        };
        tokio::select! {
            failed = watched => panic!("{failed}"),
            () = comes_and_goes => {}
        }
        let healthy = timeout(GRACE * 10, failure(|| None)).await;
        assert!(healthy.is_err());
    }
}
