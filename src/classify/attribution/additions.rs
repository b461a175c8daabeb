//! What others put beside the manifest, and who wrote the object in Helm's name without a difference.

use serde_json::Value;

use super::writers::{AttributedEntry, Writer};
use super::{Attributor, Autoscaler};
use crate::classify::attributed::{Attributed, actor};
use crate::classify::known_fields::{is_replica_count, is_restart, replica_count};
use crate::compare::additions::additions;
use crate::compare::path::FieldPath;
use crate::compare::shapes::shape_at;
use crate::compare::three_way::Change;
use crate::policy::managers::ManifestMention;
use crate::types::{Shape, is_zero};
use crate::vocabulary::{FindingCode, NextUpgrade, Severity};

/// What an addition is called.
struct Name {
    code: FindingCode,
    /// A lower severity than that of the code.
    severity: Option<Severity>,
    about: Option<String>,
}

impl Name {
    const fn of(code: FindingCode) -> Self {
        Self {
            code,
            severity: None,
            about: None,
        }
    }

    const fn controllers(about: String) -> Self {
        Self {
            code: FindingCode::ControllerOwned,
            severity: None,
            about: Some(about),
        }
    }
}

impl Attributor<'_> {
    /// Adds what other managers own and the manifest does not ask for.
    pub(super) fn add(&self, attributed: &mut Vec<Attributed>) {
        let mut others: Vec<&AttributedEntry<'_>> = self
            .entries
            .iter()
            .filter(|written| written.writer != Writer::Ours)
            .collect();
        // What several own is the latest one's.
        others.sort_by_key(|written| std::cmp::Reverse(written.entry.time));
        for written in others {
            let found = additions(
                written.entry,
                written.provenance,
                self.context.shape,
                self.desired,
                &self.live.object,
            );
            for addition in found {
                let known = attributed
                    .iter()
                    .any(|known| known.change.path.overlaps(&addition.path));
                // Helm owned it too when it wrote the object, so that it was there by default.
                let shared = || {
                    self.owners(&addition.path)
                        .any(|owner| owner.writer == Writer::Ours)
                };
                if known || shared() {
                    continue;
                }
                let Name {
                    code,
                    severity,
                    about,
                } = self.name_of(written, &addition.path);
                let next_upgrade = self.upgrade().predict_addition(&addition);
                attributed.push(Attributed {
                    change: Change {
                        code,
                        path: addition.path,
                        pointer: addition.pointer,
                        previous: None,
                        from_revision: None,
                        desired: None,
                        live: Some(addition.live.clone()),
                    },
                    severity,
                    actor: Some(actor(written.entry)),
                    next_upgrade,
                    about,
                });
            }
        }
    }

    fn name_of(&self, written: &AttributedEntry<'_>, path: &FieldPath) -> Name {
        if is_restart(path) {
            return Name::of(FindingCode::Restarted);
        }
        if is_replica_count(path) && self.is_autoscalers(written.entry) {
            return Name::controllers("chooses the replica count that the chart leaves open".to_owned());
        }
        if let Some(about) = self.expected(&written.entry.manager, path, self.mention_around(path)) {
            return Name::controllers(about);
        }
        let is_metadata = path.keys().next() == Some("metadata");
        let severity = match written.writer {
            Writer::Program if is_metadata => Some(Severity::Info),
            Writer::Program | Writer::Person | Writer::OtherHelm | Writer::Ours => None,
        };
        Name {
            severity,
            ..Name::of(FindingCode::Added)
        }
    }

    /// How little the manifest says around a place that it does not name.
    fn mention_around(&self, path: &FieldPath) -> ManifestMention {
        let section = path.keys().next().and_then(|key| self.desired.get(key));
        if section.is_none_or(is_zero) {
            ManifestMention::SectionUnset
        } else {
            ManifestMention::Unset
        }
    }

    /// The replica count, where nobody owns it although owners of other fields are known.
    ///
    /// Two writes through `scale` leave no trace: zero, which that subresource leaves out (k8s.io/api:
    /// `autoscaling/v1/types.go`, `ScaleSpec`), and any number where nobody owned the field before (apimachinery:
    /// `managedfields/internal/skipnonapplied.go`, `Update`).
    pub(super) fn untraced_replicas(&self) -> Option<&Value> {
        let is_untraced = !self.entries.is_empty() && self.owners(&replica_count()).next().is_none();
        self.live.object.pointer("/spec/replicas").filter(|_| is_untraced)
    }

    /// Adds a replica count that nobody owns, the chart leaves open, and neither the server nor an autoscaler would
    /// choose.
    pub(super) fn add_untraced_replicas(&self, attributed: &mut Vec<Attributed>) {
        let path = replica_count();
        let is_open = self.desired.pointer("/spec/replicas").is_none_or(Value::is_null);
        let is_known = attributed.iter().any(|known| known.change.path == path);
        let (true, false, Some(live)) = (is_open, is_known, self.untraced_replicas()) else {
            return;
        };
        let is_autoscalers = match self.context.autoscaler {
            Autoscaler::None => false,
            Autoscaler::Targets => *live != 0,
            Autoscaler::TargetsToZero | Autoscaler::Unknown => true,
        };
        let is_servers = shape_at(self.context.shape, &path)
            .and_then(Shape::default)
            .is_none_or(|default| default == live);
        if is_autoscalers || is_servers {
            return;
        }
        attributed.push(Attributed {
            change: Change {
                code: FindingCode::Added,
                path,
                pointer: "/spec/replicas".to_owned(),
                previous: None,
                from_revision: None,
                desired: None,
                live: Some(live.clone()),
            },
            severity: None,
            actor: None,
            next_upgrade: NextUpgrade::Keep,
            about: None,
        });
    }

    /// Says of writers in Helm's name that they wrote the object, where no difference says it already.
    pub(super) fn note_other_helms(&self, attributed: &mut Vec<Attributed>) {
        // Only the time proves it: somebody's removal in the second after Helm ended leaves no entry of its own either.
        let is_proven = |written: &&AttributedEntry<'_>| {
            let time = written.entry.time;
            written.writer == Writer::OtherHelm
                && time.is_some_and(|time| self.context.operations.rules_out(time))
        };
        for written in self.entries.iter().filter(is_proven) {
            let actor = actor(written.entry);
            if attributed
                .iter()
                .any(|known| known.actor.as_ref() == Some(&actor))
            {
                continue;
            }
            attributed.push(Attributed {
                change: Change {
                    code: FindingCode::AlsoWritten,
                    path: FieldPath::root(),
                    pointer: String::new(),
                    previous: None,
                    from_revision: None,
                    desired: None,
                    live: None,
                },
                severity: None,
                actor: Some(actor),
                next_upgrade: NextUpgrade::Keep,
                about: None,
            });
        }
    }
}
