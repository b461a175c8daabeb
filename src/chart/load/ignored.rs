//! What a chart's `.helmignore` leaves out (Helm: `pkg/ignore/rules.go`).

use super::BOM;
use crate::chart::ChartError;

/// How many rules a file has at most. Each is asked for each file.
const MAX_RULES: usize = 1_000;

/// How many characters are compared for one chart.
const MAX_STEPS: usize = 100_000_000;

/// What every chart leaves out.
const DEFAULT: &str = "templates/.?*";

/// The rules of a chart.
pub(super) struct Rules {
    rules: Vec<Rule>,
    steps: usize,
}

struct Rule {
    pattern: Vec<Part>,
    /// It leaves out what does not match.
    is_negated: bool,
    /// It is for folders.
    is_for_folders: bool,
    /// It looks at the name alone, not at the path.
    is_name: bool,
}

/// A part of a pattern (Go: `path/filepath/match.go`, `Match`).
enum Part {
    /// This character.
    One(char),
    /// Any character but a slash.
    Any,
    /// Any number of characters but slashes.
    Many,
    /// One of these, or none of them; never a slash.
    Of {
        ranges: Vec<(char, char)>,
        is_negated: bool,
    },
}

impl Rules {
    /// Reads the rules of a file, and adds those of every chart.
    pub(super) fn parse(file: &[u8]) -> Result<Self, ChartError> {
        let file = String::from_utf8_lossy(file.strip_prefix(BOM).unwrap_or(file));
        let mut rules = Vec::new();
        for line in file.lines().chain([DEFAULT]) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if rules.len() > MAX_RULES {
                return Err(ChartError::TooMuch("1000 rules in its .helmignore"));
            }
            rules.push(Rule::parse(line)?);
        }
        Ok(Self {
            rules,
            steps: MAX_STEPS,
        })
    }

    /// Whether a file or folder is left out, by its path in the chart.
    pub(super) fn leave_out(&mut self, path: &str, is_folder: bool) -> Result<bool, ChartError> {
        let path_of: Vec<char> = path.chars().collect();
        let name_of: Vec<char> = path.rsplit('/').next().unwrap_or(path).chars().collect();
        for rule in &self.rules {
            let asked = if rule.is_name { &name_of } else { &path_of };
            let matches = matches(&rule.pattern, asked, &mut self.steps)?;
            if rule.is_negated {
                if !matches || (rule.is_for_folders && !is_folder) {
                    return Ok(true);
                }
            } else if matches && (is_folder || !rule.is_for_folders) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Rule {
    fn parse(line: &str) -> Result<Self, ChartError> {
        if line.contains("**") {
            return Err(refused("has a rule with `**`, which Helm refuses"));
        }
        let (is_negated, line) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
        let (is_for_folders, line) = line.strip_suffix('/').map_or((false, line), |rest| (true, rest));
        let (is_name, line) = match line.strip_prefix('/') {
            Some(rest) => (false, rest),
            None => (!line.contains('/'), line),
        };
        let pattern = parts(line).ok_or_else(|| refused("has a rule that is no pattern"))?;
        Ok(Self {
            pattern,
            is_negated,
            is_for_folders,
            is_name,
        })
    }
}

fn refused(why: &str) -> ChartError {
    ChartError::File {
        file: ".helmignore".to_owned(),
        why: why.to_owned(),
    }
}

/// The parts of a pattern; `None` if it is none.
fn parts(pattern: &str) -> Option<Vec<Part>> {
    let mut characters = pattern.chars();
    let mut parts = Vec::new();
    while let Some(character) = characters.next() {
        parts.push(match character {
            '*' => Part::Many,
            '?' => Part::Any,
            '\\' => Part::One(characters.next()?),
            '[' => {
                let mut rest = characters.clone();
                let is_negated = rest.as_str().starts_with('^');
                if is_negated {
                    rest.next();
                }
                let mut ranges = Vec::new();
                while ranges.is_empty() || !rest.as_str().starts_with(']') {
                    let low = end(&mut rest)?;
                    let mut high = low;
                    if rest.as_str().starts_with('-') {
                        rest.next();
                        high = end(&mut rest)?;
                    }
                    ranges.push((low, high));
                }
                rest.next();
                characters = rest;
                Part::Of { ranges, is_negated }
            }
            other => Part::One(other),
        });
    }
    Some(parts)
}

/// One end of a range of characters.
fn end(characters: &mut std::str::Chars<'_>) -> Option<char> {
    match characters.next()? {
        '-' | ']' => None,
        '\\' => characters.next(),
        other => Some(other),
    }
}

/// Whether a text is what a pattern says. Only the last `*` is tried again, which is enough.
fn matches(pattern: &[Part], text: &[char], steps: &mut usize) -> Result<bool, ChartError> {
    let (mut part, mut place) = (0, 0);
    let mut again: Option<(usize, usize)> = None;
    loop {
        *steps = steps
            .checked_sub(1)
            .ok_or(ChartError::TooMuch("100,000,000 comparisons by its .helmignore"))?;
        let character = text.get(place).copied();
        let fits = match (pattern.get(part), character) {
            (None, None) => return Ok(true),
            (Some(Part::Many), _) => {
                part += 1;
                again = Some((part, place));
                continue;
            }
            (Some(Part::One(one)), Some(character)) => *one == character,
            (Some(Part::Any), Some(character)) => character != '/',
            (Some(Part::Of { ranges, is_negated }), Some(character)) => {
                let within = ranges
                    .iter()
                    .any(|&(low, high)| (low..=high).contains(&character));
                character != '/' && within != *is_negated
            }
            (None, Some(_)) | (Some(Part::One(_) | Part::Any | Part::Of { .. }), None) => false,
        };
        if fits {
            part += 1;
            place += 1;
            continue;
        }
        // The last `*` takes one character more.
        match again {
            Some((after, from)) if text.get(from).is_some_and(|&character| character != '/') => {
                part = after;
                place = from + 1;
                again = Some((after, from + 1));
            }
            _ => return Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_leave_out_what_helm_leaves_out() {
        for (rules, path, is_folder, left_out) in [
            ("", "templates/.hidden", false, true),
            ("", "templates/web.yaml", false, false),
            ("*.md", "docs/a.md", false, true),
            ("docs/", "docs", true, true),
            ("docs/", "docs", false, false),
            ("/a.md", "docs/a.md", false, false),
            ("docs/*.md", "docs/a.md", false, true),
            ("docs/*.md", "docs/b/a.md", false, false),
            ("!*.yaml", "README.md", false, true),
            ("!*.yaml", "values.yaml", false, false),
            ("# *.md", "a.md", false, false),
            ("a?c", "abc", false, true),
            ("[a-c]*", "bcd", false, true),
            ("[^a-c]*", "bcd", false, false),
            (r"\*", "*", false, true),
            (r"\*", "a", false, false),
            ("*a*b", "xaxbxb", false, true),
            ("*a*b", "xaxbxc", false, false),
        ] {
            let mut read = Rules::parse(rules.as_bytes()).unwrap();
            assert_eq!(
                read.leave_out(path, is_folder).unwrap(),
                left_out,
                "{rules} {path}"
            );
        }
        for rules in ["a/**", "[a", "[]", "[a-]", "a\\"] {
            assert!(Rules::parse(rules.as_bytes()).is_err(), "{rules}");
        }
    }
}
