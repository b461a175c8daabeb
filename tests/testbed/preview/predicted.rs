//! What driftline said of an operation, held to what happened: the outcome and its causes, each object, each field.

use serde_json::Value;

use super::happened::{Fate, Happened, meant};
use super::stage::{Stage, shown};
use crate::harness::{Outcome, means, place};

/// The answer of `driftline preview`.
pub(super) struct Prediction {
    status: i32,
    /// The preview in the report; null where there is none.
    preview: Value,
    /// What was logged.
    stderr: String,
}

/// A kind of disagreement. The table may know one of a case under its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    Outcome,
    Causes,
    Objects,
    Fields,
}

impl Prediction {
    pub(super) fn of(outcome: &Outcome) -> Self {
        let report: Value = serde_json::from_str(&outcome.stdout).unwrap_or_default();
        Self {
            status: outcome.status,
            preview: report["releases"][0]["preview"].clone(),
            stderr: outcome.stderr.clone(),
        }
    }

    /// The predicted outcome.
    pub(super) fn outcome(&self) -> &str {
        self.preview["outcome"].as_str().unwrap_or("nothing")
    }

    /// The codes of its causes, each once, the gravest first.
    pub(super) fn causes(&self) -> Vec<&str> {
        let mut causes: Vec<&str> = Vec::new();
        for cause in list(&self.preview, "causes") {
            let code = cause["code"].as_str().unwrap_or_default();
            if !causes.contains(&code) {
                causes.push(code);
            }
        }
        causes
    }

    /// The answer in one sentence.
    pub(super) fn message(&self) -> &str {
        self.preview["message"].as_str().unwrap_or_default()
    }

    /// The answers to dry runs, as `CONFIRMED/WRITES` and, where there are any, `+OTHERWISE`.
    pub(super) fn confirmation(&self) -> String {
        let confirmation = &self.preview["confirmation"];
        let otherwise = match confirmation["unconfirmed"].as_u64() {
            Some(0) | None => String::new(),
            Some(otherwise) => format!("+{otherwise}"),
        };
        format!(
            "{}/{}{otherwise}",
            confirmation["confirmed"], confirmation["writes"]
        )
    }

    /// The preview itself.
    pub(super) const fn preview(&self) -> &Value {
        &self.preview
    }

    /// Everything that is not as it was said.
    pub(super) fn disproved(&self, stage: &Stage<'_>, happened: &Happened) -> Vec<(About, String)> {
        let cell = stage.case.cell(stage.method).unwrap_or_default();
        let words: Vec<&str> = cell.split(' ').collect();
        let is_unknowable = words.contains(&"unknowable");
        let mut problems = Vec::new();
        let mut note = |about, problem: String| problems.push((about, problem));
        if self.preview.is_null() {
            note(
                About::Outcome,
                format!("no preview: exit status {}: {}", self.status, self.stderr),
            );
            return problems;
        }
        let (outcome, came_to) = (self.outcome(), happened.outcome());
        let came_true = match outcome {
            "works" | "works-but" => came_to == "works",
            _ => outcome == came_to,
        };
        let is_left_open =
            is_unknowable && !came_true && self.leaves_open(words.get(1).copied().unwrap_or_default());
        if !came_true && !is_left_open {
            let causes =
                list(&self.preview, "causes").map(|cause| format!("{}: {}", cause["code"], cause["message"]));
            let causes: Vec<String> = causes.collect();
            note(
                About::Outcome,
                format!(
                    "predicted {outcome}, happened {came_to}\n    said: {}\n    causes: {}\n    not known: {}\n    Helm: {}",
                    self.message(),
                    causes.join("; "),
                    self.preview["notKnown"],
                    happened.words()
                ),
            );
        }
        if outcome == "works" && words[0] == "works-but" && words.len() > 1 {
            note(About::Outcome, format!("predicted {outcome}, known {cell}"));
        }
        // The gate of an upgrade counts what it deletes.
        let is_upgrade = self.preview["operation"] == "upgrade";
        let deletes = is_upgrade && list(&self.preview, "objects").any(|object| object["action"] == "delete");
        let expected_status: &[i32] = match outcome {
            _ if deletes => &[1],
            "works" => &[0],
            "works-but" => &[0, 1],
            "unknown" => &[3],
            _ => &[1],
        };
        if !expected_status.contains(&self.status) {
            note(
                About::Outcome,
                format!("predicted {outcome} with exit status {}", self.status),
            );
        }
        let causes = self.causes();
        let codes = if is_left_open { &[] } else { &words[1..] };
        for code in codes
            .iter()
            .filter(|word| !matches!(**word, "unknowable" | "still-deployed"))
        {
            if !causes.contains(code) {
                note(
                    About::Causes,
                    format!("no cause {code}, but {causes:?}: {}", self.message()),
                );
            }
        }
        let is_failure = !matches!(words[0], "works" | "works-but") && !is_unknowable;
        if is_failure && came_true && causes.first() != words.get(1) {
            note(
                About::Causes,
                format!("the first cause is not {:?}: {causes:?}", words.get(1)),
            );
        }
        if !is_left_open {
            for (about, problem) in self.objects(happened, is_unknowable) {
                note(about, problem);
            }
        }
        problems
    }

    /// Whether it says that something may fail for a cause, without saying that it does.
    pub(super) fn leaves_open(&self, cause: &str) -> bool {
        let words: &[&str] = match cause {
            "hook" => &["hook"],
            "admission" => &["ValidatingAdmissionPolicy", "webhook"],
            _ => return false,
        };
        let mut sentences = list(&self.preview, "notKnown").filter_map(Value::as_str);
        let is_named = sentences.any(|sentence| words.iter().any(|word| sentence.contains(word)));
        matches!(self.outcome(), "works" | "works-but" | "unknown")
            && (is_named || self.causes().contains(&cause))
    }

    fn objects(&self, happened: &Happened, is_unknowable: bool) -> Vec<(About, String)> {
        let mut problems = Vec::new();
        let mut named: Vec<String> = Vec::new();
        for object in list(&self.preview, "objects") {
            let as_object = serde_json::json!({"kind": object["kind"], "metadata": {"name": object["name"]}});
            let name = shown(&as_object);
            let action = object["action"].as_str().unwrap_or_default();
            let fate = happened.fate(&name);
            let came_true = match action {
                "create" => fate == Fate::Created,
                "change" => fate == Fate::Changed,
                "delete" => matches!(fate, Fate::Deleted | Fate::Terminating),
                "keep" | "none" | "fail" | "not-reached" => matches!(fate, Fate::Untouched | Fate::Absent),
                "unknown" => is_unknowable,
                _ => false,
            };
            if !came_true {
                problems.push((
                    About::Objects,
                    format!(
                        "{name}: predicted {action} ({}), happened {fate}",
                        object["reason"]
                    ),
                ));
            }
            if came_true
                && action == "fail"
                && !happened
                    .helm
                    .stderr
                    .contains(object["name"].as_str().unwrap_or("?"))
            {
                problems.push((
                    About::Objects,
                    format!("{name}: Helm does not name it: {}", happened.words()),
                ));
            }
            if came_true && action == "change" {
                let fields = fields(object, &name, happened);
                problems.extend(fields.into_iter().map(|problem| (About::Fields, problem)));
            }
            named.push(name);
        }
        let hooks: Vec<String> = list(&self.preview, "hooks")
            .map(|hook| shown(&serde_json::json!({"kind": hook["kind"], "metadata": {"name": hook["name"]}})))
            .collect();
        for name in happened.names() {
            let fate = happened.fate(name);
            // What is in a Namespace, or of a definition, goes with it; a cause says so.
            let goes_with_it = fate == Fate::Deleted && self.causes().contains(&"deletes-data");
            let is_told = named.contains(name) || hooks.contains(name) || goes_with_it;
            if !is_told && !matches!(fate, Fate::Untouched | Fate::Absent) {
                problems.push((About::Objects, format!("{name}: not named, happened {fate}")));
            }
        }
        problems
    }
}

/// What is wrong with the fields of an object that changed.
fn fields(object: &Value, name: &str, happened: &Happened) -> Vec<String> {
    let [Some(before), Some(after)] = happened.objects.each_ref().map(|objects| objects.get(name)) else {
        return Vec::new();
    };
    let (before, after) = (meant(before), meant(after));
    let mut problems = Vec::new();
    let (mut rest_before, mut rest_after) = (before.clone(), after.clone());
    for field in list(object, "fields") {
        let path = field["path"].as_str().unwrap_or_default();
        let effect = field["effect"].as_str().unwrap_or_default();
        let [was, is] = [place::at(&before, path), place::at(&after, path)];
        let is_hidden = field["redacted"] == true;
        let came_true = match effect {
            "change" | "take-back" if is_hidden => was != is,
            "change" | "take-back" => means(field.get("after"), is),
            "survive" | "differ" => was == is,
            _ => false,
        };
        if !came_true {
            problems.push(format!(
                "{name} {path}: predicted {effect} {}, happened {} -> {}",
                field["after"],
                told(was),
                told(is)
            ));
        }
        place::remove(&mut rest_before, path);
        place::remove(&mut rest_after, path);
    }
    if object["leftOut"].as_u64().unwrap_or_default() == 0 {
        let differences = json_patch::diff(&rest_before, &rest_after);
        let unnamed = differences
            .0
            .iter()
            .filter(|difference| !is_of_the_server(difference.path().as_str()))
            .map(|difference| format!("{name}: not named: {difference}"));
        problems.extend(unnamed.take(3));
    }
    problems
}

/// Whether the API server fills a field in, or takes it away, with the type of a Service or a strategy.
fn is_of_the_server(pointer: &str) -> bool {
    let fields = [
        "clusterIP",
        "clusterIPs",
        "ipFamilies",
        "ipFamilyPolicy",
        "internalTrafficPolicy",
        "externalTrafficPolicy",
        "allocateLoadBalancerNodePorts",
        "nodePort",
        "sessionAffinityConfig",
        "rollingUpdate",
    ];
    pointer.split('/').any(|step| fields.contains(&step))
}

fn list<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    value[key]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
}

fn told(value: Option<&Value>) -> String {
    value.map_or_else(|| "none".to_owned(), Value::to_string)
}
