//! The command line, as typed. Nothing below [`crate::app::settings`] sees it.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::report::{Document, Format};

/// Finds drift between what Helm deployed and what lives in a Kubernetes cluster. Reads, never writes.
#[derive(Debug, Parser)]
#[command(name = "driftline", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
}

/// The heading of what every command has, below what only one has.
const LOOK: &str = "Logs and colour";

/// Options of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// Say more on standard error: -v stages and their times, -vv every decision, -vvv every request
    #[arg(short, long, action = clap::ArgAction::Count, global = true, conflicts_with = "quiet", help_heading = LOOK)]
    pub verbose: u8,
    /// Say nothing on standard error but errors, and show no progress
    #[arg(short, long, global = true, help_heading = LOOK)]
    pub quiet: bool,
    /// How log lines on standard error are written
    #[arg(
        long,
        value_enum,
        default_value_t,
        global = true,
        help_heading = LOOK,
        env = "DRIFTLINE_LOG_FORMAT"
    )]
    pub log_format: LogFormat,
    /// When to use colour
    #[arg(long, value_enum, default_value_t, global = true, help_heading = LOOK)]
    pub color: Color,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
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
    /// Compare every Helm release with what lives in the cluster
    #[command(after_help = EXIT_STATUS)]
    Scan(Box<ScanArgs>),
    /// Say what state one release is really in, and the safest way out of it
    #[command(after_help = DIAGNOSE_STATUS)]
    Diagnose(Box<DiagnoseArgs>),
    /// Write everything a scan reads to files, to scan without the cluster
    Snapshot(Box<SnapshotArgs>),
    /// Explain a code or state of the report; without one, list them
    Explain {
        /// The name, such as `half-upgraded`
        code: Option<String>,
    },
    /// Look after the receivers of notifications
    Notify {
        /// Find out whether messages would arrive, without sending any that people see
        #[arg(long, required = true)]
        check: bool,
        /// The configuration file
        #[arg(long, value_name = "FILE", env = "DRIFTLINE_CONFIG")]
        config: Option<PathBuf>,
    },
    /// Print a completion script
    Completions {
        /// The shell to print it for
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

const EXIT_STATUS: &str = "Exit status: 0 clean; 1 drift; 2 trouble (usage, cluster unreachable, out of time, \
                           undelivered notification); 3 incomplete (no drift seen, but something could not be read).";

const DIAGNOSE_STATUS: &str = "Exit status: 0 nothing is wrong with the release; 1 something is; 2 trouble (usage, \
                               cluster unreachable, no such release); 3 incomplete (nothing seen, but something could \
                               not be read).";

/// Which cluster to read, and which releases in it.
#[derive(Debug, Args)]
pub struct ClusterArgs {
    /// Only releases in this namespace; may be repeated, or hold several with commas [default: all]
    #[arg(
        short,
        long = "namespace",
        value_name = "NAMESPACE",
        env = "DRIFTLINE_NAMESPACES",
        value_delimiter = ','
    )]
    pub namespaces: Vec<String>,
    /// Releases in all namespaces, whatever the configuration file says
    #[arg(short = 'A', long, conflicts_with = "namespaces")]
    pub all_namespaces: bool,
    /// Only the release of this name; may be repeated
    #[arg(long = "release", value_name = "NAME")]
    pub releases: Vec<String>,
    /// Only releases whose records match this label selector (see `helm upgrade --labels`)
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub selector: Option<String>,
    /// Which cluster, and how.
    #[command(flatten)]
    pub access: AccessArgs,
}

/// Which cluster to read, and how.
#[derive(Debug, Clone, Args)]
pub struct AccessArgs {
    /// The kubeconfig file [default: $KUBECONFIG, then ~/.kube/config, then the pod's own account]
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context [default: its current one]
    #[arg(long, value_name = "CONTEXT")]
    pub context: Option<String>,
    /// Use the pod's own service account
    #[arg(long, conflicts_with_all = ["kubeconfig", "context"])]
    pub in_cluster: bool,
    /// The name that reports give the cluster [default: the context]
    #[arg(long, value_name = "NAME", env = "DRIFTLINE_CLUSTER_NAME")]
    pub cluster_name: Option<String>,
    /// The configuration file
    #[arg(long, value_name = "FILE", env = "DRIFTLINE_CONFIG")]
    pub config: Option<PathBuf>,
    /// How long the whole scan may take [default: 10m]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, env = "DRIFTLINE_TIMEOUT")]
    pub timeout: Option<Duration>,
    /// How long one request may take [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, env = "DRIFTLINE_REQUEST_TIMEOUT")]
    pub request_timeout: Option<Duration>,
    /// How many requests may be under way at once, up to 64 [default: 8]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64), env = "DRIFTLINE_CONCURRENCY")]
    pub concurrency: Option<u8>,
}

/// Options of `scan`.
#[derive(Debug, Args)]
pub struct ScanArgs {
    /// Which cluster and which releases.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// Scan a snapshot instead of a cluster
    #[arg(
        long,
        value_name = "PATH",
        conflicts_with_all = ["selector", "kubeconfig", "context", "in_cluster"]
    )]
    pub snapshot: Option<PathBuf>,
    /// The format of the report
    #[arg(
        short,
        long,
        value_parser = format_of(Document::Scan),
        default_value_t = Format::Text,
        env = "DRIFTLINE_OUTPUT"
    )]
    pub output: Format,
    /// Write the report to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output_file: Option<PathBuf>,
    /// Report objects that are in sync and what is ignored, too
    #[arg(long)]
    pub all: bool,
    /// Let the API server confirm findings by dry runs, which need the right to patch [default: none]
    #[arg(long, value_enum, value_name = "BY", env = "DRIFTLINE_CONFIRM")]
    pub confirm: Option<Confirm>,
    /// What makes the exit status 1: drift alone, or a release in a critical state as well [default: drift]
    #[arg(long, value_enum, value_name = "WHAT", env = "DRIFTLINE_FAIL_ON")]
    pub fail_on: Option<FailOn>,
    /// Exit with this status instead of 1 when something drifted
    #[arg(long, value_name = "STATUS", env = "DRIFTLINE_EXIT_CODE_ON_DRIFT")]
    pub exit_code_on_drift: Option<u8>,
    /// Send no notifications, whatever the configuration file says
    #[arg(long)]
    pub no_notify: bool,
}

/// Reads the name of a format that a document can be had in.
fn format_of(document: Document) -> impl TypedValueParser<Value = Format> {
    let formats =
        Format::of(document).map(|format| PossibleValue::new(format.as_str()).help(format.message()));
    PossibleValuesParser::new(formats).try_map(|name| name.parse::<Format>())
}

/// What makes the exit status 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Drift.
    Drift,
    /// Drift, or a release that is stuck or failed.
    Health,
}

/// Who confirms findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Confirm {
    /// Nobody.
    None,
    /// The API server, by dry runs of what drifted.
    Server,
}

/// Options of `diagnose`.
#[derive(Debug, Args)]
pub struct DiagnoseArgs {
    /// The release
    pub release: String,
    /// Its namespace; without it, wherever there is a release of that name
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// Which cluster, and how.
    #[command(flatten)]
    pub access: AccessArgs,
    /// Read a snapshot instead of a cluster
    #[arg(long, value_name = "PATH", conflicts_with_all = ["kubeconfig", "context", "in_cluster"])]
    pub snapshot: Option<PathBuf>,
    /// The format of the page
    #[arg(
        short,
        long,
        value_parser = format_of(Document::Diagnosis),
        default_value_t = Format::Text,
        env = "DRIFTLINE_OUTPUT"
    )]
    pub output: Format,
}

/// Options of `snapshot`.
#[derive(Debug, Args)]
pub struct SnapshotArgs {
    /// Which cluster and which releases.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// The directory to write, which must be new or empty
    #[arg(short, long, value_name = "PATH")]
    pub output: PathBuf,
    /// Replace values that may be secret by tokens that still tell equal from different
    #[arg(long)]
    pub redact: bool,
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
