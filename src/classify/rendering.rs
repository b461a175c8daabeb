//! Whether the next upgrade with the same chart and values renders the same manifest again.
//!
//! A template that calls `lookup` renders what lives in the cluster: a chart that keeps a generated password reads it back from
//! the Secret, so that a password changed by hand is what the next upgrade writes. What the simulation makes of the stored
//! manifest is no prediction for its objects, be it a conflict: the value that is rendered may be the live one.
//!
//! The record tells this of the chart's own templates ([`crate::release::record::ChartMeta::live_readers`]). It does not hold
//! those of dependencies; of their objects only Secrets are doubted, which is what charts read back.

use std::collections::BTreeSet;

use super::object::Judgement;
use crate::object::Gvk;
use crate::vocabulary::{FindingCode, NextUpgrade, ObjectState};

/// What the next upgrade renders for an object from the same chart and values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rendering {
    /// The same manifest, as far as the record tells.
    #[default]
    Same,
    /// Whatever its template makes of live objects.
    ReadsLive,
    /// Nobody can tell: the record does not hold its template.
    MayReadLive,
}

impl Rendering {
    /// What is rendered for an object of this template, as the manifest names it (`CHART/templates/FILE`), with these of the
    /// chart's files reading live objects.
    pub fn of(template: Option<&str>, gvk: &Gvk, live_readers: &BTreeSet<String>) -> Self {
        let Some((_, file)) = template.and_then(|template| template.split_once('/')) else {
            return Self::Same;
        };
        let is_secret = gvk.group().is_empty() && gvk.kind == "Secret";
        if live_readers.contains(file) {
            Self::ReadsLive
        } else if is_secret && file.starts_with("charts/") {
            Self::MayReadLive
        } else {
            Self::Same
        }
    }

    /// Why nothing is foretold of what is rendered; `None` where it is the same.
    pub const fn doubt(self) -> Option<&'static str> {
        match self {
            Self::Same => None,
            Self::ReadsLive => Some(
                "the template reads live objects (lookup), so the next upgrade may render something else",
            ),
            Self::MayReadLive => Some(
                "the template is that of a dependency, which the record does not hold: if it reads live objects (lookup), the \
                 next upgrade may render something else",
            ),
        }
    }

    /// Takes back what rests on the same manifest being rendered again.
    ///
    /// A missing object is created whatever is rendered, and a kind that is not served fails in any case.
    pub fn temper(self, judged: &mut Judgement) {
        let Some(doubt) = self.doubt() else { return };
        for finding in &mut judged.report.findings {
            match finding.code {
                // The API server drops the field from whatever is written, and there is nothing to write.
                FindingCode::Pruned | FindingCode::AlsoWritten => continue,
                _ => {}
            }
            finding.next_upgrade = None;
            finding.becomes = None;
            finding.next_upgrade_reason = Some(doubt.to_owned());
        }
        if judged.report.state == ObjectState::Foreign
            && judged
                .report
                .next_upgrade
                .is_some_and(|effect| effect != NextUpgrade::Revert)
        {
            judged.report.next_upgrade = None;
            judged.report.next_upgrade_reason = Some(doubt.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::state::empty_report;
    use crate::object::ObjectKey;

    fn rendering(template: &str, kind: &str) -> Rendering {
        let readers = BTreeSet::from(["templates/secret.yaml".to_owned()]);
        Rendering::of(Some(template), &Gvk::new("v1", kind), &readers)
    }

    #[test]
    fn the_record_tells_which_templates_render_what_lives() {
        for (template, kind, expected) in [
            ("shop/templates/secret.yaml", "Secret", Rendering::ReadsLive),
            ("shop/templates/secret.yaml", "ConfigMap", Rendering::ReadsLive),
            ("shop/templates/other.yaml", "Secret", Rendering::Same),
            (
                "shop/charts/db/templates/secret.yaml",
                "Secret",
                Rendering::MayReadLive,
            ),
            ("shop/charts/db/templates/secret.yaml", "Service", Rendering::Same),
            ("secret.yaml", "Secret", Rendering::Same),
        ] {
            assert_eq!(rendering(template, kind), expected, "{template} {kind}");
        }
        assert_eq!(
            Rendering::of(None, &Gvk::new("v1", "Secret"), &BTreeSet::new()),
            Rendering::Same
        );
    }

    /// Foreign objects that are taken over are, whatever is written; missing ones are created.
    #[test]
    fn what_is_so_whatever_is_rendered_stays_said() {
        let key = ObjectKey {
            gvk: Gvk::new("v1", "Secret"),
            namespace: Some("shop".into()),
            name: "password".into(),
        };
        for (state, effect, left) in [
            (
                ObjectState::Missing,
                NextUpgrade::Revert,
                Some(NextUpgrade::Revert),
            ),
            (
                ObjectState::Foreign,
                NextUpgrade::Revert,
                Some(NextUpgrade::Revert),
            ),
            (ObjectState::Foreign, NextUpgrade::Conflict, None),
        ] {
            let mut report = empty_report(&key, None, state, None);
            report.next_upgrade = Some(effect);
            let mut judged = Judgement::from(report);
            Rendering::ReadsLive.temper(&mut judged);
            assert_eq!(judged.report.next_upgrade, left, "{state}");
            assert_eq!(judged.report.next_upgrade_reason.is_some(), left.is_none());
        }
    }
}
