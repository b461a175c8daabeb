//! A release's chart, evaluated once as it was deployed, and again with a key set.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use serde_json::Value;

use super::Moved;
use super::moved::is_checksum;
use super::schema::{Acceptance, Schema};
use super::source_map::{Change, Limits, SourceMap};
use super::tree;
use crate::chart::{DefaultNulls, ReleaseChart, Rendered, rendered_values};
use crate::template::evaluate::File;
use crate::template::key::{Key, KeyStep};
use crate::template::program::{Evaluation, Program};
use crate::template::roots::Surroundings;
use crate::template::work::{Fault, Work};
use crate::vocabulary::NoKeyReason;

/// The most fields that are told as changing with a key.
const MAX_MOVED: usize = 200;

/// A key that is set, and the values from the root that set it.
#[derive(Clone, PartialEq)]
pub(super) struct KeySet {
    pub(super) key: Key,
    pub(super) values: Value,
}

/// What a template renders with other values.
type RenderedFile = (Rc<str>, Rc<SourceMap>);

/// A chart with what it renders for a release.
pub(super) struct Session<'s> {
    release: &'s ReleaseChart,
    surroundings: &'s Surroundings,
    /// The same for the upgrade that sets a key.
    upgrade: Surroundings,
    /// What the upgrade renders without a key, of the templates that ask which operation it is.
    upgraded: RefCell<HashMap<Rc<str>, Rc<SourceMap>>>,
    default_nulls: DefaultNulls,
    rendered: Rendered<'s>,
    program: Program,
    base: Evaluation,
    schema: Option<Schema>,
    /// What is left for all evaluations of the release together.
    work: &'s RefCell<Work>,
    maps: RefCell<HashMap<Rc<str>, Rc<SourceMap>>>,
}

/// What a chart renders with a key set, as far as that hangs on the key, and as far as it was asked for.
pub(super) struct Trial {
    /// The keys that are set.
    keys: Vec<Key>,
    values: Value,
    /// The chart's templates, where other dependencies of it are on.
    other_program: Option<Program>,
    /// The template that was evaluated before the others.
    first: Option<Rc<str>>,
    files: BTreeMap<Rc<str>, Rc<SourceMap>>,
    changes: Vec<Change>,
}

impl<'s> Session<'s> {
    /// Evaluates a chart with the values that the release has.
    pub(super) fn of(
        release: &'s ReleaseChart,
        surroundings: &'s Surroundings,
        default_nulls: DefaultNulls,
        work: &'s RefCell<Work>,
    ) -> Result<Self, NoKeyReason> {
        let rendered = rendered_values(&release.chart, &release.config, default_nulls)
            .map_err(|_| NoKeyReason::TooLarge)?;
        Ok(Self::of_rendered(
            release,
            surroundings,
            default_nulls,
            rendered,
            work,
        ))
    }

    fn of_rendered(
        release: &'s ReleaseChart,
        surroundings: &'s Surroundings,
        default_nulls: DefaultNulls,
        rendered: Rendered<'s>,
        work: &'s RefCell<Work>,
    ) -> Self {
        let program = Program::of(&rendered.chart, &mut work.borrow_mut());
        let base = program.evaluate(&rendered.values, surroundings, &mut work.borrow_mut(), |_| true);
        Self {
            release,
            surroundings,
            upgrade: Surroundings {
                is_upgrade: true,
                revision: surroundings.revision.saturating_add(1),
                ..surroundings.clone()
            },
            upgraded: RefCell::default(),
            default_nulls,
            schema: Schema::of(&rendered.chart, &rendered.values),
            rendered,
            program,
            base,
            work,
            maps: RefCell::default(),
        }
    }

    /// The same by what other versions of Helm do with nulls; `None` where that makes no difference.
    pub(super) fn of_other_helm(&self) -> Option<Self> {
        let other = self.default_nulls.other();
        let rendered = rendered_values(&self.release.chart, &self.release.config, other).ok()?;
        (rendered.values != self.rendered.values)
            .then(|| Self::of_rendered(self.release, self.surroundings, other, rendered, self.work))
    }

    /// The values that the templates see.
    pub(super) const fn values(&self) -> &Value {
        &self.rendered.values
    }

    /// The values that were given for the release.
    pub(super) const fn given(&self) -> &Value {
        &self.release.config
    }

    /// The chart and its dependencies, as far as they are known.
    pub(super) fn chart(&self) -> &crate::chart::Chart {
        &self.rendered.chart
    }

    /// The release's name.
    pub(super) fn release_name(&self) -> &str {
        &self.release.name
    }

    /// Whether a template is at hand.
    pub(super) fn has_template(&self, template: &str) -> bool {
        self.program.has_file(template)
    }

    /// Whether a template asks the cluster what is there, which nobody knows here.
    pub(super) fn asks_cluster(&self, template: &str) -> bool {
        self.base.files.get(template).is_some_and(File::asks_cluster)
    }

    /// Whether what a template renders takes more than is allowed.
    pub(super) fn is_too_much(&self, template: &str) -> bool {
        let file = self.base.files.get(template);
        file.is_some_and(|file| matches!(file.text, Err(Fault::TooMuch(_))))
    }

    /// The keys that a template reads.
    pub(super) fn keys_read(&self, template: &str) -> Vec<Key> {
        let file = self.base.files.get(template);
        let mut keys: Vec<Key> = file
            .map(|file| file.reads.iter().cloned().collect())
            .unwrap_or_default();
        keys.sort();
        keys
    }

    /// Whether there is time for more. What is asked many times goes beside the evaluations, too.
    pub(super) fn time(&self) -> Result<(), NoKeyReason> {
        self.work.borrow().time().map_err(|_| NoKeyReason::TooLarge)
    }

    /// What a template rendered, as objects and fields; `None` where it cannot be evaluated.
    pub(super) fn source_map(&self, template: &str) -> Option<Rc<SourceMap>> {
        let (name, file) = self.base.files.get_key_value(template)?;
        if let Some(map) = self.maps.borrow().get(name) {
            return Some(Rc::clone(map));
        }
        let text = file.text.as_ref().ok()?;
        let map = Rc::new(SourceMap::of(text, &Limits::default()));
        self.maps.borrow_mut().insert(Rc::clone(name), Rc::clone(&map));
        Some(map)
    }

    /// Evaluates a template once more, with another value at a key. Keys lead through no list here.
    ///
    /// What else hangs on the key is evaluated by [`Session::complete`], once it is known that the key is the one.
    pub(super) fn try_key(
        &self,
        key: &Key,
        value: &Value,
        template: Option<&str>,
    ) -> Result<Trial, NoKeyReason> {
        let mut trial = self.trial(vec![key.clone()], &[&tree::tree(key, value.clone())])?;
        if let Some(template) = template {
            self.evaluate(&mut trial, |name| name == template)?;
            trial.first = Some(template.into());
        }
        Ok(trial)
    }

    /// What the templates see with values that hold these keys.
    fn trial(&self, keys: Vec<Key>, set: &[&Value]) -> Result<Trial, NoKeyReason> {
        self.time()?;
        let mut config = self.release.config.clone();
        for values in set {
            tree::merge(&mut config, values);
        }
        let rendered = rendered_values(&self.release.chart, &config, self.default_nulls)
            .map_err(|_| NoKeyReason::NotKept)?;
        let has_other_charts = rendered.scopes != self.rendered.scopes;
        Ok(Trial {
            keys,
            other_program: has_other_charts
                .then(|| Program::of(&rendered.chart, &mut self.work.borrow_mut())),
            values: rendered.values,
            first: None,
            files: BTreeMap::new(),
            changes: Vec::new(),
        })
    }

    /// Asks the schema, and evaluates whatever else hangs on the key: what only the right key is worth.
    pub(super) fn complete(&self, trial: &mut Trial) -> Result<(), NoKeyReason> {
        self.ask_schema(trial)?;
        self.without_files(trial);
        let first = trial.first.clone();
        self.evaluate(trial, |name| first.as_deref() != Some(name))
    }

    fn ask_schema(&self, trial: &Trial) -> Result<(), NoKeyReason> {
        let Some(schema) = &self.schema else { return Ok(()) };
        match schema.accepts(&trial.values) {
            Acceptance::Accepted | Acceptance::CannotTell(_) => Ok(()),
            Acceptance::Refused(_) => Err(NoKeyReason::RefusedBySchema),
        }
    }

    /// Whether the chart takes values that several keys want at once: the schema accepts them, no template stops at them, and
    /// what is rendered can be read as far as before. What takes too much to evaluate says nothing against them.
    pub(super) fn takes(&self, set: &[&KeySet]) -> bool {
        match self.rendered_with(set) {
            Ok(files) => files.iter().all(|(name, map)| {
                let before = self.source_map(name);
                map.lost <= before.map_or(0, |before| before.lost)
            }),
            Err(reason) => reason == NoKeyReason::TooLarge,
        }
    }

    /// What the templates that hang on keys render with all of them set.
    fn rendered_with(&self, set: &[&KeySet]) -> Result<Vec<RenderedFile>, NoKeyReason> {
        let keys = set.iter().map(|set| set.key.clone()).collect();
        let values: Vec<&Value> = set.iter().map(|set| &set.values).collect();
        let trial = self.trial(keys, &values)?;
        self.ask_schema(&trial)?;
        self.evaluated(&trial, |_| true)
    }

    /// Tells what goes with the dependencies that are off with a key.
    fn without_files(&self, trial: &mut Trial) {
        let Some(program) = &trial.other_program else {
            return;
        };
        let gone = self.base.files.keys().filter(|name| !program.has_file(name));
        for name in gone.filter(|name| !is_notes(name)) {
            let room = MAX_MOVED.saturating_sub(trial.changes.len());
            let before = self.source_map(name).unwrap_or_default();
            trial.changes.extend(before.changes(&SourceMap::default(), room));
        }
    }

    /// Whether a dependency of which the templates are not at hand sees what a key is set to.
    pub(super) fn reaches_unknown(&self, key: &Key) -> bool {
        let chart = &self.release.chart;
        let Some(KeyStep::Name(first)) = key.steps().first().copied() else {
            return false;
        };
        let is_rendered = || {
            let name = chart.metadata.get("name").and_then(Value::as_str);
            let source = format!("\n# Source: {}/charts/{first}/", name.unwrap_or_default());
            self.release.manifest.contains(&source)
        };
        !chart.are_dependencies_known
            && (chart
                .dependency_names()
                .chain(["global"])
                .any(|name| name == &**first)
                || is_rendered())
    }

    /// Evaluates those of these templates that hang on the keys, and notes what they render.
    fn evaluate(&self, trial: &mut Trial, is_asked: impl Fn(&str) -> bool) -> Result<(), NoKeyReason> {
        for (name, map) in self.evaluated(trial, is_asked)? {
            let was_broken = self.base.files.get(&name).is_some_and(|file| file.text.is_err());
            let before = self.without_key(&name);
            if !was_broken && !is_notes(&name) && !Rc::ptr_eq(&before, &map) {
                let room = MAX_MOVED.saturating_sub(trial.changes.len());
                trial.changes.extend(before.changes(&map, room));
            }
            trial.files.insert(name, map);
        }
        if trial.renames() {
            return Err(NoKeyReason::NamesObjects);
        }
        Ok(())
    }

    /// What the upgrade renders without the key: what a template writes for upgrades alone is not moved by the key.
    fn without_key(&self, name: &Rc<str>) -> Rc<SourceMap> {
        let base = || self.source_map(name).unwrap_or_default();
        let asks = |file: &File| file.asks_operation();
        if !self.base.files.get(name).is_some_and(asks) {
            return base();
        }
        if let Some(map) = self.upgraded.borrow().get(name) {
            return Rc::clone(map);
        }
        let mut evaluated = {
            let work = &mut *self.work.borrow_mut();
            let is_it = |other: &str| *other == **name;
            self.program
                .evaluate_again(&self.rendered.values, &self.upgrade, work, &self.base, is_it)
        };
        let text = evaluated.files.remove(name).and_then(|file| file.text.ok());
        let map = text.map_or_else(base, |text| Rc::new(SourceMap::of(&text, &Limits::default())));
        self.upgraded
            .borrow_mut()
            .insert(Rc::clone(name), Rc::clone(&map));
        map
    }

    /// What those of these templates render that hang on the keys of a trial; nothing of one that failed before, too.
    fn evaluated(
        &self,
        trial: &Trial,
        is_asked: impl Fn(&str) -> bool,
    ) -> Result<Vec<RenderedFile>, NoKeyReason> {
        let depends = |file: &File| trial.keys.iter().any(|key| file.may_depend_on(key));
        // What a file sets for others may carry a key to any of them.
        let may_be_any = trial.other_program.is_some()
            || self
                .base
                .files
                .values()
                .any(|file| file.changes_values() && depends(file));
        let may_change = |name: &str| may_be_any || self.base.files.get(name).is_some_and(depends);
        let program = trial.other_program.as_ref().unwrap_or(&self.program);
        let after = {
            let work = &mut *self.work.borrow_mut();
            program.evaluate_again(&trial.values, &self.upgrade, work, &self.base, |name| {
                is_asked(name) && may_change(name)
            })
        };
        let mut rendered = Vec::new();
        for (name, file) in after.files {
            let known = self.base.files.get(&name);
            if file.may_fail_unlike(known) {
                return Err(NoKeyReason::NotKept);
            }
            let map = match (file.text, known.map(|file| &file.text)) {
                (Ok(text), Some(Ok(before))) if text.as_str() == before.as_str() => {
                    self.source_map(&name).unwrap_or_default()
                }
                (Ok(text), _) => {
                    let before = self.source_map(&name).unwrap_or_default();
                    Rc::new(SourceMap::of_changed(&text, &Limits::default(), &before))
                }
                (Err(Fault::TooMuch(_)), _) => return Err(NoKeyReason::TooLarge),
                // The chart refuses the value, as Helm would say.
                (Err(_), None | Some(Ok(_))) => return Err(NoKeyReason::NotKept),
                (Err(_), Some(Err(_))) => continue,
            };
            rendered.push((name, map));
        }
        Ok(rendered)
    }
}

impl Trial {
    /// What a template renders now; `None` where it does not hang on the key.
    pub(super) fn file(&self, template: &str) -> Option<&SourceMap> {
        self.files.get(template).map(|map| &**map)
    }

    /// Whether an object goes and another one of its kind comes: a key that names objects has Helm delete and create.
    fn renames(&self) -> bool {
        let whole = |change: &&Change| change.path.segments().is_empty();
        let gone = self
            .changes
            .iter()
            .filter(whole)
            .filter(|change| change.after.is_none());
        let mut kinds = gone.map(|change| change.kind.as_str());
        kinds.any(|kind| {
            let mut came = self
                .changes
                .iter()
                .filter(whole)
                .filter(|change| change.before.is_none());
            came.any(|change| change.kind == kind)
        })
    }

    /// The fields that change, without checksums of what is rendered elsewhere: those follow whatever is changed.
    pub(super) fn moved(&self) -> impl Iterator<Item = (&Change, Moved)> {
        self.changes
            .iter()
            .filter(|change| !is_checksum(&change.path))
            .map(|change| {
                let moved = Moved {
                    kind: change.kind.clone(),
                    namespace: change.namespace.clone(),
                    name: change.name.clone(),
                    path: change.path.to_string(),
                };
                (change, moved)
            })
    }
}

/// Whether a template renders what Helm prints after an operation, and no objects (Helm: `pkg/action/action.go`,
/// `notesFileSuffix`).
fn is_notes(template: &str) -> bool {
    template.ends_with("NOTES.txt")
}
