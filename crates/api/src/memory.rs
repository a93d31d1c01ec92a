//! Memory for bodies while they are received and worked on.
//!
//! It is taken as bytes arrive, whatever is announced, and given back with the answer. The first bytes of every body come
//! from a part of their own, so that small bodies never wait for large ones. Of the rest, each key and each project has a
//! share at most.

use std::collections::HashMap;
use std::sync::Arc;

use hookwright_model::{Digest, ProjectId};
use parking_lot::Mutex;

/// Bytes of a body that are taken from the part for small ones.
pub(crate) const SMALL_BYTES: usize = 64 * 1024;

/// Whose body it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Account {
    /// The key with this digest.
    Key(Digest),
    /// A project that the path names.
    Project(ProjectId),
}

/// The most bytes of all bodies together, and of one account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) all: usize,
    pub(crate) of_key: usize,
    pub(crate) of_project: usize,
}

/// A bounded amount of memory.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Shelf>);

struct Shelf {
    bounds: Bounds,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by: HashMap<Account, usize>,
}

impl Pool {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self(Arc::new(Shelf { bounds, taken: Mutex::default() }))
    }

    /// A pool whose accounts have no shares.
    pub(crate) fn unshared(bytes: usize) -> Self {
        Self::new(Bounds { all: bytes, of_key: bytes, of_project: bytes })
    }

    /// Nothing of it yet, for these accounts.
    fn open(&self, accounts: &[Account]) -> Loan {
        Loan { pool: self.clone(), accounts: accounts.to_vec(), bytes: 0 }
    }
}

/// Memory of one pool, until it is dropped.
struct Loan {
    pool: Pool,
    accounts: Vec<Account>,
    bytes: usize,
}

impl Loan {
    /// Makes it at least so large; false if there is not so much.
    fn grow_to(&mut self, bytes: usize) -> bool {
        let Some(more) = bytes.checked_sub(self.bytes) else { return true };
        let Shelf { bounds, taken } = &*self.pool.0;
        let mut taken = taken.lock();
        let fits = |account: &Account| {
            let bound = match account {
                Account::Key(_) => bounds.of_key,
                Account::Project(_) => bounds.of_project,
            };
            taken.by.get(account).copied().unwrap_or(0) + more <= bound
        };
        if taken.all + more > bounds.all || !self.accounts.iter().all(fits) {
            return false;
        }
        taken.all += more;
        for account in &self.accounts {
            *taken.by.entry(*account).or_default() += more;
        }
        self.bytes = bytes;
        true
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        let mut taken = self.pool.0.taken.lock();
        taken.all = taken.all.saturating_sub(self.bytes);
        for account in &self.accounts {
            let left = taken.by.get(account).map_or(0, |bytes| bytes.saturating_sub(self.bytes));
            if left == 0 {
                taken.by.remove(account);
            } else {
                taken.by.insert(*account, left);
            }
        }
    }
}

/// Where bodies of a path find their memory.
#[derive(Clone)]
pub(crate) struct Budget {
    pub(crate) small: Pool,
    pub(crate) large: Pool,
}

impl Budget {
    pub(crate) fn open(&self, accounts: &[Account]) -> Place {
        Place { small: self.small.open(&[]), large: self.large.open(accounts) }
    }
}

/// The memory of one body, until it is dropped.
pub(crate) struct Place {
    small: Loan,
    large: Loan,
}

impl Place {
    /// Makes it at least so large; false if there is not so much.
    pub(crate) fn grow_to(&mut self, bytes: usize) -> bool {
        self.small.grow_to(bytes.min(SMALL_BYTES)) && self.large.grow_to(bytes.saturating_sub(SMALL_BYTES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(number: u8) -> Account {
        Account::Project(ProjectId::from_bytes([number; 16]))
    }

    fn key(number: u8) -> Account {
        Account::Key(Digest::of(&[number]))
    }

    fn taken(pool: &Pool, accounts: &[Account], bytes: usize) -> Option<Loan> {
        let mut loan = pool.open(accounts);
        loan.grow_to(bytes).then_some(loan)
    }

    #[test]
    fn one_project_and_one_key_leave_room_to_others() {
        let pool = Pool::new(Bounds { all: 40, of_key: 30, of_project: 20 });
        let first = taken(&pool, &[key(1), project(1)], 20).unwrap();
        assert!(taken(&pool, &[key(2), project(1)], 1).is_none(), "the project has its share");
        let second = taken(&pool, &[key(1), project(2)], 10).unwrap();
        assert!(taken(&pool, &[key(1), project(3)], 1).is_none(), "the key has its share");
        let third = taken(&pool, &[key(2), project(3)], 10).unwrap();
        assert!(taken(&pool, &[key(3)], 1).is_none(), "there is no more");
        drop(first);
        assert!(taken(&pool, &[key(1), project(1)], 20).is_some());
        drop((second, third));
        let taken = pool.0.taken.lock();
        assert_eq!((taken.all, taken.by.len()), (0, 0), "nothing is kept of who takes nothing");
    }

    #[test]
    fn small_bodies_have_room_when_large_ones_have_taken_all_of_theirs() {
        let budget = Budget { small: Pool::unshared(4 * SMALL_BYTES), large: Pool::unshared(100) };
        let mut large = budget.open(&[key(1)]);
        assert!(large.grow_to(SMALL_BYTES + 100));
        let mut other = budget.open(&[key(1)]);
        assert!(other.grow_to(SMALL_BYTES));
        assert!(!other.grow_to(SMALL_BYTES + 1), "it is not small any more");
        drop(large);
        assert!(other.grow_to(SMALL_BYTES + 1));
    }
}
