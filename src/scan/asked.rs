//! What a scan asks about the drift of a release, and what is said of each finding.

use crate::model::{KeptBy, NoKey};
use crate::release::stored::StoredRevision;
use crate::values::Asked;
use crate::vocabulary::{NextUpgrade, NoKeyReason};

/// The question about the drift of one release.
pub(super) struct ValuesWanted {
    /// The position of the release.
    pub(super) release: usize,
    /// The namespace that its record says it installs into.
    pub(super) installs_into: String,
    /// The record of its baseline.
    pub(super) stored: StoredRevision,
    /// The objects with the fields that are asked about.
    pub(super) asked: Vec<Asked>,
    /// Which findings these are, in the same order.
    pub(super) of: Vec<FindingsAsked>,
}

/// The findings of an object that are asked about, in the order of the fields.
pub(super) struct FindingsAsked {
    /// The position of the object in its release.
    pub(super) object: usize,
    /// Its findings.
    pub(super) findings: Vec<FindingAsked>,
}

/// A finding that is asked about.
#[derive(Debug, Clone)]
pub(super) struct FindingAsked {
    /// Its position in the report of its object.
    pub(super) position: usize,
    /// The path that it shows.
    pub(super) path: String,
    /// Whether its values may not be shown.
    pub(super) is_redacted: bool,
    /// What the next upgrade with the same chart and values does to it.
    pub(super) next_upgrade: Option<NextUpgrade>,
    /// Whether that fails at other fields of the object alone.
    pub(super) fails_beside: bool,
    /// Why no key is named, where that is known already.
    pub(super) no_key: Option<NoKeyReason>,
}

/// What a finding says once it was asked: which key keeps it, or why none is named.
pub(super) type Said = Result<Box<KeptBy>, NoKey>;

/// The answers about one object: the findings with what they say.
pub(super) struct ObjectSaid {
    /// The position of the object in its release.
    pub(super) object: usize,
    /// What its findings say.
    pub(super) findings: Vec<(FindingAsked, Said)>,
}

impl ValuesWanted {
    /// Whether a key is looked for.
    pub(super) fn is_open(&self) -> bool {
        let mut findings = self.of.iter().flat_map(|of| &of.findings);
        findings.any(|finding| finding.no_key.is_none())
    }

    /// The objects with the fields of which a key is looked for.
    pub(super) fn open(&self) -> Vec<Asked> {
        let objects = self.asked.iter().zip(&self.of);
        let open = objects.map(|(asked, of)| {
            let fields = asked.fields.iter().zip(&of.findings);
            let fields = fields.filter(|(_, finding)| finding.no_key.is_none());
            Asked {
                fields: fields.map(|(field, _)| field.clone()).collect(),
                ..asked.clone()
            }
        });
        open.collect()
    }

    /// The same reason for every finding.
    pub(super) fn none(&self, reason: NoKeyReason) -> Vec<ObjectSaid> {
        self.said(|_, _, _| Err(reason.into()))
    }

    /// What is said of each finding, by the positions of the object and of the field among those that [`Self::open`] has, and
    /// whether its values may not be shown.
    pub(super) fn said(&self, mut answer: impl FnMut(usize, usize, bool) -> Said) -> Vec<ObjectSaid> {
        let objects = self.of.iter().enumerate();
        objects
            .map(|(object, of)| ObjectSaid {
                object: of.object,
                findings: of
                    .findings
                    .iter()
                    .filter(|finding| finding.no_key.is_none())
                    .enumerate()
                    .map(|(field, finding)| (finding.clone(), answer(object, field, finding.is_redacted)))
                    .collect(),
            })
            .collect()
    }
}
