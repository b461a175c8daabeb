//! Objects as charts write them: any fields, any spelling, some nulls and zeros, some typing mistakes.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::manifest::desired::{Owner, StatusField, desired};
use crate::object::{Gvk, ObjectKey};
use crate::types::{Field, ListKind, Shape, TypeTable, ValueKind, is_zero};

/// The kinds that charts have most of, and those with the oddest types.
pub(super) const KINDS: [(&str, &str); 24] = [
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("v1", "Service"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "ServiceAccount"),
    ("v1", "Pod"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "ResourceQuota"),
    ("v1", "LimitRange"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("policy/v1", "PodDisruptionBudget"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("storage.k8s.io/v1", "StorageClass"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
    ("pottery.example.com/v1", "Kiln"),
];

/// What a server says of a custom resource.
static CUSTOM: LazyLock<TypeTable> = LazyLock::new(|| {
    TypeTable::from_openapi_v3(include_bytes!("../../../tests/data/openapi/crd.json")).unwrap()
});

/// How deep objects are: a container's environment lies seven steps down.
pub(super) const DEPTH: usize = 9;

/// Chance, the same for the same seed (splitmix64).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, count: usize) -> usize {
        let count = u64::try_from(count.max(1)).unwrap();
        usize::try_from(self.next() % count).unwrap()
    }

    pub(super) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub(super) fn pick<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        &among[self.below(among.len())]
    }

    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

/// An object of one of the kinds, as it is compared: with Helm's stamps, `stringData` folded, and so on.
pub(super) fn made(seed: u64) -> (Shape<'static>, (&'static str, &'static str), Value) {
    let kinds = u64::try_from(KINDS.len()).unwrap();
    let kind = KINDS[usize::try_from(seed % kinds).unwrap()];
    let shape = shape_of(kind);
    let mut dice = Dice::new(seed);
    let mut body = Map::new();
    for (name, inner) in shape.fields() {
        match name {
            "metadata" => {
                let fields = inner.fields().filter(|(name, _)| is_charts(name));
                let metadata: Map<String, Value> = fields
                    .map(|(name, inner)| (name.to_owned(), make(&mut dice, inner, DEPTH)))
                    .collect();
                body.insert(name.to_owned(), metadata.into());
            }
            "apiVersion" | "kind" | "status" => {}
            _ if dice.percent(80) => {
                body.insert(name.to_owned(), make(&mut dice, inner, DEPTH));
            }
            _ => {}
        }
    }
    if dice.percent(10) {
        body.insert("metdata".to_owned(), json!({"name": "a typing mistake"}));
    }
    let key = ObjectKey {
        gvk: Gvk::new(kind.0, kind.1),
        namespace: Some("shop".to_owned()),
        name: "web".to_owned(),
    };
    let owner = Owner {
        name: "web",
        namespace: "shop",
    };
    (shape, kind, desired(body.into(), &key, owner, StatusField::Apart))
}

/// What is known of one of the kinds.
pub(super) fn shape_of(kind: (&str, &str)) -> Shape<'static> {
    let built_in = TypeTable::builtin().kind(kind.0, kind.1);
    built_in.or_else(|| CUSTOM.kind(kind.0, kind.1)).unwrap()
}

/// The metadata that charts write.
fn is_charts(name: &str) -> bool {
    matches!(name, "annotations" | "finalizers" | "labels")
}

/// Any value that fits.
pub(super) fn make(dice: &mut Dice, shape: Shape<'_>, depth: usize) -> Value {
    match shape.value() {
        ValueKind::Object => object(dice, shape, depth, &[]),
        ValueKind::Map => {
            let Some(inner) = map_value(shape) else {
                return json!({});
            };
            let count = dice.below(4);
            let keys = ["app", "a.b/c", "tier", "KEY"].into_iter().take(count);
            keys.map(|key| (key.to_owned(), make(dice, inner, depth.saturating_sub(1))))
                .collect::<Map<_, _>>()
                .into()
        }
        ValueKind::List => list(dice, shape, depth),
        scalar => {
            let spellings = spellings(scalar);
            dice.pick(&spellings).0.clone()
        }
    }
}

/// What stands under every key of a map.
pub(super) fn map_value(shape: Shape<'_>) -> Option<Shape<'_>> {
    match shape.field("any") {
        Field::Declared(inner) => Some(inner),
        Field::Undeclared | Field::Unknown => None,
    }
}

fn object(dice: &mut Dice, shape: Shape<'_>, depth: usize, keys: &[String]) -> Value {
    let mut fields: Vec<_> = shape.fields().collect();
    dice.shuffle(&mut fields);
    let count = if depth == 0 { 0 } else { 1 + dice.below(6) };
    let mut object = Map::new();
    for (position, (name, inner)) in fields.into_iter().enumerate() {
        let is_key = keys.iter().any(|key| key == name);
        if is_key && (inner.default().is_none() || dice.percent(50)) {
            let spellings = spellings(inner.value());
            let meant: Vec<_> = spellings
                .iter()
                .filter(|(spelling, _)| !is_zero(spelling))
                .collect();
            object.insert(name.to_owned(), dice.pick(&meant).0.clone());
        } else if !is_key && position < count {
            let value = if dice.percent(4) {
                Value::Null
            } else {
                make(dice, inner, depth - 1)
            };
            object.insert(name.to_owned(), value);
        }
    }
    if dice.percent(2) && shape.value() == ValueKind::Object {
        object.insert("typo".to_owned(), json!("a typing mistake"));
    }
    object.into()
}

fn list(dice: &mut Dice, shape: Shape<'_>, depth: usize) -> Value {
    let Some(element) = shape.element() else {
        return json!([]);
    };
    let count = if depth == 0 { 0 } else { dice.below(4) };
    let keys: &[String] = match shape.list() {
        ListKind::Map(keys) => keys,
        ListKind::Set | ListKind::Atomic => &[],
    };
    let mut items: Vec<Value> = Vec::new();
    for _ in 0..count {
        let item = match element.value() {
            ValueKind::Object => object(dice, element, depth.saturating_sub(1), keys),
            _ => make(dice, element, depth.saturating_sub(1)),
        };
        // Charts repeat themselves, mostly in environments.
        let is_repeated = has(&items, &item, keys);
        if shape.list() == ListKind::Atomic || !is_repeated || dice.percent(20) {
            items.push(item);
        }
    }
    items.into()
}

/// Whether a list has an element with these keys, or for want of keys this very one.
pub(super) fn has(items: &[Value], item: &Value, keys: &[String]) -> bool {
    let same = |other: &Value| {
        if keys.is_empty() {
            return other == item;
        }
        keys.iter().all(|key| key_of(other, key) == key_of(item, key))
    };
    items.iter().any(same)
}

/// The keys of list elements that the server fills in where a manifest has none, or an empty one. They are written down
/// here and not taken from the comparison, because the properties check the comparison.
pub(super) const KEY_DEFAULTS: [(&str, &str); 2] = [("protocol", "TCP"), ("side", "left")];

/// The value of one key of a stored list element.
pub(super) fn key_of(item: &Value, key: &str) -> Value {
    let own = &item[key];
    let default = KEY_DEFAULTS.iter().find(|(name, _)| *name == key);
    match default {
        Some((_, default)) if own.is_null() || own == "" => json!(default),
        Some(_) | None => own.clone(),
    }
}

/// How charts spell values of a type, each with the server's own spelling. All of them are different values.
pub(super) fn spellings(kind: ValueKind) -> Vec<(Value, Value)> {
    let same = |values: Value| -> Vec<(Value, Value)> {
        let values = values.as_array().cloned().unwrap_or_default();
        values.into_iter().map(|value| (value.clone(), value)).collect()
    };
    let pairs = |values: Value| -> Vec<(Value, Value)> {
        let values = values.as_array().cloned().unwrap_or_default();
        values
            .into_iter()
            .map(|pair| (pair[0].clone(), pair[1].clone()))
            .collect()
    };
    match kind {
        ValueKind::String => same(json!(["", "text", "1Gi", "1024Mi", "a\nb\n", "80", "TCP"])),
        // Whole floats are integers once the manifest is read.
        ValueKind::Integer => same(json!([0, 1, 80, 8080, -3])),
        ValueKind::Number => same(json!([0, 1.5, 2, 1000, -0.25])),
        ValueKind::Boolean => same(json!([true, false])),
        ValueKind::Quantity => pairs(json!([
            ["1000m", "1"],
            [2, "2"],
            ["0.5", "500m"],
            ["1024Mi", "1Gi"],
            ["1.5Gi", "1536Mi"],
            ["0", "0"],
            [0.25, "250m"],
            ["1e3", "1e3"]
        ])),
        ValueKind::IntOrString => same(json!([80, "80", "http", "25%", 0])),
        ValueKind::Bytes => pairs(json!([
            ["aGVsbG8=", "aGVsbG8="],
            ["d29y\nbGQ=\n", "d29ybGQ="],
            ["", ""]
        ])),
        ValueKind::Time => pairs(json!([
            ["2001-12-14T22:59:43+01:00", "2001-12-14T21:59:43Z"],
            ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"]
        ])),
        ValueKind::Duration => pairs(json!([["60m", "1h0m0s"], ["90s", "1m30s"], ["1h30m", "1h30m0s"]])),
        ValueKind::Any => same(json!([{"free": {"zero": 0, "text": "a"}}, "text", [1, {"a": "b"}], 5])),
        ValueKind::Object | ValueKind::Map | ValueKind::List => Vec::new(),
    }
}
