//! What no reader of the cluster can tell before an operation runs.

use std::collections::{BTreeMap, HashSet};

use super::course::{Course, End, obstacles};
use super::facts::PreviewFacts;
use super::hooks::{self, HookFate};
use super::surroundings::Verdict;
use super::words::{reason_of, told};
use crate::health::entry::listed;
use crate::release::variations::Cause;
use crate::vocabulary::{ApplyMethod, PreviewAction, PreviewEffect, PreviewedOperation};

/// The kinds that Helm waits for with `--wait` because they become ready (Helm: `pkg/kube/statuswait.go`).
const WORKLOADS: [&str; 6] = [
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "Pod",
    "ReplicaSet",
];

/// How many sentences about what is around the objects are told.
const MAX_AROUND: usize = 20;

/// The sentences that hold for this operation.
pub(super) fn of(facts: &PreviewFacts<'_>, course: &Course) -> Vec<String> {
    let mut found = Vec::new();
    match course.end {
        // Whatever the server would say, Helm does not ask it.
        End::Refused | End::NotBuilt => return around(facts, Verdict::Gap),
        End::HookBefore | End::Objects | End::Deletions | End::HookAfter | End::Done | End::Untold => {}
    }
    let method = facts.operation.method;
    let running: Vec<String> = facts
        .hooks
        .iter()
        .filter(|hook| match hooks::fate(hook, method) {
            HookFate::Runs | HookFate::Deletes(_) | HookFate::MayFail(_) => true,
            HookFate::Fails(..) => false,
        })
        .map(|hook| hook.key.to_string())
        .collect();
    if !running.is_empty() {
        found.push(format!(
            "whether the hooks succeed: {}",
            listed(running.into_iter())
        ));
    }
    let written = || {
        let pairs = facts.objects.iter().zip(&course.actions);
        pairs.filter(|(_, action)| matches!(action, PreviewAction::Create | PreviewAction::Change))
    };
    let workloads: Vec<String> = written()
        .filter(|(object, _)| WORKLOADS.contains(&object.key.gvk.kind.as_str()))
        .map(|(object, _)| object.key.to_string())
        .collect();
    if !workloads.is_empty() {
        found.push(format!(
            "whether they become ready, for which Helm waits with --wait: {}",
            listed(workloads.into_iter())
        ));
    }
    found.extend(not_noticed_yet(facts, course));
    found.extend(not_rendered_as_before(facts));
    let ruled = written().filter(|(object, _)| object.has_rules_in_cel && !facts.is_accepted(&object.key));
    let ruled = listed(ruled.map(|(object, _)| object.key.to_string()));
    if !ruled.is_empty() {
        found.push(format!(
            "whether the rules in CEL of their kinds take these objects, which --confirm server can ask the API server: {ruled}"
        ));
    }
    // Where it was asked, the page says which writes it confirmed, and why not the others.
    let unasked = written().count();
    if unasked > 0 && facts.dry_runs.is_none() {
        found.push(format!(
            "whether the API server takes every value of the {}: it has more rules than are known here, and --confirm server asks it",
            crate::vocabulary::count(unasked, "written object")
        ));
    }
    let doubtful = facts
        .objects
        .iter()
        .flat_map(|object| &object.fields)
        .filter(|field| field.effect == PreviewEffect::Unknown)
        .count();
    if doubtful > 0 {
        found.push(format!(
            "what becomes of {}, listed with {} reason",
            crate::vocabulary::count(doubtful, "field"),
            if doubtful == 1 { "its" } else { "their" }
        ));
    }
    if facts.around.is_none() {
        found.push(
            "what stands in the way around the objects (quotas, ports, webhooks, policies): nobody looked"
                .to_owned(),
        );
    }
    found.extend(around(facts, Verdict::Gap));
    if written().next().is_some() || !facts.objects.is_empty() {
        found.push("whether whoever runs Helm may write and delete these objects".to_owned());
    }
    match facts.operation.method {
        ApplyMethod::Ssa => found.push(
            "what Helm 3 would do: it applies client-side, whatever the records say; this preview is of Helm 4".to_owned(),
        ),
        ApplyMethod::Csa => {}
    }
    found
}

/// An API server learns of a definition that another one wrote, and of its own, by a watch (apiextensions-apiserver:
/// `pkg/apiserver/customresource_handler.go`, `updateCustomResourceDefinition`); Helm does not wait for that.
fn not_noticed_yet(facts: &PreviewFacts<'_>, course: &Course) -> Option<String> {
    let pairs = || facts.objects.iter().zip(&course.actions);
    let definitions = pairs().filter(|(object, action)| {
        object.key.gvk.is_definition() && matches!(action, PreviewAction::Create | PreviewAction::Change)
    });
    let written: HashSet<&str> = definitions.map(|(object, _)| object.key.name.as_str()).collect();
    let reached = pairs().filter(|(_, action)| **action != PreviewAction::NotReached);
    let is_written = |name: &str| written.contains(name);
    let defined = reached.filter(|(object, _)| object.definition.as_deref().is_some_and(is_written));
    let told = listed(defined.map(|(object, _)| object.key.to_string()));
    (!told.is_empty()).then(|| {
        format!(
            "whether the API server holds these objects to the definition that the same operation changes, as it mostly does \
             within milliseconds: {told}"
        )
    })
}

/// What the upgrade renders may not be what was given: without the cluster, `lookup` finds nothing (Helm:
/// `pkg/engine/engine.go`, `RenderWithClientProvider`), and random values are others each time.
fn not_rendered_as_before(facts: &PreviewFacts<'_>) -> Option<String> {
    if facts.operation.kind != PreviewedOperation::Upgrade {
        return None;
    }
    let record = facts.release.records.get(&facts.operation.from)?;
    let mut causes: BTreeMap<Cause, Vec<&str>> = BTreeMap::new();
    for (file, found) in record.variations.own() {
        for variation in found {
            let files = causes.entry(variation.cause).or_default();
            if files.last() != Some(&file) {
                files.push(file);
            }
        }
    }
    let told: Vec<String> = causes
        .into_iter()
        .filter_map(|(cause, files)| {
            let what = match cause {
                Cause::ReadsLive => "read live objects, which `helm template` renders as missing (lookup)",
                Cause::RendersAnew => {
                    "render random values, the time, the revision, or whether it is an upgrade"
                }
                Cause::NotRead => "are larger than what is looked into",
                Cause::Dependency => return None,
            };
            Some(format!("{} {what}", listed(files.into_iter().map(str::to_owned))))
        })
        .collect();
    (!told.is_empty()).then(|| {
        format!(
            "whether the upgrade renders what was given; what `helm upgrade --dry-run=server -o json` renders comes nearest: {}",
            told.join("; ")
        )
    })
}

fn around(facts: &PreviewFacts<'_>, verdict: Verdict) -> Vec<String> {
    let of_verdict = obstacles(facts).filter(|obstacle| obstacle.verdict == verdict);
    let mut sentences: Vec<String> = of_verdict.map(|obstacle| told(&reason_of(obstacle))).collect();
    let more = sentences.len().saturating_sub(MAX_AROUND);
    sentences.truncate(MAX_AROUND);
    if more > 0 {
        sentences.push(format!("{more} more of this kind"));
    }
    sentences
}
