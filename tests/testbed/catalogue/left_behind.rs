//! What Helm put there, dropped and could not remove, however many upgrades ago.

use crate::harness::{Cluster, HelmVersion, Problems, Release};

/// A dropped key of `stringData` stays in `data`. Revision 2 has it as its previous revision's, those after it do not.
#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_an_upgrade_could_not_remove_is_told_after_every_later_one() {
    let mut problems = Problems::default();
    for helm in HelmVersion::ALL {
        let release = Release::install(Cluster::shared(), helm, "left-behind", &[]);
        let mut found = Vec::new();
        for round in ["2", "3", "4"] {
            let round = format!("round={round}");
            release
                .upgrade_to(&["--set", "withToken=false", "--set", &round])
                .succeeded();
            let scan = release.scan();
            for finding in scan.drift() {
                if (finding.code.as_str(), finding.object.as_str())
                    != ("lingering", release.fill("Secret/{r}-keys").as_str())
                {
                    found.push(format!("{round}: {finding}"));
                }
            }
            let paths: Vec<String> = scan.drift().into_iter().map(|finding| finding.path).collect();
            if paths != ["/data/empty", "/data/token"] {
                found.push(format!("{round}: {paths:?}"));
            }
        }
        problems.note(&release, "dropped keys of stringData", &found);
    }
}
