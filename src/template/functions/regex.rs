//! Functions of regular expressions (sprig's `regex.go`, Go's `regexp`).

use std::rc::Rc;

use regex::{Captures, Regex, RegexBuilder};

use super::super::key::Keys;
use super::super::traced::{Text, Traced, Value};
use super::super::work::{Fault, Work};
use super::Function;
use super::arguments::{self, exactly};
use super::print::{hanging, part};
use super::regex_syntax::{Refusal, translate};
use super::text::{Edit, cut, edited};

/// The function of a name.
pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "regexMatch" => Function::of(|args, work| is_match(args, false, work)),
        "mustRegexMatch" => Function::of(|args, work| is_match(args, true, work)),
        "regexFind" | "mustRegexFind" => Function::of(find_one),
        "regexFindAll" | "mustRegexFindAll" => Function::of(find_all),
        "regexReplaceAll" | "mustRegexReplaceAll" => {
            Function::of(|args, work| replace_all(args, expanded, work))
        }
        "regexReplaceAllLiteral" | "mustRegexReplaceAllLiteral" => {
            Function::of(|args, work| replace_all(args, |_, with| Some(with.to_owned()), work))
        }
        "regexSplit" | "mustRegexSplit" => Function::of(split),
        "regexQuoteMeta" => Function::of(quote_meta),
        _ => return None,
    })
}

/// The memory that a compiled expression may take, in bytes.
const MAX_SIZE: usize = 1 << 20;
/// The size that a compiled expression is remembered with. Nobody knows that of one, and few come near the limit.
const USUAL_SIZE: usize = 128 << 10;
/// The steps of compiling an expression.
const STEPS: usize = 2_000;

/// An expression, ready for a text.
fn compiled(expression: &str, text: &str, work: &mut Work) -> Result<Result<Regex, Refusal>, Fault> {
    work.steps(expression.len())?;
    search_costs(expression, text, work)?;
    let translated = match translate(expression, text.is_ascii()) {
        Ok(translated) => translated,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if let Some(regex) = work.cache.regexes.get(&translated) {
        return Ok(Ok(regex));
    }
    work.steps(STEPS.saturating_add(expression.len().saturating_mul(100)))?;
    let built = RegexBuilder::new(&translated)
        .size_limit(MAX_SIZE)
        .dfa_size_limit(MAX_SIZE)
        .build();
    if let Ok(regex) = &built {
        work.cache.regexes.insert(&translated, USUAL_SIZE, regex);
    }
    Ok(built.map_err(|_| Refusal::Unlike))
}

/// Spends what a search may cost: as much as the text is long, several times for a long expression.
fn search_costs(expression: &str, text: &str, work: &mut Work) -> Result<(), Fault> {
    work.steps((text.len() / 64 + 1).saturating_mul(expression.len() / 16 + 1))
}

/// Whether an expression is found in a text. An invalid one never is, unless the function says so.
fn is_match(args: &[Traced], must: bool, work: &mut Work) -> Result<Traced, Fault> {
    let [expression, text] = exactly(args)?;
    let text = arguments::text(text)?.as_str();
    let is_match = match compiled(arguments::text(expression)?.as_str(), text, work)? {
        Ok(regex) => regex.is_match(text),
        Err(Refusal::Invalid) if !must => false,
        Err(refusal) => return Err(refusal.into()),
    };
    Ok(Traced::derived(Value::Bool(is_match), args))
}

/// The first place (`FindString`).
fn find_one(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [expression, value] = exactly(args)?;
    let text = arguments::text(value)?;
    let regex = compiled(arguments::text(expression)?.as_str(), text.as_str(), work)??;
    Ok(match regex.find(text.as_str()) {
        Some(found) => cut(value, text, found.start(), found.end(), &expression.keys()),
        None => Traced::derived_text("", args),
    })
}

/// The places that an expression is found at, at most so many; a negative number stands for all.
fn places(
    regex: &Regex,
    expression: &str,
    text: &Text,
    at_most: i64,
    work: &mut Work,
) -> Result<Vec<(usize, usize)>, Fault> {
    let at_most = usize::try_from(at_most).unwrap_or(usize::MAX);
    let pieces = text.pieces().count();
    let mut places = Vec::new();
    for found in regex.find_iter(text.as_str()).take(at_most) {
        // Each search may look at all that is left.
        let rest = text.as_str().get(found.end()..).unwrap_or_default();
        search_costs(expression, rest, work)?;
        work.steps(pieces / 4)?;
        work.text(0)?;
        places.push((found.start(), found.end()));
    }
    Ok(places)
}

/// All places (`FindAllString`).
fn find_all(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [expression, value, count] = exactly(args)?;
    let text = arguments::text(value)?;
    let source = arguments::text(expression)?.as_str();
    let regex = compiled(source, text.as_str(), work)??;
    let keys = expression.keys().and(&count.keys());
    let found = places(&regex, source, text, arguments::int(count)?, work)?
        .into_iter()
        .map(|(start, end)| Traced::text(hanging(part(text, start, end), &keys)))
        .collect();
    Ok(Traced::derived(Value::List(Rc::new(found)), args))
}

/// What stands between the places (`Split`).
fn split(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [expression, value, count] = exactly(args)?;
    let text = arguments::text(value)?;
    let all = text.as_str();
    let source = arguments::text(expression)?.as_str();
    let regex = compiled(source, all, work)??;
    let count = arguments::int(count)?;
    let mut parts = Vec::new();
    if count != 0 {
        let at_most = usize::try_from(count).unwrap_or(usize::MAX);
        let (mut start, mut end) = (0, 0);
        if source.is_empty() || !all.is_empty() {
            for place in places(&regex, source, text, count, work)? {
                if parts.len() + 1 >= at_most {
                    break;
                }
                end = place.0;
                if place.1 != 0 {
                    parts.push((start, end));
                }
                start = place.1;
            }
            if end != all.len() {
                parts.push((start, all.len()));
            }
        } else {
            parts.push((0, 0));
        }
    }
    let keys = expression.keys();
    let parts = parts
        .into_iter()
        .map(|(start, end)| Traced::text(hanging(part(text, start, end), &keys)))
        .collect();
    Ok(Traced::derived(Value::List(Rc::new(parts)), args))
}

/// The text with something else at all places (`ReplaceAllString`, `ReplaceAllLiteralString`).
fn replace_all(
    args: &[Traced],
    replacement: fn(&Captures<'_>, &str) -> Option<String>,
    work: &mut Work,
) -> Result<Traced, Fault> {
    let [expression, value, with] = exactly(args)?;
    let text = arguments::text(value)?;
    let all = text.as_str();
    let source = arguments::text(expression)?.as_str();
    let template = arguments::text(with)?.as_str();
    let regex = compiled(source, all, work)??;
    let mut edits = Vec::new();
    for captures in regex.captures_iter(all) {
        let Some(found) = captures.get(0) else { break };
        search_costs(source, all.get(found.end()..).unwrap_or_default(), work)?;
        work.bytes(template.len().saturating_add(found.len()))?;
        let with = replacement(&captures, template).ok_or(Refusal::Unlike)?;
        work.bytes(with.len().saturating_add(size_of::<Edit>()))?;
        edits.push(Edit {
            start: found.start(),
            end: found.end(),
            with,
        });
    }
    edited(value, text, &edits, &expression.keys().and(&with.keys()), work)
}

/// A replacement with the groups that it names: `$1`, `${name}`, and `$$` for a dollar (`Expand`). Names of letters outside
/// of ASCII are not known.
fn expanded(captures: &Captures<'_>, template: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let Some((name, after)) = group_name(after)? else {
            out.push('$');
            rest = after;
            continue;
        };
        rest = after;
        let is_number =
            name.bytes().all(|byte| byte.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
        let found = if is_number && name.len() <= 9 {
            name.parse().ok().and_then(|number| captures.get(number))
        } else {
            captures.name(name)
        };
        out.push_str(found.map_or("", |found| found.as_str()));
    }
    out.push_str(rest);
    Some(out)
}

/// The name behind a dollar and what follows it; `None` inside where there is none.
#[allow(clippy::option_option)] // The outer one says that it is not known, the inner one that there is none.
fn group_name(after: &str) -> Option<Option<(&str, &str)>> {
    let (inside, is_braced) = match after.strip_prefix('{') {
        Some(inside) => (inside, true),
        None => (after, false),
    };
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let end = inside
        .find(|character| !is_part(character))
        .unwrap_or(inside.len());
    let (name, rest) = inside.split_at_checked(end)?;
    if rest.starts_with(|next: char| !next.is_ascii() && next.is_alphanumeric()) {
        return None;
    }
    let rest = if is_braced {
        rest.strip_prefix('}')
    } else {
        Some(rest)
    };
    Some(rest.filter(|_| !name.is_empty()).map(|rest| (name, rest)))
}

/// The text as an expression that finds it (`QuoteMeta`).
fn quote_meta(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    let text = arguments::text(value)?;
    let is_special = |character: char| "\\.+*?()|[]{}^$".contains(character);
    let found = text.as_str().matches(is_special).count();
    work.bytes(
        text.cost()
            .saturating_add(found.saturating_mul(size_of::<Edit>())),
    )?;
    let edits: Vec<Edit> = text
        .as_str()
        .match_indices(is_special)
        .map(|(start, found)| Edit {
            start,
            end: start + found.len(),
            with: format!("\\{found}"),
        })
        .collect();
    edited(value, text, &edits, &Keys::None, work)
}

#[cfg(test)]
mod tests;
