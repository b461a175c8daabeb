//! The operator's policy, from the sections `severity`, `managers`, `ignore` and `redact` of the configuration file.

use super::error::SettingsError;
use super::file::File;
use super::ignore::ignore_rules;
use crate::policy::managers::Managers;
use crate::policy::redact::Redaction;
use crate::policy::{AskValues, Confirm, Policy};

/// The policy of a configuration file.
pub(super) fn policy(file: &File, confirm: Confirm) -> Result<Policy, SettingsError> {
    Ok(Policy {
        redaction: redaction(file)?,
        severity: file
            .severity
            .iter()
            .map(|(code, severity)| (*code, *severity))
            .collect(),
        managers: Managers::new(file.managers.clone())?,
        ignore: ignore_rules(&file.ignore, file.ignore_annotation.as_deref())
            .map_err(|error| error.in_file(file.path.as_deref()))?,
        confirm,
        values: AskValues::No,
        trusted_storage: file.trusted_storage_namespaces.clone(),
    })
}

/// What a configuration file hides.
pub(super) fn redaction(file: &File) -> Result<Redaction, SettingsError> {
    Ok(file.redact.redaction()?)
}
