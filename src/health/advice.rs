//! The commands that an operator may run, spelled out for one release.
//!
//! Advice is a list of commands, safest first. A command that overwrites or deletes is marked; it comes after the
//! commands that only read, and after the command that saves a copy of what it takes away. driftline itself runs none.

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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Contested {
    /// None do.
    #[default]
    No,
    /// Some do.
    Yes,
}

/// The effect of a command that only reads.
const NOTHING: &str = "nothing: it only reads";

fn reads(command: String, why: &str) -> Advice {
    Advice {
        command,
        destructive: false,
        why: why.to_owned(),
        changes: NOTHING.to_owned(),
    }
}

fn saves(command: String, why: &str) -> Advice {
    Advice {
        command,
        destructive: false,
        why: why.to_owned(),
        changes: "nothing in the cluster: it writes a local file".to_owned(),
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
    /// A `helm` command line. Helm looks into Secrets by default.
    fn helm(self, rest: &str) -> String {
        let driver = match self.key.driver {
            Driver::Secret => "",
            Driver::ConfigMap => "HELM_DRIVER=configmap ",
        };
        format!("{driver}helm {rest} -n {}", self.key.namespace)
    }

    /// The flag that lets server-side apply write over the fields of other managers: only where there are such fields,
    /// and only where Helm applies that way, which Helm 3 does not.
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

    /// Shows Helm's own description of every revision: the first command to run in any trouble.
    pub(super) fn history(self) -> Advice {
        reads(
            self.helm(&format!("history {}", self.key.name)),
            "shows Helm's own description of every revision",
        )
    }

    /// Shows whether the operation completes.
    pub(super) fn watch_record(self, revision: &StoredRevision) -> Advice {
        reads(
            format!("kubectl get {} --show-labels --watch", self.record(revision)),
            "shows when the status of the record changes; stop it with Ctrl-C",
        )
    }

    /// Shows what the objects are waiting for.
    pub(super) fn events(self) -> Advice {
        reads(
            format!(
                "kubectl get events -n {} --sort-by=.lastTimestamp",
                self.key.namespace
            ),
            "shows what the objects in the namespace are waiting for, and which controllers act on them",
        )
    }

    /// Saves copies of everything that the commands below overwrite or delete.
    pub(super) fn backup(self, revisions: &[u64]) -> Vec<Advice> {
        let ReleaseKey { name, namespace, .. } = self.key;
        let mut advice = vec![saves(
            format!(
                "kubectl get {} -n {namespace} -l owner=helm,name={name} -o yaml > {name}-records.yaml",
                self.key.driver.resource(),
            ),
            "saves all of Helm's records of the release; the file contains its Secrets, so protect it like one",
        )];
        for revision in revisions {
            for what in ["values", "manifest"] {
                let format = if what == "values" { " -o yaml" } else { "" };
                advice.push(saves(
                    self.helm(&format!("get {what} {name} --revision {revision}{format}"))
                        + &format!(" > {name}-{what}-{revision}.yaml"),
                    &format!("saves the {what} of revision {revision}"),
                ));
            }
        }
        advice
    }

    /// A rollback to a revision, which Helm accepts in any state of the newest one, and which needs no chart.
    pub(super) fn rollback(self, to: u64, why: &str, options: &str) -> Advice {
        let changes = format!(
            "applies the objects of revision {to} again, as a new revision, and overwrites later changes; deletes objects \
             that only the newest revision has; runs only rollback hooks"
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

    /// An upgrade to the chart of a revision with the values of that revision.
    pub(super) fn upgrade(self, chart: Option<&Chart>, revision: u64, why: &str, options: &str) -> Advice {
        let name = &self.key.name;
        let version = chart
            .map(|chart| chart.version.as_str())
            .filter(|version| is_plain_word(version))
            .map_or_else(String::new, |version| format!(" --version {version}"));
        let chart = chart_placeholder(chart);
        destroys(
            self.helm(&format!(
                "upgrade {name} {chart}{version} -f {name}-values-{revision}.yaml{options}{}",
                self.force()
            )),
            why,
            "applies the chart's objects over the live ones, as a new revision; runs upgrade hooks. Replace the quoted \
             placeholder by the chart's reference: a path, a URL or REPOSITORY/NAME",
        )
    }

    /// An uninstallation of the release.
    pub(super) fn uninstall(self, why: &str, options: &str) -> Advice {
        destroys(
            self.helm(&format!("uninstall {}{options}", self.key.name)),
            why,
            "deletes every object of the newest revision, PersistentVolumeClaims and their data included, and the history \
             of the release; runs delete hooks",
        )
    }

    /// Deletes the record of one revision: the last resort.
    pub(super) fn delete_record(self, revision: &StoredRevision, why: &str) -> Advice {
        destroys(
            format!("kubectl delete {}", self.record(revision)),
            why,
            &format!(
                "Helm forgets revision {}; its objects stay in the cluster, and no release knows those that only this \
                 revision has",
                revision.revision
            ),
        )
    }
}

/// A placeholder for the reference of a chart, which driftline does not know. In quotes, so that the shell takes it for one word
/// and not for redirections: Helm refuses it, as there is no such chart.
pub(super) fn chart_placeholder(chart: Option<&Chart>) -> String {
    let name = chart.map(|chart| chart.name.as_str());
    match name.filter(|name| is_plain_word(name)) {
        Some(name) => format!("'<chart {name}>'"),
        None => "'<chart>'".to_owned(),
    }
}

/// Whether a text from a record is one word to any shell, and no option to Helm. Records can say anything.
fn is_plain_word(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
    !text.is_empty() && !text.starts_with('-') && text.bytes().all(is_plain)
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

/// Shows the logs of a Job or Pod.
pub(super) fn logs(key: &ObjectKey) -> Advice {
    let namespace = key.namespace.as_deref().unwrap_or_default();
    let kind = key.gvk.kind.to_lowercase();
    reads(
        format!(
            "kubectl logs {kind}/{} -n {namespace} --all-containers --tail=100",
            key.name
        ),
        "shows the container logs (Pods may already be deleted)",
    )
}

/// Waits until a Job or a Pod completes. A Pod has a phase in place of the condition (`kubectl wait --help`).
pub(super) fn await_completion(key: &ObjectKey) -> Advice {
    let end = if key.gvk.kind == "Pod" {
        "jsonpath='{.status.phase}'=Succeeded"
    } else {
        "condition=complete"
    };
    reads(
        format!("kubectl wait --for={end} {} --timeout=30m", object(key)),
        "waits until it completes, for at most 30 minutes",
    )
}

/// Waits until an object that is being deleted no longer exists.
pub(super) fn await_deletion(key: &ObjectKey) -> Advice {
    reads(
        format!("kubectl wait --for=delete {} --timeout=10m", object(key)),
        "waits until the object is deleted: changes written to it before that are deleted with it",
    )
}

/// Saves a copy of an object.
pub(super) fn save_object(key: &ObjectKey) -> Advice {
    let file = format!("{}-{}.yaml", key.gvk.kind.to_lowercase(), key.name);
    saves(
        format!("kubectl get {} -o yaml > {file}", object(key)),
        "saves a copy of the object",
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
        "if the other owner is to keep the object: after this, drop it from this release's chart, and the next upgrade does not \
         delete it",
        "sets an annotation on the live object; helm uninstall reads only the manifest, and still deletes the object",
    )
}

/// Lets the API server delete an object although no controller removes its finalizers.
pub(super) fn drop_finalizers(key: &ObjectKey) -> Advice {
    destroys(
        format!(
            "kubectl patch {} --type=merge -p '{{\"metadata\":{{\"finalizers\":null}}}}'",
            object(key)
        ),
        "only if the controller that handles the finalizer is gone for good",
        "the object is deleted at once, and what the finalizer protects (cloud disks, load balancers, data) is left behind",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_is_waited_for_by_its_phase() {
        for (api_version, kind, command) in [
            (
                "batch/v1",
                "Job",
                "kubectl wait --for=condition=complete job.batch migrate -n shop --timeout=30m",
            ),
            (
                "v1",
                "Pod",
                "kubectl wait --for=jsonpath='{.status.phase}'=Succeeded pod migrate -n shop --timeout=30m",
            ),
        ] {
            let key = ObjectKey {
                gvk: crate::object::Gvk::new(api_version, kind),
                namespace: Some("shop".into()),
                name: "migrate".into(),
            };
            assert_eq!(await_completion(&key).command, command);
        }
    }

    /// Everybody who may write a record can choose the chart's name, and an operator pastes the command.
    #[test]
    fn a_chart_is_named_only_where_its_name_is_harmless() {
        let chart = |name: &str| Chart {
            name: name.into(),
            version: "1.0.0".into(),
        };
        for (name, placeholder) in [
            ("web", "'<chart web>'"),
            ("we'b", "'<chart>'"),
            ("web;reboot", "'<chart>'"),
            ("--post-renderer", "'<chart>'"),
            ("", "'<chart>'"),
        ] {
            assert_eq!(chart_placeholder(Some(&chart(name))), placeholder);
        }
        assert_eq!(chart_placeholder(None), "'<chart>'");
    }
}
