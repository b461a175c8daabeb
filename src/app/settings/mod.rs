//! Settings: the command line over the environment over the configuration file, validated once.
//!
//! The modules below see only these validated settings. Secrets come from files or the environment, never from flags,
//! which everybody on the machine can read.

mod client;
mod error;
mod file;
mod ignore;
mod metrics;
mod policy;
mod selection;
mod state;
mod told;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use self::client::client_options;
use self::file::File;
use self::policy::policy;
use super::cli::{
    AccessArgs, DiagnoseArgs, Names, PreviewArgs, PreviewRollbackArgs, PreviewUpgradeArgs, RightsArgs,
    ScanArgs, SnapshotArgs, ValuesArgs,
};
use super::environment::Environment;
use super::exit::DriftStatus;
use crate::chart::Chart;
use crate::cluster::client::Options as ClientOptions;
use crate::manifest::rendered::{Rendered, RenderedFor};
use crate::notify::Sinks;
use crate::notify::pushgateway::settings::PushgatewaySettings;
use crate::notify::settings::{HttpSettings, SinkContext};
use crate::policy::selection::{NamespacePattern, ReleasePattern, Selection};
use crate::policy::{AskValues, Confirm};
use crate::release::decode::MAX_DECODED_BYTES;
use crate::release::history::Depth;
use crate::release::stored::Driver;
use crate::report::Format;
use crate::report::summary::{Contradiction, FailOn};
use crate::scan;
use crate::state::Telling;

pub use self::error::SettingsError;
pub use self::metrics::MetricsSettings;
pub use self::state::StateStore;

/// The variable of `--state`.
const STATE_VARIABLE: &str = "DRIFTLINE_STATE";

const TIMEOUT: Duration = Duration::from_mins(10);
const STUCK_AFTER: Duration = Duration::from_mins(15);

/// The cluster or the snapshot that is scanned.
#[derive(Debug)]
pub enum ScanTarget {
    /// A live cluster.
    Cluster(ClientOptions),
    /// A snapshot.
    Snapshot {
        /// Its directory.
        path: PathBuf,
        /// The name of the cluster in place of the one that it was taken with.
        name: Option<String>,
    },
}

/// The settings of every command that scans: where to read, which releases, and for how long.
#[derive(Debug)]
pub struct Reading<T = ScanTarget> {
    /// Where to read.
    pub target: T,
    /// Which releases to read, and how to classify differences.
    pub scan: scan::ScanOptions,
    /// How long everything may take.
    pub timeout: Duration,
}

/// The settings of `scan`.
pub struct ScanSettings {
    /// Where to read, and which releases.
    pub reading: Reading,
    /// Where notifications go.
    pub sinks: Sinks,
    /// Where metrics go.
    pub metrics: MetricsSettings,
    /// The exit status in place of 1.
    pub exit_code_on_drift: Option<DriftStatus>,
    /// The conditions that count as a failure.
    pub fail_on: FailOn,
    /// Where earlier scans are remembered.
    pub state: StateStore,
    /// The report whose drift is accepted.
    pub baseline: Option<PathBuf>,
    /// When receivers are told.
    pub telling: Telling,
}

impl ScanSettings {
    /// Resolves the settings of a scan.
    pub fn resolve(args: &ScanArgs, environment: Environment<'_>) -> Result<Self, SettingsError> {
        if args.summary
            && let Some(output) = args.output.outputs.first()
            && args
                .output
                .outputs
                .iter()
                .all(|output| output.format != Format::Text)
        {
            return Err(SettingsError::SummaryFormat(output.format));
        }
        let access = &args.cluster.access;
        let file = file::read(access.config.as_deref())?;
        let mut selection = selection::of_releases(&args.cluster, &file);
        selection.shard = selection::shard(args.shard, &file);
        let selector = selection.selector.as_deref();
        let target = ScanTarget::resolve(args.snapshot.as_deref(), access, selector, &file, environment)?;
        let mut scan = scan_options(&selection, access, &file)?;
        scan.policy.confirm = args.confirm.or(file.scan.confirm).unwrap_or_default();
        scan.policy.values = ask_values(args.values);
        scan.orphans = orphan_search(args.orphans);
        if let ScanTarget::Cluster(options) = &target {
            can_find_orphans(scan.orphans, options)?;
        }
        if let (Confirm::Server, ScanTarget::Snapshot { .. }) = (scan.policy.confirm, &target) {
            return Err(SettingsError::ConfirmSnapshot);
        }
        let context = SinkContext {
            environment: Some(environment),
            selection: &selection::parts(&selection),
        };
        let metrics = MetricsSettings::resolve(
            args,
            &target,
            file.metrics.clone(),
            file.path.as_deref(),
            &context,
        )?;
        let sinks = if args.no_notify {
            Sinks::new(HttpSettings::default())
        } else {
            file.sinks(&context)?
        };
        let state = match &target {
            ScanTarget::Cluster(_) if args.baseline.is_none() => {
                args.state.as_ref().unwrap_or(&file.state).clone()
            }
            // The baseline says what is old, and a snapshot is no scan of the cluster as it is now.
            ScanTarget::Cluster(_) | ScanTarget::Snapshot { .. } => StateStore::None,
        };
        if let (Some(StateStore::File(_) | StateStore::ConfigMap { .. }), ScanTarget::Snapshot { .. }) =
            (&args.state, &target)
        {
            tracing::warn!(
                "--state is not used: it remembers scans of the cluster, and this is a snapshot; --baseline REPORT.json \
                 compares it with a report"
            );
        }
        let fail_on = fail_on(args, &file)?;
        if fail_on.is_only_new() && args.baseline.is_none() && state == StateStore::None {
            return Err(match &target {
                ScanTarget::Cluster(_) => SettingsError::NothingToCompareWith,
                ScanTarget::Snapshot { .. } => SettingsError::NothingToCompareSnapshotWith,
            });
        }
        let sinks = match &target {
            ScanTarget::Cluster(_) => sinks,
            // Whoever made the snapshot chose the name of the cluster in it: a scan of it could open and close alerts of
            // the cluster itself.
            ScanTarget::Snapshot { .. } => {
                if !sinks.is_empty() {
                    tracing::warn!(
                        "no notification is sent: they are about the cluster, and this is a snapshot"
                    );
                }
                Sinks::new(HttpSettings::default())
            }
        };
        // With a baseline, that is what is known.
        let mut idle = told::left_out(&sinks);
        if args.baseline.is_none() {
            idle.extend(told::without_memory(&file.notify, &sinks, &state));
        }
        for sentence in idle {
            tracing::warn!("{sentence}");
        }
        Ok(Self {
            reading: Reading {
                target,
                scan,
                timeout: timeout(access, &file),
            },
            sinks,
            metrics,
            fail_on,
            state,
            baseline: args.baseline.clone(),
            telling: file.notify.telling(),
            exit_code_on_drift: args.exit_code_on_drift.or(file.scan.exit_code_on_drift),
        })
    }
}

/// What fails a scan. A baseline accepts what was known, whatever the file counts, unless a flag or a variable says otherwise.
fn fail_on(args: &ScanArgs, file: &file::File) -> Result<FailOn, Contradiction> {
    if !args.fail_on.is_empty() {
        return FailOn::all(&args.fail_on);
    }
    let by_file = file.scan.fail_on.unwrap_or_default();
    Ok(match args.baseline {
        Some(_) => by_file.only_new(),
        None => by_file,
    })
}

impl Reading {
    /// Resolves the settings of the scan of a snapshot of which notifications are previewed.
    pub fn of_notifications(snapshot: &Path, config: Option<&Path>) -> Result<Self, SettingsError> {
        let file = file::read(config)?;
        let access = AccessArgs {
            config: config.map(Path::to_owned),
            ..AccessArgs::default()
        };
        let selection = Selection {
            namespaces: file.scan.namespaces.clone(),
            ..Selection::default()
        };
        Ok(Self {
            target: ScanTarget::Snapshot {
                path: snapshot.to_owned(),
                name: access.cluster_name.clone(),
            },
            scan: scan_options(&selection, &access, &file)?,
            timeout: timeout(&access, &file),
        })
    }

    /// Resolves the settings of a diagnosis.
    pub fn of_diagnosis(args: &DiagnoseArgs, environment: Environment<'_>) -> Result<Self, SettingsError> {
        let release = OneRelease {
            pattern: &args.release,
            namespace: &args.namespace,
            snapshot: args.snapshot.as_deref(),
            access: &args.access,
        };
        let mut reading = Self::of_one_release(&release, Depth::History, environment)?;
        reading.scan.policy.values = AskValues::Yes;
        reading.scan.orphans = match &reading.target {
            ScanTarget::Cluster(options) if reads_all_records(options) => scan::OrphanSearch::IfNoRecord,
            ScanTarget::Cluster(_) | ScanTarget::Snapshot { .. } => scan::OrphanSearch::No,
        };
        Ok(reading)
    }

    /// Resolves the settings of the preview of a rollback.
    pub fn of_rollback(
        args: &PreviewRollbackArgs,
        environment: Environment<'_>,
    ) -> Result<Self, SettingsError> {
        let depth = Depth::Rollback(args.revision.filter(|revision| *revision > 0));
        Self::of_preview(
            &args.release,
            &args.common,
            depth,
            scan::PreviewRequest::Rollback,
            environment,
        )
    }

    /// Resolves the settings of the preview of an upgrade to these manifests.
    pub fn of_upgrade(
        args: &PreviewUpgradeArgs,
        rendered: Rendered,
        environment: Environment<'_>,
    ) -> Result<Self, SettingsError> {
        let rendered_for = rendered.rendered_for.clone();
        let request = scan::PreviewRequest::Upgrade(Arc::new(rendered));
        let mut reading =
            Self::of_preview(&args.release, &args.common, Depth::History, request, environment)?;
        reading.rendered_for(&args.release, rendered_for)?;
        Ok(reading)
    }

    /// Resolves the settings of the question which values keep what lives in a release.
    pub fn of_values(
        args: &ValuesArgs,
        chart: Option<Chart>,
        rendered: Option<Rendered>,
        environment: Environment<'_>,
    ) -> Result<Self, SettingsError> {
        let release = OneRelease {
            pattern: &args.release,
            namespace: &args.namespace,
            snapshot: args.snapshot.as_deref(),
            access: &args.access,
        };
        let mut reading = Self::of_one_release(&release, Depth::Comparison, environment)?;
        reading.scan.policy.values = AskValues::Yes;
        reading.scan.chart = chart.map(Arc::new);
        if let Some(rendered) = rendered {
            let rendered_for = rendered.rendered_for.clone();
            reading.rendered_for(&args.release, rendered_for)?;
            reading.scan.rendered = Some(Arc::new(rendered));
        }
        Ok(reading)
    }

    /// Limits what is read to the release that manifests were rendered for.
    fn rendered_for(
        &mut self,
        asked: &ReleasePattern,
        rendered_for: Option<RenderedFor>,
    ) -> Result<(), SettingsError> {
        let Some(RenderedFor { namespace, name }) = rendered_for else {
            return Ok(());
        };
        let selection = &mut self.scan.selection;
        if !selection.has_named(&namespace, &name) {
            let asked = asked.to_string();
            return Err(SettingsError::RenderedForAnother {
                namespace,
                name,
                asked,
            });
        }
        // Releases of this name in other namespaces are not what Helm rendered.
        if let Ok(namespace) = namespace.parse() {
            selection.namespaces = vec![namespace];
        }
        Ok(())
    }

    fn of_preview(
        release: &ReleasePattern,
        args: &PreviewArgs,
        depth: Depth,
        request: scan::PreviewRequest,
        environment: Environment<'_>,
    ) -> Result<Self, SettingsError> {
        let release = OneRelease {
            pattern: release,
            namespace: &args.namespace,
            snapshot: args.snapshot.as_deref(),
            access: &args.access,
        };
        let mut reading = Self::of_one_release(&release, depth, environment)?;
        reading.scan.preview = Some(request);
        // Not by the file or the environment: whoever scans with an account that only reads may preview with one that deploys.
        reading.scan.confirm_writes = args.confirm.unwrap_or_default();
        if let (Confirm::Server, ScanTarget::Snapshot { .. }) = (reading.scan.confirm_writes, &reading.target)
        {
            return Err(SettingsError::ConfirmPreviewOfSnapshot);
        }
        Ok(reading)
    }

    /// Resolves the settings of what is asked about one release.
    fn of_one_release(
        release: &OneRelease<'_>,
        depth: Depth,
        environment: Environment<'_>,
    ) -> Result<Self, SettingsError> {
        let access = release.access;
        let file = file::read(access.config.as_deref())?;
        let selection = selection::of_one_release(release.pattern, release.namespace);
        let mut scan = scan_options(&selection, access, &file)?;
        scan.depth = depth;
        Ok(Self {
            target: ScanTarget::resolve(release.snapshot, access, None, &file, environment)?,
            scan,
            timeout: timeout(access, &file),
        })
    }
}

/// The arguments of a command that is about one release.
struct OneRelease<'a> {
    pattern: &'a ReleasePattern,
    namespace: &'a [Names<NamespacePattern>],
    snapshot: Option<&'a Path>,
    access: &'a AccessArgs,
}

impl Reading<ClientOptions> {
    /// Resolves the settings of a snapshot, which is always taken of a cluster.
    pub fn of_snapshot(args: &SnapshotArgs, environment: Environment<'_>) -> Result<Self, SettingsError> {
        let access = &args.cluster.access;
        let file = file::read(access.config.as_deref())?;
        let mut selection = selection::of_releases(&args.cluster, &file);
        selection.shard = selection::shard(args.shard, &file);
        let target = client_options(access, selection.selector.as_deref(), &file, environment)?;
        let mut scan = scan_options(&selection, access, &file)?;
        scan.orphans = orphan_search(args.orphans);
        can_find_orphans(scan.orphans, &target)?;
        scan.policy.values = ask_values(args.with_values);
        if args.preview {
            scan.depth = Depth::Rollback(None);
            scan.preview = Some(scan::PreviewRequest::Rollback);
        }
        Ok(Self {
            target,
            scan,
            timeout: timeout(access, &file),
        })
    }

    /// Resolves the settings of the scan whose rights are compared.
    pub fn of_rights(args: &RightsArgs, environment: Environment<'_>) -> Result<Self, SettingsError> {
        let access = &args.cluster.access;
        let file = file::read(access.config.as_deref())?;
        let selection = selection::of_releases(&args.cluster, &file);
        let mut scan = scan_options(&selection, access, &file)?;
        scan.policy.confirm = args.confirm.or(file.scan.confirm).unwrap_or_default();
        scan.orphans = orphan_search(args.orphans);
        Ok(Self {
            target: client_options(access, selection.selector.as_deref(), &file, environment)?,
            scan,
            timeout: timeout(access, &file),
        })
    }
}

/// Whether the command line asks for orphans.
const fn orphan_search(is_asked_for: bool) -> scan::OrphanSearch {
    if is_asked_for {
        scan::OrphanSearch::Yes
    } else {
        scan::OrphanSearch::No
    }
}

/// Whether the command line asks for keys of values.
const fn ask_values(is_asked_for: bool) -> AskValues {
    if is_asked_for {
        AskValues::Yes
    } else {
        AskValues::No
    }
}

/// Whether the client reads the records of all releases.
fn reads_all_records(options: &ClientOptions) -> bool {
    can_find_orphans(scan::OrphanSearch::Yes, options).is_ok()
}

/// `Err` where the client reads only some of the records: the objects of all other releases would look like orphans.
fn can_find_orphans(orphans: scan::OrphanSearch, options: &ClientOptions) -> Result<(), SettingsError> {
    match orphans {
        scan::OrphanSearch::Yes if options.selector.is_some() => Err(SettingsError::OrphansSelector),
        scan::OrphanSearch::Yes if options.drivers.len() < Driver::ALL.len() => {
            Err(SettingsError::OrphansDriver)
        }
        scan::OrphanSearch::Yes | scan::OrphanSearch::IfNoRecord | scan::OrphanSearch::No => Ok(()),
    }
}

impl ScanTarget {
    fn resolve(
        snapshot: Option<&Path>,
        access: &AccessArgs,
        selector: Option<&str>,
        file: &File,
        environment: Environment<'_>,
    ) -> Result<Self, SettingsError> {
        match snapshot {
            Some(path) => Ok(Self::Snapshot {
                path: path.to_owned(),
                name: access.cluster_name.clone(),
            }),
            None => client_options(access, selector, file, environment).map(Self::Cluster),
        }
    }
}

/// A scan of these releases to the depth of a comparison, without confirmation.
fn scan_options(
    selection: &Selection,
    access: &AccessArgs,
    file: &File,
) -> Result<scan::ScanOptions, SettingsError> {
    Ok(scan::ScanOptions {
        selection: selection.clone(),
        depth: Depth::Comparison,
        stuck_after: file.scan.stuck_after.unwrap_or(STUCK_AFTER),
        max_record_bytes: MAX_DECODED_BYTES,
        policy: policy(file, Confirm::None)?,
        limits: scan::ScanLimits::default(),
        earlier: None,
        in_sync: scan::InSync::Listed,
        orphans: scan::OrphanSearch::No,
        cluster: access.repeated(),
        chart: None,
        rendered: None,
        preview: None,
        confirm_writes: Confirm::None,
    })
}

fn timeout(access: &AccessArgs, file: &File) -> Duration {
    access.timeout.or(file.scan.timeout).unwrap_or(TIMEOUT)
}

/// What `notify --check` checks.
pub struct NotifyCheck {
    /// Where notifications go.
    pub sinks: Sinks,
    /// Where metrics are pushed to.
    pub pushgateway: Option<PushgatewaySettings>,
    /// What has no effect as it is configured, a sentence each.
    pub idle: Vec<String>,
}

impl NotifyCheck {
    /// Resolves the settings of notifications, of which nothing is sent.
    pub fn resolve(config: Option<&Path>, environment: Environment<'_>) -> Result<Self, SettingsError> {
        let file = file::read(config)?;
        let context = SinkContext {
            environment: Some(environment),
            selection: &[],
        };
        let sinks = file.sinks(&context)?;
        let pushgateway = metrics::pushgateway(file.metrics.clone(), file.path.as_deref(), &context)?;
        // A scan takes it from there as well. One that is no place is the scan's mistake.
        let by_variable = environment(STATE_VARIABLE).map(|text| text.parse().unwrap_or(StateStore::None));
        let state = by_variable.as_ref().unwrap_or(&file.state);
        Ok(Self {
            idle: told::without_memory(&file.notify, &sinks, state),
            pushgateway,
            sinks,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::cli::{Cli, Command, PreviewCommand};
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

    fn namespaces(settings: &ScanSettings) -> Vec<String> {
        let namespaces = settings.reading.scan.selection.namespaces.iter();
        namespaces.map(ToString::to_string).collect()
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
        assert_eq!(namespaces(&settings), ["a", "b"]);
        assert_eq!(settings.reading.timeout, Duration::from_mins(20));
        assert_eq!(settings.exit_code_on_drift, "0".parse().ok());
        let ScanTarget::Cluster(options) = settings.reading.target else {
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
        assert_eq!(namespaces(&settings), [""; 0]);
        assert_eq!(
            (settings.reading.timeout, settings.exit_code_on_drift),
            (Duration::from_secs(5), "7".parse().ok())
        );
        assert_eq!(scan(&[], &[]).unwrap().reading.timeout, TIMEOUT);
    }

    #[test]
    fn no_notify_turns_off_what_the_environment_configures() {
        let key = [(
            "DRIFTLINE_PAGERDUTY_ROUTING_KEY",
            "0123456789abcdef0123456789abcdef",
        )];
        assert!(!scan(&[], &key).unwrap().sinks.is_empty());
        assert!(scan(&["--no-notify"], &key).unwrap().sinks.is_empty());
    }

    #[test]
    fn helm_driver_has_to_name_a_readable_store() {
        let error = scan(&[], &[("HELM_DRIVER", "sql")]).err().unwrap().to_string();
        assert!(error.contains("`sql`"), "{error}");
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

    /// Whoever scans with an account that only reads may preview with one that deploys.
    #[test]
    fn a_preview_confirms_only_by_its_own_flag() {
        let config = file("scan: {confirm: server}\n");
        let path = config.path().to_str().unwrap();
        let confirm = |flags: &[&str]| {
            let arguments = [&["driftline", "preview", "rollback", "web"], flags].concat();
            let cli = Cli::try_parse_from(arguments).unwrap();
            let Command::Preview(PreviewCommand::Rollback(args)) = cli.command else {
                panic!("not a preview")
            };
            let variables = |name: &str| (name == "DRIFTLINE_CONFIRM").then(|| "server".to_owned());
            Reading::of_rollback(&args, &variables).map(|reading| reading.scan)
        };
        let by_file = confirm(&["--config", path]).unwrap();
        assert_eq!(
            (by_file.confirm_writes, by_file.policy.confirm),
            (Confirm::None, Confirm::None)
        );
        let by_flag = confirm(&["--confirm", "server"]).unwrap();
        // The findings of a preview are not what it is about.
        assert_eq!(
            (by_flag.confirm_writes, by_flag.policy.confirm),
            (Confirm::Server, Confirm::None)
        );
        let error = confirm(&["--confirm", "server", "--snapshot", "x"]).unwrap_err();
        assert!(error.to_string().contains("leave out --confirm"), "{error}");
        confirm(&["--confirm", "none", "--snapshot", "x"]).unwrap();
    }

    #[test]
    fn orphans_are_found_only_beside_all_records() {
        let orphans = |flags: &[&str], variables: &[(&str, &str)]| {
            scan(&[flags, &["--orphans"]].concat(), variables).map(|settings| settings.reading.scan.orphans)
        };
        assert_eq!(orphans(&[], &[]).unwrap(), scan::OrphanSearch::Yes);
        assert_eq!(orphans(&["-n", "shop"], &[]).unwrap(), scan::OrphanSearch::Yes);
        let error = orphans(&["-l", "team=a"], &[]).unwrap_err().to_string();
        assert!(error.contains("--orphans") && error.contains("-l"), "{error}");
        let error = orphans(&[], &[("HELM_DRIVER", "secret")])
            .unwrap_err()
            .to_string();
        assert!(error.contains("HELM_DRIVER"), "{error}");
    }

    #[test]
    fn flags_win_over_what_the_file_fails_on() {
        let config = file("scan: {fail_on: health}\n");
        let path = config.path().to_str().unwrap();
        let fail_on = |flags: &[&str]| scan(flags, &[]).unwrap().fail_on;
        assert_eq!(fail_on(&[]), FailOn::DRIFT);
        assert_eq!(fail_on(&["--config", path]), FailOn::HEALTH);
        assert_eq!(fail_on(&["--config", path, "--fail-on", "drift"]), FailOn::DRIFT);
        // What a baseline knows is accepted, whatever the file counts.
        let with_baseline = fail_on(&["--config", path, "--baseline", "x"]);
        assert_eq!(with_baseline, FailOn::HEALTH.only_new());
        let all = ["--config", path, "--baseline", "x", "--fail-on", "health"];
        assert_eq!(fail_on(&all), FailOn::HEALTH);
    }

    #[test]
    fn several_conditions_fail_a_scan_by_the_flag_the_variable_and_the_file() {
        let expected = FailOn::HEALTH.only_new();
        let base = ["--baseline", "x"];
        let by_flag = |flags: &[&str]| scan(&[&base[..], flags].concat(), &[]);
        for flags in [
            &["--fail-on", "new,health"][..],
            &["--fail-on=health", "--fail-on=new"],
        ] {
            assert_eq!(by_flag(flags).unwrap().fail_on, expected);
        }
        for text in ["new,health", "[new, health]", "\n  - health\n  - new"] {
            let config = file(&format!("scan:\n fail_on: {text}\n"));
            let path = config.path().to_str().unwrap();
            assert_eq!(by_flag(&["--config", path]).unwrap().fail_on, expected, "{text}");
        }
        let error = by_flag(&["--fail-on", "drift,new"]).err().unwrap();
        let said = format!("{:#}", anyhow::Error::from(error));
        assert!(
            said.starts_with("--fail-on contradicts itself: `drift` counts all drift"),
            "{said}"
        );
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
