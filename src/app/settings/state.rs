//! Where a scan remembers earlier ones: nowhere, in a file, or in a `ConfigMap`.

use std::path::PathBuf;
use std::str::FromStr;

use serde::Deserialize;

use crate::shell::Word;

/// Where a scan remembers earlier ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum StateStore {
    /// Nowhere.
    #[default]
    None,
    /// In this file.
    File(PathBuf),
    /// In this `ConfigMap`.
    ConfigMap {
        /// Its namespace; that of the pod, or of the kubeconfig's context, when absent.
        namespace: Option<String>,
        /// Its name.
        name: String,
    },
}

/// A text that names no place for the memory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateStoreError {
    /// The text has no known form.
    #[error("`{0}` is none of: none, file:PATH, configmap:NAME, configmap:NAMESPACE/NAME")]
    Form(String),
    /// The name cannot be that of an object.
    #[error("`{0}` is no name of a ConfigMap: lower-case letters, digits, `-` and `.`")]
    Name(String),
    /// Two places are named.
    #[error("it names a file and a ConfigMap: keep one of them")]
    Two,
}

impl FromStr for StateStore {
    type Err = StateStoreError;

    fn from_str(text: &str) -> Result<Self, StateStoreError> {
        match text.split_once(':') {
            None if text == "none" => Ok(Self::None),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("configmap", name)) => config_map(name),
            Some(_) | None => Err(StateStoreError::Form(text.to_owned())),
        }
    }
}

fn config_map(text: &str) -> Result<StateStore, StateStoreError> {
    let (namespace, name) = match text.split_once('/') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, text),
    };
    for part in namespace.into_iter().chain([name]) {
        if Word::subdomain(part).is_err() {
            return Err(StateStoreError::Name(part.to_owned()));
        }
    }
    Ok(StateStore::ConfigMap {
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    })
}

/// The section of the configuration file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StateSection {
    file: Option<PathBuf>,
    configmap: Option<String>,
}

impl<'de> Deserialize<'de> for StateStore {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let StateSection { file, configmap } = StateSection::deserialize(deserializer)?;
        match (file, configmap) {
            (None, None) => Ok(Self::None),
            (Some(file), None) => Ok(Self::File(file)),
            (None, Some(name)) => config_map(&name).map_err(serde::de::Error::custom),
            (Some(_), Some(_)) => Err(serde::de::Error::custom(StateStoreError::Two)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_by_flag_and_by_file() {
        let in_namespace = |namespace: Option<&str>| StateStore::ConfigMap {
            namespace: namespace.map(str::to_owned),
            name: "driftline-state".to_owned(),
        };
        for (flag, file, place) in [
            ("none", "{}", StateStore::None),
            (
                "file:/tmp/a:b",
                "file: /tmp/a:b",
                StateStore::File("/tmp/a:b".into()),
            ),
            (
                "configmap:driftline-state",
                "configmap: driftline-state",
                in_namespace(None),
            ),
            (
                "configmap:ops/driftline-state",
                "configmap: ops/driftline-state",
                in_namespace(Some("ops")),
            ),
        ] {
            assert_eq!(flag.parse::<StateStore>().unwrap(), place);
            assert_eq!(
                serde_saphyr::from_str::<StateStore>(file).unwrap(),
                place,
                "{file}"
            );
        }
        for text in [
            "",
            "file",
            "file:",
            "configmap:",
            "configmap:A",
            "configmap:a/b/c",
            "secret:a",
        ] {
            assert!(text.parse::<StateStore>().is_err(), "{text}");
        }
        let both = serde_saphyr::from_str::<StateStore>("file: a\nconfigmap: b");
        assert!(both.unwrap_err().to_string().contains("keep one of them"));
    }
}
