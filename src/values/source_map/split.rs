//! The documents of a rendered template file.

use std::ops::Range;

/// The bytes of each document, in order, by Helm's rule (`SplitManifests` in `pkg/release/v1/util/manifest.go`): a line that
/// starts with `---` begins one, with what stands behind it on the line. Those without any text are left out, at most
/// so many are found.
pub(super) fn documents(text: &str, most: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut at = 0;
    let mut add = |from: usize, to: usize| {
        let document = text.get(from..to).unwrap_or_default();
        let trimmed = document.trim_start();
        if !trimmed.is_empty() && found.len() < most {
            found.push(to - trimmed.len()..to);
        }
    };
    for line in text.split_inclusive('\n') {
        if line.starts_with("---") {
            add(start, at);
            start = at + 3;
        }
        at += line.len();
    }
    add(start, at);
    found
}

#[cfg(test)]
mod tests {
    use super::documents;

    #[test]
    fn documents_begin_where_helm_begins_them() {
        let text = "\n---\n# c\na: 1\n--- # d\nb: |\n  ---\n---e: 1\n---\n \n----\n";
        let found: Vec<_> = documents(text, 10).into_iter().map(|span| &text[span]).collect();
        assert_eq!(found, ["# c\na: 1\n", "# d\nb: |\n  ---\n", "e: 1\n", "-\n"]);
        assert_eq!(documents(text, 1).len(), 1);
    }
}
