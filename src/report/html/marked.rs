//! Two values beside each other, with what differs in each marked.

use unicode_width::UnicodeWidthChar as _;

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

/// Marks what differs between two texts: all but the words that they begin and end with in common. Where that is little, a
/// mark would say nothing.
pub(super) fn pair(one: &Safe, other: &Safe) -> (Marked, Marked) {
    let (a, b) = (one.as_str(), other.as_str());
    let (words_a, words_b) = (words(a), words(b));
    let same = common(words_a.iter(), words_b.iter());
    let prefix = words_a[..same].iter().map(|word| word.len()).sum();
    let (rest_a, rest_b) = (&words_a[same..], &words_b[same..]);
    let same = common(rest_a.iter().rev(), rest_b.iter().rev());
    let suffix = rest_a[rest_a.len() - same..].iter().map(|word| word.len()).sum();
    if 2 * (prefix + suffix) < a.len().min(b.len()) {
        return (Marked::plain(one), Marked::plain(other));
    }
    (cut(a, prefix, suffix), cut(b, prefix, suffix))
}

/// How many words two texts have in common from where they begin.
fn common<'w>(one: impl Iterator<Item = &'w &'w str>, other: impl Iterator<Item = &'w &'w str>) -> usize {
    one.zip(other).take_while(|(a, b)| a == b).count()
}

/// The words of a text, and what parts them, which is a word for each character. A point between digits parts nothing:
/// `1.4.2` is one word. What combines with a character stays with it.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut begin = 0;
    // Whether the last character belongs to a word, and whether it is a digit.
    let (mut in_word, mut is_digit) = (false, false);
    let mut chars = text.char_indices().peekable();
    while let Some((at, ch)) = chars.next() {
        if ch.width() == Some(0) {
            continue;
        }
        let mut next_is_digit = || chars.peek().is_some_and(|(_, next)| next.is_ascii_digit());
        let is_point = ch == '.' && is_digit && next_is_digit();
        let belongs = ch.is_alphanumeric() || is_point;
        if at > begin && !(belongs && in_word) {
            words.push(&text[begin..at]);
            begin = at;
        }
        (in_word, is_digit) = (belongs, ch.is_ascii_digit());
    }
    if begin < text.len() {
        words.push(&text[begin..]);
    }
    words
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
            ("web:1.26-alpine", "web:1.27-alpine", ("1.26", "1.27")),
            ("web:1", "web:1-debug", ("", "-debug")),
            ("enabled: false", "enabled: true", ("false", "true")),
            ("shop/web:v1.4.2", "shop/web:v1.4.20", ("v1.4.2", "v1.4.20")),
            ("ends. 12", "ends. 13", ("12", "13")),
            ("die größe ist 1", "die größer ist 1", ("größe", "größer")),
            ("cafe ok ok", "cafe\u{301} ok ok", ("cafe", "cafe\u{301}")),
            ("a-a", "a-a-a", ("", "-a")),
            ("3", "5", ("", "")),
            ("aa", "aaa", ("", "")),
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
