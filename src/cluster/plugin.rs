//! Credential plugins: programs that print a token or a certificate.
//!
//! The protocol is that of client-go (`plugin/pkg/client/auth/exec/exec.go`, `refreshCredsLocked`): the plugin learns from
//! `KUBERNETES_EXEC_INFO` for whom it is, and prints an `ExecCredential`. kube would run it, too, and wait for it and keep
//! its output without any limit. Here its output is limited, and it ends with the future that waits for it, with all
//! programs that it has started.

use std::io::{self, IsTerminal as _};
use std::process::Stdio;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use kube::config::{ExecAuthCluster, ExecConfig, ExecInteractiveMode};
use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use super::credential_error::CredentialError;

/// How much a plugin may print. Tokens and certificates have a few kilobytes.
const MAX_OUTPUT_BYTES: u64 = 1 << 20;

/// How much of the kubeconfig's advice on installing a plugin is shown.
const MAX_HINT: usize = 300;

/// A client certificate and its key, as PEM.
pub(super) struct ClientCertificate {
    pub(super) certificate: String,
    pub(super) key: SecretString,
}

/// The credentials that a plugin printed.
pub(super) struct ExecCredential {
    pub(super) token: Option<SecretString>,
    pub(super) expires: Option<DateTime<Utc>>,
    certificate: Option<String>,
    key: Option<SecretString>,
}

impl ExecCredential {
    /// The client certificate, if there is one.
    pub(super) fn certificate(&self) -> Result<Option<ClientCertificate>, CredentialError> {
        match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => Ok(Some(ClientCertificate {
                certificate: certificate.clone(),
                key: key.clone(),
            })),
            (None, None) => Ok(None),
            (Some(_), None) | (None, Some(_)) => Err(CredentialError::Useless(
                "a certificate and its key go together, and one of them is missing",
            )),
        }
    }
}

/// What a plugin is told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExecInfo<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_version: Option<&'a str>,
    spec: ExecSpec<'a>,
}

#[derive(Serialize)]
struct ExecSpec<'a> {
    interactive: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<&'a ExecAuthCluster>,
}

/// What a plugin prints.
#[derive(Deserialize)]
struct Printed {
    status: Option<PrintedStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PrintedStatus {
    token: Option<String>,
    expiration_timestamp: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

/// The process group of a plugin that has not ended yet.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may be gone already, which is just as well.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Runs a plugin. It ends when the future is dropped.
pub(super) async fn run(config: &ExecConfig) -> Result<ExecCredential, CredentialError> {
    let is_interactive = is_interactive(config);
    let mut child = command(config, is_interactive)?
        .spawn()
        .map_err(|source| CredentialError::Start {
            hint: install_hint(config, &source),
            source: Arc::new(source),
        })?;
    // A plugin that talks to a person stays in the group of the terminal, which it could not read from otherwise.
    let mut group = Group(
        child
            .id()
            .filter(|_| !is_interactive)
            .and_then(|id| i32::try_from(id).ok().and_then(Pid::from_raw)),
    );
    let lost = |source| CredentialError::Lost(Arc::new(source));
    let mut output = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let mut limited = stdout.take(MAX_OUTPUT_BYTES + 1);
        limited.read_to_end(&mut output).await.map_err(lost)?;
    }
    if output.len() as u64 > MAX_OUTPUT_BYTES {
        return Err(CredentialError::Endless(MAX_OUTPUT_BYTES));
    }
    let status = child.wait().await.map_err(lost)?;
    // What a plugin leaves running on purpose, such as a browser, is its own business.
    group.0 = None;
    if !status.success() {
        return Err(CredentialError::Failed(status));
    }
    parse(&output)
}

/// Whether a plugin may ask a person to log in: where there is one, and the kubeconfig does not forbid it.
fn is_interactive(config: &ExecConfig) -> bool {
    let is_forbidden = config.interactive_mode == Some(ExecInteractiveMode::Never);
    !is_forbidden && io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn command(config: &ExecConfig, is_interactive: bool) -> Result<Command, CredentialError> {
    let program = config.command.as_deref().filter(|program| !program.is_empty());
    let program = program.ok_or(CredentialError::Useless(
        "the kubeconfig does not name its command",
    ))?;
    let info = ExecInfo {
        kind: "ExecCredential",
        api_version: config.api_version.as_deref(),
        spec: ExecSpec {
            interactive: is_interactive,
            cluster: config.cluster.as_ref().filter(|_| config.provide_cluster_info),
        },
    };
    let info = serde_json::to_string(&info)
        .map_err(|_| CredentialError::Useless("the cluster's configuration cannot be written as JSON"))?;
    let mut command = Command::new(program);
    command
        .args(config.args.iter().flatten())
        .envs(
            config
                .env
                .iter()
                .flatten()
                .filter_map(|variable| Some((variable.get("name")?, variable.get("value")?))),
        )
        .env("KUBERNETES_EXEC_INFO", info)
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    if is_interactive {
        command.stdin(Stdio::inherit()).stderr(Stdio::inherit());
    } else {
        // What it says is never shown, because it may quote credentials.
        command
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
    }
    Ok(command)
}

/// How to get the plugin, where it is not there.
fn install_hint(config: &ExecConfig, error: &io::Error) -> Option<String> {
    let hint = config.install_hint.as_deref().map(str::trim)?;
    let is_shown = error.kind() == io::ErrorKind::NotFound && !hint.is_empty();
    is_shown.then(|| hint.chars().take(MAX_HINT).collect())
}

/// Plugins print JSON, and client-go takes YAML as well.
fn parse(output: &[u8]) -> Result<ExecCredential, CredentialError> {
    let printed: Printed = serde_saphyr::from_slice(output)
        .map_err(|_| CredentialError::Useless("they are no ExecCredential"))?;
    let status = printed
        .status
        .ok_or(CredentialError::Useless("the ExecCredential has no status"))?;
    let expires = status
        .expiration_timestamp
        .map(|time| DateTime::parse_from_rfc3339(&time))
        .transpose()
        .map_err(|_| CredentialError::Useless("the time when they expire is no RFC 3339 timestamp"))?;
    Ok(ExecCredential {
        token: status.token.map(SecretString::from),
        expires: expires.map(|time| time.to_utc()),
        certificate: status.client_certificate_data,
        key: status.client_key_data.map(SecretString::from),
    })
}
