//! Keys under which somebody would write a secret into the configuration file: the mistake is named with the place where
//! the secret belongs, and not as an unknown key alone.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, IntoDeserializer as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, de};

use super::settings::SecretSetting;

/// What people call secrets, beside the keys of files without their `_file`.
const NAMES: [&str; 7] = [
    "token",
    "key",
    "routing_key",
    "integration_key",
    "password",
    "secret",
    "bearer_token",
];

/// The section of a sink that needs secrets.
pub(super) trait SecretSection {
    /// Its secrets.
    const SECRETS: &'static [SecretSetting];
}

/// A section whose unknown keys are looked at before they are refused.
#[derive(Debug, Clone, Default)]
pub(super) struct Guarded<S>(pub(super) S);

impl<'de, S: SecretSection + Deserialize<'de>> Deserialize<'de> for Guarded<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SectionVisitor(PhantomData))
    }
}

struct SectionVisitor<S>(PhantomData<S>);

impl<'de, S: SecretSection + Deserialize<'de>> Visitor<'de> for SectionVisitor<S> {
    type Value = Guarded<S>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Guarded<S>, A::Error> {
        let secrets = S::SECRETS;
        S::deserialize(MapAccessDeserializer::new(Entries { map, secrets })).map(Guarded)
    }
}

/// The keys and values of a section.
struct Entries<A> {
    map: A,
    secrets: &'static [SecretSetting],
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Entries<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let secrets = self.secrets;
        self.map.next_key_seed(Key { seed, secrets })
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// A key, of which the section itself says whether it knows it.
struct Key<K> {
    seed: K,
    secrets: &'static [SecretSetting],
}

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for Key<K> {
    type Value = K::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<K::Value, D::Error> {
        let key = String::deserialize(deserializer)?;
        let known = self.seed.deserialize(key.as_str().into_deserializer());
        known.map_err(|error: D::Error| match place_of_secret(&key, self.secrets) {
            Some(place) => de::Error::custom(format!(
                "no secret may be in this file, as `{key}` would be: {place}"
            )),
            None => error,
        })
    }
}

/// Where the secret belongs that somebody would write under this key; `None` if it is the name of none.
fn place_of_secret(key: &str, secrets: &[SecretSetting]) -> Option<String> {
    let is_its_name = |secret: &&SecretSetting| {
        let own = secret.key.trim_end_matches("_file");
        own == key || own.strip_suffix(key).is_some_and(|rest| rest.ends_with('_'))
    };
    let of_key: Vec<&SecretSetting> = secrets.iter().filter(is_its_name).collect();
    let meant = match of_key[..] {
        // It may be any of them.
        [] if NAMES.contains(&key) => secrets.iter().collect(),
        [] => return None,
        [..] => of_key,
    };
    let files: Vec<String> = meant.iter().map(|secret| format!("`{}`", secret.key)).collect();
    let variables: Vec<&str> = meant.iter().map(|secret| secret.variable).collect();
    (!meant.is_empty()).then(|| {
        format!(
            "set {} to the file that holds it, or, for a receiver without a name, {} in the environment",
            files.join(" or "),
            variables.join(" or ")
        )
    })
}
