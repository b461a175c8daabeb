//! One ignore rule: which objects it covers, and which of their differences it takes.

use serde_json::Value;

use super::selector::Selector;
use crate::compare::path::FieldPath;
use crate::object::ObjectKey;
use crate::policy::glob::Glob;
use crate::policy::path_pattern::PathPattern;
use crate::policy::redact::Redaction;
use crate::types::TypeTable;
use crate::vocabulary::FindingCode;

/// One ignore rule. All of its conditions must hold; a condition that it does not have always holds.
#[derive(Debug, Clone, Default)]
pub struct Rule {
    /// Why it is there; the report shows it.
    pub reason: Option<String>,
    /// The object's kind.
    pub kind: Option<Glob>,
    /// The object's API version, as the manifest names it.
    pub api_version: Option<Glob>,
    /// The object's namespace. No pattern matches an object without one.
    pub namespace: Option<Glob>,
    /// The object's name.
    pub name: Option<Glob>,
    /// The release's name.
    pub release: Option<Glob>,
    /// The live object's labels. A missing object has none to go by and is not matched.
    pub labels: Option<Selector>,
    /// Where the difference is; any of these. None: anywhere.
    pub paths: Vec<PathPattern>,
    /// The manager that is said to have written the live value.
    pub manager: Option<Glob>,
    /// The finding's code; any of these. None: any code.
    pub codes: Vec<FindingCode>,
}

impl Rule {
    /// Whether it has no condition, so that it would ignore everything.
    pub fn is_empty(&self) -> bool {
        let Self {
            reason: _,
            kind,
            api_version,
            namespace,
            name,
            release,
            labels,
            paths: _,
            manager: _,
            codes: _,
        } = self;
        let globs = [kind, api_version, namespace, name, release];
        self.is_whole() && labels.is_none() && globs.iter().all(|glob| glob.is_none())
    }

    /// A path of the rule that counts the elements of a list which are named by keys in every type that the rule is about,
    /// with these keys. Only for built-in kinds that the rule names.
    pub fn counted_list(&self) -> Option<(&PathPattern, &'static [String])> {
        let kind = self
            .kind
            .as_ref()
            .filter(|kind| !kind.has_wildcards())?
            .to_string();
        let is_meant = |api_version: &str| {
            let wanted = self.api_version.as_ref();
            wanted.is_none_or(|wanted| wanted.matches(api_version))
        };
        let table = TypeTable::builtin();
        let shapes = || {
            let kinds = table
                .kinds()
                .filter(|(api_version, of)| *of == kind && is_meant(api_version));
            kinds.filter_map(|(api_version, of)| table.kind(api_version, of))
        };
        self.paths.iter().find_map(|path| {
            let mut keys = shapes().map(|shape| path.keys_of_counted_list(shape));
            let first = keys.next()??;
            keys.all(|keys| keys.is_some()).then_some((path, first))
        })
    }

    /// Whether it covers whole objects and not only some of their differences.
    pub(super) fn is_whole(&self) -> bool {
        self.paths.is_empty() && self.manager.is_none() && self.codes.is_empty()
    }

    /// Whether it is about a release, as far as its name says.
    pub fn is_for_release(&self, release: &str) -> bool {
        self.release.as_ref().is_none_or(|glob| glob.matches(release))
    }

    /// Whether it covers an object; a missing object has no live one.
    pub(super) fn covers(&self, object: &ObjectKey, release: &str, live: Option<&Value>) -> bool {
        self.may_cover(object, release)
            && self.labels.as_ref().is_none_or(|selector| {
                live.is_some_and(|live| selector.matches(live.pointer("/metadata/labels")))
            })
    }

    /// Whether it covers an object, as far as its names say.
    pub fn may_cover(&self, object: &ObjectKey, release: &str) -> bool {
        let fits = |glob: &Option<Glob>, text: Option<&str>| {
            glob.as_ref()
                .is_none_or(|glob| text.is_some_and(|text| glob.matches(text)))
        };
        fits(&self.kind, Some(&object.gvk.kind))
            && fits(&self.api_version, Some(&object.gvk.api_version))
            && fits(&self.namespace, object.namespace.as_deref())
            && fits(&self.name, Some(&object.name))
            && self.is_for_release(release)
    }

    /// Whether it takes a difference of an object that it covers.
    pub(super) fn takes(&self, path: &FieldPath, manager: Option<&str>, code: FindingCode) -> bool {
        (self.paths.is_empty() || self.paths.iter().any(|pattern| pattern.matches(path)))
            && (self.codes.is_empty() || self.codes.contains(&code))
            && self
                .manager
                .as_ref()
                .is_none_or(|glob| manager.is_some_and(|manager| glob.matches(manager)))
    }
}

impl Rule {
    /// The rule's conditions in the words of the settings, without secrets.
    pub fn description(&self, redaction: &Redaction) -> String {
        let mut said = Vec::new();
        for (key, glob) in [
            ("kind", &self.kind),
            ("api_version", &self.api_version),
            ("namespace", &self.namespace),
            ("name", &self.name),
            ("release", &self.release),
        ] {
            said.extend(glob.as_ref().map(|glob| format!("{key} {glob}")));
        }
        said.extend(self.labels.as_ref().map(|labels| format!("labels {labels}")));
        let any = |key: &str, texts: Vec<String>| {
            (!texts.is_empty()).then(|| format!("{key} {}", texts.join(" or ")))
        };
        let paths = self.paths.iter().map(|path| path.shown(redaction));
        said.extend(any("path", paths.collect()));
        let manager = self.manager.as_ref().map(ToString::to_string);
        said.extend(manager.map(|glob| format!("manager {}", redaction.shown_text(&glob))));
        said.extend(any("code", self.codes.iter().map(ToString::to_string).collect()));
        said.join(", ")
    }
}
