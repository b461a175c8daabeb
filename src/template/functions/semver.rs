//! Versions and what is asked of them (`Masterminds/semver/v3`, `version.go` and `constraints.go`).

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::super::traced::{Traced, Value};
use super::super::work::{Fault, Work};
use super::Function;
use super::arguments::{self, exactly};

/// The function of a name.
pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "semver" => Function::of(semver),
        "semverCompare" => Function::of(compare),
        _ => return None,
    })
}

/// The longest version, in bytes (`MaxVersionLen`).
const MAX_VERSION: usize = 256;
/// The longest constraint, in bytes (`MaxConstraintLen`).
const MAX_CONSTRAINT: usize = 512;
/// How many groups of constraints may stand side by side (`MaxConstraintGroups`).
const MAX_GROUPS: usize = 32;
/// The steps of a comparison.
const STEPS: usize = 2_000;

/// A version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Version {
    major: u64,
    minor: u64,
    patch: u64,
    prerelease: String,
    metadata: String,
}

/// What may follow the numbers of a version: a prerelease and metadata.
const TAIL: &str = r"(-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?";
/// A number of a constraint. The bars are part of the grammar there.
const NUMBER: &str = r"[0-9|xX*]+";
/// The operators of constraints, in the order in which they are tried. The empty one is the second.
const OPERATORS: &str = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^";
/// White space as Go's expressions have it.
const SPACE: &str = r"[\t\n\x0C\r ]";

/// The grammar of a version in a constraint. Its groups are the three numbers, the prerelease with and without `-`, and
/// the metadata with and without `+`.
fn constraint_version() -> String {
    format!(r"v?({NUMBER})(\.{NUMBER})?(\.{NUMBER})?{TAIL}")
}

/// The expressions that read versions and constraints.
struct Grammar {
    version: Regex,
    /// A range: `1.2 - 1.4`.
    range: Regex,
    /// A group of constraints as a whole.
    group: Regex,
    /// The constraints of a group, one after another.
    each: Regex,
    /// One constraint.
    one: Regex,
}

static GRAMMAR: LazyLock<Option<Grammar>> = LazyLock::new(|| {
    let version = constraint_version();
    let one = format!("(?:{OPERATORS}){SPACE}*(?:{version})");
    Some(Grammar {
        version: Regex::new(&format!(r"^v?([0-9]+)(\.[0-9]+)?(\.[0-9]+)?{TAIL}$")).ok()?,
        range: Regex::new(&format!(
            "{SPACE}*(?P<from>{version}){SPACE}+-{SPACE}+(?P<to>{version}){SPACE}*"
        ))
        .ok()?,
        group: Regex::new(&format!(
            "^{SPACE}*{one}{SPACE}*(?:(?:{SPACE}+|,{SPACE}*){one}{SPACE}*)*$"
        ))
        .ok()?,
        each: Regex::new(&one).ok()?,
        one: Regex::new(&format!(
            "^{SPACE}*(?P<operator>{OPERATORS}){SPACE}*(?P<version>{version}){SPACE}*$"
        ))
        .ok()?,
    })
});

fn grammar() -> Result<&'static Grammar, Fault> {
    GRAMMAR
        .as_ref()
        .ok_or_else(|| Fault::Unsupported("the grammar of versions".to_owned()))
}

fn invalid(what: &str, text: &str) -> Fault {
    Fault::Failed(format!("invalid {what}: {text:?}"))
}

/// The text of a group of an expression; empty where it took no part.
fn group<'a>(captures: &Captures<'a>, number: usize) -> &'a str {
    captures.get(number).map_or("", |found| found.as_str())
}

/// A version, which may lack numbers at its end (`coerceNewVersion`).
fn parse(text: &str) -> Result<Version, Fault> {
    let wrong = || invalid("semantic version", text);
    if text.len() > MAX_VERSION {
        return Err(wrong());
    }
    let captures = grammar()?.version.captures(text).ok_or_else(wrong)?;
    let number = |position: usize| {
        let digits = group(&captures, position).trim_start_matches('.');
        if digits.is_empty() {
            Ok(0)
        } else {
            digits.parse::<u64>().map_err(|_| wrong())
        }
    };
    let prerelease = group(&captures, 5);
    // Numbers in a prerelease have no zeros before them.
    if prerelease
        .split('.')
        .any(|part| part.len() > 1 && part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return Err(wrong());
    }
    Ok(Version {
        major: number(1)?,
        minor: number(2)?,
        patch: number(3)?,
        prerelease: prerelease.to_owned(),
        metadata: group(&captures, 7).to_owned(),
    })
}

impl Version {
    /// The order of versions; metadata does not count (`Compare`).
    fn order(&self, other: &Self) -> Ordering {
        (self.major, self.minor, self.patch)
            .cmp(&(other.major, other.minor, other.patch))
            .then_with(
                || match (self.prerelease.is_empty(), other.prerelease.is_empty()) {
                    (true, true) => Ordering::Equal,
                    (true, false) => Ordering::Greater,
                    (false, true) => Ordering::Less,
                    (false, false) => order_of_prereleases(&self.prerelease, &other.prerelease),
                },
            )
    }
}

/// The order of prereleases, part by part (`comparePrerelease`).
fn order_of_prereleases(own: &str, other: &str) -> Ordering {
    let (mut own, mut other) = (own.split('.'), other.split('.'));
    loop {
        let order = match (own.next(), other.next()) {
            (None, None) => return Ordering::Equal,
            (Some(_), None) => Ordering::Greater,
            (None, Some(_)) => Ordering::Less,
            (Some(own), Some(other)) if own == other => Ordering::Equal,
            (Some(own), Some(other)) => match (own.parse::<u64>(), other.parse::<u64>()) {
                (Ok(own), Ok(other)) if own > other => Ordering::Greater,
                (Ok(_), Ok(_) | Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => own.cmp(other),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// What a constraint asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    AtLeast,
    AtMost,
    Tilde,
    Caret,
}

/// A constraint.
#[derive(Debug)]
struct Constraint {
    operator: Operator,
    version: Version,
    /// Whether a number is a wildcard or lacks.
    is_dirty: bool,
    /// Whether that is the second one.
    is_minor_dirty: bool,
    /// Whether that is the third one.
    is_patch_dirty: bool,
}

/// Whether a number of a constraint stands for any: it lacks or is a wildcard (`isX`).
fn is_any(number: &str) -> bool {
    matches!(number.trim_start_matches('.'), "" | "x" | "X" | "*")
}

/// A constraint (`parseConstraint`).
fn parse_constraint(text: &str) -> Result<Constraint, Fault> {
    let wrong = || invalid("constraint", text);
    let captures = grammar()?.one.captures(text).ok_or_else(wrong)?;
    let operator = match captures.name("operator").map_or("", |found| found.as_str()) {
        "!=" => Operator::NotEqual,
        ">" => Operator::Greater,
        "<" => Operator::Less,
        ">=" | "=>" => Operator::AtLeast,
        "<=" | "=<" => Operator::AtMost,
        "~" | "~>" => Operator::Tilde,
        "^" => Operator::Caret,
        _ => Operator::Equal,
    };
    let whole = captures.name("version").map_or("", |found| found.as_str());
    let (major, minor, patch) = (group(&captures, 3), group(&captures, 4), group(&captures, 5));
    let prerelease = group(&captures, 6);
    let mut constraint = Constraint {
        operator,
        version: Version::default(),
        is_dirty: true,
        is_minor_dirty: false,
        is_patch_dirty: false,
    };
    let version = if is_any(major) {
        format!("0.0.0{prerelease}")
    } else if is_any(minor) {
        constraint.is_minor_dirty = true;
        format!("{major}.0.0{prerelease}")
    } else if is_any(patch) {
        constraint.is_patch_dirty = true;
        format!("{major}{minor}.0{prerelease}")
    } else {
        constraint.is_dirty = false;
        whole.to_owned()
    };
    constraint.version = parse(&version).map_err(|_| wrong())?;
    Ok(constraint)
}

impl Constraint {
    /// Whether a version is what it asks for.
    fn takes(&self, version: &Version, with_prereleases: bool) -> bool {
        if !version.prerelease.is_empty() && !with_prereleases {
            return false;
        }
        let order = version.order(&self.version);
        let own = &self.version;
        match self.operator {
            Operator::Equal if self.is_dirty => self.takes_tilde(version),
            Operator::Equal => order == Ordering::Equal,
            Operator::NotEqual => self.differs(version),
            Operator::Greater if !self.is_dirty => order == Ordering::Greater,
            Operator::Greater => match version.major.cmp(&own.major) {
                Ordering::Greater => true,
                Ordering::Less => false,
                Ordering::Equal if self.is_minor_dirty => false,
                Ordering::Equal if self.is_patch_dirty => version.minor > own.minor,
                Ordering::Equal => order == Ordering::Greater,
            },
            Operator::Less => order == Ordering::Less,
            Operator::AtLeast => order != Ordering::Less,
            Operator::AtMost if !self.is_dirty => order != Ordering::Greater,
            Operator::AtMost => match version.major.cmp(&own.major) {
                Ordering::Greater => false,
                Ordering::Less => true,
                Ordering::Equal => version.minor <= own.minor || self.is_minor_dirty,
            },
            Operator::Tilde => self.takes_tilde(version),
            Operator::Caret => self.takes_caret(version),
        }
    }

    /// `!=` (`constraintNotEqual`).
    fn differs(&self, version: &Version) -> bool {
        let own = &self.version;
        if self.is_dirty {
            if own.major != version.major {
                return true;
            }
            if self.is_minor_dirty {
                return false;
            }
            if own.minor != version.minor {
                return true;
            }
            if self.is_patch_dirty {
                return version.prerelease != own.prerelease;
            }
            if own.patch != version.patch {
                return true;
            }
        }
        version.order(own) != Ordering::Equal
    }

    /// `~` (`constraintTilde`).
    fn takes_tilde(&self, version: &Version) -> bool {
        let own = &self.version;
        if version.order(own) == Ordering::Less {
            return false;
        }
        if (own.major, own.minor, own.patch) == (0, 0, 0) && !self.is_minor_dirty && !self.is_patch_dirty {
            return true;
        }
        version.major == own.major && (version.minor == own.minor || self.is_minor_dirty)
    }

    /// `^` (`constraintCaret`).
    fn takes_caret(&self, version: &Version) -> bool {
        let own = &self.version;
        if version.order(own) == Ordering::Less {
            return false;
        }
        if own.major > 0 || self.is_minor_dirty {
            return version.major == own.major;
        }
        if version.major > 0 {
            return false;
        }
        if own.minor > 0 || self.is_patch_dirty {
            return version.minor == own.minor;
        }
        version.minor == 0 && version.patch == own.patch
    }
}

/// Whether a version is what a constraint asks for (`NewConstraint`, `Check`).
fn is_taken(constraint: &str, version: &str) -> Result<bool, Fault> {
    let grammar = grammar()?;
    if constraint.len() > MAX_CONSTRAINT {
        return Err(invalid("constraint", constraint));
    }
    let mut text = constraint.to_owned();
    for captures in grammar.range.captures_iter(constraint) {
        let named = |name: &str| captures.name(name).map_or("", |found| found.as_str());
        let both = format!(">= {}, <= {} ", named("from"), named("to"));
        text = text.replacen(group(&captures, 0), &both, 1);
    }
    let groups: Vec<&str> = text.split("||").collect();
    if groups.len() > MAX_GROUPS {
        return Err(invalid("constraint", constraint));
    }
    let mut parsed = Vec::with_capacity(groups.len());
    for group in groups {
        if !grammar.group.is_match(group) {
            return Err(invalid("constraint", group));
        }
        let constraints = grammar
            .each
            .find_iter(group)
            .map(|found| parse_constraint(found.as_str()))
            .collect::<Result<Vec<_>, _>>()?;
        parsed.push(constraints);
    }
    let version = parse(version)?;
    Ok(parsed.iter().any(|constraints| {
        let with_prereleases = constraints.iter().any(|one| !one.version.prerelease.is_empty());
        constraints
            .iter()
            .all(|one| one.takes(&version, with_prereleases))
    }))
}

/// Whether a version is what a constraint asks for (`semverCompare`).
fn compare(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [constraint, version] = exactly(args)?;
    work.steps(STEPS)?;
    let is_taken = is_taken(
        arguments::text(constraint)?.as_str(),
        arguments::text(version)?.as_str(),
    )?;
    Ok(Traced::derived(Value::Bool(is_taken), args))
}

/// A version as an object (`semver`). Of its methods, those without arguments are entries; what else it has is not known.
fn semver(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    work.steps(STEPS)?;
    let original = arguments::text(value)?.as_str();
    let version = parse(original)?;
    let text = |text: &str| Traced::derived_text(text, args);
    let number = |number: u64| match i64::try_from(number) {
        Ok(number) => Traced::derived(Value::Int(number), args),
        Err(_) => Traced::unknown(args),
    };
    let mut whole = format!("{}.{}.{}", version.major, version.minor, version.patch);
    for (mark, part) in [('-', &version.prerelease), ('+', &version.metadata)] {
        if !part.is_empty() {
            whole.push(mark);
            whole.push_str(part);
        }
    }
    let unknown = [
        "IncMajor",
        "IncMinor",
        "IncPatch",
        "Compare",
        "Equal",
        "GreaterThan",
        "GreaterThanEqual",
        "LessThan",
    ];
    let unknown = unknown
        .into_iter()
        .chain(["LessThanEqual", "SetMetadata", "SetPrerelease", "MarshalJSON"]);
    let entries = [
        ("Major", number(version.major)),
        ("Minor", number(version.minor)),
        ("Patch", number(version.patch)),
        ("Prerelease", text(&version.prerelease)),
        ("Metadata", text(&version.metadata)),
        ("Original", text(original)),
        ("String", text(&whole)),
    ];
    let entries = entries
        .into_iter()
        .chain(unknown.map(|name| (name, Traced::unknown(args))))
        .map(|(name, value)| (name.into(), value));
    Ok(Traced::derived(Value::Map(entries.collect()), args))
}

#[cfg(test)]
mod tests;
