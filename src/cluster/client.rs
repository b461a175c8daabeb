//! Connecting to a cluster: its address, the credentials and the limits.
//!
//! A kubeconfig may come from anybody. Everything in it that kube would panic on, wait for or keep without limits is
//! checked or taken over here, and nothing secret of it gets into a message.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use ::http::{HeaderValue, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt as _;
use kube::client::RustlsTlsError;
use kube::config::{AuthInfo, KubeConfigOptions};
use kube::{Client, Config};
use secrecy::ExposeSecret;

use super::Cluster;
use super::credentials::{CredentialSource, Credentials};
use super::http::{ApiClient, Network, RequestLimits};
use super::kubeconfig::{self, Loaded};
use super::plugin::ClientCertificate;
use super::read_on::ListsReadOn;
use crate::model;
use crate::policy::redact::Redaction;
use crate::release::stored::Driver;

/// Where to find the cluster and the credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// A kubeconfig: the given file or `KUBECONFIG`, and a context of it.
    Kubeconfig {
        /// The file; `KUBECONFIG` or `~/.kube/config` when absent.
        path: Option<PathBuf>,
        /// The context; the current one when absent.
        context: Option<String>,
    },
    /// The pod's own service account.
    InCluster,
}

/// How a cluster is read.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which cluster.
    pub access: Access,
    /// The name that reports give it; the context's name when absent.
    pub name: Option<String>,
    /// Which kinds of release records are looked for.
    pub drivers: BTreeSet<Driver>,
    /// A label selector that the newest record of a release must match.
    pub selector: Option<String>,
    /// Which texts of a credential plugin are not shown.
    pub redaction: Redaction,
    /// How long one request may take.
    pub request_timeout: Duration,
    /// How many requests may be under way at once.
    pub concurrency: usize,
}

/// Why no connection could be prepared. Credentials are never quoted, and of a credential plugin's words only
/// the last ones, without secrets.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The kubeconfig is unusable.
    #[error("kubeconfig: {0}")]
    Kubeconfig(String),
    /// Not in a pod, or without a service account.
    #[error(
        "no cluster to read: there is no kubeconfig (set KUBECONFIG, or pass --kubeconfig) and this is no pod with a \
         service account"
    )]
    NoCluster,
    /// The pod's service account is unusable.
    #[error("in-cluster configuration: {0}")]
    InCluster(String),
    /// The client could not be built.
    #[error("the connection to {server} cannot be set up: {reason}")]
    Client {
        /// The API server.
        server: String,
        /// What is wrong.
        reason: String,
    },
}

impl Cluster {
    /// Prepares a connection. Nothing is sent yet, but a credential plugin runs; it ends with the future.
    pub async fn connect(options: Options) -> Result<Self, ConnectError> {
        let access = options.access.clone();
        // Files may lie where reading them takes for ever.
        let prepared = tokio::task::spawn_blocking(move || prepare(&access)).await;
        let Prepared {
            mut config,
            source,
            context,
            network,
        } = prepared.map_err(|_| ConnectError::Kubeconfig("reading it failed".to_owned()))??;
        let namespace = config.default_namespace.clone();
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let failed = |reason: String| ConnectError::Client {
            server: server.clone(),
            reason,
        };
        let (credentials, certificate) = Credentials::obtain(source, options.redaction)
            .await
            .map_err(|error| failed(error.to_string()))?;
        if let Some(ClientCertificate { certificate, key }) = certificate {
            config.auth_info.client_certificate_data = Some(STANDARD.encode(certificate));
            config.auth_info.client_key_data = Some(STANDARD.encode(key.expose_secret()).into());
        }
        config.connect_timeout = Some(options.request_timeout.min(Duration::from_secs(10)));
        // Counts while a connection lies idle, too; every request has its own limit.
        config.read_timeout = None;
        config.default_retry = false;
        config.headers.push((
            ::http::header::USER_AGENT,
            ::http::HeaderValue::from_static(concat!("driftline/", env!("CARGO_PKG_VERSION"))),
        ));
        // The certificates of the system are files, too.
        let client = tokio::task::spawn_blocking(move || Client::try_from(config)).await;
        let client = client
            .map_err(|_| failed("its client could not be built".to_owned()))?
            .map_err(|error| failed(unusable(&error)))?;
        let name = options.name.unwrap_or(context);
        let limits = RequestLimits::new(options.request_timeout, options.concurrency);
        Ok(Self {
            http: ApiClient::new(client, credentials, server.clone(), network, limits),
            identity: model::Cluster { name, server },
            drivers: options.drivers,
            selector: options.selector,
            namespace,
            record_counts: Mutex::default(),
            lists: ListsReadOn::default(),
        })
    }
}

/// The configuration of a connection, without the credentials that kube would handle without limits.
struct Prepared {
    config: Config,
    source: CredentialSource,
    /// The name of the context.
    context: String,
    network: Network,
}

/// Reads the configuration of a connection.
fn prepare(access: &Access) -> Result<Prepared, ConnectError> {
    match access {
        Access::InCluster => {
            let config = Config::incluster().map_err(|error| ConnectError::InCluster(error.to_string()))?;
            let prepared = Prepared::new(config, "in-cluster".to_owned()).map_err(ConnectError::InCluster)?;
            Ok(Prepared {
                network: Network::Near,
                ..prepared
            })
        }
        Access::Kubeconfig {
            path: None,
            context: None,
        } if !kubeconfig::exists_by_default() => {
            if std::env::var_os("KUBERNETES_SERVICE_HOST").is_none() {
                return Err(ConnectError::NoCluster);
            }
            prepare(&Access::InCluster)
        }
        Access::Kubeconfig { path, context } => {
            let Loaded {
                kubeconfig,
                context,
                files,
            } = kubeconfig::load(path.as_deref(), context.as_deref())
                .map_err(|error| ConnectError::Kubeconfig(error.to_string()))?;
            let unusable = |problem: String| ConnectError::Kubeconfig(format!("{files}: {problem}"));
            let options = KubeConfigOptions {
                context: Some(context.clone()),
                ..KubeConfigOptions::default()
            };
            // The future is ready at once: everything that it would have to wait for has been read.
            let config = Config::from_custom_kubeconfig(kubeconfig, &options)
                .now_or_never()
                .ok_or_else(|| ConnectError::Kubeconfig("reading it failed".to_owned()))?
                .map_err(|error| unusable(kubeconfig::explain(&error)))?;
            Prepared::new(config, context).map_err(unusable)
        }
    }
}

impl Prepared {
    /// Checks the addresses, which must not be quoted where they are wrong, and takes the credentials out.
    fn new(mut config: Config, context: String) -> Result<Self, String> {
        config.cluster_url = api_server(&config.cluster_url)?;
        if let Some(proxy) = &config.proxy_url
            && (proxy.host().is_none() || !matches!(proxy.scheme_str(), Some("http" | "https" | "socks5")))
        {
            return Err(
                "the address of the proxy must begin with http://, https:// or socks5:// and name a host"
                    .to_owned(),
            );
        }
        if config.root_cert.as_ref().is_some_and(Vec::is_empty)
            && config.cluster_url.scheme_str() == Some("https")
        {
            return Err("the certificate authority holds no certificate in PEM".to_owned());
        }
        let source = take_credentials(&mut config.auth_info)?;
        let network = match (&config.proxy_url, config.cluster_url.host()) {
            (None, Some(host)) if is_loopback(host) => Network::Near,
            (Some(_) | None, _) => Network::Far,
        };
        Ok(Self {
            config,
            source,
            context,
            network,
        })
    }
}

/// Whether the host of an address is this machine.
fn is_loopback(host: &str) -> bool {
    let is_number = |part: &str| part.parse::<u8>().is_ok();
    let is_ip4 = host.starts_with("127.") && host.split('.').all(is_number);
    is_ip4 || matches!(host, "localhost" | "[::1]")
}

/// Why kube builds no client, without what it could not read.
fn unusable(error: &kube::Error) -> String {
    match error {
        kube::Error::RustlsTls(RustlsTlsError::InvalidIdentityPem(_)) => {
            "the client certificate or its key is not PEM".to_owned()
        }
        kube::Error::InferKubeconfig(error) => kubeconfig::explain(error),
        error => super::http::reason(error),
    }
}

/// The longest path that the address of an API server may have. With any request's, it still fits into an address.
const MAX_SERVER_PATH: usize = 1024;

/// The address of an API server without credentials, query and fragment.
fn api_server(given: &Uri) -> Result<Uri, String> {
    let is_usable = matches!(given.scheme_str(), Some("http" | "https"))
        && given.host().is_some_and(|host| !host.is_empty())
        && given.path().len() <= MAX_SERVER_PATH;
    let address = model::without_credentials(&given.to_string());
    match address.parse() {
        Ok(uri) if is_usable => {
            if address.trim_end_matches('/') != given.to_string().trim_end_matches('/') {
                tracing::warn!(
                    "the address of the API server has more than a host and a path; the rest is not used"
                );
            }
            Ok(uri)
        }
        Ok(_) | Err(_) => {
            Err("the address of the API server must begin with https:// and name a host".to_owned())
        }
    }
}

/// Takes the credentials that are handled here, in kube's order (`client/auth/mod.rs`, `Auth::try_from`), and checks those
/// that are left.
fn take_credentials(user: &mut AuthInfo) -> Result<CredentialSource, String> {
    for (name, value) in [("as", &user.impersonate), ("as-uid", &user.impersonate_uid)] {
        check_header(name, value.as_deref())?;
    }
    for group in user.impersonate_groups.iter().flatten() {
        check_header("as-groups", Some(group))?;
    }
    for value in user
        .impersonate_user_extra
        .iter()
        .flatten()
        .flat_map(|(_, values)| values)
    {
        check_header("as-user-extra", Some(value))?;
    }
    let (token, file, plugin) = (user.token.take(), user.token_file.take(), user.exec.take());
    if let Some(provider) = &user.auth_provider {
        // kubectl has no others either, and kube would run the command of `gcp` without limits.
        return if provider.name == "oidc" {
            Ok(CredentialSource::Client)
        } else {
            Err("its user has an auth-provider that is not oidc, which Kubernetes removed in version 1.26; use a \
                 credential plugin (exec)"
                .to_owned())
        };
    }
    if user.username.is_some() && user.password.is_some() {
        return Ok(CredentialSource::Client);
    }
    if let Some(token) = token.filter(|token| !token.expose_secret().is_empty()) {
        return Ok(CredentialSource::Token(token));
    }
    if let Some(file) = file.filter(|file| !file.is_empty()) {
        return Ok(CredentialSource::File(file.into()));
    }
    Ok(plugin.map_or(CredentialSource::Client, |plugin| {
        CredentialSource::Plugin(Box::new(plugin))
    }))
}

fn check_header(name: &str, value: Option<&str>) -> Result<(), String> {
    match value.map(HeaderValue::from_str) {
        Some(Err(_)) => Err(format!(
            "`{name}` of its user has a line break or another character that no HTTP header can hold"
        )),
        Some(Ok(_)) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_told_from_others() {
        for host in ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "127.example.com",
            "10.0.0.1",
            "[::2]",
            "localhost.example.com",
            "",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
