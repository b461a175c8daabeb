//! How long each stage of a scan took, for the log that `-v` shows.

use std::time::{Duration, Instant};

/// Logs how long each stage took, and how much processor time.
pub(super) struct Clock {
    began: Instant,
    worked: Option<Duration>,
}

impl Clock {
    /// Begins the first stage.
    pub(super) fn start() -> Self {
        Self {
            began: Instant::now(),
            worked: processor_time(),
        }
    }

    /// Logs the stage that ends now, and begins the next one.
    pub(super) fn lap(&mut self, stage: &'static str) {
        let now = Self::start();
        let worked = now.worked.zip(self.worked);
        tracing::info!(
            stage,
            millis = millis(now.began.duration_since(self.began)),
            cpu_millis = worked.map(|(now, before)| millis(now.saturating_sub(before))),
            "done"
        );
        *self = now;
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The processor time of this process, in user mode and in the kernel; `None` where there is no Linux to tell.
fn processor_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field, the program's name, may hold anything; what follows it are numbers, of which user time is
    // the twelfth. Linux counts in hundredths of a second here, whatever the kernel's own tick is.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some(Duration::from_millis((ticks()? + ticks()?) * 10))
}
