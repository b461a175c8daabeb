//! Which keys of the charts' values keep what lives in the drifted fields, where somebody asked for that.
//!
//! A scan passes over the charts in the records. Those of drifted releases are read a second time, after the comparison,
//! one by one on each processor, and dropped as soon as the questions about their release are answered. Templates are
//! written by whoever may write a record: what they may take is limited where they are evaluated, and a defect that one of
//! them brings to light is that release's.

mod check;
mod shown;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use self::check::Check;
use super::asked::{ObjectSaid, ValuesWanted};
use super::cluster_facts::ClusterFacts;
use super::decoders::Decoders;
use super::stages::{Stages, Wave};
use crate::chart::Chart;
use crate::model::ReportError;
use crate::policy::redact::Redaction;
use crate::release::chart_part::ChartPart;
use crate::release::decode::DecodeError;
use crate::release::stored::{ReleaseKey, StoredRevision};
use crate::source::{Capabilities, ChartRecord, Kinds, ReadError, Source};
use crate::values::{self, Answer};
use crate::vocabulary::NoKeyReason;
use crate::weight::at_once;

/// A release of which the chart is being read.
struct Waiting {
    wanted: ValuesWanted,
    said: Option<Vec<ObjectSaid>>,
}

/// The charts of a wave, while they are read.
struct Reading {
    releases: BTreeMap<ReleaseKey, Mutex<Waiting>>,
    decoders: Decoders,
    capabilities: Capabilities,
    given: Option<Arc<Chart>>,
    redaction: Redaction,
    record_bytes: u64,
}

impl<S: Source> Stages<'_, S> {
    /// Names the keys that keep what lives in the drifted fields of a wave.
    pub(super) async fn name_keys(&self, wave: &Wave, kinds: &Kinds, facts: &ClusterFacts) {
        let wanted = self.state.values_wanted(&wave.releases);
        if wanted.is_empty() {
            return;
        }
        if let Some(rendered) = &self.options.rendered {
            for wanted in &wanted {
                let deployed = check::deployed(&**self.source, &wanted.stored, self.options.max_record_bytes);
                let check = Check {
                    rendered,
                    kinds,
                    facts,
                    installs_into: &wanted.installs_into,
                };
                let deployed = deployed.await;
                if deployed
                    .as_ref()
                    .is_none_or(|deployed| check.is_of_release(deployed))
                {
                    self.state
                        .set_values_check(wanted.release, check.of(wanted, deployed));
                } else {
                    self.state
                        .add_errors(vec![not_of_release(&wanted.stored.release)]);
                }
            }
        }
        let wanted: Vec<ValuesWanted> = wanted.into_iter().filter(ValuesWanted::is_open).collect();
        if wanted.is_empty() {
            return;
        }
        self.progress.stage("reading charts", wanted.len());
        let stored: Vec<StoredRevision> = wanted.iter().map(|wanted| wanted.stored.clone()).collect();
        let releases = wanted.into_iter().map(|wanted| {
            let release = wanted.stored.release.clone();
            (release, Mutex::new(Waiting { wanted, said: None }))
        });
        let reading = Arc::new(Reading {
            releases: releases.collect(),
            decoders: Decoders::new(at_once()),
            capabilities: self.source.capabilities(kinds).await,
            given: self.options.chart.clone(),
            redaction: self.options.policy.redaction.clone(),
            record_bytes: self.options.max_record_bytes,
        });
        let (accepting, progress) = (Arc::clone(&reading), Arc::clone(self.progress));
        let accept = move |stored: &StoredRevision, answer| {
            accepting.accept(stored, answer);
            progress.step();
        };
        self.source.charts(stored, Arc::new(accept)).await;
        for waiting in reading.releases.values() {
            let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let said = waiting.said.take();
            let said = said.unwrap_or_else(|| waiting.wanted.none(NoKeyReason::NotReached));
            self.state.set_keys(waiting.wanted.release, said);
        }
    }
}

/// That somebody rendered another release, or for another namespace.
fn not_of_release(release: &ReleaseKey) -> ReportError {
    ReportError {
        scope: ReportError::RENDERED.to_owned(),
        message: format!(
            "none of the rendered objects is one of release {release}: render its chart with its name and namespace"
        ),
    }
}

impl Reading {
    /// Takes in the chart of a release, and answers the questions about that.
    fn accept(&self, stored: &StoredRevision, answer: Result<ChartRecord, ReadError>) {
        let Some(waiting) = self.releases.get(&stored.release) else {
            return;
        };
        let _decoder = self.decoders.wait();
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = &waiting.wanted;
        let answered = catch_unwind(AssertUnwindSafe(|| self.answer(wanted, answer)));
        let said = answered.unwrap_or_else(|_| {
            tracing::error!("the templates of a chart could not be worked on");
            Err(NoKeyReason::NotEvaluated)
        });
        let said = said.unwrap_or_else(|reason| wanted.none(reason));
        waiting.said = Some(said);
    }

    fn answer(
        &self,
        wanted: &ValuesWanted,
        answer: Result<ChartRecord, ReadError>,
    ) -> Result<Vec<ObjectSaid>, NoKeyReason> {
        let part = answer.map_err(|error| match error {
            ReadError::NotRecorded => NoKeyReason::NotRecorded,
            ReadError::NotReached => NoKeyReason::NotReached,
            _ => NoKeyReason::Unreadable,
        })?;
        let part = match part {
            ChartRecord::Encoded(payload) => ChartPart::decode(&payload, self.record_bytes),
            ChartRecord::Json(json) => ChartPart::from_json(&json, self.record_bytes),
        };
        let part = part.map_err(|error| match error {
            DecodeError::TooLarge { .. } | DecodeError::TooMuch { .. } => NoKeyReason::TooLarge,
            _ => NoKeyReason::Unreadable,
        })?;
        // The API server vouches for the object's name alone.
        if part.name != wanted.stored.release.name || part.version != wanted.stored.revision {
            return Err(NoKeyReason::Unreadable);
        }
        let mut release = values::release_chart(part)?;
        if let Some(given) = &self.given {
            add_dependencies(&mut release.chart, given);
        }
        let answers = values::suggest(&release, &self.capabilities, &wanted.open());
        Ok(wanted.said(|object, field, is_redacted| {
            let answer = answers.get(object).and_then(|answers| answers.get(field));
            match answer {
                Some(Answer::Key(suggestion)) => shown::kept_by(suggestion, is_redacted, &self.redaction),
                Some(Answer::None(reason)) => Err((*reason).into()),
                None => Err(NoKeyReason::NotEvaluated.into()),
            }
        }))
    }
}

/// Adds the charts that the chart of a record depends on, which no record has, from the same chart as it was given.
fn add_dependencies(chart: &mut Chart, given: &Chart) {
    if (chart.name(), chart.version()) == (given.name(), given.version()) {
        chart.dependencies.clone_from(&given.dependencies);
        chart.are_dependencies_known = given.are_dependencies_known;
        // A record has the aliases of dependencies in place of their names (Helm: `pkg/chart/v2/util/dependencies.go`,
        // `processDependencyEnabled`).
        if let Some(dependencies) = given.metadata.get("dependencies") {
            chart.metadata["dependencies"].clone_from(dependencies);
        }
    }
}
