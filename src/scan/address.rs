//! Advice is for the cluster that was scanned: its commands name it as the command line did.

use crate::model::{Advice, Report};
use crate::shell::ClusterFlags;

/// Adds the flags that chose the cluster to every command of a report. Where they cannot stand in one, there is no command,
/// because it would be for another cluster.
pub(super) fn address(report: &mut Report, cluster: &ClusterFlags) {
    if cluster.is_default() {
        return;
    }
    for release in &mut report.releases {
        release.cluster.clone_from(cluster);
        for health in &mut release.health {
            address_all(&mut health.advice, &mut health.evidence, cluster);
        }
        if let Some(preview) = &mut release.preview {
            address_all(&mut preview.advice, &mut preview.not_known, cluster);
        }
    }
    for release in report.orphans.iter_mut().flatten() {
        address_all(&mut release.advice, &mut release.evidence, cluster);
    }
}

fn address_all(all: &mut Vec<Advice>, evidence: &mut Vec<String>, cluster: &ClusterFlags) {
    let mut refused = None;
    for mut advice in std::mem::take(all) {
        let Some(words) = advice.words.take() else {
            continue;
        };
        match words.on(cluster) {
            Ok(command) => {
                advice.command = command.to_string();
                all.push(advice);
            }
            Err(refusal) => refused = Some(refusal),
        }
    }
    let refused = refused.map(|refusal| format!("no command is printed: {refusal}"));
    evidence.extend(refused);
}
