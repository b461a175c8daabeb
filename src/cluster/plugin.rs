//! Credential plugins: programs that print a token or a certificate.
//!
//! The protocol is that of client-go (`plugin/pkg/client/auth/exec/exec.go`, `refreshCredsLocked`): the plugin learns from
//! `KUBERNETES_EXEC_INFO` for whom it is, and prints an `ExecCredential`. kube would run it, too, and wait for it and keep
//! its output without any limit. Here its output is limited, and it ends with the future that waits for it, with all
//! programs that it has started.

use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use kube::config::{ExecAuthCluster, ExecConfig, ExecInteractiveMode};
use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use super::credential_error::{CredentialError, PluginName};
use super::plugin_words::{LastWords, Secrets};
use crate::policy::redact::Redaction;

/// How much a plugin may print. Tokens and certificates have a few kilobytes.
const MAX_OUTPUT_BYTES: u64 = 1 << 20;

/// How much of the kubeconfig's advice on installing a plugin is shown.
const MAX_HINT: usize = 300;

/// The API versions of the protocol. Others that a plugin prints are not repeated.
const API_VERSIONS: [&str; 3] = [
    "client.authentication.k8s.io/v1",
    "client.authentication.k8s.io/v1beta1",
    "client.authentication.k8s.io/v1alpha1",
];

/// The kind of what a plugin is told and prints.
const KIND: &str = "ExecCredential";

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
            (Some(_), None) | (None, Some(_)) => Err(CredentialError::useless(
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
pub(super) async fn run(
    config: &ExecConfig,
    redaction: &Redaction,
) -> Result<ExecCredential, CredentialError> {
    let is_interactive = is_interactive(config);
    let mut secrets = Secrets::of(config, redaction.clone());
    let program = program(config)?;
    let name = PluginName::new(secrets.hidden_in(program));
    let mut child = command(config, program, is_interactive)?
        .spawn()
        .map_err(|source| not_started(&name, program, config, source))?;
    // A plugin that talks to a person stays in the group of the terminal, which it could not read from otherwise.
    let mut group = Group(
        child
            .id()
            .filter(|_| !is_interactive)
            .and_then(|id| i32::try_from(id).ok().and_then(Pid::from_raw)),
    );
    let words = child.stderr.take().map(LastWords::of);
    let lost = |source| CredentialError::Lost {
        name: name.clone(),
        source: Arc::new(source),
    };
    let mut output = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let mut limited = stdout.take(MAX_OUTPUT_BYTES + 1);
        limited.read_to_end(&mut output).await.map_err(lost)?;
    }
    if output.len() as u64 > MAX_OUTPUT_BYTES {
        return Err(CredentialError::Endless {
            name,
            limit: MAX_OUTPUT_BYTES,
        });
    }
    let status = child.wait().await.map_err(lost)?;
    // What a plugin leaves running on purpose, such as a browser, is its own business.
    group.0 = None;
    if !status.success() {
        let words = match words {
            Some(words) => {
                secrets.learn(&output);
                words.shown(&secrets).await
            }
            // A person has read them.
            None => String::new(),
        };
        return Err(CredentialError::Failed { name, status, words });
    }
    parse(&output, config.api_version.as_deref())
}

/// The program that a kubeconfig names.
fn program(config: &ExecConfig) -> Result<&str, CredentialError> {
    let program = config.command.as_deref().filter(|program| !program.is_empty());
    program.ok_or(CredentialError::NoCommand)
}

/// Why a plugin did not start. The operating system says the same of a program that is not there and of one whose
/// interpreter is not.
fn not_started(name: &PluginName, program: &str, config: &ExecConfig, source: io::Error) -> CredentialError {
    let name = name.clone();
    if source.kind() != io::ErrorKind::NotFound || is_there(program) {
        return CredentialError::Start {
            name,
            source: Arc::new(source),
        };
    }
    let hint = install_hint(config);
    if program.contains(std::path::MAIN_SEPARATOR) {
        CredentialError::NoFile { name, hint }
    } else {
        CredentialError::NotInPath { name, hint }
    }
}

/// Whether there is a file of a program: at its path, or for a bare name in a folder of PATH.
fn is_there(program: &str) -> bool {
    if program.contains(std::path::MAIN_SEPARATOR) {
        return Path::new(program).exists();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).exists())
}

/// Whether a plugin may ask a person to log in: where there is one, and the kubeconfig does not forbid it.
fn is_interactive(config: &ExecConfig) -> bool {
    let is_forbidden = config.interactive_mode == Some(ExecInteractiveMode::Never);
    !is_forbidden && io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn command(config: &ExecConfig, program: &str, is_interactive: bool) -> Result<Command, CredentialError> {
    let info = ExecInfo {
        kind: KIND,
        api_version: config.api_version.as_deref(),
        spec: ExecSpec {
            interactive: is_interactive,
            cluster: config.cluster.as_ref().filter(|_| config.provide_cluster_info),
        },
    };
    let info = serde_json::to_string(&info)
        .map_err(|_| CredentialError::useless("the cluster's configuration cannot be written as JSON"))?;
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
        command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0);
    }
    Ok(command)
}

/// How to get the plugin, as the kubeconfig says, in one line.
fn install_hint(config: &ExecConfig) -> Option<String> {
    let words: Vec<&str> = config.install_hint.as_deref()?.split_whitespace().collect();
    let hint: String = words.join(" ").chars().take(MAX_HINT).collect();
    (!hint.is_empty()).then_some(hint)
}

/// Reads what a plugin printed, by the rules of client-go (`exec.go`, `refreshCredsLocked`). Plugins print JSON, and
/// client-go takes YAML as well.
fn parse(output: &[u8], wanted: Option<&str>) -> Result<ExecCredential, CredentialError> {
    let printed: Value = serde_saphyr::from_slice(output)
        .map_err(|_| CredentialError::useless("they are no ExecCredential in JSON or YAML"))?;
    if printed["kind"] != KIND {
        return Err(CredentialError::useless("they are no ExecCredential"));
    }
    check_version(&printed["apiVersion"], wanted)?;
    let status = &printed["status"];
    if !status.is_object() {
        return Err(CredentialError::useless("the ExecCredential has no status"));
    }
    let expires = text(status, "expirationTimestamp")?
        .map(DateTime::parse_from_rfc3339)
        .transpose()
        .map_err(|_| CredentialError::useless("expirationTimestamp is no RFC 3339 timestamp"))?
        .map(|time| time.to_utc());
    if let Some(expired) = expires.filter(|expires| *expires <= Utc::now()) {
        return Err(CredentialError::Expired(expired));
    }
    Ok(ExecCredential {
        token: text(status, "token")?.map(SecretString::from),
        expires,
        certificate: text(status, "clientCertificateData")?.map(str::to_owned),
        key: text(status, "clientKeyData")?.map(SecretString::from),
    })
}

/// Checks that a plugin speaks the version of the protocol that the kubeconfig asks for.
fn check_version(printed: &Value, wanted: Option<&str>) -> Result<(), CredentialError> {
    match (printed.as_str(), wanted) {
        (Some(printed), Some(wanted)) if printed == wanted => Ok(()),
        (Some(printed), None) if API_VERSIONS.contains(&printed) => Ok(()),
        (Some(printed), _) => Err(CredentialError::Version {
            printed: API_VERSIONS.into_iter().find(|known| *known == printed),
            wanted: wanted.map(str::to_owned),
        }),
        (None, _) => Err(CredentialError::useless("the ExecCredential has no apiVersion")),
    }
}

/// A field of the status that is a text, where it has one: an empty one is none to client-go.
fn text<'s>(status: &'s Value, field: &'static str) -> Result<Option<&'s str>, CredentialError> {
    match &status[field] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(CredentialError::useless(match field {
                "token" => "the token is no string",
                "expirationTimestamp" => "expirationTimestamp is no string",
                _ => "the certificate or its key is no string",
            }))
        }
    }
}
