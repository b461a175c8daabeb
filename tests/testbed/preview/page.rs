//! The page `docs/preview/rollbacks.md`: each case, what Helm does, and what driftline said before.
//!
//! A run that makes all cases by all methods can write it (`UPDATE_PAGES=1`); every other run holds what it made to it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use super::case::{Case, Operation};
use super::method::Method;
use super::predicted::Prediction;

const PAGE: &str = "docs/preview/rollbacks.md";

/// One case, made by one method.
pub(super) struct Run {
    /// What Helm did.
    pub(super) outcome: &'static str,
    /// What driftline said, where it was asked.
    pub(super) prediction: Option<Prediction>,
    pub(super) problems: Vec<String>,
}

/// The rows of this run, by the case's name and the method's place.
#[derive(Default)]
pub(super) struct Page {
    rows: BTreeMap<(&'static str, usize), String>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    previewed: usize,
    agreed: usize,
    /// What decides is named, and it cannot be known how.
    left_open: usize,
}

impl Page {
    pub(super) fn add(&mut self, case: &Case, method: Method, run: Run) {
        let said = match &run.prediction {
            None => "–".to_owned(),
            Some(prediction) => {
                self.counts.previewed += 1;
                let cause = case.cell(method).and_then(|cell| cell.split(' ').nth(1));
                if is_same(prediction.outcome(), run.outcome) {
                    self.counts.agreed += 1;
                } else if cause.is_some_and(|cause| prediction.leaves_open(cause)) {
                    self.counts.left_open += 1;
                }
                let causes: Vec<String> = prediction
                    .causes()
                    .iter()
                    .map(|code| format!("`{code}`"))
                    .collect();
                let causes = if causes.is_empty() {
                    String::new()
                } else {
                    format!(": {}", causes.join(", "))
                };
                format!("{}{causes}", prediction.outcome())
            }
        };
        let cell = case.cell(method).unwrap_or_default();
        let mut words = cell.split(' ');
        let outcome = words.next().unwrap_or_default();
        let codes: Vec<String> = words
            .filter(|word| !matches!(*word, "still-deployed" | "unknowable"))
            .map(|code| format!("`{code}`"))
            .collect();
        let does = if codes.is_empty() {
            outcome.to_owned()
        } else {
            format!("{outcome}: {}", codes.join(", "))
        };
        let row = format!("| {} | {does} | {said} |", method.title());
        self.rows.insert((case.name, method.position()), row);
    }

    /// What is wrong with the page; writes it first if that is wanted.
    pub(super) fn check(&self, cases: &[Case]) -> Vec<String> {
        let is_whole = cases.iter().all(|case| {
            let mut methods = Method::ALL.iter().filter(|method| case.cell(**method).is_some());
            methods.all(|method| self.rows.contains_key(&(case.name, method.position())))
        });
        if is_whole && env::var_os("UPDATE_PAGES").is_some() {
            let text = self.text(cases);
            fs::write(path(), text).expect("the page can be written");
        }
        let page = fs::read_to_string(path()).unwrap_or_default();
        if is_whole {
            return if page == self.text(cases) {
                Vec::new()
            } else {
                vec![format!(
                    "{PAGE} is not what happened: UPDATE_PAGES=1 DRIFTLINE_ALL=1 writes it anew"
                )]
            };
        }
        let sections: BTreeMap<&str, &str> = page
            .split("\n### ")
            .filter_map(|section| section.split_once('\n'))
            .collect();
        let is_on_page = |case: &Case, row: &str| {
            sections
                .get(heading(case).as_str())
                .is_some_and(|text| text.contains(row))
        };
        let rows = cases.iter().flat_map(|case| {
            let of_case = Method::ALL
                .iter()
                .filter_map(|method| self.rows.get(&(case.name, method.position())));
            of_case.map(move |row| (case, row))
        });
        rows.filter(|(case, row)| !is_on_page(case, row))
            .map(|(case, row)| format!("{PAGE} does not have, under {}: {row}", heading(case)))
            .collect()
    }

    fn text(&self, cases: &[Case]) -> String {
        let mut text = format!(
            "# What Helm does, and what driftline said before\n\n\
            Written by the tests: {cases} cases of `tests/testbed/preview/rollbacks.txt`, made in a real cluster by Helm 3, by Helm 4 in the\n\
            client (`--server-side=false`) and by Helm 4 on the server. Each time driftline was asked first, and then the real Helm did it:\n\
            {runs} operations, of which {previewed} were previewed; {agreed} came to the outcome that was foretold, and of {left_open} it was said that a hook or a\n\
            policy may make it fail. An operation with flags is not previewed. The words are those of `driftline explain`.\n",
            cases = cases.len(),
            runs = self.rows.len(),
            previewed = self.counts.previewed,
            agreed = self.counts.agreed,
            left_open = self.counts.left_open,
        );
        let mut section = "";
        for case in cases {
            if case.section != section {
                section = case.section;
                let _ = write!(text, "\n## {section}\n");
            }
            let _ = write!(text, "\n### {}\n\n", heading(case));
            let operation = match case.operation {
                Operation::Rollback(Some(revision)) => format!("`helm rollback web {revision}`"),
                Operation::Rollback(None) => "`helm rollback web`".to_owned(),
                Operation::Upgrade => "`helm upgrade web`".to_owned(),
            };
            let _ = write!(text, "{operation}\n\n| by | Helm | driftline |\n|---|---|---|\n");
            for method in Method::ALL {
                if let Some(row) = self.rows.get(&(case.name, method.position())) {
                    let _ = writeln!(text, "{row}");
                }
            }
            for method in Method::ALL {
                if let Some(answer) = case.predicted(method) {
                    let _ = write!(text, "\n{}: driftline says {answer}.\n", method.title());
                }
            }
        }
        text
    }
}

fn heading(case: &Case) -> String {
    format!("{}: {}", case.name, case.title)
}

/// Whether a predicted outcome is the one that came.
fn is_same(predicted: &str, happened: &str) -> bool {
    predicted == happened || (predicted == "works-but" && happened == "works")
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE)
}
