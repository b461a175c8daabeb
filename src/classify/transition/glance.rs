//! A quick look whether an operation may fail at an object, for scans: most revisions of a chart differ in labels and images.
//!
//! It reads no value. Labels, annotations, Pod templates, counts and data may always be written back to what was accepted
//! before; whatever else differs is simulated, and so is what others own fields of.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::Transition;
use crate::apply::Method;
use crate::classify::live::LiveObject;
use crate::policy::managers::{ManagerKind, Managers};

type Fields<'b> = BTreeMap<&'b str, &'b RawValue>;

/// Whether the operation may fail at an object of which the next upgrade to the same manifest would not.
pub fn may_fail(transition: &Transition<'_>, live: &LiveObject<'_>, managers: &Managers) -> bool {
    let live = match live {
        LiveObject::Found(live) => live,
        LiveObject::NotFound | LiveObject::Unreadable(_) => return true,
    };
    let is_owned_by_others = || {
        live.managed.is_empty()
            || live.managed.iter().any(|entry| {
                entry.subresource != "status" && managers.kind_of(&entry.manager) != ManagerKind::Helm
            })
    };
    if transition.method != Method::ClientSide && is_owned_by_others() {
        return true;
    }
    let (Some(from), Some(super::To::Document(to))) = (transition.from, transition.to) else {
        return true;
    };
    let is_immutable = live.object["immutable"] == true;
    let kind = (transition.key.gvk.group(), transition.key.gvk.kind.as_str());
    !differs_only(from, to, |field, from, to| match (field, kind) {
        ("metadata", _) => differs_only(from, to, |field, _, _| matches!(field, "labels" | "annotations")),
        ("data" | "binaryData" | "stringData", ("", "ConfigMap" | "Secret")) => !is_immutable,
        ("spec", ("apps", "Deployment" | "DaemonSet" | "StatefulSet")) => {
            differs_only(from, to, |field, _, _| matches!(field, "template" | "replicas"))
        }
        (_, _) => false,
    })
}

/// Whether two objects differ only in such fields as are free; not where either cannot be read.
fn differs_only(from: &str, to: &str, is_free: impl Fn(&str, &str, &str) -> bool) -> bool {
    let read = |text| serde_json::from_str::<Fields<'_>>(text).ok();
    let (Some(from), Some(to)) = (read(from), read(to)) else {
        return false;
    };
    from.keys().chain(to.keys()).all(|field| {
        let (from, to) = (text(&from, field), text(&to, field));
        from == to || is_free(field, from.unwrap_or(NOTHING), to.unwrap_or(NOTHING))
    })
}

fn text<'b>(fields: &Fields<'b>, field: &str) -> Option<&'b str> {
    fields.get(field).map(|value| value.get())
}

/// A field that is not there.
const NOTHING: &str = "null";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_always_be_written_back_is_passed_over() {
        let free = |field: &str, from: &str, to: &str| match field {
            "metadata" => differs_only(from, to, |field, _, _| field == "labels"),
            _ => false,
        };
        for (from, to, expected) in [
            (
                r#"{"a":1,"metadata":{"labels":{"v":"1"}}}"#,
                r#"{"a":1,"metadata":{"labels":{"v":"2"}}}"#,
                true,
            ),
            (
                r#"{"a":1,"metadata":{}}"#,
                r#"{"a":1,"metadata":{"labels":{"v":"2"}}}"#,
                true,
            ),
            (r#"{"a":1,"metadata":{}}"#, r#"{"a":2,"metadata":{}}"#, false),
            (r#"{"a":1}"#, r#"{"a":1,"b":{}}"#, false),
            (
                r#"{"metadata":{"name":"a"}}"#,
                r#"{"metadata":{"name":"b"}}"#,
                false,
            ),
            ("[", "[", false),
        ] {
            assert_eq!(differs_only(from, to, free), expected, "{from} {to}");
        }
    }
}
