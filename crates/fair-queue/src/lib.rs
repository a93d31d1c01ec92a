//! A queue that is fair among keys, such as projects: each key has a queue of its own and a cost, and the key with the
//! lowest cost is served next. Among equal costs, the key that has waited longest comes first.
//!
//! What a cost is, and how it changes, is the policy of the user: places in use, time spent, whatever should be shared
//! evenly. Operations take logarithmic time, except for [`FairQueue::retain`].

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::Hash;

/// Items that wait, by key. `C` is the cost of a key.
#[derive(Debug)]
pub struct FairQueue<K, C, T> {
    floor: C,
    keys: HashMap<K, Entry<C, T>>,
    /// Keys with items, in the order in which they are served.
    ready: BTreeMap<Place<C>, K>,
    /// Keys without items whose cost is above the floor.
    idle: BTreeMap<Place<C>, K>,
    turns: u64,
    len: usize,
}

#[derive(Debug)]
struct Entry<C, T> {
    place: Place<C>,
    items: VecDeque<T>,
}

/// Where a key stands among the others. No two keys have the same turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place<C> {
    cost: C,
    turn: u64,
}

impl<K, C: Default, T> Default for FairQueue<K, C, T> {
    fn default() -> Self {
        Self {
            floor: C::default(),
            keys: HashMap::new(),
            ready: BTreeMap::new(),
            idle: BTreeMap::new(),
            turns: 0,
            len: 0,
        }
    }
}

impl<K: Copy + Eq + Hash, C: Copy + Ord + Default, T> FairQueue<K, C, T> {
    /// An empty queue. A new key has the default cost.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an item behind the others of its key.
    pub fn push(&mut self, key: K, item: T) {
        let mut entry = self.take(key);
        if entry.items.is_empty() {
            entry.place.turn = self.next_turn();
        }
        entry.items.push_back(item);
        self.len += 1;
        self.put(key, entry);
    }

    /// The key that [`pop`](Self::pop) serves next, with its cost. If even this cost is too high, so are all others.
    pub fn peek(&self) -> Option<(K, C)> {
        self.ready.first_key_value().map(|(place, key)| (*key, place.cost))
    }

    /// Takes the first item of the key with the lowest cost. The key then stands behind others of the same cost.
    pub fn pop(&mut self) -> Option<(K, T)> {
        let (key, _) = self.peek()?;
        let mut entry = self.take(key);
        let item = entry.items.pop_front()?;
        self.len -= 1;
        entry.place.turn = self.next_turn();
        self.put(key, entry);
        Some((key, item))
    }

    /// The cost of a key: never below the floor.
    pub fn cost(&self, key: K) -> C {
        self.keys.get(&key).map_or(self.floor, |entry| entry.place.cost)
    }

    /// Sets the cost of a key, which may have no items; a cost below the floor becomes the floor. The cost is kept for as
    /// long as the key has items or the floor is lower.
    pub fn set_cost(&mut self, key: K, cost: C) {
        let mut entry = self.take(key);
        entry.place.cost = cost.max(self.floor);
        self.put(key, entry);
    }

    /// Raises every lower cost to the floor, that of new keys too, so that a key saves nothing up while it has no items. The
    /// floor never falls, and never rises above the lowest cost of the keys that have items.
    pub fn raise_floor(&mut self, floor: C) {
        let least = self.peek().map_or(floor, |(_, least)| floor.min(least));
        self.floor = self.floor.max(least);
        while let Some(first) = self.idle.first_entry()
            && first.key().cost <= self.floor
        {
            self.keys.remove(&first.remove());
        }
    }

    /// Drops the items that `keep` refuses. It looks at every item.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        let keys: Vec<K> = self.ready.values().copied().collect();
        for key in keys {
            let mut entry = self.take(key);
            self.len -= entry.items.len();
            entry.items.retain(&mut keep);
            self.len += entry.items.len();
            self.put(key, entry);
        }
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of items of a key.
    pub fn waiting(&self, key: K) -> usize {
        self.keys.get(&key).map_or(0, |entry| entry.items.len())
    }

    /// The number of keys that have items or a cost above the floor.
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    /// Takes the entry of a key out of its place, or makes one.
    fn take(&mut self, key: K) -> Entry<C, T> {
        let Some(entry) = self.keys.remove(&key) else {
            let place = Place { cost: self.floor, turn: self.next_turn() };
            return Entry { place, items: VecDeque::new() };
        };
        let order = if entry.items.is_empty() { &mut self.idle } else { &mut self.ready };
        order.remove(&entry.place);
        entry
    }

    /// Puts an entry into its place, unless there is nothing to keep.
    fn put(&mut self, key: K, entry: Entry<C, T>) {
        let order = match entry.items.is_empty() {
            true if entry.place.cost <= self.floor => return,
            true => &mut self.idle,
            false => &mut self.ready,
        };
        order.insert(entry.place, key);
        self.keys.insert(key, entry);
    }

    fn next_turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_keys_take_turns_however_many_items_one_has() {
        let mut queue = FairQueue::<_, u32, _>::new();
        for (number, key) in ["a", "a", "a", "b", "c", "b"].into_iter().enumerate() {
            queue.push(key, number);
        }
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, [("a", 0), ("b", 3), ("c", 4), ("a", 1), ("b", 5), ("a", 2)]);
        assert_eq!(queue.keys(), 0);
    }

    #[test]
    fn a_cost_decides_before_a_turn_and_is_kept_while_nothing_waits() {
        let mut queue = FairQueue::new();
        queue.set_cost("dear", 5);
        queue.push("dear", 1);
        queue.push("cheap", 2);
        assert_eq!((queue.peek(), queue.pop()), (Some(("cheap", 0)), Some(("cheap", 2))));
        assert_eq!((queue.pop(), queue.cost("dear"), queue.keys()), (Some(("dear", 1)), 5, 1));
        queue.raise_floor(5);
        assert_eq!((queue.cost("dear"), queue.cost("new"), queue.keys()), (5, 5, 0));
    }

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Push(u8),
        Pop,
        Cost(u8, u8),
        Floor(u8),
        Retain(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let key = 0_u8..6;
        let step = prop_oneof![
            4 => key.clone().prop_map(Step::Push),
            4 => Just(Step::Pop),
            2 => (key, 0_u8..20).prop_map(|(key, cost)| Step::Cost(key, cost)),
            1 => (0_u8..20).prop_map(Step::Floor),
            1 => (1_usize..4).prop_map(Step::Retain),
        ];
        prop::collection::vec(step, 0..200)
    }

    /// The same by scanning lists.
    #[derive(Default)]
    struct Naive {
        floor: u8,
        costs: [u8; 6],
        items: Vec<(u8, usize)>,
        /// Keys with items: those that wait longest come first.
        waiting: Vec<u8>,
    }

    impl Naive {
        fn cost(&self, key: u8) -> u8 {
            self.costs[usize::from(key)]
        }

        fn peek(&self) -> Option<(u8, u8)> {
            let key = *self.waiting.iter().min_by_key(|key| self.cost(**key))?;
            Some((key, self.cost(key)))
        }

        fn push(&mut self, key: u8, item: usize) {
            self.items.push((key, item));
            if !self.waiting.contains(&key) {
                self.waiting.push(key);
            }
        }

        fn pop(&mut self) -> Option<(u8, usize)> {
            let (key, _) = self.peek()?;
            let item = self.items.remove(self.items.iter().position(|(of, _)| *of == key)?);
            self.waiting.retain(|other| *other != key);
            if self.items.iter().any(|(of, _)| *of == key) {
                self.waiting.push(key);
            }
            Some(item)
        }

        fn retain(&mut self, keep: impl Fn(usize) -> bool) {
            self.items.retain(|(_, item)| keep(*item));
            self.waiting.retain(|key| self.items.iter().any(|(of, _)| of == key));
        }

        fn raise_floor(&mut self, floor: u8) {
            let least = self.peek().map_or(u8::MAX, |(_, cost)| cost);
            self.floor = self.floor.max(floor.min(least));
            self.costs = self.costs.map(|cost| cost.max(self.floor));
        }
    }

    proptest! {
        #[test]
        fn it_does_what_a_scan_of_everything_would_do(steps in steps()) {
            let (mut queue, mut naive) = (FairQueue::new(), Naive::default());
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Push(key) => {
                        queue.push(key, number);
                        naive.push(key, number);
                    }
                    Step::Pop => prop_assert_eq!(queue.pop(), naive.pop()),
                    Step::Cost(key, cost) => {
                        queue.set_cost(key, cost);
                        naive.costs[usize::from(key)] = cost.max(naive.floor);
                    }
                    Step::Floor(floor) => {
                        queue.raise_floor(floor);
                        naive.raise_floor(floor);
                    }
                    Step::Retain(n) => {
                        queue.retain(|item| item % 4 != n);
                        naive.retain(|item| item % 4 != n);
                    }
                }
                prop_assert_eq!(queue.peek(), naive.peek());
                prop_assert_eq!((queue.len(), queue.is_empty()), (naive.items.len(), naive.items.is_empty()));
                for key in 0..6 {
                    prop_assert_eq!(queue.cost(key), naive.cost(key));
                    let waiting = naive.items.iter().filter(|(of, _)| *of == key).count();
                    prop_assert_eq!(queue.waiting(key), waiting);
                }
                let kept = (0..6).filter(|key| naive.waiting.contains(key) || naive.cost(*key) > naive.floor);
                prop_assert_eq!(queue.keys(), kept.count(), "nothing else takes memory");
            }
        }
    }
}
