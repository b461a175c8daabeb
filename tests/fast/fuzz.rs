//! The fuzz targets, over their seeds and a fixed number of mutations of each.
//!
//! This is the short run that belongs to every run of the tests: it finds what a change broke for inputs that are known
//! to be odd. `tools/fuzz` looks for inputs that nobody knows yet.

#[path = "../support/fuzz_targets.rs"]
#[allow(
    unreachable_pub,
    reason = "it is a library for the programs in fuzz/fuzz_targets"
)]
mod targets;

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;

use targets::{TARGETS, Target};

use crate::support::program::root;

/// Mutations of each seed.
const MUTATIONS: usize = 40;

/// Pieces of the formats that the targets read.
const PIECES: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    "\0",
    "\n",
    "\n---\n",
    ": ",
    "- ",
    "&a ",
    "*a",
    "<<: ",
    "!!binary ",
    "null",
    "-1",
    "1e999",
    "18446744073709551616",
    "k:{\"name\":\"a\"}",
    "f:",
    "**",
    "{a,b}",
    "\u{202e}",
];

/// Dice that fall the same way in every run (Marsaglia's xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }

    /// The bytes with a few changes.
    fn mutate(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            let end = (at + self.below(32)).min(bytes.len());
            match self.below(5) {
                0 => drop(bytes.drain(at..end)),
                1 => bytes.truncate(at),
                2 => {
                    let piece = bytes[at..end].repeat(1 + self.below(200));
                    drop(bytes.splice(at..at, piece));
                }
                3 => {
                    let value = u8::try_from(self.below(256)).unwrap();
                    bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = value);
                }
                _ => {
                    let piece = PIECES[self.below(PIECES.len())];
                    drop(bytes.splice(at..at, piece.bytes()));
                }
            }
        }
        bytes
    }
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = root().join("tests/data/fuzz").join(name);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

fn answer_or_tell(name: &str, target: Target, data: &[u8]) {
    let outcome = catch_unwind(|| target(data));
    assert!(
        outcome.is_ok(),
        "{name} panics over {:?}",
        String::from_utf8_lossy(data)
    );
}

#[test]
fn every_target_answers_for_its_seeds_and_mutations_of_them() {
    std::thread::scope(|scope| {
        for (name, target) in TARGETS {
            scope.spawn(move || {
                let seeds = seeds(name);
                assert!(!seeds.is_empty(), "{name} has no seeds");
                let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
                for seed in &seeds {
                    answer_or_tell(name, target, seed);
                    for _ in 0..MUTATIONS {
                        answer_or_tell(name, target, &dice.mutate(seed));
                    }
                }
            });
        }
    });
}

/// A program of libFuzzer for each target, and nothing else.
#[test]
fn every_target_has_a_program() {
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        let path = format!("fuzz_targets/{name}.rs");
        assert!(
            manifest.contains(&format!("name = \"{name}\"\npath = \"{path}\"")),
            "{name}"
        );
        let program = fs::read_to_string(root().join("fuzz").join(path)).unwrap();
        assert!(
            program.contains(&format!("driftline_fuzz::{name}(data)")),
            "{program}"
        );
    }
    let programs = fs::read_dir(root().join("fuzz/fuzz_targets")).unwrap().count();
    assert_eq!(programs, TARGETS.len());
}

/// Otherwise the targets would run other code than the program. `tools/fuzz --lock` makes it so.
#[test]
fn the_targets_have_the_versions_of_the_program() {
    let locked = |file: &str| -> BTreeSet<String> {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let packages = text.split("[[package]]").skip(1);
        packages
            .map(|package| package.lines().skip(1).take(2).collect::<Vec<_>>().join(", "))
            .collect()
    };
    let (program, targets) = (locked("Cargo.lock"), locked("fuzz/Cargo.lock"));
    let own = ["driftline-fuzz", "libfuzzer-sys", "arbitrary", "jobserver"]
        .map(|name| format!("name = \"{name}\""));
    let others: Vec<_> = targets
        .difference(&program)
        .filter(|package| !own.iter().any(|name| package.starts_with(name)))
        .collect();
    assert!(others.is_empty(), "not in Cargo.lock: {others:?}");
}

/// Otherwise `tools/fuzz`, which builds with `--locked`, refuses to. `tools/fuzz --lock` makes it so.
#[test]
fn the_targets_lock_all_that_the_program_depends_on() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let declared: BTreeSet<_> = manifest
        .split("\n[")
        .filter_map(|section| section.split_once("]\n"))
        .filter(|(title, _)| *title == "dependencies" || title.ends_with(".dependencies"))
        .flat_map(|(_, lines)| lines.lines())
        .filter_map(|line| Some(line.split_once(" = ")?.0))
        .collect();
    assert!(declared.contains("kube"), "{declared:?}");

    let locked = fs::read_to_string(root().join("fuzz/Cargo.lock")).unwrap();
    let (_, program) = locked.split_once("name = \"driftline\"\n").unwrap();
    let (program, _) = program.split_once("\n]").unwrap();
    let locked: BTreeSet<_> = program
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.split(['"', ' ']).next())
        .collect();
    assert_eq!(locked, declared);
}
