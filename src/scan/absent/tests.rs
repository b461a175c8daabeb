//! What is said of names that were not found.

use super::*;
use crate::release::stored::{Driver, RecordMetadata, StoredRevision};
use crate::source::ReadError;

/// Releases as `namespace/name`, each with one revision of this status.
fn histories(releases: &[&str], status: &str) -> Vec<History> {
    History::group(releases.iter().map(|release| {
        let (namespace, name) = release.split_once('/').unwrap();
        StoredRevision::from_metadata(RecordMetadata {
            driver: Driver::Secret,
            namespace,
            object: &format!("sh.helm.release.v1.{name}.v1"),
            labels: [Some(name), Some("1"), Some(status)],
            created: None,
            written: None,
            resource_version: None,
        })
        .unwrap()
    }))
}

fn selection(namespaces: &[&str], releases: &[&str], selector: Option<&str>) -> Selection {
    Selection {
        namespaces: namespaces.iter().map(|name| name.parse().unwrap()).collect(),
        releases: releases.iter().map(|name| name.parse().unwrap()).collect(),
        selector: selector.map(str::to_owned),
        ..Selection::default()
    }
}

fn namespaces() -> Namespaces {
    Namespaces::Listed(
        ["empty", "shop", "shop-eu", "billing"]
            .map(str::to_owned)
            .to_vec(),
    )
}

fn forbidden() -> Namespaces {
    Namespaces::Unlisted(ReadError::Forbidden {
        verb: "list".to_owned(),
        resource: "namespaces".to_owned(),
        namespace: None,
    })
}

#[test]
fn everything_that_was_named_and_not_found_is_told_as_it_is() {
    type Row<'r> = (
        &'r [&'r str],
        &'r [&'r str],
        Option<&'r str>,
        Namespaces,
        &'r [&'r str],
        &'r [&'r str],
    );
    let installed = ["shop/web", "shop/api", "billing/web"];
    let unknown = "whether the namespace exists is not known: that takes the right to list namespaces (RBAC)";
    let rows: [Row<'_>; 20] = [
        (&[], &[], None, Namespaces::NotAsked, &[], &[]),
        (&["shop"], &["web"], None, namespaces(), &installed, &[]),
        (&["sh*"], &["we?"], None, namespaces(), &installed, &[]),
        (
            &["spoh"],
            &[],
            None,
            namespaces(),
            &[],
            &["there is no namespace `spoh`; did you mean shop?"],
        ),
        (
            &["nothing-like-it"],
            &[],
            None,
            namespaces(),
            &[],
            &["there is no namespace `nothing-like-it`"],
        ),
        (
            &["empty"],
            &[],
            None,
            namespaces(),
            &[],
            &["namespace `empty` exists and holds no releases"],
        ),
        (
            &["typo"],
            &[],
            None,
            forbidden(),
            &[],
            &[&format!("no release is in namespace `typo`, and {unknown}")],
        ),
        (
            &["tenant*"],
            &[],
            None,
            namespaces(),
            &[],
            &["no namespace matches `tenant*`"],
        ),
        (
            &["empt?"],
            &[],
            None,
            namespaces(),
            &[],
            &["namespace empty, the only one that matches `empt?`, holds no releases"],
        ),
        (
            &["shop*"],
            &[],
            None,
            namespaces(),
            &[],
            &["the namespaces that match `shop*` hold no releases: shop, shop-eu"],
        ),
        (
            &["shop", "typo"],
            &[],
            None,
            namespaces(),
            &installed[..2],
            &["there is no namespace `typo`"],
        ),
        (
            &[],
            &["wbe"],
            None,
            Namespaces::NotAsked,
            &installed,
            &["no release in any namespace is named `wbe`; did you mean web (in billing, shop)?"],
        ),
        (
            &["shop"],
            &["wbe", "api"],
            None,
            namespaces(),
            &installed[..2],
            &["no release in namespace shop is named `wbe`; did you mean web (in shop)?"],
        ),
        (
            &[],
            &["shop/wbe", "shop/web"],
            None,
            Namespaces::NotAsked,
            &installed[..2],
            &["no release in namespace shop is named `wbe`; did you mean web (in shop)?"],
        ),
        (
            &[],
            &["x*"],
            None,
            Namespaces::NotAsked,
            &installed,
            &["the name of no release in any namespace matches `x*`"],
        ),
        // That the namespace does not exist says it.
        (
            &[],
            &["typo/web"],
            None,
            namespaces(),
            &[],
            &["there is no namespace `typo`"],
        ),
        (
            &[],
            &[],
            Some("team=a"),
            Namespaces::NotAsked,
            &[],
            &["no release in any namespace has labels that match `team=a`"],
        ),
        (
            &["shop", "billing"],
            &[],
            Some("team=a"),
            namespaces(),
            &installed[..2],
            &[],
        ),
        (
            &["shop", "typo"],
            &[],
            Some("team=a"),
            namespaces(),
            &installed[..2],
            &["there is no namespace `typo`"],
        ),
        (
            &["shop"],
            &["web"],
            Some("team=a"),
            namespaces(),
            &["shop/api"],
            &["no release with these labels in namespace shop is named `web`"],
        ),
    ];
    for (named, releases, selector, namespaces, installed, expected) in rows {
        let histories = histories(installed, "deployed");
        let listed = Listed {
            histories: &histories,
            errors: &[],
            namespaces: &namespaces,
        };
        let selection = selection(named, releases, selector);
        assert_eq!(
            listed.absent(&selection, Wanted::Installed),
            expected,
            "{named:?} {releases:?}"
        );
    }
}

#[test]
fn nothing_is_claimed_of_what_could_not_be_listed() {
    let error = |scope: &str| ReportError {
        scope: scope.to_owned(),
        message: String::new(),
    };
    for (error, named, releases) in [
        (error("namespace/shop"), &["shop"][..], &["web"][..]),
        (error("namespace/shop"), &["sh*"], &[]),
        (error("namespace/shop"), &[], &["web"]),
        (error("namespace/shop"), &[], &["shop/web"]),
        (error("storage"), &[], &["web"]),
    ] {
        let listed = Listed {
            histories: &[],
            errors: std::slice::from_ref(&error),
            namespaces: &namespaces(),
        };
        let selection = selection(named, releases, None);
        assert!(!listed.has_empty_namespace(&selection));
        assert_eq!(
            listed.absent(&selection, Wanted::Installed),
            [""; 0],
            "{named:?} {releases:?}"
        );
    }
}

#[test]
fn an_uninstalled_release_is_there_for_a_diagnosis_only() {
    let histories = histories(&["shop/web"], "uninstalled");
    let listed = Listed {
        histories: &histories,
        errors: &[],
        namespaces: &Namespaces::NotAsked,
    };
    let selection = selection(&[], &["web"], None);
    assert_eq!(listed.absent(&selection, Wanted::WithHistory), [""; 0]);
    assert_eq!(
        listed.absent(&selection, Wanted::Installed),
        [
            "release web in namespace shop is uninstalled and only its history is kept, so there is nothing to compare"
        ]
    );
}

/// People leave out or mistake the namespace.
#[test]
fn a_release_of_the_name_in_another_namespace_is_told() {
    let installed = histories(&["shop/web", "shop/api", "billing/web"], "deployed");
    let said = |name: &str| elsewhere(name, &installed);
    assert_eq!(said("wbe"), None);
    assert_eq!(
        said("api").as_deref(),
        Some("; there is a release api in namespace shop")
    );
    assert_eq!(
        said("web").as_deref(),
        Some("; there are releases web in the namespaces billing, shop")
    );
}
