//! The events that end a run early: its deadline, and signals.
//!
//! While a person reads in a pager, neither the deadline nor SIGINT counts: how long somebody reads is nobody's business,
//! and at a terminal the interrupt key is the pager's. SIGTERM then ends everything.
//!
//! The first of them ends the scan, whose report is then still written and delivered; each of these last steps has
//! `GRACE`, counted from the event or from the start of the step, whichever is later. A second signal ends the run at
//! once, unless it is the first one that arrives twice. Should a step not even notice that it is over, the process ends without it. The sum of all these waits is less
//! than the 30 s that Kubernetes grants a pod (`terminationGracePeriodSeconds` in `deploy/base/cronjob.yaml`), which
//! `all_waits_fit_into_the_grace_period` checks.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::vocabulary::Stopped;

/// How long writing the report may go on after the deadline or a signal, and how long delivering messages. A receiver
/// that works answers within a second, and a person or a kubelet that asks a program to end does not wait for long.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// When the process ends after the deadline or a signal even though a step is still under way. It is longer than
/// everything that may follow, and leaves a third of the pod's grace period for the container to go away.
const HARD_LIMIT: Duration = Duration::from_secs(20);

/// How long a run that ends at once may take to put away its temporary files.
const AT_ONCE: Duration = Duration::from_secs(1);

/// For how long the same signal counts as one. `timeout` of coreutils signals its child and then the whole group, which
/// the child is in; a person who presses a key again takes longer.
const ECHO: Duration = Duration::from_millis(200);

/// Ends the process, whatever is still under way.
pub type Abort = fn() -> !;

/// How far the events have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing has happened yet.
    Running,
    /// The scan has to end.
    Stopped(Stopped),
    /// Everything has to end.
    AtOnce,
}

/// The deadline and the signals of a run.
#[derive(Debug, Clone)]
pub(super) struct Stop {
    phase: watch::Receiver<Phase>,
    is_read: Arc<watch::Sender<bool>>,
}

/// The time in which a person reads, which ends when this is dropped.
pub(super) struct Reading(Arc<watch::Sender<bool>>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.send_replace(false);
    }
}

/// Why a step was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GivenUp {
    /// Its time after the deadline or a signal is over.
    OutOfTime,
    /// A second signal came.
    AtOnce,
}

impl GivenUp {
    /// The end of a sentence about the step.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::OutOfTime => "it took too long after the deadline or a signal",
            Self::AtOnce => "the run was asked to end at once",
        }
    }
}

impl Stop {
    /// Counts the time from now on. Signals are handled from now on, too: as process 1 of a container, a SIGTERM that is
    /// not handled would be ignored.
    pub(super) fn after(limit: Duration, abort: Abort) -> anyhow::Result<Self> {
        let mut signals = Signals {
            terminate: signal(SignalKind::terminate()).context("SIGTERM cannot be handled")?,
            interrupt: signal(SignalKind::interrupt()).context("SIGINT cannot be handled")?,
        };
        let (phase, receiver) = watch::channel(Phase::Running);
        let (is_read, mut reading) = watch::channel(false);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    biased;
                    () = becomes(true, &mut reading) => {}
                    () = follow(limit, &mut signals, &phase) => break,
                }
                tokio::select! {
                    () = becomes(false, &mut reading) => {}
                    _ = signals.terminate.recv() => break,
                }
            }
            phase.send_replace(Phase::AtOnce);
            sleep(AT_ONCE).await;
            abort()
        });
        Ok(Self {
            phase: receiver,
            is_read: Arc::new(is_read),
        })
    }

    /// Lets a person read for as long as what is returned lives.
    pub(super) fn reading(&self) -> Reading {
        self.is_read.send_replace(true);
        Reading(Arc::clone(&self.is_read))
    }

    /// Resolves when everything has to end.
    pub(super) async fn at_once(&self) {
        self.reached(|phase| *phase == Phase::AtOnce).await;
    }

    /// Resolves when the scan has to end.
    pub(super) async fn stopped(&self) -> Stopped {
        match self.reached(|phase| *phase != Phase::Running).await {
            Phase::Stopped(reason) => reason,
            Phase::Running | Phase::AtOnce => Stopped::Signal,
        }
    }

    /// Resolves when the time of a step that begins now is over.
    pub(super) async fn out_of_time(&self) -> GivenUp {
        tokio::select! {
            biased;
            () = self.at_once() => GivenUp::AtOnce,
            () = async { self.stopped().await; sleep(GRACE).await } => GivenUp::OutOfTime,
        }
    }

    /// Takes one of the last steps, unless its time is over before.
    pub(super) async fn last_step<T>(&self, step: impl Future<Output = T>) -> Result<T, GivenUp> {
        tokio::select! {
            biased;
            done = step => Ok(done),
            reason = self.out_of_time() => Err(reason),
        }
    }

    async fn reached(&self, is_reached: impl FnMut(&Phase) -> bool) -> Phase {
        let mut phase = self.phase.clone();
        let reached = phase.wait_for(is_reached).await.map(|phase| *phase);
        match reached {
            Ok(phase) => phase,
            // The task that follows the events is gone with the whole program.
            Err(_) => std::future::pending().await,
        }
    }
}

/// The signals that ask a program to end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    async fn next(&mut self) -> SignalKind {
        tokio::select! {
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.interrupt.recv() => SignalKind::interrupt(),
        }
    }

    /// The next signal that is not the given one, arriving twice.
    async fn next_after(&mut self, first: Option<(SignalKind, Instant)>) -> SignalKind {
        loop {
            let kind = self.next().await;
            let is_echo = first.is_some_and(|(first, at)| first == kind && at.elapsed() < ECHO);
            if !is_echo {
                return kind;
            }
        }
    }
}

/// The beginning of a sentence about a scan that ended before it could begin.
pub(super) const fn beginning(stopped: Stopped) -> &'static str {
    match stopped {
        Stopped::Deadline => "the scan ran out of time",
        Stopped::Signal => "the scan was asked to stop",
    }
}

/// Resolves when a person begins or ceases to read; never, when the run is over.
async fn becomes(read: bool, reading: &mut watch::Receiver<bool>) {
    let reached = reading.wait_for(|is_read| *is_read == read).await.is_ok();
    if !reached {
        std::future::pending::<()>().await;
    }
}

/// Follows the events until everything has to end: at the second signal, or at [`HARD_LIMIT`] after the first event.
async fn follow(limit: Duration, signals: &mut Signals, phase: &watch::Sender<Phase>) {
    let mut signal = tokio::select! {
        () = sleep(limit) => None,
        kind = signals.next() => Some((kind, Instant::now())),
    };
    let last = Instant::now() + HARD_LIMIT;
    if signal.is_some() {
        phase.send_replace(Phase::Stopped(Stopped::Signal));
    } else {
        phase.send_replace(Phase::Stopped(Stopped::Deadline));
        // The deadline is no signal: the first one after it leaves the last steps their time.
        tokio::select! {
            () = sleep_until(last) => return,
            kind = signals.next() => signal = Some((kind, Instant::now())),
        }
    }
    tokio::select! {
        () = sleep_until(last) => {}
        _ = signals.next_after(signal) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn never() -> ! {
        panic!("the process was ended")
    }

    #[test]
    fn all_waits_fit_into_the_grace_period() {
        let job = include_str!("../../deploy/base/cronjob.yaml");
        let line = job
            .lines()
            .find_map(|line| line.trim().strip_prefix("terminationGracePeriodSeconds: "));
        let granted = Duration::from_secs(line.unwrap().parse().unwrap());
        assert!(HARD_LIMIT + AT_ONCE < granted);
        // The report, the messages and the metrics, one after the other.
        assert!(GRACE * 3 < HARD_LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_has_its_grace_from_the_deadline_or_from_its_start() {
        let began = Instant::now();
        let stop = Stop::after(Duration::from_mins(1), never).unwrap();
        assert_eq!(stop.stopped().await, Stopped::Deadline);
        assert_eq!(began.elapsed().as_secs(), 60);
        let hangs = std::future::pending::<()>();
        assert_eq!(stop.last_step(hangs).await, Err(GivenUp::OutOfTime));
        assert_eq!(began.elapsed().as_secs(), 65);
        assert_eq!(stop.last_step(async { 7 }).await, Ok(7));
        let hangs = std::future::pending::<()>();
        assert_eq!(stop.last_step(hangs).await, Err(GivenUp::OutOfTime));
        assert_eq!(began.elapsed().as_secs(), 70);
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_in_which_a_person_reads_does_not_count() {
        let stop = Stop::after(Duration::from_mins(1), never).unwrap();
        let reading = stop.reading();
        sleep(Duration::from_hours(2)).await;
        assert_eq!(stop.last_step(async { 7 }).await, Ok(7));
        drop(reading);
        let began = Instant::now();
        let hangs = std::future::pending::<()>();
        assert_eq!(stop.last_step(hangs).await, Err(GivenUp::OutOfTime));
        assert_eq!(began.elapsed().as_secs(), 65);
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_before_the_deadline_may_last_until_then() {
        let began = Instant::now();
        let stop = Stop::after(Duration::from_mins(1), never).unwrap();
        let long = sleep(Duration::from_secs(64));
        assert_eq!(stop.last_step(long).await, Ok(()));
        assert_eq!(began.elapsed().as_secs(), 64);
        let hangs = sleep(Duration::from_mins(10));
        assert_eq!(stop.last_step(hangs).await, Err(GivenUp::OutOfTime));
    }
}
