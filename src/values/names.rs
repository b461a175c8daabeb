//! Names in values and in objects that mean the same.

use std::collections::BTreeSet;

/// Names of fields, and the names that charts give the values behind them. All without case, `-` and `_`.
const ALIASES: [(&str, &[&str]); 26] = [
    ("replicas", &["replicacount", "replica", "replicascount"]),
    ("minreplicas", &["min", "minreplicacount"]),
    ("maxreplicas", &["max", "maxreplicacount"]),
    ("host", &["hostname", "domain", "hosts"]),
    ("type", &["servicetype"]),
    ("port", &["serviceport", "externalport"]),
    ("containerport", &["port", "internalport"]),
    ("imagepullpolicy", &["pullpolicy"]),
    ("storage", &["size", "storagesize", "storagerequest"]),
    ("schedule", &["cron"]),
    ("storageclassname", &["storageclass"]),
    ("ingressclassname", &["classname", "ingressclass"]),
    ("serviceaccountname", &["name"]),
    (
        "averageutilization",
        &[
            "targetcpuutilizationpercentage",
            "targetmemoryutilizationpercentage",
            "targetcpu",
            "targetmemory",
            "cpu",
            "memory",
        ],
    ),
    ("terminationgraceperiodseconds", &["terminationgraceperiod"]),
    (
        "env",
        &[
            "extraenv",
            "extraenvs",
            "extraenvvars",
            "envvars",
            "additionalenv",
            "environment",
            "extraenvironment",
            "envs",
            "additionalenvvars",
            "environmentvariables",
            "envextra",
        ],
    ),
    (
        "args",
        &[
            "extraargs",
            "additionalargs",
            "extraarguments",
            "arguments",
            "extracmdargs",
            "extraflags",
        ],
    ),
    (
        "annotations",
        &[
            "podannotations",
            "extrapodannotations",
            "deploymentannotations",
            "serviceannotations",
            "ingressannotations",
            "commonannotations",
        ],
    ),
    (
        "labels",
        &[
            "podlabels",
            "extralabels",
            "commonlabels",
            "additionallabels",
            "servicelabels",
        ],
    ),
    ("volumes", &["extravolumes", "additionalvolumes"]),
    ("volumemounts", &["extravolumemounts", "additionalvolumemounts"]),
    ("initcontainers", &["extrainitcontainers"]),
    (
        "containers",
        &["extracontainers", "sidecars", "sidecarcontainers"],
    ),
    ("ports", &["extraports", "additionalports"]),
    ("strategy", &["updatestrategy", "deploymentstrategy"]),
    (
        "securitycontext",
        &["podsecuritycontext", "containersecuritycontext"],
    ),
];

/// A name without case and separators.
pub(super) fn plain(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|character| character.to_ascii_lowercase())
        .collect()
}

/// Whether a key's name is that of a field, or one that charts use for it.
pub(super) fn is_alike(key: &str, field: &str) -> bool {
    let (key, field) = (plain(key), plain(field));
    key == field
        || ALIASES
            .iter()
            .any(|(name, aliases)| *name == field && aliases.contains(&key.as_str()))
}

/// Whether charts take what is added to a field at a key of this name: `primaryExtraEnvVars` for `env`.
pub(super) fn may_take(key: &str, field: &str) -> bool {
    if is_alike(key, field) {
        return true;
    }
    let (key, field) = (plain(key), plain(field));
    match field.as_str() {
        "env" => key.contains("env"),
        "args" => ["args", "arguments", "flags", "options", "opts"]
            .iter()
            .any(|end| key.ends_with(end)),
        "annotations" | "labels" | "volumes" | "volumemounts" | "tolerations" | "nodeselector"
        | "resources" | "initcontainers" | "ports" | "priorityclassname" => key.ends_with(&field),
        _ => false,
    }
}

/// The words of a name: `podAnnotations` has `pod` and `annotations`. Single letters are none.
pub(super) fn words(name: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let mut word = String::new();
    let mut was_lower = false;
    let mut end = |word: &mut String| {
        let word = std::mem::take(word);
        if word.len() > 1 {
            words.insert(word);
        }
    };
    for character in name.chars() {
        if !character.is_ascii_alphanumeric() || (character.is_ascii_uppercase() && was_lower) {
            end(&mut word);
        }
        if character.is_ascii_alphanumeric() {
            word.push(character.to_ascii_lowercase());
        }
        was_lower = character.is_ascii_lowercase() || character.is_ascii_digit();
    }
    end(&mut word);
    words
}
