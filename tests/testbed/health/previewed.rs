//! Advised steps, beside what `driftline preview` says of each of them right before it is run.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fmt, fs};

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{
    Fate, Happened, Outcome, Prediction, Records, Release, by_name, disproved_object, means, place,
};

/// The kinds of the chart's objects, and of what its states make beside them. What controllers make of these is left out.
const KINDS: &str = "configmaps,services,persistentvolumeclaims,statefulsets.apps,deployments.apps,jobs.batch,\
                     ingresses.networking.k8s.io,horizontalpodautoscalers.autoscaling";

/// What an advised flag changes of an operation. Nobody can tell a preview of them.
///
/// The others (`--wait`, `--server-side=…`, `--force-replace`, `--cleanup-on-fail`) are in no advice. Each changes something
/// else, so that a step that has one is a problem until it is decided here what still has to hold.
#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    /// No hook runs, so that none fails either. Manifests are rendered without hooks then, and a rollback is previewed with
    /// those of its target.
    no_hooks: bool,
    /// The fields of others do not stop Helm; it writes them.
    force_conflicts: bool,
}

/// An advised step with the cluster before it.
pub(super) struct Previewed {
    command: String,
    flags: Flags,
    prediction: Prediction,
    records: Records,
    objects: BTreeMap<String, Value>,
}

/// How many steps were held to their previews, and how far.
#[derive(Debug, Default)]
struct Figures {
    rollbacks: AtomicUsize,
    upgrades: AtomicUsize,
    /// Of these, those at whose causes a flag gets past.
    lifted: AtomicUsize,
    /// Of these, those whose preview said that it cannot be told whether they work, and by what.
    open: AtomicUsize,
}

/// The figures of this process.
static FIGURES: Figures = Figures {
    rollbacks: AtomicUsize::new(0),
    upgrades: AtomicUsize::new(0),
    lifted: AtomicUsize::new(0),
    open: AtomicUsize::new(0),
};

impl Previewed {
    /// Has driftline say what a command comes to; none for a command that it does not preview.
    pub(super) fn of(release: &Release<'_>, command: &str, dir: &TempDir) -> Option<Result<Self, String>> {
        let rest = command.strip_prefix("helm ")?;
        let (verb, rest) = rest.split_once(' ')?;
        let counted = match verb {
            "rollback" => &FIGURES.rollbacks,
            "upgrade" => &FIGURES.upgrades,
            _ => return None,
        };
        counted.fetch_add(1, Ordering::Relaxed);
        let told = Flags::split(rest).and_then(|(flags, words)| {
            let prediction = if verb == "rollback" {
                let mut args = vec!["preview", "rollback"];
                args.extend(words);
                args.extend(["-o", "json"]);
                release.cluster.driftline(&args)
            } else {
                let rendered = rendered(release, flags, &words, dir)?;
                let namespace = &release.namespace;
                let args = [
                    "preview", "upgrade", words[0], "-n", namespace, "-f", &rendered, "-o", "json",
                ];
                release.cluster.driftline(&args)
            };
            Ok(Self {
                command: command.to_owned(),
                flags,
                prediction: Prediction::of(&prediction),
                records: Records::of(release.cluster, &release.namespace, &release.name),
                objects: objects(release),
            })
        });
        Some(told.map_err(|problem| format!("{command}: {problem}")))
    }

    /// What the preview said that the step did not come to.
    pub(super) fn disproved(self, release: &Release<'_>, outcome: &Outcome) -> Vec<String> {
        let after = Records::of(release.cluster, &release.namespace, &release.name);
        let happened = Happened {
            helm: outcome.clone(),
            records: [self.records, after],
            objects: [self.objects, objects(release)],
        };
        let problems = disproved(&self.prediction, self.flags, &happened);
        let command = &self.command;
        problems
            .into_iter()
            .map(|problem| format!("preview of {command}: {problem}\n{:#}", self.prediction.preview()))
            .collect()
    }
}

impl Flags {
    /// The flags that no preview knows, and the words without them.
    fn split(rest: &str) -> Result<(Self, Vec<&str>), String> {
        let mut flags = Self::default();
        let mut words = Vec::new();
        for word in rest.split(' ') {
            match word {
                "--no-hooks" => flags.no_hooks = true,
                "--force-conflicts" => flags.force_conflicts = true,
                "-n" | "-f" => words.push(word),
                _ if word.starts_with('-') => {
                    return Err(format!("nobody decided what a preview has to say of {word}"));
                }
                _ => words.push(word),
            }
        }
        Ok((flags, words))
    }
}

/// What Helm would render, as a file. Where it refuses an upgrade it renders nothing, and the chart looks nothing up, so that
/// `helm template` tells as much and in every state.
fn rendered(release: &Release<'_>, flags: Flags, words: &[&str], dir: &TempDir) -> Result<String, String> {
    if !words.contains(&"-f") {
        return Err(
            "without values Helm takes those of the last revision, and helm template those of the chart"
                .to_owned(),
        );
    }
    let hooks = if flags.no_hooks { " --no-hooks" } else { "" };
    let line = format!(
        "cd {}; {} template --is-upgrade {}{hooks}",
        dir.path().display(),
        release.helm.name(),
        words.join(" ")
    );
    let outcome = release.shell(&line);
    if outcome.status != 0 {
        return Err(format!("{line}: {}", outcome.stderr));
    }
    let path = dir.path().join("rendered-for-the-preview.yaml");
    fs::write(&path, outcome.stdout).map_err(|error| error.to_string())?;
    Ok(path.display().to_string())
}

/// The objects in the namespace of a release.
fn objects(release: &Release<'_>) -> BTreeMap<String, Value> {
    let read = |kinds: &str| release.shell(&format!("kubectl get {kinds} -o json --show-managed-fields"));
    let mut found = by_name(&read(KINDS).succeeded());
    // The kind of the chart's custom resource is served in some states only.
    let gadgets = read(&release.fill("gadgets.{r}.troubled.example"));
    if gadgets.status == 0 {
        found.extend(by_name(&gadgets.stdout));
    }
    found
}

/// What the preview said that did not come true, as far as the flags let it.
fn disproved(prediction: &Prediction, flags: Flags, happened: &Happened) -> Vec<String> {
    if let Some(problem) = prediction.absent() {
        return vec![problem];
    }
    let mut problems: Vec<String> = prediction.odd_status().into_iter().collect();
    let failing: Vec<&Value> = prediction
        .objects()
        .filter(|object| object["action"] == "fail")
        .collect();
    let is_first = |code: &str| prediction.causes().first() == Some(&code);
    if flags.force_conflicts && failing.iter().any(|object| is_conflict(object)) {
        FIGURES.lifted.fetch_add(1, Ordering::Relaxed);
        problems.extend(disproved_by_force(prediction, happened));
    } else if flags.no_hooks && is_first("hook") && !works(prediction) {
        // The preview ends at the hook, and says nothing of what comes after it.
        FIGURES.lifted.fetch_add(1, Ordering::Relaxed);
    } else if prediction.outcome() == "unknown" {
        FIGURES.open.fetch_add(1, Ordering::Relaxed);
        if happened.outcome() == "works" {
            problems.extend(of_objects(prediction, happened));
        }
    } else if prediction.came_true(happened) {
        problems.extend(prediction.left_otherwise(happened));
        problems.extend(of_objects(prediction, happened));
    } else if !flags.no_hooks && happened.cause() == "hook" && prediction.leaves_open("hook") {
        FIGURES.open.fetch_add(1, Ordering::Relaxed);
    } else {
        problems.push(prediction.beside(happened));
    }
    problems
}

fn works(prediction: &Prediction) -> bool {
    matches!(prediction.outcome(), "works" | "works-but")
}

fn of_objects(prediction: &Prediction, happened: &Happened) -> Vec<String> {
    let is_unknowable = prediction.outcome() == "unknown";
    let disproved = prediction.disproved_objects(happened, is_unknowable);
    disproved.into_iter().map(|(_, problem)| problem).collect()
}

/// What did not come true where a preview says that Helm fails at the fields of others, and Helm is told to write them. It
/// gets further than the preview then, which says nothing of what it does not reach: deletions, for example.
fn disproved_by_force(prediction: &Prediction, happened: &Happened) -> Vec<String> {
    let mut problems = Vec::new();
    let fails_anyway = prediction
        .objects()
        .any(|object| object["action"] == "fail" && !is_conflict(object));
    if fails_anyway == (happened.outcome() == "works") {
        problems.push(prediction.beside(happened));
    }
    for object in prediction.objects() {
        if is_conflict(object) {
            problems.extend(not_taken(object, happened));
        } else if object["action"] != "not-reached" {
            let disproved = disproved_object(object, happened, false);
            problems.extend(disproved.into_iter().map(|(_, problem)| problem));
        }
    }
    problems.extend(prediction.unnamed(happened));
    problems
}

/// Whether Helm fails at an object because of the owners of its fields, and of nothing else: a rule has a reason.
fn is_conflict(object: &Value) -> bool {
    let mut fields = failing(object).peekable();
    object["action"] == "fail" && fields.peek().is_some() && fields.all(|field| field["reason"].is_null())
}

/// The fields of others that Helm was to overwrite, and did not.
fn not_taken(object: &Value, happened: &Happened) -> Vec<String> {
    let name = format!(
        "{}/{}",
        object["kind"].as_str().unwrap_or_default(),
        object["name"].as_str().unwrap_or_default()
    );
    let fate = happened.fate(&name);
    let Some(after) = happened.objects[1].get(&name).filter(|_| fate == Fate::Changed) else {
        return vec![format!(
            "{name}: fields of others are overwritten, happened {fate}"
        )];
    };
    failing(object)
        .filter_map(|field| {
            let path = field["path"].as_str().unwrap_or_default();
            let is = place::at(after, path);
            (!means(field.get("applied"), is)).then(|| {
                format!(
                    "{name} {path}: {} is written by force, happened {is:?}",
                    field["applied"]
                )
            })
        })
        .collect()
}

fn failing(object: &Value) -> impl Iterator<Item = &Value> {
    let fields = object["fields"].as_array().into_iter().flatten();
    fields.filter(|field| field["effect"] == "fail")
}

/// Says how many steps were compared, so that a run whose steps have no previews is seen to prove nothing.
#[expect(clippy::disallowed_macros, reason = "who runs the advice wants the numbers")]
pub(super) fn tell() {
    println!("{FIGURES}");
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |number: &AtomicUsize| number.load(Ordering::Relaxed);
        write!(
            f,
            "{} rollbacks and {} upgrades beside their previews; in {} of them a flag gets past what the preview stops at, and {} \
             were left open",
            of(&self.rollbacks),
            of(&self.upgrades),
            of(&self.lifted),
            of(&self.open)
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FORCED: Flags = Flags {
        no_hooks: false,
        force_conflicts: true,
    };
    const WITHOUT_HOOKS: Flags = Flags {
        no_hooks: true,
        force_conflicts: false,
    };

    fn outcome(status: i32, stdout: String) -> Outcome {
        Outcome {
            command: String::new(),
            status,
            stdout,
            stderr: String::new(),
        }
    }

    fn prediction(word: &str, cause: &str, objects: &Value) -> Prediction {
        let status = i32::from(word != "works");
        let preview = json!({"outcome": word, "causes": [{"code": cause}], "objects": objects});
        let report = json!({"releases": [{"preview": preview}]});
        Prediction::of(&outcome(status, report.to_string()))
    }

    fn happened(status: i32, before: &str, after: &str) -> Happened {
        let objects = [before, after].map(|value| {
            let object = json!({"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": value}});
            by_name(&object.to_string())
        });
        Happened {
            helm: outcome(status, String::new()),
            records: [Records::default(), Records::default()],
            objects,
        }
    }

    /// A comparison that finds nothing wrong with anything would pass every state.
    #[test]
    fn what_was_not_foretold_is_found() {
        let conflict = json!([{"kind": "ConfigMap", "name": "a", "action": "fail",
            "fields": [{"path": "/data/x", "effect": "fail", "applied": "mine"}]}]);
        let works = prediction("works", "", &json!([]));
        let stopped = prediction("failed", "conflict", &conflict);
        let locked = prediction("lock-left", "hook", &json!([]));
        let plain = Flags::default();
        for (prediction, flags, happened, problems) in [
            (&works, plain, happened(0, "1", "1"), 0),
            (&works, plain, happened(1, "1", "1"), 1),
            (&works, plain, happened(0, "1", "2"), 1),
            (&stopped, plain, happened(0, "1", "mine"), 1),
            (&stopped, FORCED, happened(0, "1", "mine"), 0),
            (&stopped, FORCED, happened(0, "1", "2"), 1),
            (&stopped, FORCED, happened(0, "1", "1"), 1),
            (&locked, plain, happened(0, "1", "1"), 1),
            (&locked, WITHOUT_HOOKS, happened(0, "1", "1"), 0),
        ] {
            let found = disproved(prediction, flags, &happened);
            assert_eq!(found.len(), problems, "{flags:?}: {found:?}");
        }
    }

    #[test]
    fn flags_that_nobody_decided_about_are_refused() {
        let (flags, words) = Flags::split("web 1 --no-hooks -n shop").unwrap();
        assert!(flags.no_hooks && !flags.force_conflicts);
        assert_eq!(words, ["web", "1", "-n", "shop"]);
        assert!(Flags::split("web 1 --cleanup-on-fail -n shop").is_err());
    }
}
