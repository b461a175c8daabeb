//! The entry points of driftline for bytes that somebody else wrote, one function each.
//!
//! Each function takes any bytes, and panics when the code that it calls breaks a promise: that it answers, that
//! reading what it wrote gives the same again, that it says nothing which it has to hide. `tools/fuzz` runs them under
//! libFuzzer; `tests/fast/fuzz.rs` runs them over the seed corpus and mutations of it.

use std::fs;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use driftline::chart::{Chart, ChartFile, DefaultNulls, ReleaseChart};
use driftline::classify::live::LiveObject;
use driftline::classify::object;
use driftline::classify::subject::Autoscaler;
use driftline::classify::subject::{Role, Subject, Visibility};
use driftline::compare::additions::{ComparedObject, Provenance, additions};
use driftline::compare::list_index::ListIndexes;
use driftline::compare::managed_fields::Live;
use driftline::compare::path::FieldPath;
use driftline::compare::room::Room;
use driftline::compare::three_way::OfRevision;
use driftline::compare::work::{ReleaseWork, Work};
use driftline::manifest::desired::Owner;
use driftline::manifest::parse;
use driftline::model::{KeyPath, Report};
use driftline::object::{Gvk, ObjectKey};
use driftline::policy::Policy;
use driftline::policy::path_pattern::PathPattern;
use driftline::policy::redact::{Redaction, Replace};
use driftline::release::decode::{self, MAX_DECODED_BYTES};
use driftline::release::operations::Operations;
use driftline::shell::{Command, FileName, ObjectName, Word};
use driftline::snapshot::SnapshotSource;
use driftline::source::{Capabilities, Lookup};
use driftline::template::program::Program;
use driftline::template::roots::Surroundings;
use driftline::template::work::Work as TemplateWork;
use driftline::types::TypeTable;
use driftline::values::{Answer, Asked, AskedField, suggest_within};
use driftline::vocabulary::ApplyMethod;
use driftline::yaml::{self, Limits};
use serde_json::{Value, json};

/// A function that takes any bytes.
pub type Target = fn(&[u8]);

/// Every target, with the name of its seed corpus and of its program under libFuzzer.
pub const TARGETS: [(&str, Target); 11] = [
    ("record", record),
    ("manifest", manifest),
    ("openapi", openapi),
    ("managed_fields", managed_fields),
    ("path_pattern", path_pattern),
    ("comparison", comparison),
    ("snapshot_index", snapshot_index),
    ("report", report),
    ("redaction", redaction),
    ("shell_words", shell_words),
    ("templates", templates),
];

/// A release record: as its payload is stored, and as the JSON that a payload holds.
pub fn record(data: &[u8]) {
    for payload in [data.to_vec(), STANDARD.encode(data).into_bytes()] {
        match decode::decode(&payload, MAX_DECODED_BYTES) {
            Ok(release) => objects_of(release.manifest.as_deref().unwrap_or_default()),
            Err(error) => assert!(error.to_string().len() < 1_000, "an error quotes the record"),
        }
    }
}

/// A manifest: one YAML document, and the objects of many.
pub fn manifest(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(value) = yaml::parse_document(text, &Limits::default()) {
        let written = value.to_string();
        let read: Value =
            serde_json::from_str(&written).expect("a value is written as JSON that can be read");
        assert_eq!(read, value);
    }
    objects_of(text);
}

fn objects_of(manifest: &str) {
    for object in parse::objects(manifest, &Limits::default()).unwrap_or_default() {
        let body: Value = serde_json::from_str(&object.body).expect("a body is JSON");
        assert!(body.is_object());
    }
}

/// The document that describes the types of custom resources.
pub fn openapi(data: &[u8]) {
    let Ok(table) = TypeTable::from_openapi_v3(data) else {
        return;
    };
    let _ = table.kind("stable.example.com/v1", "CronTab");
}

/// A live object with its managed fields.
pub fn managed_fields(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(live) = Live::parse(text) else {
        return;
    };
    let kind = |field: &str| live.object[field].as_str().unwrap_or_default();
    let shape = TypeTable::builtin().kind(kind("apiVersion"), kind("kind"));
    let object = ComparedObject {
        shape,
        desired: &live.object,
        live: &live.object,
    };
    let work = Work::of_object(text.len(), &Arc::new(ReleaseWork::default()));
    let lists = ListIndexes::new(&work);
    for entry in &live.managed {
        for provenance in [Provenance::Editor, Provenance::Creator] {
            let _ = additions(entry, provenance, object, &lists, &Room::default());
        }
        let _ = entry.owns(&FieldPath::root().key("metadata").key("labels"), shape, &work);
    }
}

/// The path of an ignore rule, which may stand in an annotation of an object.
pub fn path_pattern(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(pattern) = text.parse::<PathPattern>() else {
        return;
    };
    assert_eq!(pattern.to_string().parse::<PathPattern>().as_ref(), Ok(&pattern));
    for path in [
        FieldPath::root(),
        FieldPath::root().key("spec").key("replicas"),
        FieldPath::root().key("metadata").key("annotations").key(text),
    ] {
        let _ = pattern.matches(&path);
    }
}

/// An object as two revisions ask for it and as it lives: three JSON texts, a line each.
pub fn comparison(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut lines = text.lines();
    let mut next = || lines.next().unwrap_or_default();
    let (desired, previous, live) = (next(), next(), next());
    // Bodies come out of a manifest, so that they are objects.
    let is_object = |text: &str| serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object());
    if !is_object(desired) || !is_object(previous) {
        return;
    }
    let body: Value = serde_json::from_str(desired).unwrap_or_default();
    let field = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let key = ObjectKey {
        gvk: Gvk::new(field("/apiVersion"), field("/kind")),
        namespace: Some("shop".to_owned()),
        name: field("/metadata/name").to_owned(),
    };
    let policy = Policy::default();
    for (visibility, method) in [
        (Visibility::Shown, ApplyMethod::Csa),
        (Visibility::Hidden, ApplyMethod::Ssa),
    ] {
        let subject = Subject {
            key: &key,
            template: None,
            owner: Owner {
                name: "web",
                namespace: "shop",
            },
            role: Role::Expected,
            expires: false,
            body: desired,
            duplicate_documents: &[Arc::from(previous)],
            previous: Some(OfRevision {
                revision: 1,
                object: previous,
            }),
            older: &[],
            attempted: &[],
            method,
            shape: TypeTable::builtin().kind(&key.gvk.api_version, &key.gvk.kind),
            operations: &Operations::default(),
            autoscaler: Autoscaler::None,
            values: visibility,
        };
        let judge = || {
            let live = LiveObject::parse(&Lookup::Found(live));
            let work = Work::of_object(text.len(), &Arc::new(ReleaseWork::default()));
            let judgement = object::judge(&subject, &live, &policy, &work);
            judgement.map(|judgement| format!("{:?}", judgement.report))
        };
        assert_eq!(judge(), judge(), "the same objects give the same report");
    }
}

/// The index of a snapshot.
pub fn snapshot_index(data: &[u8]) {
    let folder = tempfile::tempdir().expect("there is room for temporary files");
    fs::write(folder.path().join("snapshot.json"), data).expect("there is room for temporary files");
    let _ = SnapshotSource::open(folder.path());
}

/// A report in JSON, which is read back.
pub fn report(data: &[u8]) {
    let Ok(report) = Report::from_json(data) else {
        return;
    };
    let written = serde_json::to_vec(&report).expect("a report is written as JSON");
    let read = Report::from_json(&written).expect("a report that was read can be read again");
    assert_eq!(read.releases, report.releases);
}

/// A value at a place in an object, whose secrets are hidden: the place on the first line, the value on the others.
pub fn redaction(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (place, text) = text.split_once('\n').unwrap_or((text, ""));
    let path = place.split('/').filter(|key| !key.is_empty());
    let path = path.fold(FieldPath::root(), |path, key| path.key(key));
    let value = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    let redaction = Redaction::default();
    let shown = |gvk: &Gvk, path: &FieldPath, value: &Value| {
        let fields = redaction.fields(gvk, &[value], [path]);
        let shown = fields
            .first()
            .map(|field| (field.path(path), field.value(value).0));
        shown.expect("a path is answered")
    };
    for kind in ["Secret", "ConfigMap", "Deployment"] {
        let gvk = Gvk::new("v1", kind);
        let _ = shown(&gvk, &path, &value);
        let mut object = value.clone();
        let _ = redaction.hide_object(&gvk, &mut object, &mut Token);
        let _ = redaction.hide_keys(&mut object, &mut |key| Token.part(key));
    }
    let _ = redaction.shown_text(text);
    // Whatever the key is called, no value of a Secret is shown.
    let gvk = Gvk::new("v1", "Secret");
    let path = FieldPath::root().key("data").key(place);
    let (_, value) = shown(&gvk, &path, &json!("correct horse"));
    assert!(!value.to_string().contains("horse"));
    let mut object = json!({ "data": { place: "correct horse" } });
    let _ = redaction.hide_object(&gvk, &mut object, &mut Token);
    assert_ne!(object["data"][place], "correct horse");
}

/// Stands in place of whatever is hidden.
struct Token;

impl Replace for Token {
    fn value(&mut self, value: &mut Value) {
        *value = json!("token");
    }

    fn part(&mut self, _part: &str) -> String {
        "token".to_owned()
    }
}

/// Texts that become words of a command: an API version, a kind and a name, a line each.
pub fn shell_words(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut parts = text.splitn(3, '\n');
    let mut next = || parts.next().unwrap_or_default();
    let (api_version, kind, name) = (next(), next(), next());
    let words = [Word::namespace, Word::release, Word::chart_version].map(|rule| rule(name));
    for word in words.into_iter().flatten() {
        assert!(!word.as_str().starts_with('-'), "{word:?} would be an option");
        let helm = || Command::new("helm", &["get", "values", "-n"]);
        reads_back(
            &helm().word(&word),
            &["helm", "get", "values", "-n", word.as_str()],
        );
        let joined = format!("owner=helm,name={}", word.as_str());
        reads_back(
            &helm().joined("owner=helm,name=", &word),
            &["helm", "get", "values", "-n", &joined],
        );
    }
    for name in [Some(name), None] {
        let placeholder = Word::placeholder("chart", name);
        assert!(placeholder.as_str().starts_with('<'));
        let command = Command::new("helm", &["show"]).word(&placeholder);
        reads_back(&command, &["helm", "show", placeholder.as_str()]);
    }
    if let Ok(file) = FileName::new(name.to_owned()) {
        assert!(!file.as_str().starts_with('-'), "{file:?} would be an option");
        let command = Command::new("kubectl", &["apply", "-f"]).from_file(&file);
        reads_back(&command, &["kubectl", "apply", "-f", file.as_str()]);
        let command = Command::new("kubectl", &["get"]).into_file(file.clone());
        reads_back(&command, &["kubectl", "get", ">", file.as_str()]);
    }
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    if let (Ok(resource), Ok(object)) = (Word::resource(api_version, kind), ObjectName::new(group, name)) {
        assert!(
            !resource.as_str().starts_with('-'),
            "{resource:?} would be an option"
        );
        let in_one = Word::object(&resource, &object);
        let command = Command::new("kubectl", &["delete"]).word(&in_one);
        reads_back(&command, &["kubectl", "delete", in_one.as_str()]);
        let command = Command::new("kubectl", &["delete"]).object(&resource, &object);
        if name.starts_with('-') {
            reads_back(&command, &["kubectl", "delete", in_one.as_str()]);
        } else {
            reads_back(&command, &["kubectl", "delete", resource.as_str(), name]);
        }
    }
}

/// A shell reads exactly these words in a command, on one line of printable characters.
fn reads_back(command: &Command, words: &[&str]) {
    let line = command.to_string();
    assert!(line.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{line:?}");
    let read = shlex::split(&line).unwrap_or_default();
    assert_eq!(read, words, "{line}");
}

/// What the templates of one input may take, as a part of what a release may.
const PART: usize = 64;
/// The most text that they make with that: a file is no longer than what all evaluations of it may make.
const MOST_TEXT: usize = (48 << 20) / PART;

/// A template of a chart: the values as JSON on the first line, what lives at a few fields on the second, the template on the
/// others.
pub fn templates(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut parts = text.splitn(3, '\n');
    let mut next = || parts.next().unwrap_or_default();
    let (values, live, template) = (next(), next(), next());
    let object = |text: &str| {
        let read = serde_json::from_str::<Value>(text).ok();
        read.filter(Value::is_object).unwrap_or_else(|| json!({}))
    };
    let (values, live) = (object(values), object(live));
    let file = |name: &str, text: &str| ChartFile {
        name: name.to_owned(),
        data: Arc::from(text.as_bytes()),
    };
    let release = ReleaseChart {
        name: "web".to_owned(),
        namespace: "shop".to_owned(),
        revision: 2,
        default_nulls: DefaultNulls::Kept,
        config: json!({}),
        manifest: String::new(),
        chart: Chart {
            metadata: json!({"name": "app", "version": "1.0.0", "appVersion": "1.2"}),
            templates: vec![
                file("templates/a.yaml", template),
                file("templates/b.yaml", "a: {{ .Values.b }}\n"),
            ],
            files: vec![file("file.txt", template)],
            values: values.clone(),
            schema: Some(Arc::from(values.to_string().as_bytes())),
            dependencies: Vec::new(),
            are_dependencies_known: true,
        },
    };
    renders(&release);
    let names = [("apps/v1", "Deployment"), ("v1", "ConfigMap"), ("v1", "Secret")];
    let asked = names.map(|(api_version, kind)| Asked {
        template: Some("app/templates/a.yaml".to_owned()),
        key: ObjectKey {
            gvk: Gvk::new(api_version, kind),
            namespace: Some("shop".to_owned()),
            name: "web".to_owned(),
        },
        fields: live
            .as_object()
            .into_iter()
            .flatten()
            .take(4)
            .map(asked_field)
            .collect(),
        is_autoscaled: false,
    });
    let answers = suggest_within(PART, &release, &Capabilities::default(), &asked);
    for (asked, answers) in asked.iter().zip(&answers) {
        assert_eq!(asked.fields.len(), answers.len(), "every field has an answer");
    }
    for answer in answers.iter().flatten() {
        let Answer::Key(suggestion) = answer else {
            continue;
        };
        let key = KeyPath::of(suggestion.key.clone()).expect("a key begins with a name");
        let read: KeyPath = key
            .to_string()
            .parse()
            .expect("a key that is written can be read");
        assert_eq!(read, key);
        assert!(suggestion.snippet.is_object(), "what is set is a map");
        assert!(suggestion.also_changes.len() <= 10_000);
    }
}

/// A field by its path with slashes, and its values: a list of the deployed one and the live one.
fn asked_field((path, values): (&String, &Value)) -> AskedField {
    let path = path.split('/').filter(|key| !key.is_empty());
    let value = |index: usize| values.get(index).filter(|value| !value.is_null()).cloned();
    AskedField {
        path: path.fold(FieldPath::root(), |path, key| path.key(key)),
        deployed: value(0),
        live: value(1),
    }
}

/// What is rendered is the same each time, and within the limits.
fn renders(release: &ReleaseChart) {
    let render = || {
        let mut work = TemplateWork::part(PART);
        let program = Program::of(&release.chart, &mut work);
        let surroundings = Surroundings::default();
        let values = &release.chart.values;
        let evaluated = program.evaluate(values, &surroundings, &mut work, |_| true);
        let files = evaluated.files.into_iter().map(|(name, file)| {
            let text = file.text.map(|text| text.as_str().to_owned());
            (name.to_string(), text.map_err(|fault| fault.to_string()))
        });
        files.collect::<Vec<_>>()
    };
    let (first, second) = (large_stack(render), large_stack(render));
    assert_eq!(first, second, "the same template gives the same text");
    for (name, text) in first {
        assert!(text.unwrap_or_default().len() <= MOST_TEXT, "{name} is too long");
    }
}

/// Runs something on a stack as large as evaluations have.
fn large_stack<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(64 << 20);
        let thread = thread
            .spawn_scoped(scope, run)
            .expect("there is room for a thread");
        thread.join().expect("no template makes the evaluation panic")
    })
}
