//! What driftline said of an operation, held to what happened: the outcome and its causes, each object, each field.

use serde_json::Value;

use super::cluster::Outcome;
use super::fate::means;
use super::happened::{Fate, Happened, meant};
use super::place;
use super::report::{Scan, list, object_name};

/// The answer of `driftline preview`.
pub(crate) struct Prediction {
    status: i32,
    /// The preview in the report; null where there is none.
    preview: Value,
    /// What was logged.
    stderr: String,
}

/// A kind of disagreement. The table may know one of a case under its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Outcome,
    Causes,
    Objects,
    Fields,
}

impl Prediction {
    pub(crate) fn of(outcome: &Outcome) -> Self {
        let report: Value = serde_json::from_str(&outcome.stdout).unwrap_or_default();
        Self {
            status: outcome.status,
            preview: report["releases"][0]["preview"].clone(),
            stderr: outcome.stderr.clone(),
        }
    }

    /// The predicted outcome.
    pub(crate) fn outcome(&self) -> &str {
        self.preview["outcome"].as_str().unwrap_or("nothing")
    }

    /// The codes of its causes, each once, the gravest first.
    pub(crate) fn causes(&self) -> Vec<&str> {
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
    pub(crate) fn message(&self) -> &str {
        self.preview["message"].as_str().unwrap_or_default()
    }

    /// The answers to dry runs, as `CONFIRMED/WRITES` and, where there are any, `+OTHERWISE`.
    pub(crate) fn confirmation(&self) -> String {
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
    pub(crate) const fn preview(&self) -> &Value {
        &self.preview
    }

    /// Whether the operation came to what was predicted.
    pub(crate) fn came_true(&self, happened: &Happened) -> bool {
        match self.outcome() {
            "works" | "works-but" => happened.outcome() == "works",
            outcome => outcome == happened.outcome(),
        }
    }

    /// What was predicted of the operation and what it came to, with all that was said of it.
    pub(crate) fn beside(&self, happened: &Happened) -> String {
        let causes =
            list(&self.preview, "causes").map(|cause| format!("{}: {}", cause["code"], cause["message"]));
        let causes: Vec<String> = causes.collect();
        format!(
            "predicted {}, happened {}\n    said: {}\n    causes: {}\n    not known: {}\n    Helm: {}",
            self.outcome(),
            happened.outcome(),
            self.message(),
            causes.join("; "),
            self.preview["notKnown"],
            happened.words()
        )
    }

    /// Why there is no preview, if there is none.
    pub(crate) fn absent(&self) -> Option<String> {
        self.preview
            .is_null()
            .then(|| format!("no preview: exit status {}: {}", self.status, self.stderr))
    }

    /// An exit status that is not that of the outcome.
    pub(crate) fn odd_status(&self) -> Option<String> {
        let outcome = self.outcome();
        // The gate of an upgrade counts what it deletes.
        let is_upgrade = self.preview["operation"] == "upgrade";
        let deletes = is_upgrade && list(&self.preview, "objects").any(|object| object["action"] == "delete");
        let expected: &[i32] = match outcome {
            _ if deletes => &[1],
            "works" => &[0],
            "works-but" => &[0, 1],
            "unknown" => &[3],
            _ => &[1],
        };
        (!expected.contains(&self.status))
            .then(|| format!("predicted {outcome} with exit status {}", self.status))
    }

    /// What is wrong with the state that a failed operation was to leave behind.
    pub(crate) fn left_otherwise(&self, happened: &Happened) -> Option<String> {
        let said = self.preview["leaves"].as_str()?;
        let [before, after] = &happened.records;
        let newest = after.newest().map(|(revision, status)| {
            if happened.outcome() == "refused" {
                format!("revision {revision} stays the newest ({status})")
            } else {
                format!("revision {revision} is the newest and {status}")
            }
        });
        let deployed = match (
            happened.outcome(),
            after.deployed().last(),
            before.deployed().last(),
        ) {
            // A revision that is not made leaves all as it was, which needs no word.
            ("refused", ..) => None,
            (_, Some(deployed), _) => Some(format!("revision {deployed} stays deployed")),
            (_, None, Some(_)) => Some("so that none is deployed".to_owned()),
            (_, None, None) => Some("no revision is deployed, as before".to_owned()),
        };
        let unsaid: Vec<String> = newest
            .into_iter()
            .chain(deployed)
            .filter(|words| !said.contains(words))
            .collect();
        (!unsaid.is_empty()).then(|| format!("what it leaves: {unsaid:?}, and said was: {said}"))
    }

    /// Whether it says that something may fail for a cause, without saying that it does.
    pub(crate) fn leaves_open(&self, cause: &str) -> bool {
        let words: &[&str] = match cause {
            "hook" => &["hook"],
            "admission" => &["ValidatingAdmissionPolicy", "webhook"],
            "rule" => &["rules in CEL"],
            _ => return false,
        };
        let mut sentences = list(&self.preview, "notKnown").filter_map(Value::as_str);
        let is_named = sentences.any(|sentence| words.iter().any(|word| sentence.contains(word)));
        matches!(self.outcome(), "works" | "works-but" | "unknown")
            && (is_named || self.causes().contains(&cause))
    }

    /// The objects of the preview.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Value> {
        list(&self.preview, "objects")
    }

    /// The objects that happened to become something else, or that nothing was said of.
    pub(crate) fn disproved_objects(&self, happened: &Happened, is_unknowable: bool) -> Vec<(About, String)> {
        let told = self
            .objects()
            .flat_map(|object| disproved_object(object, happened, is_unknowable));
        let unnamed = self.unnamed(happened).into_iter();
        told.chain(unnamed.map(|problem| (About::Objects, problem)))
            .collect()
    }

    /// What a scan after it calls drift and the preview did not name.
    pub(crate) fn untold(&self, after: &Scan) -> Vec<String> {
        let is_around = |one: &str, other: &str| {
            let rest = one.strip_prefix(other);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '[']))
        };
        let drift = after.drift().into_iter().filter(|found| {
            let mut same = self
                .objects()
                .filter(|object| object_name(object) == found.object);
            !same.any(|object| {
                let is_shortened = object["leftOut"].as_u64().unwrap_or_default() > 0;
                let mut paths = list(object, "fields").filter_map(|field| field["path"].as_str());
                is_shortened || paths.any(|path| is_around(path, &found.path) || is_around(&found.path, path))
            })
        });
        drift
            .map(|found| format!("not named, and drift now: {found}"))
            .collect()
    }

    /// What became of objects of which nothing was said.
    pub(crate) fn unnamed(&self, happened: &Happened) -> Vec<String> {
        let named: Vec<String> = self
            .objects()
            .chain(list(&self.preview, "hooks"))
            .map(object_name)
            .collect();
        let mut problems = Vec::new();
        for name in happened.names() {
            let fate = happened.fate(name);
            // What is in a Namespace, or of a definition, goes with it; a cause says so.
            let goes_with_it = fate == Fate::Deleted && self.causes().contains(&"deletes-data");
            let is_told = named.contains(name) || goes_with_it;
            if !is_told && !matches!(fate, Fate::Untouched | Fate::Absent) {
                problems.push(format!("{name}: not named, happened {fate}"));
            }
        }
        problems
    }
}

/// What of an object of a preview did not come true.
pub(crate) fn disproved_object(
    object: &Value,
    happened: &Happened,
    is_unknowable: bool,
) -> Vec<(About, String)> {
    let name = object_name(object);
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
        let reason = &object["reason"];
        let problem = format!("{name}: predicted {action} ({reason}), happened {fate}");
        return vec![(About::Objects, problem)];
    }
    let bare = object["name"].as_str().unwrap_or("?");
    match action {
        "fail" if !happened.helm.stderr.contains(bare) => {
            let problem = format!("{name}: Helm does not name it: {}", happened.words());
            vec![(About::Objects, problem)]
        }
        "change" => {
            let fields = fields(object, &name, happened).into_iter();
            fields.map(|problem| (About::Fields, problem)).collect()
        }
        _ => Vec::new(),
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

fn told(value: Option<&Value>) -> String {
    value.map_or_else(|| "none".to_owned(), Value::to_string)
}
