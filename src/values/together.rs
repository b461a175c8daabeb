//! Texts that several keys make together, of which more than one has to change: an image with another repository and
//! another tag.
//!
//! The keys are set at once, by the map that holds all of them.

use serde_json::{Map, Value};

use super::Suggestion;
use super::question::Question;
use super::scalar::cast;
use super::solve::{Texts, shows_key};
use super::tree;
use crate::template::key::Key;

/// The most values that a text is made of.
const MAX_VALUES: usize = 6;
/// The most steps in which a text is parted.
const MAX_STEPS: usize = 1_000;
/// The most ways that are tried.
const MAX_TRIED: usize = 3;

/// A part of a text that a key shows.
#[derive(Clone, Copy)]
struct Part<'t> {
    key: &'t Key,
    /// What it showed.
    was: &'t str,
    /// What it has to show.
    shows: &'t str,
}

/// The keys that make a text another one together. `None` where no map holds them, or where they do not give it.
pub(super) fn suggestion(question: Question<'_>, texts: &Texts<'_>) -> Option<Suggestion> {
    ways(texts).iter().take(MAX_TRIED).find_map(|way| {
        let (key, value) = assignment(question, way)?;
        question.verified(&key, value).ok()
    })
}

/// The innermost map that holds all keys which have to change, and what has to be set in it.
fn assignment(question: Question<'_>, way: &[Part<'_>]) -> Option<(Key, Value)> {
    let changed = || way.iter().filter(|part| part.was != part.shows);
    let mut map = changed().next()?.key.parent()?;
    while !changed().all(|part| below(part.key, map).is_some()) {
        map = map.parent()?;
    }
    if map.is_root() {
        return None;
    }
    // A map in a list is given as a whole, as the list is.
    let is_in_list = tree::list_of(map).is_some();
    let mut value = match question.current(map).filter(|_| is_in_list) {
        Some(current) => current.clone(),
        None => Value::Object(Map::new()),
    };
    for part in changed() {
        let shows = cast(part.shows, question.current(part.key), &Value::Null);
        tree::set(&mut value, &below(part.key, map)?, shows);
    }
    Some((map.clone(), value))
}

/// A key as it is seen from a map; `None` where the map does not hold it.
fn below(key: &Key, map: &Key) -> Option<Key> {
    let steps = key.steps();
    let steps = steps.strip_prefix(&map.steps()[..])?;
    let steps = steps.iter().copied().cloned();
    Some(steps.fold(Key::root(), |key, step| key.join(step)))
}

/// The ways to part a text among the values that make it, those first that leave most as it is.
fn ways<'t>(texts: &'t Texts<'_>) -> Vec<Vec<Part<'t>>> {
    let mut pieces: Vec<Piece<'t>> = Vec::new();
    let mut values = 0;
    let shown = texts.pieces.iter().zip(&texts.shown);
    for (piece, text) in shown.filter(|(_, text)| !text.is_empty()) {
        match shows_key(piece).filter(|_| piece.is_whole) {
            Some(key) => {
                values += 1;
                pieces.push(Piece::Value { key, was: text });
            }
            None => pieces.push(Piece::Fixed(text)),
        }
    }
    if !(2..=MAX_VALUES).contains(&values) {
        return Vec::new();
    }
    let mut ways = Ways {
        all: Vec::new(),
        steps: MAX_STEPS,
    };
    ways.part(&pieces, &texts.wanted, &mut Vec::new());
    let mut ways = ways.all;
    ways.sort_by_key(|way| strangeness(way));
    ways
}

/// How many values have more or fewer separators than before, and how many change: a registry stays without a slash.
fn strangeness(way: &[Part<'_>]) -> (usize, usize) {
    let separators = |text: &str| text.matches(['/', ':', '@']).count();
    let others = way
        .iter()
        .map(|part| separators(part.was).abs_diff(separators(part.shows)));
    let changed = way.iter().filter(|part| part.was != part.shows);
    (others.sum(), changed.count())
}

/// A piece of a text.
enum Piece<'t> {
    /// It stays.
    Fixed(&'t str),
    /// A key shows it.
    Value { key: &'t Key, was: &'t str },
}

/// The ways that were found.
struct Ways<'t> {
    all: Vec<Vec<Part<'t>>>,
    /// How many steps are left.
    steps: usize,
}

impl<'t> Ways<'t> {
    /// Parts the rest of a text among these pieces. What stands behind a value is looked for from the end: a tag has no
    /// colon in it, and a repository may have one.
    fn part(&mut self, pieces: &[Piece<'t>], rest: &'t str, way: &mut Vec<Part<'t>>) {
        let Some(steps) = self.steps.checked_sub(1) else {
            return;
        };
        self.steps = steps;
        let Some((piece, pieces)) = pieces.split_first() else {
            if rest.is_empty() {
                self.all.push(way.clone());
            }
            return;
        };
        match piece {
            Piece::Fixed(text) => {
                if let Some(rest) = rest.strip_prefix(text) {
                    self.part(pieces, rest, way);
                }
            }
            Piece::Value { key, was } => {
                let ends: Vec<usize> = match pieces.first() {
                    None => vec![rest.len()],
                    Some(Piece::Fixed(next)) => rest.rmatch_indices(next).map(|(at, _)| at).collect(),
                    // Nothing says where one value ends and the next one begins.
                    Some(Piece::Value { .. }) => Vec::new(),
                };
                for end in ends {
                    let Some((shows, rest)) = rest.split_at_checked(end) else {
                        continue;
                    };
                    let is_other = |part: &Part<'_>| part.key == *key && part.shows != shows;
                    if !shows.is_empty() && !way.iter().any(is_other) {
                        way.push(Part { key, was, shows });
                        self.part(pieces, rest, way);
                        way.pop();
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Reason;
    use super::super::tests::{Release, refused, set, verified};

    /// `kubectl set image` with another repository and another tag.
    #[test]
    fn an_image_of_which_several_parts_changed_is_kept_by_the_map_of_its_parts() {
        let three = "{{ .Values.image.registry }}/{{ .Values.image.repository }}:{{ .Values.image.tag }}";
        let two = "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}";
        let default =
            json!({"image": {"registry": "docker.io", "repository": "library/nginx", "tag": "1.25"}});
        for (text, values, was, is, value) in [
            (
                three,
                &default,
                "docker.io/library/nginx:1.25",
                "docker.io/bitnami/nginx:1.27",
                json!({"repository": "bitnami/nginx", "tag": "1.27"}),
            ),
            (
                three,
                &default,
                "docker.io/library/nginx:1.25",
                "quay.io/org/nginx:1.27",
                json!({"registry": "quay.io", "repository": "org/nginx", "tag": "1.27"}),
            ),
            (
                three,
                &default,
                "docker.io/library/nginx:1.25",
                "localhost:5000/library/nginx:1.27",
                json!({"registry": "localhost:5000", "tag": "1.27"}),
            ),
            (
                two,
                &json!({"image": {"repository": "nginx", "tag": "1.25"}}),
                "nginx:1.25",
                "localhost:5000/nginx:1.27",
                json!({"repository": "localhost:5000/nginx", "tag": "1.27"}),
            ),
            (
                two,
                &json!({"image": {"repository": "nginx", "tag": 1.25}}),
                "nginx:1.25",
                "other/nginx:2",
                json!({"repository": "other/nginx", "tag": 2}),
            ),
        ] {
            let release = Release::of_container(&format!("        image: {text}"), values.clone());
            let answer = release.ask("image", was.into(), is.into());
            assert_eq!(set(answer), verified("image", value), "{is}");
        }
    }

    #[test]
    fn an_image_that_was_pinned_is_kept_by_its_digest() {
        let text = "        image: {{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}\
                    {{ else }}:{{ .Values.image.tag }}{{ end }}";
        let values = json!({"image": {"repository": "nginx", "tag": "1.25", "digest": ""}});
        let release = Release::of_container(text, values);
        let answer = release.ask("image", "nginx:1.25".into(), "nginx@sha256:0a1b".into());
        assert_eq!(set(answer), verified("image.digest", json!("sha256:0a1b")));
    }

    #[test]
    fn keys_that_no_map_holds_are_not_set_together() {
        let text = "        image: {{ .Values.repository }}:{{ .Values.tag }}";
        let release = Release::of_container(text, json!({"repository": "nginx", "tag": "1.25"}));
        let answer = release.ask("image", "nginx:1.25".into(), "other/nginx:1.27".into());
        assert_eq!(refused(answer), Reason::SeveralKeys);
    }

    /// Helm replaces lists, so that nothing of the other elements may go.
    #[test]
    fn parts_in_a_list_are_kept_with_all_of_their_element() {
        let text = "{{- range .Values.images }}\n        image: {{ .repository }}:{{ .tag }}\n{{- end }}";
        let values = json!({"images": [{"repository": "nginx", "tag": "1.25", "pullPolicy": "Always"}]});
        let answer =
            Release::of_container(text, values).ask("image", "nginx:1.25".into(), "other/nginx:1.27".into());
        assert_eq!(
            set(answer),
            verified(
                "images.0",
                json!({"repository": "other/nginx", "tag": "1.27", "pullPolicy": "Always"})
            )
        );
    }
}
