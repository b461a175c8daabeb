//! Whether the next upgrade with the same chart and values renders the same manifest again.
//!
//! A template that calls `lookup` renders what lives in the cluster: a chart that keeps a generated password reads it back from
//! the Secret, so that a password changed by hand is what the next upgrade writes. Another one renders a random value, or the
//! time. What the simulation makes of the stored manifest is no prediction for what they render, be it a conflict: the value
//! that is rendered may be the live one.
//!
//! The record tells this of the chart's own templates ([`Variations`]). It does not hold those of dependencies; of what comes
//! from them only Secrets are doubted, which is what charts read back.

use std::sync::Arc;

use serde_json::Value;

use super::blocked::Block;
use super::object::Judgement;
use crate::model::Finding;
use crate::object::Gvk;
use crate::release::variations::{Cause, TemplateVariations, Variation, Variations};
use crate::vocabulary::FindingCode;

/// What the next upgrade may render otherwise for an object from the same chart and values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rendering(Option<Arc<TemplateVariations>>);

impl Rendering {
    /// What is rendered for an object of this template, as the manifest names it (`CHART/templates/FILE`).
    ///
    /// Programs that change manifests on their way take the comments with the names away: then it may be any template.
    pub fn of(template: Option<&str>, gvk: &Gvk, variations: &Variations) -> Self {
        let file = template.and_then(|template| template.split_once('/'));
        let mut own = match file {
            // Those of a dependency are no files of the chart.
            Some((_, file)) if file.starts_with("charts/") => TemplateVariations::new(),
            Some((_, file)) => variations.of_file(file).clone(),
            None => variations.of_any_file(),
        };
        let is_of_dependency = match file {
            Some((_, file)) => file.starts_with("charts/"),
            None => variations.has_dependencies,
        };
        if is_of_dependency {
            own.insert(Variation::of_all(Cause::Dependency));
        }
        if !(gvk.group().is_empty() && gvk.kind == "Secret") {
            own.retain(|variation| variation.cause != Cause::Dependency);
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
            Block::Refused { path, rule: _ } => doubt(path),
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
        let report = &mut judged.report;
        for finding in &mut report.findings {
            match finding.code {
                // The API server drops the field from whatever is written, and there is nothing to write.
                FindingCode::Pruned | FindingCode::AlsoWritten => continue,
                _ => {}
            }
            let Some(doubt) = self.doubt_of_field(&finding.path, FieldValue::of(finding)) else {
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
    use crate::vocabulary::{NextUpgrade, ObjectState};

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
            let rendering = Rendering::of(Some(template), &Gvk::new("v1", kind), &variations);
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
            let rendering = Rendering::of(None, gvk, variations);
            assert_eq!(rendering.doubt(), cause.map(reason));
        }
    }

    #[test]
    fn what_stands_behind_a_key_is_doubted_and_nothing_else() {
        let variations = variations(&[("templates/a.yaml", Cause::RendersAnew, Some("checksum/config"))]);
        let rendering = Rendering::of(
            Some("shop/templates/a.yaml"),
            &Gvk::new("v1", "ConfigMap"),
            &variations,
        );
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
        let rendering = Rendering::of(
            Some("shop/templates/a.yaml"),
            &Gvk::new("v1", "ConfigMap"),
            &variations,
        );
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
            let rendering = Rendering::of(Some("shop/templates/a.yaml"), &key.gvk, &variations);
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
