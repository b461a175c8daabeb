//! What driftline said of an operation of the table, held to what the table knows and to what happened.

use super::stage::Stage;
use crate::harness::{About, Happened, Prediction};

/// Everything that is not as it was said.
pub(super) fn disproved(
    prediction: &Prediction,
    stage: &Stage<'_>,
    happened: &Happened,
) -> Vec<(About, String)> {
    let cell = stage.case.cell(stage.method).unwrap_or_default();
    let words: Vec<&str> = cell.split(' ').collect();
    let is_unknowable = words.contains(&"unknowable");
    let mut problems = Vec::new();
    let mut note = |about, problem: String| problems.push((about, problem));
    if let Some(problem) = prediction.absent() {
        note(About::Outcome, problem);
        return problems;
    }
    let (outcome, came_true) = (prediction.outcome(), prediction.came_true(happened));
    let is_left_open =
        is_unknowable && !came_true && prediction.leaves_open(words.get(1).copied().unwrap_or_default());
    if !came_true && !is_left_open {
        note(About::Outcome, prediction.beside(happened));
    }
    let is_success = |outcome: &str| matches!(outcome, "works" | "works-but");
    if is_success(outcome) && is_success(words[0]) && outcome != words[0] && !is_unknowable {
        note(About::Outcome, format!("predicted {outcome}, known {cell}"));
    }
    let left = came_true.then(|| prediction.left_otherwise(happened)).flatten();
    for problem in prediction.odd_status().into_iter().chain(left) {
        note(About::Outcome, problem);
    }
    let causes = prediction.causes();
    let codes = if is_left_open { &[] } else { &words[1..] };
    for code in codes
        .iter()
        .filter(|word| !matches!(**word, "unknowable" | "still-deployed"))
    {
        if !causes.contains(code) {
            note(
                About::Causes,
                format!("no cause {code}, but {causes:?}: {}", prediction.message()),
            );
        }
    }
    let is_failure = !is_success(words[0]) && !is_unknowable;
    if is_failure && came_true && causes.first() != words.get(1) {
        note(
            About::Causes,
            format!("the first cause is not {:?}: {causes:?}", words.get(1)),
        );
    }
    if !is_left_open {
        problems.extend(prediction.disproved_objects(happened, is_unknowable));
    }
    problems
}
