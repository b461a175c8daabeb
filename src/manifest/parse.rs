//! The objects of a stored manifest.
//!
//! Reads what Helm itself would build from the manifest (Helm: `pkg/kube/client.go`, `Build`): every document is an
//! object, or a list whose items are; documents that are empty or have no kind are skipped. A document that
//! Helm would refuse makes the whole manifest unreadable, because a part of it would look like the whole.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::split::{self, ManifestDocument, SplitError};
use crate::object::Gvk;
use crate::release::record::{Hook, HookLocation};
use crate::weight::{SMALL_VALUE, turn};
use crate::yaml::{self, Limits, Repairs, YamlError};

/// The annotation that keeps an object when it leaves the release (Helm: `pkg/kube/resource_policy.go`).
pub const RESOURCE_POLICY: &str = "helm.sh/resource-policy";

/// How many objects one manifest may hold; the largest real chart has a few hundred.
const MAX_OBJECTS: usize = 50_000;

/// How deep lists may hold lists.
const MAX_LIST_DEPTH: usize = 8;

/// How long the JSON of one object may be: the API server takes no request of more than 3 MiB (Kubernetes:
/// `apiserver/pkg/server/config.go`, `MaxRequestBodyBytes`). Aliases and escapes can make it longer than its text.
const MAX_BODY: usize = 4 << 20;

/// How much memory the objects of one manifest may take. The longest known manifest has 6 MiB, and JSON is no longer
/// than YAML but for aliases and escapes.
const MAX_OBJECT_BYTES: usize = 24 << 20;

/// How long an object's API version, kind, name and namespace may be, each. Those of the API have at most 253
/// characters, and a list hands its type on to each of its items.
const MAX_NAME: usize = 1024;

/// How long the name of a template may be to be shown; anybody can write such a comment.
const MAX_TEMPLATE: usize = 512;

/// What an object takes besides its texts.
const OBJECT: usize = size_of::<ManifestObject>() + 128;

/// One object as the manifest states it.
///
/// The body is kept as compact JSON: a scan holds the manifests of many releases at once, and text is a fraction of
/// the size of a parsed value. Bodies that two revisions share are shared in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestObject {
    /// API version and kind.
    pub gvk: Gvk,
    /// The namespace that the manifest itself names.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// The template that rendered it.
    pub template: Option<String>,
    /// Whether Helm keeps the object when it leaves the release.
    pub keep: bool,
    /// Whether the cluster removes the object by itself once it has finished.
    pub expires: bool,
    /// The object as compact JSON.
    pub body: Arc<str>,
}

/// Why a manifest cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// The manifest cannot be split into documents.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// A document is not YAML that Helm accepts.
    #[error("the document at line {line} of the manifest: {source}")]
    Yaml {
        /// Where the document starts.
        line: usize,
        /// What is wrong in it.
        source: YamlError,
    },
    /// A document is not an object.
    #[error(
        "the document at line {line} of the manifest is not an object with apiVersion, kind and metadata.name"
    )]
    NotAnObject {
        /// Where the document starts.
        line: usize,
    },
    /// More objects than any chart has.
    #[error(
        "the manifest holds more than {MAX_OBJECTS} objects, or lists nested more than {MAX_LIST_DEPTH} deep"
    )]
    TooMany,
    /// An object is larger than the API server takes, or has a longer name.
    #[error("too large: the document at line {line} of the manifest has an object that no API server takes")]
    TooLarge {
        /// Where the document starts.
        line: usize,
    },
    /// The objects together take more memory than those of any chart.
    #[error("too large: its objects take more than {} MiB of memory", MAX_OBJECT_BYTES >> 20)]
    TooHeavy,
}

impl ManifestObject {
    /// The memory that the object takes, its body included, whether or not another one shares it.
    pub fn weight(&self) -> usize {
        let texts = [
            Some(&self.gvk.api_version),
            Some(&self.gvk.kind),
            Some(&self.name),
        ];
        let optional = [self.namespace.as_ref(), self.template.as_ref()];
        let texts = texts.into_iter().chain(optional).flatten().map(String::len);
        OBJECT + self.body.len() + texts.sum::<usize>()
    }
}

/// Reads every object of a manifest, as often as the manifest names it.
pub fn objects(manifest: &str, limits: &Limits) -> Result<Vec<ManifestObject>, ManifestError> {
    objects_sharing(manifest, limits, &mut ParsedDocuments::default())
}

/// Reads from the hooks' manifests where their objects are, and drops the manifests: they may hold secrets.
pub fn locate_hooks(hooks: &mut [Hook], known: &mut ParsedDocuments) {
    for hook in hooks {
        let manifest = std::mem::take(&mut hook.manifest);
        if manifest.is_empty() {
            continue;
        }
        let digest: [u8; 32] = Sha256::digest(&manifest).into();
        if let Some(location) = known.hooks.get(&digest) {
            hook.location.clone_from(location);
            continue;
        }
        hook.location = locate_hook(&manifest, &mut known.repairs);
        known.hooks.insert(digest, hook.location.clone());
    }
}

/// Reads where the object of a hook's manifest is. Its body is not kept.
fn locate_hook(manifest: &str, repairs: &mut Repairs) -> Option<HookLocation> {
    let mut documents = ParsedDocuments {
        repairs: std::mem::take(repairs),
        ..ParsedDocuments::default()
    };
    let objects = objects_sharing(manifest, &Limits::default(), &mut documents);
    *repairs = documents.repairs;
    // Each manifest has one object (Helm: `pkg/release/v1/util/manifest_sorter.go`). Helm creates none that it cannot
    // read.
    let object = objects.unwrap_or_default().into_iter().next()?;
    Some(HookLocation {
        api_version: object.gvk.api_version,
        namespace: object.namespace,
    })
}

/// The documents of one release's manifests that were read already.
///
/// Revisions of a release are mostly alike, and reading YAML is most of the work of a scan: a document that
/// two manifests share is read once, and its objects share their bodies in memory.
#[derive(Default)]
pub struct ParsedDocuments {
    /// By the SHA-256 of their texts, which are not kept.
    objects: HashMap<[u8; 32], Vec<ManifestObject>>,
    /// Where the objects of hooks are, by the SHA-256 of their manifests.
    hooks: HashMap<[u8; 32], Option<HookLocation>>,
    repairs: Repairs,
}

/// Reads every object of a manifest as [`objects`] does, and reuses the documents of other manifests.
pub fn objects_sharing(
    manifest: &str,
    limits: &Limits,
    known: &mut ParsedDocuments,
) -> Result<Vec<ManifestObject>, ManifestError> {
    let mut objects: Vec<ManifestObject> = Vec::new();
    let mut weight = 0;
    for document in split::documents(manifest) {
        let document = document?;
        let begin = objects.len();
        let digest: [u8; 32] = Sha256::digest(document.text).into();
        if let Some(read) = known.objects.get(&digest) {
            let template = template(document);
            objects.extend(read.iter().cloned().map(|object| ManifestObject {
                template: template.clone(),
                ..object
            }));
        } else {
            read_document(document, limits, &mut known.repairs, &mut objects)?;
            known.objects.insert(digest, objects[begin..].to_vec());
        }
        weight += objects[begin..].iter().map(ManifestObject::weight).sum::<usize>();
        if weight > MAX_OBJECT_BYTES {
            return Err(ManifestError::TooHeavy);
        }
        if objects.len() > MAX_OBJECTS {
            return Err(ManifestError::TooMany);
        }
    }
    Ok(objects)
}

/// Reads the objects of one document. Documents that take much memory take turns.
fn read_document(
    document: ManifestDocument<'_>,
    limits: &Limits,
    repairs: &mut Repairs,
    objects: &mut Vec<ManifestObject>,
) -> Result<(), ManifestError> {
    let refused = |source| ManifestError::Yaml {
        line: document.line,
        source,
    };
    let small = Limits {
        weight: limits.weight.min(SMALL_VALUE),
        ..limits.clone()
    };
    match yaml::parse_with_repairs(document.text, &small, repairs) {
        Ok(value) => flatten(value, document, 0, objects),
        Err(YamlError::TooHeavy(_)) => {
            let _turn = turn();
            let value = yaml::parse_with_repairs(document.text, limits, repairs).map_err(refused)?;
            flatten(value, document, 0, objects)
        }
        Err(error) => Err(refused(error)),
    }
}

/// The name of the template, unless it is too long to be one.
fn template(document: ManifestDocument<'_>) -> Option<String> {
    let name = document.source.filter(|name| name.len() <= MAX_TEMPLATE);
    name.map(str::to_owned)
}

/// The JSON of an object, if it is not too long.
fn body(value: &Value) -> Option<Arc<str>> {
    let mut json = Body(Vec::new());
    serde_json::to_writer(&mut json, value).ok()?;
    Some(String::from_utf8(json.0).ok()?.into())
}

/// A text of at most [`MAX_BODY`].
struct Body(Vec<u8>);

impl io::Write for Body {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_BODY {
            return Err(io::Error::other("a body is too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Adds the objects of a document's value. A value with `items` is a list, whose items may leave out what its kind
/// implies (apimachinery: `unstructuredJSONScheme.decodeToList`).
fn flatten(
    mut value: Value,
    document: ManifestDocument<'_>,
    depth: usize,
    objects: &mut Vec<ManifestObject>,
) -> Result<(), ManifestError> {
    if value.is_null() || (value.is_object() && text(&value, "kind").is_none() && depth == 0) {
        return Ok(());
    }
    let malformed = ManifestError::NotAnObject { line: document.line };
    let (Some(api_version), Some(kind)) = (text(&value, "apiVersion"), text(&value, "kind")) else {
        return Err(malformed);
    };
    if value.get("items").is_some_and(Value::is_array) {
        if api_version.len() > MAX_NAME || kind.len() > MAX_NAME {
            return Err(ManifestError::TooLarge { line: document.line });
        }
        let list = Gvk::new(api_version, kind);
        let items = value.get_mut("items").map(Value::take).unwrap_or_default();
        return flatten_items(items, &list, document, depth, objects);
    }
    let metadata = value.get("metadata");
    let Some(name) = metadata.and_then(|metadata| text(metadata, "name")) else {
        return Err(malformed);
    };
    if objects.len() == MAX_OBJECTS {
        return Err(ManifestError::TooMany);
    }
    let namespace = metadata.and_then(|metadata| text(metadata, "namespace"));
    let too_large = ManifestError::TooLarge { line: document.line };
    let names = [api_version, kind, name, namespace.unwrap_or_default()];
    if names.into_iter().any(|name| name.len() > MAX_NAME) {
        return Err(too_large);
    }
    let Some(body) = body(&value) else {
        return Err(too_large);
    };
    objects.push(ManifestObject {
        gvk: Gvk::new(api_version, kind),
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
        template: template(document),
        keep: is_kept(&value),
        expires: kind == "Job"
            && value
                .pointer("/spec/ttlSecondsAfterFinished")
                .is_some_and(Value::is_number),
        body,
    });
    Ok(())
}

/// Adds the objects of a list's items.
fn flatten_items(
    items: Value,
    list: &Gvk,
    document: ManifestDocument<'_>,
    depth: usize,
    objects: &mut Vec<ManifestObject>,
) -> Result<(), ManifestError> {
    if depth == MAX_LIST_DEPTH {
        return Err(ManifestError::TooMany);
    }
    let Value::Array(items) = items else {
        return Err(ManifestError::NotAnObject { line: document.line });
    };
    let implied_kind = list.kind.strip_suffix("List").filter(|kind| !kind.is_empty());
    for mut item in items {
        if let (Some(kind), Some(fields)) = (implied_kind, item.as_object_mut())
            && !fields.contains_key("kind")
            && !fields.contains_key("apiVersion")
        {
            fields.insert("apiVersion".to_owned(), list.api_version.as_str().into());
            fields.insert("kind".to_owned(), kind.into());
        }
        flatten(item, document, depth + 1, objects)?;
    }
    Ok(())
}

/// A field's text, unless it is missing, empty or something else.
fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// Helm's policy that keeps an object.
const KEEP: &str = "keep";

/// Whether an object carries Helm's `keep` policy, which Helm compares trimmed and without case in a manifest (Helm:
/// `pkg/action/resource_policy.go`, `filterManifestsToKeep`).
pub fn is_kept(object: &Value) -> bool {
    policy(object).is_some_and(|policy| policy.trim().eq_ignore_ascii_case(KEEP))
}

/// Whether a live object carries it, which Helm compares exactly before it deletes what a new manifest no longer has (Helm:
/// `pkg/kube/client.go`, `Update`).
pub fn is_kept_where_it_lives(live: &Value) -> bool {
    policy(live) == Some(KEEP)
}

fn policy(object: &Value) -> Option<&str> {
    object
        .pointer("/metadata/annotations")?
        .get(RESOURCE_POLICY)?
        .as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(manifest: &str) -> Vec<String> {
        objects(manifest, &Limits::default())
            .unwrap()
            .into_iter()
            .map(|object| format!("{} {} {:?}", object.gvk, object.name, object.namespace))
            .collect()
    }

    #[test]
    fn documents_without_an_object_are_skipped() {
        let manifest =
            "---\n# Source: c/templates/a.yaml\n# nothing here\n---\nnull\n---\nfoo: bar\n---\n{}\n";
        assert_eq!(names(manifest), Vec::<String>::new());
    }

    #[test]
    fn lists_of_any_kind_are_flattened() {
        let manifest = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMapList\n  items:\n  \
                        - metadata: {name: a}\n  - {apiVersion: v1, kind: Secret, metadata: {name: b, namespace: prod}}\n";
        assert_eq!(
            names(manifest),
            ["v1/ConfigMap a None", "v1/Secret b Some(\"prod\")"]
        );
    }

    #[test]
    fn equal_documents_are_read_once_and_keep_their_templates() {
        let document = |value: &str| {
            format!(
                "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {value}}}\ndata: {{x: {value}}}\n"
            )
        };
        let mut known = ParsedDocuments::default();
        let read = |text: &str, known: &mut ParsedDocuments| {
            objects_sharing(text, &Limits::default(), known).unwrap()
        };
        let first = read(&(document("a") + &document("b")), &mut known);
        let second_text =
            document("c") + &document("b") + "---\n# Source: c/templates/a.yaml\n" + &document("a");
        let second = read(&second_text, &mut known);
        assert_eq!(second, objects(&second_text, &Limits::default()).unwrap());
        assert!(Arc::ptr_eq(&first[1].body, &second[1].body));
    }

    #[test]
    fn templates_policy_and_expiry_are_remembered() {
        let manifest = "---\n# Source: c/templates/job.yaml\napiVersion: batch/v1\nkind: Job\nmetadata:\n  name: \
                        j\n  annotations: {helm.sh/resource-policy: ' Keep '}\nspec: {ttlSecondsAfterFinished: 0}\n";
        let [job] = objects(manifest, &Limits::default()).unwrap().try_into().unwrap();
        assert_eq!(job.template.as_deref(), Some("c/templates/job.yaml"));
        assert!(job.keep && job.expires);
    }

    #[test]
    fn manifests_that_helm_refuses_are_refused_with_the_line() {
        for (manifest, message) in [
            (
                "---\nkind: A\n",
                "the document at line 1 of the manifest is not an object",
            ),
            (
                "a: b\n---\n- x\n",
                "the document at line 3 of the manifest is not an object",
            ),
            (
                "a: b\n---\na: [\n",
                "the document at line 3 of the manifest: invalid YAML at",
            ),
            (
                "apiVersion: v1\nkind: Pod\nmetadata: {}\n",
                "the document at line 1 of the manifest is not an object",
            ),
        ] {
            let error = objects(manifest, &Limits::default()).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }

    /// Objects that no API server would take, each from a text that is small.
    #[test]
    fn what_grows_beyond_any_chart_is_refused() {
        let head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
        let long = "x".repeat(MAX_NAME + 1);
        let item = |count: usize| "- {apiVersion: v1, kind: A, metadata: {name: a}}\n".repeat(count);
        let rows = [
            (
                format!("{head}data: [{}0]", "0,".repeat(2 << 20)),
                "it takes more than 32 MiB of memory",
            ),
            (
                format!("{head}data: [{}0]", "{a: },".repeat(100_000)),
                "it takes more than 32 MiB of memory",
            ),
            (
                format!(
                    "{head}a: &a {}\nb: [{}*a]",
                    "x".repeat(20_000),
                    "*a ,".repeat(250)
                ),
                "an object that no API server takes",
            ),
            (
                format!("{head}a: \"{}\"", "\\x01".repeat(800_000)),
                "an object that no API server takes",
            ),
            (
                head.replace("name: a", &format!("name: {long}")),
                "an object that no API server takes",
            ),
            (head.replace("v1", &long), "an object that no API server takes"),
            (
                format!("apiVersion: {long}\nkind: AList\nitems: []"),
                "an object that no API server takes",
            ),
            (
                format!("apiVersion: v1\nkind: List\nitems:\n{}", item(40_000)),
                "it takes more than 32 MiB of memory",
            ),
        ];
        for (manifest, message) in rows {
            let error = objects(&manifest, &Limits::default()).unwrap_err().to_string();
            assert!(
                error.contains("too large: ") && error.contains(message),
                "{error}"
            );
        }
        let documents = format!("{head}data: {{a: {}}}\n---\n", "x".repeat(1 << 20)).repeat(25);
        assert_eq!(
            objects(&documents, &Limits::default()),
            Err(ManifestError::TooHeavy)
        );
    }

    #[test]
    fn a_template_with_an_endless_name_has_none() {
        let manifest = format!(
            "---\n# Source: {}\napiVersion: v1\nkind: A\nmetadata: {{name: a}}\n",
            "x".repeat(MAX_TEMPLATE + 1)
        );
        assert_eq!(objects(&manifest, &Limits::default()).unwrap()[0].template, None);
    }

    /// Each repair reads its document again: a manifest of many faults must not cost its square.
    #[test]
    fn documents_of_one_release_share_what_is_left_for_repairs() {
        let fault = format!(
            "apiVersion: v1\nkind: A\nmetadata: {{name: a}}\n# {}\na: {{b:}}\n---\n",
            "x".repeat(1 << 20)
        );
        let documents: Vec<String> = (0..20)
            .map(|index| fault.replace("kind: A", &format!("kind: A{index}")))
            .collect();
        assert_eq!(
            objects(&documents[..4].concat(), &Limits::default())
                .unwrap()
                .len(),
            4
        );
        let error = objects(&documents.concat(), &Limits::default()).unwrap_err();
        assert!(error.to_string().contains("unexpected ':'"), "{error}");
    }
}
