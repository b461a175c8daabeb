//! The program under limits of memory and processor time, and what it took.

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::program::root;

/// The memory limit of the shipped `CronJob`.
pub(crate) const SHIPPED: u64 = 256 << 20;

/// The most memory that a scan may have resident, whatever it reads.
pub(crate) const MOST_RESIDENT: u64 = 208 << 20;

/// What the program may take. The kernel ends it when it takes more.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// Bytes of memory of its own (`RLIMIT_DATA`). An allocation beyond them fails, which aborts the program, as
    /// surely as a container's limit kills it.
    pub(crate) memory: u64,
    /// Seconds on a processor (`RLIMIT_CPU`), for inputs that would otherwise keep it busy for hours.
    pub(crate) seconds: u64,
    /// How long it may take; a program that waits for ever takes no time on a processor.
    pub(crate) wall: Duration,
}

/// What a run took, and left behind.
#[derive(Debug)]
pub(crate) struct Measured {
    /// The exit status; `None` when a signal ended the program.
    pub(crate) status: Option<i32>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
    /// The report; null when there is none.
    pub(crate) report: Value,
    pub(crate) stdout_bytes: usize,
    pub(crate) stderr: String,
    /// The most memory that was resident at once.
    pub(crate) peak_bytes: u64,
    /// Time on processors, in user and kernel mode.
    pub(crate) cpu: Duration,
    pub(crate) wall: Duration,
}

/// Runs a command line of the program: the one of this build, or the one that `DRIFTLINE_PROGRAM` names. It has nothing in
/// its environment but what is given.
pub(crate) fn run(environment: &[(&str, &OsStr)], arguments: &[&str], limits: Limits) -> Measured {
    let program =
        std::env::var("DRIFTLINE_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_driftline").to_owned());
    let kib = limits.memory >> 10;
    let mut child = Command::new("sh")
        .args([
            "-c",
            r#"ulimit -c 0 && ulimit -d "$1" && ulimit -t "$2" && shift 2 && exec "$@""#,
            "sh",
        ])
        .args([&kib.to_string(), &limits.seconds.to_string(), &program])
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        // As in the image: glibc would keep a heap for each thread, and what was freed there counts as resident.
        .env("MALLOC_ARENA_MAX", "1")
        .envs(environment.iter().copied())
        .current_dir(root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let mut stdout = child.stdout.take().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    thread::scope(|scope| {
        let stdout = scope.spawn(move || {
            let mut bytes = Vec::new();
            stdout.read_to_end(&mut bytes).unwrap();
            bytes
        });
        let stderr = scope.spawn(move || {
            let mut bytes = Vec::new();
            stderr.read_to_end(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let (status, peak_bytes, cpu) = watch(&mut child, began + limits.wall);
        let wall = began.elapsed();
        let stdout = stdout.join().unwrap();
        Measured {
            status: status.code(),
            signal: status.signal(),
            report: serde_json::from_slice(&stdout).unwrap_or_default(),
            stdout_bytes: stdout.len(),
            stderr: stderr.join().unwrap(),
            peak_bytes,
            cpu,
            wall,
        }
    })
}

/// Looks at the process until it ends.
///
/// The kernel's own account of an ended process (`ru_maxrss`) begins with the memory of the process that started it,
/// which here holds the hostile inputs. The high-water mark of the process's own memory does not; it only grows, so
/// that no more is missed than the growth after the last look.
fn watch(child: &mut Child, deadline: Instant) -> (std::process::ExitStatus, u64, Duration) {
    let process = format!("/proc/{}", child.id());
    let (mut peak, mut ticks) = (0, 0);
    loop {
        peak = peak.max(resident(Path::new(&process)).unwrap_or_default());
        ticks = processor_ticks(Path::new(&process)).unwrap_or(ticks);
        if let Some(status) = child.try_wait().unwrap() {
            return (status, peak, Duration::from_millis(ticks * 10));
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn resident(process: &Path) -> Option<u64> {
    let status = fs::read_to_string(process.join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib << 10)
}

/// A hundred of them are a second, on every Linux (`USER_HZ`).
fn processor_ticks(process: &Path) -> Option<u64> {
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    // The name in parentheses may hold blanks.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let user: u64 = fields.get(11)?.parse().ok()?;
    let kernel: u64 = fields.get(12)?.parse().ok()?;
    Some(user + kernel)
}
