//! Advice is for the cluster that was scanned: its commands name it as the command line did.

use super::cli::AccessArgs;
use crate::model::{Health, Report};
use crate::shell::ClusterFlags;

/// The flags that chose the cluster.
fn flags(access: &AccessArgs) -> ClusterFlags {
    let kubeconfig = access.kubeconfig.as_deref();
    ClusterFlags {
        context: access.context.clone(),
        kubeconfig: kubeconfig.map(|path| path.display().to_string()),
    }
}

/// Adds the flags that chose the cluster to every command of a report. Where they cannot stand in one, there is no command,
/// because it would be for another cluster.
pub(super) fn address(report: &mut Report, access: &AccessArgs) {
    let cluster = flags(access);
    if cluster.is_default() {
        return;
    }
    for release in &mut report.releases {
        release.cluster.clone_from(&cluster);
        release
            .health
            .iter_mut()
            .for_each(|health| address_one(health, &cluster));
    }
}

fn address_one(health: &mut Health, cluster: &ClusterFlags) {
    let mut refused = None;
    for mut advice in std::mem::take(&mut health.advice) {
        let Some(words) = advice.words.take() else {
            continue;
        };
        match words.on(cluster) {
            Ok(command) => {
                advice.command = command.to_string();
                health.advice.push(advice);
            }
            Err(refusal) => refused = Some(refusal),
        }
    }
    let refused = refused.map(|refusal| format!("no command is printed: {refusal}"));
    health.evidence.extend(refused);
}
