//! How long each stage of a scan took, for the log that `-v` shows and for metrics, and what processor time there was.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::vocabulary::ScanStage;

/// How long the stages took that have ended. A scan that is stopped loses its clock, and not this.
#[derive(Debug, Default)]
pub(super) struct StageTimes(Mutex<BTreeMap<ScanStage, Duration>>);

impl StageTimes {
    /// The times so far.
    pub(super) fn so_far(&self) -> BTreeMap<ScanStage, Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, stage: ScanStage, took: Duration) {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *times.entry(stage).or_default() += took;
    }
}

/// Notes and logs how long each stage took. Records are decoded beside the stages of the wave before, so that times overlap.
pub(super) struct Clock<'t> {
    times: &'t StageTimes,
    began: Instant,
}

impl<'t> Clock<'t> {
    /// Begins the first stage.
    pub(super) fn start(times: &'t StageTimes) -> Self {
        Self {
            times,
            began: Instant::now(),
        }
    }

    /// Notes and logs the stage that ends now, and begins the next one.
    pub(super) fn lap(&mut self, stage: ScanStage) {
        let now = Self::start(self.times);
        let took = now.began.duration_since(self.began);
        self.times.add(stage, took);
        tracing::info!(%stage, millis = millis(took), "done");
        *self = now;
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The processor time of this process, in user mode and in the kernel; `None` where there is no Linux to tell.
pub(super) fn processor_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field, the program's name, may hold anything; what follows it are numbers, of which user time is
    // the twelfth. Linux counts in hundredths of a second here, whatever the kernel's own tick is.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some(Duration::from_millis((ticks()? + ticks()?) * 10))
}
