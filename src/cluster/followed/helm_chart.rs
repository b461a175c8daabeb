//! The `HelmChart` of the helm-controller of K3s and RKE2 (k3s-io/helm-controller `pkg/apis/helm.cattle.io/v1/types.go`).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::super::answer::nullable;
use super::super::http::{ApiClient, parse};
use super::super::request::{Kind, Reader, Selector};
use crate::source::followed::HelmChart;
use crate::source::{Kinds, ReadError};

const HELM_CHART: Kind<'static> = Kind {
    api_version: "helm.cattle.io/v1",
    name: "HelmChart",
    plural: "helmcharts",
};

/// With this annotation, whatever its value, a chart is left alone (`pkg/controllers/chart/chart.go`,
/// `AnnotationUnmanaged`).
const UNMANAGED: &str = "helmcharts.helm.cattle.io/unmanaged";

#[derive(Deserialize)]
struct Wire {
    metadata: Metadata,
    #[serde(default, deserialize_with = "nullable")]
    spec: Spec,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    namespace: String,
    #[serde(default, deserialize_with = "nullable")]
    annotations: BTreeMap<String, Value>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    #[serde(deserialize_with = "nullable")]
    target_namespace: String,
}

/// All of a cluster; none where the kind is not served.
pub(in super::super) async fn list(http: &ApiClient, kinds: &Kinds) -> Result<Vec<HelmChart>, ReadError> {
    let reader = Reader { http, kinds };
    if !reader.is_served(HELM_CHART)? {
        return Ok(Vec::new());
    }
    let read_item = |json: &str| Ok(Some(chart(parse(json.as_bytes())?)));
    reader.list(HELM_CHART, None, Selector::All, read_item).await
}

/// The release has the name of the chart (`chart.go`, the variable `NAME` of its Job).
fn chart(Wire { metadata, spec }: Wire) -> HelmChart {
    let installs_into = match spec.target_namespace.as_str() {
        "" => metadata.namespace.clone(),
        target => target.to_owned(),
    };
    HelmChart {
        is_unmanaged: metadata.annotations.contains_key(UNMANAGED),
        namespace: metadata.namespace,
        name: metadata.name,
        installs_into,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(annotations: &Value, spec: &Value) -> HelmChart {
        let metadata = json!({"name": "traefik", "namespace": "kube-system", "annotations": annotations});
        chart(serde_json::from_value(json!({"metadata": metadata, "spec": spec})).unwrap())
    }

    #[test]
    fn a_chart_installs_into_its_own_namespace_or_another() {
        assert_eq!(read(&Value::Null, &json!({})).installs_into, "kube-system");
        let target = json!({"targetNamespace": "ingress", "chartContent": "aGVsbG8="});
        assert_eq!(read(&Value::Null, &target).installs_into, "ingress");
    }

    #[test]
    fn an_annotation_makes_the_controller_leave_it_alone() {
        assert!(!read(&json!({"a": "b"}), &json!({})).is_unmanaged);
        assert!(read(&json!({UNMANAGED: ""}), &json!({})).is_unmanaged);
    }
}
