//! Values changed by chance: Helm renders them, the result is made to live, and what is printed for that drift gives it
//! again.
//!
//! The chance is the same for the same seed: `DRIFTLINE_SEED` chooses another one.

use std::collections::BTreeMap;
use std::env;
use std::fs;

use serde_json::{Map, Value, json};

use super::kept::{Asked, living};
use super::rendered::Rendered;
use crate::harness::{Cluster, HelmVersion, Problems, Release};
use crate::support::dice::Dice;

/// How often the values of each chart are changed.
const ROUNDS: [(&str, usize); 2] = [("values-app", 30), ("values-parts", 10)];

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_lives_by_other_values_is_rendered_by_the_printed_ones_helm_3() {
    check(HelmVersion::V3);
}

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_lives_by_other_values_is_rendered_by_the_printed_ones_helm_4() {
    check(HelmVersion::V4);
}

fn check(helm: HelmVersion) {
    let seed = env::var("DRIFTLINE_SEED").map_or(1, |seed| seed.parse().expect("a seed is a number"));
    let mut problems = Problems::default();
    for (chart, rounds) in ROUNDS {
        let mut perturbed = Perturbed::install(helm, chart);
        let (mut drifted, mut kept) = (0, 0);
        for round in 0..rounds {
            // Each Helm has changes of its own.
            let number = 2 * round + usize::from(helm == HelmVersion::V4);
            let mut dice = Dice::new(seed, number, 100);
            let (values, what) = perturbed.other_values(&mut dice);
            if !perturbed.lives_by(&values) {
                continue;
            }
            let chart = perturbed.release.chart.clone();
            let at_hand = ["--chart", &chart];
            let at_hand = if round % 2 == 0 { &[] } else { &at_hand[..] };
            let asked = Asked::of(&perturbed.release, at_hand);
            drifted += asked.said.len();
            kept += asked.kept().count();
            let found = perturbed.broken(&asked);
            problems.note(
                &perturbed.release,
                &format!("seed {seed}, round {number}: {what}"),
                &found,
            );
        }
        // Silence is no proof.
        let is_silent = drifted < rounds / 2 || 3 * kept < drifted;
        let silent =
            is_silent.then(|| format!("{kept} of {drifted} drifted fields are kept in {rounds} rounds"));
        problems.note(&perturbed.release, "all rounds", &Vec::from_iter(silent));
    }
}

/// A release that lives by other values than those that it was given.
struct Perturbed {
    release: Release<'static>,
    /// All values that its templates see.
    values: Value,
    deployed: Rendered,
    /// What lives now, as it was last written; nothing where that is not known.
    living: BTreeMap<String, Value>,
}

impl Perturbed {
    fn install(helm: HelmVersion, chart: &str) -> Self {
        let release = Release::install(Cluster::shared(), helm, chart, &[]);
        let all = [
            "get",
            "values",
            &release.name,
            "-n",
            &release.namespace,
            "--all",
            "-o",
            "json",
        ];
        let values = release.cluster.helm(helm, &all).succeeded();
        let deployed = Rendered::of(&release.helm("template", &["--is-upgrade"]).succeeded());
        Self {
            values: serde_json::from_str(&values).expect("Helm prints JSON"),
            deployed,
            living: BTreeMap::new(),
            release,
        }
    }

    /// Values that differ in one or two places, as `-f` takes them, and what they are in words.
    fn other_values(&self, dice: &mut Dice) -> (Value, String) {
        let mut places = Vec::new();
        collect(&self.values, &mut Vec::new(), &mut places);
        let mut values = Value::Object(Map::new());
        for _ in 0..=usize::from(dice.happens(30)) {
            let place = dice.pick(&places).clone();
            let former = place.iter().fold(&self.values, |value, name| &value[name]);
            let other = other(former, dice);
            let target = place.iter().fold(&mut values, |value, name| {
                if !value.is_object() {
                    *value = json!({});
                }
                &mut value[name]
            });
            *target = other;
        }
        let what = values.to_string();
        (values, what)
    }

    /// Renders values and makes the objects live that the release has, if Helm and the API server take them.
    fn lives_by(&mut self, values: &Value) -> bool {
        let dir = tempfile::tempdir().expect("there is room for temporary files");
        let file = |name: &str| dir.path().join(name).display().to_string();
        let (given, objects) = (file("values.json"), file("objects.json"));
        fs::write(&given, values.to_string()).expect("a file can be written");
        let rendered = self.release.helm("template", &["--is-upgrade", "-f", &given]);
        if rendered.status != 0 {
            return false;
        }
        let rendered = Rendered::of(&rendered.stdout);
        let wanted = self.deployed.objects().map(|(name, deployed)| {
            let object = rendered.object(name).unwrap_or(deployed);
            (name.clone(), self.owned(object.clone()))
        });
        let wanted: BTreeMap<String, Value> = wanted.collect();
        let other = wanted
            .iter()
            .filter(|(name, object)| self.living.get(*name) != Some(object));
        let items: Vec<&Value> = other.map(|(_, object)| object).collect();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
        fs::write(&objects, list.to_string()).expect("a file can be written");
        let written = self.release.shell(&format!("kubectl replace -f {objects}"));
        let is_taken = written.status == 0;
        self.living = if is_taken { wanted } else { BTreeMap::new() };
        is_taken
    }

    /// An object with the marks of a release, as Helm adds them.
    fn owned(&self, mut object: Value) -> Value {
        let metadata = &mut object["metadata"];
        metadata["namespace"] = json!(self.release.namespace);
        metadata["labels"]["app.kubernetes.io/managed-by"] = json!("Helm");
        metadata["annotations"]["meta.helm.sh/release-name"] = json!(self.release.name);
        metadata["annotations"]["meta.helm.sh/release-namespace"] = json!(self.release.namespace);
        object
    }

    /// What is not right in a rendering with what was printed.
    fn broken(&self, asked: &Asked) -> Vec<String> {
        let dir = tempfile::tempdir().expect("there is room for temporary files");
        let keep = dir.path().join("keep.yaml").display().to_string();
        fs::write(&keep, &asked.snippet).expect("a file can be written");
        let rendered = self.release.helm("template", &["--is-upgrade", "-f", &keep]);
        if rendered.status != 0 {
            return vec![format!("Helm refuses it: {}\n{}", rendered.stderr, asked.snippet)];
        }
        let mut broken = asked.broken(
            &self.deployed,
            &Rendered::of(&rendered.stdout),
            &living(&self.release),
        );
        if !broken.is_empty() {
            broken.push(asked.snippet.clone());
        }
        broken
    }
}

/// The places of all that can be set by name.
fn collect(values: &Value, place: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    for (name, value) in values.as_object().into_iter().flatten() {
        place.push(name.clone());
        found.push(place.clone());
        collect(value, place, found);
        place.pop();
    }
}

/// Texts that YAML takes for something else, or that have to be quoted.
const ODD: [&str; 12] = [
    "on",
    "yes",
    "null",
    "~",
    "0644",
    "1e6",
    "1_000",
    "a: b # c",
    "{x}",
    "it's",
    "12:30:45",
    "é\u{301}",
];

/// Another value in a place.
fn other(former: &Value, dice: &mut Dice) -> Value {
    match former {
        Value::Null => json!(dice.below(90) + 1),
        Value::Bool(is) => json!(!is),
        Value::Number(number) => {
            json!(number.as_i64().unwrap_or(7) + 1 + i64::try_from(dice.below(9)).expect("it is small"))
        }
        Value::String(text) => other_text(text, dice),
        Value::Array(items) => {
            let mut items = items.clone();
            match (dice.below(3), items.last().cloned()) {
                (0, Some(_)) => drop(items.pop()),
                (1, Some(last)) => items.push(other(&last, dice)),
                (_, Some(last)) => *items.last_mut().expect("there is one") = other(&last, dice),
                (_, None) => items.push(json!("--more")),
            }
            Value::Array(items)
        }
        Value::Object(fields) => {
            let mut changes = Map::new();
            let names: Vec<&String> = fields.keys().collect();
            if names.is_empty() || dice.happens(50) {
                changes.insert("added.by/chance".to_owned(), other_text("text", dice));
            } else {
                let name = *dice.pick(&names);
                let value = if dice.happens(40) {
                    Value::Null
                } else {
                    other(&fields[name], dice)
                };
                changes.insert(name.clone(), value);
            }
            Value::Object(changes)
        }
    }
}

fn other_text(text: &str, dice: &mut Dice) -> Value {
    let digits = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    if let Ok(number) = number.parse::<u64>() {
        return json!(format!("{}{unit}", number + 1 + dice.next() % 9));
    }
    match dice.below(3) {
        0 => json!(dice.pick(&ODD)),
        1 => json!(format!("{text}-{}", dice.below(100))),
        _ => json!(format!("x{}", dice.below(100))),
    }
}
