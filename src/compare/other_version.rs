//! Managed fields of another API version than the one that an object is read at.
//!
//! An entry names fields by the version that its manager wrote (apimachinery: `managedfields/internal/versionconverter.go`
//! converts the object to compare them). Versions of a kind mostly have the same fields, whose entries then say the same.
//! A field that the read version does not have is somewhere else in the object that is read, or nowhere.

use super::fields_v1::FieldSet;
use super::managed_fields::Entry;
use super::path::{FieldPath, Segment};
use super::work::Work;
use crate::manifest::desired::TYPE_AND_STATUS;
use crate::types::{Field, Shape};

/// The first place outside of the metadata and the status that an entry names and the type does not have.
pub fn undeclared_place(entry: &Entry<'_>, shape: Option<Shape<'_>>, work: &Work) -> Option<FieldPath> {
    let shape = shape?;
    let fields = entry.fields().iter().filter(|(segment, _)| match segment {
        Segment::Key(key) => key != "metadata" && !TYPE_AND_STATUS.contains(&key.as_str()),
        Segment::Index(_) | Segment::Match(_) | Segment::Member(_) => true,
    });
    below(fields, shape, work).map(|place| {
        let steps = place.into_iter().rev();
        steps.fold(FieldPath::root(), |path, segment| path.join(segment.clone()))
    })
}

/// The steps to the first such place, the last one first.
fn below<'s>(
    fields: impl Iterator<Item = (&'s Segment, &'s FieldSet)>,
    shape: Shape<'_>,
    work: &Work,
) -> Option<Vec<&'s Segment>> {
    for (segment, set) in fields {
        if !work.affords(1) {
            return None;
        }
        let inner = match segment {
            Segment::Key(key) => match shape.field(key) {
                Field::Declared(inner) => Some(inner),
                Field::Undeclared => return Some(vec![segment]),
                Field::Unknown => None,
            },
            Segment::Index(_) | Segment::Match(_) | Segment::Member(_) => shape.element(),
        };
        let found = inner.and_then(|inner| below(set.iter(), inner, work));
        if let Some(mut place) = found {
            place.push(segment);
            return Some(place);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::managed_fields::Live;
    use crate::types::TypeTable;
    use serde_json::{Value, json};

    fn undeclared(fields: &Value) -> Option<String> {
        let text = json!({"metadata": {"managedFields": [{"manager": "m", "fieldsV1": fields}]}}).to_string();
        let live = Live::parse(&text).unwrap();
        let shape = TypeTable::builtin().kind("autoscaling/v1", "HorizontalPodAutoscaler");
        undeclared_place(&live.managed[0], shape, &Work::of_steps(1_000)).map(|path| path.to_string())
    }

    #[test]
    fn only_what_the_read_version_lacks_is_undeclared() {
        let alike = json!({"f:spec": {"f:maxReplicas": {}}, "f:metadata": {"f:labels": {"f:a": {}}}, "f:status": {"f:x": {}}});
        assert_eq!(undeclared(&alike), None);
        let other = json!({"f:spec": {"f:maxReplicas": {}, "f:behavior": {"f:scaleDown": {}}}});
        assert_eq!(undeclared(&other), Some("/spec/behavior".to_owned()));
    }
}
