//! The commands that an operator may run, spelled out for one release.
//!
//! Advice is a list, safest first. Whatever overwrites or deletes is marked, comes after what only reads, and after the
//! copy of what it takes away. driftline itself runs none of it.

use crate::model::{Advice, Chart};
use crate::object::ObjectKey;
use crate::release::stored::{Driver, ReleaseKey, StoredRevision};
use crate::vocabulary::ApplyMethod;

/// The commands about one release.
#[derive(Debug, Clone, Copy)]
pub(super) struct Commands<'a> {
    pub(super) key: &'a ReleaseKey,
    /// How Helm applies the release.
    pub(super) method: ApplyMethod,
    /// Whether others own fields that Helm would write.
    pub(super) contested: Contested,
}

/// Whether managers other than Helm own fields of the release with other values than its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contested {
    /// None do.
    No,
    /// Some do.
    Yes,
}

/// What reading changes.
const NOTHING: &str = "nothing: it only reads";

fn reads(command: String, why: &str) -> Advice {
    Advice {
        command,
        destructive: false,
        why: why.to_owned(),
        changes: NOTHING.to_owned(),
    }
}

fn keeps(command: String, why: &str) -> Advice {
    Advice {
        command,
        destructive: false,
        why: why.to_owned(),
        changes: "nothing in the cluster: it writes a file here".to_owned(),
    }
}

fn destroys(command: String, why: &str, changes: &str) -> Advice {
    Advice {
        command,
        destructive: true,
        why: why.to_owned(),
        changes: changes.to_owned(),
    }
}

impl Commands<'_> {
    /// A `helm` command line. Helm looks into Secrets unless told otherwise.
    fn helm(self, rest: &str) -> String {
        let driver = match self.key.driver {
            Driver::Secret => "",
            Driver::ConfigMap => "HELM_DRIVER=configmap ",
        };
        format!("{driver}helm {rest} -n {}", self.key.namespace)
    }

    /// What makes server-side apply write over other managers' fields: only where there are any, and only where Helm
    /// applies that way, which Helm 3 does not.
    const fn force(self) -> &'static str {
        match (self.method, self.contested) {
            (ApplyMethod::Ssa, Contested::Yes) => " --force-conflicts",
            (ApplyMethod::Ssa | ApplyMethod::Csa, _) => "",
        }
    }

    fn record(self, revision: &StoredRevision) -> String {
        let kind = self.key.driver.resource().trim_end_matches('s');
        format!("{kind} {} -n {}", revision.object, self.key.namespace)
    }

    /// Helm's own words on every revision: the first thing to run in any trouble.
    pub(super) fn history(self) -> Advice {
        reads(
            self.helm(&format!("history {}", self.key.name)),
            "shows Helm's own description of every revision",
        )
    }

    /// Whether the operation comes to its end.
    pub(super) fn watch_record(self, revision: &StoredRevision) -> Advice {
        reads(
            format!("kubectl get {} --show-labels --watch", self.record(revision)),
            "shows when the record gets another status; Ctrl-C ends it",
        )
    }

    /// What the objects wait for.
    pub(super) fn events(self) -> Advice {
        reads(
            format!(
                "kubectl get events -n {} --sort-by=.lastTimestamp",
                self.key.namespace
            ),
            "shows what the objects of the namespace are waiting for, and who is at work on them",
        )
    }

    /// Copies of what the commands below overwrite or delete.
    pub(super) fn backup(self, revisions: &[u64]) -> Vec<Advice> {
        let ReleaseKey { name, namespace, .. } = self.key;
        let mut advice = vec![keeps(
            format!(
                "kubectl get {} -n {namespace} -l owner=helm,name={name} -o yaml > {name}-records.yaml",
                self.key.driver.resource(),
            ),
            "keeps all of Helm's records of the release; the file holds its Secrets, so guard it like one",
        )];
        for revision in revisions {
            for what in ["values", "manifest"] {
                let format = if what == "values" { " -o yaml" } else { "" };
                advice.push(keeps(
                    self.helm(&format!("get {what} {name} --revision {revision}{format}"))
                        + &format!(" > {name}-{what}-{revision}.yaml"),
                    &format!("keeps the {what} of revision {revision}"),
                ));
            }
        }
        advice
    }

    /// To a revision, which Helm accepts in any state of the newest one, and which needs no chart.
    pub(super) fn rollback(self, to: u64, why: &str, options: &str) -> Advice {
        let changes = format!(
            "writes the objects of revision {to} once more, as a new revision, over whatever was changed since; deletes \
             what only the newest revision has; runs hooks for rollbacks and no others"
        );
        destroys(
            self.helm(&format!(
                "rollback {} {to}{options}{}",
                self.key.name,
                self.force()
            )),
            why,
            &changes,
        )
    }

    /// The chart of a revision with its values once more. driftline knows the chart's name, not where it is from.
    pub(super) fn upgrade(self, chart: Option<&Chart>, revision: u64, why: &str, options: &str) -> Advice {
        let name = &self.key.name;
        let (chart, version) = match chart {
            Some(chart) => (chart.name.to_uppercase(), format!(" --version {}", chart.version)),
            None => ("CHART".to_owned(), String::new()),
        };
        destroys(
            self.helm(&format!(
                "upgrade {name} {chart}{version} -f {name}-values-{revision}.yaml{options}{}",
                self.force()
            )),
            why,
            "writes the chart's objects over the live ones, as a new revision; runs hooks for upgrades. The chart's name \
             in capitals stands for wherever it comes from",
        )
    }

    /// The end of the release.
    pub(super) fn uninstall(self, why: &str, options: &str) -> Advice {
        destroys(
            self.helm(&format!("uninstall {}{options}", self.key.name)),
            why,
            "deletes every object of the newest revision, volume claims with their data included, and the history; runs \
             hooks for deletions",
        )
    }

    /// The last resort: what Helm knows of one revision.
    pub(super) fn delete_record(self, revision: &StoredRevision, why: &str) -> Advice {
        destroys(
            format!("kubectl delete {}", self.record(revision)),
            why,
            &format!(
                "Helm forgets revision {}; its objects stay, and nobody finds those that only it has",
                revision.revision
            ),
        )
    }
}

/// `kubectl`'s name of an object.
fn object(key: &ObjectKey) -> String {
    let kind = key.gvk.kind.to_lowercase();
    let kind = match key.gvk.group() {
        "" => kind,
        group => format!("{kind}.{group}"),
    };
    match &key.namespace {
        Some(namespace) => format!("{kind} {} -n {namespace}", key.name),
        None => format!("{kind} {}", key.name),
    }
}

/// Looks at one object.
pub(super) fn describe(key: &ObjectKey, why: &str) -> Advice {
    reads(format!("kubectl describe {}", object(key)), why)
}

/// What the containers of a Job or Pod say.
pub(super) fn logs(key: &ObjectKey) -> Advice {
    let namespace = key.namespace.as_deref().unwrap_or_default();
    let kind = key.gvk.kind.to_lowercase();
    reads(
        format!(
            "kubectl logs {kind}/{} -n {namespace} --all-containers --tail=100",
            key.name
        ),
        "shows what it said; its Pods may be gone already",
    )
}

/// Waits for the end of a Job.
pub(super) fn await_completion(key: &ObjectKey) -> Advice {
    reads(
        format!(
            "kubectl wait --for=condition=complete {} --timeout=30m",
            object(key)
        ),
        "waits for its end, up to half an hour",
    )
}

/// Waits until an object that is being deleted has gone.
pub(super) fn await_deletion(key: &ObjectKey) -> Advice {
    reads(
        format!("kubectl wait --for=delete {} --timeout=10m", object(key)),
        "waits until it has gone: what is written to it before that goes with it",
    )
}

/// A copy of an object.
pub(super) fn keep_object(key: &ObjectKey) -> Advice {
    let file = format!("{}-{}.yaml", key.gvk.kind.to_lowercase(), key.name);
    keeps(
        format!("kubectl get {} -o yaml > {file}", object(key)),
        "keeps a copy of it",
    )
}

/// Deletes an object.
pub(super) fn delete_object(key: &ObjectKey, why: &str, changes: &str) -> Advice {
    destroys(format!("kubectl delete {}", object(key)), why, changes)
}

/// Keeps Helm from deleting an object that its chart drops (Helm: `pkg/kube/client.go`, `Update`, reads the live
/// annotation).
pub(super) fn protect(key: &ObjectKey) -> Advice {
    destroys(
        format!("kubectl annotate {} helm.sh/resource-policy=keep", object(key)),
        "if the other release shall have it: then leave it out of this release's next upgrade, and Helm does not delete it",
        "sets an annotation on it, which does not help against helm uninstall",
    )
}

/// Lets an object go whose finalizers nobody serves.
pub(super) fn drop_finalizers(key: &ObjectKey) -> Advice {
    destroys(
        format!(
            "kubectl patch {} --type=merge -p '{{\"metadata\":{{\"finalizers\":null}}}}'",
            object(key)
        ),
        "only if the controller that serves the finalizer is gone for good",
        "the object vanishes at once, and what the finalizer stood for (cloud disks, load balancers, data) is left behind",
    )
}
