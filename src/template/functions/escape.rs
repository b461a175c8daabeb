//! Functions that escape a text for somewhere else (Go's `text/template/funcs.go`).

use std::fmt::Write as _;

use super::super::traced::{Origin, Traced, Value};
use super::super::work::{Fault, Work};
use super::Function;
use super::characters;
use super::print::filled;
use super::printf;

/// The function of a name.
pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "html" => Function::of(|args, work| escaped(args, html, work)),
        "js" => Function::of(|args, work| escaped(args, js, work)),
        "urlquery" => Function::of(|args, work| escaped(args, query, work)),
        _ => return None,
    })
}

/// The text of the arguments, with each character escaped (`evalArgs`).
fn escaped(args: &[Traced], escape: fn(char, &mut String), work: &mut Work) -> Result<Traced, Fault> {
    if args.iter().any(|value| matches!(value.value, Value::Nil)) {
        return Err(Fault::Unsupported("nil in an escaped text".to_owned()));
    }
    let text = printf::sprint(args, work)?;
    work.bytes(text.cost().saturating_mul(3))?;
    let escaped = text.map(|piece| {
        let mut escaped = String::with_capacity(piece.len());
        for character in piece.chars() {
            escape(character, &mut escaped);
        }
        escaped
    });
    let origin = args
        .first()
        .map_or_else(Origin::literal, |value| value.origin.clone());
    Ok(Traced::text(filled(escaped, &origin)))
}

/// For HTML (`HTMLEscape`).
fn html(character: char, to: &mut String) {
    match character {
        '\0' => to.push('\u{fffd}'),
        '"' => to.push_str("&#34;"),
        '\'' => to.push_str("&#39;"),
        '&' => to.push_str("&amp;"),
        '<' => to.push_str("&lt;"),
        '>' => to.push_str("&gt;"),
        _ => to.push(character),
    }
}

/// For JavaScript (`JSEscape`).
fn js(character: char, to: &mut String) {
    match character {
        '\\' | '\'' | '"' => to.extend(['\\', character]),
        '<' | '>' | '&' | '=' | '\0'..='\u{1f}' => code(character, to),
        '\u{7f}' => to.push(character),
        _ if characters::is_print(character) => to.push(character),
        _ => code(character, to),
    }
}

/// A character as its number.
fn code(character: char, to: &mut String) {
    // Writing to a text does not fail.
    let _ = write!(to, "\\u{:04X}", u32::from(character));
}

/// For the query of an address (`url.QueryEscape`).
fn query(character: char, to: &mut String) {
    match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' | '~' => to.push(character),
        ' ' => to.push('+'),
        _ => {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                // Writing to a text does not fail.
                let _ = write!(to, "%{byte:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{html, js, query};

    #[test]
    fn characters_with_a_meaning_are_escaped() {
        let escape = |escape: fn(char, &mut String), text: &str| {
            let mut escaped = String::new();
            text.chars().for_each(|character| escape(character, &mut escaped));
            escaped
        };
        assert_eq!(
            escape(html, "<a href=\"x\">'&'"),
            "&lt;a href=&#34;x&#34;&gt;&#39;&amp;&#39;"
        );
        assert_eq!(
            escape(js, "a='<\n>\"\\é\u{200b}"),
            "a\\u003D\\'\\u003C\\u000A\\u003E\\\"\\\\é\\u200B"
        );
        assert_eq!(escape(query, "a b/ü?~"), "a+b%2F%C3%BC%3F~");
    }
}
