//! The stages of a scan, in their order.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::StreamExt;

use super::absent::{Listed, Wanted, elsewhere};
use super::batches::{Batches, WaitingRelease};
use super::clock::{Clock, StageTimes};
use super::cluster_facts::{Absence, ClusterFacts, Tables};
use super::confirm::{GivenUp, confirm, confirm_writes};
use super::judges::Judges;
use super::load::{LoadLimits, Loaded, LoadedBatch, Loading};
use super::options::{OrphanSearch, PreviewRequest, Progress, Quiet, ScanOptions};
use super::orphans::Ownership;
use super::scope::{Namespaces, Scope};
use super::state::{ReadPlan, ScanState};
use crate::health::entry::listed;
use crate::model::{ReportError, ReportNote};
use crate::object::Gvk;
use crate::policy::selection::{NamespacePattern, WhenAbsent};
use crate::policy::{AskValues, Confirm};
use crate::release::history::{Depth, History};
use crate::release::stored::{ReleaseKey, StoredRevision};
use crate::source::followed::{FollowedAnswer, HelmChart};
use crate::source::{
    Extent, Inventory, Kinds, NamespaceRange, ObjectRequest, ReadError, RevisionSet, ScaleTargets, Share,
    Source, list_order,
};
use crate::types::TypeTable;
use crate::vocabulary::ScanStage;

/// The gap in a report whose second listing failed.
const NOT_LISTED_AGAIN: &str = "it is not known whether releases changed during the scan";

/// What was rendered for one release says nothing of another one of that name.
fn several(histories: &[History]) -> ReportError {
    let releases = listed(histories.iter().map(|history| history.key.to_string()));
    ReportError {
        scope: "releases".to_owned(),
        message: format!(
            "the manifests were rendered for one release, and {} fit the name: {releases}; say which with -n NAMESPACE",
            histories.len()
        ),
    }
}

/// The parts of a scan that every stage needs.
pub(super) struct Stages<'s, S> {
    pub(super) source: &'s Arc<S>,
    pub(super) options: &'s ScanOptions,
    pub(super) progress: &'s Arc<dyn Progress>,
    pub(super) state: &'s Arc<ScanState>,
    pub(super) judges: &'s Arc<Judges>,
    pub(super) times: &'s StageTimes,
}

/// How many objects are read at once that were put aside: too few for a list, which would have many more.
const AGAIN_AT_ONCE: usize = 3;

/// The releases that are compared together.
pub(super) struct Wave {
    /// Their positions.
    pub(super) releases: Vec<usize>,
    /// How much of the scan they are.
    share: Share,
}

/// What the waves of a scan know of the cluster, and each adds to.
struct KnownToWaves {
    kinds: Kinds,
    charts: Vec<HelmChart>,
    facts: Arc<ClusterFacts>,
    given_up: GivenUp,
}

/// The result of the first stage.
pub(super) struct FirstListing {
    pub(super) kinds: Kinds,
    scope: Scope,
    pub(super) histories: Vec<Arc<History>>,
    /// The releases of other shards.
    pub(super) beside: Vec<Arc<History>>,
    /// The namespaces whose records were listed; `None` for all of them.
    pub(super) listed_in: Option<Vec<String>>,
    /// The namespaces and records that could not be listed.
    errors: Vec<ReportError>,
}

impl<S: Source> Stages<'_, S> {
    /// Reads everything into the state. `Err` when not even the kinds or the records could be listed.
    ///
    /// Releases go through in waves: those whose manifests fit into memory together are compared and become reports. The
    /// records of the next wave are read meanwhile, and no more than those: two waves are what a scan holds.
    pub(super) async fn run(&self) -> Result<(), ReportError> {
        let mut clock = Clock::start(self.times);
        let FirstListing {
            kinds,
            scope,
            histories,
            beside,
            listed_in,
            errors,
        } = self.list().await?;
        clock.lap(ScanStage::List);

        let charts = self.helm_charts(&kinds).await;
        let facts = ClusterFacts::new(self.options.policy.clone(), self.options.earlier.clone());
        let mut known = KnownToWaves {
            kinds,
            charts,
            facts: Arc::new(facts),
            given_up: GivenUp::default(),
        };
        let mut batches = self.batches(&histories);
        self.progress.stage("reading releases", batches.len());
        let mut wave = self.decode(&histories, &mut batches, self.progress).await;
        let quiet: Arc<dyn Progress> = Arc::new(Quiet);
        while !wave.releases.is_empty() {
            let next = self.decode(&histories, &mut batches, &quiet);
            (wave, ()) = tokio::join!(next, self.go_through(&wave, &mut known));
        }
        let KnownToWaves { kinds, .. } = known;

        let mut clock = Clock::start(self.times);
        match self.options.orphans {
            OrphanSearch::No => {}
            // Without namespaces, the search would be about all of them.
            OrphanSearch::Yes | OrphanSearch::IfNoRecord if listed_in.as_ref().is_some_and(Vec::is_empty) => {
            }
            OrphanSearch::IfNoRecord if !histories.is_empty() => {}
            OrphanSearch::Yes if !self.searches_orphans() => {}
            OrphanSearch::Yes | OrphanSearch::IfNoRecord => {
                self.look_for_orphans(&kinds).await;
                clock.lap(ScanStage::Orphans);
            }
        }

        self.read_beside(beside, &kinds).await;

        // The second listing takes as much memory as the first.
        drop(histories);
        self.recheck(&scope, &errors).await;
        clock.lap(ScanStage::Recheck);
        Ok(())
    }

    /// Compares the releases of a wave, and turns them into their reports.
    async fn go_through(&self, wave: &Wave, known: &mut KnownToWaves) {
        let mut clock = Clock::start(self.times);
        let KnownToWaves {
            kinds,
            charts,
            facts,
            given_up,
        } = known;
        let plan = self.state.plan(&wave.releases, kinds, self.options);
        // Nothing of the wave before holds them any more, so that they are not copied.
        self.types(&plan, kinds, Arc::make_mut(facts)).await;
        clock.lap(ScanStage::Types);

        self.compare(&plan, wave.share.clone(), facts).await;
        clock.lap(ScanStage::Compare);

        self.look_into_older_revisions(wave, &plan, kinds, facts).await;
        clock.lap(ScanStage::OlderRevisions);

        self.ask_what_is_followed(wave, kinds, charts).await;
        clock.lap(ScanStage::Managers);

        if self.options.preview.is_some() {
            self.look_around(wave, kinds).await;
            clock.lap(ScanStage::Surroundings);
        }

        let progress = &**self.progress;
        match self.options.confirm_writes {
            Confirm::None => {}
            Confirm::Server => {
                let releases = &wave.releases;
                confirm_writes(self.source, self.state, releases, kinds, given_up, progress).await;
                clock.lap(ScanStage::ConfirmWrites);
            }
        }

        match self.options.policy.confirm {
            Confirm::None => {}
            Confirm::Server => {
                confirm(self.source, self.state, kinds, facts, given_up, progress).await;
                clock.lap(ScanStage::Confirm);
            }
        }
        match self.options.policy.values {
            AskValues::No => {}
            AskValues::Yes => {
                self.name_keys(wave, kinds, facts).await;
                clock.lap(ScanStage::Values);
            }
        }
        self.state.finish(&wave.releases, self.source.now(), self.options);
    }

    /// The releases, in the order in which waves take them: that of lists of all namespaces.
    pub(super) fn batches(&self, histories: &[Arc<History>]) -> Batches {
        let depth = self.options.depth;
        let mut waiting: Vec<(usize, &Arc<History>)> = histories.iter().enumerate().collect();
        waiting.sort_by(|(_, one), (_, other)| list_order(&one.key.namespace, &other.key.namespace));
        let waiting = waiting.into_iter().map(|(position, history)| WaitingRelease {
            position,
            records: history.records_needed(depth).count(),
        });
        Batches::new(waiting, self.options.limits.wave_bytes)
    }

    /// The share of the scan that these releases are, before those that still wait.
    fn share(histories: &[Arc<History>], releases: &[usize], batches: &Batches) -> Share {
        let namespace = |position: Option<&usize>| Some(histories.get(*position?)?.key.namespace.clone());
        let (Some(from), until) = (namespace(releases.first()), namespace(releases.last())) else {
            return Share::Few;
        };
        let left = batches.len();
        let until = until.filter(|_| left > 0);
        Share::Part {
            range: NamespaceRange { from, until },
            parts: 1 + left.div_ceil(releases.len()),
        }
    }

    /// Lists the kinds that the API server serves, and the selected releases.
    pub(super) async fn list(&self) -> Result<FirstListing, ReportError> {
        self.progress.stage("listing releases", 0);
        // The first use of the table unpacks it, which takes no extra time while the cluster answers.
        tokio::task::spawn_blocking(TypeTable::builtin);
        // What is typed counts until it is known what exists.
        let named = self.options.selection.listed_namespaces();
        let named = named.iter().filter_map(NamespacePattern::exact).collect();
        self.state.ownership(|ownership| ownership.set_namespaces(named));
        let (kinds, listed, terminating) = tokio::join!(
            self.source.kinds(),
            self.list_records(),
            self.source.terminating_namespaces()
        );
        match terminating {
            Ok(terminating) => self.state.set_terminating(terminating),
            // A missing right, most of all: the account of a few namespaces may not list them.
            Err(error) => tracing::debug!(%error, "the namespaces that are being deleted are not known"),
        }
        let (mut scope, inventory) = listed?;
        let listed_in = scope.listed_in(&inventory);
        let selection = &self.options.selection;
        if !inventory.is_of_all() || !selection.is_everything_in_its_shard() {
            self.state.note_unread_releases();
        }
        let is_of_all = inventory.extent == Extent::Cluster;
        let Inventory {
            revisions,
            errors,
            left_out,
            ..
        } = inventory;
        self.state.set_left_out(left_out);
        let kinds = kinds.map_err(|error| ReportError {
            scope: "discovery".to_owned(),
            message: format!("the kinds that the API server serves cannot be listed: {error}"),
        })?;
        self.state.add_errors(self.of_shard(errors.clone()));
        let histories = History::group(revisions);
        self.note_absent(&mut scope, &histories, &errors).await;
        self.state.ownership(|ownership| {
            ownership.add_listed(&histories);
            ownership.add_unlisted(&errors);
            match &listed_in {
                Some(namespaces) => ownership.set_namespaces(namespaces.clone()),
                None if is_of_all => {}
                None => ownership.note_unlisted(),
            }
        });
        let histories = histories
            .into_iter()
            .filter(|history| self.is_selected_in_any_shard(history));
        let (histories, beside): (Vec<_>, Vec<_>) =
            histories.partition(|history| selection.is_in_shard(&history.key.namespace));
        if let (Some(PreviewRequest::Upgrade(_)), 2..) = (&self.options.preview, histories.len()) {
            return Err(several(&histories));
        }
        let histories: Vec<Arc<History>> = histories.into_iter().map(Arc::new).collect();
        self.state.set_releases(&histories);
        Ok(FirstListing {
            kinds,
            scope,
            histories,
            beside: beside.into_iter().map(Arc::new).collect(),
            listed_in,
            errors,
        })
    }

    /// Lists the records in the selected namespaces.
    async fn list_records(&self) -> Result<(Scope, Inventory), ReportError> {
        let scope = Scope::of(&**self.source, &self.options.selection).await;
        let inventory = scope
            .revisions(&**self.source, RevisionSet::All)
            .await
            .map_err(|error| {
                self.state.note_unreadable(&error);
                scope.unlisted(&error)
            })?;
        Ok((scope, inventory))
    }

    /// The errors but for those about a single namespace of another shard, which tells them itself.
    fn of_shard(&self, mut errors: Vec<ReportError>) -> Vec<ReportError> {
        let selection = &self.options.selection;
        errors.retain(|error| {
            error
                .namespace()
                .is_none_or(|namespace| selection.is_in_shard(namespace))
        });
        errors
    }

    /// Whether anything is to be said of a release. An uninstalled one is meant to have no objects, so there is nothing to
    /// compare.
    fn is_wanted(&self, history: &History) -> bool {
        match self.options.depth {
            Depth::Comparison => !history.is_uninstalled(),
            Depth::History | Depth::Rollback(_) => true,
        }
    }

    /// Whether a release is selected, by this shard or another one.
    fn is_selected_in_any_shard(&self, history: &History) -> bool {
        let ReleaseKey { namespace, name, .. } = &history.key;
        self.is_wanted(history) && self.options.selection.has_in_any_shard(namespace, name)
    }

    /// Reports what was named and not found, and that nothing was found at all.
    async fn note_absent(&self, scope: &mut Scope, histories: &[History], errors: &[ReportError]) {
        let selection = &self.options.selection;
        let listed = Listed {
            histories,
            errors,
            namespaces: &Namespaces::NotAsked,
        };
        if listed.has_empty_namespace(selection) {
            scope.ask_for_namespaces(&**self.source).await;
        }
        let listed = Listed {
            namespaces: &scope.namespaces,
            ..listed
        };
        let wanted = match self.options.depth {
            Depth::Comparison => Wanted::Installed,
            Depth::History | Depth::Rollback(_) => Wanted::WithHistory,
        };
        let mut absent = listed.absent(selection, wanted);
        if let Some(last) = absent.last_mut()
            && let Some(elsewhere) = self.elsewhere().await
        {
            last.push_str(&elsewhere);
        }
        let absent = absent.into_iter();
        let note = |message| ReportNote {
            scope: ReportError::SELECTION.to_owned(),
            message,
        };
        match selection.when_absent {
            WhenAbsent::Error => {
                let errors = absent.map(|message| ReportError {
                    scope: ReportError::SELECTION.to_owned(),
                    message,
                });
                self.state.add_errors(errors.collect());
            }
            WhenAbsent::Note => self.state.add_notes(absent.map(note).collect()),
        }
        let is_empty = !histories
            .iter()
            .any(|history| self.is_selected_in_any_shard(history));
        if is_empty && selection.is_everything_in_its_shard() && errors.is_empty() {
            let message = if histories.is_empty() {
                "no namespace has a release"
            } else {
                "every release is uninstalled, and only its history is kept"
            };
            self.state.add_notes(vec![note(message.to_owned())]);
        }
    }

    /// Where the only release is that was asked for, if it is in another namespace and the account may list its records
    /// there. Where it may not, nothing is said: nobody needs this right.
    async fn elsewhere(&self) -> Option<String> {
        let selection = &self.options.selection;
        let [release] = &selection.releases[..] else {
            return None;
        };
        if selection.namespaces.is_empty() && release.namespace.is_none() {
            return None;
        }
        let name = release.exact_name()?;
        let inventory = self.source.revisions(&[], RevisionSet::All).await.ok()?;
        let mut histories = History::group(inventory.revisions);
        histories.retain(|history| self.is_wanted(history));
        elsewhere(&name, &histories)
    }

    /// Reads and decodes the records of as many releases as fit into memory.
    pub(super) async fn decode(
        &self,
        histories: &[Arc<History>],
        batches: &mut Batches,
        progress: &Arc<dyn Progress>,
    ) -> Wave {
        let mut wave = Wave {
            releases: Vec::new(),
            share: Share::Few,
        };
        if batches.len() == 0 {
            return wave;
        }
        let mut clock = Clock::start(self.times);
        let mut held = 0;
        loop {
            let room = batches.limit(held).saturating_sub(held);
            let batch = batches.next(held);
            if batch.is_empty() {
                break;
            }
            // One that is alone fits, or is refused.
            let is_alone = batch.len() == 1 && held == 0;
            let room = (!is_alone).then_some(room);
            let loaded = self.decode_batch(histories, &batch, room, progress).await;
            batches.learn(loaded.records, loaded.bytes);
            held += loaded.loaded_bytes;
            let (here, left): (Vec<_>, Vec<_>) = batch
                .iter()
                .enumerate()
                .partition(|(position, _)| !loaded.is_full || loaded.loaded.contains(position));
            wave.releases
                .extend(here.into_iter().map(|(_, release)| release.position));
            if loaded.is_full {
                let left: Vec<WaitingRelease> = left.into_iter().map(|(_, release)| *release).collect();
                batches.put_back(batch.len(), &left);
                if !wave.releases.is_empty() {
                    break;
                }
            }
        }
        wave.share = Self::share(histories, &wave.releases, batches);
        tracing::debug!(
            releases = wave.releases.len(),
            left = batches.len(),
            bytes = held,
            "a wave is decoded"
        );
        batches.end_wave();
        clock.lap(ScanStage::Decode);
        wave
    }

    /// Reads and decodes the records of a batch of releases, as far as there is room for them.
    async fn decode_batch(
        &self,
        histories: &[Arc<History>],
        batch: &[WaitingRelease],
        room: Option<usize>,
        progress: &Arc<dyn Progress>,
    ) -> LoadedBatch {
        let limits = LoadLimits {
            record: self.options.max_record_bytes,
            release: self.options.limits.release_bytes,
            batch: room,
        };
        let of_batch: Vec<Arc<History>> = batch
            .iter()
            .filter_map(|release| histories.get(release.position).cloned())
            .collect();
        let needed: Vec<StoredRevision> = of_batch
            .iter()
            .flat_map(|history| history.records_needed(self.options.depth).cloned())
            .collect();
        for release in batch.iter().filter(|release| release.records == 0) {
            self.state.set_loaded(release.position, Loaded::default());
            progress.step();
        }
        let positions: Vec<usize> = batch.iter().map(|release| release.position).collect();
        let loading = Arc::new(Loading::new(of_batch, limits, self.options.depth));
        let (state, progress) = (Arc::clone(self.state), Arc::clone(progress));
        let loading_of_records = Arc::clone(&loading);
        let accept = move |revision: &StoredRevision, answer| {
            loading_of_records.accept(revision, answer, |position, loaded| {
                if let Some(&position) = positions.get(position) {
                    state.set_loaded(position, loaded);
                    progress.step();
                }
            });
        };
        tokio::select! {
            biased;
            () = loading.full() => {}
            () = self.source.records(needed, Arc::new(accept)) => {}
        }
        loading.close()
    }

    /// Reads the type facts of custom resources and the targets of autoscalers, as far as they are not known.
    async fn types(&self, plan: &ReadPlan, kinds: &Kinds, facts: &mut ClusterFacts) {
        let custom = plan.custom.iter();
        let custom: Vec<&String> = custom
            .filter(|custom| !facts.tables.contains_key(*custom))
            .collect();
        let scalable = plan.scalable.difference(&facts.scalable).cloned().collect();
        let ((tables, without_schema), scale_targets) =
            tokio::join!(self.tables(&custom, kinds), self.scale_targets(&scalable, kinds));
        self.state.add_notes(without_schema);
        self.state.add_errors(scale_targets.errors.clone());
        facts.tables.extend(tables);
        facts.scale_targets.add(scale_targets);
        facts.scalable.extend(scalable);
    }

    /// The `HelmChart` objects of the cluster, if it has any.
    async fn helm_charts(&self, kinds: &Kinds) -> Vec<HelmChart> {
        match self.source.helm_charts(kinds).await {
            Ok(charts) => charts,
            // A missing right, most of all.
            Err(error) => {
                tracing::debug!(%error, "the HelmCharts of the cluster are not known");
                Vec::new()
            }
        }
    }

    /// Asks what the programs follow that manage releases, where marks on their objects name that.
    async fn ask_what_is_followed(&self, wave: &Wave, kinds: &Kinds, charts: &[HelmChart]) {
        let (mut positions, mut questions) = (Vec::new(), Vec::new());
        for &position in &wave.releases {
            if let Some(question) = self.state.followed_question(position) {
                positions.push(position);
                questions.push(question);
            } else {
                self.state.set_helm_chart(position, charts);
            }
        }
        if questions.is_empty() {
            return;
        }
        let answers = self.source.followed(&questions, kinds).await;
        for ((position, question), settings) in positions.into_iter().zip(questions).zip(answers) {
            let followed = question.followed;
            self.state
                .set_followed(position, FollowedAnswer { followed, settings });
        }
    }

    /// Asks what is around the objects of the operations that are previewed.
    async fn look_around(&self, wave: &Wave, kinds: &Kinds) {
        for &position in &wave.releases {
            let Some(question) = self.state.surroundings_wanted(position, kinds) else {
                continue;
            };
            let answer = self.source.surroundings(&question, kinds).await;
            self.state.set_surroundings(position, &answer, kinds);
        }
    }

    /// Reads the objects, and has each compared once it arrives.
    async fn compare(&self, plan: &ReadPlan, share: Share, facts: &Arc<ClusterFacts>) {
        self.progress.stage("reading objects", self.state.lanes().len());
        self.read(&plan.objects, share, facts).await;
    }

    /// Reads these objects, and has each compared for the releases that wait for it.
    pub(super) async fn read(&self, objects: &[ObjectRequest], share: Share, facts: &Arc<ClusterFacts>) {
        let lanes = self.state.lanes();
        self.judges.expect(lanes.iter().map(String::as_str));
        let sink = self.judges.sink(facts);
        self.source.objects(objects, share, sink.clone()).await;
        self.judges.done().await;
        // What was put aside is large or costly: a few at a time.
        loop {
            let aside = sink.take_aside();
            if aside.is_empty() {
                break;
            }
            let again: Vec<ObjectRequest> = objects
                .iter()
                .filter(|request| aside.contains(&request.key))
                .cloned()
                .collect();
            tracing::debug!(objects = again.len(), "reading again what was put aside");
            for few in again.chunks(AGAIN_AT_ONCE) {
                self.source.objects(few, Share::Few, sink.clone()).await;
                self.judges.done().await;
            }
        }
    }

    /// Lists the releases once more, as far as it matters, and notes which of them changed during the scan.
    async fn recheck(&self, scope: &Scope, errors_before: &[ReportError]) {
        self.progress.stage("checking for changes during the scan", 0);
        match scope.revisions(&**self.source, self.state.listed_again()).await {
            Ok(after) => {
                let new_errors = after
                    .errors
                    .into_iter()
                    .filter(|error| !errors_before.contains(error));
                let errors: Vec<ReportError> = new_errors
                    .map(|error| ReportError {
                        message: format!("{NOT_LISTED_AGAIN}: {}", error.message),
                        ..error
                    })
                    .collect();
                let absence = if errors.is_empty() {
                    Absence::Deleted
                } else {
                    Absence::NotListed
                };
                let after = History::group(after.revisions);
                self.state.ownership(|ownership| {
                    ownership.add_listed(&after);
                    ownership.add_unlisted(&errors);
                });
                self.state.note_changed_during_scan(&after, absence);
                self.state.add_errors(self.of_shard(errors));
            }
            Err(error) => {
                self.state.ownership(Ownership::note_unlisted);
                let error = scope.unlisted(&error);
                self.state.add_errors(vec![ReportError {
                    message: format!("{NOT_LISTED_AGAIN}: {}", error.message),
                    ..error
                }]);
            }
        }
    }

    /// Looks for objects whose release has no record. After the comparison: it is a remark, and may take long.
    async fn look_for_orphans(&self, kinds: &Kinds) {
        self.progress.stage("looking for orphans", 0);
        let question = self.state.ownership(|ownership| ownership.question());
        let answer = self.source.owned(&question, kinds).await;
        self.state.ownership(|ownership| ownership.answer(answer));
    }

    /// The targets of autoscalers, where there is an object that one could target.
    async fn scale_targets(&self, namespaces: &BTreeSet<String>, kinds: &Kinds) -> ScaleTargets {
        if namespaces.is_empty() {
            return ScaleTargets::default();
        }
        self.source.scale_targets(namespaces, kinds).await
    }

    /// The type facts of the custom resources in use, and a note on each group that has no schema: its objects are
    /// compared by generic rules, which know no quantities, keys and defaults.
    /// An answer that is no schema is an error of the report: somebody gave it in place of one.
    async fn tables(&self, custom: &[&String], kinds: &Kinds) -> (Tables, Vec<ReportNote>) {
        let is_served = |api_version: &&&String| {
            let mut served = kinds.served.keys();
            served.any(|gvk: &Gvk| gvk.api_version == ***api_version)
        };
        let read: Vec<(String, Result<TypeTable, NoSchema>)> =
            futures::stream::iter(custom.iter().filter(is_served))
                .map(|&api_version| async move { (api_version.clone(), self.table(api_version).await) })
                .buffer_unordered(4)
                .collect()
                .await;
        let mut tables = Tables::new();
        let mut notes = Vec::new();
        for (api_version, table) in read {
            let scope = api_version.clone();
            match &table {
                Ok(_) => {}
                Err(NoSchema::Unknown(reason)) => notes.push(ReportNote {
                    scope,
                    message: format!("its objects are compared by generic rules: {reason}"),
                }),
                Err(NoSchema::Broken(reason)) => self.state.add_errors(vec![ReportError {
                    scope,
                    message: format!("its objects are compared by generic rules: {reason}"),
                }]),
            }
            tables.insert(api_version, table.ok().map(Arc::new));
        }
        (tables, notes)
    }

    /// The type facts of one group and version, or why there are none.
    async fn table(&self, api_version: &str) -> Result<TypeTable, NoSchema> {
        let unread = |error: &ReadError| format!("their schema cannot be read: {error}");
        match self.source.schema(api_version).await {
            Ok(Some(document)) => {
                TypeTable::from_openapi_v3(&document).map_err(|error| NoSchema::Broken(error.to_string()))
            }
            Ok(None) => Err(NoSchema::Unknown(
                "the API server publishes no schema of them".to_owned(),
            )),
            Err(error @ ReadError::Malformed { .. }) => Err(NoSchema::Broken(unread(&error))),
            Err(error) => Err(NoSchema::Unknown(unread(&error))),
        }
    }
}

/// Why the types of a group and version are not known.
enum NoSchema {
    /// There is none, or it could not be read.
    Unknown(String),
    /// The answer is no schema.
    Broken(String),
}
