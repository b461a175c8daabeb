//! What people type who know kubectl, Helm and helm-diff: tips that name the command or the option of driftline.
//!
//! A tip is an addition to clap's own error, so the exit status stays that of a wrong command line. The tables have fixed
//! texts only: nothing that was typed is repeated in a tip.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory as _};

use super::cli::Cli;

/// Commands of other tools, and what to use in driftline.
const COMMANDS: [(&[&str], &str); 11] = [
    (
        &["list", "ls", "releases"],
        "`driftline scan` reads every release and lists those that are not in order; `driftline scan --all` lists all",
    ),
    (
        &[
            "diff", "check", "verify", "drift", "lint", "test", "plan", "audit",
        ],
        "`driftline scan` compares releases with the cluster; `driftline scan NAMESPACE/RELEASE` compares one",
    ),
    (
        &[
            "status", "history", "hist", "describe", "events", "logs", "doctor", "inspect",
        ],
        "`driftline diagnose RELEASE -n NAMESPACE` shows the history and the state of one release",
    ),
    (
        &["get", "manifest"],
        "`driftline scan NAMESPACE/RELEASE --all` shows every object of a release; `helm get` prints the stored manifest",
    ),
    (
        &[
            "install",
            "uninstall",
            "delete",
            "del",
            "apply",
            "edit",
            "patch",
            "sync",
            "fix",
            "repair",
            "set",
            "scale",
            "annotate",
            "label",
            "replace",
        ],
        "driftline changes nothing; `driftline scan` says what the next `helm upgrade` does, and `driftline diagnose \
         RELEASE -n NAMESPACE` prints commands to run",
    ),
    (
        &["rollback", "rollout"],
        "driftline changes nothing; `driftline preview rollback RELEASE -n NAMESPACE` says whether a rollback would work, and \
         what to run",
    ),
    (
        &["upgrade"],
        "driftline changes nothing; `driftline preview upgrade RELEASE -n NAMESPACE -f FILE` says what an upgrade to rendered \
         manifests would do",
    ),
    (
        &["recover", "undo"],
        "driftline changes nothing; `driftline diagnose RELEASE -n NAMESPACE` prints the commands to recover a release, \
         safest first",
    ),
    (
        &["template", "render"],
        "driftline renders no charts; `driftline scan` compares the manifest that Helm stored",
    ),
    (
        &["save", "export", "backup", "dump", "record"],
        "`driftline snapshot -o PATH` saves everything that a scan reads",
    ),
    (
        &["codes", "docs", "doc", "info", "what"],
        "`driftline explain` lists the words of a report, and explains them",
    ),
];

/// Options of other tools, and what to use in driftline.
const OPTIONS: [(&[&str], &str); 17] = [
    (
        &["--output-format", "--format", "--json", "--yaml"],
        "`-o FORMAT` chooses the format of the report",
    ),
    (
        &["--file", "--out", "--report"],
        "`-o FORMAT=FILE` writes the report to a file",
    ),
    (
        &["--filter", "--name", "--release-name"],
        "`--release NAME` narrows a scan to releases of this name",
    ),
    (
        &["--labels", "--field-selector"],
        "`-l SELECTOR` narrows a scan to releases with labels, and `-n NAMESPACE` to namespaces",
    ),
    (
        &[
            "-f",
            "--values",
            "--set",
            "--set-string",
            "--set-file",
            "--reuse-values",
        ],
        "driftline takes no values: it compares with the manifest that Helm stored; what Helm renders with values is given to `values --check` or `preview upgrade`",
    ),
    (
        &["--revision"],
        "a scan compares with the deployed revision; `driftline diagnose RELEASE` shows every revision",
    ),
    (
        &["-w", "--watch", "--interval"],
        "driftline runs once; README has a CronJob that runs it every hour",
    ),
    (
        &["--no-color", "--no-colour", "--colour"],
        "`--color never` turns colour off",
    ),
    (
        &["--detailed-exitcode", "--exit-code", "--fail-on-drift", "--fail"],
        "a scan exits with status 1 on drift; `--exit-code-on-drift STATUS` changes that",
    ),
    (
        &["--show-secrets", "--show-secrets-decoded"],
        "values of Secrets are never shown",
    ),
    (
        &["--dry-run", "--server-side", "--three-way-merge"],
        "driftline changes nothing; `--confirm server` has the API server confirm drift by dry runs",
    ),
    (
        &["--debug", "--log-level", "--loglevel", "--v"],
        "`-v`, `-vv` and `-vvv` log more",
    ),
    (&["--silent"], "`-q` logs only errors"),
    (
        &[
            "--failed",
            "--pending",
            "--deployed",
            "--superseded",
            "--uninstalled",
        ],
        "a scan reads every release, and reports those that failed or are pending",
    ),
    (
        &[
            "-s",
            "--server",
            "--token",
            "--user",
            "--cluster",
            "--as",
            "--as-group",
            "--as-uid",
            "--insecure-skip-tls-verify",
            "--certificate-authority",
            "--client-certificate",
            "--client-key",
            "--tls-server-name",
            "--kube-apiserver",
            "--kube-token",
            "--kube-as-user",
            "--kube-as-group",
            "--kube-ca-file",
            "--kube-tls-server-name",
            "--kube-insecure-skip-tls-verify",
        ],
        "credentials and addresses come from the kubeconfig: `--kubeconfig FILE`, `--context CONTEXT`",
    ),
    (
        &["--qps", "--burst-limit", "--parallel", "--chunk-size"],
        "`--concurrency N` limits the requests that are under way at once",
    ),
    (
        &["--fix", "--apply", "--prune", "--force"],
        "driftline changes nothing in a cluster",
    ),
];

/// Options that people give to previews, and what to use in driftline.
const PREVIEW_OPTIONS: [(&[&str], &str); 5] = [
    (
        &["-A", "--all-namespaces"],
        "without `-n`, every release of that name is previewed, in whatever namespace",
    ),
    (
        &["--revision", "--to-revision", "--to"],
        "the revision stands behind the release: `driftline preview rollback RELEASE 12 -n NAMESPACE`",
    ),
    (
        &[
            "-f",
            "--set",
            "--values",
            "--set-string",
            "--set-file",
            "--reuse-values",
        ],
        "Helm renders, with its values: `helm template RELEASE CHART -n NAMESPACE --values FILE`, and `driftline preview upgrade \
         RELEASE -n NAMESPACE -f -` reads that from standard input",
    ),
    (
        &[
            "--force-conflicts",
            "--no-hooks",
            "--force",
            "--force-replace",
            "--server-side",
            "--wait",
            "--atomic",
            "--rollback-on-failure",
            "--cleanup-on-fail",
            "--recreate-pods",
            "--take-ownership",
            "--install",
            "-i",
            "--dry-run",
        ],
        "a preview is of Helm's command without options, and its steps name those that Helm needs",
    ),
    (
        &["--fail-on"],
        "only the preview of an upgrade has `--fail-on`; that of a rollback exits with status 1 where it fails or loses something",
    ),
];

/// How commands write a file that have no `--output-file`.
const TO_FILE: [(&[&str], &str); 2] = [
    (
        &["show", "compare", "merge"],
        "`-o FORMAT=FILE` writes the report to a file, and so does `> FILE`",
    ),
    (&["values"], "`> FILE` writes the values to a file"),
];

/// The operations of previews, for whoever names none.
const OPERATIONS: &str = "name the operation: `driftline preview rollback RELEASE -n NAMESPACE`, or `driftline preview upgrade \
                          RELEASE -n NAMESPACE -f FILE`";

/// How a preview of an upgrade gets its manifests.
const NO_MANIFESTS: &str = "an upgrade is previewed from rendered manifests: `helm template RELEASE CHART -n NAMESPACE | \
                            driftline preview upgrade RELEASE -n NAMESPACE -f -`";

/// Adds a tip to an error about a command or an option that driftline does not have, in place of a word that is only spelt
/// like it.
pub(super) fn with_tip(error: clap::Error) -> clap::Error {
    let is_preview = is_about(&error, "preview");
    let tip = match error.kind() {
        ErrorKind::InvalidSubcommand if is_preview => Some(OPERATIONS.to_owned()),
        ErrorKind::InvalidSubcommand => {
            text(&error, ContextKind::InvalidSubcommand).and_then(|typed| tip_for_command(&typed))
        }
        ErrorKind::UnknownArgument => text(&error, ContextKind::InvalidArg).and_then(|typed| {
            let of_preview = is_preview.then(|| of(&PREVIEW_OPTIONS, &typed)).flatten();
            // The options of the tables are those that no command has.
            of_preview
                .or_else(|| of(&OPTIONS, &typed))
                .or_else(|| tip_for_file(&error, &typed))
                .or_else(|| tip_for_place(&error, &typed))
        }),
        ErrorKind::MissingRequiredArgument if lacks_file(&error) => Some(NO_MANIFESTS.to_owned()),
        // Other mistakes have the right words in them.
        _ => None,
    };
    let Some(tip) = tip else { return error };
    let mut with_tip = clap::Error::new(error.kind()).with_cmd(&Cli::command());
    for (kind, value) in error.context() {
        if !matches!(
            kind,
            ContextKind::SuggestedSubcommand | ContextKind::SuggestedArg | ContextKind::Suggested
        ) {
            with_tip.insert(kind, value.clone());
        }
    }
    let tips = vec![StyledStr::from(tip)];
    with_tip.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    with_tip
}

/// Whether the command line was one of this command, by the usage that clap shows with the error.
fn is_about(error: &clap::Error, command: &str) -> bool {
    match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => {
            usage.to_string().split_whitespace().any(|word| word == command)
        }
        // clap has no other form for it.
        _ => false,
    }
}

/// Whether nothing but the rendered manifests is missing.
fn lacks_file(error: &clap::Error) -> bool {
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::Strings(missing)) => missing.iter().any(|argument| argument == "--file <FILE>"),
        _ => false,
    }
}

/// A tip for a command of another tool, or for a release in its place.
fn tip_for_command(typed: &str) -> Option<String> {
    if typed.contains('/') {
        return Some("`driftline scan NAMESPACE/RELEASE` compares one release".to_owned());
    }
    of(&COMMANDS, typed)
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        // clap has no other form for these.
        _ => None,
    }
}

fn of(table: &[(&[&str], &str)], typed: &str) -> Option<String> {
    let row = table.iter().find(|(words, _)| words.contains(&typed));
    row.map(|(_, tip)| (*tip).to_owned())
}

/// A tip for the option of a scan that names a file, behind a command that writes files in another way.
fn tip_for_file(error: &clap::Error, typed: &str) -> Option<String> {
    let way = TO_FILE
        .iter()
        .find(|(commands, _)| commands.iter().any(|command| is_about(error, command)));
    way.filter(|_| typed == "--output-file")
        .map(|(_, tip)| (*tip).to_owned())
}

/// A tip for an option that another command has: in kubectl and Helm, options may stand before the command.
fn tip_for_place(error: &clap::Error, typed: &str) -> Option<String> {
    let cli = Cli::command();
    let has = |command: &&Command| {
        command.get_arguments().any(|argument| {
            let long = argument.get_long_and_visible_aliases().unwrap_or_default();
            let is_long = long.iter().any(|long| typed.strip_prefix("--") == Some(long));
            let short = argument.get_short().map(|short| format!("-{short}"));
            is_long || short.as_deref() == Some(typed)
        })
    };
    let command = cli.get_subcommands().find(has)?;
    let has_command = cli
        .get_subcommands()
        .any(|command| is_about(error, command.get_name()));
    let place = if has_command {
        ""
    } else {
        ", and stands behind the command"
    };
    Some(format!(
        "this is an option of `driftline {}`{place}",
        command.get_name()
    ))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn message(arguments: &[&str]) -> String {
        let error = Cli::try_parse_from(["driftline"].iter().chain(arguments)).unwrap_err();
        let message = with_tip(error).to_string();
        assert_eq!(message.matches("tip:").count(), 1, "{message}");
        message
    }

    /// A word of the tables that driftline has by now would be found there and never get its tip.
    #[test]
    fn every_command_and_option_of_the_tables_gets_its_tip() {
        for (words, tip) in COMMANDS {
            for word in words {
                let message = message(&[word]);
                assert!(message.contains(&format!("tip: {tip}")), "{word}: {message}");
            }
        }
        for (words, tip) in OPTIONS {
            for word in words {
                let message = message(&["explain", word]);
                assert!(message.contains(&format!("tip: {tip}")), "{word}: {message}");
            }
        }
    }

    #[test]
    fn mistakes_in_previews_get_tips_about_previews() {
        for (words, tip) in PREVIEW_OPTIONS {
            for word in words {
                let message = message(&["preview", "rollback", "web", word]);
                assert!(message.contains(&format!("tip: {tip}")), "{word}: {message}");
            }
        }
        for word in ["web", "shop/web", "install", "uninstall"] {
            let message = message(&["preview", word]);
            assert!(message.contains(OPERATIONS), "{word}: {message}");
        }
        let message = message(&["preview", "upgrade", "web", "-n", "shop"]);
        assert!(message.contains(NO_MANIFESTS), "{message}");
    }

    /// The commands between backticks are ones.
    #[test]
    fn tips_name_commands_that_exist() {
        let tips = COMMANDS.iter().chain(&OPTIONS).chain(&PREVIEW_OPTIONS);
        for tip in tips.map(|(_, tip)| *tip).chain([OPERATIONS]) {
            // Every second piece stands between backticks.
            let quoted = tip.split('`').skip(1).step_by(2);
            for command in quoted.filter(|part| part.starts_with("driftline ")) {
                let command = command.replace("NAMESPACE", "shop").replace("RELEASE", "web");
                let words: Vec<&str> = command.split(' ').collect();
                assert!(Cli::try_parse_from(&words).is_ok(), "{command}");
            }
        }
    }

    #[test]
    fn whoever_wants_a_file_is_told_how_this_command_writes_one() {
        for (commands, tip) in TO_FILE {
            for command in commands {
                let message = message(&[command, "--output-file", "f", "a"]);
                assert!(message.contains(&format!("tip: {tip}")), "{command}: {message}");
            }
        }
    }

    #[test]
    fn an_option_of_another_command_has_no_other_place_in_this_one() {
        let message = message(&["merge", "--orphans", "a"]);
        assert!(message.contains("option of `driftline scan`\n"), "{message}");
    }

    #[test]
    fn an_option_before_the_command_is_told_its_place() {
        for option in ["-n", "--context", "--kube-context", "-A"] {
            let message = message(&[option, "shop", "scan"]);
            assert!(
                message.contains("option of `driftline scan`, and stands behind the command"),
                "{option}: {message}"
            );
        }
        let message = message(&["shop/web"]);
        assert!(
            message.contains("`driftline scan NAMESPACE/RELEASE`"),
            "{message}"
        );
    }
}
