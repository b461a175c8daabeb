//! What validation refuses in the name, the labels, the annotations and the keys of an object that is created.
//!
//! A live object was accepted with them, so that only a new one is looked at. The rules are those of apimachinery's
//! `pkg/util/validation/validation.go` and `pkg/apis/meta/v1/validation/validation.go` (`ValidateLabels`), of
//! `pkg/api/validation/objectmeta.go` (`ValidateObjectMeta`, `ValidateAnnotations`), and of the name function of each kind
//! (Kubernetes: `pkg/apis/*/validation/validation.go`). Of a kind that is not listed nothing is said about the name.

use super::faults::Faults;
use super::found::Found;
use crate::object::Gvk;

/// The longest label of the DNS, which is also the longest value of a label and the longest name in a key.
pub(super) const MAX_LABEL: usize = 63;
/// The longest subdomain of the DNS.
const MAX_SUBDOMAIN: usize = 253;
/// The longest name of a `CronJob`, whose Jobs bear it with eleven characters more (`ValidateCronJobCreate`).
const MAX_CRON_JOB: usize = 52;
/// How long all annotations of an object may be together (`TotalAnnotationSizeLimitB`).
const MAX_ANNOTATIONS: usize = 256 << 10;

/// Looks for what is refused in a new object.
pub(super) fn check(gvk: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
    let Some(metadata) = root.field("metadata") else {
        return;
    };
    if let Some(name) = metadata.text("name")
        && !is_name(gvk, name)
    {
        faults.add(
            metadata.path.key("name"),
            "the API server does not take this name for an object of this kind",
        );
    }
    check_metadata(&metadata, faults);
    keys(gvk, root, faults);
}

/// Looks for what is refused in the labels and annotations of any object.
pub(super) fn check_metadata(metadata: &Found<'_>, faults: &mut Faults<'_>) {
    labels(metadata, faults);
    annotations(metadata, faults);
}

/// Whether a kind takes a name.
fn is_name(gvk: &Gvk, name: &str) -> bool {
    match (gvk.group(), gvk.kind.as_str()) {
        ("", "Namespace" | "Service") => is_label(name),
        ("batch", "CronJob") => name.len() <= MAX_CRON_JOB && is_subdomain(name),
        (
            "",
            "ConfigMap"
            | "Secret"
            | "ServiceAccount"
            | "PersistentVolumeClaim"
            | "PersistentVolume"
            | "Pod"
            | "ResourceQuota"
            | "LimitRange",
        )
        | ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
        | ("batch", "Job")
        | ("networking.k8s.io", "Ingress" | "IngressClass" | "NetworkPolicy")
        | ("policy", "PodDisruptionBudget")
        | ("autoscaling", "HorizontalPodAutoscaler")
        | ("scheduling.k8s.io", "PriorityClass")
        | ("storage.k8s.io", "StorageClass") => is_subdomain(name),
        (_, _) => true,
    }
}

fn labels(metadata: &Found<'_>, faults: &mut Faults<'_>) {
    let Some(labels) = metadata.field("labels") else {
        return;
    };
    for (key, value) in labels.value.as_object().into_iter().flatten() {
        if !faults.work.affords(1) {
            return;
        }
        if !is_qualified(key) {
            faults.add(labels.path.key(key), "this cannot be the key of a label");
        }
        if value
            .as_str()
            .is_some_and(|value| !value.is_empty() && !is_part(value))
        {
            faults.add(labels.path.key(key), "this cannot be the value of a label");
        }
    }
}

fn annotations(metadata: &Found<'_>, faults: &mut Faults<'_>) {
    let Some(annotations) = metadata.field("annotations") else {
        return;
    };
    let mut size = 0;
    for (key, value) in annotations.value.as_object().into_iter().flatten() {
        if !faults.work.affords(1) {
            return;
        }
        size += key.len() + value.as_str().map_or(0, str::len);
        // The API server looks at the key in lower case.
        if !is_qualified(&key.to_lowercase()) {
            faults.add(
                annotations.path.key(key),
                "this cannot be the key of an annotation",
            );
        }
    }
    if size > MAX_ANNOTATIONS {
        faults.add(
            annotations.path,
            "the annotations of an object may not be longer than 256 KiB together",
        );
    }
}

/// The keys of a `ConfigMap` and of a Secret: `IsConfigMapKey`.
fn keys(gvk: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
    let fields: &[&str] = match (gvk.group(), gvk.kind.as_str()) {
        ("", "ConfigMap") => &["data", "binaryData"],
        ("", "Secret") => &["data"],
        (_, _) => return,
    };
    for field in fields.iter().filter_map(|field| root.field(field)) {
        for key in field.value.as_object().into_iter().flatten().map(|(key, _)| key) {
            if !faults.work.affords(1) {
                return;
            }
            if !is_data_key(key) {
                faults.add(field.path.key(key), "this cannot be a key of the data");
            }
        }
    }
}

fn is_data_key(key: &str) -> bool {
    let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=MAX_SUBDOMAIN).contains(&key.len())
        && key.bytes().all(is_inside)
        && key != "."
        && !key.starts_with("..")
}

/// `IsQualifiedName`: a name, and before it a domain and a slash where there is one.
fn is_qualified(key: &str) -> bool {
    match key.split_once('/') {
        None => is_part(key),
        Some((domain, name)) => is_subdomain(domain) && is_part(name),
    }
}

/// `IsValidLabelValue` where it is not empty.
fn is_part(text: &str) -> bool {
    let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_end = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    text.len() <= MAX_LABEL
        && text.bytes().all(is_inside)
        && is_end(text.bytes().next())
        && is_end(text.bytes().last())
}

/// `IsDNS1123Label`. A Service had to begin with a letter in older versions of Kubernetes.
pub(super) fn is_label(text: &str) -> bool {
    let is_inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_LABEL).contains(&text.len())
        && text.bytes().all(is_inside)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// `IsDNS1123Subdomain`, whose labels may be longer than those of the DNS.
pub(super) fn is_subdomain(text: &str) -> bool {
    let is_inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.len() <= MAX_SUBDOMAIN
        && text.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(is_inside)
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_held_to_the_rule_of_their_kind() {
        let gvk = |api_version: &str, kind: &str| Gvk {
            api_version: api_version.into(),
            kind: kind.into(),
        };
        let config_map = gvk("v1", "ConfigMap");
        let service = gvk("v1", "Service");
        let role = gvk("rbac.authorization.k8s.io/v1", "Role");
        let cron_job = gvk("batch/v1", "CronJob");
        for (gvk, name, expected) in [
            (&config_map, "web.example", true),
            (&config_map, "My_Config", false),
            (&config_map, "web-", false),
            (&config_map, "a..b", false),
            (&config_map, &"a".repeat(253), true),
            (&config_map, &"a".repeat(254), false),
            (&service, "web", true),
            (&service, "1web", true),
            (&service, "web.x", false),
            (&service, &"s".repeat(64), false),
            (&role, "system:Web", true),
            (&cron_job, &"c".repeat(52), true),
            (&cron_job, &"c".repeat(53), false),
        ] {
            assert_eq!(is_name(gvk, name), expected, "{} {name}", gvk.kind);
        }
    }

    #[test]
    fn keys_and_values_of_labels_are_those_of_the_api_server() {
        for (key, expected) in [
            ("app.kubernetes.io/name", true),
            ("Name_1", true),
            ("a/b/c", false),
            ("/a", false),
            ("a/", false),
            ("A.example/x", false),
            ("a b", false),
            ("", false),
        ] {
            assert_eq!(is_qualified(key), expected, "{key}");
        }
        for (value, expected) in [
            ("1.2.3", true),
            ("a b", false),
            ("-a", false),
            (&"v".repeat(64), false),
        ] {
            assert_eq!(is_part(value), expected, "{value}");
        }
        for (key, expected) in [
            ("key.name", true),
            (".dockercfg", true),
            ("a b", false),
            ("..", false),
            ("a/b", false),
        ] {
            assert_eq!(is_data_key(key), expected, "{key}");
        }
    }
}
