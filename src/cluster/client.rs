//! Connecting to a cluster: its address, the credentials and the limits.
//!
//! The kubeconfig is loaded explicitly. kube's own inference falls back to the pod's service account on any error
//! in a kubeconfig, so that a mistyped context would scan another cluster.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use kube::config::{ExecInteractiveMode, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};

use super::Cluster;
use super::http::{ApiClient, RequestLimits};
use crate::model;
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
    /// A label selector that release records must match besides Helm's own.
    pub selector: Option<String>,
    /// How long one request may take.
    pub request_timeout: Duration,
    /// How many requests may be under way at once.
    pub concurrency: usize,
}

/// Why no connection could be prepared. Credentials and the output of credential plugins are never quoted.
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
    /// Prepares a connection. Nothing is sent yet.
    pub async fn connect(options: Options) -> Result<Self, ConnectError> {
        let (mut config, context) = load(&options.access).await?;
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        config.connect_timeout = Some(options.request_timeout.min(Duration::from_secs(10)));
        // Counts while a connection lies idle, too; every request has its own limit.
        config.read_timeout = None;
        config.default_retry = false;
        config.headers.push((
            ::http::header::USER_AGENT,
            ::http::HeaderValue::from_static(concat!("driftline/", env!("CARGO_PKG_VERSION"))),
        ));
        // A credential plugin runs in here, for as long as it likes.
        let client = tokio::task::spawn_blocking(move || Client::try_from(config)).await;
        let failed = |reason: String| ConnectError::Client {
            server: server.clone(),
            reason,
        };
        let client = client
            .map_err(|_| failed("its client could not be built".to_owned()))?
            .map_err(|error| failed(super::http::reason(&error)))?;
        let name = options.name.unwrap_or(context);
        let limits = RequestLimits::new(options.request_timeout, options.concurrency);
        Ok(Self {
            http: ApiClient::new(client, server.clone(), limits),
            identity: model::Cluster { name, server },
            drivers: options.drivers,
            selector: options.selector,
            record_counts: Mutex::default(),
        })
    }
}

/// Loads the configuration of a connection, and the name of its context.
async fn load(access: &Access) -> Result<(Config, String), ConnectError> {
    match access {
        Access::InCluster => {
            let config = Config::incluster().map_err(|error| ConnectError::InCluster(error.to_string()))?;
            Ok((config, "in-cluster".to_owned()))
        }
        Access::Kubeconfig {
            path: None,
            context: None,
        } if !has_kubeconfig() => {
            if std::env::var_os("KUBERNETES_SERVICE_HOST").is_none() {
                return Err(ConnectError::NoCluster);
            }
            Box::pin(load(&Access::InCluster)).await
        }
        Access::Kubeconfig { path, context } => {
            let mut kubeconfig = match path {
                Some(path) => Kubeconfig::read_from(path),
                None => Kubeconfig::read(),
            }
            .map_err(|error| ConnectError::Kubeconfig(explain(&error)))?;
            let context = chosen_context(&kubeconfig, context.as_deref())?;
            check_user(&kubeconfig, &context)?;
            quieten(&mut kubeconfig);
            let options = KubeConfigOptions {
                context: Some(context.clone()),
                ..KubeConfigOptions::default()
            };
            let config = Config::from_custom_kubeconfig(kubeconfig, &options)
                .await
                .map_err(|error| ConnectError::Kubeconfig(explain(&error)))?;
            Ok((config, context))
        }
    }
}

/// The name of the requested context, else of the current one. `Err` when the kubeconfig does not have it.
fn chosen_context(kubeconfig: &Kubeconfig, requested: Option<&str>) -> Result<String, ConnectError> {
    let name = requested
        .or(kubeconfig.current_context.as_deref())
        .unwrap_or_default();
    let known: Vec<&str> = kubeconfig
        .contexts
        .iter()
        .map(|context| context.name.as_str())
        .collect();
    if known.contains(&name) {
        return Ok(name.to_owned());
    }
    let contexts = known.join(", ");
    Err(ConnectError::Kubeconfig(if known.is_empty() {
        "it has no contexts".to_owned()
    } else if name.is_empty() {
        format!("it has no current context; pass --context, one of: {contexts}")
    } else {
        format!("it has no context `{name}`; there are: {contexts}")
    }))
}

/// Checks that the kubeconfig has the user of a context. kube takes a user that does not exist for no credentials at
/// all, and the API server's refusal would mislead.
fn check_user(kubeconfig: &Kubeconfig, context: &str) -> Result<(), ConnectError> {
    let chosen = kubeconfig.contexts.iter().find(|known| known.name == context);
    let user = chosen.and_then(|chosen| chosen.context.as_ref()?.user.as_deref());
    match user.filter(|user| !user.is_empty()) {
        Some(user) if !kubeconfig.auth_infos.iter().any(|known| known.name == user) => {
            Err(ConnectError::Kubeconfig(format!(
                "its context `{context}` names the user `{user}`, which it does not have"
            )))
        }
        Some(_) | None => Ok(()),
    }
}

/// Keeps what credential plugins print out of the logs. They may ask a person to log in, where there is one.
fn quieten(kubeconfig: &mut Kubeconfig) {
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        return;
    }
    let users = kubeconfig.auth_infos.iter_mut();
    for plugin in users.filter_map(|user| user.auth_info.as_mut()?.exec.as_mut()) {
        plugin.interactive_mode = Some(ExecInteractiveMode::Never);
    }
}

/// Whether there is a kubeconfig at a default path. A `KUBECONFIG` that names no existing file still
/// counts: saying so beats reading another cluster.
fn has_kubeconfig() -> bool {
    std::env::var_os("KUBECONFIG").is_some_and(|value| !value.is_empty())
        || std::env::home_dir().is_some_and(|home| home.join(".kube/config").is_file())
}

/// One sentence, without the file's content.
fn explain(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(source, path) => format!("{} cannot be read: {source}", path.display()),
        KubeconfigError::Parse(error) => match error.location() {
            Some(at) => format!(
                "it is not a valid kubeconfig: line {}, column {}",
                at.line(),
                at.column()
            ),
            None => "it is not a valid kubeconfig".to_owned(),
        },
        other => other.to_string(),
    }
}
