//! Functions that change the case of letters, shorten and wrap (sprig's `strings.go`, `goutils` and `xstrings`).

use super::super::key::Keys;
use super::super::traced::{Origin, Text, Traced};
use super::super::work::{Fault, Work};
use super::Function;
use super::arguments::{self, exactly};
use super::characters;
use super::text;

/// The function of a name.
pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "lower" => Function::of(|args, work| by_character(args, characters::lower, work)),
        "upper" => Function::of(|args, work| by_character(args, characters::upper, work)),
        "title" => Function::of(|args, work| rewritten(args, title, work)),
        "untitle" => Function::of(|args, work| rewritten(args, untitle, work)),
        "swapcase" => Function::of(|args, work| rewritten(args, swap_case, work)),
        "camelcase" => Function::of(|args, work| rewritten(args, pascal_case, work)),
        "initials" => Function::of(|args, work| rewritten(args, initials, work)),
        "abbrev" => Function::of(abbrev),
        "abbrevboth" => Function::of(abbrev_both),
        "plural" => Function::of(plural),
        "wrap" => Function::of(wrap),
        "wrapWith" => Function::of(wrap_with),
        _ => return None,
    })
}

/// A text with each character changed on its own. Pieces that stay as they are keep their keys.
fn by_character(
    args: &[Traced],
    change: fn(char) -> Result<char, Fault>,
    work: &mut Work,
) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    let text = arguments::text(value)?;
    work.bytes(text.cost())?;
    let mut changed = Text::default();
    for (piece, origin) in text.pieces() {
        let new = piece.chars().map(change).collect::<Result<String, Fault>>()?;
        if new == piece {
            changed.push(piece, origin);
        } else {
            changed.push(&new, &Origin::derived(origin.all_keys()));
        }
    }
    if changed == *text {
        Ok(value.clone())
    } else {
        Ok(Traced::text(changed))
    }
}

/// A text that is rewritten as a whole. One that stays as it is keeps its keys.
pub(super) fn rewritten(
    args: &[Traced],
    rewrite: fn(&str) -> Result<String, Fault>,
    work: &mut Work,
) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    let text = arguments::text(value)?;
    work.bytes(text.cost())?;
    let new = rewrite(text.as_str())?;
    if new == text.as_str() {
        Ok(value.clone())
    } else {
        Ok(Traced::derived_text(new, args))
    }
}

/// Each word with a large first letter (`strings.Title`).
fn title(text: &str) -> Result<String, Fault> {
    let is_separator = |character: char| match character {
        '_' => false,
        character if character.is_ascii() => !character.is_ascii_alphanumeric(),
        character => character.is_whitespace(),
    };
    let mut before = ' ';
    text.chars()
        .map(|character| {
            let is_first = is_separator(before);
            before = character;
            if is_first {
                characters::title(character)
            } else {
                Ok(character)
            }
        })
        .collect()
}

/// Each word with a small first letter (`goutils.Uncapitalize`).
fn untitle(text: &str) -> Result<String, Fault> {
    let mut is_first = true;
    text.chars()
        .map(|character| {
            if character.is_whitespace() {
                is_first = true;
                Ok(character)
            } else if std::mem::take(&mut is_first) {
                characters::lower(character)
            } else {
                Ok(character)
            }
        })
        .collect()
}

/// Large letters small and small ones large, with large ones at the beginning of words (`goutils.SwapCase`).
fn swap_case(text: &str) -> Result<String, Fault> {
    characters::only_ascii(text)?;
    let mut after_space = true;
    let swapped = text.chars().map(|character| {
        if character.is_ascii_alphabetic() {
            after_space = false;
            if character.is_ascii_uppercase() {
                character.to_ascii_lowercase()
            } else {
                character.to_ascii_uppercase()
            }
        } else {
            after_space = character.is_whitespace();
            character
        }
    });
    Ok(swapped.collect())
}

/// Words without what stands between them, each with a large first letter (`xstrings.ToPascalCase`).
fn pascal_case(text: &str) -> Result<String, Fault> {
    characters::only_ascii(text)?;
    let is_connector = |character: char| matches!(character, '-' | '_') || character.is_whitespace();
    let mut characters = text.chars();
    let mut pascal = String::with_capacity(text.len());
    let mut last = None;
    // Connectors at the beginning stay.
    for character in characters.by_ref() {
        last = Some(character);
        if !is_connector(character) {
            break;
        }
        pascal.push(character);
    }
    let Some(mut current) = last else {
        return Ok(pascal);
    };
    // A word of large letters becomes small but for its first one.
    let mut is_large = current.is_ascii_uppercase();
    current = current.to_ascii_uppercase();
    for next in characters {
        let before = std::mem::replace(&mut current, next);
        match (is_connector(before), is_connector(current)) {
            (true, true) => pascal.push(before),
            (true, false) => {
                is_large = current.is_ascii_uppercase();
                current = current.to_ascii_uppercase();
            }
            (false, _) => {
                if is_large {
                    if current.is_ascii_uppercase() {
                        current = current.to_ascii_lowercase();
                    } else {
                        is_large = false;
                    }
                }
                pascal.push(before);
            }
        }
    }
    pascal.push(current);
    Ok(pascal)
}

/// The first letters of words (`goutils.Initials`), where a letter is a byte.
#[allow(clippy::unnecessary_wraps)] // Other texts are rewritten by functions that may not know how.
fn initials(text: &str) -> Result<String, Fault> {
    let mut after_gap = true;
    let initials = text.bytes().map(char::from).filter(|character| {
        if character.is_whitespace() {
            after_gap = true;
            false
        } else {
            std::mem::take(&mut after_gap)
        }
    });
    Ok(initials.collect())
}

/// A text of at most so many bytes, with dots where it is cut (`abbrev`).
fn abbrev(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [width, value] = exactly(args)?;
    abbreviated(value, 0, arguments::int(width)?, 4, args, work)
}

/// The same, cut at both ends (`abbrevboth`).
fn abbrev_both(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [left, right, value] = exactly(args)?;
    let left = arguments::int(left)?;
    abbreviated(
        value,
        left,
        arguments::int(right)?,
        if left > 0 { 7 } else { 4 },
        args,
        work,
    )
}

fn abbreviated(
    value: &Traced,
    left: i64,
    width: i64,
    least: i64,
    args: &[Traced],
    work: &mut Work,
) -> Result<Traced, Fault> {
    let text = arguments::text(value)?;
    let all = text.as_str();
    work.bytes(all.len())?;
    let width = match usize::try_from(width) {
        Ok(width) if i64::try_from(width).is_ok_and(|width| width >= least) && all.len() > width => width,
        _ => {
            let keys = args
                .split_last()
                .map_or(Keys::None, |(_, others)| arguments::keys(others));
            return Ok(text::cut(value, text, 0, all.len(), &keys));
        }
    };
    let offset = usize::try_from(left).unwrap_or_default().min(all.len());
    // As far left as it must be to fill the width.
    let offset = if all.len() - offset < width - 3 {
        all.len() - (width - 3)
    } else {
        offset
    };
    let short = |start: usize, end: usize| {
        all.get(start..end)
            .ok_or_else(|| Fault::Unsupported("half a character".to_owned()))
    };
    let new = if offset <= 4 {
        format!("{}...", short(0, width - 3)?)
    } else if offset + width - 3 < all.len() {
        let rest = short(offset, all.len())?;
        // It has more than the width again, and so is cut at its end.
        let kept = width - 3;
        if kept < 4 {
            return Err(Fault::Unsupported("an abbreviation that short".to_owned()));
        }
        if rest.len() <= kept {
            format!("...{rest}")
        } else {
            format!("...{}...", short(offset, offset + kept - 3)?)
        }
    } else {
        format!("...{}", short(all.len() - (width - 3), all.len())?)
    };
    Ok(Traced::derived_text(new, args))
}

/// One text for the number 1 and another one for others (`plural`).
fn plural(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [one, many, count] = exactly(args)?;
    let (one_text, many_text) = (arguments::text(one)?, arguments::text(many)?);
    let (value, text) = if arguments::int(count)? == 1 {
        (one, one_text)
    } else {
        (many, many_text)
    };
    Ok(text::cut(value, text, 0, text.as_str().len(), &count.keys()))
}

/// Lines of at most so many bytes, with long words whole (`goutils.Wrap`).
fn wrap(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [width, value] = exactly(args)?;
    let text = arguments::text(value)?.as_str();
    let new = wrapped(text, arguments::int(width)?, "\n", false, work)?;
    wrapped_value(value, new, args)
}

/// The same with other ends of lines, and long words cut (`goutils.WrapCustom`).
fn wrap_with(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [width, line_end, value] = exactly(args)?;
    let text = arguments::text(value)?.as_str();
    let line_end = match arguments::text(line_end)?.as_str() {
        "" => "\n",
        line_end => line_end,
    };
    let new = wrapped(text, arguments::int(width)?, line_end, true, work)?;
    wrapped_value(value, new, args)
}

fn wrapped_value(value: &Traced, new: String, args: &[Traced]) -> Result<Traced, Fault> {
    let text = arguments::text(value)?;
    if text.as_str() == new {
        Ok(value.clone())
    } else {
        Ok(Traced::derived_text(new, args))
    }
}

fn wrapped(
    text: &str,
    width: i64,
    line_end: &str,
    cuts_words: bool,
    work: &mut Work,
) -> Result<String, Fault> {
    let width = usize::try_from(width).unwrap_or_default().max(1);
    let bytes = text.as_bytes();
    let mut lines = String::new();
    let mut offset = 0;
    let cut = |start: usize, end: usize| {
        text.get(start..end)
            .ok_or_else(|| Fault::Unsupported("half a character".to_owned()))
    };
    while bytes.len().saturating_sub(offset) > width {
        work.step()?;
        if bytes.get(offset) == Some(&b' ') {
            offset += 1;
            continue;
        }
        let window = bytes.get(offset..=offset + width).unwrap_or_default();
        let (end, next) = if let Some(space) = window.iter().rposition(|byte| *byte == b' ') {
            (offset + space, offset + space + 1)
        } else if cuts_words {
            (offset + width, offset + width)
        } else {
            let rest = bytes.get(offset + width..).unwrap_or_default();
            match rest.iter().position(|byte| *byte == b' ') {
                Some(space) => (offset + width + space, offset + width + space + 1),
                None => break,
            }
        };
        let line = cut(offset, end)?;
        work.bytes(line.len() + line_end.len())?;
        lines.push_str(line);
        lines.push_str(line_end);
        offset = next;
    }
    lines.push_str(cut(offset, text.len())?);
    Ok(lines)
}

#[cfg(test)]
mod tests;
