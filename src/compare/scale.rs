//! Where the replica count of an object is.
//!
//! The API server writes what comes through the subresource `scale` into a field of the object: `.spec.replicas` of the
//! built-in kinds, and of a custom resource whatever `specReplicasPath` of its definition says. It notes the writer as
//! the owner of just this field (apimachinery: `managedfields/scalehandler.go`, `ToParent`), so that one such write
//! tells the place, without a right to read the definition.

use super::fields_v1::FieldSet;
use super::managed_fields::Live;
use super::path::FieldPath;

/// The subresource.
const SCALE: &str = "scale";

/// The field that was written through `scale`; `None` where no manager is known to have written it so.
pub fn scaled_field(live: &Live<'_>) -> Option<FieldPath> {
    let entries = live.managed.iter();
    let mut scaled = entries.filter(|entry| entry.subresource == SCALE);
    scaled.find_map(|entry| only_leaf(entry.fields()))
}

/// The only place that a set names.
fn only_leaf(set: &FieldSet) -> Option<FieldPath> {
    let mut path = FieldPath::root();
    let mut node = set;
    while !node.is_empty() {
        let mut below = node.iter();
        let (segment, next) = below.next()?;
        if below.next().is_some() {
            return None;
        }
        path = path.join(segment.clone());
        node = next;
    }
    (!path.segments().is_empty()).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn scaled(subresource: &str, fields: &Value) -> Option<String> {
        let text = json!({"metadata": {"managedFields": [
            {"manager": "helm", "fieldsV1": {"f:spec": {"f:color": {}}}},
            {"manager": "kubectl", "subresource": subresource, "fieldsV1": fields},
        ]}});
        let text = text.to_string();
        scaled_field(&Live::parse(&text).unwrap()).map(|path| path.to_string())
    }

    #[test]
    fn a_write_through_scale_tells_the_field() {
        let size = json!({"f:spec": {"f:pool": {"f:size": {}}}});
        assert_eq!(scaled("scale", &size), Some("/spec/pool/size".to_owned()));
        assert_eq!(scaled("status", &size), None);
        let two = json!({"f:spec": {"f:a": {}, "f:b": {}}});
        assert_eq!(scaled("scale", &two), None, "the API server writes no such entry");
        assert_eq!(scaled("scale", &json!({})), None);
    }
}
