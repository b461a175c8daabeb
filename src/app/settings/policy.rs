//! The operator's policy, from the sections `severity`, `managers`, `ignore` and `redact` of the configuration file.

use super::error::SettingsError;
use super::file::File;
use super::ignore::ignore_rules;
use crate::policy::managers::Managers;
use crate::policy::redact::{ConfigMaps, Redaction};
use crate::policy::{Confirm, Policy};

/// The policy of a configuration file.
pub(super) fn policy(file: &File, confirm: Confirm) -> Result<Policy, SettingsError> {
    let config_maps = if file.redact.config_maps {
        ConfigMaps::Hidden
    } else {
        ConfigMaps::Shown
    };
    Ok(Policy {
        redaction: Redaction::new(&file.redact.keys, config_maps)?,
        severity: file
            .severity
            .iter()
            .map(|(code, severity)| (*code, *severity))
            .collect(),
        managers: Managers::new(file.managers.clone())?,
        ignore: ignore_rules(&file.ignore, file.ignore_annotation.as_deref())?,
        confirm,
        trusted_storage: file.trusted_storage_namespaces.clone(),
    })
}
