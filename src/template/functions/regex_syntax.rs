//! Go's regular expressions (`regexp/syntax`) in the syntax of the `regex` crate.

use super::super::work::Fault;

/// Why an expression is not translated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Go does not take it, either.
    Invalid,
    /// It may mean something else here.
    Unlike,
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid => Self::Failed("an invalid regular expression".to_owned()),
            Refusal::Unlike => Self::Unsupported("a regular expression".to_owned()),
        }
    }
}

/// The most repetitions that a count may ask for.
const MAX_REPEAT: u32 = 1000;

/// The same expression for the `regex` crate. The text that it is used on tells whether `\B` means the same.
pub(super) fn translate(expression: &str, is_ascii: bool) -> Result<String, Refusal> {
    let mut translation = Translation {
        rest: expression,
        out: String::with_capacity(expression.len() * 2),
        after: After::Start,
        is_ascii,
    };
    while let Some(character) = translation.take() {
        translation.item(character)?;
    }
    Ok(translation.out)
}

/// What stands before a place of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// Nothing that can be repeated.
    Start,
    /// Flags, which Go looks through.
    Flags,
    /// Something that can be repeated.
    Item,
    /// A repetition.
    Repeat,
}

struct Translation<'a> {
    rest: &'a str,
    out: String,
    after: After,
    is_ascii: bool,
}

impl Translation<'_> {
    fn take(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let character = characters.next()?;
        self.rest = characters.as_str();
        Some(character)
    }

    fn takes(&mut self, start: &str) -> bool {
        self.rest.strip_prefix(start).is_some_and(|rest| {
            self.rest = rest;
            true
        })
    }

    fn item(&mut self, character: char) -> Result<(), Refusal> {
        match character {
            '(' => self.open(),
            ')' | '|' => {
                self.out.push(character);
                self.after = if character == ')' {
                    After::Item
                } else {
                    After::Start
                };
                Ok(())
            }
            '^' | '$' | '.' => {
                self.out.push(character);
                self.after = After::Item;
                Ok(())
            }
            '[' => {
                self.class()?;
                self.after = After::Item;
                Ok(())
            }
            '*' | '+' | '?' => self.repeat(&character.to_string()),
            '{' => {
                if let Some(count) = self.count()? {
                    return self.repeat(&count);
                }
                self.literal('{');
                Ok(())
            }
            '\\' => self.escape(),
            _ => {
                self.literal(character);
                Ok(())
            }
        }
    }

    fn literal(&mut self, character: char) {
        self.out.push_str(&code(character));
        self.after = After::Item;
    }

    fn repeat(&mut self, operator: &str) -> Result<(), Refusal> {
        match self.after {
            After::Start | After::Repeat => return Err(Refusal::Invalid),
            After::Flags => return Err(Refusal::Unlike),
            After::Item => {}
        }
        self.out.push_str(operator);
        if self.takes("?") {
            self.out.push('?');
        }
        self.after = After::Repeat;
        Ok(())
    }

    /// A count of repetitions behind `{`; `None` where it is only a brace.
    fn count(&mut self) -> Result<Option<String>, Refusal> {
        let Some((inside, rest)) = self.rest.split_once('}') else {
            return Ok(None);
        };
        let (least, most) = match inside.split_once(',') {
            Some((least, most)) => (least, Some(most)),
            None => (inside, None),
        };
        let is_number = |digits: &str| {
            !digits.is_empty()
                && digits.bytes().all(|byte| byte.is_ascii_digit())
                && (digits.len() == 1 || !digits.starts_with('0'))
        };
        if !is_number(least) || most.is_some_and(|most| !most.is_empty() && !is_number(most)) {
            return Ok(None);
        }
        let number = |digits: &str| digits.parse::<u32>().ok().filter(|number| *number <= MAX_REPEAT);
        let least = number(least).ok_or(Refusal::Invalid)?;
        if let Some(most) = most.filter(|most| !most.is_empty())
            && number(most).is_none_or(|most| most < least)
        {
            return Err(Refusal::Invalid);
        }
        self.rest = rest;
        Ok(Some(format!("{{{inside}}}")))
    }

    /// A group, or flags.
    fn open(&mut self) -> Result<(), Refusal> {
        self.after = After::Start;
        if !self.takes("?") {
            self.out.push('(');
            return Ok(());
        }
        if self.takes("P<") || self.takes("<") {
            let (name, rest) = self.rest.split_once('>').ok_or(Refusal::Invalid)?;
            if name.is_empty()
                || !name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            {
                return Err(Refusal::Invalid);
            }
            self.out.push_str("(?P<");
            self.out.push_str(name);
            self.out.push('>');
            self.rest = rest;
            return Ok(());
        }
        let end = self.rest.find([':', ')']).ok_or(Refusal::Invalid)?;
        let (flags, rest) = self.rest.split_at_checked(end).ok_or(Refusal::Invalid)?;
        if !flags
            .chars()
            .all(|flag| matches!(flag, 'i' | 'm' | 's' | 'U' | '-'))
        {
            return Err(Refusal::Invalid);
        }
        self.out.push_str("(?");
        self.out.push_str(flags);
        self.rest = rest;
        if self.takes(":") {
            self.out.push(':');
        } else {
            self.takes(")");
            self.out.push(')');
            self.after = After::Flags;
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<(), Refusal> {
        self.after = After::Item;
        if self.takes("Q") {
            let (literal, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
            self.rest = rest;
            for character in literal.chars() {
                self.literal(character);
            }
            return if literal.is_empty() {
                Err(Refusal::Unlike)
            } else {
                Ok(())
            };
        }
        let next = self.rest.chars().next().ok_or(Refusal::Invalid)?;
        let translated = match next {
            'A' | 'z' => format!("\\{next}"),
            'b' => "(?-u:\\b)".to_owned(),
            'B' if self.is_ascii => "\\B".to_owned(),
            'B' | 'C' | 'p' | 'P' => return Err(Refusal::Unlike),
            _ => {
                let Some(class) = perl_class(next) else {
                    let character = self.escaped()?;
                    self.literal(character);
                    return Ok(());
                };
                format!("[{class}]")
            }
        };
        self.take();
        self.out.push_str(&translated);
        Ok(())
    }

    /// The character that an escape stands for; the backslash is taken already.
    fn escaped(&mut self) -> Result<char, Refusal> {
        let character = self.take().ok_or(Refusal::Invalid)?;
        let code = match character {
            'a' => 7,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'v' => 11,
            'x' => self.hex()?,
            '0'..='7' => {
                // A single digit but 0 would be what a group matched before.
                if character != '0' && !self.rest.starts_with(|next| matches!(next, '0'..='7')) {
                    return Err(Refusal::Invalid);
                }
                let mut code = u32::from(character) - u32::from('0');
                for _ in 0..2 {
                    match self.rest.chars().next().and_then(|next| next.to_digit(8)) {
                        Some(digit) => {
                            self.take();
                            code = code * 8 + digit;
                        }
                        None => break,
                    }
                }
                code
            }
            _ if character.is_ascii() && !character.is_ascii_alphanumeric() => return Ok(character),
            _ => return Err(Refusal::Invalid),
        };
        char::from_u32(code).ok_or(Refusal::Unlike)
    }

    fn hex(&mut self) -> Result<u32, Refusal> {
        let digits = if self.takes("{") {
            let (digits, rest) = self.rest.split_once('}').ok_or(Refusal::Invalid)?;
            self.rest = rest;
            digits
        } else {
            let (digits, rest) = self.rest.split_at_checked(2).ok_or(Refusal::Invalid)?;
            self.rest = rest;
            digits
        };
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Refusal::Invalid);
        }
        u32::from_str_radix(digits, 16).map_err(|_| Refusal::Invalid)
    }

    /// A class of characters; its bracket is taken already. Each character is written as its number, because more of them
    /// have a meaning here.
    fn class(&mut self) -> Result<(), Refusal> {
        self.out.push('[');
        if self.takes("^") {
            self.out.push('^');
        }
        let mut is_first = true;
        loop {
            if self.rest.is_empty() {
                return Err(Refusal::Invalid);
            }
            if self.takes("]") {
                if is_first {
                    self.class_range(']')?;
                    is_first = false;
                    continue;
                }
                self.out.push(']');
                return Ok(());
            }
            is_first = false;
            if let Some((name, rest)) = self
                .rest
                .strip_prefix("[:")
                .and_then(|rest| rest.split_once(":]"))
            {
                let class = name.strip_prefix('^').unwrap_or(name);
                if !POSIX_CLASSES.contains(&class) {
                    return Err(Refusal::Invalid);
                }
                self.out.extend(["[:", name, ":]"]);
                self.rest = rest;
                continue;
            }
            if let Some(escape) = self.rest.strip_prefix('\\') {
                match escape.chars().next() {
                    Some('p' | 'P') => return Err(Refusal::Unlike),
                    Some(next) => {
                        if let Some(class) = perl_class(next) {
                            self.out.extend(["[", class, "]"]);
                            self.rest = escape.get(1..).unwrap_or_default();
                            continue;
                        }
                    }
                    None => return Err(Refusal::Invalid),
                }
            }
            let from = self.class_character()?;
            self.class_range(from)?;
        }
    }

    fn class_character(&mut self) -> Result<char, Refusal> {
        match self.take() {
            None => Err(Refusal::Invalid),
            Some('\\') => self.escaped(),
            Some(character) => Ok(character),
        }
    }

    /// A character of a class, or those up to another.
    fn class_range(&mut self, from: char) -> Result<(), Refusal> {
        self.out.push_str(&code(from));
        if self.rest.starts_with('-') && !self.rest.starts_with("-]") && self.rest.len() > 1 {
            self.take();
            let to = self.class_character()?;
            if to < from {
                return Err(Refusal::Invalid);
            }
            self.out.push('-');
            self.out.push_str(&code(to));
        }
        Ok(())
    }
}

/// The names of classes like `[:alpha:]`.
const POSIX_CLASSES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];

/// What stands between the brackets of a class like `\d`.
fn perl_class(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "0-9",
        'D' => "^0-9",
        's' => "\\t\\n\\x0C\\r ",
        'S' => "^\\t\\n\\x0C\\r ",
        'w' => "0-9A-Za-z_",
        'W' => "^0-9A-Za-z_",
        _ => return None,
    })
}

/// A character as its number.
fn code(character: char) -> String {
    format!("\\x{{{:x}}}", u32::from(character))
}

#[cfg(test)]
mod tests {
    use super::{Refusal, translate};

    #[test]
    fn what_go_refuses_is_refused() {
        for expression in [
            "a**",
            "*a",
            "(?<!x)a",
            "a{1001}",
            "a{3,2}",
            "[b-a]",
            "\\1",
            "\\k",
            "[",
            "(?x)a",
            "[[:foo:]]",
            "(?=a)",
        ] {
            assert_eq!(translate(expression, true), Err(Refusal::Invalid), "{expression}");
        }
    }

    #[test]
    fn what_only_rust_reads_otherwise_is_a_character() {
        for (expression, text) in [
            ("[[a]", "["),
            ("[a&&b]", "&"),
            ("a{,2}", "a{,2}"),
            ("\\<", "<"),
            ("[+--]", ","),
            ("{", "{"),
        ] {
            let expression = translate(expression, true).expect("it is translated");
            assert!(
                regex::Regex::new(&expression)
                    .expect("it is valid")
                    .is_match(text),
                "{expression}"
            );
        }
    }
}
