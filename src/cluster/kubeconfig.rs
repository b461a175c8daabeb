//! Reading a kubeconfig by the rules of kubectl, within limits.
//!
//! Of several files in `KUBECONFIG`, those that do not exist are left out, and the first that sets something wins, as in
//! client-go (`tools/clientcmd/loader.go`, `ClientConfigLoadingRules.Load`).
//!
//! The kubeconfig is loaded explicitly. kube's own inference falls back to the pod's service account on any error
//! in a kubeconfig, so that a mistyped context would scan another cluster. Its file reader panics on UTF-16 of an odd
//! length and reads devices without end; so files are read here, those that the kubeconfig names, too.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::{AuthInfo, Cluster, Kubeconfig, KubeconfigError};

use crate::limited_file;

/// The largest kubeconfig that is read. Those of people with hundreds of clusters have one megabyte.
const MAX_KUBECONFIG_BYTES: u64 = 4 << 20;

/// The largest certificate or key. Bundles of all public authorities have a quarter of it.
const MAX_CERTIFICATE_BYTES: u64 = 1 << 20;

/// Why a kubeconfig cannot be used. Nothing of its content is quoted but names.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnusableKubeconfig {
    /// A file cannot be read: the kubeconfig itself or one that it names.
    #[error("{} cannot be read: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A file is no text.
    #[error("{} is not a valid kubeconfig: it is neither UTF-8 nor UTF-16", .0.display())]
    NoText(PathBuf),
    /// kube does not take a file.
    #[error("{}: {}", .path.display(), explain(.source))]
    Refused {
        /// The file.
        path: PathBuf,
        /// The error of kube.
        source: KubeconfigError,
    },
    /// `KUBECONFIG` names files, and none of them exists.
    #[error("no file that KUBECONFIG names exists: {}", shown(.0))]
    NoneExists(Vec<PathBuf>),
    /// There is no path to look at.
    #[error("there is no home directory to look for it in")]
    NoHome,
    /// A name in it leads nowhere.
    #[error("{}: {problem}", shown(.files))]
    Names {
        /// The files.
        files: Vec<PathBuf>,
        /// What is wrong.
        problem: String,
    },
}

/// A kubeconfig, and what of it is used.
pub(super) struct Loaded {
    /// The content of all files. The files that the context needs are read into it.
    pub(super) kubeconfig: Kubeconfig,
    /// The name of the context.
    pub(super) context: String,
    /// The files, as error messages name them.
    pub(super) files: String,
}

/// Paths as `KUBECONFIG` has them.
fn shown(files: &[PathBuf]) -> String {
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    files.join(":")
}

/// Whether there is a kubeconfig at a default path. A `KUBECONFIG` that names no existing file still
/// counts: saying so beats reading another cluster.
pub(super) fn exists_by_default() -> bool {
    variable().is_some() || default_path().is_some_and(|path| path.is_file())
}

fn variable() -> Option<OsString> {
    std::env::var_os("KUBECONFIG").filter(|value| !value.is_empty())
}

fn default_path() -> Option<PathBuf> {
    std::env::home_dir().map(|home| home.join(".kube/config"))
}

/// Loads the kubeconfig at a path, or at the default paths, for one of its contexts.
pub(super) fn load(path: Option<&Path>, context: Option<&str>) -> Result<Loaded, UnusableKubeconfig> {
    let (mut kubeconfig, files) = match (path, variable()) {
        (Some(path), _) => (read(path)?, vec![path.to_owned()]),
        (None, Some(paths)) => read_existing(&paths)?,
        (None, None) => {
            let path = default_path().ok_or(UnusableKubeconfig::NoHome)?;
            (read(&path)?, vec![path])
        }
    };
    let chosen = chosen_context(&kubeconfig, context)
        .and_then(|context| Ok((user_of(&kubeconfig, &context)?.map(str::to_owned), context)));
    let (user, context) = match chosen {
        Ok(chosen) => chosen,
        Err(problem) => return Err(UnusableKubeconfig::Names { files, problem }),
    };
    let cluster = cluster_of(&kubeconfig, &context).map(str::to_owned);
    let named = kubeconfig
        .clusters
        .iter_mut()
        .find(|known| Some(&known.name) == cluster.as_ref());
    if let Some(cluster) = named.and_then(|named| named.cluster.as_mut()) {
        embed_authority(cluster)?;
    }
    let named = kubeconfig
        .auth_infos
        .iter_mut()
        .find(|known| Some(&known.name) == user.as_ref());
    if let Some(user) = named.and_then(|named| named.auth_info.as_mut()) {
        embed_certificate(user)?;
    }
    Ok(Loaded {
        kubeconfig,
        context,
        files: shown(&files),
    })
}

/// Reads the files of a list, but for those that do not exist, and merges them.
fn read_existing(paths: &OsStr) -> Result<(Kubeconfig, Vec<PathBuf>), UnusableKubeconfig> {
    let (mut merged, mut files, mut missing) = (Kubeconfig::default(), Vec::new(), Vec::new());
    for path in std::env::split_paths(paths).filter(|path| !path.as_os_str().is_empty()) {
        let next = match read(&path) {
            Err(UnusableKubeconfig::Unreadable { source, .. })
                if source.kind() == io::ErrorKind::NotFound =>
            {
                missing.push(path);
                continue;
            }
            next => next?,
        };
        merged = merged.merge(next).map_err(|source| UnusableKubeconfig::Refused {
            path: path.clone(),
            source,
        })?;
        files.push(path);
    }
    if files.is_empty() {
        return Err(UnusableKubeconfig::NoneExists(missing));
    }
    Ok((merged, files))
}

/// Reads one file, with the paths in it made absolute, as kube does it (`Kubeconfig::read_from`).
fn read(path: &Path) -> Result<Kubeconfig, UnusableKubeconfig> {
    let bytes =
        limited_file::read(path, MAX_KUBECONFIG_BYTES).map_err(|source| UnusableKubeconfig::Unreadable {
            path: path.to_owned(),
            source,
        })?;
    let text = text_of(bytes).ok_or_else(|| UnusableKubeconfig::NoText(path.to_owned()))?;
    let mut kubeconfig = Kubeconfig::from_yaml(&text).map_err(|source| UnusableKubeconfig::Refused {
        path: path.to_owned(),
        source,
    })?;
    // kubectl writes an empty one where there is none, and it must not win over that of another file.
    kubeconfig.current_context = kubeconfig.current_context.filter(|name| !name.is_empty());
    let directory = path.parent().unwrap_or(Path::new(""));
    for cluster in kubeconfig
        .clusters
        .iter_mut()
        .filter_map(|named| named.cluster.as_mut())
    {
        make_absolute(directory, &mut cluster.certificate_authority);
    }
    for user in kubeconfig
        .auth_infos
        .iter_mut()
        .filter_map(|named| named.auth_info.as_mut())
    {
        make_absolute(directory, &mut user.client_certificate);
        make_absolute(directory, &mut user.client_key);
        make_absolute(directory, &mut user.token_file);
        if let Some(plugin) = &mut user.exec
            // A bare name is looked for in PATH.
            && plugin.command.as_ref().is_some_and(|command| command.contains(std::path::MAIN_SEPARATOR))
        {
            make_absolute(directory, &mut plugin.command);
        }
    }
    Ok(kubeconfig)
}

fn make_absolute(directory: &Path, file: &mut Option<String>) {
    if let Some(path) = file.as_deref().filter(|path| !path.is_empty())
        && Path::new(path).is_relative()
        && let Some(absolute) = directory.join(path).to_str()
    {
        *file = Some(absolute.to_owned());
    }
}

/// The text of a file in the encodings that a byte order mark may announce; editors on Windows write them.
fn text_of(bytes: Vec<u8>) -> Option<String> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (units, rest) = bytes.as_chunks::<2>();
        let text = char::decode_utf16(units.iter().copied().map(unit)).collect::<Result<String, _>>();
        text.ok().filter(|_| rest.is_empty())
    };
    match &bytes[..] {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => std::str::from_utf8(rest).ok().map(str::to_owned),
        _ => String::from_utf8(bytes).ok(),
    }
}

/// Reads the file of the certificate authority into the kubeconfig.
fn embed_authority(cluster: &mut Cluster) -> Result<(), UnusableKubeconfig> {
    if cluster.certificate_authority_data.is_none() {
        cluster.certificate_authority_data = encoded_file(cluster.certificate_authority.take())?;
    }
    Ok(())
}

/// Reads the files of the client certificate and its key into the kubeconfig.
fn embed_certificate(user: &mut AuthInfo) -> Result<(), UnusableKubeconfig> {
    if user.client_certificate_data.is_none() {
        user.client_certificate_data = encoded_file(user.client_certificate.take())?;
    }
    if user.client_key_data.is_none() {
        user.client_key_data = encoded_file(user.client_key.take())?.map(Into::into);
    }
    Ok(())
}

fn encoded_file(path: Option<String>) -> Result<Option<String>, UnusableKubeconfig> {
    let Some(path) = path.filter(|path| !path.is_empty()).map(PathBuf::from) else {
        return Ok(None);
    };
    let bytes = limited_file::read(&path, MAX_CERTIFICATE_BYTES)
        .map_err(|source| UnusableKubeconfig::Unreadable { path, source })?;
    Ok(Some(STANDARD.encode(bytes)))
}

/// The name of the requested context, else of the current one. `Err` when the kubeconfig does not have it.
fn chosen_context(kubeconfig: &Kubeconfig, requested: Option<&str>) -> Result<String, String> {
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
    Err(if known.is_empty() {
        "it has no contexts".to_owned()
    } else if name.is_empty() {
        format!("it has no current context; pass --context, one of: {contexts}")
    } else {
        format!("it has no context `{name}`; there are: {contexts}")
    })
}

/// The cluster that a context names.
fn cluster_of<'k>(kubeconfig: &'k Kubeconfig, context: &str) -> Option<&'k str> {
    let chosen = kubeconfig.contexts.iter().find(|known| known.name == context);
    Some(chosen?.context.as_ref()?.cluster.as_str())
}

/// The user that a context names. kube takes a user that does not exist for no credentials at all, and the API server's
/// refusal would mislead.
fn user_of<'k>(kubeconfig: &'k Kubeconfig, context: &str) -> Result<Option<&'k str>, String> {
    let chosen = kubeconfig.contexts.iter().find(|known| known.name == context);
    let user = chosen.and_then(|chosen| chosen.context.as_ref()?.user.as_deref());
    match user.filter(|user| !user.is_empty()) {
        Some(user) if !kubeconfig.auth_infos.iter().any(|known| known.name == user) => Err(format!(
            "its context `{context}` names the user `{user}`, which it does not have"
        )),
        user => Ok(user),
    }
}

/// One sentence, without the file's content.
pub(super) fn explain(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::Parse(error) => match error.location() {
            Some(at) => format!(
                "it is not a valid kubeconfig: line {}, column {}",
                at.line(),
                at.column()
            ),
            None => "it is not a valid kubeconfig".to_owned(),
        },
        // The messages of their causes quote parts of what they could not read.
        KubeconfigError::LoadCertificateAuthority(_) => "the certificate authority is not base64".to_owned(),
        KubeconfigError::ParseCertificates(_) => "the certificate authority is not PEM".to_owned(),
        KubeconfigError::LoadClientCertificate(_) => "the client certificate is not base64".to_owned(),
        KubeconfigError::LoadClientKey(_) => "the client key is not base64".to_owned(),
        KubeconfigError::ParseClusterUrl(_) => "the address of the API server is not a URL".to_owned(),
        KubeconfigError::ParseProxyUrl(_) => "the address of the proxy is not a URL".to_owned(),
        other => other.to_string(),
    }
}
