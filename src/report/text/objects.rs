//! The objects of one release, and what many of them share.
//!
//! A release can have tens of thousands of objects, and each of them as many findings. So everything that depends on all
//! objects is found out in one pass before the first line, and no more is held at a time than the lines of one object.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Write};

use sha2::{Digest as _, Sha256};

use super::line::Line;
use super::{TextOptions, TextWriter, fields, upgrade};
use crate::model::{ObjectReport, ReleaseReport};
use crate::vocabulary::ObjectState;

/// From how many objects on those that are unknown for the same reason share a line, and those that drifted in the
/// same way share their findings.
const GROUPED: usize = 4;

/// What stands for the lines of an object's findings. Of a kind of which nobody makes two alike: a release must not be
/// able to show the findings of one object in place of another one's.
type Fingerprint = [u8; 32];

/// What the objects of a release have in common.
struct Overview<'a> {
    /// The column at which names begin.
    name_at: usize,
    /// The kinds that the release has in several groups or versions.
    ambiguous: HashSet<&'a str>,
    /// The kinds and reasons that many unknown objects share, and how many those are. One forbidden kind must not bury
    /// the drift of others.
    shared: BTreeMap<(&'a str, &'a str), usize>,
    /// The objects that drifted in the same way, by their position, in the order of the first of each. A label that an
    /// upgrade changes everywhere must not bury what differs in one place.
    alike: Vec<Vec<usize>>,
}

impl<'a> Overview<'a> {
    fn of(release: &'a ReleaseReport, options: &TextOptions) -> Self {
        let states = release.objects.iter().map(|object| object.state.as_str().len());
        Self {
            name_at: 2 + states.max().unwrap_or(0) + 2,
            ambiguous: ambiguous_kinds(release),
            shared: shared_reasons(release),
            alike: alike(release, options),
        }
    }

    /// The object's kind, namespace and name; its group too where that is not one of Kubernetes's own, or where the
    /// release has two kinds of one name. `kubectl get KIND.GROUP` takes it in this form.
    fn title(&self, object: &ObjectReport) -> String {
        let group = object.api_version.split_once('/').map_or("", |(group, _)| group);
        let foreign = group.contains('.') && !group.ends_with(".k8s.io");
        let ambiguous = self.ambiguous.contains(object.kind.as_str());
        let mut title = object.kind.clone();
        if foreign || (ambiguous && !group.is_empty()) {
            title = format!("{title}.{group}");
        }
        match &object.namespace {
            Some(namespace) => format!("{title} {namespace}/{}", object.name),
            None => format!("{title} {}", object.name),
        }
    }
}

impl TextWriter<'_> {
    pub(super) fn objects(&mut self, release: &ReleaseReport) -> io::Result<()> {
        let overview = Overview::of(release, self.options);
        let together: HashSet<usize> = overview.alike.iter().flatten().copied().collect();
        for (position, object) in release.objects.iter().enumerate() {
            let is_shared = unknown_key(object).is_some_and(|key| overview.shared.contains_key(&key));
            if !is_shared && !together.contains(&position) {
                self.object(&overview, release, object)?;
                self.findings(release, object)?;
            }
        }
        for group in &overview.alike {
            self.alike(&overview, release, group)?;
        }
        for ((kind, reason), count) in &overview.shared {
            let mut line = self.state(ObjectState::Unknown, overview.name_at);
            line.push(
                self.options.palette.name,
                self.options.safe(&format!("{count} × {kind}")),
            );
            line.plain(": ").plain(self.options.safe(reason));
            self.line(&line)?;
        }
        Ok(())
    }

    fn findings(&mut self, release: &ReleaseReport, object: &ObjectReport) -> io::Result<()> {
        fields::write(release, object, self.options, self.out)
    }

    fn object(
        &mut self,
        overview: &Overview<'_>,
        release: &ReleaseReport,
        object: &ObjectReport,
    ) -> io::Result<()> {
        let mut line = self.state(object.state, overview.name_at);
        line.push(
            self.options.palette.name,
            self.options.safe(&overview.title(object)),
        );
        if let Some(reason) = &object.reason {
            line.plain(": ").plain(self.options.safe(reason));
        }
        if object.state != ObjectState::InSync {
            self.template(object, &mut line);
        }
        let palette = &self.options.palette;
        match (object.state, object.next_upgrade, release.apply_method) {
            (ObjectState::Foreign, _, Some(method)) => {
                line.plain("   ");
                upgrade::of_foreign(method, palette, &mut line);
            }
            (_, Some(next), _) => {
                line.plain("   ");
                upgrade::of_object(next, palette, &mut line);
            }
            (_, None, _) => {}
        }
        self.line(&line)
    }

    /// The findings that many objects share, and then which objects those are.
    fn alike(&mut self, overview: &Overview<'_>, release: &ReleaseReport, group: &[usize]) -> io::Result<()> {
        let mut line = self.state(ObjectState::Drifted, overview.name_at);
        line.push(
            self.options.palette.name,
            self.options
                .safe(&format!("{} objects in the same way", group.len())),
        );
        self.line(&line)?;
        let objects = || group.iter().map(|position| &release.objects[*position]);
        if let Some(first) = objects().next() {
            self.findings(release, first)?;
        }
        for object in objects() {
            let mut line = Line::indented(4);
            line.push(self.options.palette.dim, "in").plain("  ");
            line.plain(self.options.safe(&overview.title(object)));
            self.template(object, &mut line);
            self.line(&line)?;
        }
        Ok(())
    }

    fn template(&self, object: &ObjectReport, line: &mut Line) {
        if let Some(template) = &object.template {
            line.plain("   ").push(
                self.options.palette.dim,
                self.options.safe(&format!("({template})")),
            );
        }
    }

    fn state(&self, state: ObjectState, name_at: usize) -> Line {
        let mut line = Line::indented(2);
        line.push(self.options.palette.state(state), state.as_str())
            .pad_to(name_at);
        line
    }
}

/// The kinds of which the release has objects in several API versions.
fn ambiguous_kinds(release: &ReleaseReport) -> HashSet<&str> {
    let mut versions = HashMap::new();
    let mut ambiguous = HashSet::new();
    for object in &release.objects {
        match versions.entry(object.kind.as_str()) {
            Entry::Vacant(entry) => {
                entry.insert(object.api_version.as_str());
            }
            Entry::Occupied(entry) if *entry.get() != object.api_version => {
                ambiguous.insert(object.kind.as_str());
            }
            Entry::Occupied(_) => {}
        }
    }
    ambiguous
}

/// Kind and reason of an object that could not be read; `None` for all others.
fn unknown_key(object: &ObjectReport) -> Option<(&str, &str)> {
    (object.state == ObjectState::Unknown && object.findings.is_empty())
        .then_some((object.kind.as_str(), object.reason.as_deref()?))
}

/// The kinds and reasons that many unknown objects share.
fn shared_reasons(release: &ReleaseReport) -> BTreeMap<(&str, &str), usize> {
    let mut shared = BTreeMap::new();
    for key in release.objects.iter().filter_map(unknown_key) {
        *shared.entry(key).or_insert(0) += 1;
    }
    shared.retain(|_, count| *count >= GROUPED);
    shared
}

/// The positions of drifted objects whose findings look the same, where those are many.
fn alike(release: &ReleaseReport, options: &TextOptions) -> Vec<Vec<usize>> {
    // Most objects differ in the first thing that one looks at: their findings are written once only.
    let mut similar: HashMap<(usize, &str), Vec<usize>> = HashMap::new();
    for (position, object) in release.objects.iter().enumerate() {
        if object.state == ObjectState::Drifted
            && object.reason.is_none()
            && let Some(first) = object.findings.first()
        {
            let key = (object.findings.len(), first.path.as_str());
            similar.entry(key).or_default().push(position);
        }
    }
    let mut alike: HashMap<Fingerprint, Vec<usize>> = HashMap::new();
    for position in similar
        .into_values()
        .filter(|objects| objects.len() >= GROUPED)
        .flatten()
    {
        let fingerprint = fingerprint(release, &release.objects[position], options);
        alike.entry(fingerprint).or_default().push(position);
    }
    let mut groups: Vec<Vec<usize>> = alike
        .into_values()
        .filter(|objects| objects.len() >= GROUPED)
        .collect();
    groups.sort_unstable();
    groups
}

/// The fingerprint of an object's findings as they are shown.
fn fingerprint(release: &ReleaseReport, object: &ObjectReport, options: &TextOptions) -> Fingerprint {
    let mut lines = Hashed(Sha256::new());
    // A hash takes everything that is written to it.
    let _ = fields::write(release, object, options, &mut lines);
    lines.0.finalize().into()
}

/// A writer that keeps nothing but a fingerprint.
struct Hashed(Sha256);

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
