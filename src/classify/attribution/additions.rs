//! Fields that others added beside the manifest, and writers in Helm's name that left no difference.

use std::collections::HashSet;

use serde_json::Value;

use super::Attributor;
use super::writers::{AttributedEntry, Writer};
use crate::classify::attributed::{Attributed, actor};
use crate::classify::known_fields::{field, is_restart, pointer_to};
use crate::classify::subject::Autoscaler;
use crate::compare::additions::{ComparedObject, additions};
use crate::compare::path::FieldPath;
use crate::compare::path_tree::PathTree;
use crate::compare::shapes::shape_at;
use crate::compare::three_way::Change;
use crate::model::Actor;
use crate::policy::managers::ManifestMention;
use crate::types::{Shape, is_zero};
use crate::vocabulary::{FindingCode, Severity};

/// The code of an addition, and how much it matters.
struct AdditionVerdict {
    code: FindingCode,
    /// A lower severity than that of the code.
    severity: Option<Severity>,
    /// What the manager is known to do there, where it is expected.
    about: Option<String>,
}

impl AdditionVerdict {
    /// A code with its own severity.
    const fn new(code: FindingCode) -> Self {
        Self {
            code,
            severity: None,
            about: None,
        }
    }

    /// The work of a known controller.
    const fn expected(about: String) -> Self {
        Self {
            code: FindingCode::ControllerOwned,
            severity: None,
            about: Some(about),
        }
    }
}

impl Attributor<'_> {
    /// Adds what other managers own and the manifest does not ask for.
    pub(super) fn add_additions(&self, attributed: &mut Vec<Attributed>) {
        let mut others: Vec<&AttributedEntry<'_>> = self
            .entries
            .iter()
            .filter(|other| other.writer != Writer::Ours)
            .collect();
        // An addition that several managers own is the latest one's.
        others.sort_by_key(|other| std::cmp::Reverse(other.entry.time));
        let object = ComparedObject {
            shape: self.context.shape,
            desired: self.desired,
            live: &self.live.object,
        };
        let mut known: PathTree = attributed.iter().map(|known| &known.change.path).collect();
        for other in others {
            for addition in additions(
                other.entry,
                other.provenance,
                object,
                &self.lists,
                self.context.room,
            ) {
                // Helm owns it too: it was there by default when Helm wrote the object.
                let is_shared = || {
                    let owners = self.owners(&addition.path);
                    owners.iter().any(|owner| owner.writer == Writer::Ours)
                };
                if !self.context.work.affords(1) || known.overlaps(&addition.path) || is_shared() {
                    continue;
                }
                known.insert(&addition.path);
                let AdditionVerdict {
                    code,
                    severity,
                    about,
                } = self.addition_verdict(other, &addition.path);
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
                    actor: Some(actor(other.entry)),
                    about,
                    note: None,
                });
            }
        }
    }

    /// The verdict on a field that a manager added.
    fn addition_verdict(&self, other: &AttributedEntry<'_>, path: &FieldPath) -> AdditionVerdict {
        if is_restart(path) {
            return AdditionVerdict::new(FindingCode::Restarted);
        }
        if *path == self.replicas && self.is_autoscalers(other.entry) {
            return AdditionVerdict::expected(
                "chooses the replica count that the chart leaves open".to_owned(),
            );
        }
        if let Some(about) = self.expected(&other.entry.manager, path, self.mention_around(path)) {
            return AdditionVerdict::expected(about);
        }
        let is_metadata = path.keys().next() == Some("metadata");
        let severity = match other.writer {
            Writer::Program if is_metadata => Some(Severity::Info),
            Writer::Program | Writer::Person | Writer::OtherHelm | Writer::Ours => None,
        };
        AdditionVerdict {
            severity,
            ..AdditionVerdict::new(FindingCode::Added)
        }
    }

    /// How little the manifest says around a field that it does not name.
    fn mention_around(&self, path: &FieldPath) -> ManifestMention {
        let section = path.keys().next().and_then(|key| self.desired.get(key));
        if section.is_none_or(is_zero) {
            ManifestMention::SectionUnset
        } else {
            ManifestMention::Unset
        }
    }

    /// The replica count, if no manager owns it although owners of other fields are known.
    ///
    /// Two writes through `scale` leave no trace: zero, which that subresource leaves out (k8s.io/api:
    /// `autoscaling/v1/types.go`, `ScaleSpec`), and any number where nobody owned the field before (apimachinery:
    /// `managedfields/internal/skipnonapplied.go`, `Update`).
    pub(super) fn untraced_replicas(&self) -> Option<&Value> {
        let is_untraced = !self.entries.is_empty() && self.owners(&self.replicas).is_empty();
        field(&self.live.object, &self.replicas).filter(|_| is_untraced)
    }

    /// Adds a replica count that no manager owns, if the chart leaves it open and neither the server nor an autoscaler
    /// would choose it.
    pub(super) fn add_untraced_replicas(&self, attributed: &mut Vec<Attributed>) {
        let path = &self.replicas;
        let is_open = field(self.desired, path).is_none_or(Value::is_null);
        let is_known = attributed.iter().any(|known| known.change.path == *path);
        let (true, false, Some(live)) = (is_open, is_known, self.untraced_replicas()) else {
            return;
        };
        let is_autoscalers = match self.context.autoscaler {
            Autoscaler::None => false,
            Autoscaler::Targets => *live != 0,
            Autoscaler::TargetsToZero | Autoscaler::Unknown => true,
        };
        let is_servers = shape_at(self.context.shape, path)
            .and_then(Shape::default)
            .is_none_or(|default| default == live);
        if is_autoscalers || is_servers {
            return;
        }
        attributed.push(Attributed {
            change: Change {
                code: FindingCode::Added,
                path: path.clone(),
                pointer: pointer_to(path),
                previous: None,
                from_revision: None,
                desired: None,
                live: Some(live.clone()),
            },
            severity: None,
            actor: None,
            about: None,
            note: None,
        });
    }

    /// Adds a note for each writer in Helm's name that no difference names already.
    pub(super) fn note_other_helms(&self, attributed: &mut Vec<Attributed>) {
        // Only the time proves it: somebody's removal in the second after Helm ended leaves no entry of its own either.
        let is_proven = |other: &&AttributedEntry<'_>| {
            let time = other.entry.time;
            other.writer == Writer::OtherHelm
                && time.is_some_and(|time| self.context.operations.rules_out(time))
        };
        let proven = self.entries.iter().filter(is_proven);
        let proven: Vec<Actor> = proven.map(|other| actor(other.entry)).collect();
        let mut known: HashSet<&Actor> = attributed
            .iter()
            .filter_map(|known| known.actor.as_ref())
            .collect();
        let unnamed: Vec<&Actor> = proven.iter().filter(|actor| known.insert(actor)).collect();
        for actor in unnamed.into_iter().filter(|_| self.context.room.take(0)) {
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
                actor: Some(actor.clone()),
                about: None,
                note: None,
            });
        }
    }
}
