use super::*;
#[test]
fn loads() {
    let table = TypeTable::builtin();
    assert!(table.kind("apps/v1", "Deployment").is_some());
}
