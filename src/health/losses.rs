//! What goes with an object that is deleted, by its kind.

/// What a deletion takes away with an object of this kind.
pub(super) fn loss(kind: &str) -> &'static str {
    match kind {
        "PersistentVolumeClaim" => {
            "deletes the claim, and the data on its volume unless the volume is retained"
        }
        "CustomResourceDefinition" => "deletes the definition, and every object of its kind in the cluster",
        "Namespace" => "deletes the namespace, and everything in it",
        _ => "deletes the object",
    }
}

/// What else goes with an object of this kind; `None` where nothing does.
pub(super) fn what_goes_with(kind: &str) -> Option<&'static str> {
    match kind {
        "PersistentVolumeClaim" => Some("the data on its volume, unless the volume is retained"),
        "CustomResourceDefinition" => Some("every object of its kind in the cluster"),
        "Namespace" => Some("everything in it"),
        _ => None,
    }
}
