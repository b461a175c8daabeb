//! The one object that driftline writes: the `ConfigMap` in which it remembers earlier scans, where the operator has asked
//! for that.
//!
//! It is written by a JSON merge patch that names the resource version which was read (Kubernetes:
//! `apiserver/pkg/endpoints/handlers/patch.go`; a patch with another one than the object's is refused with 409), so that
//! two scans at once cannot overwrite each other unnoticed, and so that labels and whatever else people put there stay.

use ::http::{Method, Request, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::client::Body;
use serde_json::json;

use super::Cluster;
use super::http::{self, AnswerSize, ApiAnswer, Call, Failure, JSON, Purpose, RetryBudget};
use super::paths::{ApiPath, ApiResource};
use crate::shell::{Command, Refusal, Word};
use crate::source::ReadError;

/// The key of the `ConfigMap`.
const KEY: &str = "state.json.gz";

const JSON_MERGE: &str = "application/merge-patch+json";

/// A `ConfigMap` by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl MemoryName {
    /// The object in the words of kubectl.
    pub fn in_words(&self) -> String {
        format!("configmap/{} in namespace {}", self.name, self.namespace)
    }
}

/// The memory as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMemory {
    /// What it holds; `None` where it is empty.
    pub bytes: Option<Vec<u8>>,
    /// The version of the object; `None` where there is none yet.
    version: Option<String>,
    /// Whether nobody may change it any more.
    is_immutable: bool,
}

/// Why the memory cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadMemoryError {
    /// The object is somebody else's.
    #[error("it holds something else, and is left alone: name a ConfigMap that is for driftline alone")]
    Foreign,
    /// The request failed.
    #[error(transparent)]
    Failed(#[from] ReadError),
}

/// Why the memory was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteMemoryError {
    /// Somebody else has written it since it was read.
    #[error("another scan has written it in the meantime; let only one scan at a time use it")]
    Conflict,
    /// Nobody may change it.
    #[error("it is immutable, which cannot be taken back; delete it, or name another ConfigMap")]
    Immutable,
    /// There is none, and the account may not create one.
    #[error("{error}; create it once: {command}")]
    MayNotCreate {
        /// The answer.
        error: ReadError,
        /// The command that creates it, empty.
        command: String,
    },
    /// The account may not change it.
    #[error("{0}; the account needs the rights to get and to patch this one ConfigMap")]
    MayNotPatch(ReadError),
    /// The API server does not take the object as it would be.
    #[error(
        "the API server refuses it as invalid (422); look whether the ConfigMap has become immutable, or holds so much else \
         that there is no room"
    )]
    Invalid,
    /// The object is gone since it was read, or its namespace does not exist.
    #[error("it was deleted in the meantime, or its namespace does not exist")]
    Gone,
    /// The request failed.
    #[error(transparent)]
    Failed(#[from] ReadError),
}

impl Cluster {
    /// The namespace that a name without one is in: that of the pod, or of the kubeconfig's context.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Reads the memory.
    pub async fn read_memory(&self, name: &MemoryName) -> Result<StoredMemory, ReadMemoryError> {
        let path = resource().object(Some(&name.namespace), &name.name);
        let purpose = purpose("get", name);
        let body = match self.http.get(path.as_ref(), JSON, purpose).await? {
            ApiAnswer::Body(body) => body,
            ApiAnswer::NotFound => {
                return Ok(StoredMemory {
                    bytes: None,
                    version: None,
                    is_immutable: false,
                });
            }
            ApiAnswer::NoSuchPath | ApiAnswer::Expired | ApiAnswer::TooLarge => {
                return Err(refused(StatusCode::NOT_FOUND).into());
            }
        };
        let malformed = |reason: &str| ReadError::Malformed {
            reason: reason.to_owned(),
        };
        let map: ConfigMap =
            serde_json::from_slice(&body).map_err(|_| malformed("the answer is no ConfigMap"))?;
        if map.metadata.name.as_deref() != Some(&*name.name) {
            return Err(malformed("the answer is another object than the one that was asked for").into());
        }
        let mut data = map.binary_data.unwrap_or_default();
        let bytes = data.remove(KEY).map(|bytes| bytes.0);
        if bytes.is_none() && !(data.is_empty() && map.data.unwrap_or_default().is_empty()) {
            return Err(ReadMemoryError::Foreign);
        }
        Ok(StoredMemory {
            bytes,
            version: map.metadata.resource_version,
            is_immutable: map.immutable == Some(true),
        })
    }

    /// Writes the memory in place of the one that was read.
    pub async fn write_memory(
        &self,
        name: &MemoryName,
        read: &StoredMemory,
        bytes: &[u8],
    ) -> Result<(), WriteMemoryError> {
        if read.is_immutable {
            return Err(WriteMemoryError::Immutable);
        }
        let data = json!({KEY: STANDARD.encode(bytes)});
        let (method, path, verb, content_type, body) = match &read.version {
            Some(version) => (
                Method::PATCH,
                resource().object(Some(&name.namespace), &name.name),
                "patch",
                JSON_MERGE,
                json!({"metadata": {"resourceVersion": version}, "binaryData": data}),
            ),
            None => (
                Method::POST,
                resource().collection(Some(&name.namespace)),
                "create",
                JSON,
                json!({
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {
                        "name": name.name,
                        "namespace": name.namespace,
                        "labels": {"app.kubernetes.io/name": "driftline"},
                    },
                    "binaryData": data,
                }),
            ),
        };
        self.send_memory(
            path,
            &method,
            content_type,
            &body.to_string(),
            purpose(verb, name),
        )
        .await
        .map_err(|error| match error {
            WriteMemoryError::Failed(error @ ReadError::Forbidden { .. }) if read.version.is_some() => {
                WriteMemoryError::MayNotPatch(error)
            }
            WriteMemoryError::Failed(error @ ReadError::Forbidden { .. }) => match creation(name) {
                Ok(command) => WriteMemoryError::MayNotCreate {
                    error,
                    command: command.to_string(),
                },
                Err(_) => WriteMemoryError::Failed(error),
            },
            WriteMemoryError::Failed(ReadError::Refused { status: 422, .. }) => WriteMemoryError::Invalid,
            WriteMemoryError::Failed(_)
            | WriteMemoryError::Conflict
            | WriteMemoryError::Gone
            | WriteMemoryError::Immutable
            | WriteMemoryError::MayNotCreate { .. }
            | WriteMemoryError::MayNotPatch(_)
            | WriteMemoryError::Invalid => error,
        })
    }

    async fn send_memory(
        &self,
        path: ApiPath,
        method: &Method,
        content_type: &str,
        body: &str,
        purpose: Purpose<'_>,
    ) -> Result<(), WriteMemoryError> {
        let path = path.with("fieldManager", "driftline");
        let body = bytes::Bytes::from(body.to_owned());
        let make = || {
            Request::builder()
                .method(method.clone())
                .uri(path.as_ref())
                .header(header::ACCEPT, JSON)
                .header(header::CONTENT_TYPE, content_type)
                .body(Body::from(body.clone()))
        };
        let call = Call {
            path: path.as_ref(),
            answer: AnswerSize::Single,
            retries: &RetryBudget::default(),
            make: &make,
            interpret: &|response| match response.status {
                StatusCode::CONFLICT => Err(Failure::Final(refused(StatusCode::CONFLICT))),
                _ => http::interpret(&response, purpose),
            },
        };
        match self.http.send(call).await {
            Ok((ApiAnswer::Body(_), _)) => Ok(()),
            Ok((ApiAnswer::NotFound, _)) => Err(WriteMemoryError::Gone),
            Ok((ApiAnswer::NoSuchPath | ApiAnswer::Expired | ApiAnswer::TooLarge, _)) => {
                Err(refused(StatusCode::NOT_FOUND).into())
            }
            Err(error) if error == refused(StatusCode::CONFLICT) => Err(WriteMemoryError::Conflict),
            Err(error) => Err(error.into()),
        }
    }
}

const fn resource() -> ApiResource<'static> {
    ApiResource {
        api_version: "v1",
        plural: "configmaps",
    }
}

/// The command by which somebody with the right creates it.
fn creation(name: &MemoryName) -> Result<Command, Refusal> {
    let command = Command::new("kubectl", &["create", "configmap"]).word(&Word::subdomain(&name.name)?);
    Ok(command.literal(&["-n"]).word(&Word::namespace(&name.namespace)?))
}

fn purpose<'n>(verb: &'n str, name: &'n MemoryName) -> Purpose<'n> {
    Purpose {
        verb,
        resource: "configmaps",
        namespace: Some(&name.namespace),
    }
}

fn refused(status: StatusCode) -> ReadError {
    ReadError::Refused {
        status: status.as_u16(),
        reason: String::new(),
    }
}
