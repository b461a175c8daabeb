//! The cost of the comparison beside that of decoding release records, on generated data of a real cluster's size.
//!
//! The aim: `judge_objects`, which is all work on objects once they are read, takes less CPU than `decode_records`.
//! `parse_live`, `compare_values` and `read_managed_fields` are its parts. `cargo bench --bench compare`.
//!
//! `costly` judges objects that somebody made to be costly, each class in sizes that double: the time per byte must not
//! grow with the size, until the work is spent (`tests/fast/work.rs` counts the steps).

#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

mod corpus;
#[path = "../tests/support/costly.rs"]
mod costly;

use std::fmt;
use std::sync::LazyLock;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use driftline::classify::live::LiveObject;
use driftline::classify::object::judge;
use driftline::classify::subject::Autoscaler;
use driftline::classify::subject::{Role, Subject, Visibility};
use driftline::compare::additions::{ComparedObject, Provenance, additions};
use driftline::compare::list_index::ListIndexes;
use driftline::compare::managed_fields::Live;
use driftline::compare::room::Room;
use driftline::compare::three_way::{OfRevision, Versions, three_way};
use driftline::compare::work::{ReleaseWork, Work};
use driftline::manifest::desired::{Owner, StatusField, desired};
use driftline::manifest::parse;
use driftline::object::{Gvk, ObjectKey};
use driftline::policy::Policy;
use driftline::release::decode::{MAX_DECODED_BYTES, decode};
use driftline::release::operations::Operations;
use driftline::source::Lookup;
use driftline::types::{Shape, TypeTable};
use driftline::vocabulary::ApplyMethod;
use driftline::yaml::Limits;
use serde_json::Value;

use self::corpus::{Object, Release};

static RELEASES: LazyLock<Vec<Release>> = LazyLock::new(corpus::releases);

const OWNER: Owner<'_> = Owner {
    name: "app",
    namespace: "shop",
};

fn main() {
    let objects = objects().count();
    let size = |bytes: usize| bytes / 1_000_000;
    let live: usize = objects_bytes(|object| object.live.len());
    let bodies: usize = objects_bytes(|object| object.body.len());
    let records: usize = RELEASES.iter().map(|release| release.record_json_bytes).sum();
    let (steps, worst) = steps_per_byte();
    let sizes = format!(
        "{} releases, {} MB of records; {objects} objects, {} MB as manifests, {} MB live; {steps:.2} steps per byte, at most \
         {worst:.2}\n",
        RELEASES.len(),
        size(records),
        size(bodies),
        size(live)
    );
    std::io::Write::write_all(&mut std::io::stdout(), sizes.as_bytes()).unwrap();
    divan::main();
}

fn objects() -> impl Iterator<Item = &'static Object> {
    RELEASES.iter().flat_map(|release| &release.objects)
}

fn objects_bytes(of: impl Fn(&Object) -> usize) -> usize {
    objects().map(of).sum()
}

fn key(object: &Object) -> ObjectKey {
    ObjectKey {
        gvk: Gvk::new(&object.api_version, &object.kind),
        namespace: Some("shop".to_owned()),
        name: object.name.clone(),
    }
}

fn shape(object: &Object) -> Option<Shape<'static>> {
    TypeTable::builtin().kind(&object.api_version, &object.kind)
}

fn desired_of(object: &Object) -> Value {
    desired(
        serde_json::from_str(&object.body).unwrap(),
        &key(object),
        OWNER,
        StatusField::Apart,
    )
}

/// Records to manifest objects: base64, gunzip, JSON, YAML.
#[divan::bench(sample_count = 5)]
fn decode_records(bencher: Bencher<'_, '_>) {
    let bytes: usize = RELEASES.iter().map(|release| release.record_json_bytes).sum();
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        for release in RELEASES.iter() {
            let decoded = decode(black_box(&release.record), MAX_DECODED_BYTES).unwrap();
            let manifest = decoded.manifest.unwrap_or_default();
            black_box(parse::objects(&manifest, &Limits::default()).unwrap());
        }
    });
}

/// Live objects and manifest objects to reports: all of the comparison.
#[divan::bench(sample_count = 5)]
fn judge_objects(bencher: Bencher<'_, '_>) {
    let (policy, operations) = (Policy::default(), Operations::default());
    let all: Vec<(ObjectKey, &Object)> = objects().map(|object| (key(object), object)).collect();
    let bytes = objects_bytes(|object| object.live.len());
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        for (key, object) in &all {
            let subject = Subject {
                key,
                template: None,
                owner: OWNER,
                role: Role::Expected,
                expires: false,
                body: &object.body,
                duplicate_documents: &[],
                previous: Some(OfRevision {
                    revision: 1,
                    object: &object.body,
                }),
                older: &[],
                attempted: &[],
                method: ApplyMethod::Csa,
                shape: shape(object),
                operations: &operations,
                autoscaler: Autoscaler::None,
                values: Visibility::Shown,
            };
            let live = LiveObject::parse(&Lookup::Found(&object.live));
            let work = Work::of_steps(u64::MAX);
            black_box(judge(&subject, &live, &policy, &work));
        }
    });
}

/// The steps of the comparison per byte that is compared: of all objects together, and of the costliest one.
fn steps_per_byte() -> (f64, f64) {
    #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
    let ratio = |steps: u64, bytes: usize| steps as f64 / bytes as f64;
    let (mut all, mut bytes, mut worst) = (0, 0, 0_f64);
    for object in objects() {
        let kind = (object.api_version.as_str(), object.kind.as_str());
        let input = costly::Input::of(kind, &object.body, &object.body, &object.live);
        let work = Work::of_steps(u64::MAX);
        black_box(input.judge(&work));
        let size = input.bytes();
        all += work.taken();
        bytes += size;
        worst = worst.max(ratio(work.taken(), size));
    }
    (ratio(all, bytes), worst)
}

/// A class of costly objects in one size.
struct Case(costly::Costly, usize);

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.name, self.1)
    }
}

/// Every class in sizes that double.
fn cases() -> impl Iterator<Item = Case> {
    let sizes = [1_000, 2_000, 4_000, 8_000, 16_000];
    costly::CLASSES
        .into_iter()
        .flat_map(move |class| sizes.map(|size| Case(class, size)))
}

/// Objects that somebody made to be costly.
#[divan::bench(sample_count = 3, args = cases())]
fn costly(bencher: Bencher<'_, '_>, case: &Case) {
    let input = (case.0.make)(case.1);
    bencher.counter(BytesCount::new(input.bytes())).bench_local(|| {
        let work = Work::of_object(input.bytes(), &std::sync::Arc::new(ReleaseWork::default()));
        black_box(input.judge(&work));
    });
}

/// One object that a manifest names many times, with an environment of 3,000 entries.
#[divan::bench(sample_count = 3, args = [1, 8, 100, 1_000])]
fn costly_documents(bencher: Bencher<'_, '_>, count: usize) {
    let input = costly::documents(count, 3_000);
    bencher.bench_local(|| {
        let work = Work::of_object(input.bytes(), &std::sync::Arc::new(ReleaseWork::default()));
        black_box(input.judge(&work));
    });
}

/// Live JSON to values, managed fields apart.
#[divan::bench(sample_count = 5)]
fn parse_live(bencher: Bencher<'_, '_>) {
    let bytes = objects_bytes(|object| object.live.len());
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        for object in objects() {
            black_box(Live::parse(black_box(&object.live)).unwrap());
        }
    });
}

/// The comparison of values alone.
#[divan::bench(sample_count = 5)]
fn compare_values(bencher: Bencher<'_, '_>) {
    let all: Vec<(Option<Shape<'_>>, Value, Live<'_>)> = objects()
        .map(|object| {
            (
                shape(object),
                desired_of(object),
                Live::parse(&object.live).unwrap(),
            )
        })
        .collect();
    let bytes = objects_bytes(|object| object.live.len());
    bencher.counter(BytesCount::new(bytes)).bench_local(|| {
        for (shape, desired, live) in &all {
            let versions = Versions {
                previous: Some(OfRevision {
                    revision: 1,
                    object: desired,
                }),
                desired,
                attempted: &[],
                live: &live.object,
            };
            let work = Work::of_steps(u64::MAX);
            black_box(three_way(*shape, versions, &work, &Room::default()));
        }
    });
}

/// The additions of other managers, by all of the managed fields.
#[divan::bench(sample_count = 5)]
fn read_managed_fields(bencher: Bencher<'_, '_>) {
    let bytes = objects_bytes(|object| object.live.len());
    bencher.counter(BytesCount::new(bytes)).bench_local(|| {
        for object in objects() {
            let live = Live::parse(&object.live).unwrap();
            let work = Work::of_steps(u64::MAX);
            let lists = ListIndexes::new(&work);
            let compared = ComparedObject {
                shape: shape(object),
                desired: &live.object,
                live: &live.object,
            };
            for entry in &live.managed {
                let found = additions(entry, Provenance::Editor, compared, &lists, &Room::default());
                black_box(found);
            }
        }
    });
}
