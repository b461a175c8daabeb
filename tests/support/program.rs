//! The program, run the way its users run it.

use std::ffi::OsStr;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::terminal::Terminal;

/// The folder of this repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The snapshot that the README scans.
pub(crate) fn example() -> PathBuf {
    root().join("examples/drifted-shop")
}

/// Writes a program. Another process does so: a program cannot be started while it is open for writing, and whatever this
/// process starts meanwhile in another test holds for a moment what is open here.
pub(crate) fn write_program(path: impl AsRef<Path>, text: &str) {
    let mut writer = Command::new("sh")
        .args(["-c", "cat >\"$1\" && chmod 755 \"$1\"", "sh"])
        .arg(path.as_ref())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = writer.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    assert!(writer.wait().unwrap().success(), "{}", path.as_ref().display());
}

/// Copies a folder with everything in it.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap_or_else(|error| panic!("{}: {error}", to.display()));
    let entries = std::fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    for entry in entries {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// A command line of driftline. It runs in the folder of the repository, with nothing in its environment but what is
/// given.
pub(crate) struct Driftline {
    command: Command,
    secrets: Vec<String>,
}

impl Driftline {
    pub(crate) fn new(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_driftline"));
        command
            .args(arguments)
            .env_clear()
            .current_dir(root())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self {
            command,
            secrets: Vec::new(),
        }
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn envs(mut self, variables: &[(&str, &str)]) -> Self {
        self.command.envs(variables.iter().copied());
        self
    }

    /// Writes to a terminal.
    pub(crate) fn on(mut self, terminal: &Terminal) -> Self {
        self.command.stdout(terminal.output());
        self
    }

    /// Runs in a shell, after this line of it.
    pub(crate) fn after(self, line: &str) -> Self {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", &format!("{line}\nexec \"$0\" \"$@\"")])
            .arg(self.command.get_program())
            .args(self.command.get_args())
            .env_clear()
            .current_dir(root())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, value) in self.command.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        Self { command, ..self }
    }

    /// A text that must not be in its output, whatever it says.
    pub(crate) fn never_says(mut self, secret: &str) -> Self {
        self.secrets.push(secret.to_owned());
        self
    }

    pub(crate) fn start(mut self) -> Running {
        Running {
            child: self.command.spawn().unwrap(),
            began: Instant::now(),
            secrets: self.secrets,
        }
    }

    pub(crate) fn run(self) -> Ran {
        self.start().finish()
    }
}

/// The program while it runs.
pub(crate) struct Running {
    child: Child,
    began: Instant,
    secrets: Vec<String>,
}

impl Running {
    /// Asks it to stop, as Kubernetes does.
    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Asks it to stop, as a person does at a terminal.
    pub(crate) fn interrupt(&self) {
        self.signal("-INT");
    }

    fn signal(&self, name: &str) {
        let done = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status();
        assert!(done.unwrap().success());
    }

    /// Waits for its end, and reads nothing of its standard output before that.
    pub(crate) fn finish_unread(mut self) -> Ran {
        let output = self.child.stdout.take();
        let mut ran = self.finish();
        { output.unwrap() }.read_to_string(&mut ran.stdout).unwrap();
        ran
    }

    /// Closes the reading end of its standard output, when so many bytes have been read.
    pub(crate) fn hang_up_after(&mut self, bytes: usize) -> String {
        let mut read = vec![0; bytes];
        self.child.stdout.take().unwrap().read_exact(&mut read).unwrap();
        String::from_utf8(read).unwrap()
    }

    /// Waits for its end. Whatever it said, it said no secret and did not panic.
    pub(crate) fn finish(mut self) -> Ran {
        let mut stdout = String::new();
        let errors = self.child.stderr.take().unwrap();
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            { errors }.read_to_string(&mut text).unwrap();
            text
        });
        if let Some(mut output) = self.child.stdout.take() {
            output.read_to_string(&mut stdout).unwrap();
        }
        let stderr = reader.join().unwrap();
        let status = self.child.wait().unwrap().code();
        for text in [&stdout, &stderr] {
            for never in self.secrets.iter().map(String::as_str).chain(["panicked"]) {
                assert!(!text.contains(never), "{never} in {stdout}\n{stderr}");
            }
        }
        Ran {
            status,
            stdout,
            stderr,
            took: self.began.elapsed(),
        }
    }
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Ran {
    /// Its standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", self.stdout, self.stderr))
    }
}
