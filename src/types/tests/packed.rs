//! The packed table, whole and spoilt.

use serde_json::json;

use crate::types::table::TypeNode;
use crate::types::{Shape, TypeTable, TypesError};

#[test]
fn a_spoilt_table_is_refused() {
    use std::io::Write as _;
    let decode = |json: serde_json::Value| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(json.to_string().as_bytes()).unwrap();
        TypeTable::decode(&packed.finish().unwrap())
    };
    let table = |nodes: &[u32], types: serde_json::Value, kinds: serde_json::Value| json!({"names": ["a"], "keys": [], "defaults": [], "nodes": nodes, "types": types, "kinds": kinds});
    let sound = decode(table(&[11, 0, 0, 0, 0], json!([[0, 0]]), json!([["v1", "A", 0]]))).unwrap();
    assert!(sound.kind("v1", "A").is_some_and(Shape::is_builtin));
    for spoilt in [
        table(&[11, 0, 0, 0], json!([]), json!([])),
        table(&[99, 0, 0, 0, 0], json!([]), json!([])),
        table(&[11, 1, 0, 0, 0], json!([[0, 0]]), json!([])),
        table(&[13, 7, 0, 0, 0], json!([]), json!([])),
        table(&[13, 0, 2, 0, 0], json!([]), json!([])),
        table(&[1, 0, 0, 0, 1], json!([]), json!([])),
        // A flag and a pair of patch strategies that there are not.
        table(&[1, 0, 0, 256, 0], json!([]), json!([])),
        table(&[13, 0, 0, 32 + 64, 0], json!([]), json!([])),
        table(&[1, 0, 0, 0, 0], json!([[0]]), json!([])),
        table(&[1, 0, 0, 0, 0], json!([[1, 0]]), json!([])),
        table(&[1, 0, 0, 0, 0], json!([]), json!([["v1", "A", 1]])),
    ] {
        assert!(
            matches!(decode(spoilt.clone()), Err(TypesError::Inconsistent(_))),
            "{spoilt}"
        );
    }
    assert!(matches!(
        TypeTable::decode(b"nothing"),
        Err(TypesError::Unpack(_))
    ));
}

/// The table is in memory as long as the program runs.
#[test]
fn nodes_are_small() {
    assert_eq!(size_of::<TypeNode>(), 20);
}
