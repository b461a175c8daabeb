//! The commands that an operator may run, spelled out for one release.
//!
//! Advice is a list of commands, safest first. A command that overwrites or deletes is marked; it comes after the
//! commands that only read, and after the command that saves a copy of what it takes away. driftline itself runs none.
//!
//! Everything that a record or an object says may stand in a command, so a command is made of words
//! ([`crate::shell::Command`]), and none is made of a text that breaks the rule for it.

use super::losses;
use super::steps::{Effect, Step, Subject};
use crate::model::Chart;
use crate::object::ObjectKey;
use crate::release::stored::{Driver, ReleaseKey, StoredRevision};
use crate::shell::{Command, FileName, ObjectName, Refusal, Word};
use crate::vocabulary::ApplyMethod;

/// The commands about one release.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Commands<'a> {
    pub(crate) key: &'a ReleaseKey,
    /// How Helm applies the release.
    pub(crate) method: ApplyMethod,
    /// Whether others own fields that Helm would write.
    pub(crate) contested: Contested,
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

pub(crate) fn reads(subject: Subject, command: Result<Command, Refusal>, why: &str) -> Step {
    Step {
        subject,
        effect: Effect::Reads,
        command,
        why: why.to_owned(),
        changes: NOTHING.to_owned(),
    }
}

/// The secrets in a file that a command writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Secrets {
    /// There are none.
    None,
    /// It may have some: manifests have Secrets, and values have passwords.
    Perhaps,
    /// It is a Secret.
    One,
    /// It has those of the release.
    All,
}

impl Secrets {
    /// The warning to whoever runs the command.
    const fn warning(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Perhaps => "; the file may contain Secrets, so protect it like one",
            Self::One => "; the file contains a Secret, so protect it like one",
            Self::All => "; the file contains its Secrets, so protect it like one",
        }
    }
}

fn saves(subject: Subject, command: Result<Command, Refusal>, why: &str, secrets: Secrets) -> Step {
    Step {
        subject,
        effect: Effect::Saves,
        command,
        why: format!("{why}{}", secrets.warning()),
        changes: "nothing in the cluster: it writes a local file".to_owned(),
    }
}

pub(crate) fn destroys(
    subject: Subject,
    command: Result<Command, Refusal>,
    why: &str,
    changes: &str,
) -> Step {
    Step {
        subject,
        effect: Effect::Destroys,
        command,
        why: why.to_owned(),
        changes: changes.to_owned(),
    }
}

impl Commands<'_> {
    /// A `helm` command about the release.
    fn helm(self, verb: &[&'static str], rest: impl FnOnce(Command) -> Command) -> Result<Command, Refusal> {
        let command = Command::helm(verb, self.key.driver.as_str());
        let command = rest(command.word(&Word::release(&self.key.name)?));
        self.in_namespace(command)
    }

    pub(crate) fn in_namespace(self, command: Command) -> Result<Command, Refusal> {
        let namespace = Word::namespace(&self.key.namespace)?;
        Ok(command.literal(&["-n"]).word(&namespace))
    }

    /// The flag that lets server-side apply write over the fields of other managers: only where there are such fields,
    /// and only where Helm applies that way, which Helm 3 does not.
    const fn force(self) -> &'static [&'static str] {
        match (self.method, self.contested) {
            (ApplyMethod::Ssa, Contested::Yes) => &["--force-conflicts"],
            (ApplyMethod::Ssa | ApplyMethod::Csa, _) => &[],
        }
    }

    /// A command of driftline's own about the release, and a revision of it where one is named.
    fn driftline(self, verbs: &[&'static str], revision: Option<u64>) -> Result<Command, Refusal> {
        let command = Command::new("driftline", verbs).word(&Word::release(&self.key.name)?);
        self.in_namespace(match revision {
            Some(revision) => command.word(&Word::number(revision)),
            None => command,
        })
    }

    /// Shows every way out of the state that the release is in.
    pub(crate) fn diagnose(self, why: &str) -> Step {
        reads(Subject::Release, self.driftline(&["diagnose"], None), why)
    }

    /// Previews a rollback.
    pub(crate) fn preview_rollback(self, to: Option<u64>, why: &str) -> Step {
        let command = self.driftline(&["preview", "rollback"], to);
        reads(Subject::Release, command, why)
    }

    /// Previews an upgrade to rendered manifests.
    pub(crate) fn preview_upgrade(self, why: &str) -> Step {
        let command = self.driftline(&["preview", "upgrade"], None).map(|command| {
            command
                .literal(&["-f"])
                .word(&Word::placeholder("manifests", None))
        });
        reads(Subject::Release, command, why)
    }

    /// A `kubectl` command about the record of a revision.
    fn record(self, verb: &'static str, revision: &StoredRevision) -> Result<Command, Refusal> {
        let kind = match self.key.driver {
            Driver::Secret => "secret",
            Driver::ConfigMap => "configmap",
        };
        // The object's name holds the release's name, and no other part of it is free.
        Word::release(&self.key.name)?;
        let name = ObjectName::new("", &revision.object)?;
        let command = Command::new("kubectl", &[verb]).object(&Word::resource("v1", kind)?, &name);
        self.in_namespace(command)
    }

    /// A file for a copy.
    fn file(self, rest: &str) -> Result<FileName, Refusal> {
        FileName::new(format!("{}-{rest}.yaml", Word::release(&self.key.name)?.as_str()))
    }

    /// Shows Helm's own description of every revision: the first command to run in any trouble.
    pub(crate) fn history(self) -> Step {
        reads(
            Subject::Release,
            self.helm(&["history"], |command| command),
            "shows Helm's own description of every revision",
        )
    }

    /// Shows whether the operation completes.
    pub(crate) fn watch_record(self, revision: &StoredRevision) -> Step {
        let command = self.record("get", revision);
        reads(
            Subject::Release,
            command.map(|command| command.literal(&["--show-labels", "--watch"])),
            "shows when the status of the record changes; stop it with Ctrl-C",
        )
    }

    /// Shows what the objects are waiting for.
    pub(super) fn events(self) -> Step {
        let command = self.in_namespace(Command::new("kubectl", &["get", "events"]));
        reads(
            Subject::Release,
            command.map(|command| command.literal(&["--sort-by=.lastTimestamp"])),
            "shows what the objects in the namespace are waiting for, and which controllers act on them",
        )
    }

    /// Saves copies of everything that the commands below overwrite or delete.
    pub(crate) fn backup(self, revisions: &[u64]) -> Vec<Step> {
        let mut steps = vec![saves(
            Subject::Release,
            self.save_records(),
            "saves all of Helm's records of the release",
            Secrets::All,
        )];
        for revision in revisions {
            for what in ["values", "manifest"] {
                steps.push(saves(
                    Subject::Release,
                    self.save_part(what, *revision),
                    &format!("saves the {what} of revision {revision}"),
                    Secrets::Perhaps,
                ));
            }
        }
        steps
    }

    fn save_records(self) -> Result<Command, Refusal> {
        let command = Command::new("kubectl", &["get", self.key.driver.resource()]);
        let command = self
            .in_namespace(command)?
            .literal(&["-l"])
            .joined("owner=helm,name=", &Word::release(&self.key.name)?)
            .literal(&["-o", "yaml"]);
        Ok(command.into_file(self.file("records")?))
    }

    fn save_part(self, what: &'static str, revision: u64) -> Result<Command, Refusal> {
        let format: &[&str] = if what == "values" { &["-o", "yaml"] } else { &[] };
        let command = self.helm(&["get", what], |command| {
            command
                .literal(&["--revision"])
                .word(&Word::number(revision))
                .literal(format)
        })?;
        Ok(command.into_file(self.file(&format!("{what}-{revision}"))?))
    }

    /// A rollback to a revision, which Helm accepts in any state of the newest one, and which needs no chart.
    pub(crate) fn rollback(self, to: u64, why: &str, options: &[&'static str]) -> Step {
        let hooks = if options.contains(&"--no-hooks") {
            "no hooks"
        } else {
            "only rollback hooks"
        };
        let changes = format!(
            "applies the objects of revision {to} again, as a new revision, and overwrites later changes; runs {hooks}"
        );
        let command = self.helm(&["rollback"], |command| {
            command
                .word(&Word::number(to))
                .literal(options)
                .literal(self.force())
        });
        destroys(Subject::Rollback(to), command, why, &changes)
    }

    /// The upgrade of which rendered manifests are.
    pub(crate) fn upgrade_as_rendered(self, why: &str, options: &[&'static str]) -> Step {
        let command = self.helm(&["upgrade"], |command| {
            let command = command.word(&chart_placeholder(None));
            command.literal(options).literal(self.force())
        });
        destroys(
            Subject::Upgrade,
            command,
            why,
            "applies the chart's objects over the live ones, as a new revision; runs upgrade hooks. Replace the quoted \
             placeholder by the chart that the manifests were rendered from, and add its version and values",
        )
    }

    /// An upgrade to the chart of a revision with the values of that revision.
    pub(super) fn upgrade(self, chart: Option<&Chart>, revision: u64, why: &str) -> Step {
        destroys(
            Subject::Upgrade,
            self.upgrade_command(chart, revision),
            why,
            "applies the chart's objects over the live ones, as a new revision; runs upgrade hooks. Replace the quoted \
             placeholder by the chart's reference: a path, a URL or REPOSITORY/NAME",
        )
    }

    fn upgrade_command(self, chart: Option<&Chart>, revision: u64) -> Result<Command, Refusal> {
        let version = chart
            .map(|chart| chart.version.as_str())
            .filter(|version| !version.is_empty())
            .map(Word::chart_version)
            .transpose()?;
        let values = self.file(&format!("values-{revision}"))?;
        self.helm(&["upgrade"], |command| {
            let command = command.word(&chart_placeholder(chart));
            let command = match &version {
                Some(version) => command.literal(&["--version"]).word(version),
                None => command,
            };
            command.literal(&["-f"]).from_file(&values).literal(self.force())
        })
    }

    /// An uninstallation of the release.
    pub(super) fn uninstall(self, why: &str, options: &[&'static str]) -> Step {
        destroys(
            Subject::Uninstall,
            self.helm(&["uninstall"], |command| command.literal(options)),
            why,
            "deletes every object of the newest revision but those that its manifest keeps, and the history of the release; runs \
             delete hooks",
        )
    }

    /// Deletes the objects of a revision's manifest, which was saved before.
    pub(super) fn delete_manifest(self, revision: u64, why: &str) -> Step {
        let command = self.file(&format!("manifest-{revision}")).and_then(|file| {
            let command = Command::new("kubectl", &["delete", "--ignore-not-found", "-f"]).from_file(&file);
            self.in_namespace(command)
        });
        destroys(
            Subject::Uninstall,
            command,
            why,
            "deletes every object that the saved manifest names, whoever it belongs to by now",
        )
    }

    /// Deletes the records of all revisions: the end of a release that Helm cannot uninstall.
    pub(super) fn delete_records(self, why: &str) -> Step {
        let command = Command::new("kubectl", &["delete", self.key.driver.resource()]);
        let command = self.in_namespace(command).and_then(|command| {
            let name = Word::release(&self.key.name)?;
            Ok(command.literal(&["-l"]).joined("owner=helm,name=", &name))
        });
        destroys(
            Subject::Release,
            command,
            why,
            "Helm forgets the release; what is left of its objects stays in the cluster, and no release knows it",
        )
    }

    /// Deletes the record of one revision: the last resort.
    pub(super) fn delete_record(self, revision: &StoredRevision, why: &str) -> Step {
        destroys(
            Subject::Release,
            self.record("delete", revision),
            why,
            &format!(
                "Helm forgets revision {}; its objects stay in the cluster, and no release knows those that only this \
                 revision has",
                revision.revision
            ),
        )
    }
}

/// The commands about a release without records, and its objects.
impl Commands<'_> {
    /// Shows whether a record of the release is anywhere.
    pub(super) fn find_records(self) -> Step {
        let command = Word::release(&self.key.name).map(|name| {
            Command::new("kubectl", &["get", "secrets,configmaps", "-A", "-l"])
                .joined("owner=helm,name=", &name)
        });
        reads(
            Subject::Release,
            command,
            "shows the records of releases of this name in all namespaces; records in a SQL database are not among them",
        )
    }

    /// Shows what an installation would do.
    pub(super) fn try_installation(self) -> Step {
        let command = self.helm(&["install"], |command| {
            command
                .word(&chart_placeholder(None))
                .literal(&["--dry-run=server"])
        });
        reads(
            Subject::Release,
            command,
            "shows what an installation would apply; replace the placeholder by the chart's reference and add the values \
             that the release had",
        )
    }

    /// Hands the objects back to a release. Helm takes over objects whose metadata names this very release (Helm:
    /// `pkg/action/validate.go`, `checkOwnership`).
    pub(super) fn adopt(self) -> Step {
        let command = self.helm(&["install"], |command| command.word(&chart_placeholder(None)));
        destroys(
            Subject::Release,
            command,
            "makes a release of the chart again, which takes over those of these objects that the chart has",
            "applies the chart's objects over the live ones, as revision 1, and creates the others; runs install hooks",
        )
    }

    /// Brings back a release that was uninstalled and whose history was kept.
    pub(super) fn revive(self, revision: u64) -> Step {
        let command = self.helm(&["rollback"], |command| command.word(&Word::number(revision)));
        destroys(
            Subject::Release,
            command,
            "makes the release again from its last revision, which takes over these objects",
            &format!("creates or overwrites every object of revision {revision}; runs rollback hooks"),
        )
    }
}

/// A placeholder for the reference of a chart, which driftline does not know. Helm refuses it, as there is no such chart.
fn chart_placeholder(chart: Option<&Chart>) -> Word {
    Word::placeholder("chart", chart.map(|chart| chart.name.as_str()))
}

/// Compares the definitions in a chart's `crds/` with the cluster.
pub(super) fn compare_definitions(chart: Option<&Chart>) -> Command {
    Command::new("helm", &["show", "crds"])
        .word(&chart_placeholder(chart))
        .pipe(Command::new("kubectl", &["diff", "-f", "-"]))
}

/// A `kubectl` command about an object.
pub(crate) fn kubectl(verb: &[&'static str], key: &ObjectKey) -> Result<Command, Refusal> {
    let kind = Word::resource(&key.gvk.api_version, &key.gvk.kind)?;
    let name = ObjectName::new(key.gvk.group(), &key.name)?;
    let command = Command::new("kubectl", verb).object(&kind, &name);
    match &key.namespace {
        Some(namespace) => Ok(command.literal(&["-n"]).word(&Word::namespace(namespace)?)),
        None => Ok(command),
    }
}

fn object(key: &ObjectKey) -> Subject {
    Subject::Object(key.clone())
}

/// Looks at one object.
pub(crate) fn describe(key: &ObjectKey, why: &str) -> Step {
    reads(object(key), kubectl(&["describe"], key), why)
}

/// Shows who owns the fields of an object.
pub(crate) fn show_owners(key: &ObjectKey) -> Step {
    let command = kubectl(&["get"], key);
    reads(
        object(key),
        command.map(|command| command.literal(&["-o", "yaml", "--show-managed-fields"])),
        "shows its values and, under managedFields, which manager owns each field",
    )
}

/// Shows the logs of a Job or Pod.
pub(super) fn logs(key: &ObjectKey) -> Step {
    reads(
        object(key),
        logs_command(key),
        "shows the container logs (Pods may already be deleted)",
    )
}

fn logs_command(key: &ObjectKey) -> Result<Command, Refusal> {
    let kind = Word::resource("v1", &key.gvk.kind)?;
    let name = ObjectName::new(key.gvk.group(), &key.name)?;
    let namespace = Word::namespace(key.namespace.as_deref().unwrap_or_default())?;
    Ok(Command::new("kubectl", &["logs"])
        .word(&Word::object(&kind, &name))
        .literal(&["-n"])
        .word(&namespace)
        .literal(&["--all-containers", "--tail=100"]))
}

/// Waits until a Job or a Pod completes. A Pod has a phase in place of the condition (`kubectl wait --help`).
pub(crate) fn await_completion(key: &ObjectKey) -> Step {
    let end = if key.gvk.kind == "Pod" {
        "--for=jsonpath={.status.phase}=Succeeded"
    } else {
        "--for=condition=complete"
    };
    let command = kubectl(&["wait", end], key);
    reads(
        object(key),
        command.map(|command| command.literal(&["--timeout=30m"])),
        "waits until it completes, for at most 30 minutes",
    )
}

/// Waits until an object that is being deleted no longer exists.
pub(super) fn await_deletion(key: &ObjectKey) -> Step {
    let command = kubectl(&["wait", "--for=delete"], key);
    reads(
        object(key),
        command.map(|command| command.literal(&["--timeout=10m"])),
        "waits until the object is deleted: changes written to it before that are deleted with it",
    )
}

/// Saves a copy of an object.
pub(crate) fn save_object(key: &ObjectKey) -> Step {
    let secrets = match (key.gvk.group(), key.gvk.kind.as_str()) {
        ("", "Secret") => Secrets::One,
        _ => Secrets::None,
    };
    saves(
        object(key),
        save_command(key),
        "saves a copy of the object",
        secrets,
    )
}

/// Saves the objects that go with a definition when it is deleted; `None` of another kind.
pub(crate) fn save_instances(key: &ObjectKey) -> Option<Step> {
    if !key.gvk.is_definition() {
        return None;
    }
    let command = || {
        // A definition has the name of its resource (apiextensions-apiserver: `ValidateCustomResourceDefinition`).
        let command = Command::new("kubectl", &["get"]).word(&Word::subdomain(&key.name)?);
        let file = FileName::new(format!("objects-of-{}.yaml", key.name))?;
        Ok(command.literal(&["-A", "-o", "yaml"]).into_file(file))
    };
    Some(saves(
        object(key),
        command(),
        "saves the objects of its kind, which go with it",
        Secrets::Perhaps,
    ))
}

fn save_command(key: &ObjectKey) -> Result<Command, Refusal> {
    let command = kubectl(&["get"], key)?.literal(&["-o", "yaml"]);
    let file = FileName::new(format!("{}-{}.yaml", key.gvk.kind.to_lowercase(), key.name))?;
    Ok(command.into_file(file))
}

/// Deletes an object.
pub(super) fn delete_object(key: &ObjectKey, why: &str, changes: &str) -> Step {
    destroys(object(key), kubectl(&["delete"], key), why, changes)
}

/// Keeps Helm from deleting an object that its chart drops (Helm: `pkg/kube/client.go`, `Update`, reads the live
/// annotation).
pub(super) fn protect(key: &ObjectKey) -> Step {
    destroys(
        object(key),
        protect_command(key),
        "if somebody else is to keep the object: after this, drop it from this release's chart, and the next upgrade does not \
         delete it",
        "sets an annotation on the live object; helm uninstall reads only the manifest: that of Helm 3 still deletes the object, \
         and that of Helm 4 leaves an object that is not the release's",
    )
}

/// Keeps a rollback from deleting an object, before that rollback.
pub(super) fn protect_first(key: &ObjectKey) -> Step {
    destroys(
        object(key),
        protect_command(key),
        "first, so that the rollback does not delete it; leave this out only if it may go",
        "sets an annotation on the live object, which Helm reads before it deletes: the object then stays, and no revision in use \
         has it",
    )
}

/// Sets the drifted fields of an object back by hand.
pub(super) fn set_back(key: &ObjectKey, patch: &str) -> Step {
    let command = kubectl(&["patch"], key)
        .and_then(|command| Ok(command.literal(&["--type=json", "-p"]).word(&Word::json(patch)?)));
    destroys(
        object(key),
        command,
        "first, because Helm fails at this object as it is: sets its drifted fields back, where the API server lets them change",
        "overwrites the drifted fields of the object with the deployed revision's values",
    )
}

/// Deletes an object so that Helm creates it again.
pub(super) fn make_anew(key: &ObjectKey, why: &str) -> Step {
    let changes = format!(
        "{}, until Helm creates it again; what refers to it fails until then",
        losses::loss(&key.gvk.kind)
    );
    destroys(object(key), kubectl(&["delete"], key), why, &changes)
}

/// Shows the admission webhooks, what they call, and whether they may be passed over.
pub(super) fn webhooks() -> Step {
    let columns = "-o=custom-columns=KIND:.kind,NAME:.metadata.name,WEBHOOKS:.webhooks[*].name,\
                   NAMESPACES:.webhooks[*].clientConfig.service.namespace,SERVICES:.webhooks[*].clientConfig.service.name,\
                   POLICIES:.webhooks[*].failurePolicy";
    reads(
        Subject::Release,
        Ok(Command::new(
            "kubectl",
            &[
                "get",
                "validatingwebhookconfigurations,mutatingwebhookconfigurations",
                columns,
            ],
        )),
        "shows which Service the webhook of Helm's message calls: see whether it has endpoints, and mend it before anything else",
    )
}

/// Shows the quotas of the namespace, and what of them is used.
pub(super) fn quotas(commands: Commands<'_>) -> Step {
    let command = commands.in_namespace(Command::new(
        "kubectl",
        &["describe", "resourcequotas,limitranges"],
    ));
    reads(
        Subject::Release,
        command,
        "shows the quotas and limits of the namespace, and how much of them is used",
    )
}

/// Shows what keeps a namespace from being deleted.
pub(super) fn describe_namespace(commands: Commands<'_>) -> Step {
    let name = Word::namespace(&commands.key.namespace);
    reads(
        Subject::Release,
        name.map(|name| Command::new("kubectl", &["describe", "namespace"]).word(&name)),
        "shows what keeps the namespace from being deleted",
    )
}

pub(crate) fn protect_command(key: &ObjectKey) -> Result<Command, Refusal> {
    let command = kubectl(&["annotate"], key)?;
    if ObjectName::new(key.gvk.group(), &key.name)?.is_like_an_annotation() {
        return Err(Refusal::LikeAnAnnotation);
    }
    Ok(command.literal(&["helm.sh/resource-policy=keep"]))
}

/// Lets the API server delete an object although no controller removes its finalizers.
pub(super) fn drop_finalizers(key: &ObjectKey) -> Step {
    let patch = ["--type=merge", "-p", "{\"metadata\":{\"finalizers\":null}}"];
    destroys(
        object(key),
        kubectl(&["patch"], key).map(|command| command.literal(&patch)),
        "only if the controller that handles the finalizer is gone for good",
        "the object is deleted at once, and what the finalizer protects (cloud disks, load balancers, data) is left behind",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever runs the command sees what the file holds before it lies in a folder that others read.
    #[test]
    fn a_file_that_may_hold_a_secret_is_to_be_protected() {
        let key = ReleaseKey {
            namespace: "shop".to_owned(),
            name: "web".to_owned(),
            driver: Driver::Secret,
        };
        let commands = Commands {
            key: &key,
            method: ApplyMethod::Csa,
            contested: Contested::No,
        };
        let of_kind = |kind: &str| ObjectKey {
            gvk: crate::object::Gvk::new("v1", kind),
            namespace: Some("shop".into()),
            name: "x".into(),
        };
        let mut steps = commands.backup(&[2]);
        assert_eq!(steps.len(), 3);
        steps.push(save_object(&of_kind("Secret")));
        for step in steps {
            assert!(step.why.ends_with(", so protect it like one"), "{}", step.why);
        }
        assert_eq!(
            save_object(&of_kind("ConfigMap")).why,
            "saves a copy of the object"
        );
    }

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
            assert_eq!(await_completion(&key).command.unwrap().to_string(), command);
        }
    }
}
