//! Settings: the command line over the environment over the configuration file, validated once.
//!
//! Everything below sees only what comes out of here. Secrets come from files or the environment, never from flags,
//! which everybody on the machine can read.

mod file;
mod ignore;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;

use self::file::File;
use super::cli::{self, ClusterArgs, DiagnoseArgs, ScanArgs, SnapshotArgs};
use super::exit::FailOn;
use crate::cluster::client::{Access, Options as ClientOptions};
use crate::notify::Sinks;
use crate::notify::settings::{
    HttpSettings, PagerDutyScope, PagerDutySettings, PagerDutySeverity, SettingsError as SinkError,
    SlackFormat, SlackSettings, Transport, When,
};
use crate::policy::Confirm;
use crate::policy::Policy;
use crate::policy::managers::{ManagerPatternError, Managers};
use crate::policy::redact::{ConfigMaps, PatternError, Redaction};
use crate::release::decode::MAX_DECODED_BYTES;
use crate::release::history::Depth;
use crate::release::stored::Driver;
use crate::scan;

/// The Slack webhook's address, when it does not come from a file.
const SLACK_URL: &str = "DRIFTLINE_SLACK_URL";
/// PagerDuty's integration key, when it does not come from a file.
const ROUTING_KEY: &str = "DRIFTLINE_PAGERDUTY_ROUTING_KEY";

const TIMEOUT: Duration = Duration::from_mins(10);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const CONCURRENCY: u8 = 8;
const STUCK_AFTER: Duration = Duration::from_mins(15);

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file cannot be read.
    #[error("the {what} {} cannot be read", .path.display())]
    Unreadable {
        /// What the file is for.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The configuration file has a mistake.
    #[error("{}{}: {problem}", .path.display(), .line.map(|line| format!(":{line}")).unwrap_or_default())]
    File {
        /// The file.
        path: PathBuf,
        /// The line.
        line: Option<u64>,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// A redaction rule is not a pattern.
    #[error("redact.keys")]
    Redact(#[from] PatternError),
    /// The name of a manager is not a pattern.
    #[error("managers")]
    Managers(#[from] ManagerPatternError),
    /// An ignore rule has nothing but a reason.
    #[error(
        "ignore rule {0} would ignore everything: give it at least one of kind, api_version, namespace, name, \
         release, labels, path, manager and code"
    )]
    EmptyIgnoreRule(usize),
    /// The key of the annotation by which objects opt out is none.
    #[error(
        "ignore_annotation is `{0}`, which is not the key of an annotation with a prefix, such as \
         example.com/driftline-ignore"
    )]
    IgnoreAnnotation(String),
    /// Only a cluster can be asked.
    #[error(
        "the server cannot confirm what is in a snapshot: leave out --confirm, or pass `--confirm none` where the \
         configuration file has scan.confirm"
    )]
    ConfirmSnapshot,
    /// Helm stores its records where this program cannot read them.
    #[error(
        "HELM_DRIVER is `{0}`, and releases stored that way cannot be read; driftline reads `secret` and `configmap`"
    )]
    Driver(String),
    /// A sink's settings are unusable.
    #[error("notify.{section}")]
    Sink {
        /// The section of the configuration file.
        section: &'static str,
        /// What is wrong.
        source: SinkError,
    },
    /// A sink is configured without its secret.
    #[error(
        "notify.{section}: set `{key}` to the file that holds the secret, or {variable} in the environment"
    )]
    NoSecret {
        /// The section of the configuration file.
        section: &'static str,
        /// The key to set.
        key: &'static str,
        /// The environment variable to set.
        variable: &'static str,
    },
}

/// The environment, so that tests need not change their own.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Where a scan reads.
#[derive(Debug)]
pub enum From {
    /// A live cluster.
    Cluster(ClientOptions),
    /// A snapshot's directory.
    Snapshot(PathBuf),
}

/// What both `scan` and `snapshot` need.
#[derive(Debug)]
pub struct Reading {
    /// Where to read.
    pub from: From,
    /// What to read, and how to judge it.
    pub scan: scan::Options,
    /// How long everything may take.
    pub timeout: Duration,
}

/// Everything `scan` needs.
pub struct ScanSettings {
    /// Where and what to read.
    pub reading: Reading,
    /// Who is told.
    pub sinks: Sinks,
    /// The exit status in place of 1.
    pub exit_code_on_drift: Option<u8>,
    /// What counts as a failure.
    pub fail_on: FailOn,
}

impl ScanSettings {
    /// Resolves the settings of a scan.
    pub fn resolve(args: &ScanArgs, environment: Environment<'_>) -> Result<Self, SettingsError> {
        let file = read(args.cluster.access.config.as_deref())?;
        let mut reading = Reading::resolve(&args.cluster, args.snapshot.as_deref(), &file, environment)?;
        reading.scan.policy.confirm = confirm(args.confirm, file.scan.confirm);
        if let (Confirm::Server, From::Snapshot(_)) = (reading.scan.policy.confirm, &reading.from) {
            return Err(SettingsError::ConfirmSnapshot);
        }
        let sinks = if args.no_notify {
            Sinks::new(HttpSettings::default())
        } else {
            sinks(&file, environment, selection(&reading.scan, &args.cluster))?
        };
        Ok(Self {
            reading,
            sinks,
            fail_on: match (args.fail_on, file.scan.fail_on) {
                (Some(cli::FailOn::Health), _) | (None, file::FailOn::Health) => FailOn::Health,
                (Some(cli::FailOn::Drift), _) | (None, file::FailOn::Drift) => FailOn::Drift,
            },
            exit_code_on_drift: args.exit_code_on_drift.or(file.scan.exit_code_on_drift),
        })
    }
}

impl Reading {
    /// Resolves the settings of a diagnosis.
    pub fn of_diagnosis(args: &DiagnoseArgs, environment: Environment<'_>) -> Result<Self, SettingsError> {
        let cluster = ClusterArgs {
            namespaces: args.namespace.iter().cloned().collect(),
            all_namespaces: args.namespace.is_none(),
            releases: vec![args.release.clone()],
            selector: None,
            access: args.access.clone(),
        };
        let file = read(args.access.config.as_deref())?;
        let mut reading = Self::resolve(&cluster, args.snapshot.as_deref(), &file, environment)?;
        reading.scan.depth = Depth::History;
        Ok(reading)
    }

    /// Resolves the settings of a snapshot.
    pub fn of_snapshot(args: &SnapshotArgs, environment: Environment<'_>) -> Result<Self, SettingsError> {
        Self::resolve(
            &args.cluster,
            None,
            &read(args.cluster.access.config.as_deref())?,
            environment,
        )
    }

    fn resolve(
        args: &ClusterArgs,
        snapshot: Option<&Path>,
        file: &File,
        environment: Environment<'_>,
    ) -> Result<Self, SettingsError> {
        let concurrency = usize::from(
            args.access
                .concurrency
                .or(file.scan.concurrency)
                .unwrap_or(CONCURRENCY)
                .max(1),
        );
        let mut namespaces = match (args.all_namespaces, args.namespaces.is_empty()) {
            (true, _) => Vec::new(),
            (false, false) => args.namespaces.clone(),
            (false, true) => file.scan.namespaces.clone(),
        };
        namespaces.sort();
        namespaces.dedup();
        let from = match snapshot {
            Some(path) => From::Snapshot(path.to_owned()),
            None => From::Cluster(ClientOptions {
                access: if args.access.in_cluster {
                    Access::InCluster
                } else {
                    Access::Kubeconfig {
                        path: args.access.kubeconfig.clone(),
                        context: args.access.context.clone(),
                    }
                },
                name: args
                    .access
                    .cluster_name
                    .clone()
                    .or_else(|| file.cluster.name.clone()),
                drivers: drivers(environment("HELM_DRIVER").as_deref())?,
                selector: args.selector.clone(),
                request_timeout: args
                    .access
                    .request_timeout
                    .or(file.scan.request_timeout)
                    .unwrap_or(REQUEST_TIMEOUT),
                concurrency,
            }),
        };
        let config_maps = if file.redact.config_maps {
            ConfigMaps::Hidden
        } else {
            ConfigMaps::Shown
        };
        Ok(Self {
            from,
            scan: scan::Options {
                namespaces,
                releases: args.releases.clone(),
                depth: Depth::Comparison,
                stuck_after: file.scan.stuck_after.unwrap_or(STUCK_AFTER),
                max_record_bytes: MAX_DECODED_BYTES,
                policy: Policy {
                    redaction: Redaction::new(&file.redact.keys, config_maps)?,
                    severity: file
                        .severity
                        .iter()
                        .map(|(code, severity)| (*code, *severity))
                        .collect(),
                    managers: Managers::new(file.managers.clone())?,
                    ignore: ignore::ignoring(file)?,
                    confirm: Confirm::None,
                },
            },
            timeout: args.access.timeout.or(file.scan.timeout).unwrap_or(TIMEOUT),
        })
    }
}

const fn confirm(flag: Option<cli::Confirm>, file: file::Confirm) -> Confirm {
    match (flag, file) {
        (Some(cli::Confirm::Server), _) | (None, file::Confirm::Server) => Confirm::Server,
        (Some(cli::Confirm::None), _) | (None, file::Confirm::None) => Confirm::None,
    }
}

/// The sinks of `notify --check`.
pub fn sinks_to_check(config: Option<&Path>, environment: Environment<'_>) -> Result<Sinks, SettingsError> {
    sinks(&read(config)?, environment, Vec::new())
}

fn read(path: Option<&Path>) -> Result<File, SettingsError> {
    path.map_or_else(|| Ok(File::default()), file::read)
}

/// What narrows a scan: part of the identity of its alerts.
fn selection(scan: &scan::Options, args: &ClusterArgs) -> Vec<String> {
    let mut releases = scan.releases.clone();
    releases.sort();
    let namespaces = scan.namespaces.iter().map(|name| format!("namespace={name}"));
    let releases = releases.into_iter().map(|name| format!("release={name}"));
    let selector = args
        .selector
        .iter()
        .map(|selector| format!("selector={selector}"));
    namespaces.chain(releases).chain(selector).collect()
}

/// Which kinds of records to look for: what `HELM_DRIVER` says, else both.
fn drivers(variable: Option<&str>) -> Result<BTreeSet<Driver>, SettingsError> {
    match variable.map(str::to_lowercase).as_deref() {
        None | Some("") => Ok(BTreeSet::from([Driver::Secret, Driver::ConfigMap])),
        Some("secret" | "secrets") => Ok(BTreeSet::from([Driver::Secret])),
        Some("configmap" | "configmaps") => Ok(BTreeSet::from([Driver::ConfigMap])),
        Some(other) => Err(SettingsError::Driver(other.to_owned())),
    }
}

fn sinks(file: &File, environment: Environment<'_>, selection: Vec<String>) -> Result<Sinks, SettingsError> {
    let mut http = HttpSettings::default();
    http.attempts = file.notify.attempts.unwrap_or(http.attempts).max(1);
    http.budget = file.notify.budget.unwrap_or(http.budget);
    let mut sinks = Sinks::new(http);
    // A secret in the environment alone turns its sink on.
    if file.notify.slack.is_some() || environment(SLACK_URL).is_some() {
        let section = file.notify.slack.clone().unwrap_or_default();
        let url = secret(
            "slack",
            ("url_file", section.url_file.as_deref()),
            SLACK_URL,
            environment,
        )?;
        let failed = |source| SettingsError::Sink {
            section: "slack",
            source,
        };
        let mut slack = SlackSettings::try_new(&url, transport(section.allow_http)).map_err(failed)?;
        if let Some(format) = section.format {
            slack.format = match format {
                file::SlackFormat::Blocks => SlackFormat::Blocks,
                file::SlackFormat::Attachments => SlackFormat::Attachments,
                file::SlackFormat::Text => SlackFormat::Text,
            };
        }
        slack.when = match section.when {
            file::When::Drift => When::Drift,
            file::When::Always => When::Always,
        };
        sinks = sinks.with_slack(slack);
    }
    if file.notify.pagerduty.is_some() || environment(ROUTING_KEY).is_some() {
        let section = file.notify.pagerduty.clone().unwrap_or_default();
        let path = section.routing_key_file.as_deref();
        let key = secret("pagerduty", ("routing_key_file", path), ROUTING_KEY, environment)?;
        let failed = |source| SettingsError::Sink {
            section: "pagerduty",
            source,
        };
        let mut pagerduty = PagerDutySettings::try_new(&key).map_err(failed)?;
        if let Some(url) = &section.url {
            pagerduty = pagerduty
                .with_url(url, transport(section.allow_http))
                .map_err(failed)?;
        }
        pagerduty.scope = match section.scope {
            file::PagerDutyScope::Cluster => PagerDutyScope::Cluster,
            file::PagerDutyScope::Release => PagerDutyScope::Release,
        };
        if let Some(severity) = section.severity {
            pagerduty.severities.drift = match severity {
                file::PagerDutySeverity::Critical => PagerDutySeverity::Critical,
                file::PagerDutySeverity::Error => PagerDutySeverity::Error,
                file::PagerDutySeverity::Warning => PagerDutySeverity::Warning,
                file::PagerDutySeverity::Info => PagerDutySeverity::Info,
            };
        }
        pagerduty.selection = selection;
        sinks = sinks.with_pagerduty(pagerduty);
    }
    Ok(sinks)
}

const fn transport(allow_http: bool) -> Transport {
    if allow_http {
        Transport::AllowHttp
    } else {
        Transport::HttpsOnly
    }
}

/// A secret from the environment, else from the file that the configuration names.
fn secret(
    section: &'static str,
    (key, path): (&'static str, Option<&Path>),
    variable: &'static str,
    environment: Environment<'_>,
) -> Result<SecretString, SettingsError> {
    if let Some(value) = environment(variable) {
        return Ok(SecretString::from(value));
    }
    let path = path.ok_or(SettingsError::NoSecret {
        section,
        key,
        variable,
    })?;
    std::fs::read_to_string(path)
        .map(SecretString::from)
        .map_err(|source| SettingsError::Unreadable {
            what: key,
            path: path.to_owned(),
            source,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::cli::{Cli, Command};
    use clap::Parser;

    fn scan(flags: &[&str], variables: &[(&str, &str)]) -> Result<ScanSettings, SettingsError> {
        let cli = Cli::parse_from(["driftline", "scan"].iter().chain(flags));
        let Command::Scan(args) = cli.command else {
            panic!("not a scan")
        };
        let variables: Vec<(String, String)> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        ScanSettings::resolve(&args, &|name| {
            variables
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone())
        })
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let config =
            file("scan: {namespaces: [b, a, b], timeout: 20m, concurrency: 4, exit_code_on_drift: 0}\n");
        let path = config.path().to_str().unwrap();
        let settings = scan(&["--config", path], &[]).unwrap();
        assert_eq!(settings.reading.scan.namespaces, ["a", "b"]);
        assert_eq!(settings.reading.timeout, Duration::from_mins(20));
        assert_eq!(settings.exit_code_on_drift, Some(0));
        let From::Cluster(options) = settings.reading.from else {
            panic!("a cluster is to be scanned")
        };
        assert_eq!(options.concurrency, 4);
        let settings = scan(
            &[
                "--config",
                path,
                "-A",
                "--timeout",
                "5s",
                "--exit-code-on-drift",
                "7",
            ],
            &[],
        )
        .unwrap();
        assert_eq!(settings.reading.scan.namespaces, Vec::<String>::new());
        assert_eq!(
            (settings.reading.timeout, settings.exit_code_on_drift),
            (Duration::from_secs(5), Some(7))
        );
        assert_eq!(scan(&[], &[]).unwrap().reading.timeout, TIMEOUT);
    }

    #[test]
    fn helm_driver_chooses_the_records() {
        let drivers = |value| match scan(&[], &[("HELM_DRIVER", value)]).unwrap().reading.from {
            From::Cluster(options) => options.drivers,
            From::Snapshot(_) => panic!("not a cluster"),
        };
        assert_eq!(drivers(""), BTreeSet::from([Driver::Secret, Driver::ConfigMap]));
        assert_eq!(drivers("Secrets"), BTreeSet::from([Driver::Secret]));
        assert_eq!(drivers("configmap"), BTreeSet::from([Driver::ConfigMap]));
        let error = scan(&[], &[("HELM_DRIVER", "sql")]).err().unwrap().to_string();
        assert!(
            error.contains("`sql`") && error.contains("`configmap`"),
            "{error}"
        );
    }

    #[test]
    fn secrets_come_from_the_environment_or_a_file() {
        let url = file("https://hooks.slack.com/services/T0/B0/secret\n");
        let config = file(&format!(
            "notify: {{slack: {{url_file: {}}}}}\n",
            url.path().display()
        ));
        let path = config.path().to_str().unwrap();
        assert!(!scan(&["--config", path], &[]).unwrap().sinks.is_empty());
        assert!(
            scan(&["--config", path, "--no-notify"], &[])
                .unwrap()
                .sinks
                .is_empty()
        );
        let key = "0123456789abcdef0123456789abcdef";
        assert!(!scan(&[], &[(ROUTING_KEY, key)]).unwrap().sinks.is_empty());
        assert!(scan(&[], &[]).unwrap().sinks.is_empty());
    }

    #[test]
    fn a_sink_without_its_secret_says_where_to_put_it() {
        let config = file("notify: {pagerduty: {}}\n");
        let error = scan(&["--config", config.path().to_str().unwrap()], &[])
            .err()
            .unwrap()
            .to_string();
        assert_eq!(
            error,
            "notify.pagerduty: set `routing_key_file` to the file that holds the secret, or \
             DRIFTLINE_PAGERDUTY_ROUTING_KEY in the environment"
        );
        let config = file("notify: {slack: {url_file: /does/not/exist}}\n");
        let error = scan(&["--config", config.path().to_str().unwrap()], &[])
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.starts_with("the url_file /does/not/exist cannot be read"),
            "{error}"
        );
    }

    #[test]
    fn only_a_cluster_can_confirm_and_only_where_it_is_asked_to() {
        let config = file("scan: {confirm: server}\n");
        let path = config.path().to_str().unwrap();
        let confirm = |flags: &[&str]| scan(flags, &[]).map(|settings| settings.reading.scan.policy.confirm);
        assert_eq!(confirm(&[]).unwrap(), Confirm::None);
        assert_eq!(confirm(&["--confirm", "server"]).unwrap(), Confirm::Server);
        assert_eq!(confirm(&["--config", path]).unwrap(), Confirm::Server);
        assert_eq!(
            confirm(&["--config", path, "--confirm", "none", "--snapshot", "x"]).unwrap(),
            Confirm::None
        );
        for flags in [["--confirm", "server"], ["--config", path]] {
            let error = confirm(&[&flags[..], &["--snapshot", "x"]].concat()).unwrap_err();
            assert!(error.to_string().contains("--confirm none"), "{error}");
        }
    }

    #[test]
    fn mistakes_in_the_file_name_file_and_line() {
        let config = file("scan:\n  timeuot: 5m\n");
        let path = config.path().to_str().unwrap();
        let error = scan(&["--config", path], &[]).err().unwrap().to_string();
        assert!(
            error.starts_with(&format!("{path}:2: ")) && error.contains("timeout"),
            "{error}"
        );
    }
}
