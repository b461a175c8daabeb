//! Releases in which nothing drifted, and whose next upgrade fails all the same.

use crate::harness::{Cluster, HelmVersion, Release};

/// What somebody does to the chart `fates`, the object that blocks the upgrade then, and the field and its owner. The
/// autoscaler comes last, because it sets its replicas again.
const CASES: [(&str, &str, [&str; 2]); 3] = [
    (
        r#"kubectl patch serviceaccount/{r}-empty-pull-secrets --field-manager=openshift-controller-manager \
            -p '{"imagePullSecrets":[{"name":"x-dockercfg"}]}'"#,
        "{r}-empty-pull-secrets",
        ["/imagePullSecrets", "openshift-controller-manager"],
    ),
    (
        r#"authority=$(kubectl config view --raw -o 'jsonpath={.clusters[0].cluster.certificate-authority}' | xargs base64 -w0)
        kubectl patch validatingwebhookconfiguration/{r}-null-authority --field-manager=cainjector --type=json \
            -p '[{"op":"add","path":"/webhooks/0/clientConfig/caBundle","value":"'$authority'"}]'"#,
        "{r}-null-authority",
        ["clientConfig/caBundle", "cainjector"],
    ),
    (
        "kubectl autoscale deployment/{r}-null-replicas --min=4 --max=6
         kubectl wait --for=jsonpath={.spec.replicas}=4 deployment/{r}-null-replicas --timeout=60s",
        "{r}-null-replicas",
        ["/spec/replicas", "kube-controller-manager"],
    ),
];

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn an_upgrade_that_will_fail_is_told_where_nothing_drifted() {
    let release = Release::install(Cluster::shared(), HelmVersion::V4, "fates", &[]);
    let scan = release.scan();
    assert!(!scan.says_blocked(), "{:?}", scan.health());
    for (act, object, told) in CASES {
        release.shell(&release.fill(act)).succeeded();
        let scan = release.scan();
        assert_eq!(
            (scan.status, scan.drift(), scan.states()),
            (0, vec![], vec![]),
            "{object}"
        );
        let entry = scan.health_entry("upgrade-blocked").map(ToString::to_string);
        let entry = entry.unwrap_or_else(|| panic!("nothing is said of {object}"));
        for word in told.into_iter().chain([release.fill(object).as_str()]) {
            assert!(entry.contains(word), "{word} is not in {entry}");
        }
        release.upgrade_to(&[]).failed();
        // The way out that it names, which takes the field back.
        release.upgrade_to(&["--force-conflicts"]).succeeded();
    }
}
