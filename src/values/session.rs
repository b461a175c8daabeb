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

/// A chart with what it renders for a release.
pub(super) struct Session<'s> {
    release: &'s ReleaseChart,
    surroundings: &'s Surroundings,
    /// The same for the upgrade that sets a key.
    upgrade: Surroundings,
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
    key: Key,
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
                ..surroundings.clone()
            },
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
        self.time()?;
        let mut config = self.release.config.clone();
        tree::merge(&mut config, &tree::tree(key, value.clone()));
        let rendered = rendered_values(&self.release.chart, &config, self.default_nulls)
            .map_err(|_| NoKeyReason::NotKept)?;
        let has_other_charts = rendered.scopes != self.rendered.scopes;
        let mut trial = Trial {
            key: key.clone(),
            other_program: has_other_charts
                .then(|| Program::of(&rendered.chart, &mut self.work.borrow_mut())),
            values: rendered.values,
            first: None,
            files: BTreeMap::new(),
            changes: Vec::new(),
        };
        if let Some(template) = template {
            self.evaluate(&mut trial, |name| name == template)?;
            trial.first = Some(template.into());
        }
        Ok(trial)
    }

    /// Asks the schema, and evaluates whatever else hangs on the key: what only the right key is worth.
    pub(super) fn complete(&self, trial: &mut Trial) -> Result<(), NoKeyReason> {
        if let Some(schema) = &self.schema {
            match schema.accepts(&trial.values) {
                Acceptance::Accepted | Acceptance::CannotTell(_) => {}
                Acceptance::Refused(_) => return Err(NoKeyReason::RefusedBySchema),
            }
        }
        self.without_files(trial);
        let first = trial.first.clone();
        self.evaluate(trial, |name| first.as_deref() != Some(name))
    }

    /// Whether the chart takes values that several keys want at once: no template stops at them, what is rendered can be read
    /// as far as before, and the schema accepts them.
    pub(super) fn takes(&self, snippets: &[&Value]) -> bool {
        let mut config = self.release.config.clone();
        for snippet in snippets {
            tree::merge(&mut config, snippet);
        }
        let Ok(rendered) = rendered_values(&self.release.chart, &config, self.default_nulls) else {
            return false;
        };
        if let Some(schema) = &self.schema
            && matches!(schema.accepts(&rendered.values), Acceptance::Refused(_))
        {
            return false;
        }
        let work = &mut *self.work.borrow_mut();
        let other = (rendered.scopes != self.rendered.scopes).then(|| Program::of(&rendered.chart, work));
        let program = other.as_ref().unwrap_or(&self.program);
        let names = snippets.iter().filter_map(|snippet| snippet.as_object());
        let names = names.flat_map(serde_json::Map::keys);
        let keys: Vec<Key> = names
            .map(|name| Key::root().join(KeyStep::Name(name.as_str().into())))
            .collect();
        let hangs_on_one = |file: &File| keys.iter().any(|key| file.may_depend_on(key));
        let may_be_any = other.is_some() || self.base.files.values().any(File::changes_values);
        let after = program.evaluate_again(&rendered.values, &self.upgrade, work, &self.base, |name| {
            may_be_any || self.base.files.get(name).is_none_or(hangs_on_one)
        });
        after.files.iter().all(|(name, file)| {
            let known = self.base.files.get(name);
            !file.may_fail_unlike(known)
                && match (&file.text, known.map(|known| &known.text)) {
                    (Ok(text), Some(Ok(before))) if text.as_str() == before.as_str() => true,
                    (Ok(text), _) => {
                        let before = self.source_map(name).unwrap_or_default();
                        SourceMap::of_changed(text, &Limits::default(), &before).lost <= before.lost
                    }
                    // What was not evaluated to its end says nothing against the keys.
                    (Err(Fault::TooMuch(_)), _) => true,
                    (Err(_), known) => !matches!(known, Some(Ok(_))),
                }
        })
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
        !chart.are_dependencies_known
            && chart
                .dependency_names()
                .chain(["global"])
                .any(|name| name == &**first)
    }

    /// Evaluates those of these templates that hang on the key.
    fn evaluate(&self, trial: &mut Trial, is_asked: impl Fn(&str) -> bool) -> Result<(), NoKeyReason> {
        let depends = |file: &File| file.may_depend_on(&trial.key);
        // What a file sets for others may carry the key to any of them.
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
        for (name, file) in after.files {
            let known = self.base.files.get(&name);
            if file.may_fail_unlike(known) {
                return Err(NoKeyReason::NotKept);
            }
            let known = known.map(|file| &file.text);
            let map = match (file.text, known) {
                (Ok(text), Some(Ok(before))) if text.as_str() == before.as_str() => {
                    self.source_map(&name).unwrap_or_default()
                }
                (Ok(text), _) => {
                    let before = self.source_map(&name).unwrap_or_default();
                    let map = SourceMap::of_changed(&text, &Limits::default(), &before);
                    let room = MAX_MOVED.saturating_sub(trial.changes.len());
                    if !matches!(known, Some(Err(_))) && !is_notes(&name) {
                        trial.changes.extend(before.changes(&map, room));
                    }
                    Rc::new(map)
                }
                (Err(Fault::TooMuch(_)), _) => return Err(NoKeyReason::TooLarge),
                // The chart refuses the value, as Helm would say.
                (Err(_), None | Some(Ok(_))) => return Err(NoKeyReason::NotKept),
                (Err(_), Some(Err(_))) => continue,
            };
            trial.files.insert(name, map);
        }
        if trial.renames() {
            return Err(NoKeyReason::NamesObjects);
        }
        Ok(())
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
