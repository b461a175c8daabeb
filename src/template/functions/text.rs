//! Functions that quote, indent, cut and change texts (sprig's `strings.go`, Go's `strings`).
//!
//! What a function leaves as it is keeps its pieces, and so its keys.

use super::super::key::Keys;
use super::super::traced::{BLOCK_HOLE, HOLE, Kind, Origin, PIECE_BYTES, Text, Traced, Value};
use super::super::work::{Fault, Work};
use super::Function;
use super::arguments::{self, exactly};
use super::print::{self, filled, hanging, part};

/// The function of a name.
pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "quote" => Function::with_holes(quote),
        "squote" => Function::with_holes(squote),
        "toString" => Function::with_holes(to_string),
        "cat" => Function::with_holes(cat),
        "indent" => Function::with_holes(indent),
        "nindent" => Function::with_holes(nindent),
        "required" => Function::with_holes(required),
        "fail" => Function::with_holes(fail),
        "trim" => Function::of(trim),
        "trimAll" | "trimall" => Function::of(trim_all),
        "trimSuffix" => Function::of(trim_suffix),
        "trimPrefix" => Function::of(trim_prefix),
        "trunc" => Function::of(trunc),
        "substr" => Function::of(substr),
        "replace" => Function::of(replace),
        "nospace" => Function::of(nospace),
        "repeat" => Function::of(repeat),
        "contains" => Function::of(|args, _| ask(args, |text, part| text.contains(part))),
        "hasPrefix" => Function::of(|args, _| ask(args, |text, part| text.starts_with(part))),
        "hasSuffix" => Function::of(|args, _| ask(args, |text, part| text.ends_with(part))),
        _ => return None,
    })
}

/// What quotes do to the text between them.
type Escape = fn(&Text) -> Text;

/// Values in quotes, without those that are nil (`quote`).
fn quote(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    in_quotes(args, "\"", print::quote, work)
}

/// Values in single quotes, in which nothing is escaped (`squote`).
fn squote(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    in_quotes(args, "'", Text::clone, work)
}

fn in_quotes(args: &[Traced], mark: &str, escape: Escape, work: &mut Work) -> Result<Traced, Fault> {
    let mut quoted = Text::default();
    let mut is_first = true;
    for value in args {
        if matches!(value.value, Value::Nil) {
            quoted.push("", &value.origin);
            continue;
        }
        let text = filled(print::printed(value, work)?, &value.origin);
        let text = escape(&text);
        work.bytes(text.cost())?;
        if !is_first {
            quoted.push_literal(" ");
        }
        is_first = false;
        quoted.push_literal(mark);
        quoted.append(&text);
        quoted.push_literal(mark);
    }
    Ok(Traced::text(quoted))
}

/// A value as text (`strval`).
fn to_string(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    match &value.value {
        Value::Text(_) | Value::Unknown => Ok(value.clone()),
        Value::Nil
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Native(_) => print::printed(value, work).map(Traced::text),
    }
}

/// Values with spaces between them, without those that are nil (`cat`).
fn cat(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let mut text = Text::default();
    let mut is_first = true;
    for value in args {
        if matches!(value.value, Value::Nil) {
            text.push("", &value.origin);
            continue;
        }
        if !is_first {
            text.push_literal(" ");
        }
        is_first = false;
        text.append(&filled(print::printed(value, work)?, &value.origin));
    }
    Ok(Traced::text(text))
}

/// Each line behind spaces (`indent`).
fn indent(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [count, value] = exactly(args)?;
    indented("", count, value, work)
}

/// The same on a new line (`nindent`).
fn nindent(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [count, value] = exactly(args)?;
    indented("\n", count, value, work)
}

fn indented(start: &str, count: &Traced, value: &Traced, work: &mut Work) -> Result<Traced, Fault> {
    let unknown = Text::hole(value.origin.clone());
    let text = match &value.value {
        Value::Unknown => &unknown,
        _ => arguments::text(value)?,
    };
    let count = times(arguments::int(count)?)?;
    let lines = text.as_str().matches('\n').count() + 1;
    work.bytes(text.cost().saturating_add(lines.saturating_mul(count)))?;
    let pad = " ".repeat(count);
    let line_end = format!("\n{pad}");
    let mut indented = Text::literal(format!("{start}{pad}"));
    for (piece, origin) in filled(text.clone(), &value.origin).pieces() {
        let mut piece = piece.replace('\n', &line_end);
        if origin.kind == Kind::Hole {
            piece = piece.replace(HOLE, &BLOCK_HOLE.to_string());
        }
        indented.push(&piece, origin);
    }
    Ok(Traced::text(indented))
}

/// How often something is repeated. `strings.Repeat` panics for less than never.
fn times(count: i64) -> Result<usize, Fault> {
    usize::try_from(count).map_err(|_| Fault::Failed("a negative repeat count".to_owned()))
}

/// A value that must be there (Helm's `engine.go`, `initFunMap`).
fn required(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [message, value] = exactly(args)?;
    let is_missing = match &value.value {
        Value::Nil => true,
        Value::Text(text) => text.as_str().is_empty(),
        Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Native(_)
        | Value::Unknown => false,
    };
    if is_missing {
        Err(refused(message))
    } else {
        Ok(value.clone())
    }
}

/// Ends the rendering (Helm's `engine.go`, `initFunMap`).
fn fail(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [message] = exactly(args)?;
    Err(refused(message))
}

fn refused(message: &Traced) -> Fault {
    match &message.value {
        Value::Text(text) => Fault::Failed(text.as_str().to_owned()),
        _ => Fault::Failed("the chart refuses its values".to_owned()),
    }
}

/// Without white space at both ends (`strings.TrimSpace`).
fn trim(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    Ok(trimmed(
        value,
        arguments::text(value)?,
        &Keys::None,
        char::is_whitespace,
    ))
}

/// Without certain characters at both ends (`strings.Trim`).
fn trim_all(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [set, value] = exactly(args)?;
    let characters = arguments::text(set)?.as_str();
    let text = arguments::text(value)?;
    work.steps(text.as_str().len().saturating_mul(characters.len()) / 64)?;
    Ok(trimmed(value, text, &set.keys(), |character| {
        characters.contains(character)
    }))
}

fn trimmed(value: &Traced, text: &Text, keys: &Keys, is_trimmed: impl Fn(char) -> bool) -> Traced {
    let all = text.as_str();
    let rest = all.trim_start_matches(&is_trimmed);
    let start = all.len() - rest.len();
    let end = start + rest.trim_end_matches(&is_trimmed).len();
    cut(value, text, start, end, keys)
}

/// A part of a text as a value.
pub(super) fn cut(value: &Traced, text: &Text, start: usize, end: usize, keys: &Keys) -> Traced {
    let is_whole = start == 0 && end == text.as_str().len();
    if is_whole && keys.is_none() {
        return value.clone();
    }
    let text = if is_whole {
        filled(text.clone(), &value.origin)
    } else {
        part(text, start, end)
    };
    Traced::text(hanging(text, keys))
}

/// A part of a text by positions in bytes as Go counts them. What would cut a character is not known.
pub(super) fn cut_bytes(
    value: &Traced,
    text: &Text,
    start: usize,
    end: usize,
    keys: &Keys,
) -> Result<Traced, Fault> {
    if text.as_str().get(start..end).is_none() {
        return Err(Fault::Unsupported("half a character".to_owned()));
    }
    Ok(cut(value, text, start, end, keys))
}

/// Without an end (`strings.TrimSuffix`).
fn trim_suffix(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [suffix, value] = exactly(args)?;
    let text = arguments::text(value)?;
    let all = text.as_str();
    let end = all
        .strip_suffix(arguments::text(suffix)?.as_str())
        .unwrap_or(all)
        .len();
    Ok(cut(value, text, 0, end, &suffix.keys()))
}

/// Without a beginning (`strings.TrimPrefix`).
fn trim_prefix(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [prefix, value] = exactly(args)?;
    let text = arguments::text(value)?;
    let all = text.as_str();
    let len = all
        .strip_prefix(arguments::text(prefix)?.as_str())
        .unwrap_or(all)
        .len();
    Ok(cut(value, text, all.len() - len, all.len(), &prefix.keys()))
}

/// Its first bytes, or its last for a negative number (`trunc`).
fn trunc(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [count, value] = exactly(args)?;
    let text = arguments::text(value)?;
    let len = text.as_str().len();
    let number = arguments::int(count)?;
    let size = usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX);
    let (start, end) = if number < 0 {
        (len.saturating_sub(size), len)
    } else {
        (0, size.min(len))
    };
    cut_bytes(value, text, start, end, &count.keys())
}

/// The bytes between two positions (`substring`).
fn substr(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [start, end, value] = exactly(args)?;
    let text = arguments::text(value)?;
    let len = text.as_str().len();
    let (from, to) = (arguments::int(start)?, arguments::int(end)?);
    let outside = || Fault::Failed("slice bounds out of range".to_owned());
    let (from, to) = match (usize::try_from(from), usize::try_from(to)) {
        (Err(_), Ok(to)) => (0, to),
        (Err(_), Err(_)) => return Err(outside()),
        (Ok(from), Ok(to)) if to <= len => (from, to),
        (Ok(from), _) => (from, len),
    };
    if from > to || to > len {
        return Err(outside());
    }
    cut_bytes(value, text, from, to, &start.keys().and(&end.keys()))
}

/// A place in a text that becomes another text.
pub(super) struct Edit {
    /// Where it starts, in bytes.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// What stands there then.
    pub(super) with: String,
}

/// A text with places changed. What lies outside of them keeps its pieces, and what is written there hangs on the keys,
/// too.
pub(super) fn edited(
    value: &Traced,
    text: &Text,
    edits: &[Edit],
    keys: &Keys,
    work: &mut Work,
) -> Result<Traced, Fault> {
    let pieces = text.pieces().count();
    let all = text.as_str();
    let mut changed = Text::default();
    let mut at = 0;
    for edit in edits {
        if all.get(edit.start..edit.end) == Some(&edit.with) {
            continue;
        }
        work.bytes(edit.with.len().saturating_add(2 * PIECE_BYTES))?;
        work.steps(pieces / 4)?;
        if at < edit.start {
            changed.append(&text.slice(at, edit.start));
        }
        let own = text.slice(edit.start, edit.end).keys();
        changed.push(&edit.with, &Origin::derived(own.and(keys)));
        at = edit.end;
    }
    if at == 0 && changed.pieces().next().is_none() {
        return Ok(cut(value, text, 0, all.len(), keys));
    }
    work.bytes(all.len())?;
    if at < all.len() {
        changed.append(&text.slice(at, all.len()));
    }
    Ok(Traced::text(hanging(changed, keys)))
}

/// A text with another for each place of a third (`strings.Replace`).
fn replace(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [old, new, value] = exactly(args)?;
    let text = arguments::text(value)?;
    let (from, with) = (arguments::text(old)?.as_str(), arguments::text(new)?.as_str());
    let mut edits = Vec::new();
    work.bytes(text.cost())?;
    for (start, found) in text.as_str().match_indices(from) {
        work.bytes(with.len().saturating_add(size_of::<Edit>()))?;
        edits.push(Edit {
            start,
            end: start + found.len(),
            with: with.to_owned(),
        });
    }
    edited(value, text, &edits, &old.keys().and(&new.keys()), work)
}

/// Without white space (`goutils.DeleteWhiteSpace`), which is looked for byte by byte there, so that other characters
/// change too where there is any.
fn nospace(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    let text = arguments::text(value)?;
    let all = text.as_str();
    work.bytes(all.len())?;
    let characters = || all.bytes().map(char::from);
    if !characters().any(char::is_whitespace) {
        return Ok(value.clone());
    }
    if !all.is_ascii() {
        let rest: String = characters()
            .filter(|character| !character.is_whitespace())
            .collect();
        return Ok(Traced::derived_text(rest, args));
    }
    let blanks = all.matches(char::is_whitespace).count();
    work.bytes(blanks.saturating_mul(size_of::<Edit>()))?;
    let edits: Vec<Edit> = all
        .match_indices(char::is_whitespace)
        .map(|(start, found)| Edit {
            start,
            end: start + found.len(),
            with: String::new(),
        })
        .collect();
    edited(value, text, &edits, &Keys::None, work)
}

/// A text several times (`strings.Repeat`).
fn repeat(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [count, value] = exactly(args)?;
    let text = arguments::text(value)?;
    let count = times(arguments::int(count)?)?;
    if count == 1 {
        return Ok(cut(
            value,
            text,
            0,
            text.as_str().len(),
            &args.first().map_or(Keys::None, Traced::keys),
        ));
    }
    work.bytes(text.as_str().len().saturating_mul(count))?;
    Ok(Traced::derived_text(text.as_str().repeat(count), args))
}

/// Asks something of a text, which is the last argument.
fn ask(args: &[Traced], question: fn(&str, &str) -> bool) -> Result<Traced, Fault> {
    let [part, text] = exactly(args)?;
    let is_so = question(arguments::text(text)?.as_str(), arguments::text(part)?.as_str());
    Ok(Traced::derived(Value::Bool(is_so), args))
}

#[cfg(test)]
mod tests;
