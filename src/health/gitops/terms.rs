//! Each program's own terms: what it makes of drift and of Helm's commands, and how to make it wait.
//!
//! Sources, each the program's own: fluxcd/helm-controller `docs/spec/v2/helmreleases.md` (drift detection, suspend), Argo CD
//! `docs/user-guide/auto_sync.md`, rancher/fleet `pkg/apis/fleet.cattle.io/v1alpha1` (`CorrectDrift`, `Paused`),
//! k3s-io/helm-controller `pkg/controllers/chart/chart.go` (`Unmanaged`), the `helm_release` resource of
//! hashicorp/terraform-provider-helm, Crossplane's annotation `crossplane.io/paused` (crossplane-runtime `pkg/meta`).

use super::Manager;
use super::marks::{Mark, placed};
use crate::health::advice::{Commands, reads};
use crate::health::steps::{Step, Subject};
use crate::shell::{Command, Refusal, Word};
use crate::source::followed::FollowedKind;
use crate::vocabulary::{DriftCorrection, ManagingTool};

/// The program's name for people.
pub(super) const fn title(tool: ManagingTool) -> &'static str {
    match tool {
        ManagingTool::Flux => "Flux",
        ManagingTool::ArgoCd => "Argo CD",
        ManagingTool::Fleet => "Rancher Fleet",
        ManagingTool::K3s => "the helm-controller of K3s",
        ManagingTool::Terraform => "Terraform",
        ManagingTool::Pulumi => "Pulumi",
        ManagingTool::Crossplane => "Crossplane's provider-helm",
    }
}

/// What it means for drift that this program manages a release.
pub(super) fn meaning(manager: &Manager<'_>) -> String {
    let Some((followed, settings)) = manager.settings() else {
        return in_general(manager.tool).to_owned();
    };
    let (meaning, exceptions) = match followed.kind {
        FollowedKind::HelmRelease => (of_helm_release(settings.correction), "spec.driftDetection.ignore"),
        FollowedKind::Application => (of_application(settings.correction), "spec.ignoreDifferences"),
        // Nothing tells it to look at drift, and so nothing is excepted.
        FollowedKind::HelmChart => (of_helm_chart(settings.correction), ""),
    };
    match settings.correction {
        DriftCorrection::Corrected | DriftCorrection::Reported if settings.has_exceptions => {
            format!("{meaning}, except for what {exceptions} names")
        }
        DriftCorrection::Corrected
        | DriftCorrection::Reported
        | DriftCorrection::Ignored
        | DriftCorrection::Suspended => meaning.to_owned(),
    }
}

const fn of_helm_release(correction: DriftCorrection) -> &'static str {
    match correction {
        DriftCorrection::Corrected => {
            "drift is taken back at the next reconciliation: spec.driftDetection.mode of the HelmRelease is enabled"
        }
        DriftCorrection::Reported => {
            "drift is told in events and stays until the chart or the values change: spec.driftDetection.mode of the HelmRelease \
             is warn"
        }
        DriftCorrection::Ignored => {
            "drift stays until the chart or the values change: spec.driftDetection.mode of the HelmRelease is disabled, or not set"
        }
        DriftCorrection::Suspended => "drift stays while the HelmRelease is suspended",
    }
}

const fn of_application(correction: DriftCorrection) -> &'static str {
    match correction {
        DriftCorrection::Corrected => {
            "what differs from Git is taken back: the Application syncs automatically and heals itself. Helm's records stay as they \
             are, so the deployed revision may be older than what was applied"
        }
        DriftCorrection::Reported => {
            "what differs from Git is out of sync, and stays until the next sync: the Application does not heal itself. Helm's \
             records stay as they are, so the deployed revision may be older than what was applied"
        }
        // The Application then says nothing of what it would do.
        DriftCorrection::Ignored | DriftCorrection::Suspended => {
            "drift stays: the Application is not reconciled (annotation argocd.argoproj.io/skip-reconcile). Helm's records stay as \
             they are, so the deployed revision may be older than what was applied"
        }
    }
}

const fn of_helm_chart(correction: DriftCorrection) -> &'static str {
    match correction {
        DriftCorrection::Suspended => {
            "drift stays: the HelmChart has the annotation helmcharts.helm.cattle.io/unmanaged"
        }
        DriftCorrection::Corrected | DriftCorrection::Reported | DriftCorrection::Ignored => {
            in_general(ManagingTool::K3s)
        }
    }
}

/// What it means for drift that this program manages a release, whatever it is told.
pub(super) const fn in_general(tool: ManagingTool) -> &'static str {
    match tool {
        ManagingTool::Flux => {
            "drift is taken back at the next reconciliation only where spec.driftDetection.mode of the HelmRelease is \
             enabled; else it stays until the chart or the values change"
        }
        ManagingTool::ArgoCd => {
            "drift is taken back where the Application syncs automatically and heals itself; Argo CD applies what it renders and \
             leaves Helm's records as they are, so the deployed revision may be older than what was applied"
        }
        ManagingTool::Fleet => {
            "drift is taken back only where correctDrift is enabled for the bundle; else the bundle is shown as modified"
        }
        ManagingTool::K3s => {
            "drift stays until the HelmChart or its HelmChartConfig changes: then Helm upgrades the release"
        }
        ManagingTool::Terraform => {
            "drift of objects is not looked at: it stays until an apply changes the helm_release, which upgrades the release then"
        }
        ManagingTool::Pulumi => {
            "drift of objects is not looked at: it stays until an update changes the Release, which upgrades the release then"
        }
        ManagingTool::Crossplane => {
            "drift of objects is not looked at: it stays until the chart or the values of the Release change"
        }
    }
}

/// Who undoes a change by Helm's commands, and how the change is made to last.
pub(super) const fn undoes(tool: ManagingTool) -> &'static str {
    match tool {
        ManagingTool::Flux => {
            "a revision that it did not make is followed by one of its own at the next reconciliation; to last, the change goes \
             into the HelmRelease, and a failed release is retried with flux reconcile helmrelease --force"
        }
        ManagingTool::ArgoCd => {
            "what Helm's commands change is out of sync for it, and an automated sync applies the state of Git again; to last, \
             the change goes into Git"
        }
        ManagingTool::Fleet => {
            "the next change of the bundle, or drift correction, applies its state again; to last, the change goes into Git, and \
             the GitRepo can wait with spec.paused"
        }
        ManagingTool::K3s => {
            "the next change of the HelmChart upgrades the release again; to last, the change goes into the HelmChart or a \
             HelmChartConfig, and with the annotation helmcharts.helm.cattle.io/unmanaged the controller leaves the chart alone"
        }
        ManagingTool::Terraform => {
            "the next apply upgrades the release to its configuration where the two differ; to last, the change goes into the \
             configuration"
        }
        ManagingTool::Pulumi => {
            "the next update of the stack upgrades the release to its program where the two differ; to last, the change goes into \
             the program"
        }
        ManagingTool::Crossplane => {
            "it upgrades the release again where the record differs from its Release; to last, the change goes into the Release, \
             which waits while it has the annotation crossplane.io/paused: \"true\""
        }
    }
}

/// The commands that make the program wait, or that show what it follows. None where it waits already.
pub(super) fn steps(manager: &Manager<'_>, commands: Commands<'_>) -> Vec<Step> {
    if manager.waits() {
        return Vec::new();
    }
    match manager.tool {
        ManagingTool::Flux => flux(manager, commands),
        ManagingTool::ArgoCd => argo_cd(manager),
        ManagingTool::Fleet => vec![step(
            Ok(Command::new("kubectl", &["get", "bundles.fleet.cattle.io", "-A"])),
            "shows Fleet's bundles, in the cluster that Fleet's manager runs in",
        )],
        ManagingTool::K3s => k3s(manager),
        ManagingTool::Terraform => vec![step(
            Ok(Command::new("terraform", &["plan"])),
            "in the folder of the configuration: shows what the next apply changes",
        )],
        ManagingTool::Pulumi => vec![step(
            Ok(Command::new("pulumi", &["preview"])),
            "in the folder of the program: shows what the next update changes",
        )],
        ManagingTool::Crossplane => vec![step(
            Ok(Command::new("kubectl", &["get", "releases.helm.crossplane.io"])),
            "shows Crossplane's Releases, in the cluster that Crossplane runs in",
        )],
    }
}

fn flux(manager: &Manager<'_>, commands: Commands<'_>) -> Vec<Step> {
    let named = match manager.first() {
        // In the namespace of the release's records it is known to their people; elsewhere it says itself that it manages
        // the release, or is not named.
        Some(Mark::Flux { namespace, name })
            if !manager.is_disproved()
                && (*namespace == commands.key.namespace || manager.settings().is_some()) =>
        {
            Some((namespace.as_str(), name.as_str()))
        }
        Some(Mark::Flux { .. } | Mark::ArgoCd { .. } | Mark::Fleet { .. } | Mark::Manager(_, _)) | None => {
            None
        }
    };
    let Some((namespace, name)) = named else {
        return vec![step(
            Ok(Command::new(
                "kubectl",
                &["get", "helmreleases.helm.toolkit.fluxcd.io", "-A"],
            )),
            "shows the HelmReleases of the cluster, of which one manages this release: suspend that one first (flux suspend \
             helmrelease)",
        )];
    };
    let about = |words: [&'static str; 2]| -> Result<Command, Refusal> {
        let command = Command::new("flux", &words).word(&Word::subdomain(name)?);
        Ok(command.literal(&["-n"]).word(&Word::namespace(namespace)?))
    };
    let shown = || -> Result<Command, Refusal> {
        let command = Command::new("kubectl", &["get", "helmreleases.helm.toolkit.fluxcd.io"]);
        let command = command.word(&Word::subdomain(name)?).literal(&["-n"]);
        let command = command.word(&Word::namespace(namespace)?);
        Ok(command.literal(&["-o", "jsonpath={.spec.suspend} {.spec.driftDetection.mode}"]))
    };
    vec![
        step(
            shown(),
            "shows whether Flux is suspended for the release already, and whether it corrects drift (enabled, warn or nothing)",
        ),
        step(
            about(["suspend", "helmrelease"]),
            "makes Flux wait, so that it does not undo what follows; when all is done, flux resume helmrelease lets it go on, \
             with what the HelmRelease says then",
        ),
    ]
}

fn k3s(manager: &Manager<'_>) -> Vec<Step> {
    let charts = || Command::new("kubectl", &["get", "helmcharts.helm.cattle.io"]);
    let Some((followed, _)) = manager.settings() else {
        return vec![step(
            Ok(charts().literal(&["-A"])),
            "shows the HelmCharts of the cluster: the one of this release has its name",
        )];
    };
    let named = |command: Command| -> Result<Command, Refusal> {
        let command = command.word(&Word::subdomain(&followed.name)?).literal(&["-n"]);
        Ok(command.word(&Word::namespace(&followed.namespace)?))
    };
    let unmanaged = || {
        let command = named(Command::new(
            "kubectl",
            &["annotate", "helmcharts.helm.cattle.io"],
        ))?;
        Ok(command.literal(&["helmcharts.helm.cattle.io/unmanaged=true"]))
    };
    vec![
        step(
            named(charts()).map(|command| command.literal(&["-o", "yaml"])),
            "shows the HelmChart that installs the release, and the values that it gives it",
        ),
        step(
            unmanaged(),
            "makes the controller leave the chart alone, so that it does not undo what follows; take the annotation away again \
             afterwards",
        ),
    ]
}

fn argo_cd(manager: &Manager<'_>) -> Vec<Step> {
    let (namespace, name) = match manager.first() {
        Some(Mark::ArgoCd { application }) if !manager.is_disproved() => placed(application),
        Some(Mark::ArgoCd { .. } | Mark::Flux { .. } | Mark::Fleet { .. } | Mark::Manager(_, _)) | None => {
            return vec![step(
                Ok(Command::new("argocd", &["app", "list"])),
                "shows the Applications, of which one has the objects of this release: make its syncs manual first (argocd app \
                 set --sync-policy none)",
            )];
        }
    };
    let about = |words: &[&'static str]| -> Result<Command, Refusal> {
        let command = Command::new("argocd", words);
        let name = Word::subdomain(name)?;
        Ok(match namespace {
            Some(namespace) => command.word(&Word::in_namespace(&Word::namespace(namespace)?, &name)),
            None => command.word(&name),
        })
    };
    vec![
        step(
            about(&["app", "get"]),
            "shows the Application that the objects name: make sure that these objects are its own before it is changed",
        ),
        step(
            about(&["app", "set"]).map(|command| command.literal(&["--sync-policy", "none"])),
            "makes its syncs manual, so that Argo CD does not undo what follows; note the policy that it had, to set it again \
             afterwards. An ApplicationSet or a parent Application may set it again by itself",
        ),
    ]
}

/// Some of these change what the program follows, and none the release.
fn step(command: Result<Command, Refusal>, why: &str) -> Step {
    Step {
        changes: "nothing of the release".to_owned(),
        ..reads(Subject::Release, command, why)
    }
}
