//! Whether a version lies in a range, as `Chart.yaml` states the versions of dependencies (Helm:
//! `pkg/chart/v2/util/compatible.go`, `IsCompatibleRange`; Masterminds/semver: `constraints.go`).

use std::cmp::Ordering;

/// A version: its numbers, and what stands behind a `-`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Version {
    numbers: [u64; 3],
    pre: String,
}

/// A version of which parts may be missing or wild.
struct Partial {
    version: Version,
    /// How many numbers are stated.
    stated: usize,
}

/// Whether the version lies in the range. What is no version or no range fits nothing.
pub(super) fn has(range: &str, version: &str) -> bool {
    let Some(version) = parse_whole(version) else {
        return false;
    };
    let alternatives: Option<Vec<bool>> = range
        .split("||")
        .map(|alternative| all_hold(alternative, &version))
        .collect();
    alternatives.is_some_and(|alternatives| alternatives.contains(&true))
}

/// Whether all conditions of an alternative hold; `None` if one is none.
fn all_hold(alternative: &str, version: &Version) -> Option<bool> {
    let alternative = alternative.trim();
    if alternative.is_empty() {
        return None;
    }
    if let Some((low, high)) = alternative.split_once(" - ") {
        let both = [
            condition(">=", low.trim(), version)?,
            condition("<=", high.trim(), version)?,
        ];
        return Some(both == [true, true]);
    }
    let mut holds = true;
    let mut rest = alternative;
    while !rest.is_empty() {
        let start = rest
            .find(|character: char| !is_operator(character))
            .unwrap_or(rest.len());
        let (operator, after) = rest.split_at(start);
        let after = after.trim_start();
        let end = after
            .find(|character: char| character == ',' || character.is_whitespace() || is_operator(character))
            .unwrap_or(after.len());
        let (operand, after) = after.split_at(end);
        holds &= condition(operator, operand, version)?;
        rest = after.trim_start_matches(|character: char| character == ',' || character.is_whitespace());
    }
    Some(holds)
}

const fn is_operator(character: char) -> bool {
    matches!(character, '=' | '!' | '<' | '>' | '~' | '^')
}

/// Whether one condition holds; `None` if it is none.
fn condition(operator: &str, operand: &str, version: &Version) -> Option<bool> {
    let bound = parse(operand)?;
    // A version before a release only fits where one is stated.
    let pre_fits = version.pre.is_empty() || !bound.version.pre.is_empty();
    let order = compare(version, &bound.version);
    let same = |numbers: usize| version.numbers[..numbers] == bound.version.numbers[..numbers];
    let fits = match operator {
        "" | "=" if bound.stated < 3 => pre_fits && (bound.stated == 0 || same(bound.stated)),
        "" | "=" => pre_fits && order == Ordering::Equal,
        "!=" if bound.stated < 3 => !same(bound.stated),
        "!=" => order != Ordering::Equal,
        ">" if bound.stated < 3 => {
            pre_fits && version.numbers[..bound.stated] > bound.version.numbers[..bound.stated]
        }
        ">" => pre_fits && order == Ordering::Greater,
        "<" => pre_fits && order == Ordering::Less,
        ">=" | "=>" => pre_fits && order != Ordering::Less,
        "<=" | "=<" if bound.stated < 3 => {
            pre_fits && version.numbers[..bound.stated] <= bound.version.numbers[..bound.stated]
        }
        "<=" | "=<" => pre_fits && order != Ordering::Greater,
        "~" | "~>" => pre_fits && order != Ordering::Less && (bound.stated == 0 || same(bound.stated.min(2))),
        "^" => pre_fits && order != Ordering::Less && same_by_caret(version, &bound),
        _ => return None,
    };
    Some(fits)
}

/// Whether nothing left of the first number that is not zero differs, that number included.
fn same_by_caret(version: &Version, bound: &Partial) -> bool {
    if bound.stated == 0 {
        return true;
    }
    let first = bound.version.numbers.iter().position(|&number| number != 0);
    let fixed = first.map_or(bound.stated, |first| first + 1).min(bound.stated);
    version.numbers[..fixed] == bound.version.numbers[..fixed]
}

fn parse_whole(text: &str) -> Option<Version> {
    let partial = parse(text)?;
    (partial.stated > 0).then_some(partial.version)
}

fn parse(text: &str) -> Option<Partial> {
    let text = text.trim();
    let text = text.strip_prefix('v').unwrap_or(text);
    let text = text.split_once('+').map_or(text, |(text, _)| text);
    let (numbers, pre) = text.split_once('-').unwrap_or((text, ""));
    let mut version = Version {
        numbers: [0; 3],
        pre: pre.to_owned(),
    };
    let parts: Vec<&str> = numbers.split('.').collect();
    if parts.len() > 3 {
        return None;
    }
    let mut stated = 0;
    for (place, part) in version.numbers.iter_mut().zip(&parts) {
        if matches!(*part, "x" | "X" | "*") {
            break;
        }
        *place = part.parse().ok()?;
        stated += 1;
    }
    Some(Partial { version, stated })
}

fn compare(one: &Version, other: &Version) -> Ordering {
    one.numbers
        .cmp(&other.numbers)
        .then_with(|| compare_pre(&one.pre, &other.pre))
}

/// A release comes after what was before it; the words before it are compared one by one.
fn compare_pre(one: &str, other: &str) -> Ordering {
    match (one.is_empty(), other.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut ones, mut others) = (one.split('.'), other.split('.'));
    loop {
        let order = match (ones.next(), others.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(one), Some(other)) => match (one.parse::<u64>(), other.parse::<u64>()) {
                (Ok(one), Ok(other)) => one.cmp(&other),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => one.cmp(other),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::has;

    #[test]
    fn a_version_fits_the_ranges_that_charts_state() {
        for (range, version, fits) in [
            ("1.2.3", "1.2.3", true),
            ("=1.2.3", "1.2.4", false),
            ("1.x.x", "1.9.0", true),
            ("1.x.x", "2.0.0", false),
            ("2.x.x", "2.31.4", true),
            ("*", "0.0.1", true),
            ("*", "1.0.0-rc.1", false),
            ("~1.2", "1.2.9", true),
            ("~1.2.3", "1.3.0", false),
            ("~1", "1.9.0", true),
            ("^1.2", "1.9.0", true),
            ("^0.2.3", "0.3.0", false),
            ("^0.0.3", "0.0.4", false),
            ("^0", "0.9.0", true),
            (">=1.2.0 <2.0.0", "1.5.0", true),
            (">= 1.2.0, < 2.0.0", "2.0.0", false),
            (">=1.0.0-0", "1.0.0-rc.1", true),
            (">=0.9.0", "1.0.0-rc.1", false),
            ("1.0.0 - 2.0.0", "2.0.0", true),
            ("1.0 || 3.x", "3.4.5", true),
            ("!=1.2.x", "1.2.7", false),
            (">1", "1.9.9", false),
            (">1", "2.0.0", true),
            ("<=1.2", "1.2.9", true),
            ("", "1.0.0", false),
            ("file", "1.0.0", false),
            ("v1.0.0", "1.0.0", true),
            ("1.0.0+build", "1.0.0", true),
        ] {
            assert_eq!(has(range, version), fits, "{range} {version}");
        }
    }
}
