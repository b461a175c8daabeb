//! Managed fields without secrets: they name fields by their keys, members of sets by their values (`v:`) and elements of
//! lists by the values of their keys (`k:`) (structured-merge-diff: `fieldpath/serialize-pe.go`).

use serde_json::{Map, Value};

use super::place::{Fields, Place};
use super::{Hidden, Redaction, Replace};
use crate::object::Gvk;

impl Redaction {
    /// Replaces the secrets in the `fieldsV1` of an object.
    pub fn hide_managed_fields(
        &self,
        gvk: &Gvk,
        object: &Value,
        fields: &mut Map<String, Value>,
        replace: &mut dyn Replace,
    ) {
        self.managed(self.root(gvk), Some(object), &Vec::new(), fields, replace);
    }

    fn managed(
        &self,
        place: Place,
        value: Option<&Value>,
        keys: &Vec<(String, Value)>,
        fields: &mut Map<String, Value>,
        replace: &mut dyn Replace,
    ) {
        let mut beside: Vec<&dyn Fields> = vec![keys];
        beside.extend(
            value
                .and_then(Value::as_object)
                .map(|fields| fields as &dyn Fields),
        );
        let object = self.object_at(place, &beside);
        for (key, mut inner) in std::mem::take(fields) {
            let mut renamed = key;
            let mut inner_keys: Vec<(String, Value)> = Vec::new();
            let (inner_place, inner_value) = if let Some(name) = renamed.strip_prefix("f:") {
                let found = value.and_then(|value| value.get(name));
                let outer = place.name;
                let place = object.field(name, self.sensitivity(name));
                if self.is_secret_key_under(outer, name) {
                    renamed = format!("f:{}", replace.part(name));
                }
                (place, found)
            } else {
                if let Some((mark, json)) = renamed
                    .split_at_checked(2)
                    .filter(|(mark, _)| matches!(*mark, "v:" | "k:"))
                    && let Ok(mut held) = serde_json::from_str::<Value>(json)
                {
                    if let Value::Object(fields) = &held {
                        inner_keys.extend(fields.iter().map(|(key, value)| (key.clone(), value.clone())));
                    }
                    if self.hide_at(place, &mut held, replace) == Hidden::Partly {
                        renamed = format!("{mark}{held}");
                    }
                }
                (place, None)
            };
            if let Value::Object(inner) = &mut inner {
                self.managed(inner_place, inner_value, &inner_keys, inner, replace);
            }
            fields.insert(renamed, inner);
        }
    }
}
