//! Paths without secrets, and values by the place that a path leads to.
//!
//! A path can hold secrets: a member of a set is a value, and so are the keys of a list; a map may have secrets for
//! keys. They are hidden by the rules that hold for values, and a number keeps two places of one object apart:
//! `/spec/tokens[=(redacted 1)]`. The numbers follow the order of the paths without the hidden parts, and for paths that
//! are alike then the order of the object, so that they say nothing about the secrets and are the same for the same
//! object.
//!
//! What stands beside a value decides about it, too, and a path does not show that. So the versions of the object are
//! followed along each path. Elements of keyed lists are found through an index, since every element of a long list may
//! have changed.

use std::collections::HashMap;

use serde_json::Value;

use super::names::Sensitivity;
use super::place::{Fields, Place};
use super::{Extent, Hidden, Redaction, arguments};
use crate::compare::path::{FieldPath, HiddenPart, Segment};
use crate::object::Gvk;

/// What a report shows of one path and of the values there.
pub struct FieldRedaction<'r> {
    redaction: &'r Redaction,
    place: Place,
    hidden: Vec<HiddenPart>,
    /// The command whose arguments stand at the path.
    command: Vec<String>,
}

impl Redaction {
    /// What a report shows of each of these paths into one object, whose versions are given.
    pub fn fields<'r, 'p>(
        &'r self,
        gvk: &Gvk,
        versions: &[&Value],
        paths: impl IntoIterator<Item = &'p FieldPath>,
    ) -> Vec<FieldRedaction<'r>> {
        let paths: Vec<&FieldPath> = paths.into_iter().collect();
        let mut walk = Walk {
            redaction: self,
            elements: HashMap::new(),
            secret_keys: HashMap::new(),
        };
        let root = self.root(gvk);
        let mut fields: Vec<FieldRedaction<'r>> = paths
            .iter()
            .map(|path| walk.field(root, versions, path))
            .collect();
        number(&paths, &mut fields);
        fields
    }

    /// What a path shows of an object of which nothing else is known, such as the one in a rule of the settings.
    pub fn shown_path(&self, path: &FieldPath) -> String {
        let fields = self.fields(&Gvk::new("", ""), &[], [path]);
        fields.first().map(|field| field.path(path)).unwrap_or_default()
    }
}

impl FieldRedaction<'_> {
    /// The path without secrets.
    pub fn path(&self, path: &FieldPath) -> String {
        path.without(&self.hidden)
    }

    /// An RFC 6901 pointer along the path, without secrets. It leads nowhere if it had any.
    pub fn pointer(&self, pointer: &str) -> String {
        let hidden = |step| {
            let part = self
                .hidden
                .iter()
                .find(|part| part.step == step && part.key.is_none());
            part.map(|part| part.token.as_str())
        };
        let mut tokens = pointer.split('/');
        let mut shown = tokens.next().unwrap_or_default().to_owned();
        for (step, token) in tokens.enumerate() {
            // The position of an element in a list is no secret.
            let is_position = token == "-" || token.bytes().all(|byte| byte.is_ascii_digit());
            shown.push('/');
            shown.push_str(hidden(step).filter(|_| !is_position).unwrap_or(token));
        }
        shown
    }

    /// Whether a part of the path is hidden.
    pub fn is_path_hidden(&self) -> bool {
        !self.hidden.is_empty()
    }

    /// The value at the path in one version, without what must not be shown.
    pub fn value(&self, value: &Value) -> (Value, Hidden) {
        self.redaction.shown(self.place, &self.command, value)
    }
}

/// Gives the hidden parts of all paths their numbers.
fn number(paths: &[&FieldPath], fields: &mut [FieldRedaction<'_>]) {
    let mut order: Vec<(String, usize)> = (0..fields.len())
        .filter(|&at| fields[at].is_path_hidden())
        .map(|at| (fields[at].path(paths[at]), at))
        .collect();
    order.sort();
    let mut numbers: HashMap<&[Segment], usize> = HashMap::new();
    for (_, at) in order {
        let steps = paths[at].segments();
        for part in &mut fields[at].hidden {
            let next = numbers.len() + 1;
            let number = steps
                .get(..=part.step)
                .map_or(next, |steps| *numbers.entry(steps).or_insert(next));
            part.token = format!("(redacted {number})");
        }
    }
}

/// The keys of a list's elements, and the positions that they lead to.
type Positions<'v> = HashMap<Vec<&'v Value>, usize>;

/// Follows paths through the versions of an object.
struct Walk<'r, 'v> {
    redaction: &'r Redaction,
    /// By the address of a list, and the names of the keys.
    elements: HashMap<(usize, Vec<String>), Positions<'v>>,
    /// Whether a key is a secret, by the name that it is under: paths into one object share most of their keys.
    secret_keys: HashMap<(Sensitivity, &'v str), bool>,
}

impl<'r, 'v> Walk<'r, 'v> {
    fn field(&mut self, root: Place, versions: &[&'v Value], path: &'v FieldPath) -> FieldRedaction<'r> {
        let mut place = root;
        let mut values: Vec<&'v Value> = versions.to_vec();
        let mut keys: Option<&Vec<(String, Value)>> = None;
        let mut hidden = Vec::new();
        let mut command = Vec::new();
        let mut hide = |step, key| {
            hidden.push(HiddenPart {
                step,
                key,
                token: super::HIDDEN.to_owned(),
            });
        };
        for (step, segment) in path.segments().iter().enumerate() {
            match segment {
                Segment::Key(key) => {
                    let mut fields: Vec<&dyn Fields> = keys.iter().map(|keys| *keys as &dyn Fields).collect();
                    let objects = values.iter().filter_map(|value| value.as_object());
                    fields.extend(objects.map(|object| object as &dyn Fields));
                    if key == "args" {
                        command = fields
                            .iter()
                            .map(|fields| fields.words("command"))
                            .max_by_key(Vec::len)
                            .unwrap_or_default();
                    }
                    if self.is_secret_key(place.name, key) {
                        hide(step, None);
                    }
                    place = self.redaction.field_at(place, &fields, key);
                    values = values.iter().filter_map(|value| value.get(key)).collect();
                    keys = None;
                }
                Segment::Index(index) => {
                    place = place.all_if(values.iter().any(|value| self.is_paired(value, *index)));
                    values = values.iter().filter_map(|value| value.get(*index)).collect();
                }
                Segment::Match(pairs) => {
                    let object = self.redaction.object_at(place, &[pairs]);
                    for (position, (key, value)) in pairs.iter().enumerate() {
                        let own = object.field(key, self.redaction.sensitivity(key));
                        if self.is_hidden(own, value) {
                            hide(step, Some(position));
                        }
                    }
                    values = values
                        .iter()
                        .filter_map(|value| self.element(value, pairs))
                        .collect();
                    keys = Some(pairs);
                }
                Segment::Member(member) => {
                    if self.is_hidden(place, member) {
                        hide(step, None);
                    }
                    values.clear();
                }
            }
        }
        FieldRedaction {
            redaction: self.redaction,
            place,
            hidden,
            command,
        }
    }

    fn is_secret_key(&mut self, outer: Sensitivity, key: &'v str) -> bool {
        *self
            .secret_keys
            .entry((outer, key))
            .or_insert_with(|| self.redaction.is_secret_key_under(outer, key))
    }

    /// Whether an element is the value of a pair whose first element names a secret.
    fn is_paired(&self, list: &Value, index: usize) -> bool {
        let items = list.as_array().filter(|items| items.len() == 2);
        items.is_some_and(|items| {
            arguments::secrets(items, &[], &|name| self.redaction.sensitivity(name))
                .get(index)
                .is_some_and(|is_secret| *is_secret)
        })
    }

    fn is_hidden(&self, place: Place, value: &Value) -> bool {
        match value {
            // Sets and keys hold scalars only; whatever else stands there is shown only if nothing in it is hidden.
            Value::Object(_) | Value::Array(_) => self.redaction.shown(place, &[], value).1 == Hidden::Partly,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                !matches!(self.redaction.extent(place, value), Extent::Nothing)
            }
        }
    }

    /// The last element of a list that has these keys.
    fn element(&mut self, list: &'v Value, keys: &[(String, Value)]) -> Option<&'v Value> {
        let items = list.as_array()?;
        let names: Vec<String> = keys.iter().map(|(name, _)| name.clone()).collect();
        let address = std::ptr::from_ref(list).addr();
        let positions = self
            .elements
            .entry((address, names))
            .or_insert_with_key(|(_, names)| {
                let of = |item: &'v Value| {
                    names
                        .iter()
                        .map(|name| item.get(name).unwrap_or(&Value::Null))
                        .collect()
                };
                items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| (of(item), at))
                    .collect()
            });
        let wanted: Vec<&Value> = keys.iter().map(|(_, value)| value).collect();
        positions.get(wanted.as_slice()).and_then(|&at| items.get(at))
    }
}
