use serde_json::json;

use super::super::testing::{keyed, shown, text};

#[test]
fn constraints_take_versions_as_in_helm() {
    for (constraint, version, expected) in [
        (">=1.19-0", "v1.28.0-gke.5", "true"),
        (">=1.19", "v1.28.0-gke.5", "false"),
        (">=1.19-0", "1.18.20", "false"),
        ("<1.14-0", "1.13.9", "true"),
        ("^1.2", "1.9.0", "true"),
        ("^0.2.3", "0.3.0", "false"),
        ("~1.2.3", "1.2.9", "true"),
        ("~1", "1.9.0", "true"),
        ("1.x", "1.5.0", "true"),
        ("!=1.2.x", "1.2.5", "false"),
        (">11", "11.1.0", "false"),
        ("<=11", "11.9.0", "true"),
        ("1.2 - 1.4", "1.3.0", "true"),
        (">=1.2, <1.4 || 3.x", "3.1.0", "true"),
        (">=1.2 <1.4", "1.5.0", "false"),
        ("*", "9.9.9", "true"),
        ("=1.0.0-alpha.10", "1.0.0-alpha.10", "true"),
        (">1.0.0-alpha.9", "1.0.0-alpha.10", "true"),
        ("", "1.0.0", "failed"),
        (">=a", "1.0.0", "failed"),
        (">=1", "", "failed"),
        (">=1", "1.2.3-01", "failed"),
    ] {
        assert_eq!(
            shown("semverCompare", &[text(constraint), text(version)]),
            expected,
            "{constraint} {version}"
        );
    }
    assert_eq!(
        shown("semverCompare", &[text(">=1"), keyed("v", json!("1.2"))]),
        "<~true>"
    );
}

#[test]
fn a_version_has_its_numbers_and_what_else_it_has_is_not_known() {
    let version = shown("semver", &[text("v1.2-rc.1+b")]);
    for part in [
        "Major: 1",
        "Minor: 2",
        "Patch: 0",
        "Prerelease: rc.1",
        "Metadata: b",
        "Original: v1.2-rc.1+b",
        "String: 1.2.0-rc.1+b",
        "Compare: unknown",
    ] {
        assert!(version.contains(part), "{part} in {version}");
    }
}
