//! Who is claimed to have made each difference, and what it is called in the light of that.
//!
//! The comparison knows values only. Managed fields say who wrote them, and the release's records say when this
//! release's Helm was at work ([`Operations`]); together they tell a person's change from an autoscaler's, from an
//! admission webhook's and from another Helm's. Managers are claims and can be forged, so they only ever choose
//! between codes: nothing is left out because of a name.

mod writers;

use chrono::{DateTime, Utc};
use serde_json::Value;

use self::writers::{Moment, Writer, Written, writers};
use super::next_upgrade;
use crate::compare::additions::additions;
use crate::compare::managed_fields::{Entry, Live, Operation};
use crate::compare::path::{FieldPath, Segment};
use crate::compare::quantity::Quantity;
use crate::compare::shapes::shape_at;
use crate::compare::three_way::Change;
use crate::model::Actor;
use crate::object::Gvk;
use crate::policy::managers::{Managers, ManifestMention};
use crate::release::operations::Operations;
use crate::release::stored::Status;
use crate::types::{Shape, is_zero};
use crate::vocabulary::{ApplyMethod, FindingCode, NextUpgrade, Severity};

/// The annotation that `kubectl rollout restart` leaves in a template (kubectl: `pkg/polymorphichelpers/objectrestarter.go`).
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// Whether an autoscaler targets an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Autoscaler {
    /// One does, and keeps at least one replica.
    Targets,
    /// One does, and may leave none.
    TargetsToZero,
    /// None does.
    None,
    /// The autoscalers could not be read.
    Unknown,
}

/// What is needed to know of an object beside its values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) gvk: &'a Gvk,
    pub(super) shape: Option<Shape<'a>>,
    pub(super) method: ApplyMethod,
    pub(super) operations: &'a Operations,
    pub(super) autoscaler: Autoscaler,
    pub(super) managers: &'a Managers,
}

/// A difference with what is known of its origin.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attributed {
    pub(super) change: Change,
    /// A lower severity than that of the code.
    pub(super) severity: Option<Severity>,
    pub(super) actor: Option<Actor>,
    pub(super) next_upgrade: NextUpgrade,
    /// What the manager is known to do there, where it is expected.
    pub(super) about: Option<String>,
}

/// The managed fields of one object, read with knowledge of its release.
pub(super) struct Attribution<'a> {
    context: Context<'a>,
    desired: &'a Value,
    live: &'a Live<'a>,
    written: Vec<Written<'a>>,
}

impl<'a> Attribution<'a> {
    pub(super) fn new(context: Context<'a>, desired: &'a Value, live: &'a Live<'a>) -> Self {
        Self {
            context,
            desired,
            live,
            written: writers(&context, live),
        }
    }

    /// Names the origin of every change, and adds what others put beside the manifest.
    pub(super) fn attribute(&self, changes: Vec<Change>) -> Vec<Attributed> {
        let mut attributed: Vec<Attributed> = changes
            .into_iter()
            .filter_map(|change| self.origin(change))
            .collect();
        self.add(&mut attributed);
        self.add_untraced_replicas(&mut attributed);
        self.note_strangers(&mut attributed);
        next_upgrade::settle(self.context.method, &mut attributed);
        attributed
    }

    /// The origin of a value that differs from the manifest's; `None` where it turns out that nothing does.
    fn origin(&self, mut change: Change) -> Option<Attributed> {
        let owners = || self.owners(&change.path);
        let ours = owners().find(|written| written.writer == Writer::Ours);
        let other = latest(owners().filter(|written| written.writer != Writer::Ours));
        let named = |written: &Written<'_>| actor(written.entry);
        let mut actor = other.or(ours).map(named);
        let mut about = None;
        let rewritable = matches!(change.code, FindingCode::Changed | FindingCode::NotApplied);
        match (change.code, &change.live) {
            (FindingCode::Removed, None) if ours.is_some() => {
                // A removal takes the ownership with it. Helm still owns the field, so the server dropped it.
                if change.desired.as_ref().is_some_and(is_zero) {
                    return None;
                }
                change.code = FindingCode::MutatedAtAdmission;
            }
            // Of what goes missing in a value that is owned as a whole, the owner of the whole is known.
            (_, None) => actor = other.map(named),
            (_, Some(_)) if rewritable => {
                if let Some((code, sentence)) = self.special(&change, other) {
                    change.code = code;
                    about = sentence;
                } else if let Some(other) = other {
                    if other.writer == Writer::Stranger {
                        change.code = FindingCode::Overwritten;
                    }
                } else if let Some(ours) = ours
                    && ours.moment == Moment::PerhapsAfter
                {
                    // Only the owner can change a value and leave no other entry.
                    change.code = FindingCode::Overwritten;
                } else if let Some(ours) = ours
                    && change.code != FindingCode::NotApplied
                    && self.was_completed(ours.entry.time)
                {
                    change.code = FindingCode::MutatedAtAdmission;
                }
            }
            (_, Some(_)) => {}
        }
        let next_upgrade = next_upgrade::predict(
            self.context.method,
            self.context.gvk,
            &change,
            self.claim(&change),
        );
        Some(Attributed {
            change,
            severity: None,
            actor,
            next_upgrade,
            about,
        })
    }

    /// The changes that have a name of their own, by who made them and where.
    fn special(&self, change: &Change, other: Option<&Written<'_>>) -> Option<(FindingCode, Option<String>)> {
        if is_restart(&change.path) {
            return Some((FindingCode::Restarted, None));
        }
        if is_replicas(&change.path)
            && self.context.autoscaler == Autoscaler::TargetsToZero
            && self.untraced_replicas() == Some(&Value::from(0))
        {
            return Some((FindingCode::Autoscaled, None));
        }
        if let Some(other) = other
            && is_replicas(&change.path)
            && other.entry.subresource == "scale"
            && self.context.managers.is_autoscaler(&other.entry.manager)
            && self.context.autoscaler != Autoscaler::None
        {
            return Some((FindingCode::Autoscaled, None));
        }
        if is_grown_claim(self.context.gvk, change)
            && other.is_none_or(|other| other.writer == Writer::Program)
        {
            return Some((FindingCode::Resized, None));
        }
        let manager = other.map_or("", |other| other.entry.manager.as_str());
        if other.is_none() && !self.written.is_empty() {
            return None;
        }
        let asked = change.desired.as_ref().map_or(ManifestMention::Unset, |desired| {
            if is_placeholder(&change.path, desired) {
                ManifestMention::Unset
            } else {
                ManifestMention::Set
            }
        });
        self.expected(manager, &change.path, asked)
            .map(|about| (FindingCode::ControllerOwned, Some(about)))
    }

    fn expected(&self, manager: &str, path: &FieldPath, asked: ManifestMention) -> Option<String> {
        let kind = self.context.gvk.kind.as_str();
        let about = self.context.managers.expects(manager, kind, path, asked)?;
        Some(about.to_owned())
    }

    /// What other managers own and the manifest does not ask for.
    fn add(&self, attributed: &mut Vec<Attributed>) {
        let mut others: Vec<&Written<'_>> = self
            .written
            .iter()
            .filter(|written| written.writer != Writer::Ours)
            .collect();
        // What several own is the latest one's.
        others.sort_by_key(|written| std::cmp::Reverse(written.entry.time));
        for written in others {
            let found = additions(
                written.entry,
                written.standing,
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
                let (code, severity, about) = self.addition(written, &addition.path);
                let next_upgrade =
                    next_upgrade::of_addition(self.context.method, self.context.gvk, &addition);
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

    fn addition(
        &self,
        written: &Written<'_>,
        path: &FieldPath,
    ) -> (FindingCode, Option<Severity>, Option<String>) {
        let manager = written.entry.manager.as_str();
        if is_restart(path) {
            return (FindingCode::Restarted, None, None);
        }
        if is_replicas(path)
            && written.entry.subresource == "scale"
            && self.context.managers.is_autoscaler(manager)
            && self.context.autoscaler != Autoscaler::None
        {
            let about = "chooses the replica count that the chart leaves open";
            return (FindingCode::ControllerOwned, None, Some(about.to_owned()));
        }
        if let Some(about) = self.expected(manager, path, self.asked(path)) {
            return (FindingCode::ControllerOwned, None, Some(about));
        }
        let is_metadata = path.keys().next() == Some("metadata");
        let severity = match written.writer {
            Writer::Program if is_metadata => Some(Severity::Info),
            Writer::Program | Writer::Person | Writer::Stranger | Writer::Ours => None,
        };
        (FindingCode::Added, severity, None)
    }

    /// The replica count, where nobody owns it although owners of other fields are known.
    ///
    /// Two writes through `scale` leave no trace: zero, which that subresource leaves out (k8s.io/api:
    /// `autoscaling/v1/types.go`, `ScaleSpec`), and any number where nobody owned the field before (apimachinery:
    /// `managedfields/internal/skipnonapplied.go`, `Update`).
    fn untraced_replicas(&self) -> Option<&Value> {
        let path = FieldPath::root().key("spec").key("replicas");
        let is_untraced = !self.written.is_empty() && self.owners(&path).next().is_none();
        self.live.object.pointer("/spec/replicas").filter(|_| is_untraced)
    }

    /// A replica count that nobody owns, the chart leaves open, and neither the server nor an autoscaler would choose.
    fn add_untraced_replicas(&self, attributed: &mut Vec<Attributed>) {
        let path = FieldPath::root().key("spec").key("replicas");
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
        let place = shape_at(self.context.shape, &path);
        let is_servers = place
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

    /// How little the manifest says around a place that it does not name.
    fn asked(&self, path: &FieldPath) -> ManifestMention {
        let section = path.keys().next().and_then(|key| self.desired.get(key));
        if section.is_none_or(is_zero) {
            ManifestMention::SectionUnset
        } else {
            ManifestMention::Unset
        }
    }

    /// Says of writers in Helm's name that they were here, where no difference says it already.
    fn note_strangers(&self, attributed: &mut Vec<Attributed>) {
        // Only the time proves it: somebody's removal in the second after Helm ended leaves no entry of its own either.
        let is_proven = |written: &&Written<'_>| {
            let time = written.entry.time;
            written.writer == Writer::Stranger
                && time.is_some_and(|time| self.context.operations.rules_out(time))
        };
        for written in self.written.iter().filter(is_proven) {
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

    fn owners<'s>(&'s self, path: &'s FieldPath) -> impl Iterator<Item = &'s Written<'a>> {
        self.written
            .iter()
            .filter(move |written| written.entry.owns(path, self.context.shape))
    }

    /// Who stands in the way of a server-side apply of a difference.
    fn claim(&self, change: &Change) -> next_upgrade::Claim {
        let path = &change.path;
        // The API server tells managers by name and operation, not by who they are: what a stranger applied in
        // Helm's name is Helm's to apply over.
        let is_applier = |written: &Written<'_>| {
            matches!(written.writer, Writer::Ours | Writer::Stranger)
                && written.entry.operation == Operation::Apply
        };
        // A Secret's `stringData` is applied under its own name, and meets nobody's claim on `data`.
        let plain = match path.segments() {
            [Segment::Key(data), Segment::Key(key)]
                if data == "data" && self.context.gvk.kind == "Secret" =>
            {
                Some(FieldPath::root().key("stringData").key(key))
            }
            _ => None,
        };
        let is_plain = plain.is_some_and(|path| self.owners(&path).any(is_applier));
        // Of an object without managed fields the API server makes `before-first-apply` the owner of everything
        // (apimachinery: `managedfields/internal/skipnonapplied.go`, `Apply`).
        let is_unmanaged = self.live.managed.is_empty() && change.live.is_some();
        if is_unmanaged || !is_plain && self.owners(path).any(|owner| !is_applier(owner)) {
            next_upgrade::Claim::Others
        } else if self.owners(path).any(is_applier) {
            next_upgrade::Claim::Helm
        } else {
            next_upgrade::Claim::Nobody
        }
    }

    /// Whether the write belongs to an operation that was completed: then Helm wrote what its manifest says, and
    /// another value is admission's. What a failed operation wrote may simply have stayed.
    fn was_completed(&self, time: Option<DateTime<Utc>>) -> bool {
        let outcome = time.and_then(|time| self.context.operations.outcome_at(time));
        match outcome {
            Some(Status::Failed) => false,
            Some(
                Status::Deployed
                | Status::Superseded
                | Status::Unknown
                | Status::Uninstalled
                | Status::Uninstalling
                | Status::PendingInstall
                | Status::PendingUpgrade
                | Status::PendingRollback,
            )
            | None => true,
        }
    }
}

/// Whether a claim asks for more than the manifest: sizes only grow, by people or by programs that resize.
pub(super) fn is_grown_claim(gvk: &Gvk, change: &Change) -> bool {
    let path: Vec<&str> = change.path.keys().collect();
    let is_size = match gvk.kind.as_str() {
        "PersistentVolumeClaim" => path == ["spec", "resources", "requests", "storage"],
        _ => false,
    };
    let text = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
    is_size
        && match (text(&change.desired), text(&change.live)) {
            (Some(desired), Some(live)) => Quantity::parse(&live) > Quantity::parse(&desired),
            _ => false,
        }
}

fn latest<'w, 'a>(owners: impl Iterator<Item = &'w Written<'a>>) -> Option<&'w Written<'a>>
where
    'a: 'w,
{
    owners.max_by_key(|written| written.entry.time)
}

/// Who an entry says wrote.
pub(super) fn actor(entry: &Entry<'_>) -> Actor {
    Actor {
        manager: entry.manager.clone(),
        operation: entry.operation.as_str().to_owned(),
        subresource: (!entry.subresource.is_empty()).then(|| entry.subresource.clone()),
        time: entry.time,
    }
}

fn is_restart(path: &FieldPath) -> bool {
    path.keys().next_back() == Some(RESTARTED_AT) && path.keys().next() == Some("spec")
}

fn is_replicas(path: &FieldPath) -> bool {
    path.keys().eq(["spec", "replicas"])
}

/// Whether a chart's value only holds a place: a certificate authority that is no certificate.
fn is_placeholder(path: &FieldPath, desired: &Value) -> bool {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    match desired {
        Value::String(text) if path.keys().next_back() == Some("caBundle") => STANDARD
            .decode(text.trim())
            .is_ok_and(|bytes| !String::from_utf8_lossy(&bytes).contains("BEGIN CERTIFICATE")),
        other => is_zero(other),
    }
}

#[cfg(test)]
mod tests;
