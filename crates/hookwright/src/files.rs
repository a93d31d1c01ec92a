//! Open files: how many this process may have, and who gets how many of them.

use std::num::NonZero;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

/// Files for the store, the log, worker processes and plugins that are ready to be called (one each).
const RESERVE: usize = 256;

/// How many connections and deliveries there may be at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shares {
    pub(crate) connections: usize,
    pub(crate) deliveries: usize,
}

impl Shares {
    /// Raises the limit of open files as far as the system lets it, and shares the files out. Says so where they are
    /// fewer than wanted.
    pub(crate) fn take(connections: NonZero<usize>, deliveries: NonZero<usize>) -> Self {
        let wanted = Self { connections: connections.get(), deliveries: deliveries.get() };
        let Some(files) = raised_limit() else { return wanted };
        let shares = wanted.within(files);
        if shares != wanted {
            warn!(
                files.limit = files,
                connections = shares.connections,
                deliveries = shares.deliveries,
                "the limit of open files allows fewer connections and deliveries at once than are configured; raise it, as \
                 with LimitNOFILE= in the unit file"
            );
        }
        shares
    }

    /// These shares, or lower ones if there are too few files for them.
    fn within(self, files: usize) -> Self {
        // A delivery can have a name looked up while its connection waits for the next one.
        let wanted = self.connections.saturating_add(self.deliveries.saturating_mul(2));
        if wanted.saturating_add(RESERVE) <= files {
            return self;
        }
        let third = (files - RESERVE.min(files / 4)) / 3;
        Self {
            connections: self.connections.min(third).max(1),
            deliveries: self.deliveries.min(third).max(1),
        }
    }
}

/// The limit of open files, raised to the most that the system allows; none if there is no limit.
fn raised_limit() -> Option<usize> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let limit = if raised.is_ok() { maximum } else { current };
    limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_fit_into_the_limit() {
        let wanted = Shares { connections: 4_096, deliveries: 1_024 };
        assert_eq!(wanted.within(524_288), wanted);
        assert_eq!(wanted.within(6_400), wanted);
        for files in [1, 16, 64, 256, 1_024, 4_096, 6_399] {
            let Shares { connections, deliveries } = wanted.within(files);
            assert!(connections >= 1 && deliveries >= 1, "{files}");
            assert!(files < 16 || connections + 2 * deliveries < files, "{files}");
        }
        assert_eq!(wanted.within(1_024), Shares { connections: 256, deliveries: 256 });
        let few = Shares { connections: 8, deliveries: 4 };
        assert_eq!(few.within(300), few);
    }
}
