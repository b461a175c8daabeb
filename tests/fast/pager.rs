//! Long output on a terminal: which program shows it, and what happens when that one does not do what it should.

use std::path::Path;
use std::time::Duration;

use crate::support::program::{Driftline, Ran, Running};
use crate::support::terminal::Terminal;

const SCAN: [&str; 3] = ["scan", "--snapshot", "examples/drifted-shop"];
const EXPLAIN: [&str; 2] = ["explain", "changed"];
/// The last line of the report.
const ANSWER: &str = "6 of 12 releases drifted";
/// A pager that marks what it shows.
const MARKS: &str = "sed 's/^/paged: /'";

/// A command on a terminal of 100 columns with this pager.
fn command(arguments: &[&str], pager: &str, terminal: &Terminal) -> Driftline {
    Driftline::new(arguments)
        .env("PATH", "/usr/bin:/bin")
        .env("TERM", "xterm")
        .env("PAGER", pager)
        .on(terminal)
}

/// Runs a command with this pager, and returns what is on the screen at its end.
fn run(arguments: &[&str], pager: &str) -> (Ran, String) {
    let terminal = Terminal::open(100);
    let ran = command(arguments, pager, &terminal).run();
    (ran, terminal.shown())
}

#[test]
fn the_output_of_each_command_for_readers_is_paged_and_keeps_its_colours() {
    let diagnose = [
        "diagnose",
        "ledger",
        "-n",
        "payments",
        "--snapshot",
        "examples/drifted-shop",
    ];
    for (arguments, status) in [(&SCAN[..], 1), (&diagnose, 1), (&EXPLAIN, 0)] {
        let (ran, screen) = run(arguments, MARKS);
        assert_eq!(
            (ran.status, ran.stderr.as_str()),
            (Some(status), ""),
            "{arguments:?}"
        );
        assert!(screen.lines().count() > 3, "{screen}");
        assert!(screen.lines().all(|line| line.starts_with("paged: ")), "{screen}");
    }
    let (_, screen) = run(&SCAN, MARKS);
    assert!(
        screen.contains(ANSWER) && screen.contains("\u{1b}[31m"),
        "{screen}"
    );
    // No line is longer than the terminal is wide, but for commands.
    let plain = anstream::adapter::strip_str(&screen).to_string();
    let longest = plain
        .lines()
        .filter(|line| !line.contains("driftline "))
        .max_by_key(|line| line.chars().count());
    assert!(
        longest.unwrap().chars().count() <= "paged: ".len() + 100,
        "{longest:?}"
    );
}

#[test]
fn where_no_person_reads_page_by_page_nothing_is_paged() {
    let file = tempfile::tempdir().unwrap().keep().join("report");
    let to_file = [&SCAN[..], &["--output-file", file.to_str().unwrap()]].concat();
    for (arguments, variable, value) in [
        (&[&SCAN[..], &["--no-pager"]].concat()[..], "UNUSED", ""),
        (&SCAN, "DRIFTLINE_PAGER", "cat"),
        (&SCAN, "DRIFTLINE_PAGER", ""),
        (&SCAN, "TERM", "dumb"),
        (&SCAN, "CI", "true"),
        (&to_file, "UNUSED", ""),
    ] {
        let terminal = Terminal::open(100);
        let ran = command(arguments, MARKS, &terminal).env(variable, value).run();
        let screen = terminal.shown();
        assert_eq!(ran.status, Some(1), "{variable}={value} {}", ran.stderr);
        assert!(!screen.contains("paged: "), "{variable}={value} {screen}");
        let text = if arguments == to_file {
            std::fs::read_to_string(&file).unwrap()
        } else {
            screen
        };
        assert!(text.contains(ANSWER), "{variable}={value} {text}");
    }
    let piped = Driftline::new(SCAN)
        .env("TERM", "xterm")
        .env("PAGER", MARKS)
        .run();
    assert!(piped.stdout.contains(ANSWER) && !piped.stdout.contains("paged: "));
}

#[test]
fn a_pager_that_cannot_be_started_or_dies_leaves_the_whole_output() {
    let plain = Driftline::new(EXPLAIN).run().stdout;
    for pager in ["/nowhere/pager", "exit 3", "kill -9 $$", "head -c 10; exit 1"] {
        let (ran, screen) = run(&EXPLAIN, pager);
        assert_eq!(ran.status, Some(0), "{pager}: {}", ran.stderr);
        assert!(screen.ends_with(&plain), "{pager}: {screen}");
    }
    // Without `less` there is nothing to say about it.
    let terminal = Terminal::open(100);
    let ran = Driftline::new(EXPLAIN)
        .env("PATH", "/nowhere")
        .env("TERM", "xterm")
        .on(&terminal)
        .run();
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
    assert_eq!(terminal.shown(), plain);
    let (ran, screen) = run(&SCAN, "exit 3");
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    assert!(
        screen.contains("not in order") && screen.contains(ANSWER),
        "{screen}"
    );
}

#[test]
fn a_pager_that_is_left_early_is_no_error() {
    let (ran, screen) = run(&SCAN, "head -n 1");
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(1), ""));
    assert_eq!(screen.lines().count(), 1, "{screen}");
}

#[test]
fn less_gets_the_options_that_git_gives_it() {
    let (_, screen) = run(&EXPLAIN, "echo \"<$LESS>\"");
    assert_eq!(screen, "<FRX>\n");
    let terminal = Terminal::open(100);
    let own = command(&EXPLAIN, "echo \"<$LESS>\"", &terminal).env("LESS", "S");
    own.run();
    assert_eq!(terminal.shown(), "<S>\n");
}

/// Starts a scan, and waits until its pager runs.
fn reading(terminal: &Terminal, folder: &Path, then: &str) -> Running {
    let mark = folder.join("reading");
    let pager = format!("touch {}; {then}", mark.display());
    let running = command(&[&SCAN[..], &["--timeout", "2s"]].concat(), &pager, terminal).start();
    for _ in 0..500 {
        if mark.exists() {
            return running;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("no pager was started");
}

/// The interrupt key of a terminal is a key of the pager's.
#[test]
fn an_interrupt_leaves_the_pager_alone() {
    let folder = tempfile::tempdir().unwrap();
    let terminal = Terminal::open(100);
    let running = reading(&terminal, folder.path(), "sleep 0.3; echo read");
    running.interrupt();
    let ran = running.finish();
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(1), ""));
    assert_eq!(terminal.shown(), "read\n");
}

#[test]
fn a_request_to_end_ends_the_pager_too() {
    let folder = tempfile::tempdir().unwrap();
    let terminal = Terminal::open(100);
    let running = reading(&terminal, folder.path(), "exec sleep 600");
    running.terminate();
    let ran = running.finish();
    assert_eq!(ran.status, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("while its output was read"), "{}", ran.stderr);
    // The pager has ended: the screen does.
    assert_eq!(terminal.shown(), "");
}
