//! The objects of one release, and what many of them share.
//!
//! A release can have tens of thousands of objects, and each of them as many findings. So everything that depends on all
//! objects is found out in one pass before the first line, and no more is held at a time than the lines of one object.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;

use super::line::Line;
use super::{TextWriter, changes, fields, upgrade};
use crate::model::{ObjectReport, ReleaseReport};
use crate::report::alike::{self, ReleaseGroup};
use crate::vocabulary::ObjectState;

/// From how many objects on those that are unknown for the same reason share a line.
const GROUPED: usize = 4;

/// What the objects of a release have in common.
pub(in crate::report) struct Overview<'a> {
    /// The column at which names begin.
    name_at: usize,
    /// The kinds that the release has in several groups or versions.
    ambiguous: HashSet<&'a str>,
    /// The kinds and reasons that many unknown objects share, and how many those are. One forbidden kind must not bury
    /// the drift of others.
    pub(in crate::report) shared: BTreeMap<(&'a str, &'a str), usize>,
    /// The objects that drifted in the same way, by their position, in the order of the first of each. A label that an
    /// upgrade changes everywhere must not bury what differs in one place.
    pub(in crate::report) alike: Vec<Vec<usize>>,
}

impl<'a> Overview<'a> {
    pub(in crate::report) fn of(release: &'a ReleaseReport) -> Self {
        let states = release.objects.iter().map(|object| object.state.as_str().len());
        Self {
            name_at: 2 + states.max().unwrap_or(0) + 2,
            ambiguous: ambiguous_kinds(release),
            shared: shared_reasons(release),
            alike: alike::objects(release),
        }
    }

    /// The object's kind, namespace and name; its group too where that is not one of Kubernetes's own, or where the
    /// release has two kinds of one name. `kubectl get KIND.GROUP` takes it in this form.
    pub(in crate::report) fn title(&self, object: &ObjectReport) -> String {
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
    /// The objects of a release. What is said of each holds for those of the other releases of the group, too.
    pub(super) fn objects(&mut self, releases: &ReleaseGroup<'_>) -> io::Result<()> {
        let release = releases.first;
        let overview = Overview::of(release);
        let together: HashSet<usize> = overview.alike.iter().flatten().copied().collect();
        for (position, object) in release.objects.iter().enumerate() {
            let is_shared = unknown_key(object).is_some_and(|key| overview.shared.contains_key(&key));
            if !is_shared && !together.contains(&position) {
                self.object(&overview, object)?;
                self.findings(releases, &[position])?;
            }
        }
        for group in &overview.alike {
            self.alike(&overview, releases, group)?;
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

    /// The findings of the objects at these positions, which are the same for all of them, in all releases of the group.
    fn findings(&mut self, releases: &ReleaseGroup<'_>, positions: &[usize]) -> io::Result<()> {
        let release = releases.first;
        let own = positions.iter().map(|position| &release.objects[*position]);
        let counterparts = positions
            .iter()
            .flat_map(|position| releases.counterparts(*position));
        let objects: Vec<_> = own.chain(counterparts).collect();
        fields::write(releases, &objects, self.options, self.now, self.out)
    }

    fn object(&mut self, overview: &Overview<'_>, object: &ObjectReport) -> io::Result<()> {
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
        if object.state != ObjectState::Drifted
            && let Some(remark) = changes::remark(&object.tracked, self.now)
        {
            line.plain("   ")
                .push(self.options.palette.dim, self.options.safe(&remark));
        }
        if let Some(next) = upgrade::of_object(object, self.options) {
            line.plain("   ").extend(next);
        }
        self.line(&line)
    }

    /// The findings that many objects share, and then which objects those are.
    fn alike(
        &mut self,
        overview: &Overview<'_>,
        releases: &ReleaseGroup<'_>,
        group: &[usize],
    ) -> io::Result<()> {
        let mut line = self.state(ObjectState::Drifted, overview.name_at);
        line.push(
            self.options.palette.name,
            self.options
                .safe(&format!("{} objects in the same way", group.len())),
        );
        self.line(&line)?;
        self.findings(releases, group)?;
        for position in group.iter().take(self.named()) {
            let object = &releases.first.objects[*position];
            let mut line = self.member(4);
            line.plain(self.options.safe(&overview.title(object)));
            self.template(object, &mut line);
            self.line(&line)?;
        }
        self.more(4, group.len().saturating_sub(self.named()), "object")
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
pub(in crate::report) fn unknown_key(object: &ObjectReport) -> Option<(&str, &str)> {
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
