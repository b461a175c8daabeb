//! Where a scan remembers earlier ones: nowhere, in a file, or in a `ConfigMap`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

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
    #[error("it names two places: keep one of them")]
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

impl<'de> Deserialize<'de> for StateStore {
    /// A mapping with the one key `file` or `configmap`, or the word that the flag takes.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Place)
    }
}

struct Place;

impl<'de> Visitor<'de> for Place {
    type Value = StateStore;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`file: PATH`, `configmap: NAME` or `none`")
    }

    fn visit_unit<E: de::Error>(self) -> Result<StateStore, E> {
        Ok(StateStore::None)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<StateStore, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<StateStore, A::Error> {
        let Some(key) = map.next_key::<String>()? else {
            return Ok(StateStore::None);
        };
        let value: String = map.next_value()?;
        if map.next_key::<String>()?.is_some() {
            return Err(de::Error::custom(StateStoreError::Two));
        }
        match key.as_str() {
            "file" if !value.is_empty() => Ok(StateStore::File(value.into())),
            "configmap" => config_map(&value).map_err(de::Error::custom),
            _ => Err(de::Error::custom(StateStoreError::Form(format!("{key}:{value}")))),
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
