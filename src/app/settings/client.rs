//! The settings of the cluster's client: the kubeconfig, the limits of requests, and where Helm keeps its records.

use std::collections::BTreeSet;
use std::time::Duration;

use super::error::SettingsError;
use super::file::File;
use super::policy::redaction;
use crate::app::cli::AccessArgs;
use crate::app::environment::Environment;
use crate::cluster::client::{Access, Options};
use crate::release::stored::Driver;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const CONCURRENCY: u8 = 16;

/// The options of the cluster's client. `selector` narrows the records that it lists.
pub(super) fn client_options(
    args: &AccessArgs,
    selector: Option<&str>,
    file: &File,
    environment: Environment<'_>,
) -> Result<Options, SettingsError> {
    let concurrency = args.concurrency.or(file.scan.concurrency).unwrap_or(CONCURRENCY);
    Ok(Options {
        access: if args.in_cluster {
            Access::InCluster
        } else {
            Access::Kubeconfig {
                path: args.kubeconfig.clone(),
                context: args.context.clone(),
            }
        },
        name: args.cluster_name.clone().or_else(|| file.cluster.name.clone()),
        drivers: drivers(environment("HELM_DRIVER").as_deref())?,
        selector: selector.map(str::to_owned),
        redaction: redaction(file)?,
        request_timeout: args
            .request_timeout
            .or(file.scan.request_timeout)
            .unwrap_or(REQUEST_TIMEOUT),
        concurrency: usize::from(concurrency),
    })
}

/// The kinds of records to look for: the one that `HELM_DRIVER` names, or both.
fn drivers(variable: Option<&str>) -> Result<BTreeSet<Driver>, SettingsError> {
    match variable.map(str::to_lowercase).as_deref() {
        None | Some("") => Ok(BTreeSet::from([Driver::Secret, Driver::ConfigMap])),
        Some("secret" | "secrets") => Ok(BTreeSet::from([Driver::Secret])),
        Some("configmap" | "configmaps") => Ok(BTreeSet::from([Driver::ConfigMap])),
        Some(other) => Err(SettingsError::Driver(other.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_the_default_limits() {
        use clap::CommandFactory as _;
        let command = crate::app::cli::Cli::command();
        let help_of = |name: &str| {
            let scan = command.find_subcommand("scan")?;
            let argument = scan.get_arguments().find(|argument| argument.get_id() == name)?;
            Some(argument.get_help()?.to_string())
        };
        for (name, default) in [
            ("concurrency", CONCURRENCY.to_string()),
            ("request_timeout", format!("{}s", REQUEST_TIMEOUT.as_secs())),
        ] {
            let help = help_of(name).unwrap();
            assert!(help.ends_with(&format!("[default: {default}]")), "{help}");
        }
    }

    #[test]
    fn helm_driver_chooses_the_records() {
        let both = BTreeSet::from([Driver::Secret, Driver::ConfigMap]);
        for (variable, expected) in [
            (None, both.clone()),
            (Some(""), both),
            (Some("Secrets"), BTreeSet::from([Driver::Secret])),
            (Some("configmap"), BTreeSet::from([Driver::ConfigMap])),
        ] {
            assert_eq!(drivers(variable).unwrap(), expected, "{variable:?}");
        }
        let error = drivers(Some("sql")).unwrap_err().to_string();
        assert!(
            error.contains("`sql`") && error.contains("`configmap`"),
            "{error}"
        );
    }
}
