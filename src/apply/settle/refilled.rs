//! Fields that a controller of the cluster itself writes again at once, whatever a manifest says.

use serde_json::Value;

use super::super::Doubt;
use super::values::same;
use crate::compare::path::FieldPath;
use crate::object::Gvk;

/// The rules of a role that gathers those of others are its controller's (Kubernetes:
/// `pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go`, `syncClusterRole`).
pub(super) fn doubt(gvk: &Gvk, live: &Value, merged: &Value) -> Option<Doubt> {
    let is_aggregated = (gvk.group(), gvk.kind.as_str()) == ("rbac.authorization.k8s.io", "ClusterRole")
        && merged.get("aggregationRule").is_some_and(|rule| !rule.is_null());
    (is_aggregated && !same(live.get("rules"), merged.get("rules"))).then(|| Doubt {
        path: FieldPath::root().key("rules"),
        reason: "a controller of the cluster writes it again at once".into(),
    })
}
