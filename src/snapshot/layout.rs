//! The paths of a snapshot's files.
//!
//! Names come from a cluster, and a name may be anything that fits into a URL. Every name becomes a path that stays
//! inside the directory, and no two names become the same path.

use std::path::PathBuf;

use crate::object::{Gvk, ObjectKey};
use crate::release::stored::StoredRevision;

/// The file that is written last.
pub(super) const INDEX: &str = "snapshot.json";

/// Longest part of a path. Common file systems allow 255 bytes.
const LONGEST: usize = 200;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// A release record, decoded.
pub(super) fn record(revision: &StoredRevision) -> PathBuf {
    stored(revision, ".json")
}

/// A release record, as it was stored.
pub(super) fn payload(revision: &StoredRevision) -> PathBuf {
    stored(revision, ".payload")
}

/// The chart and the values of a release record.
pub(super) fn chart(revision: &StoredRevision) -> PathBuf {
    stored(revision, ".chart.json")
}

fn stored(revision: &StoredRevision, suffix: &str) -> PathBuf {
    let mut path = PathBuf::from("releases");
    push(&mut path, &revision.release.namespace, "");
    path.push(revision.release.driver.as_str());
    push(&mut path, &revision.object, suffix);
    path
}

/// A live object.
pub(super) fn object(key: &ObjectKey) -> PathBuf {
    let mut path = PathBuf::from("objects");
    push_group(&mut path, &key.gvk);
    push(&mut path, key.gvk.version(), "");
    push(&mut path, &key.gvk.kind, "");
    match &key.namespace {
        Some(namespace) => push(&mut path, namespace, ""),
        None => path.push("_cluster"),
    }
    push(&mut path, &key.name, ".json");
    path
}

/// The `OpenAPI` document of a group and version.
pub(super) fn schema(api_version: &str) -> PathBuf {
    let gvk = Gvk::new(api_version, "");
    let mut path = PathBuf::from("schemas");
    push_group(&mut path, &gvk);
    push(&mut path, gvk.version(), ".json");
    path
}

fn push_group(path: &mut PathBuf, gvk: &Gvk) {
    match gvk.group() {
        "" => path.push("core"),
        // No API server has such a group, but a manifest can name it.
        "core" => path.push("%63ore"),
        group => push(path, group, ""),
    }
}

/// Appends a name: one part of the path, or several when it is long, of which all but the last end in `%`.
fn push(path: &mut PathBuf, name: &str, suffix: &str) {
    let mut part = String::new();
    for byte in name.bytes() {
        if part.len() + 3 > LONGEST {
            part.push('%');
            path.push(&part);
            part.clear();
        }
        // A leading dot could make `..`; a leading underscore is for words of our own.
        let inner = matches!(byte, b'.' | b'_') && !part.is_empty();
        if byte.is_ascii_alphanumeric() || byte == b'-' || inner {
            part.push(char::from(byte));
        } else {
            part.push('%');
            part.extend([byte >> 4, byte & 15].map(|digit| char::from(HEX[usize::from(digit)])));
        }
    }
    if name.is_empty() {
        part.push_str("_empty");
    }
    part.push_str(suffix);
    path.push(&part);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::{Component, Path};

    fn path_of(name: &str, suffix: &str) -> PathBuf {
        let mut path = PathBuf::new();
        push(&mut path, name, suffix);
        path
    }

    /// The inverse of [`push`].
    fn name_of(path: &Path, suffix: &str) -> String {
        let mut parts: Vec<&str> = path.iter().map(|part| part.to_str().unwrap()).collect();
        let last = parts.pop().unwrap().strip_suffix(suffix).unwrap();
        if last == "_empty" {
            return String::new();
        }
        let mut escaped: String = parts.iter().map(|part| part.strip_suffix('%').unwrap()).collect();
        escaped.push_str(last);
        let mut bytes = Vec::new();
        let mut rest = escaped.as_bytes();
        while let Some((&first, after)) = rest.split_first() {
            if first == b'%' {
                bytes.push(u8::from_str_radix(std::str::from_utf8(&after[..2]).unwrap(), 16).unwrap());
                rest = &after[2..];
            } else {
                bytes.push(first);
                rest = after;
            }
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn ordinary_names_stay_readable() {
        let key = |api_version: &str, kind: &str, namespace: Option<&str>, name: &str| ObjectKey {
            gvk: Gvk::new(api_version, kind),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        };
        for (key, path) in [
            (
                key("v1", "ConfigMap", Some("shop"), "web.v1"),
                "objects/core/v1/ConfigMap/shop/web.v1.json",
            ),
            (
                key("apps/v1", "Deployment", Some("shop"), "web"),
                "objects/apps/v1/Deployment/shop/web.json",
            ),
            (
                key("rbac.authorization.k8s.io/v1", "ClusterRole", None, "system:node"),
                "objects/rbac.authorization.k8s.io/v1/ClusterRole/_cluster/system%3Anode.json",
            ),
            (
                key("core/v1", "A", Some("_cluster"), ".."),
                "objects/%63ore/v1/A/%5Fcluster/%2E..json",
            ),
            (
                key("a/b/../c", "", Some(""), "/"),
                "objects/a/b%2F..%2Fc/_empty/_empty/%2F.json",
            ),
        ] {
            assert_eq!(object(&key), Path::new(path));
        }
        assert_eq!(schema("v1"), Path::new("schemas/core/v1.json"));
        assert_eq!(
            schema("cert-manager.io/v1"),
            Path::new("schemas/cert-manager.io/v1.json")
        );
    }

    proptest! {
        #[test]
        fn every_name_has_a_path_of_its_own_inside_the_directory(
            head in prop_oneof![Just(0_usize), 150_usize..450],
            tail in "([a-zA-Z0-9._%:/\\\\ -]|\\PC|\\x00){0,12}",
        ) {
            let name = format!("{}{tail}", ".".repeat(head));
            for suffix in ["", ".json"] {
                let path = path_of(&name, suffix);
                for part in path.components() {
                    prop_assert!(matches!(part, Component::Normal(text) if text.len() <= 255), "{path:?}");
                }
                prop_assert_eq!(name_of(&path, suffix), name.as_str());
            }
        }
    }
}
