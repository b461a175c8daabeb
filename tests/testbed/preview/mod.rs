//! Previews held to what the real Helms do.
//!
//! Each case of `rollbacks.txt` is made by every method in a namespace of its own, driftline says what the operation
//! would come to, and then the real Helm does it. The table has what Helm does, so that neither driftline nor the table
//! can be wrong alone; every object and every field of the preview is held to the cluster.
//!
//! A run makes some of the cases, each by one method; `DRIFTLINE_ALL=1` makes all by all methods, and
//! `DRIFTLINE_CASES=WORD,…` those whose name has one of the words. With `DRIFTLINE_CONFIRM_CASES=1` driftline asks the API server for dry runs, too;
//! what the table knows to be left open may then be told.

mod body;
mod case;
mod confirmed;
mod method;
mod page;
mod predicted;
mod stage;

use std::collections::BTreeSet;
use std::env;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, Once};
use std::thread;

use self::case::Case;
use self::method::Method;
use self::page::{Page, Run};
use self::stage::Stage;
use crate::harness::{About, Cluster, Happened, Prediction, is_sampled};

const TABLE: &str = include_str!("rollbacks.txt");

/// The custom resources of cases that leave their definition alone.
const WIDGETS: &str = "CustomResourceDefinition/widgets.preview.example.com";

/// A run makes every so manieth case with its method.
const SAMPLED: usize = 11;

/// Cases at a time: most of a case is waiting for servers.
const WORKERS: usize = 3;

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn operations_come_to_what_was_previewed() {
    let cases = Case::all(TABLE);
    let cluster = cluster();
    let runs = chosen(&cases, SAMPLED);
    let confirm = env::var_os("DRIFTLINE_CONFIRM_CASES").is_some();
    let flags: Vec<&str> = if confirm {
        vec!["--confirm", "server"]
    } else {
        Vec::new()
    };
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some((case, method)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let run = run(cluster, case, *method, &flags);
                    done.lock().expect("no worker panics").push((*case, *method, run));
                }
            });
        }
    });
    let done = done.into_inner().expect("no worker panics");
    let mut page = Page::default();
    let mut problems = Vec::new();
    for (case, method, run) in done {
        match run {
            Ok(run) => {
                if !run.problems.is_empty() {
                    let told = run.problems.join("\n  ");
                    problems.push(format!("{} {}:\n  {told}", case.name, method.name()));
                }
                page.add(case, method, &run);
            }
            Err(error) => problems.push(format!("{} {} cannot be made: {error}", case.name, method.name())),
        }
    }
    problems.sort();
    // The page is about previews as they are without asking.
    if !confirm {
        problems.extend(page.check(&cases));
    }
    assert!(
        problems.is_empty(),
        "{} of {} runs are wrong\n{}",
        problems.len(),
        runs.len(),
        problems.join("\n")
    );
}

/// The cluster, with the kind of custom resources.
fn cluster() -> &'static Cluster {
    static DEFINED: Once = Once::new();
    let cluster = Cluster::shared_for_deletions();
    DEFINED.call_once(|| {
        cluster.create(&body::whole(WIDGETS, ""));
        cluster.kubectl(&[
            "wait",
            "--for=condition=Established",
            "crd/widgets.preview.example.com",
        ]);
    });
    cluster
}

/// The cases of this run with their methods: every so manieth, if it is not asked for all.
fn chosen(cases: &[Case], sampled: usize) -> Vec<(&Case, Method)> {
    let words = env::var("DRIFTLINE_CASES").ok();
    let is_named = |case: &Case| {
        words
            .as_deref()
            .is_none_or(|words| words.split(',').any(|word| case.name.contains(word)))
    };
    let named = cases.iter().filter(|case| is_named(case));
    let runs = named.flat_map(|case| {
        let methods = Method::ALL.into_iter();
        let methods = methods.filter(|method| case.cell(*method).is_some());
        methods.map(move |method| (case, method))
    });
    let runs = runs.enumerate();
    runs.filter(|(position, _)| words.is_some() || is_sampled(*position, 0, sampled))
        .map(|(_, run)| run)
        .collect()
}

/// Makes a case, has driftline say what the operation would come to, and does it.
fn run(cluster: &Cluster, case: &Case, method: Method, flags: &[&str]) -> Result<Run, String> {
    let stage = Stage::set(cluster, case, method)?;
    let before = (stage.records(), stage.objects());
    let prediction = if case.is_previewed() {
        Some(Prediction::of(&stage.preview(flags)?))
    } else {
        None
    };
    let helm = stage.operate()?;
    let happened = Happened {
        helm,
        records: [before.0, stage.records()],
        objects: [before.1, stage.objects()],
    };
    let mut problems = known(&stage, &happened);
    if let Some(prediction) = &prediction {
        problems.extend(disproved(&stage, &happened, prediction));
        if happened.outcome() == "works" && prediction.came_true(&happened) {
            problems.extend(prediction.untold(&stage.scan()));
        }
    }
    Ok(Run { prediction, problems })
}

/// What of the prediction did not come true, and what the table wrongly says of that.
fn disproved(stage: &Stage<'_>, happened: &Happened, prediction: &Prediction) -> Vec<String> {
    let mut disproved = predicted::disproved(prediction, stage, happened);
    let Some(answer) = stage.case.predicted(stage.method) else {
        return disproved.into_iter().map(|(_, problem)| problem).collect();
    };
    let words = answer.split(',').next().unwrap_or_default().split(' ');
    let mut problems = Vec::new();
    for word in words {
        let about = match word {
            "causes" => About::Causes,
            "objects" => About::Objects,
            "fields" => About::Fields,
            _ => About::Outcome,
        };
        if about == About::Outcome && prediction.outcome() != word {
            problems.push(format!(
                "predicted {}, and the table knows {answer}",
                prediction.outcome()
            ));
        }
        if !disproved.iter().any(|(of, _)| *of == about) {
            problems.push(format!(
                "the table knows a wrong prediction that is right: {answer}"
            ));
        }
        // A wrong outcome brings other wrong answers with it.
        disproved.retain(|(of, _)| *of != about && about != About::Outcome);
    }
    problems.extend(disproved.into_iter().map(|(_, problem)| problem));
    problems
}

/// What of the table is not what Helm did.
fn known(stage: &Stage<'_>, happened: &Happened) -> Vec<String> {
    let mut problems = Vec::new();
    let cell = stage.case.cell(stage.method).unwrap_or_default();
    let mut words = cell.split(' ');
    let outcome = words.next().unwrap_or_default();
    let came_to = happened.outcome();
    let is_known = match outcome {
        "works" | "works-but" => came_to == "works",
        _ => outcome == came_to && words.next() == Some(happened.cause()),
    };
    let must_be_deployed = matches!(came_to, "works" | "lock-left") || cell.contains("still-deployed");
    if !is_known {
        let cause = if came_to == "works" { "" } else { happened.cause() };
        problems.push(format!(
            "known {cell}, happened {came_to} {cause}: {}",
            happened.words()
        ));
    } else if happened.has_deployed() != must_be_deployed && outcome != "refused" {
        problems.push(format!(
            "{cell}, and a revision is deployed: {}",
            happened.has_deployed()
        ));
    }
    for (object, fate) in stage.case.fates(stage.method) {
        let happened = happened.fate(&stage.named(object)).to_string();
        if happened != fate {
            problems.push(format!("{object}: known {fate}, happened {happened}"));
        }
    }
    problems
}

#[test]
fn every_line_of_the_table_is_understood() {
    let cases = Case::all(TABLE);
    let mut names = BTreeSet::new();
    for case in &cases {
        assert!(names.insert(case.name), "two cases are named {}", case.name);
        let methods = Method::ALL.iter().filter(|method| case.cell(**method).is_some());
        assert!(methods.count() > 0, "{} is about no method", case.name);
        for object in &case.objects {
            // The names of a case are no YAML before they are filled in.
            let body = object.body.replace("{port}", "30000").replace("{ns}", "ns");
            assert!(body::whole(object.name, &body)["apiVersion"].is_string());
        }
    }
    assert!(cases.len() >= 200, "{} cases", cases.len());
}
