//! Two values beside each other, with what differs in each marked.

use crate::report::text::safe::Safe;

/// A text of which a part is marked.
pub(super) struct Marked {
    /// What both begin with.
    pub(super) before: String,
    /// What differs; empty where nothing does, or all.
    pub(super) differs: String,
    /// What both end with.
    pub(super) after: String,
}

impl Marked {
    /// A text in which nothing is marked.
    pub(super) fn plain(text: &Safe) -> Self {
        Self {
            before: text.to_string(),
            differs: String::new(),
            after: String::new(),
        }
    }
}

/// Marks what differs between two texts: all but what they begin and end with in common. Where that is little, a mark would
/// say nothing.
pub(super) fn pair(one: &Safe, other: &Safe) -> (Marked, Marked) {
    let (a, b) = (one.as_str(), other.as_str());
    let prefix = common(a.chars(), b.chars());
    let (rest_a, rest_b) = (&a[prefix..], &b[prefix..]);
    let suffix = common(rest_a.chars().rev(), rest_b.chars().rev());
    if 2 * (prefix + suffix) < a.len().min(b.len()) {
        return (Marked::plain(one), Marked::plain(other));
    }
    (cut(a, prefix, suffix), cut(b, prefix, suffix))
}

/// How many bytes two texts have in common from where they begin.
fn common(one: impl Iterator<Item = char>, other: impl Iterator<Item = char>) -> usize {
    let same = one.zip(other).take_while(|(a, b)| a == b);
    same.map(|(ch, _)| ch.len_utf8()).sum()
}

fn cut(text: &str, prefix: usize, suffix: usize) -> Marked {
    let end = text.len() - suffix;
    Marked {
        before: text[..prefix].to_owned(),
        differs: text[prefix..end].to_owned(),
        after: text[end..].to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sanitize::Medium;

    #[test]
    fn what_differs_is_marked_unless_nearly_all_does() {
        for (one, other, marked) in [
            ("web:1.26-alpine", "web:1.27-alpine", ("6", "7")),
            ("web:1", "web:1-debug", ("", "-debug")),
            ("größe", "größer", ("", "r")),
            ("3", "5", ("", "")),
            ("aa", "aaa", ("", "a")),
        ] {
            let safe = |text: &str| Safe::of(text, Medium::Terminal);
            let (a, b) = pair(&safe(one), &safe(other));
            assert_eq!((a.differs.as_str(), b.differs.as_str()), marked);
            for (parts, whole) in [(a, one), (b, other)] {
                assert_eq!(format!("{}{}{}", parts.before, parts.differs, parts.after), whole);
            }
        }
    }
}
