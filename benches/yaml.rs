//! How fast a large manifest is read, beside a general YAML library reading the same text.
//!
//! The text is built like the largest thing charts hold, a CRD: deep, repetitive, with long descriptions.
//! `cargo bench --bench yaml`.

#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

use std::fmt::Write as _;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use driftline::manifest::split::documents;
use driftline::yaml::{Limits, parse_document};

fn main() {
    divan::main();
}

/// A CRD of a little more than a megabyte.
fn manifest() -> String {
    let mut text = String::from(
        "---\n# Source: chart/templates/crd.yaml\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n\
         metadata:\n  name: things.example.com\nspec:\n  group: example.com\n  versions:\n  - name: v1\n    served: true\n    \
         schema:\n      openAPIV3Schema:\n        properties:\n",
    );
    for field in 0..1500 {
        write!(
            text,
            "          field{field}:\n            description: |-\n              The field number {field}. It says what the \
             field is for, at some length,\n              over two lines, as generated descriptions do.\n            \
             properties:\n              enabled:\n                default: true\n                type: boolean\n              \
             mode:\n                description: 'Permissions, e.g. \"0644\": see the manual.'\n                format: \
             int32\n                maximum: 0777\n                type: integer\n              selectors:\n                \
             items:\n                  properties:\n                    key: {{type: string, minLength: 1}}\n                  \
             required:\n                  - key\n                  type: object\n                type: array\n            \
             type: object\n",
        )
        .unwrap();
    }
    text
}

#[divan::bench]
fn driftline(bencher: Bencher<'_, '_>) {
    let text = manifest();
    let limits = Limits::default();
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| parse_document(black_box(&text), &limits).unwrap());
}

#[divan::bench]
fn serde_saphyr(bencher: Bencher<'_, '_>) {
    let text = manifest();
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| serde_saphyr::from_str::<serde_json::Value>(black_box(&text)).unwrap());
}

#[divan::bench]
fn split(bencher: Bencher<'_, '_>) {
    let text = manifest().repeat(4);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| documents(black_box(&text)).count());
}
