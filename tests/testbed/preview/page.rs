//! The page `docs/preview/rollbacks.md`: each case, what Helm does, and what driftline said before.
//!
//! A run holds the rows that it made to the page, and `UPDATE_PAGES=1` writes them; the others stay as they are.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use super::case::{Case, Operation};
use super::method::Method;
use crate::harness::Prediction;

const PAGE: &str = "docs/preview/rollbacks.md";

/// What stands in the column of driftline where it was not asked.
const NOT_ASKED: &str = "–";

/// One case, made by one method.
pub(super) struct Run {
    /// What driftline said, where it was asked.
    pub(super) prediction: Option<Prediction>,
    pub(super) problems: Vec<String>,
}

/// The rows of this run, by the case's name and the method's place.
#[derive(Default)]
pub(super) struct Page {
    rows: Rows,
}

type Rows = BTreeMap<(String, usize), String>;

impl Page {
    pub(super) fn add(&mut self, case: &Case, method: Method, run: &Run) {
        let said = run.prediction.as_ref().map_or_else(
            || NOT_ASKED.to_owned(),
            |said| cell(said.outcome(), &said.causes()),
        );
        let words: Vec<&str> = case.cell(method).unwrap_or_default().split(' ').collect();
        let codes: Vec<&str> = words[1..]
            .iter()
            .copied()
            .filter(|word| !matches!(*word, "still-deployed" | "unknowable"))
            .collect();
        let row = format!("| {} | {} | {said} |", method.title(), cell(words[0], &codes));
        self.rows.insert((case.name.to_owned(), method.position()), row);
    }

    /// What is wrong with the page; writes it first if that is wanted.
    pub(super) fn check(&self, cases: &[Case]) -> Vec<String> {
        let page = fs::read_to_string(path()).unwrap_or_default();
        let mut rows = rows_of(&page);
        rows.extend(self.rows.clone());
        let text = text(cases, &rows);
        if page == text {
            return Vec::new();
        }
        if env::var_os("UPDATE_PAGES").is_some() {
            fs::write(path(), text).expect("the page can be written");
            return Vec::new();
        }
        vec![format!("{PAGE} is not what happened: UPDATE_PAGES=1 writes it")]
    }
}

/// The rows that the page has.
fn rows_of(page: &str) -> Rows {
    let mut rows = Rows::new();
    for section in page.split("\n### ").skip(1) {
        let name = section.split(": ").next().unwrap_or_default();
        for method in Method::ALL {
            let begin = format!("| {} |", method.title());
            if let Some(row) = section.lines().find(|line| line.starts_with(&begin)) {
                rows.insert((name.to_owned(), method.position()), row.to_owned());
            }
        }
    }
    rows
}

fn text(cases: &[Case], rows: &Rows) -> String {
    let mut body = String::new();
    let mut counts = Counts::default();
    let mut section = "";
    for case in cases {
        if case.section != section {
            section = case.section;
            let _ = write!(body, "\n## {section}\n");
        }
        let operation = match case.operation {
            Operation::Rollback(Some(revision)) => format!("helm rollback web {revision}"),
            Operation::Rollback(None) => "helm rollback web".to_owned(),
            Operation::Upgrade => "helm upgrade web".to_owned(),
        };
        let _ = write!(body, "\n### {}: {}\n\n", case.name, case.title);
        let _ = write!(
            body,
            "| `{operation}` by | what Helm does | what driftline said |\n|---|---|---|\n"
        );
        let methods = Method::ALL
            .into_iter()
            .filter(|method| case.cell(*method).is_some());
        for method in methods.clone() {
            if let Some(row) = rows.get(&(case.name.to_owned(), method.position())) {
                counts.add(row, case.cell(method).unwrap_or_default());
                let _ = writeln!(body, "{row}");
            }
        }
        for method in methods {
            if let Some(answer) = case.predicted(method) {
                let _ = write!(body, "\n{}: known to be wrong: {answer}.\n", method.title());
            }
        }
    }
    let Counts {
        operations,
        previewed,
        agreed,
        left_open,
    } = counts;
    let cases = cases.len();
    format!(
        "# What Helm does, and what driftline said before\n\n\
        Written by the tests from {cases} cases of `tests/testbed/preview/rollbacks.txt`, which has the charts and what happens to the\n\
        cluster. Each is made in a real cluster by Helm 3, by Helm 4 in the client (`--server-side=false`) and by Helm 4 on the server.\n\
        Each time driftline was asked first, and then the real Helm did it: {operations} operations, of which {previewed} were previewed;\n\
        {agreed} came to the outcome that was foretold, and of {left_open} it was said that a hook or a policy may make them fail. An operation\n\
        with flags is not previewed. `driftline explain` tells what the words mean.\n{body}"
    )
}

#[derive(Default)]
struct Counts {
    operations: usize,
    previewed: usize,
    agreed: usize,
    /// What decides is named, and how it decides cannot be known.
    left_open: usize,
}

impl Counts {
    fn add(&mut self, row: &str, known: &str) {
        self.operations += 1;
        let said = row.split('|').nth(3).unwrap_or_default().trim();
        if said == NOT_ASKED {
            return;
        }
        self.previewed += 1;
        let happened = known.split(' ').next().unwrap_or_default();
        let said = said.split(':').next().unwrap_or_default();
        let succeeds = |outcome: &str| outcome.starts_with("works");
        if said == happened || (succeeds(said) && succeeds(happened)) {
            self.agreed += 1;
        } else if known.contains("unknowable") {
            self.left_open += 1;
        }
    }
}

fn cell(outcome: &str, codes: &[&str]) -> String {
    let codes: Vec<String> = codes.iter().map(|code| format!("`{code}`")).collect();
    if codes.is_empty() {
        outcome.to_owned()
    } else {
        format!("{outcome}: {}", codes.join(", "))
    }
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE)
}
