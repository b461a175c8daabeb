//! A tenant who means harm, and servers that lie.
//!
//! Somebody controls one namespace: its release records, which name what they like, and its objects. Or something
//! between driftline and the API server answers nonsense. Each such cluster is a [`Scene`]. The program itself scans
//! it under a limit of memory, and every release of other namespaces has to be reported as without the hostile one.
//!
//! `measure` beside this file prints what each scene costs.

mod charts;
mod keys;
mod measure;
mod objects;
mod records;
mod releases;
mod scene;
mod servers;
mod snapshots;
mod table;
mod values;
mod writes;

use scene::Scene;

/// Every scene, in the order of the table that `measure` prints.
fn scenes() -> Vec<Scene> {
    [
        records::scenes(),
        objects::scenes(),
        writes::scenes(),
        servers::scenes(),
        values::scenes(),
    ]
    .concat()
}
