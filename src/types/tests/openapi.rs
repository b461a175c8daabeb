//! Facts from documents that an API server publishes.

use serde_json::{Value, json};

use super::{at, check};
use crate::types::{Field, Shape, TypeTable, TypesError, ValueKind};

/// The answer of an API server 1.36.3 to a CRD that uses every construct; descriptions left out.
#[test]
fn custom_resources() {
    let table = TypeTable::from_openapi_v3(include_bytes!("../../../tests/data/openapi/crd.json")).unwrap();
    let kiln = "pottery.example.com/v1 Kiln";
    assert!(
        !at(&table, "pottery.example.com/v1", "Kiln", "metadata/labels")
            .unwrap()
            .is_builtin()
    );
    check(
        &table,
        &[
            (kiln, "metadata/labels", "map, dropped"),
            (kiln, "metadata/junk", "junk undeclared"),
            (kiln, "spec", "object, kept"),
            (kiln, "spec/junk", "junk undeclared"),
            (kiln, "spec/shelves", "integer, kept"),
            (kiln, "spec/enabled", "boolean, kept, defaulted true"),
            (kiln, "spec/temperature", "number, kept"),
            (kiln, "spec/glaze", "string, kept, nullable"),
            (kiln, "spec/port", "intorstring, kept"),
            (kiln, "spec/certificate", "bytes, kept"),
            (kiln, "spec/firedAt", "time, kept"),
            (kiln, "spec/soak", "duration, kept"),
            (kiln, "spec/resources/limits/cpu", "quantity, kept"),
            (kiln, "spec/zones", "list by name+side, kept"),
            (kiln, "spec/zones/*/side", "string, kept, defaulted \"left\""),
            (kiln, "spec/zones/*/cones", "list atomic, kept"),
            (kiln, "spec/tags", "list set, kept"),
            (kiln, "spec/steps", "list atomic, kept"),
            (kiln, "spec/steps/*/ramp", "integer, kept"),
            (kiln, "spec/steps/*/ramps", "ramps undeclared"),
            (kiln, "spec/labels/*", "string, kept"),
            (kiln, "spec/selector", "object, kept, atomic"),
            (kiln, "spec/extra/free", "free unknown"),
            (kiln, "spec/partly/known", "integer, kept"),
            (kiln, "spec/partly/free", "free unknown"),
            (kiln, "spec/anything/free", "free unknown"),
            (kiln, "spec/emptied/junk", "junk undeclared"),
            (kiln, "spec/template/metadata/labels", "map, dropped"),
            (kiln, "spec/template/metadata/junk", "junk undeclared"),
            (kiln, "spec/template/spec/size", "integer, kept"),
            (kiln, "spec/template/junk", "junk undeclared"),
            (kiln, "spec/owner/free", "free unknown"),
            (kiln, "spec/owner/metadata/name", "string, dropped, defaulted"),
            ("pottery.example.com/v2 Kiln", "", "no such kind"),
        ],
    );
}

#[test]
fn custom_resources_without_a_schema() {
    let table = TypeTable::from_openapi_v3(include_bytes!(
        "../../../tests/data/openapi/crd-without-schema.json"
    ))
    .unwrap();
    let kiln = "pottery.example.com/v1alpha1 Kiln";
    check(
        &table,
        &[
            (kiln, "metadata/labels", "map, dropped"),
            (kiln, "spec", "spec unknown"),
        ],
    );
}

/// Go types publish no difference between a pointer and a plain field, and the zero as a default.
#[test]
fn go_types_of_an_aggregated_server() {
    let table =
        TypeTable::from_openapi_v3(include_bytes!("../../../tests/data/openapi/go-types.json")).unwrap();
    check(
        &table,
        &[
            (
                "networking.k8s.io/v1 IngressClass",
                "metadata/labels",
                "map, dropped",
            ),
            ("networking.k8s.io/v1 IngressClass", "spec", "object, dropped"),
            (
                "networking.k8s.io/v1 IngressClass",
                "spec/parameters/name",
                "string, dropped",
            ),
            (
                "networking.k8s.io/v1 IngressClass",
                "spec/junk",
                "junk undeclared",
            ),
            (
                "networking.k8s.io/v1 NetworkPolicy",
                "spec/podSelector/matchLabels/*",
                "string, kept",
            ),
            (
                "networking.k8s.io/v1 NetworkPolicy",
                "spec/ingress",
                "list atomic, dropped",
            ),
            (
                "networking.k8s.io/v1 NetworkPolicy",
                "spec/ingress/*/ports/*/port",
                "intorstring, dropped",
            ),
        ],
    );
}

#[test]
fn schemas_that_refer_to_themselves_end() {
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let document = json!({"components": {"schemas": {
        "Tree": {
            "type": "object",
            "properties": {
                "metadata": {"type": "object"},
                "children": {"type": "array", "items": reference("Tree")},
                "loop": reference("A"),
                "lost": reference("Nowhere"),
            },
            "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Tree"}],
        },
        "A": {"allOf": [reference("B")]},
        "B": {"allOf": [reference("A")]},
    }}});
    let table = TypeTable::from_openapi_v3(document.to_string().as_bytes()).unwrap();
    check(
        &table,
        &[
            (
                "v1 Tree",
                "children/*/children/*/children",
                "list atomic, dropped",
            ),
            ("v1 Tree", "loop", "any, dropped"),
            ("v1 Tree", "lost", "any, dropped"),
        ],
    );
}

#[test]
fn documents_that_are_none() {
    for document in [
        "<html>",
        "{}",
        "[]",
        "null",
        r#"{"error": "x"}"#,
        r#"{"components": {}}"#,
        r#"{"components": {"schemas": null}}"#,
    ] {
        let read = TypeTable::from_openapi_v3(document.as_bytes());
        assert!(matches!(read, Err(TypesError::OpenApi(_))), "{document}");
    }
    let empty = TypeTable::from_openapi_v3(br#"{"components": {"schemas": {}}}"#).unwrap();
    assert_eq!(empty.kinds().count(), 0);
}

/// The definition has what the API server publishes, but for what that adds to every kind.
#[test]
fn a_definition_tells_the_same_as_the_document_that_comes_of_it() {
    let published: Value =
        serde_json::from_slice(include_bytes!("../../../tests/data/openapi/crd.json")).unwrap();
    let mut schema = published["components"]["schemas"]["com.example.pottery.v1.Kiln"].clone();
    for added in ["apiVersion", "kind", "metadata"] {
        schema["properties"].as_object_mut().unwrap().remove(added);
    }
    schema
        .as_object_mut()
        .unwrap()
        .remove("x-kubernetes-group-version-kind");
    let version = |name: &str, served: bool, subresources: Value| json!({"name": name, "served": served, "schema": {"openAPIV3Schema": schema}, "subresources": subresources});
    let definition = json!({"spec": {"group": "pottery.example.com", "names": {"kind": "Kiln", "plural": "kilns"}, "versions": [
        version("v1", true, json!({"status": {}})), version("v2", true, json!({"scale": {}})), version("v3", false, json!({})),
    ]}});
    let table = TypeTable::from_definition(&definition.to_string()).unwrap();
    let document = published.to_string();
    let document = TypeTable::from_openapi_v3(document.as_bytes()).unwrap();
    let kiln = |table: &TypeTable, version: &str| {
        let kiln = table.kind(&format!("pottery.example.com/{version}"), "Kiln");
        kiln.map(|kiln| (told(kiln), kiln.status_is_data()))
    };
    assert_eq!(kiln(&table, "v1"), kiln(&document, "v1"));
    assert_eq!(kiln(&table, "v2").map(|(_, is_data)| is_data), Some(true));
    assert_eq!(kiln(&table, "v3"), None, "it is not served");
}

/// Everything that is known of a value and of all below it.
fn told(shape: Shape<'_>) -> String {
    let below = shape
        .fields()
        .map(|(name, field)| format!("{name}: {}", told(field)));
    let values = match shape.field("*") {
        Field::Declared(values) if shape.value() == ValueKind::Map => Some(values),
        Field::Declared(_) | Field::Undeclared | Field::Unknown => None,
    };
    let below: Vec<String> = below.chain(shape.element().or(values).map(told)).collect();
    let facts = (
        shape.limits(),
        shape.is_atomic(),
        shape.is_nullable(),
        shape.has_rules(),
    );
    format!("{shape:?} {facts:?} {{{}}}", below.join(", "))
}

#[test]
fn a_definition_that_cannot_be_used_is_refused() {
    for (spec, expected) in [
        (
            json!({"group": "a.example", "names": {"kind": "A"}, "versions": [{"name": "v1", "served": true}]}),
            "no schema",
        ),
        (
            json!({"group": "a.example", "names": {"kind": "A"}, "versions": [], "preserveUnknownFields": true}),
            "preserveUnknownFields",
        ),
        (json!({"group": "a.example"}), "cannot read the definition"),
    ] {
        let error = TypeTable::from_definition(&json!({"spec": spec}).to_string()).unwrap_err();
        assert!(error.to_string().contains(expected), "{spec}: {error}");
    }
}
