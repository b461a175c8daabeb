//! Values as Go's `fmt` prints them, piece by piece.

use super::super::key::Keys;
use super::super::traced::{HOLE, Kind, Origin, PIECE_BYTES, Text, Traced, Value};
use super::super::work::{Fault, Work};
use super::characters;
use super::numbers::{self, Form};
use super::provenance::taken_from;

/// How a value is printed: what stands between `%` and the end of a verb (`fmt`, `fmtFlags`).
#[derive(Debug, Clone, Copy, Default)]
#[allow(clippy::struct_excessive_bools)] // Go's flags are as many, and stand side by side.
pub(super) struct Flags {
    /// How many characters at least.
    pub(super) width: Option<usize>,
    /// How many digits, or characters at most.
    pub(super) precision: Option<usize>,
    /// `-`: filled up at the right.
    pub(super) minus: bool,
    /// `+`: with a sign.
    pub(super) plus: bool,
    /// `#`: another form.
    pub(super) sharp: bool,
    /// A space: with room for a sign.
    pub(super) space: bool,
    /// `0`: filled up with zeros.
    pub(super) zero: bool,
}

/// A value as `%v` prints it, which is what sprig's `strval` makes of it, too.
pub(in super::super) fn printed(value: &Traced, work: &mut Work) -> Result<Text, Fault> {
    let mut printer = Printer::new(work);
    printer.value(value, 'v', Flags::default())?;
    Ok(printer.out)
}

/// Prints values.
pub(super) struct Printer<'a> {
    /// What is printed so far.
    pub(super) out: Text,
    pub(super) work: &'a mut Work,
}

impl<'a> Printer<'a> {
    /// One that has printed nothing.
    pub(super) fn new(work: &'a mut Work) -> Self {
        Self {
            out: Text::default(),
            work,
        }
    }

    /// Prints what stands in the template.
    pub(super) fn literal(&mut self, text: &str) -> Result<(), Fault> {
        self.work.bytes(text.len())?;
        self.out.push_literal(text);
        Ok(())
    }

    /// Prints an argument with a verb (`printArg`).
    pub(super) fn value(&mut self, value: &Traced, verb: char, flags: Flags) -> Result<(), Fault> {
        if flags.sharp && matches!(verb, 'v' | 'w') {
            return Err(Fault::Unsupported("a value in Go's own syntax".to_owned()));
        }
        match (&value.value, verb) {
            (Value::Nil, 'v' | 'T') => self.scalar("<nil>".to_owned(), &value.origin, true, flags),
            (Value::Nil, _) => self.piece(&format!("%!{verb}(<nil>)"), &value.origin),
            (_, 'T') => {
                let name = type_of(value)?;
                let name: String = name.chars().take(flags.precision.unwrap_or(usize::MAX)).collect();
                self.padded(&Text::of(name, Origin::derived(value.keys())), flags)
            }
            (_, 'p' | 'w') => Err(Fault::Unsupported(format!("the verb %{verb}"))),
            _ => self.inner(value, verb, flags),
        }
    }

    /// Prints a value that may lie in another one (`printValue`).
    fn inner(&mut self, value: &Traced, verb: char, flags: Flags) -> Result<(), Fault> {
        self.work.step()?;
        match &value.value {
            Value::Unknown => self.piece(&HOLE.to_string(), &value.origin),
            Value::Nil => self.piece("<nil>", &value.origin),
            Value::Bool(truth) => match verb {
                'v' | 't' => self.scalar(truth.to_string(), &value.origin, true, flags),
                _ => self.bad(value, verb, flags),
            },
            Value::Int(number) => self.integer(value, *number, verb, flags),
            Value::Float(number) => self.float(value, *number, verb, flags),
            Value::Text(text) => self.text(value, text, verb, flags),
            Value::List(items) => {
                let own = Origin::derived(value.origin.all_keys());
                self.piece("[", &own)?;
                self.work.enter()?;
                for (position, item) in items.iter().enumerate() {
                    if position > 0 {
                        self.piece(" ", &own)?;
                    }
                    let item = taken_from(value, item, self.work)?;
                    self.inner(&item, verb, flags)?;
                }
                self.work.leave();
                self.piece("]", &own)
            }
            Value::Map(map) => {
                let own = Origin::derived(value.origin.all_keys());
                // A map that holds what is not known may be an object that prints otherwise.
                if map.entries().values().any(Traced::has_hole) {
                    return self.piece(&HOLE.to_string(), &Origin::hole(value.keys()));
                }
                self.piece("map[", &own)?;
                self.work.enter()?;
                for (position, (name, item)) in map.entries().iter().enumerate() {
                    if position > 0 {
                        self.piece(" ", &own)?;
                    }
                    let name = Traced::text(Text::of(&**name, own.clone()));
                    self.inner(&name, verb, flags)?;
                    self.piece(":", &own)?;
                    let item = taken_from(value, item, self.work)?;
                    self.inner(&item, verb, flags)?;
                }
                self.work.leave();
                self.piece("]", &own)
            }
            Value::Native(_) => Err(Fault::Unsupported("an object of Helm as text".to_owned())),
        }
    }

    /// A verb that the value does not have (`badVerb`).
    fn bad(&mut self, value: &Traced, verb: char, flags: Flags) -> Result<(), Fault> {
        if verb == 'v' {
            return Err(Fault::Unsupported("the form of a value".to_owned()));
        }
        let name = type_of(value)?;
        self.literal(&format!("%!{verb}({name}="))?;
        self.inner(value, 'v', flags)?;
        self.literal(")")
    }

    fn text(&mut self, value: &Traced, text: &Text, verb: char, flags: Flags) -> Result<(), Fault> {
        if text.has_hole()
            && (flags.width.is_some() || flags.precision.is_some() || !matches!(verb, 'v' | 's' | 'q'))
        {
            return self.piece(&HOLE.to_string(), &Origin::hole(value.keys()));
        }
        let cut = |text: &Text| match flags.precision {
            Some(precision) => match text.as_str().char_indices().nth(precision) {
                Some((end, _)) => part(text, 0, end),
                None => text.clone(),
            },
            None => text.clone(),
        };
        match verb {
            'v' | 's' => self.padded(&filled(cut(text), &value.origin), flags),
            'q' => {
                if flags.sharp || flags.plus {
                    return Err(Fault::Unsupported("the flags # and + of %q".to_owned()));
                }
                let mut quoted = Text::literal("\"");
                quoted.append(&filled(quote(&cut(text)), &value.origin));
                quoted.push_literal("\"");
                self.padded(&quoted, flags)
            }
            'x' | 'X' => {
                if flags.sharp || flags.space {
                    return Err(Fault::Unsupported("the flags # and space of %x".to_owned()));
                }
                let bytes = text.as_str().bytes().take(flags.precision.unwrap_or(usize::MAX));
                let hex: String = bytes
                    .map(|byte| {
                        if verb == 'x' {
                            format!("{byte:02x}")
                        } else {
                            format!("{byte:02X}")
                        }
                    })
                    .collect();
                self.padded(&Text::of(hex, Origin::derived(value.keys())), flags)
            }
            _ => self.bad(value, verb, flags),
        }
    }

    /// An integer (`fmtInteger`).
    fn integer(&mut self, value: &Traced, number: i64, verb: char, flags: Flags) -> Result<(), Fault> {
        let size = number.unsigned_abs();
        let mut digits = match verb {
            'v' | 'd' => size.to_string(),
            'b' => format!("{size:b}"),
            'o' | 'O' => format!("{size:o}"),
            'x' => format!("{size:x}"),
            'X' => format!("{size:X}"),
            'c' => {
                let code = u32::try_from(number).ok().and_then(char::from_u32);
                let character = code.unwrap_or(char::REPLACEMENT_CHARACTER);
                return self.padded(&Text::of(character, Origin::derived(value.keys())), flags);
            }
            'q' | 'U' => return Err(Fault::Unsupported(format!("the verb %{verb} of a number"))),
            _ => return self.bad(value, verb, flags),
        };
        if flags.precision == Some(0) && number == 0 {
            return self.literal(&" ".repeat(flags.width.unwrap_or_default()));
        }
        let has_sign = number < 0 || flags.plus || flags.space;
        let least = match (flags.precision, flags.width) {
            (Some(precision), _) => precision,
            (None, Some(width)) if flags.zero && !flags.minus => width.saturating_sub(usize::from(has_sign)),
            (None, _) => 0,
        };
        self.work.bytes(least)?;
        digits.insert_str(0, &"0".repeat(least.saturating_sub(digits.len())));
        if flags.sharp {
            digits.insert_str(
                0,
                match verb {
                    'b' => "0b",
                    'o' | 'O' if !digits.starts_with('0') => "0",
                    'x' => "0x",
                    'X' => "0X",
                    _ => "",
                },
            );
        }
        if verb == 'O' {
            digits.insert_str(0, "0o");
        }
        digits.insert_str(
            0,
            match (number < 0, flags.plus, flags.space) {
                (true, ..) => "-",
                (false, true, _) => "+",
                (false, false, true) => " ",
                (false, false, false) => "",
            },
        );
        let is_plain = digits == number.to_string();
        self.scalar(
            digits,
            &value.origin,
            is_plain,
            Flags {
                zero: false,
                precision: None,
                ..flags
            },
        )
    }

    /// A float (`fmtFloat`).
    fn float(&mut self, value: &Traced, number: f64, verb: char, flags: Flags) -> Result<(), Fault> {
        let (form, precision) = match verb {
            'v' | 'g' | 'G' => (Form::Either, flags.precision),
            'f' | 'F' => (Form::Plain, Some(flags.precision.unwrap_or(6))),
            'e' | 'E' => (Form::Exponent, Some(flags.precision.unwrap_or(6))),
            'b' | 'x' | 'X' => return Err(Fault::Unsupported(format!("the verb %{verb} of a float"))),
            _ => return self.bad(value, verb, flags),
        };
        if flags.sharp {
            return Err(Fault::Unsupported("the flag # of a float".to_owned()));
        }
        self.work.bytes(precision.unwrap_or_default())?;
        // More digits than a float has: Rust's limit for the precision is lower than Go's.
        if precision.is_some_and(|precision| precision > 1_000) {
            return Err(Fault::Unsupported("that many digits".to_owned()));
        }
        let mut digits = numbers::float(number, form, precision);
        if matches!(verb, 'E' | 'G') {
            digits = digits.replace('e', "E");
        }
        let is_finite = number.is_finite();
        if digits.starts_with("+Inf") && !flags.plus {
            digits.replace_range(..1, if flags.space { " " } else { "" });
        } else if !digits.starts_with(['-', '+']) && (flags.plus || flags.space) {
            digits.insert_str(0, if flags.plus { "+" } else { " " });
        }
        let is_plain = digits == numbers::float(number, Form::Either, None);
        if flags.zero && !flags.minus && is_finite && digits.starts_with(['-', '+', ' ']) {
            // The zeros stand behind the sign.
            let zeros = flags.width.unwrap_or_default().saturating_sub(digits.len());
            self.work.bytes(zeros)?;
            digits.insert_str(1, &"0".repeat(zeros));
            return self.scalar(digits, &value.origin, zeros == 0 && is_plain, Flags::default());
        }
        let zero = flags.zero && is_finite;
        self.scalar(
            digits,
            &value.origin,
            is_plain,
            Flags {
                zero,
                precision: None,
                ..flags
            },
        )
    }

    /// A text of one piece, which shows its key as long as it is what the value is printed as otherwise.
    fn scalar(&mut self, text: String, origin: &Origin, is_plain: bool, flags: Flags) -> Result<(), Fault> {
        let origin = if is_plain {
            origin.clone()
        } else {
            Origin::derived(origin.all_keys())
        };
        self.padded(&Text::of(text, origin), flags)
    }

    /// Fills a text up to the width (`pad`).
    fn padded(&mut self, text: &Text, flags: Flags) -> Result<(), Fault> {
        let missing = match flags.width {
            Some(width) => width.saturating_sub(text.as_str().chars().count()),
            None => 0,
        };
        self.work.bytes(text.cost().saturating_add(missing))?;
        let filling = if flags.zero && !flags.minus { "0" } else { " " }.repeat(missing);
        if !flags.minus {
            self.out.push_literal(&filling);
        }
        self.out.append(text);
        if flags.minus {
            self.out.push_literal(&filling);
        }
        Ok(())
    }

    fn piece(&mut self, text: &str, origin: &Origin) -> Result<(), Fault> {
        self.work.bytes(text.len().saturating_add(PIECE_BYTES))?;
        self.out.push(text, origin);
        Ok(())
    }
}

/// Go's name for the type of a value, where it is certain.
///
/// Integers are of several types, and lists and maps that do not come from values may be of any.
fn type_of(value: &Traced) -> Result<&'static str, Fault> {
    let is_below_values = value.origin.key.as_ref().is_some_and(|key| !key.is_root());
    match &value.value {
        Value::Bool(_) => Ok("bool"),
        Value::Float(_) => Ok("float64"),
        Value::Text(_) => Ok("string"),
        Value::List(_) if is_below_values => Ok("[]interface {}"),
        Value::Map(_) if is_below_values => Ok("map[string]interface {}"),
        Value::Nil | Value::Int(_) | Value::List(_) | Value::Map(_) | Value::Native(_) | Value::Unknown => {
            Err(Fault::Unsupported("the type of a value".to_owned()))
        }
    }
}

/// A text as it stands between the quotes of `%q`. Holes stay as they are.
pub(super) fn quote(text: &Text) -> Text {
    let mut quoted = Text::default();
    for (piece, origin) in text.pieces() {
        if origin.kind == Kind::Hole {
            quoted.push(piece, origin);
        } else {
            quoted.push(&characters::quoted(piece), origin);
        }
    }
    quoted
}

/// The same text; an empty one without pieces has the origin of its value.
pub(super) fn filled(text: Text, origin: &Origin) -> Text {
    if text.pieces().next().is_some() {
        text
    } else {
        Text::of("", origin.clone())
    }
}

/// A part of a text, which hangs on what the text hangs on even if nothing is left of it.
pub(super) fn part(text: &Text, start: usize, end: usize) -> Text {
    let part = text.slice(start, end);
    if part.pieces().next().is_some() {
        part
    } else {
        Text::of("", Origin::derived(text.keys()))
    }
}

/// The same text, hanging on more keys.
pub(super) fn hanging(text: Text, keys: &Keys) -> Text {
    if keys.is_none() {
        return text;
    }
    text.map_origins(|_, origin| match origin.kind {
        Kind::Literal => Origin::derived(origin.keys.and(keys)),
        Kind::Value | Kind::Default | Kind::Derived | Kind::Alternative | Kind::Hole => {
            origin.clone().hanging_on(keys)
        }
    })
}
