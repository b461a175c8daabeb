//! Questions about rights, which `driftline rights` asks: the API server answers them and stores nothing.
//!
//! A review is a POST by its form, because a question has a body (Kubernetes: `pkg/registry/authorization`,
//! `selfsubjectaccessreview/rest.go`, `Create`). By default every authenticated account may ask about itself
//! (`system:basic-user`); asking about another account is a right of its own.

use std::borrow::Cow;

use ::http::{Request, header};
use kube::client::Body;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{StatedType, malformed};
use super::http::{self, AnswerSize, ApiAnswer, ApiClient, Call, JSON, Purpose, RetryBudget, parse};
use super::paths::ApiResource;
use crate::model::rights::{Account, RightTarget, Verb};
use crate::object::Gvk;
use crate::source::ReadError;

/// The account that a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked<'a> {
    /// The one that asks.
    Oneself,
    /// Another one.
    Other(&'a Account),
}

/// The versions of the question who one is, the newest first.
const IDENTITY: [&str; 3] = [
    "authentication.k8s.io/v1",
    "authentication.k8s.io/v1beta1",
    "authentication.k8s.io/v1alpha1",
];

const AUTHORIZATION: &str = "authorization.k8s.io/v1";

/// Asks who one is; `None` where the API server cannot say (before Kubernetes 1.26).
pub(super) async fn identity(http: &ApiClient) -> Result<Option<Account>, ReadError> {
    for api_version in IDENTITY {
        let review = Review {
            resource: ApiResource {
                api_version,
                plural: "selfsubjectreviews",
            },
            kind: "SelfSubjectReview",
        };
        let Some(body) = review.send(http, &json!({})).await? else {
            continue;
        };
        let answer: IdentityAnswer<'_> = parse(&body)?;
        answer.stated.must_be(&review.gvk())?;
        return Ok(Some(Account::of_user(&answer.status.user_info.username)));
    }
    Ok(None)
}

/// Asks whether an account has a right.
pub(super) async fn is_allowed(
    http: &ApiClient,
    asked: Asked<'_>,
    verb: Verb,
    target: &RightTarget,
) -> Result<bool, ReadError> {
    let mut spec = attributes(verb, target);
    let (plural, kind) = match asked {
        Asked::Oneself => ("selfsubjectaccessreviews", "SelfSubjectAccessReview"),
        Asked::Other(account) => {
            spec["user"] = Value::String(account.user_name());
            spec["groups"] = groups(account).into();
            ("subjectaccessreviews", "SubjectAccessReview")
        }
    };
    let review = Review {
        resource: ApiResource {
            api_version: AUTHORIZATION,
            plural,
        },
        kind,
    };
    let body = review.send(http, &spec).await?;
    let body = body.ok_or_else(|| malformed("it answers no questions about rights"))?;
    let answer: AccessAnswer<'_> = parse(&body)?;
    answer.stated.must_be(&review.gvk())?;
    Ok(answer.status.allowed)
}

/// The groups that every account of this kind is in (Kubernetes: `apiserver/pkg/authentication/serviceaccount/util.go`,
/// `MakeGroupNames`). Which others a user is in is known to nobody but its authenticator.
fn groups(account: &Account) -> Vec<String> {
    let mut groups = vec!["system:authenticated".to_owned()];
    match account {
        Account::ServiceAccount { namespace, .. } => {
            groups.push("system:serviceaccounts".to_owned());
            groups.push(format!("system:serviceaccounts:{namespace}"));
        }
        Account::User { .. } => {}
    }
    groups
}

fn attributes(verb: Verb, target: &RightTarget) -> Value {
    let verb = verb.as_str();
    let (resource, namespace) = match target {
        RightTarget::Namespace { resource, namespace } => (resource, namespace.as_str()),
        // Without a namespace the question is about all of them, or about a resource that has none.
        RightTarget::AllNamespaces { resource } | RightTarget::Cluster { resource } => (resource, ""),
        RightTarget::Path { path } => {
            return json!({"nonResourceAttributes": {"path": path, "verb": verb}});
        }
    };
    json!({"resourceAttributes": {
        "verb": verb, "group": resource.group, "resource": resource.resource, "namespace": namespace,
    }})
}

/// A kind of question.
#[derive(Clone, Copy)]
struct Review {
    resource: ApiResource<'static>,
    kind: &'static str,
}

impl Review {
    fn gvk(self) -> Gvk {
        Gvk::new(self.resource.api_version, self.kind)
    }

    /// Sends the question; `None` where the API server does not know it.
    async fn send(self, http: &ApiClient, spec: &Value) -> Result<Option<bytes::Bytes>, ReadError> {
        let path = self.resource.collection(None);
        let document = json!({"apiVersion": self.resource.api_version, "kind": self.kind, "spec": spec});
        let body = bytes::Bytes::from(document.to_string());
        let purpose = Purpose {
            verb: "create",
            resource: &self.resource.role_name(),
            namespace: None,
        };
        let make = || {
            Request::post(path.as_ref())
                .header(header::ACCEPT, JSON)
                .header(header::CONTENT_TYPE, JSON)
                .body(Body::from(body.clone()))
        };
        let call = Call {
            path: path.as_ref(),
            answer: AnswerSize::Single,
            retries: &RetryBudget::default(),
            make: &make,
            interpret: &|response| http::interpret(&response, purpose),
        };
        match http.send(call).await?.0 {
            ApiAnswer::Body(body) => Ok(Some(body)),
            ApiAnswer::NotFound | ApiAnswer::NoSuchPath => Ok(None),
            ApiAnswer::Expired | ApiAnswer::TooLarge => Err(malformed("it is no answer to a question")),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stated<'a> {
    #[serde(borrow)]
    api_version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
}

impl Stated<'_> {
    fn must_be(&self, expected: &Gvk) -> Result<(), ReadError> {
        StatedType::new(self.api_version.as_ref(), self.kind.as_ref()).must_be(expected)
    }
}

#[derive(Deserialize)]
struct AccessAnswer<'a> {
    #[serde(borrow, flatten)]
    stated: Stated<'a>,
    status: AccessStatus,
}

#[derive(Deserialize)]
struct AccessStatus {
    allowed: bool,
}

#[derive(Deserialize)]
struct IdentityAnswer<'a> {
    #[serde(borrow, flatten)]
    stated: Stated<'a>,
    status: IdentityStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IdentityStatus {
    user_info: UserInfo,
}

#[derive(Deserialize)]
struct UserInfo {
    username: String,
}
