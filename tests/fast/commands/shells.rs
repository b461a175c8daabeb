//! Lines pasted into a shell that has `helm`, `kubectl` and `driftline`, all of which only note how they were called.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::program::write_program;

/// The shells, each with what it is told before the lines. An interactive bash also expands `!`, which it does here, too.
pub(super) const SHELLS: [(&str, &str); 2] = [
    ("/bin/sh", ""),
    ("/bin/bash", "set -o history; set -o histexpand\n"),
];

/// Notes one call: the program, its environment variable and its arguments, and a mark, each ended by a NUL. All of it is
/// written at once, because two programs of a pipe note their calls at the same time.
const STUB: &str =
    "#!/bin/sh\nprintf '%s\\0' \"${0##*/}\" \"HELM_DRIVER=$HELM_DRIVER\" \"$@\" '\u{1e}' >> \"$CALLS\"\n";

/// The effects of the lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pasted {
    /// The calls of the programs, each with its environment variable first.
    pub(super) calls: BTreeSet<Vec<String>>,
    /// The files in the folder.
    pub(super) files: BTreeSet<String>,
    /// What the shell complained about.
    pub(super) errors: String,
}

/// Pastes lines into a shell that runs in an empty folder.
pub(super) fn paste(shell: (&str, &str), lines: &[String]) -> Pasted {
    let (program, before) = shell;
    let dir = TempDir::new().unwrap();
    let [programs, home, folder] = ["programs", "home", "folder"].map(|name| dir.path().join(name));
    for folder in [&programs, &home, &folder] {
        fs::create_dir(folder).unwrap();
    }
    for name in ["helm", "kubectl", "driftline"] {
        write_program(programs.join(name), STUB);
    }
    let calls = dir.path().join("calls");
    let script = dir.path().join("script");
    fs::write(&script, format!("{before}{}\n", lines.join("\n"))).unwrap();
    let output = Command::new(program)
        .env_clear()
        .env("PATH", &programs)
        .env("HOME", &home)
        .env("CALLS", &calls)
        .current_dir(&folder)
        .stdin(Stdio::from(fs::File::open(&script).unwrap()))
        .output()
        .unwrap();
    let errors = [output.stderr, output.stdout].concat();
    assert_eq!(names(&home), BTreeSet::new(), "files in the home folder");
    let noted = fs::read_to_string(&calls).unwrap_or_default();
    let calls = noted.split_terminator("\u{1e}\0").map(|call| {
        let words = call.split_terminator('\0');
        words.map(str::to_owned).collect()
    });
    Pasted {
        calls: calls.collect(),
        files: names(&folder),
        errors: String::from_utf8_lossy(&errors).into_owned(),
    }
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}
