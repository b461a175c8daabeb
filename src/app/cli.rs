//! The command line, as typed. Nothing below [`crate::app::settings`] sees it.

use std::ffi::OsStr;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::{OsStringValueParser, PossibleValue, PossibleValuesParser, Resettable, TypedValueParser};
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use super::environment;
use super::exit::{DriftStatus, PreviewFailure};
use super::output::{Output, OutputParser};
use super::settings::StateStore;
use crate::explain::pages::PageFormat;
use crate::model::Report;
use crate::model::rights::{Account, NoServiceAccount};
use crate::policy::Confirm;
use crate::policy::selection::{NamespacePattern, ReleasePattern, split_names};
use crate::policy::shard::Shard;
use crate::report::ReportKind;
use crate::report::links::{CodesUrl, Links};
use crate::report::rights::RightsFormat;
use crate::report::sanitize::{Medium, sanitize};
use crate::report::summary::Condition;
use crate::shell::ClusterFlags;

/// Compares Helm releases with their live objects in a Kubernetes cluster and reports drift. Read-only.
#[derive(Debug, Parser)]
#[command(name = "driftline", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
}

impl Cli {
    /// Parses the command line. A variable of the environment that is empty counts as unset.
    pub fn typed() -> Result<Self, clap::Error> {
        let matches = without_empty_variables(Self::command()).try_get_matches()?;
        Self::from_arg_matches(&matches)
    }
}

/// A command that does not take an empty variable for a value.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let value = |name: &OsStr| environment::variable_or_empty(name.to_str()?);
    let is_empty = |name: &OsStr| value(name).is_some_and(|value| value.is_empty());
    command
        .mut_args(|argument| {
            if argument.get_env().is_some_and(is_empty) {
                argument.env(Resettable::Reset)
            } else {
                argument
            }
        })
        .mut_subcommands(without_empty_variables)
}

/// The heading of the options that every command has, below those of the command itself.
const LOGS_AND_COLOUR: &str = "Logs and colour";

/// Options of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// More log output on stderr: -v timings, -vv decisions, -vvv requests
    #[arg(short, long, action = clap::ArgAction::Count, global = true, conflicts_with = "quiet", help_heading = LOGS_AND_COLOUR)]
    pub verbose: u8,
    /// Log only errors to stderr, and show no progress bar
    #[arg(short, long, global = true, help_heading = LOGS_AND_COLOUR)]
    pub quiet: bool,
    /// Format of the log lines on stderr
    #[arg(
        long,
        value_enum,
        default_value_t,
        global = true,
        help_heading = LOGS_AND_COLOUR,
        env = "DRIFTLINE_LOG_FORMAT"
    )]
    pub log_format: LogFormat,
    /// When to use colour
    #[arg(long, value_enum, default_value_t, global = true, help_heading = LOGS_AND_COLOUR)]
    pub color: Color,
    /// Show long output on a terminal without a pager, which is `DRIFTLINE_PAGER`, else `PAGER`, else less
    #[arg(long, global = true, help_heading = LOGS_AND_COLOUR)]
    pub no_pager: bool,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum LogFormat {
    /// Plain text.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compare Helm releases with their live objects
    #[command(after_help = EXIT_STATUS)]
    Scan(Box<ScanArgs>),
    /// Diagnose one release and print recovery steps, safest first
    #[command(after_help = DIAGNOSE_STATUS)]
    Diagnose(Box<DiagnoseArgs>),
    /// Tell what Helm would do to a release, and whether that works
    #[command(subcommand)]
    Preview(PreviewCommand),
    /// Name the keys of the chart's values that keep what lives in a release, as YAML for `helm upgrade -f`
    #[command(after_help = VALUES_STATUS)]
    Values(Box<ValuesArgs>),
    /// Print a stored report again, in any format, whole or in part
    #[command(after_help = SHOW_STATUS)]
    Show(Box<ShowArgs>),
    /// Compare two stored reports: what is new, what changed and what is resolved
    #[command(after_help = COMPARE_STATUS)]
    Compare(Box<CompareArgs>),
    /// Put stored reports together: those of all shards of a cluster, or of several clusters
    #[command(after_help = MERGE_STATUS)]
    Merge(Box<MergeArgs>),
    /// Save everything that a scan reads to files, for scanning without the cluster
    Snapshot(Box<SnapshotArgs>),
    /// Compare the rights of an account with those that a scan needs, and print the roles that are missing
    #[command(after_help = RIGHTS_STATUS)]
    Rights(Box<RightsArgs>),
    /// Explain a word that reports use; without an argument, list all of them
    Explain(ExplainArgs),
    /// Check notification settings, or print what would be sent
    Notify(NotifyArgs),
    /// Print a shell completion script
    #[command(alias = "completion")]
    Completions {
        /// The shell that will run the script
        shell: clap_complete::Shell,
    },
    /// Print a manual page, or write all of them to a folder
    Man {
        /// The command whose page is printed [default: the page of driftline itself]
        #[arg(conflicts_with = "dir")]
        command: Option<String>,
        /// Write the pages of all commands to this folder
        #[arg(long, value_name = "DIR", value_parser = path())]
        dir: Option<PathBuf>,
    },
    /// Print the version
    Version,
}

/// The operations of Helm that can be previewed.
#[derive(Debug, Subcommand)]
pub enum PreviewCommand {
    /// Tell what `helm rollback` would do if it ran now
    #[command(after_help = PREVIEW_STATUS)]
    Rollback(Box<PreviewRollbackArgs>),
    /// Tell what `helm upgrade` to rendered manifests would do if it ran now
    #[command(after_help = PREVIEW_STATUS)]
    Upgrade(Box<PreviewUpgradeArgs>),
}

/// How many concurrent requests may be asked for.
pub(super) const CONCURRENCY: RangeInclusive<i64> = 1..=64;

const EXIT_STATUS: &str = "Exit status: 0 no drift; 1 drift, or what --fail-on names besides; 2 error (usage, cluster unreachable, timeout, \
                           undelivered notification); 3 incomplete (no drift seen, but something could not be read, or was \
                           named and does not exist).";

const SHOW_STATUS: &str = "Exit status: 0, whatever the report says; 2 error (usage, no report that can be read); 3 the \
                           report has nothing of what -n or --release names.";

const COMPARE_STATUS: &str = "Exit status, as of `scan --baseline OLD`: 0 no drift is new or changed; 1 some is, or what \
                              --fail-on names besides; 2 error (usage, no report that can be read, a scan that failed); 3 \
                              incomplete (no such drift seen, but something could not be read).";

const MERGE_STATUS: &str = "Exit status, as of one scan of everything: 0 no drift; 1 drift, or what --fail-on names besides; 2 error \
                            (usage, a report that cannot be read or does not go with the others, a scan that failed); 3 incomplete \
                            (no drift seen, but something could not be read, or a shard is missing).";

const DIAGNOSE_STATUS: &str = "Exit status: 0 no problem; 1 a problem (an entry of severity warning or critical, or \
                               objects that are left of a release without records); 2 error (usage, cluster unreachable); 3 incomplete (no problem seen, but something could not be read, \
                               or there is no such release).";

const PREVIEW_STATUS: &str = "Exit status: 0 it would work; 1 it would fail, or something would be lost or taken back; \
                              2 error (usage, cluster unreachable); 3 it cannot be told, because something could not \
                              be read, or there is no such release.";

const VALUES_STATUS: &str = "Exit status: 0 the printed values keep every drifted field that a value sets, or nothing drifted; 1 \
                             some drifted field has no key that is known, or its value is hidden; 2 error (usage, cluster \
                             unreachable); 3 incomplete (something could not be read, or there is no such release or field). With \
                             --check: 0 the rendering agrees with what lives in every drifted field that a value sets; 1 it \
                             does not.";

const RIGHTS_STATUS: &str = "Exit status: 0 nothing is missing; 2 error (usage, cluster unreachable); 3 rights are \
                             missing, or it is not known which are needed.";

/// Which cluster to read, and which releases in it.
#[derive(Debug, Args)]
pub struct ClusterArgs {
    /// Only these releases; NAMESPACE/RELEASE is the one in that namespace [default: all]
    #[arg(value_name = "RELEASE", value_parser = quoting::<Names<ReleasePattern>>)]
    pub names: Vec<Names<ReleasePattern>>,
    /// Only releases in this namespace, or in those that match a pattern such as 'team-*'; may be repeated or
    /// comma-separated [default: all]
    #[arg(
        short,
        long = "namespace",
        value_name = "NAMESPACE",
        value_parser = quoting::<Names<NamespacePattern>>,
        env = "DRIFTLINE_NAMESPACES"
    )]
    pub namespaces: Vec<Names<NamespacePattern>>,
    /// Releases in all namespaces, whatever -n, the environment and the configuration file name
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,
    /// Only releases of this name, or of those that match a pattern such as 'web-*'; NAMESPACE/NAME is the one in that
    /// namespace; may be repeated or comma-separated
    #[arg(long = "release", value_name = "NAME", value_parser = quoting::<Names<ReleasePattern>>)]
    pub releases: Vec<Names<ReleasePattern>>,
    /// Only releases whose labels match this selector (`helm upgrade --labels` sets labels)
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub selector: Option<String>,
    /// Pass if something named by -n, --release or -l does not exist, with a note in the report
    #[arg(long)]
    pub allow_empty: bool,
    /// Which cluster, and how.
    #[command(flatten)]
    pub access: AccessArgs,
}

/// Names, separated by commas.
#[derive(Debug, Clone)]
pub struct Names<T>(pub Vec<T>);

impl<T: FromStr> FromStr for Names<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        let names = split_names(text).into_iter().map(str::parse);
        names.collect::<Result<_, _>>().map(Self)
    }
}

/// Which cluster to read, and how.
#[derive(Debug, Clone, Default, Args)]
pub struct AccessArgs {
    /// The kubeconfig file [default: $KUBECONFIG, then ~/.kube/config, then the pod's service account]
    #[arg(long, value_name = "FILE", value_parser = path())]
    pub kubeconfig: Option<PathBuf>,
    /// The kubeconfig context [default: the current context]
    #[arg(long, visible_alias = "kube-context", value_name = "CONTEXT")]
    pub context: Option<String>,
    /// Use the pod's service account
    #[arg(long, conflicts_with_all = ["kubeconfig", "context"])]
    pub in_cluster: bool,
    /// The cluster name in reports and notifications [default: the kubeconfig context]
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new(), env = "DRIFTLINE_CLUSTER_NAME")]
    pub cluster_name: Option<String>,
    /// The configuration file
    #[arg(long, value_name = "FILE", value_parser = path(), env = "DRIFTLINE_CONFIG")]
    pub config: Option<PathBuf>,
    /// Time limit for the whole scan [default: 10m]
    #[arg(long, value_name = "DURATION", value_parser = time_limit, env = "DRIFTLINE_TIMEOUT")]
    pub timeout: Option<Duration>,
    /// Time limit for each request to the API server [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = time_limit, env = "DRIFTLINE_REQUEST_TIMEOUT")]
    pub request_timeout: Option<Duration>,
    /// Maximum number of concurrent requests to the API server, up to 64 [default: 16]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(CONCURRENCY), env = "DRIFTLINE_CONCURRENCY")]
    pub concurrency: Option<u8>,
}

impl AccessArgs {
    /// The flags that printed commands repeat.
    pub(super) fn repeated(&self) -> ClusterFlags {
        let text = |path: &Option<PathBuf>| Some(path.as_deref()?.display().to_string());
        ClusterFlags {
            context: self.context.clone(),
            kubeconfig: text(&self.kubeconfig),
            config: text(&self.config),
        }
    }
}

/// In which formats the report of a scan is written, where to, and what it points to.
#[derive(Debug, Clone, Args)]
pub struct OutputArgs {
    /// Format of the report, and the file to write it to, else standard output; may be repeated, each with its own file
    #[arg(
        short,
        long = "output",
        value_name = "FORMAT[=FILE]",
        value_parser = OutputParser(ReportKind::Scan),
        default_value = "text",
        env = "DRIFTLINE_OUTPUT"
    )]
    pub outputs: Vec<Output>,
    /// Folder with the sources of charts: what reports for CI systems say of an object points to its template there
    #[arg(
        long,
        value_name = "FOLDER",
        value_parser = OsStringValueParser::new().try_map(super::sources::folder),
        env = "DRIFTLINE_SOURCE_ROOT"
    )]
    pub source_root: Option<PathBuf>,
    /// Address of the page of codes that `driftline explain --all` writes, to which reports link
    #[arg(long, value_name = "URL", value_parser = quoting::<CodesUrl>, env = "DRIFTLINE_CODES_URL")]
    pub codes_url: Option<CodesUrl>,
}

impl OutputArgs {
    /// What a report points to.
    pub(super) fn links(&self, report: &Report) -> Links {
        Links {
            codes: self.codes_url.clone(),
            sources: self
                .source_root
                .as_deref()
                .and_then(|root| super::sources::of_report(root, report, &self.outputs))
                .map(Into::into),
        }
    }
}

/// Options of `scan`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct ScanArgs {
    /// Which cluster and which releases.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// Only releases whose records are in the namespaces of this share: I/N is shard I of N, counted from 0. `driftline merge`
    /// puts the reports of all N together [default: all]
    #[arg(long, value_name = "I/N", value_parser = quoting::<Shard>, env = "DRIFTLINE_SHARD")]
    pub shard: Option<Shard>,
    /// Scan a snapshot instead of a cluster; sends no notifications
    #[arg(
        long,
        value_name = "PATH",
        value_parser = path(),
        conflicts_with_all = ["selector", "kubeconfig", "context", "in_cluster"]
    )]
    pub snapshot: Option<PathBuf>,
    /// In which formats, where to, and what reports point to.
    #[command(flatten)]
    pub output: OutputArgs,
    /// Write the report that has no file to this one, and only its end to standard error; `-` is standard output
    #[arg(long, value_name = "FILE", value_parser = path())]
    pub output_file: Option<PathBuf>,
    /// Write metrics to this file, for the textfile collector of Prometheus' node exporter, which reads files that end with
    /// .prom
    #[arg(long, value_name = "FILE", value_parser = path(), env = "DRIFTLINE_METRICS_FILE")]
    pub metrics_file: Option<PathBuf>,
    /// Also report objects that are in sync, and ignored findings
    #[arg(long)]
    pub all: bool,
    /// Show long values and lists whole on a terminal, as files and pipes get them
    #[arg(long)]
    pub full: bool,
    /// Print only the counts and a line for each release that is not clean, the worst first
    #[arg(long, conflicts_with = "all")]
    pub summary: bool,
    /// Confirm findings by server-side dry runs, which need the right to patch [default: none]
    #[arg(long, value_enum, value_name = "none|server", env = "DRIFTLINE_CONFIRM")]
    pub confirm: Option<Confirm>,
    /// Also name the keys of charts' values that keep what lives; reads the charts in the records of drifted releases
    #[arg(long)]
    pub values: bool,
    /// Also list objects of Helm whose release has no record; costs a list of each kind that the API server serves
    #[arg(long)]
    pub orphans: bool,
    /// What makes the exit status 1; may be repeated or comma-separated, and any of them is enough. With `new` the others count
    /// only where they are new, too: `new,health` is new drift or a new critical state [default: drift; with --baseline: new]
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        value_name = "drift|health|blocked|new",
        env = "DRIFTLINE_FAIL_ON"
    )]
    pub fail_on: Vec<Condition>,
    /// Exit status for drift, 0 if drift is no failure [default: 1]
    #[arg(long, value_name = "STATUS", value_parser = quoting::<DriftStatus>, env = "DRIFTLINE_EXIT_CODE_ON_DRIFT")]
    pub exit_code_on_drift: Option<DriftStatus>,
    /// Accept what this earlier report (JSON) knew: only drift that is new or changed since then fails the scan; with `--fail-on
    /// new,health` also a release that is newly in a critical state
    #[arg(long, value_name = "REPORT", value_parser = path(), env = "DRIFTLINE_BASELINE")]
    pub baseline: Option<PathBuf>,
    /// Where scans are remembered, so that the report says what is new: `none`, `file:PATH`, `configmap:NAME` or
    /// `configmap:NAMESPACE/NAME` [default: none]
    #[arg(long, value_name = "PLACE", value_parser = quoting::<StateStore>, env = "DRIFTLINE_STATE", conflicts_with = "baseline")]
    pub state: Option<StateStore>,
    /// Send no notifications and push no metrics, even if some are configured
    #[arg(long)]
    pub no_notify: bool,
}

/// Parses a value whose error quotes it: the text is made harmless, because the error is a part of several lines.
fn quoting<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    let error = |error: T::Err| sanitize(&error.to_string(), Medium::CiLog).into_owned();
    text.parse().map_err(error)
}

/// Parses a path.
fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(environment::path)
}

/// Parses a time limit. There is always one, unlike in kubectl, where 0 means none.
fn time_limit(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err(NO_LIMIT.to_owned()),
        Ok(limit) => Ok(limit),
        Err(error) => Err(error.to_string()),
    }
}

/// Why a time limit of 0 is none.
pub(super) const NO_LIMIT: &str =
    "0 leaves no time at all; every scan has a time limit: give a longer one, such as 2h";

impl ValueEnum for Confirm {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::None, Self::Server]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::None => PossibleValue::new("none").help("Run no server-side dry runs"),
            Self::Server => {
                PossibleValue::new("server").help(
                    "Run a server-side dry run of each drifted object; in a preview, of each object that Helm writes",
                )
            }
        })
    }
}

impl ValueEnum for Condition {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Drift, Self::Health, Self::Blocked, Self::New]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Drift => PossibleValue::new("drift").help("Drift"),
            Self::Health => PossibleValue::new("health")
                .help("Drift, or a release in a critical state, such as stuck or failed"),
            Self::Blocked => PossibleValue::new("blocked")
                .help(
                "The same, or a release whose next upgrade or rollback fails for certain, or whose rollback loses something",
            ),
            Self::New => PossibleValue::new("new")
                .help("Only what is new or changed since the baseline or the last scan: drift, and what is named beside it"),
        })
    }
}

/// Options of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The word, such as `half-upgraded`, `keeps` or `in sync, but failed`
    #[arg(value_name = "WORD", conflicts_with = "all")]
    pub words: Vec<String>,
    /// Explain all of them on one page
    #[arg(long)]
    pub all: bool,
    /// Format of the page
    #[arg(
        short,
        long,
        value_enum,
        value_name = "FORMAT",
        default_value_t,
        requires = "all"
    )]
    pub output: PageFormat,
}

/// The formats of the page of all words.
impl ValueEnum for PageFormat {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Text, Self::Markdown, Self::Html]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Text => PossibleValue::new("text").help("For a terminal"),
            Self::Markdown => {
                PossibleValue::new("markdown").help("For a repository or a site that is made of Markdown")
            }
            Self::Html => PossibleValue::new("html").help("One file that needs no other"),
        })
    }
}

/// Options of `notify`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["check", "preview"])))]
pub struct NotifyArgs {
    /// Check that notifications would be delivered, without sending any that people see
    #[arg(long)]
    pub check: bool,
    /// Print what would be sent to whom after a scan of this snapshot that remembers nothing, and send nothing
    #[arg(long, requires = "snapshot")]
    pub preview: bool,
    /// The snapshot that is scanned for the preview
    #[arg(long, value_name = "PATH", value_parser = path(), requires = "preview")]
    pub snapshot: Option<PathBuf>,
    /// Only this receiver; may be repeated
    #[arg(long = "sink", value_name = "NAME", requires = "preview")]
    pub sinks: Vec<String>,
    /// The configuration file
    #[arg(long, value_name = "FILE", value_parser = path(), env = "DRIFTLINE_CONFIG")]
    pub config: Option<PathBuf>,
}

/// Options of `diagnose`.
#[derive(Debug, Args)]
pub struct DiagnoseArgs {
    /// Name of the release; NAMESPACE/NAME is the one in that namespace
    #[arg(value_parser = quoting::<ReleasePattern>)]
    pub release: ReleasePattern,
    /// Namespace of the release, or a pattern [default: all namespaces that have a release of this name]
    #[arg(short, long, value_name = "NAMESPACE", value_parser = quoting::<Names<NamespacePattern>>)]
    pub namespace: Vec<Names<NamespacePattern>>,
    /// The release in all namespaces that have one of this name, which is the default
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub all_namespaces: bool,
    /// Which cluster, and how.
    #[command(flatten)]
    pub access: AccessArgs,
    /// Diagnose a release in a snapshot instead of a cluster
    #[arg(
        long,
        value_name = "PATH",
        value_parser = path(),
        conflicts_with_all = ["kubeconfig", "context", "in_cluster"]
    )]
    pub snapshot: Option<PathBuf>,
    /// Format of the diagnosis, and the file to write it to [default: that of `DRIFTLINE_OUTPUT` if diagnoses have it, else
    /// text, to standard output]; may be repeated, each with its own file
    // Not by clap: the variable may name a format that only scans have.
    #[arg(short, long = "output", value_name = "FORMAT[=FILE]", value_parser = OutputParser(ReportKind::Diagnosis))]
    pub outputs: Vec<Output>,
    /// Write the diagnosis that has no file to this one, and only its end to standard error; `-` is standard output
    #[arg(long, value_name = "FILE", value_parser = path())]
    pub output_file: Option<PathBuf>,
}

/// Options of `values`.
#[derive(Debug, Args)]
pub struct ValuesArgs {
    /// Name of the release; NAMESPACE/NAME is the one in that namespace
    #[arg(value_parser = quoting::<ReleasePattern>)]
    pub release: ReleasePattern,
    /// Namespace of the release [default: the one namespace that has a release of this name]
    #[arg(short, long, value_name = "NAMESPACE", value_parser = quoting::<Names<NamespacePattern>>)]
    pub namespace: Vec<Names<NamespacePattern>>,
    /// Only the drifted field with this path, as the report prints it, or those below it; may be repeated
    #[arg(long = "field", value_name = "PATH", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub fields: Vec<String>,
    /// Print arguments of `helm upgrade` in place of a file: --set-json 'KEY=VALUE'
    #[arg(long, conflicts_with_all = ["output", "check"])]
    pub set_json: bool,
    /// Format: `yaml` is the values, `json` the report
    #[arg(short, long, value_enum, value_name = "yaml|json", default_value_t)]
    pub output: ValuesFormat,
    /// The chart of the release, a folder or an archive (.tgz), with all that it depends on: their templates are not in the
    /// record
    #[arg(long, value_name = "DIR|TGZ", value_parser = path())]
    pub chart: Option<PathBuf>,
    /// Say which drifted fields these rendered manifests agree with, and what else they move: what `helm upgrade -f keep.yaml
    /// --dry-run=server -o json` prints, or the YAML of `helm template`; `-` is standard input
    #[arg(long, value_name = "FILE", value_parser = path())]
    pub check: Option<PathBuf>,
    /// Which cluster, and how.
    #[command(flatten)]
    pub access: AccessArgs,
    /// Read a snapshot that was taken --with-values instead of a cluster
    #[arg(
        long,
        value_name = "PATH",
        value_parser = path(),
        conflicts_with_all = ["kubeconfig", "context", "in_cluster"]
    )]
    pub snapshot: Option<PathBuf>,
}

/// The formats of `values`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ValuesFormat {
    /// The values, for `helm upgrade -f`; with --check, lines for people.
    #[default]
    Yaml,
    /// The report `driftline.report/v1`.
    Json,
}

/// Options of every preview.
#[derive(Debug, Args)]
pub struct PreviewArgs {
    /// Namespace of the release [default: all namespaces that have a release of this name]
    #[arg(short, long, value_name = "NAMESPACE", value_parser = quoting::<Names<NamespacePattern>>)]
    pub namespace: Vec<Names<NamespacePattern>>,
    /// Which cluster, and how.
    #[command(flatten)]
    pub access: AccessArgs,
    /// Preview by a snapshot instead of a cluster
    #[arg(
        long,
        value_name = "PATH",
        value_parser = path(),
        conflicts_with_all = ["kubeconfig", "context", "in_cluster"]
    )]
    pub snapshot: Option<PathBuf>,
    /// Confirm the preview by server-side dry runs of what Helm writes, which need the rights to patch and to create; deletions
    /// and hooks are not asked about [default: none, whatever the settings of scans say]
    #[arg(long, value_enum, value_name = "none|server")]
    pub confirm: Option<Confirm>,
    /// Format of the preview, and the file to write it to [default: that of `DRIFTLINE_OUTPUT` if previews have it, else
    /// text, to standard output]; may be repeated, each with its own file
    #[arg(short, long = "output", value_name = "FORMAT[=FILE]", value_parser = OutputParser(ReportKind::Preview))]
    pub outputs: Vec<Output>,
    /// Write the preview that has no file to this one, and only its end to standard error; `-` is standard output
    #[arg(long, value_name = "FILE", value_parser = path())]
    pub output_file: Option<PathBuf>,
}

/// Options of `preview rollback`.
#[derive(Debug, Args)]
pub struct PreviewRollbackArgs {
    /// Name of the release; NAMESPACE/NAME is the one in that namespace
    #[arg(value_parser = quoting::<ReleasePattern>)]
    pub release: ReleasePattern,
    /// The revision to roll back to [default: the one before the newest, as Helm takes it]
    #[arg(value_parser = revision)]
    pub revision: Option<u64>,
    /// What all previews have.
    #[command(flatten)]
    pub common: PreviewArgs,
}

/// Options of `preview upgrade`.
#[derive(Debug, Args)]
pub struct PreviewUpgradeArgs {
    /// Name of the release; NAMESPACE/NAME is the one in that namespace
    #[arg(value_parser = quoting::<ReleasePattern>)]
    pub release: ReleasePattern,
    /// The rendered manifests, and not a file of values: the YAML of `helm template`, or what `helm upgrade --dry-run=server -o
    /// json` prints; `-` is standard input
    #[arg(short, long = "file", value_name = "FILE", value_parser = path())]
    pub file: PathBuf,
    /// What makes the exit status 1; may be repeated or comma-separated
    #[arg(
        long,
        value_enum,
        value_name = "KIND",
        value_delimiter = ',',
        default_value = "any"
    )]
    pub fail_on: Vec<PreviewFailure>,
    /// What all previews have.
    #[command(flatten)]
    pub common: PreviewArgs,
}

/// The number of a revision.
fn revision(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| "a revision is a number, as `helm history` lists them".to_owned())
}

/// Options of commands about a stored report.
#[derive(Debug, Args)]
pub struct StoredArgs {
    /// Only releases in these namespaces, by name or pattern; may be repeated or comma-separated
    #[arg(short, long = "namespace", value_name = "NAMESPACE", value_parser = quoting::<Names<NamespacePattern>>)]
    pub namespaces: Vec<Names<NamespacePattern>>,
    /// Only releases of this name, or of those that match a pattern such as 'web-*'; NAMESPACE/NAME is the one in that
    /// namespace; may be repeated or comma-separated
    #[arg(long = "release", value_name = "NAME", value_parser = quoting::<Names<ReleasePattern>>)]
    pub releases: Vec<Names<ReleasePattern>>,
    /// In which formats, where to, and what reports point to.
    #[command(flatten)]
    pub output: OutputArgs,
    /// Also show what the report lists of objects in sync, and ignored findings
    #[arg(long)]
    pub all: bool,
    /// Show long values and lists whole on a terminal, as files and pipes get them
    #[arg(long)]
    pub full: bool,
    /// Print only the counts and a line for each release that is not clean, the worst first
    #[arg(long, conflicts_with = "all")]
    pub summary: bool,
}

/// Options of `show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The report, as `-o json` writes it; `-` is standard input
    #[arg(value_name = "FILE", value_parser = path())]
    pub report: PathBuf,
    /// What both have.
    #[command(flatten)]
    pub stored: StoredArgs,
}

/// Options of `compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The earlier report, as `-o json` writes it; `-` is standard input
    #[arg(value_name = "OLD", value_parser = path())]
    pub old: PathBuf,
    /// The later report
    #[arg(value_name = "NEW", value_parser = path())]
    pub new: PathBuf,
    /// What makes the exit status 1; may be repeated or comma-separated
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        value_name = "drift|health|blocked|new",
        default_value = "new"
    )]
    pub fail_on: Vec<Condition>,
    /// What both have.
    #[command(flatten)]
    pub stored: StoredArgs,
}

/// Options of `merge`.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// The reports, as `-o json` writes them: of each shard of a cluster, and of each cluster; `-` is standard input. A file may
    /// have several, one after the other
    #[arg(value_name = "REPORT", value_parser = path(), required = true)]
    pub reports: Vec<PathBuf>,
    /// What makes the exit status 1; may be repeated or comma-separated, and any of them is enough. With `new` the others count
    /// only where they are new, too
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        value_name = "drift|health|blocked|new",
        default_value = "drift"
    )]
    pub fail_on: Vec<Condition>,
    /// Exit status for drift, 0 if drift is no failure [default: 1]
    #[arg(long, value_name = "STATUS", value_parser = quoting::<DriftStatus>)]
    pub exit_code_on_drift: Option<DriftStatus>,
    /// What all have.
    #[command(flatten)]
    pub stored: StoredArgs,
}

/// Options of `snapshot`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct SnapshotArgs {
    /// Which cluster and which releases.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// Only what `scan --shard I/N` reads: the releases in a share of the namespaces, shard I of N counted from 0 [default: all]
    #[arg(long, value_name = "I/N", value_parser = quoting::<Shard>, env = "DRIFTLINE_SHARD")]
    pub shard: Option<Shard>,
    /// Directory to write the snapshot to; must be new or empty
    #[arg(short, long, value_name = "PATH", value_parser = path())]
    pub output: PathBuf,
    /// Also save the names of objects whose release has no record, for `scan --orphans`
    #[arg(long)]
    pub orphans: bool,
    /// Also save what previews of rollbacks need: the records of every revision, and the quotas, ports, webhooks and
    /// policies around the objects
    #[arg(long)]
    pub preview: bool,
    /// Also save the charts and values of drifted releases, for `values` and `scan --values`. They hold whatever secrets are
    /// among the values
    #[arg(long, conflicts_with = "redact")]
    pub with_values: bool,
    /// Replace sensitive values with tokens; equal values get equal tokens
    #[arg(long)]
    pub redact: bool,
}

/// Options of `rights`.
#[derive(Debug, Args)]
pub struct RightsArgs {
    /// Which cluster and which releases.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// Format of the rights
    #[arg(short, long, value_parser = rights_format(), default_value_t = RightsFormat::Text)]
    pub output: RightsFormat,
    /// The account whose rights are compared, as NAMESPACE/NAME [default: the account that asks]
    #[arg(long, value_name = "ACCOUNT", value_parser = service_account)]
    pub service_account: Option<Account>,
    /// Also compare the rights that `scan --confirm server` needs; with --preview, those of `preview --confirm server`
    /// [default: none]
    #[arg(long, value_enum, value_name = "none|server", env = "DRIFTLINE_CONFIRM")]
    pub confirm: Option<Confirm>,
    /// Also compare the rights that `scan --orphans` needs
    #[arg(long)]
    pub orphans: bool,
    /// Also compare the rights that `preview` needs
    #[arg(long)]
    pub preview: bool,
}

/// Parses the name of a format of rights.
fn rights_format() -> impl TypedValueParser<Value = RightsFormat> {
    let formats = RightsFormat::ALL.iter();
    let formats = formats.map(|format| PossibleValue::new(format.as_str()).help(format.message()));
    PossibleValuesParser::new(formats).try_map(|name| name.parse::<RightsFormat>())
}

/// Parses `NAMESPACE/NAME`.
fn service_account(text: &str) -> Result<Account, NoServiceAccount> {
    text.parse()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_snapshot_takes_no_cluster() {
        let error =
            Cli::try_parse_from(["driftline", "scan", "--snapshot", "x", "--context", "y"]).unwrap_err();
        assert_eq!(error.kind(), clap::error::ErrorKind::ArgumentConflict);
        Cli::try_parse_from(["driftline", "snapshot", "-o", "x", "-n", "a", "-n", "b"]).unwrap();
    }

    #[test]
    fn a_snapshot_is_taken_of_any_cluster_and_selection() {
        for options in [
            ["--context", "y"].as_slice(),
            &["--kubeconfig", "y"],
            &["--in-cluster"],
            &["-l", "a=b"],
        ] {
            let arguments = ["driftline", "snapshot", "-o", "x"];
            Cli::try_parse_from(arguments.iter().chain(options)).unwrap();
        }
    }
}
