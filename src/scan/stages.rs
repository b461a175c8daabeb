//! The stages of a scan, in their order.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::StreamExt;

use super::clock::Clock;
use super::cluster_facts::{Absence, ClusterFacts, Tables};
use super::confirm::confirm;
use super::load::{Loaded, Loading};
use super::options::{Progress, ScanOptions};
use super::state::{ReadPlan, ScanState};
use crate::model::{ReportError, ReportNote};
use crate::object::{Gvk, ObjectKey};
use crate::policy::Confirm;
use crate::release::history::{Depth, History};
use crate::release::stored::StoredRevision;
use crate::source::{Inventory, Kinds, Lookup, ReadError, ScaleTargets, Source};
use crate::types::TypeTable;

/// The gap in a report whose second listing failed.
const NOT_LISTED_AGAIN: &str = "it is not known whether releases changed during the scan";

/// The parts of a scan that every stage needs.
pub(super) struct Stages<'s, S> {
    pub(super) source: &'s Arc<S>,
    pub(super) options: &'s ScanOptions,
    pub(super) progress: &'s Arc<dyn Progress>,
    pub(super) state: &'s Arc<ScanState>,
}

/// The result of the first stage.
struct FirstListing {
    kinds: Kinds,
    histories: Vec<History>,
    /// The namespaces and records that could not be listed.
    errors: Vec<ReportError>,
}

impl<S: Source> Stages<'_, S> {
    /// Reads everything into the state. `Err` when not even the kinds or the records could be listed.
    pub(super) async fn run(&self) -> Result<(), ReportError> {
        let mut clock = Clock::start();
        let FirstListing {
            kinds,
            histories,
            errors,
        } = self.list().await?;
        clock.lap("list");

        self.decode(histories).await;
        clock.lap("decode");

        let plan = self.state.plan(&kinds, self.options);
        let facts = Arc::new(self.types(&plan, &kinds).await);
        clock.lap("types");

        self.compare(&plan, &facts).await;
        clock.lap("compare");

        match self.options.policy.confirm {
            Confirm::None => {}
            Confirm::Server => {
                confirm(self.source, self.state, &kinds, &facts, &**self.progress).await;
                clock.lap("confirm");
            }
        }

        self.recheck(&errors).await;
        clock.lap("recheck");
        Ok(())
    }

    /// Lists the kinds that the API server serves, and the selected releases.
    async fn list(&self) -> Result<FirstListing, ReportError> {
        self.progress.stage("listing releases", 0);
        // The first use of the table unpacks it, which takes no extra time while the cluster answers.
        tokio::task::spawn_blocking(TypeTable::builtin);
        let namespaces = &self.options.namespaces;
        let (kinds, inventory) = tokio::join!(self.source.kinds(), self.source.revisions(namespaces));
        let Inventory { revisions, errors } = inventory.map_err(|error| storage_error(&error))?;
        let kinds = kinds.map_err(|error| ReportError {
            scope: "discovery".to_owned(),
            message: format!("the kinds that the API server serves cannot be listed: {error}"),
        })?;
        self.state.add_errors(errors.clone());
        let mut histories = History::group(revisions);
        if histories.is_empty() && errors.is_empty() && !namespaces.is_empty() {
            tracing::warn!("there are no releases in namespace {}", namespaces.join(", "));
        }
        histories.retain(|history| self.is_selected(history));
        self.report_absent_names(&histories);
        self.state.set_releases(&histories);
        Ok(FirstListing {
            kinds,
            histories,
            errors,
        })
    }

    fn is_selected(&self, history: &History) -> bool {
        let names = &self.options.releases;
        let is_named = names.is_empty() || names.contains(&history.key.name);
        // An uninstalled release is meant to have no objects, so there is nothing to compare.
        let is_listed = match self.options.depth {
            Depth::Comparison => !history.is_uninstalled(),
            Depth::History => true,
        };
        is_named && is_listed
    }

    /// Reports the names that no release has.
    fn report_absent_names(&self, histories: &[History]) {
        let names = self.options.releases.iter();
        let absent = names.filter(|name| !histories.iter().any(|history| &history.key.name == *name));
        let errors = absent.map(|name| ReportError {
            scope: "storage".to_owned(),
            message: format!("there is no release named `{name}` where the scan looked"),
        });
        self.state.add_errors(errors.collect());
    }

    /// Reads and decodes the records that each release needs.
    async fn decode(&self, histories: Vec<History>) {
        self.progress.stage("reading releases", histories.len());
        let mut needed = Vec::new();
        for (position, history) in histories.iter().enumerate() {
            let before = needed.len();
            needed.extend(history.records_needed(self.options.depth).cloned());
            if needed.len() == before {
                self.state.set_loaded(position, Loaded::default());
                self.progress.step();
            }
        }
        let loading = Loading::new(histories, self.options.max_record_bytes, self.options.depth);
        let (state, progress) = (Arc::clone(self.state), Arc::clone(self.progress));
        let accept = move |revision: &StoredRevision, answer| {
            if let Some((position, loaded)) = loading.accept(revision, answer) {
                state.set_loaded(position, loaded);
                progress.step();
            }
        };
        self.source.records(needed, Arc::new(accept)).await;
    }

    /// Reads the type facts of custom resources and the targets of autoscalers.
    async fn types(&self, plan: &ReadPlan, kinds: &Kinds) -> ClusterFacts {
        let ((tables, without_schema), scale_targets) = tokio::join!(
            self.tables(&plan.custom, kinds),
            self.scale_targets(&plan.scalable, kinds)
        );
        self.state.add_notes(without_schema);
        self.state.add_errors(scale_targets.errors.clone());
        ClusterFacts {
            tables,
            scale_targets,
            policy: self.options.policy.clone(),
        }
    }

    /// Reads the objects, and inspects each as it arrives.
    async fn compare(&self, plan: &ReadPlan, facts: &Arc<ClusterFacts>) {
        self.progress.stage("reading objects", plan.objects.len());
        let (state, progress, facts) = (
            Arc::clone(self.state),
            Arc::clone(self.progress),
            Arc::clone(facts),
        );
        let inspect = move |key: &ObjectKey, lookup: Lookup<'_>| {
            state.inspect(key, &lookup, &facts);
            progress.step();
        };
        self.source.objects(&plan.objects, Arc::new(inspect)).await;
    }

    /// Lists the releases once more, and notes which of them changed during the scan.
    async fn recheck(&self, errors_before: &[ReportError]) {
        self.progress.stage("checking for changes during the scan", 0);
        match self.source.revisions(&self.options.namespaces).await {
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
                self.state
                    .note_changed_during_scan(&History::group(after.revisions), absence);
                self.state.add_errors(errors);
            }
            Err(error) => self.state.add_errors(vec![ReportError {
                scope: "storage".to_owned(),
                message: format!("{NOT_LISTED_AGAIN}: the release records cannot be listed: {error}"),
            }]),
        }
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
    async fn tables(&self, custom: &[String], kinds: &Kinds) -> (Tables, Vec<ReportNote>) {
        let is_served = |api_version: &&String| {
            let mut served = kinds.served.keys();
            served.any(|gvk: &Gvk| gvk.api_version == **api_version)
        };
        let read: Vec<(String, Result<TypeTable, String>)> =
            futures::stream::iter(custom.iter().filter(is_served))
                .map(|api_version| async move { (api_version.clone(), self.table(api_version).await) })
                .buffer_unordered(4)
                .collect()
                .await;
        let mut tables = Tables::new();
        let mut notes = Vec::new();
        for (api_version, table) in read {
            if let Err(reason) = &table {
                notes.push(ReportNote {
                    scope: api_version.clone(),
                    message: format!("its objects are compared by generic rules: {reason}"),
                });
            }
            tables.insert(api_version, table.ok());
        }
        (tables, notes)
    }

    /// The type facts of one group and version, or why there are none.
    async fn table(&self, api_version: &str) -> Result<TypeTable, String> {
        match self.source.schema(api_version).await {
            Ok(Some(document)) => TypeTable::from_openapi_v3(&document).map_err(|error| error.to_string()),
            Ok(None) => Err("the API server publishes no schema of them".to_owned()),
            Err(error) => Err(format!("their schema cannot be read: {error}")),
        }
    }
}

fn storage_error(error: &ReadError) -> ReportError {
    let hint = if let ReadError::Forbidden { namespace: None, .. } = error {
        "; name the namespaces to scan with -n"
    } else {
        ""
    };
    ReportError {
        scope: "storage".to_owned(),
        message: format!("the release records cannot be listed: {error}{hint}"),
    }
}
