//! The objects that wait to be compared, in a fair order.
//!
//! What a comparison costs is known only afterwards. So the next object is of the namespace whose objects have cost the
//! least so far, and in it of the release that has: whoever is expensive waits for everybody else, and nobody waits for
//! more than the comparisons that have begun. Namespaces come before releases because whoever may write one record may
//! write many.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How far the queue may be overfilled by answers whose requests began while there was room, as a multiple of its size.
const OVERFULL: usize = 2;

/// The part of the queue that one namespace may fill while others wait for objects to be read: a quarter.
const SHARE: usize = 4;

/// From which cost on, in microseconds, a namespace counts as expensive: no ordinary one comes near it within one scan of
/// the size that makes the queue long.
const EXPENSIVE: u64 = 1_000_000;

/// The release that an object is compared for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lane {
    /// The namespace of its records.
    pub(super) namespace: String,
    /// Its position among the releases of the scan.
    pub(super) release: usize,
}

/// The queue.
pub(super) struct FairQueue<J> {
    namespaces: BTreeMap<String, NamespaceLane<J>>,
    /// The namespaces with waiting jobs, the least expensive first.
    ready: BTreeSet<(u64, String)>,
    /// The bytes of the jobs that wait or are worked on.
    bytes: usize,
    /// How many jobs wait or are worked on.
    jobs: usize,
    capacity: usize,
    /// How many jobs are expected that are not done yet.
    expected: usize,
    spent: u64,
}

struct NamespaceLane<J> {
    spent: u64,
    done: u64,
    bytes: usize,
    expected: usize,
    releases: BTreeMap<usize, ReleaseLane<J>>,
    /// The releases with waiting jobs, the least expensive first.
    ready: BTreeSet<(u64, usize)>,
}

struct ReleaseLane<J> {
    spent: u64,
    jobs: VecDeque<(usize, J)>,
}

impl<J> Default for NamespaceLane<J> {
    fn default() -> Self {
        Self {
            spent: 0,
            done: 0,
            bytes: 0,
            expected: 0,
            releases: BTreeMap::new(),
            ready: BTreeSet::new(),
        }
    }
}

impl<J> Default for ReleaseLane<J> {
    fn default() -> Self {
        Self {
            spent: 0,
            jobs: VecDeque::new(),
        }
    }
}

/// The place of a job that is being worked on.
pub(super) struct Turn {
    lane: Lane,
    bytes: usize,
    /// What the job is taken to cost until that is known.
    assumed: u64,
}

impl<J> FairQueue<J> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            namespaces: BTreeMap::new(),
            ready: BTreeSet::new(),
            bytes: 0,
            jobs: 0,
            capacity,
            expected: 0,
            spent: 0,
        }
    }

    /// Notes that a job of this namespace will come.
    pub(super) fn expect(&mut self, namespace: &str) {
        self.expected += 1;
        self.namespace(namespace).expected += 1;
    }

    /// Whether there is room for more objects.
    pub(super) const fn has_room(&self) -> bool {
        self.bytes < self.capacity
    }

    /// How many jobs wait or are worked on.
    pub(super) const fn jobs(&self) -> usize {
        self.jobs
    }

    /// Takes a job in. `Err` where the queue is overfull, and where the job would keep others from being read: its
    /// namespace is expensive and has filled its share of the queue. An empty queue takes any job.
    pub(super) fn offer(&mut self, lane: Lane, bytes: usize, job: J) -> Result<(), J> {
        if self.jobs > 0 && self.bytes + bytes > OVERFULL * self.capacity {
            return Err(job);
        }
        let (capacity, spent, expected) = (self.capacity, self.spent, self.expected);
        let namespace = self.namespace(&lane.namespace);
        let is_expensive = namespace.spent > EXPENSIVE && namespace.spent > spent / 2;
        let is_above_share = namespace.bytes > 0 && namespace.bytes + bytes > capacity / SHARE;
        if is_expensive && is_above_share && expected > namespace.expected {
            return Err(job);
        }
        namespace.bytes += bytes;
        let release = namespace.releases.entry(lane.release).or_default();
        release.jobs.push_back((bytes, job));
        namespace.ready.insert((release.spent, lane.release));
        let spent = namespace.spent;
        self.ready.insert((spent, lane.namespace));
        self.bytes += bytes;
        self.jobs += 1;
        Ok(())
    }

    /// Takes out the job that comes next.
    pub(super) fn pop(&mut self) -> Option<(J, Turn)> {
        let (_, name) = self.ready.pop_first()?;
        let namespace = self.namespaces.get_mut(&name)?;
        let (_, position) = namespace.ready.pop_first()?;
        let release = namespace.releases.get_mut(&position)?;
        let (bytes, job) = release.jobs.pop_front()?;
        let assumed = namespace.spent.checked_div(namespace.done).unwrap_or(0) + 1;
        release.spent += assumed;
        namespace.spent += assumed;
        if !release.jobs.is_empty() {
            namespace.ready.insert((release.spent, position));
        }
        if !namespace.ready.is_empty() {
            self.ready.insert((namespace.spent, name.clone()));
        }
        let lane = Lane {
            namespace: name,
            release: position,
        };
        let turn = Turn { lane, bytes, assumed };
        Some((job, turn))
    }

    /// Notes that a job is done, and what it cost.
    pub(super) fn end(&mut self, turn: &Turn, cost: u64) {
        let Turn { lane, bytes, assumed } = turn;
        self.jobs -= 1;
        self.bytes -= *bytes;
        self.spent += cost;
        self.expected = self.expected.saturating_sub(1);
        let namespace = self.namespace(&lane.namespace);
        namespace.bytes -= *bytes;
        namespace.done += 1;
        namespace.expected = namespace.expected.saturating_sub(1);
        let before = namespace.spent;
        namespace.spent = (before + cost).saturating_sub(*assumed);
        let after = namespace.spent;
        if let Some(release) = namespace.releases.get_mut(&lane.release) {
            let spent = (release.spent + cost).saturating_sub(*assumed);
            if namespace.ready.remove(&(release.spent, lane.release)) {
                namespace.ready.insert((spent, lane.release));
            }
            release.spent = spent;
        }
        if self.ready.remove(&(before, lane.namespace.clone())) {
            self.ready.insert((after, lane.namespace.clone()));
        }
    }

    /// Drops every job that waits.
    pub(super) fn clear(&mut self) {
        self.ready.clear();
        for namespace in self.namespaces.values_mut() {
            namespace.ready.clear();
            for release in namespace.releases.values_mut() {
                for (bytes, _) in release.jobs.drain(..) {
                    self.jobs -= 1;
                    self.bytes -= bytes;
                    namespace.bytes -= bytes;
                }
            }
        }
    }

    fn namespace(&mut self, name: &str) -> &mut NamespaceLane<J> {
        self.namespaces.entry(name.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(namespace: &str, release: usize) -> Lane {
        Lane {
            namespace: namespace.to_owned(),
            release,
        }
    }

    /// Works everything off, with what each job costs, and returns the order.
    fn order(queue: &mut FairQueue<&'static str>, cost: impl Fn(&str) -> u64) -> Vec<&'static str> {
        let mut done = Vec::new();
        while let Some((job, turn)) = queue.pop() {
            queue.end(&turn, cost(job));
            done.push(job);
        }
        assert_eq!((queue.jobs(), queue.bytes), (0, 0));
        done
    }

    #[test]
    fn an_expensive_namespace_waits_for_all_others() {
        let mut queue = FairQueue::new(1 << 20);
        for (release, job) in ["evil 1", "evil 2", "evil 3", "evil 4"].into_iter().enumerate() {
            queue.offer(lane("evil", release), 10, job).unwrap();
        }
        for (release, job) in ["shop 1", "shop 2", "shop 3"].into_iter().enumerate() {
            queue.offer(lane("shop", release), 10, job).unwrap();
        }
        queue.offer(lane("pay", 9), 10, "pay 1").unwrap();
        let order = order(
            &mut queue,
            |job| if job.starts_with("evil") { 500_000 } else { 100 },
        );
        let last: BTreeSet<&str> = order[5..].iter().copied().collect();
        assert_eq!(order[0], "evil 1", "nothing was known of its cost");
        assert_eq!(last, BTreeSet::from(["evil 2", "evil 3", "evil 4"]), "{order:?}");
    }

    #[test]
    fn an_expensive_release_waits_for_the_others_of_its_namespace() {
        let mut queue = FairQueue::new(1 << 20);
        for job in ["a costly", "a costly", "a costly"] {
            queue.offer(lane("shop", 0), 10, job).unwrap();
        }
        for job in ["b", "b"] {
            queue.offer(lane("shop", 1), 10, job).unwrap();
        }
        let order = order(&mut queue, |job| if job == "b" { 100 } else { 500_000 });
        assert_eq!(order, ["a costly", "b", "b", "a costly", "a costly"]);
    }

    #[test]
    fn jobs_that_are_worked_on_count_before_their_cost_is_known() {
        let mut queue = FairQueue::new(1 << 20);
        for namespace in ["evil", "evil", "evil", "shop"] {
            queue.offer(lane(namespace, 0), 10, namespace).unwrap();
        }
        let (_, first) = queue.pop().unwrap();
        queue.end(&first, 500_000);
        let jobs: Vec<&str> = std::iter::from_fn(|| Some(queue.pop()?.0)).collect();
        assert_eq!(jobs, ["shop", "evil", "evil"]);
    }

    /// A long queue of one namespace keeps nobody else from being read.
    #[test]
    fn an_expensive_namespace_fills_a_quarter_of_the_queue() {
        let mut queue = FairQueue::new(100);
        for namespace in ["evil", "evil", "evil", "evil", "shop"] {
            queue.expect(namespace);
        }
        // As long as nothing is known of its cost, everything is taken in.
        queue.offer(lane("evil", 0), 60, "evil").unwrap();
        let (_, turn) = queue.pop().unwrap();
        queue.end(&turn, 2 * EXPENSIVE);
        queue.offer(lane("evil", 0), 20, "evil").unwrap();
        assert_eq!(queue.offer(lane("evil", 0), 20, "evil"), Err("evil"));
        queue.offer(lane("shop", 0), 60, "shop").unwrap();
        assert!(queue.has_room());
        // Once it is the last, it may have all of it.
        assert_eq!(order(&mut queue, |_| 1), ["shop", "evil"]);
        queue.offer(lane("evil", 0), 60, "evil").unwrap();
        queue.offer(lane("evil", 0), 60, "evil").unwrap();
    }

    /// Requests begin while there is room; all of their answers together may be more.
    #[test]
    fn an_overfull_queue_takes_nothing_and_an_empty_one_anything() {
        let mut queue = FairQueue::new(100);
        queue.offer(lane("shop", 0), 1_000, "huge").unwrap();
        assert!(!queue.has_room());
        assert_eq!(queue.offer(lane("pay", 1), 1, "small"), Err("small"));
        assert_eq!(order(&mut queue, |_| 1), ["huge"]);
        queue.offer(lane("shop", 0), 90, "a").unwrap();
        queue.offer(lane("shop", 0), 90, "b").unwrap();
        assert_eq!(queue.offer(lane("pay", 1), 90, "c"), Err("c"));
    }

    #[test]
    fn what_waits_can_be_dropped_and_what_is_worked_on_is_still_settled() {
        let mut queue = FairQueue::new(100);
        queue.offer(lane("shop", 0), 10, "a").unwrap();
        queue.offer(lane("shop", 0), 10, "b").unwrap();
        let (_, turn) = queue.pop().unwrap();
        queue.clear();
        assert_eq!((queue.jobs(), queue.bytes), (1, 10));
        queue.end(&turn, 5);
        assert_eq!((queue.jobs(), queue.bytes), (0, 0));
        assert!(queue.pop().is_none());
    }
}
