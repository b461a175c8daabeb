//! The object that tests of verdicts use: `web` of release `web` in namespace `shop`.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::live::LiveObject;
use super::object::{Judgement, judge};
use super::subject::Autoscaler;
use super::subject::{Role, Subject, Visibility};
use crate::compare::work::Work;
use crate::manifest::desired::Owner;
use crate::object::{Gvk, ObjectKey};
use crate::policy::Policy;
use crate::release::operations::Operations;
use crate::source::Lookup;
use crate::types::TypeTable;
use crate::vocabulary::ApplyMethod;

static NO_OPERATIONS: LazyLock<Operations> = LazyLock::new(Operations::default);

/// The object, of some kind.
pub(crate) fn key(api_version: &str, kind: &str, namespace: &str) -> ObjectKey {
    ObjectKey {
        gvk: Gvk::new(api_version, kind),
        namespace: Some(namespace.into()),
        name: "web".into(),
    }
}

/// The object as the baseline asks for it, applied by the client, of a release about which nothing else is known.
pub(crate) fn subject<'a>(key: &'a ObjectKey, body: &'a str) -> Subject<'a> {
    Subject {
        key,
        template: None,
        owner: Owner {
            name: "web",
            namespace: "shop",
        },
        role: Role::Expected,
        expires: false,
        body,
        duplicate_documents: &[],
        previous: None,
        older: &[],
        attempted: &[],
        method: ApplyMethod::Csa,
        shape: TypeTable::builtin().kind(&key.gvk.api_version, &key.gvk.kind),
        operations: &NO_OPERATIONS,
        autoscaler: Autoscaler::None,
        values: Visibility::Shown,
    }
}

/// A live object with the marks of the release's ownership.
pub(crate) fn owned(extra: &Value) -> Value {
    let mut live = json!({"metadata": {
        "labels": {"app.kubernetes.io/managed-by": "Helm"},
        "annotations": {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"}}});
    json_patch::merge(&mut live, extra);
    live
}

/// The verdict on an object that is there.
pub(crate) fn judge_found(subject: &Subject<'_>, live: &Value, policy: &Policy) -> Judgement {
    let live = live.to_string();
    let work = Work::of_steps(u64::MAX);
    judge(subject, &LiveObject::parse(&Lookup::Found(&live)), policy, &work).unwrap()
}
