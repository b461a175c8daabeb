//! The cost of looking for secrets in the largest text that an object can hold, which is 1.5 MB.
//!
//! The aim: every text takes time in proportion to its length, whatever it consists of. Doubling `bytes` doubles the
//! time of each row. `cargo bench --bench redact`.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use driftline::compare::path::FieldPath;
use driftline::object::Gvk;
use driftline::policy::redact::Redaction;
use serde_json::{Value, json};

/// What a text consists of: an ordinary file, and repetitions that a careless search would go through again and again.
const PIECES: [&str; 16] = [
    "server.port: 8080 # the port of the server\n",
    "password=x\n",
    "a=",
    "value=x ",
    "://",
    "<a",
    "-_",
    "eyJ-AKIAABCDEFGHIJKLMNOP-",
    "a:b@c ",
    "-----BEGIN ",
    "name: token ",
    "--password ",
    "login password ",
    "[{\"a\":",
    "\"'",
    "YWJj",
];

fn main() {
    divan::main();
}

fn object(piece: &str, bytes: usize) -> Value {
    json!({"data": {"entry": piece.repeat(bytes / piece.len())}})
}

#[divan::bench(args = PIECES, consts = [750_000, 1_500_000], sample_count = 5)]
fn hide<const BYTES: usize>(bencher: Bencher<'_, '_>, piece: &str) {
    let (redaction, gvk, path) = (
        Redaction::default(),
        Gvk::new("v1", "ConfigMap"),
        FieldPath::root(),
    );
    let object = object(piece, BYTES);
    bencher.counter(BytesCount::new(BYTES)).bench_local(|| {
        let fields = redaction.fields(&gvk, &[&object], [&path]);
        black_box(
            fields
                .iter()
                .map(|field| field.value(&object))
                .collect::<Vec<_>>(),
        )
    });
}
