//! The request that Helm sends about one object, for a dry run of it.
//!
//! Client-side apply creates what is not there, and patches what is (Helm: `pkg/kube/client.go`, `createResource`,
//! `patchResourceClientSide`); server-side apply sends the manifest's object in either case (`patchResourceServerSide`),
//! strictly, as Helm 4 does by default.

use serde_json::{Map, Number, Value};

use super::Transition;
use crate::apply::client_side::{self, PatchKind, Patched};
use crate::apply::{Method, OnConflict};
use crate::classify::helm_write::{Documents, HELM};
use crate::classify::subject::Visibility;
use crate::compare::managed_fields::{Live, Operation};
use crate::compare::work::Work;
use crate::policy::redact::{Redaction, Replace};
use crate::source::{ApplyOptions, DryRun, DryRunWrite, OwnedFields, UnknownFields};

/// What Helm sends about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HelmRequest {
    /// Nothing.
    Nothing,
    /// This.
    Sent(SentRequest),
    /// No dry run can be made of it, for this reason.
    NotAsked(String),
}

impl HelmRequest {
    /// What it takes as text.
    pub const fn bytes(&self) -> usize {
        match self {
            Self::Sent(sent) => sent.dry_run.body.len(),
            Self::Nothing | Self::NotAsked(_) => 0,
        }
    }
}

/// A request that a dry run stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentRequest {
    /// The dry run. Whoever makes it takes its body.
    pub dry_run: DryRun,
    /// Whether it shows that others own fields which Helm would write.
    pub owners: Owners,
    /// What the API server's words about it may not have in them.
    pub hidden: HiddenWords,
}

/// Whether a dry run fails where others own fields that Helm would write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owners {
    /// It does, where Helm's own request does.
    Asked,
    /// It passes over them: Helm first makes its own what it wrote by client-side apply, which a dry run cannot show.
    PassedOver,
}

/// What the API server's words about an object may not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HiddenWords {
    /// All of them are hidden.
    All,
    /// They are hidden where one of these values is in them.
    With(Vec<String>),
}

/// Why no dry run is made where Helm's own computation fails.
const FAILS_BEFORE: &str = "Helm fails at it before it sends anything";

/// The least length of a hidden value's line that is looked for in words.
const SHORTEST_LINE: usize = 4;

/// The request by which Helm creates or writes an object.
pub(super) fn of(
    transition: &Transition<'_>,
    documents: &Documents<'_>,
    live: Option<&Live<'_>>,
    redaction: &Redaction,
    work: &Work,
) -> HelmRequest {
    let request = documents.ask(transition.method, live, work, |write| {
        let Some(new) = write.new else {
            return Ok(None);
        };
        let apply = |owned| {
            let options = ApplyOptions {
                owned,
                unknown: UnknownFields::Refuse,
            };
            Ok(Some((DryRunWrite::Apply(options), encoded(new))))
        };
        match (write.method, live) {
            (Method::ClientSide, None) => Ok(Some((DryRunWrite::Create, encoded(new)))),
            (Method::ClientSide, Some(live)) => {
                match client_side::patch(write.gvk, write.old, new, &live.object, write.work) {
                    Patched::Nothing => Ok(None),
                    Patched::Sent { kind, patch, .. } => {
                        let kind = match kind {
                            PatchKind::Strategic => DryRunWrite::StrategicMerge,
                            PatchKind::JsonMerge => DryRunWrite::JsonMerge,
                        };
                        Ok(Some((kind, encoded(&patch))))
                    }
                    Patched::Refused(_) => Err(FAILS_BEFORE.to_owned()),
                    Patched::Unknown(reason) => Err(reason.into_owned()),
                }
            }
            (Method::ServerSide(OnConflict::Force) | Method::ToServerSide(OnConflict::Force), _) => {
                apply(OwnedFields::TakeOver)
            }
            (Method::ToServerSide(OnConflict::Fail), Some(live)) if takes_over(live, write.manager) => {
                apply(OwnedFields::TakeOver)
            }
            (Method::ServerSide(OnConflict::Fail) | Method::ToServerSide(OnConflict::Fail), _) => {
                apply(OwnedFields::Refuse)
            }
        }
    });
    let (write, body) = match request {
        Ok(Ok(Some(request))) => request,
        Ok(Ok(None)) => return HelmRequest::Nothing,
        Ok(Err(reason)) => return HelmRequest::NotAsked(redaction.shown_text(&reason)),
        Err(reason) => return HelmRequest::NotAsked(reason.to_owned()),
    };
    let is_passed_over = match (transition.method, write) {
        (Method::ServerSide(OnConflict::Fail) | Method::ToServerSide(OnConflict::Fail), write) => match write
        {
            DryRunWrite::Apply(options) => options.owned == OwnedFields::TakeOver,
            DryRunWrite::Create | DryRunWrite::StrategicMerge | DryRunWrite::JsonMerge => false,
        },
        (
            Method::ClientSide
            | Method::ServerSide(OnConflict::Force)
            | Method::ToServerSide(OnConflict::Force),
            _,
        ) => false,
    };
    HelmRequest::Sent(SentRequest {
        owners: if is_passed_over {
            Owners::PassedOver
        } else {
            Owners::Asked
        },
        hidden: HiddenWords::of(transition, documents.to, live, redaction),
        dry_run: DryRun {
            write,
            manager: if documents.manager.is_empty() {
                HELM.to_owned()
            } else {
                documents.manager.to_owned()
            },
            body,
        },
    })
}

/// Whether Helm first makes fields its own that it wrote by client-side apply (client-go: `util/csaupgrade/upgrade.go`).
fn takes_over(live: &Live<'_>, manager: &str) -> bool {
    live.managed.iter().any(|entry| {
        entry.operation == Operation::Update && entry.subresource.is_empty() && entry.manager == manager
    })
}

/// A value as Go writes it, to which `1.0` is `1`.
fn encoded(value: &Value) -> Vec<u8> {
    whole_numbers(value).to_string().into_bytes()
}

fn whole_numbers(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => {
            let whole = number.as_f64().and_then(client_side::whole);
            Value::Number(whole.map_or_else(|| number.clone(), Number::from))
        }
        Value::Array(items) => Value::Array(items.iter().map(whole_numbers).collect()),
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, field)| (name.clone(), whole_numbers(field)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

impl HiddenWords {
    /// Of a Secret, and of an object whose values are hidden, nothing that quotes it is shown.
    fn of(transition: &Transition<'_>, to: &str, live: Option<&Live<'_>>, redaction: &Redaction) -> Self {
        let gvk = &transition.key.gvk;
        if gvk.is_secret() || transition.values == Visibility::Hidden {
            return Self::All;
        }
        let mut hidden = Collected::default();
        let to = serde_json::from_str(to).unwrap_or(Value::Null);
        for version in [Some(to), live.map(|live| live.object.clone())] {
            let Some(mut version) = version else { continue };
            redaction.hide_object(gvk, &mut version, &mut hidden);
        }
        Self::With(hidden.0)
    }

    /// The API server's words about the object, as far as they may be used.
    pub fn without(&self, words: String) -> Option<String> {
        match self {
            Self::All => None,
            Self::With(values) => (!values.iter().any(|value| words.contains(value))).then_some(words),
        }
    }
}

/// The texts of hidden values.
#[derive(Default)]
struct Collected(Vec<String>);

impl Collected {
    fn add(&mut self, text: &str) {
        let is_one_line = !text.trim().contains('\n');
        let lines = text.lines().map(str::trim);
        let told = lines.filter(|line| !line.is_empty() && (is_one_line || line.len() >= SHORTEST_LINE));
        self.0.extend(told.map(str::to_owned));
    }

    fn add_value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add(text),
            Value::Number(number) => self.add(&number.to_string()),
            Value::Array(items) => items.iter().for_each(|item| self.add_value(item)),
            Value::Object(fields) => fields.values().for_each(|field| self.add_value(field)),
            Value::Null | Value::Bool(_) => {}
        }
    }
}

impl Replace for Collected {
    fn value(&mut self, value: &mut Value) {
        self.add_value(value);
    }

    fn part(&mut self, part: &str) -> String {
        self.add(part);
        part.to_owned()
    }
}
