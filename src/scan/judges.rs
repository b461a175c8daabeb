//! The threads that compare objects, and the queue before them.
//!
//! Reading hands an object over and goes on; so no page, request or lock waits for a comparison. There are as many
//! comparisons at once as processors, up to four. Where they fall behind, no more requests begin. An object that there is no room for
//! all the same is put aside, to be read again when the others are done; so is one that a costly namespace would fill the
//! queue with.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::cluster_facts::ClusterFacts;
use super::options::Progress;
use super::queue::FairQueue;
use super::state::{ObjectPosition, ScanState};
use crate::classify::live::LiveObject;
use crate::object::ObjectKey;
use crate::source::{Lookup, ObjectSink, ReadError};
use crate::weight::{MAX_COMPARED, SMALL_VALUE, at_once, turn};

/// What a waiting comparison takes besides the object's text.
const JOB_BYTES: usize = 384;

/// Compares the objects that were read, on threads of its own.
pub(super) struct Judges {
    state: Arc<ScanState>,
    progress: Arc<dyn Progress>,
    runtime: Handle,
    most_workers: usize,
    work: Mutex<Work>,
    level: watch::Sender<Level>,
}

struct Work {
    queue: FairQueue<Job>,
    workers: usize,
    /// Nothing more is taken in.
    is_closed: bool,
}

/// How full the queue is.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Level {
    has_room: bool,
    jobs: usize,
}

/// One comparison: an object for one release.
struct Job {
    position: ObjectPosition,
    answer: Arc<Answer>,
    facts: Arc<ClusterFacts>,
}

/// What was read of an object.
enum Answer {
    Found(String),
    NotFound,
    Unreadable(ReadError),
}

impl Answer {
    fn of(lookup: &Lookup<'_>) -> Self {
        match *lookup {
            Lookup::Found(text) => Self::Found(text.to_owned()),
            Lookup::NotFound => Self::NotFound,
            Lookup::Unreadable(error) => Self::Unreadable(error.clone()),
        }
    }

    fn lookup(&self) -> Lookup<'_> {
        match self {
            Self::Found(text) => Lookup::Found(text),
            Self::NotFound => Lookup::NotFound,
            Self::Unreadable(error) => Lookup::Unreadable(error),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Found(text) => text.len(),
            Self::NotFound | Self::Unreadable(_) => 0,
        }
    }
}

impl Judges {
    /// Judges without work, on the runtime that this is called on.
    pub(super) fn new(state: Arc<ScanState>, progress: Arc<dyn Progress>, queue_bytes: usize) -> Arc<Self> {
        let work = Work {
            queue: FairQueue::new(queue_bytes),
            workers: 0,
            is_closed: false,
        };
        Arc::new(Self {
            state,
            progress,
            runtime: Handle::current(),
            most_workers: at_once(),
            work: Mutex::new(work),
            level: watch::Sender::new(Level {
                has_room: true,
                jobs: 0,
            }),
        })
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that an object for a release with records in this namespace will be read.
    pub(super) fn expect<'n>(&self, namespaces: impl IntoIterator<Item = &'n str>) {
        let mut work = self.work();
        for namespace in namespaces {
            work.queue.expect(namespace);
        }
    }

    /// The receiver of the objects of a wave.
    pub(super) fn sink(self: &Arc<Self>, facts: &Arc<ClusterFacts>) -> Arc<WaveSink> {
        Arc::new(WaveSink {
            judges: Arc::clone(self),
            facts: Arc::clone(facts),
            aside: Mutex::default(),
        })
    }

    /// Resolves when everything that was handed over is compared.
    pub(super) async fn done(&self) {
        let mut level = self.level.subscribe();
        // The sender lives as long as this.
        let _ = level.wait_for(|level| level.jobs == 0).await;
    }

    /// Drops what still waits. What is being compared ends by itself.
    pub(super) fn close(&self) {
        let mut work = self.work();
        work.is_closed = true;
        work.queue.clear();
        self.publish(&work);
    }

    fn publish(&self, work: &Work) {
        let level = Level {
            has_room: work.queue.has_room(),
            jobs: work.queue.jobs(),
        };
        self.level.send_if_modified(|known| {
            let is_news = *known != level;
            *known = level;
            is_news
        });
    }

    /// Takes in an object for one release. `Err` where it has to be read again later.
    fn offer(self: &Arc<Self>, position: ObjectPosition, bytes: usize, job: Job) -> Result<(), Job> {
        let Some(lane) = self.state.lane(position) else {
            return Ok(());
        };
        let mut work = self.work();
        if work.is_closed {
            return Ok(());
        }
        work.queue.offer(lane, bytes, job)?;
        self.publish(&work);
        if work.workers < self.most_workers {
            work.workers += 1;
            let judges = Arc::clone(self);
            self.runtime.spawn_blocking(move || judges.run());
        }
        Ok(())
    }

    /// Compares objects until none waits.
    fn run(&self) {
        loop {
            let mut work = self.work();
            let Some((job, turn)) = work.queue.pop() else {
                work.workers -= 1;
                return;
            };
            drop(work);
            let began = Instant::now();
            if catch_unwind(AssertUnwindSafe(|| self.judge(&job))).is_err() {
                tracing::error!("an object could not be worked on");
            }
            drop(job);
            self.progress.step();
            let cost = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            let mut work = self.work();
            work.queue.end(&turn, cost);
            self.publish(&work);
        }
    }

    fn judge(&self, job: &Job) {
        let Some(inspection) = self.state.start_inspection(job.position) else {
            return;
        };
        let lookup = job.answer.lookup();
        let weight = lookup.weight().saturating_add(inspection.weight());
        let _turn = (weight > SMALL_VALUE).then(turn);
        let live = if weight > MAX_COMPARED {
            LiveObject::Unreadable("too large to compare: its revisions take too much memory".to_owned())
        } else {
            LiveObject::parse(&lookup)
        };
        let compared = inspection.todo.compare.as_ref();
        let body_bytes = compared.map_or(0, |expectations| expectations.body.len());
        let inspected = inspection.run(&live, &job.facts);
        self.state.finish_inspection(job.position, inspected, body_bytes);
    }
}

/// Takes in the objects of one wave.
pub(super) struct WaveSink {
    judges: Arc<Judges>,
    facts: Arc<ClusterFacts>,
    /// The objects that have to be read again.
    aside: Mutex<BTreeSet<ObjectKey>>,
}

impl WaveSink {
    /// Takes out the objects that have to be read again.
    pub(super) fn take_aside(&self) -> BTreeSet<ObjectKey> {
        std::mem::take(&mut *self.aside.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ObjectSink for WaveSink {
    fn take(&self, key: &ObjectKey, lookup: Lookup<'_>) {
        let judges = &self.judges;
        let positions = judges.state.take_waiting(key);
        if positions.is_empty() {
            return;
        }
        if let Lookup::Unreadable(error) = lookup {
            judges.state.note_unreadable(error);
        }
        let answer = Arc::new(Answer::of(&lookup));
        // Releases that share an object share its text.
        let mut bytes = answer.bytes() + JOB_BYTES;
        let mut refused = Vec::new();
        for position in positions {
            let job = Job {
                position,
                answer: Arc::clone(&answer),
                facts: Arc::clone(&self.facts),
            };
            match judges.offer(position, bytes, job) {
                Ok(()) => bytes = JOB_BYTES,
                Err(_) => refused.push(position),
            }
        }
        if !refused.is_empty() {
            judges.state.wait_again(key, refused);
            let mut aside = self.aside.lock().unwrap_or_else(PoisonError::into_inner);
            aside.insert(key.clone());
        }
    }

    fn room(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let mut level = self.judges.level.subscribe();
            let _ = level.wait_for(|level| level.has_room).await;
        })
    }
}
