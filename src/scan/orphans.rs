//! Objects whose release has no record.
//!
//! An object is an orphan only where every record that could be its release's was listed. A record may lie in another
//! namespace than its release (Flux's `storageNamespace`), so what a decoded record says counts as well as where it is. Where
//! records were not listed, or where nobody proves what a record says, the report says what is not known, and no object is
//! called an orphan. Neither is an object that the manifest of another release has: whoever changed its annotations did not take
//! it from that release, and nobody should be told to delete it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::claims::{DeployedNames, Held};
use super::options::ScanOptions;
use crate::health::OtherReleases;
use crate::health::entry::first_of;
use crate::health::orphans::{ReleaseEnd, advice};
use crate::model::{OrphanedObject, OrphanedRelease, ReportError, ReportNote};
use crate::object::{Gvk, ObjectKey};
use crate::release::history::History;
use crate::release::stored::{Driver, ReleaseKey};
use crate::report::words::count;
use crate::source::{ClaimedRelease, OwnedObject, OwnedObjects, OwnedQuestion, ReadError};
use crate::vocabulary::OrphanRecords;

/// How many names one sentence has.
const NAMED: usize = 5;

/// What is known of the records of releases, and what was found of their objects.
#[derive(Default)]
pub(super) struct Ownership {
    /// The namespaces whose records are listed; all of them when empty.
    namespaces: Vec<String>,
    /// The releases with records, by where the records are.
    records: BTreeMap<ClaimedRelease, Records>,
    /// The releases of which a record was read that says where they install into.
    read: BTreeSet<ClaimedRelease>,
    /// The releases of which every record was read that a scan needs, and so every manifest.
    read_whole: BTreeSet<ClaimedRelease>,
    /// The releases whose records are in another namespace, and in which.
    elsewhere: BTreeMap<ClaimedRelease, Elsewhere>,
    /// The records that could not be listed.
    unlisted: Unlisted,
    /// The objects; `None` where nobody looked for them.
    owned: Option<Result<OwnedObjects, ReadError>>,
}

/// The records of one release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Records {
    /// The release exists.
    Present,
    /// It was uninstalled, up to this revision.
    Uninstalled { revision: u64, driver: Driver },
}

/// A record of a release in another namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Elsewhere {
    /// The settings trust it.
    Trusted,
    /// Anybody who may write in this namespace could have made it.
    Unproven(String),
}

/// Where records could not be listed.
#[derive(Debug, Default)]
struct Unlisted {
    everywhere: bool,
    namespaces: BTreeSet<String>,
}

/// The orphans of a report, with what is not known.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Orphans {
    pub(super) releases: Option<Vec<OrphanedRelease>>,
    pub(super) notes: Vec<ReportNote>,
    pub(super) errors: Vec<ReportError>,
}

impl Orphans {
    /// The namespaces that orphans are in.
    pub(super) fn namespaces(&self) -> impl Iterator<Item = &str> {
        let objects = self
            .releases
            .iter()
            .flatten()
            .flat_map(|release| &release.objects);
        objects.filter_map(|object| object.namespace.as_deref())
    }
}

impl Ownership {
    /// Sets the namespaces whose records are listed; all of them when empty.
    pub(super) fn set_namespaces(&mut self, namespaces: Vec<String>) {
        self.namespaces = namespaces;
    }

    /// The namespaces whose records are listed; all of them when empty.
    pub(super) fn namespaces(&self) -> &[String] {
        &self.namespaces
    }

    /// Notes the releases of a listing. One that any listing had is no release without records.
    pub(super) fn add_listed(&mut self, histories: &[History]) {
        for history in histories {
            let release = ClaimedRelease::from(&history.key);
            let records = match history.latest() {
                Some(latest) if history.is_uninstalled() => Records::Uninstalled {
                    revision: latest.revision,
                    driver: history.key.driver,
                },
                Some(_) | None => Records::Present,
            };
            let known = self.records.entry(release).or_insert(records);
            if records == Records::Present {
                *known = records;
            }
        }
    }

    /// Notes which records could not be listed.
    pub(super) fn add_unlisted(&mut self, errors: &[ReportError]) {
        for error in errors {
            match error.namespace() {
                Some(namespace) => {
                    self.unlisted.namespaces.insert(namespace.to_owned());
                }
                None => self.unlisted.everywhere = true,
            }
        }
    }

    /// Notes that not all records were asked for.
    pub(super) const fn note_unlisted(&mut self) {
        self.unlisted.everywhere = true;
    }

    /// Notes the namespace that a record says its release installs into. It proves something only where the release may
    /// speak for that namespace.
    pub(super) fn add_record(&mut self, key: &ReleaseKey, installs_into: &str, speaks_for: &str) {
        self.read.insert(key.into());
        if key.namespace == installs_into {
            return;
        }
        let release = ClaimedRelease {
            namespace: installs_into.to_owned(),
            name: key.name.clone(),
        };
        if speaks_for == installs_into {
            self.elsewhere.insert(release, Elsewhere::Trusted);
        } else {
            let unproven = Elsewhere::Unproven(key.namespace.clone());
            self.elsewhere.entry(release).or_insert(unproven);
        }
    }

    /// Notes that every manifest of a release was read to which Helm may come back.
    pub(super) fn add_whole(&mut self, key: &ReleaseKey) {
        self.read_whole.insert(key.into());
    }

    /// The question which objects name a release without records.
    pub(super) fn question(&self) -> OwnedQuestion {
        let present = self
            .records
            .iter()
            .filter(|(_, records)| **records == Records::Present);
        OwnedQuestion {
            namespaces: self.namespaces.clone(),
            known: Arc::new(present.map(|(release, _)| release.clone()).collect()),
        }
    }

    /// Whether objects were found that may be orphans.
    pub(super) fn has_candidates(&self) -> bool {
        let owned = self.owned.as_ref();
        owned.is_some_and(|owned| owned.as_ref().is_ok_and(|owned| !owned.objects.is_empty()))
    }

    /// Stores the answer.
    pub(super) fn answer(&mut self, owned: Result<OwnedObjects, ReadError>) {
        self.owned = Some(owned);
    }

    /// The orphans, as far as they can be told. `names` are those that the manifests of releases have, and `coverage` says
    /// whether all releases were read.
    pub(super) fn close(
        mut self,
        options: &ScanOptions,
        names: &DeployedNames,
        coverage: OtherReleases,
    ) -> Orphans {
        let owned = match self.owned.take() {
            None => return Orphans::default(),
            Some(Ok(owned)) => owned,
            Some(Err(error)) => {
                return Orphans {
                    errors: vec![ReportError {
                        scope: ReportError::ORPHANS.to_owned(),
                        message: unread(&error),
                    }],
                    ..Orphans::default()
                };
            }
        };
        let mut by_release: BTreeMap<ClaimedRelease, Vec<OwnedObject>> = BTreeMap::new();
        for object in owned.objects {
            let (namespace, name) = (&object.release.namespace, &object.release.name);
            if options.selection.names(namespace, name) {
                by_release.entry(object.release.clone()).or_default().push(object);
            }
        }
        let mut orphans = Orphans {
            releases: Some(Vec::new()),
            notes: owned.notes,
            errors: owned.errors,
        };
        let unread = self.unread();
        let not_whole = self.not_read_whole();
        let mut unknown: BTreeMap<NotKnown, Vec<(ClaimedRelease, usize)>> = BTreeMap::new();
        for (release, objects) in by_release {
            match self.judge(&release, &unread) {
                Judgement::Owned => {}
                Judgement::NotKnown(why) => unknown.entry(why).or_default().push((release, objects.len())),
                Judgement::Orphaned(records) => {
                    let (objects, held) = self.without_held(&release, objects, names);
                    orphans.notes.extend(held);
                    if objects.is_empty() {
                        continue;
                    }
                    let not_whole = not_whole.get(release.namespace.as_str());
                    let doubts = self.doubts(not_whole.map_or(&[], Vec::as_slice), options, coverage);
                    let mut orphaned = orphaned(release, records, objects);
                    if !doubts.is_empty() {
                        let left_out = if self.namespaces.is_empty() {
                            LeftOut::Deletions
                        } else {
                            LeftOut::Writes
                        };
                        leave_out(&mut orphaned, &doubts, left_out);
                    }
                    orphans.releases.get_or_insert_default().push(orphaned);
                }
            }
        }
        orphans
            .notes
            .extend(unknown.iter().map(|(why, releases)| why.note(releases)));
        if !self.namespaces.is_empty() && orphans.releases.as_ref().is_some_and(|found| !found.is_empty()) {
            orphans.notes.push(note(format!(
                "records outside of namespace {} were not read: a program that keeps its records elsewhere, such as Flux \
                 with storageNamespace, may still have these releases",
                self.namespaces.join(", ")
            )));
        }
        orphans
    }

    /// The objects that are in no manifest of another release, and what is to be said of the others.
    fn without_held(
        &self,
        release: &ClaimedRelease,
        objects: Vec<OwnedObject>,
        names: &DeployedNames,
    ) -> (Vec<OwnedObject>, Vec<ReportNote>) {
        // What an uninstalled release had is no longer its own.
        let may_hold = |key: &ReleaseKey| {
            let holder = ClaimedRelease::from(key);
            holder != *release && self.records.get(&holder) == Some(&Records::Present)
        };
        let mut held: BTreeMap<(Held, &ReleaseKey), Vec<ObjectKey>> = BTreeMap::new();
        let mut free = Vec::new();
        for object in objects {
            let key = ObjectKey {
                gvk: Gvk::new(&*object.api_version, &*object.kind),
                namespace: object.namespace.clone(),
                name: object.name.clone(),
            };
            match names.holder(&key, may_hold) {
                Some(holder) => held.entry(holder).or_default().push(key),
                None => free.push(object),
            }
        }
        let notes = held
            .into_iter()
            .map(|((held, holder), keys)| held_note(release, held, holder, keys));
        (free, notes.collect())
    }

    /// The releases of which not every manifest was read to which Helm may come back, by namespace.
    fn not_read_whole(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (release, records) in &self.records {
            if *records == Records::Present && !self.read_whole.contains(release) {
                found.entry(&release.namespace).or_default().push(&release.name);
            }
        }
        found
    }

    /// Why an object of a release without records may be another release's, or that release may have records; with the
    /// releases beside it that were not read as a whole.
    fn doubts(&self, beside: &[&str], options: &ScanOptions, coverage: OtherReleases) -> Vec<String> {
        let mut doubts = Vec::new();
        if !self.namespaces.is_empty() {
            doubts.push(
                "records in other namespaces were not read, and one of them may be of this release"
                    .to_owned(),
            );
        }
        let is_of_all = options.selection.releases.is_empty() && options.selection.selector.is_none();
        if coverage == OtherReleases::SomeUnread && (self.namespaces.is_empty() || !is_of_all) {
            doubts.push(
                "not all releases were read, and the manifest of another one may have these objects"
                    .to_owned(),
            );
        }
        if is_of_all && let Some(first) = beside.first() {
            let others = match beside.len() - 1 {
                0 => String::new(),
                others => format!(" and {}", count(others, "other release")),
            };
            doubts.push(format!(
                "records of release {first}{others} could not be read, whose manifest may have these objects"
            ));
        }
        doubts
    }

    /// The releases whose records nobody could read, by name: each may install into any namespace.
    fn unread(&self) -> BTreeMap<String, String> {
        let present = self
            .records
            .iter()
            .filter(|(_, records)| **records == Records::Present);
        let unread = present.filter(|(release, _)| !self.read.contains(release));
        unread
            .map(|(release, _)| (release.name.clone(), release.namespace.clone()))
            .collect()
    }

    fn judge(&self, release: &ClaimedRelease, unread: &BTreeMap<String, String>) -> Judgement {
        match self.elsewhere.get(release) {
            Some(Elsewhere::Trusted) => return Judgement::Owned,
            Some(Elsewhere::Unproven(namespace)) => {
                return Judgement::NotKnown(NotKnown::Unproven(namespace.clone()));
            }
            None => {}
        }
        let records = match self.records.get(release) {
            Some(Records::Present) => return Judgement::Owned,
            Some(records) => Some(*records),
            None => None,
        };
        if let Some(namespace) = unread.get(&release.name) {
            return Judgement::NotKnown(NotKnown::Unread(namespace.clone()));
        }
        let is_listed = self.namespaces.is_empty() || self.namespaces.contains(&release.namespace);
        let could_not = self.unlisted.everywhere || self.unlisted.namespaces.contains(&release.namespace);
        match (is_listed, could_not) {
            (false, _) => Judgement::NotKnown(NotKnown::NotSelected),
            (true, true) => Judgement::NotKnown(NotKnown::Unlisted),
            (true, false) => Judgement::Orphaned(records),
        }
    }
}

/// Leaves out commands. Where records in other namespaces were not read, these are all that change anything: a program that
/// keeps its records elsewhere, as Flux does with `storageNamespace`, may still have the release. Where manifests were not
/// read, they are those that delete: another release may have the objects.
fn leave_out(orphaned: &mut OrphanedRelease, doubts: &[String], left_out: LeftOut) {
    let verbs = match left_out {
        LeftOut::Writes => {
            orphaned.advice.retain(|advice| !advice.destructive);
            "adopt or delete"
        }
        LeftOut::Deletions => {
            orphaned
                .advice
                .retain(|advice| !advice.command.starts_with("kubectl delete "));
            "delete"
        }
    };
    orphaned.evidence.push(format!(
        "{}: a scan of all namespaces that reads every record knows, and prints the commands to {verbs} the objects",
        doubts.join("; ")
    ));
}

/// The commands that are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeftOut {
    /// All that change anything.
    Writes,
    /// Those that delete.
    Deletions,
}

/// Whose manifest has objects that name a release without records.
fn held_note(
    release: &ClaimedRelease,
    held: Held,
    holder: &ReleaseKey,
    mut keys: Vec<ObjectKey>,
) -> ReportNote {
    keys.sort();
    let manifest = match held {
        Held::Deployed => "the deployed manifest",
        Held::Attempted => "the newest manifest",
        Held::Other => "an earlier or failed manifest",
    };
    let (name, are, no_orphans) = match keys.len() {
        1 => ("names", "is", "it is no orphan"),
        _ => ("name", "are", "they are no orphans"),
    };
    let named = first_of(keys.iter().map(ToString::to_string)).join(", ");
    ReportNote {
        scope: format!("{}/{}", release.namespace, release.name),
        message: format!(
            "{named} {name} this release as owner, which does not exist, and {are} in {manifest} of {}/{}: {no_orphans}",
            holder.namespace, holder.name
        ),
    }
}

/// The answer for the objects of one release.
enum Judgement {
    /// The release has records.
    Owned,
    /// Nobody knows.
    NotKnown(NotKnown),
    /// The release has no records, or only those of its end.
    Orphaned(Option<Records>),
}

/// Why nobody knows whether a release has records.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum NotKnown {
    /// Its namespace is none of those that are scanned.
    NotSelected,
    /// The records in its namespace could not be listed.
    Unlisted,
    /// A record in another namespace says that it is of the release.
    Unproven(String),
    /// A record of the same name in another namespace could not be read.
    Unread(String),
}

impl NotKnown {
    fn note(&self, releases: &[(ClaimedRelease, usize)]) -> ReportNote {
        let objects: usize = releases.iter().map(|(_, objects)| objects).sum();
        let named: Vec<String> = releases
            .iter()
            .take(NAMED)
            .map(|(release, _)| format!("{}/{}", release.namespace, release.name))
            .collect();
        let others = match releases.len() - named.len() {
            0 => String::new(),
            others => format!(" and {others} more"),
        };
        let why = match self {
            Self::NotSelected => "the records in its namespace were not asked for".to_owned(),
            Self::Unlisted => "the records in its namespace could not be listed".to_owned(),
            Self::Unread(namespace) => {
                format!(
                    "a record of this name in namespace {namespace} could not be read, and may be of this release"
                )
            }
            Self::Unproven(namespace) => format!(
                "a record in namespace {namespace} says that it is of this release, and nothing proves that; see \
                 trusted_storage_namespaces in the settings"
            ),
        };
        note(format!(
            "it is not known whether {} of {}{others} are orphans: {why}",
            count(objects, "object"),
            named.join(", ")
        ))
    }
}

fn note(message: String) -> ReportNote {
    ReportNote {
        scope: ReportError::ORPHANS.to_owned(),
        message,
    }
}

fn unread(error: &ReadError) -> String {
    match error {
        ReadError::NotRecorded => {
            "the snapshot does not hold objects without a release: take it with --orphans".to_owned()
        }
        error => format!("objects without a release cannot be listed: {error}"),
    }
}

fn orphaned(release: ClaimedRelease, records: Option<Records>, objects: Vec<OwnedObject>) -> OrphanedRelease {
    let mut objects: Vec<OrphanedObject> = objects.into_iter().map(object).collect();
    objects.sort_by(|one, other| {
        (&one.kind, &one.namespace, &one.name, &one.api_version).cmp(&(
            &other.kind,
            &other.namespace,
            &other.name,
            &other.api_version,
        ))
    });
    let (records, end, driver) = match records {
        Some(Records::Uninstalled { revision, driver }) => (
            OrphanRecords::Uninstalled,
            ReleaseEnd::Uninstalled(revision),
            driver,
        ),
        Some(Records::Present) | None => (OrphanRecords::None, ReleaseEnd::Forgotten, Driver::Secret),
    };
    let key = ReleaseKey {
        namespace: release.namespace.clone(),
        name: release.name.clone(),
        driver,
    };
    let (advice, evidence) = advice(&key, end, &objects);
    OrphanedRelease {
        namespace: release.namespace,
        name: release.name,
        cluster: None,
        records,
        objects,
        evidence,
        advice,
    }
}

fn object(owned: OwnedObject) -> OrphanedObject {
    OrphanedObject {
        api_version: owned.api_version,
        kind: owned.kind,
        namespace: owned.namespace,
        name: owned.name,
        created_at: owned.created_at,
        deleting_since: owned.deleting_since,
        kept_by_policy: owned.kept_by_policy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::stored::{RecordMetadata, StoredRevision};
    use crate::report::fixtures::test_cluster::options;
    use crate::scan::claims::{Claims, HeldObject};

    fn release(namespace: &str, name: &str) -> ClaimedRelease {
        ClaimedRelease {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    fn key(namespace: &str, name: &str) -> ReleaseKey {
        ReleaseKey {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            driver: Driver::Secret,
        }
    }

    fn owned(namespace: &str, name: &str) -> OwnedObject {
        OwnedObject {
            release: release(namespace, name),
            kind: "ConfigMap".to_owned(),
            api_version: "v1".to_owned(),
            namespace: Some(namespace.to_owned()),
            name: "left".to_owned(),
            created_at: None,
            deleting_since: None,
            kept_by_policy: true,
        }
    }

    fn in_namespaces(namespaces: &[&str]) -> Ownership {
        let mut ownership = Ownership::default();
        ownership.set_namespaces(namespaces.iter().map(|name| (*name).to_owned()).collect());
        ownership
    }

    /// The orphans among the objects of these releases: their releases, and how many notes there are.
    fn close(
        mut ownership: Ownership,
        objects: &[OwnedObject],
        options: &ScanOptions,
    ) -> (Vec<String>, Vec<String>) {
        ownership.answer(Ok(OwnedObjects {
            objects: objects.to_vec(),
            ..OwnedObjects::default()
        }));
        let orphans = ownership.close(options, &DeployedNames::default(), OtherReleases::AllRead);
        assert_eq!(orphans.errors, []);
        let releases = orphans.releases.unwrap();
        let releases = releases
            .iter()
            .map(|release| format!("{}/{}", release.namespace, release.name));
        let notes = orphans.notes.into_iter().map(|note| note.message);
        (releases.collect(), notes.collect())
    }

    #[test]
    fn nobody_looked_means_no_answer_and_none_found_means_none() {
        let options = options();
        let names = DeployedNames::default();
        let closed = Ownership::default().close(&options, &names, OtherReleases::AllRead);
        assert_eq!(closed, Orphans::default());
        assert_eq!(close(Ownership::default(), &[], &options), (vec![], vec![]));
    }

    #[test]
    fn a_record_elsewhere_keeps_objects_from_being_orphans() {
        let options = options();
        let objects = [owned("shop", "web"), owned("shop", "lost")];
        // A record that speaks for the namespace is proof.
        let mut trusted = Ownership::default();
        trusted.add_record(&key("flux-system", "web"), "shop", "shop");
        assert_eq!(
            close(trusted, &objects, &options),
            (vec!["shop/lost".to_owned()], vec![])
        );
        // One that does not is told.
        let mut unproven = Ownership::default();
        unproven.add_record(&key("evil", "web"), "shop", "evil");
        let (releases, notes) = close(unproven, &objects, &options);
        assert_eq!(releases, ["shop/lost"]);
        let [note] = &notes[..] else { panic!("{notes:?}") };
        assert!(
            note.contains("shop/web") && note.contains("namespace evil"),
            "{note}"
        );
    }

    /// A record that cannot be decoded may be that of a release in any namespace.
    #[test]
    fn a_record_of_the_same_name_that_nobody_read_keeps_objects_from_being_orphans() {
        let record = |namespace: &str| {
            let stored = StoredRevision::from_metadata(RecordMetadata {
                driver: Driver::Secret,
                namespace,
                object: "sh.helm.release.v1.web.v1",
                labels: [Some("web"), Some("1"), Some("deployed")],
                created: None,
                written: None,
                resource_version: None,
            });
            History::group(vec![stored.unwrap()])
        };
        let objects = [owned("shop", "web"), owned("shop", "lost")];
        let mut unread = Ownership::default();
        unread.add_listed(&record("flux-system"));
        let (releases, notes) = close(unread, &objects, &options());
        assert_eq!(releases, ["shop/lost"]);
        assert!(
            notes[0].contains("in namespace flux-system could not be read"),
            "{notes:?}"
        );
        // What was read is of its own namespace.
        let mut read = Ownership::default();
        read.add_listed(&record("edge"));
        read.add_record(&key("edge", "web"), "edge", "edge");
        let (releases, notes) = close(read, &objects, &options());
        assert_eq!((releases.len(), notes.len()), (2, 0));
    }

    #[test]
    fn without_the_list_of_records_nothing_is_an_orphan() {
        let error = |scope: &str| {
            [ReportError {
                scope: scope.to_owned(),
                message: String::new(),
            }]
        };
        let objects = [owned("shop", "web"), owned("edge", "web")];
        for (scope, expected) in [("namespace/shop", vec!["edge/web"]), ("storage", vec![])] {
            let mut ownership = Ownership::default();
            ownership.add_unlisted(&error(scope));
            let (releases, notes) = close(ownership, &objects, &options());
            assert_eq!(releases, expected);
            assert!(notes.iter().any(|note| note.contains("shop/web")), "{notes:?}");
        }
        // Nor in a namespace whose records nobody asked for.
        let (releases, notes) = close(in_namespaces(&["shop"]), &objects, &options());
        assert_eq!(releases, ["shop/web"]);
        assert!(notes.iter().any(|note| note.contains("edge/web")), "{notes:?}");
        assert!(
            notes.iter().any(|note| note.contains("storageNamespace")),
            "{notes:?}"
        );
    }

    #[test]
    fn only_the_named_releases_are_told() {
        let mut options = options();
        options.selection.releases = vec!["web".parse().unwrap()];
        let objects = [owned("shop", "web"), owned("shop", "lost")];
        let (releases, _) = close(Ownership::default(), &objects, &options);
        assert_eq!(releases, ["shop/web"]);
    }

    /// The objects that are orphans, the notes, and whether a command deletes anything.
    fn held(
        ownership: Ownership,
        by: &str,
        held: Held,
        options: &ScanOptions,
        coverage: OtherReleases,
    ) -> (usize, String, bool) {
        let object = |name: &str| OwnedObject {
            name: name.to_owned(),
            ..owned("shop", "other")
        };
        let key = |name: &str| ObjectKey {
            gvk: Gvk::new("v1", "ConfigMap"),
            namespace: Some("shop".to_owned()),
            name: name.to_owned(),
        };
        let mut claims = Claims::default();
        let front = HeldObject {
            key: key("front"),
            held,
            is_claim: true,
        };
        claims.add(&self::key("shop", by), [front].into_iter());
        let mut ownership = ownership;
        ownership.answer(Ok(OwnedObjects {
            objects: vec![object("front"), object("left")],
            ..OwnedObjects::default()
        }));
        let orphans = ownership.close(options, &claims.close(), coverage);
        let releases = orphans.releases.unwrap();
        let names = releases.iter().flat_map(|release| &release.objects);
        let notes = orphans.notes.iter().map(|note| note.message.as_str());
        let mut advice = releases.iter().flat_map(|release| &release.advice);
        (
            names.count(),
            notes.collect::<Vec<_>>().join("\n"),
            advice.any(|advice| advice.command.starts_with("kubectl delete")),
        )
    }

    fn with_records(names: &[&str], are_read: bool) -> Ownership {
        let mut ownership = Ownership::default();
        for name in names {
            ownership.records.insert(release("shop", name), Records::Present);
            if are_read {
                ownership.add_record(&key("shop", name), "shop", "shop");
                ownership.add_whole(&key("shop", name));
            }
        }
        ownership
    }

    /// Somebody changed the annotation of a live object: its release still has it.
    #[test]
    fn an_object_in_the_manifest_of_another_release_is_no_orphan() {
        for (manifest, words) in [
            (Held::Deployed, "in the deployed manifest of shop/front"),
            (Held::Attempted, "in the newest manifest of shop/front"),
            (Held::Other, "in an earlier or failed manifest of shop/front"),
        ] {
            let ownership = with_records(&["front"], true);
            let (orphans, notes, deletes) =
                held(ownership, "front", manifest, &options(), OtherReleases::AllRead);
            assert_eq!((orphans, deletes), (1, true));
            assert!(
                notes.contains("ConfigMap shop/front names") && notes.contains(words),
                "{notes}"
            );
        }
        // What the release itself had, or one that was uninstalled, is left over.
        let mut uninstalled = Ownership::default();
        let records = Records::Uninstalled {
            revision: 1,
            driver: Driver::Secret,
        };
        uninstalled.records.insert(release("shop", "front"), records);
        let (orphans, notes, _) = held(
            uninstalled,
            "front",
            Held::Attempted,
            &options(),
            OtherReleases::AllRead,
        );
        assert_eq!((orphans, notes.as_str()), (2, ""));
        let (orphans, notes, _) = held(
            Ownership::default(),
            "other",
            Held::Other,
            &options(),
            OtherReleases::AllRead,
        );
        assert_eq!((orphans, notes.as_str()), (2, ""));
    }

    /// Where a manifest was not read, nobody knows that it does not have the object.
    #[test]
    fn nothing_is_to_be_deleted_that_a_manifest_may_have_which_was_not_read() {
        let mut of_one = options();
        of_one.selection.releases = vec!["other".parse().unwrap()];
        let (orphans, _, deletes) = held(
            Ownership::default(),
            "other",
            Held::Other,
            &of_one,
            OtherReleases::SomeUnread,
        );
        assert_eq!((orphans, deletes), (2, false));
        let unread = with_records(&["web"], false);
        let (orphans, _, deletes) = held(unread, "other", Held::Other, &options(), OtherReleases::AllRead);
        assert_eq!((orphans, deletes), (2, false));
    }
}
