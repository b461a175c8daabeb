//! Whether the next upgrade with the same chart and values renders the same manifest again.
//!
//! A template that calls `lookup` renders what lives in the cluster: a chart that keeps a generated password reads it back from
//! the Secret, so that a password changed by hand is what the next upgrade writes. Another one renders a random value, or the
//! time. What the simulation makes of the stored manifest is no prediction for what they render, be it a conflict: the value
//! that is rendered may be the live one.
//!
//! The record tells this of the chart's own templates ([`Variations`]). It does not hold those of dependencies; of what comes
//! from them only Secrets are doubted, which is what charts read back.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::blocked::Block;
use super::object::Judgement;
use crate::model::Finding;
use crate::object::Gvk;
use crate::release::variations::{Cause, TemplateVariations, Variation, Variations};
use crate::types::TypeTable;
use crate::vocabulary::{FindingCode, NextUpgrade};

/// What the next upgrade may render otherwise for an object from the same chart and values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rendering(Option<Arc<TemplateVariations>>);

/// The renderings of the objects of one release. Objects of the same template share theirs.
pub struct Renderings<'v> {
    variations: &'v Variations,
    made: HashMap<Rendered<'v>, Rendering>,
}

/// What decides on the rendering of an object.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Rendered<'v> {
    origin: Origin<'v>,
    /// Whether it is a Secret, which may hold what a dependency reads.
    is_secret: bool,
    /// Whether one field that is written decides on the others.
    is_whole: bool,
}

/// Where the template of an object comes from.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Origin<'v> {
    /// The chart's own file, of which something may be rendered otherwise.
    File(&'v str),
    /// Another one of its own files.
    OtherFile,
    /// A dependency.
    Dependency,
    /// Nobody knows: programs that change manifests on their way take the comments with the names away.
    Unknown,
}

impl<'v> Renderings<'v> {
    /// Those of what a record's templates may render otherwise.
    pub fn of(variations: &'v Variations) -> Self {
        Self {
            variations,
            made: HashMap::new(),
        }
    }

    /// What is rendered for an object of this template, as the manifest names it (`CHART/templates/FILE`).
    pub fn object(&mut self, template: Option<&str>, gvk: &Gvk) -> Rendering {
        let file = template.and_then(|template| template.split_once('/'));
        let origin = match file {
            None => Origin::Unknown,
            Some((_, file)) if file.starts_with("charts/") => Origin::Dependency,
            Some((_, file)) => match self.variations.files.get_key_value(file) {
                Some((file, _)) => Origin::File(file),
                None => Origin::OtherFile,
            },
        };
        let rendered = Rendered {
            origin,
            is_secret: gvk.is_secret(),
            is_whole: is_written_whole(gvk),
        };
        let variations = self.variations;
        self.made
            .entry(rendered)
            .or_insert_with(|| Rendering::new(variations, rendered))
            .clone()
    }
}

/// Whether a field that is rendered otherwise may decide on what becomes of the others: the API server refuses changes of it
/// with the whole object, or Helm's patch has the whole list that it is in.
fn is_written_whole(gvk: &Gvk) -> bool {
    matches!(gvk.kind.as_str(), "Job" | "PersistentVolumeClaim" | "StatefulSet")
        || TypeTable::builtin().kind(&gvk.api_version, &gvk.kind).is_none()
}

impl Rendering {
    fn new(variations: &Variations, rendered: Rendered<'_>) -> Self {
        let dependency = Variation::of_all(Cause::Dependency);
        let mut own = match rendered.origin {
            Origin::File(file) => variations.of_file(file).clone(),
            Origin::OtherFile => variations.other_files.clone(),
            Origin::Dependency => TemplateVariations::from([dependency]),
            Origin::Unknown => {
                let mut any = variations.of_any_file();
                any.extend(variations.has_dependencies.then_some(dependency));
                any
            }
        };
        if !rendered.is_secret {
            own.retain(|variation| variation.cause != Cause::Dependency);
        }
        if rendered.is_whole {
            own = own
                .into_iter()
                .map(|variation| Variation::of_all(variation.cause))
                .collect();
        }
        Self((!own.is_empty()).then(|| Arc::new(own)))
    }

    /// Why nothing is foretold of the object as a whole; `None` where something is.
    fn doubt(&self) -> Option<&'static str> {
        self.variations()
            .find(|variation| variation.key.is_none())
            .map(|variation| reason(variation.cause))
    }

    /// Why nothing is foretold of a field at this path, of which the chart's value is this one if it is known.
    fn doubt_of_field(&self, path: &str, desired: FieldValue<'_>) -> Option<&'static str> {
        let is_about = |variation: &&Variation| {
            variation
                .key
                .as_deref()
                .is_none_or(|key| has_word(path, key) || desired.may_hold(key))
        };
        self.variations()
            .find(is_about)
            .map(|variation| reason(variation.cause))
    }

    /// Why an upgrade that fails at an object as it was rendered may not fail; `None` where it fails in any case.
    pub fn doubt_of_block(&self, block: &Block) -> Option<&'static str> {
        let doubt = |path: &str| self.doubt_of_field(path, FieldValue::Simple);
        match block {
            // The path may be that of a part that the doubted key is in.
            Block::Refused { .. } => self.variations().next().map(|variation| reason(variation.cause)),
            Block::Conflict(fields) => {
                let mut doubts = fields.iter().map(|field| doubt(&field.path));
                let first = doubts.next().flatten()?;
                doubts.all(|doubt| doubt.is_some()).then_some(first)
            }
        }
    }

    fn variations(&self) -> impl Iterator<Item = &Variation> {
        self.0.iter().flat_map(|variations| variations.iter())
    }

    /// Takes back what rests on the same manifest being rendered again.
    pub fn temper(&self, judged: &mut Judgement) {
        if self.0.is_none() {
            return;
        }
        let doubt_of_block = judged.block.as_ref().and_then(|block| self.doubt_of_block(block));
        let report = &mut judged.report;
        for finding in &mut report.findings {
            match finding.code {
                // The API server drops the field from whatever is written, and there is nothing to write.
                FindingCode::Pruned | FindingCode::AlsoWritten => continue,
                _ => {}
            }
            let fails = matches!(
                finding.next_upgrade,
                Some(NextUpgrade::Conflict | NextUpgrade::Refused)
            );
            let doubt = self.doubt_of_field(&finding.path, FieldValue::of(finding));
            // What fails with the object does not where the object does not.
            let Some(doubt) = doubt.or_else(|| doubt_of_block.filter(|_| fails)) else {
                continue;
            };
            finding.next_upgrade = None;
            finding.becomes = None;
            finding.next_upgrade_reason = Some(doubt.to_owned());
        }
        // A template may render its object only while there is none, or only while there is one.
        if let Some(doubt) = self.doubt()
            && report.next_upgrade.is_some()
        {
            report.next_upgrade = None;
            report.next_upgrade_reason = Some(doubt.to_owned());
        }
    }
}

const fn reason(cause: Cause) -> &'static str {
    match cause {
        Cause::ReadsLive => {
            "the template reads live objects (lookup), so the next upgrade may render something else"
        }
        Cause::RendersAnew => {
            "the template renders a random value, the time, the revision, or whether it is an upgrade, so the next upgrade may \
             render something else"
        }
        Cause::NotRead => {
            "the chart's templates are larger than what is looked into: if they read live objects (lookup), the next upgrade may \
             render something else"
        }
        Cause::Dependency => {
            "the template is that of a dependency or includes one, which the record does not hold: if it reads live objects \
             (lookup), the next upgrade may render something else"
        }
    }
}

/// The chart's value of a field.
#[derive(Clone, Copy)]
enum FieldValue<'v> {
    /// A value without others in it.
    Simple,
    /// A value, or that there is none.
    Shown(Option<&'v Value>),
    /// Only a part of it is there.
    Hidden,
}

impl<'v> FieldValue<'v> {
    const fn of(finding: &'v Finding) -> Self {
        if finding.redacted || finding.shortened || finding.omitted {
            Self::Hidden
        } else {
            Self::Shown(finding.desired.as_ref())
        }
    }

    /// Whether the value behind a key in a template may be in it: in a list, an object or a text of lines.
    fn may_hold(self, key: &str) -> bool {
        match self {
            Self::Simple | Self::Shown(None) => false,
            Self::Shown(Some(value)) => match value {
                Value::String(text) => has_word(text, key),
                Value::Array(_) | Value::Object(_) => has_word(&value.to_string(), key),
                Value::Null | Value::Bool(_) | Value::Number(_) => false,
            },
            Self::Hidden => true,
        }
    }
}

/// Whether a text has a word that is not part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let is_inner = |character: Option<char>| {
        character.is_some_and(|character| character.is_alphanumeric() || "_.-".contains(character))
    };
    text.match_indices(word).any(|(start, _)| {
        !is_inner(text[..start].chars().next_back()) && !is_inner(text[start + word.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::blocked::ContestedField;
    use crate::classify::state::empty_report;
    use crate::object::ObjectKey;
    use crate::vocabulary::ObjectState;

    fn variations(entries: &[(&str, Cause, Option<&str>)]) -> Variations {
        let mut variations = Variations::default();
        for (file, cause, key) in entries {
            let variation = Variation {
                cause: *cause,
                key: key.map(str::to_owned),
            };
            variations
                .files
                .entry((*file).to_owned())
                .or_default()
                .insert(variation);
        }
        variations
    }

    #[test]
    fn the_record_tells_which_templates_may_render_something_else() {
        let variations = variations(&[
            ("templates/secret.yaml", Cause::ReadsLive, None),
            ("templates/lib.yaml", Cause::Dependency, None),
        ]);
        for (template, kind, cause) in [
            ("shop/templates/secret.yaml", "Secret", Some(Cause::ReadsLive)),
            ("shop/templates/secret.yaml", "ConfigMap", Some(Cause::ReadsLive)),
            ("shop/templates/other.yaml", "Secret", None),
            ("shop/templates/lib.yaml", "Secret", Some(Cause::Dependency)),
            ("shop/templates/lib.yaml", "ConfigMap", None),
            (
                "shop/charts/db/templates/secret.yaml",
                "Secret",
                Some(Cause::Dependency),
            ),
            ("shop/charts/db/templates/secret.yaml", "Service", None),
        ] {
            let rendering = Renderings::of(&variations).object(Some(template), &Gvk::new("v1", kind));
            assert_eq!(rendering.doubt(), cause.map(reason), "{template} {kind}");
        }
    }

    /// A post-renderer takes away the comments that name the templates.
    #[test]
    fn an_object_whose_template_is_not_known_may_be_of_any() {
        let config_map = Gvk::new("v1", "ConfigMap");
        let secret = Gvk::new("v1", "Secret");
        let some = variations(&[("templates/secret.yaml", Cause::ReadsLive, None)]);
        let none = Variations::default();
        let with_dependencies = Variations {
            has_dependencies: true,
            ..Variations::default()
        };
        for (variations, gvk, cause) in [
            (&some, &config_map, Some(Cause::ReadsLive)),
            (&none, &secret, None),
            (&with_dependencies, &secret, Some(Cause::Dependency)),
            (&with_dependencies, &config_map, None),
        ] {
            let rendering = Renderings::of(variations).object(None, gvk);
            assert_eq!(rendering.doubt(), cause.map(reason));
        }
    }

    /// Regression: each of thousands of objects had a copy of what thousands of templates may render otherwise.
    #[test]
    fn objects_share_what_many_templates_may_render_otherwise() {
        let files: Vec<(String, String)> = (0..990)
            .flat_map(|file| {
                (0..8).map(move |key| (format!("templates/{file}.yaml"), format!("key-{file}-{key}")))
            })
            .collect();
        let entries: Vec<_> = files
            .iter()
            .map(|(file, key)| (file.as_str(), Cause::RendersAnew, Some(key.as_str())))
            .collect();
        let variations = variations(&entries);
        let mut renderings = Renderings::of(&variations);
        let [one, other] = [(); 2].map(|()| renderings.object(None, &Gvk::new("v1", "ConfigMap")));
        assert!(Arc::ptr_eq(one.0.as_ref().unwrap(), other.0.as_ref().unwrap()));
        assert_eq!(
            *one.0.unwrap(),
            TemplateVariations::from([Variation::of_all(Cause::RendersAnew)])
        );
    }

    /// The API server refuses another Pod template of a Job, and Helm's merge patch of a custom resource has whole lists.
    #[test]
    fn one_key_decides_on_the_others_where_the_object_is_written_whole() {
        let variations = variations(&[("templates/a.yaml", Cause::RendersAnew, Some("rollme"))]);
        for (api_version, kind, is_whole) in [
            ("apps/v1", "Deployment", false),
            ("v1", "ConfigMap", false),
            ("batch/v1", "Job", true),
            ("apps/v1", "StatefulSet", true),
            ("example.com/v1", "Thing", true),
        ] {
            let gvk = Gvk::new(api_version, kind);
            let rendering = Renderings::of(&variations).object(Some("shop/templates/a.yaml"), &gvk);
            assert_eq!(rendering.doubt().is_some(), is_whole, "{kind}");
        }
    }

    #[test]
    fn what_stands_behind_a_key_is_doubted_and_nothing_else() {
        let variations = variations(&[("templates/a.yaml", Cause::RendersAnew, Some("checksum/config"))]);
        let rendering =
            Renderings::of(&variations).object(Some("shop/templates/a.yaml"), &Gvk::new("v1", "ConfigMap"));
        let text = Value::from("a: b\nchecksum/config: x\n");
        let map = serde_json::json!({"a": {"checksum/config": "x"}});
        let other = Value::from("x");
        for (path, desired, is_doubted) in [
            (
                "/metadata/annotations[\"checksum/config\"]",
                FieldValue::Shown(Some(&other)),
                true,
            ),
            ("/metadata/annotations", FieldValue::Shown(Some(&map)), true),
            ("/data/file", FieldValue::Shown(Some(&text)), true),
            ("/data/file", FieldValue::Hidden, true),
            ("/data/file", FieldValue::Shown(Some(&other)), false),
            ("/data/file", FieldValue::Shown(None), false),
            ("/data/my-checksum/config2", FieldValue::Simple, false),
        ] {
            let doubt = rendering.doubt_of_field(path, desired);
            assert_eq!(doubt.is_some(), is_doubted, "{path}");
        }
        assert_eq!(rendering.doubt(), None);
    }

    #[test]
    fn a_conflict_is_certain_where_one_field_is() {
        let variations = variations(&[("templates/a.yaml", Cause::RendersAnew, Some("sum"))]);
        let rendering =
            Renderings::of(&variations).object(Some("shop/templates/a.yaml"), &Gvk::new("v1", "ConfigMap"));
        let conflict = |paths: &[&str]| {
            let fields = paths.iter().map(|path| ContestedField {
                path: (*path).to_owned(),
                owner: "kubectl-edit".to_owned(),
            });
            Block::Conflict(fields.collect())
        };
        assert!(
            rendering
                .doubt_of_block(&conflict(&["/metadata/annotations/sum"]))
                .is_some()
        );
        assert!(
            rendering
                .doubt_of_block(&conflict(&["/metadata/annotations/sum", "/data/a"]))
                .is_none()
        );
        assert!(rendering.doubt_of_block(&conflict(&["/data/a"])).is_none());
    }

    /// A template may ask first whether its object is there.
    #[test]
    fn whether_an_object_is_rendered_again_is_doubted_too() {
        let key = ObjectKey {
            gvk: Gvk::new("v1", "Secret"),
            namespace: Some("shop".into()),
            name: "password".into(),
        };
        for (variation, is_left) in [(None, false), (Some("sum"), true)] {
            let variations = variations(&[("templates/a.yaml", Cause::ReadsLive, variation)]);
            let rendering = Renderings::of(&variations).object(Some("shop/templates/a.yaml"), &key.gvk);
            for (state, effect) in [
                (ObjectState::Missing, NextUpgrade::Revert),
                (ObjectState::Foreign, NextUpgrade::Revert),
                (ObjectState::Foreign, NextUpgrade::Conflict),
            ] {
                let mut report = empty_report(&key, None, state, None);
                report.next_upgrade = Some(effect);
                let mut judged = Judgement::from(report);
                rendering.temper(&mut judged);
                assert_eq!(judged.report.next_upgrade.is_some(), is_left, "{state}");
                assert_eq!(judged.report.next_upgrade_reason.is_some(), !is_left);
            }
        }
    }
}
