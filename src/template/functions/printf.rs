//! `print`, `printf` and `println` (Go's `fmt`).

use super::super::traced::{Text, Traced, Value};
use super::super::work::{Fault, Work};
use super::Function;
use super::arguments;
use super::print::{Flags, Printer};

/// The function of a name.
pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "print" => Function::with_holes(print),
        "printf" => Function::with_holes(printf),
        "println" => Function::with_holes(println),
        _ => return None,
    })
}

/// Prints values, with a space between two of which none is a text (`doPrint`).
fn print(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    sprint(args, work).map(Traced::text)
}

/// The text of `print`.
pub(super) fn sprint(args: &[Traced], work: &mut Work) -> Result<Text, Fault> {
    let mut printer = Printer::new(work);
    let mut before: Option<&Traced> = None;
    for value in args {
        if let Some(before) = before {
            // What is not known may be a text or not.
            if matches!(before.value, Value::Unknown) || matches!(value.value, Value::Unknown) {
                return Err(Fault::Unsupported("the type of what is not known".to_owned()));
            }
            if !matches!(before.value, Value::Text(_)) && !matches!(value.value, Value::Text(_)) {
                printer.literal(" ")?;
            }
        }
        printer.value(value, 'v', Flags::default())?;
        before = Some(value);
    }
    Ok(printer.out)
}

/// Prints values with spaces between them and a line feed (`doPrintln`).
fn println(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let mut printer = Printer::new(work);
    for (position, value) in args.iter().enumerate() {
        if position > 0 {
            printer.literal(" ")?;
        }
        printer.value(value, 'v', Flags::default())?;
    }
    printer.literal("\n")?;
    Ok(Traced::text(printer.out))
}

/// Prints values as a format says (`doPrintf`).
fn printf(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let Some((format, args)) = args.split_first() else {
        return Err(Fault::Failed("printf has no format".to_owned()));
    };
    let format = arguments::text(format)?;
    if format.has_hole() {
        return Err(Fault::Unsupported("a format that is not known".to_owned()));
    }
    let mut printing = Printing {
        format,
        args,
        printer: Printer::new(work),
        at: 0,
        next: 0,
        is_reordered: false,
        is_good: true,
    };
    printing.run()?;
    Ok(Traced::text(printing.printer.out))
}

/// Numbers for widths and precisions above this are taken for mistakes (`tooLarge`).
const LARGEST: i64 = 1_000_000;

/// The state of `printf`.
struct Printing<'a> {
    format: &'a Text,
    args: &'a [Traced],
    printer: Printer<'a>,
    /// Where in the format it is, in bytes.
    at: usize,
    /// The argument of the next verb.
    next: usize,
    /// Whether an argument was asked for by its number.
    is_reordered: bool,
    /// Whether all numbers of arguments of the verb make sense.
    is_good: bool,
}

impl Printing<'_> {
    fn peek(&self) -> Option<u8> {
        self.format.as_str().as_bytes().get(self.at).copied()
    }

    fn run(&mut self) -> Result<(), Fault> {
        let end = self.format.as_str().len();
        while self.at < end {
            self.is_good = true;
            let rest = self.format.as_str().get(self.at..).unwrap_or_default();
            let until = self.at + rest.find('%').unwrap_or(rest.len());
            if until > self.at {
                self.printer.work.bytes(until - self.at)?;
                let text = self.format.slice(self.at, until);
                self.printer.out.append(&text);
            }
            if until >= end {
                break;
            }
            self.at = until + 1;
            if !self.verb()? {
                break;
            }
        }
        if !self.is_reordered && self.next < self.args.len() {
            self.extra()?;
        }
        Ok(())
    }

    /// Prints what one verb asks for; false at the end of the format.
    fn verb(&mut self) -> Result<bool, Fault> {
        let mut flags = self.flags();
        let mut after_number = self.number_of_argument();
        if self.peek() == Some(b'*') {
            self.at += 1;
            match self.number_from_argument() {
                Some(width) => {
                    if width < 0 {
                        flags.minus = true;
                        flags.zero = false;
                    }
                    flags.width = usize::try_from(width.unsigned_abs()).ok();
                }
                None => self.printer.literal("%!(BADWIDTH)")?,
            }
            after_number = false;
        } else {
            flags.width = self.number();
            if after_number && flags.width.is_some() {
                self.is_good = false;
            }
        }
        if self.peek() == Some(b'.') && self.at + 1 < self.format.as_str().len() {
            self.at += 1;
            if after_number {
                self.is_good = false;
            }
            after_number = self.number_of_argument();
            if self.peek() == Some(b'*') {
                self.at += 1;
                match self.number_from_argument() {
                    Some(precision) if precision >= 0 => flags.precision = usize::try_from(precision).ok(),
                    _ => self.printer.literal("%!(BADPREC)")?,
                }
                after_number = false;
            } else {
                flags.precision = Some(self.number().unwrap_or_default());
            }
        }
        if !after_number {
            self.number_of_argument();
        }
        let Some(verb) = self
            .format
            .as_str()
            .get(self.at..)
            .and_then(|rest| rest.chars().next())
        else {
            self.printer.literal("%!(NOVERB)")?;
            return Ok(false);
        };
        self.at += verb.len_utf8();
        if verb == '%' {
            self.printer.literal("%")?;
        } else if !self.is_good {
            self.printer.literal(&format!("%!{verb}(BADINDEX)"))?;
        } else if let Some(value) = self.args.get(self.next) {
            if matches!(verb, 'v' | 'w') {
                flags.plus = false;
            }
            self.printer.value(value, verb, flags)?;
            self.next += 1;
        } else {
            self.printer.literal(&format!("%!{verb}(MISSING)"))?;
        }
        Ok(true)
    }

    fn flags(&mut self) -> Flags {
        let mut flags = Flags::default();
        while let Some(byte) = self.peek() {
            match byte {
                b'#' => flags.sharp = true,
                b'0' => flags.zero = true,
                b'+' => flags.plus = true,
                b'-' => flags.minus = true,
                b' ' => flags.space = true,
                _ => break,
            }
            self.at += 1;
        }
        flags
    }

    /// A number in the format (`parsenum`).
    fn number(&mut self) -> Option<usize> {
        let mut number: Option<i64> = None;
        while let Some(byte) = self.peek().filter(u8::is_ascii_digit) {
            let before = number.unwrap_or_default();
            if before > LARGEST {
                // A long number ends the format.
                self.at = self.format.as_str().len();
                return None;
            }
            number = Some(before * 10 + i64::from(byte - b'0'));
            self.at += 1;
        }
        number.and_then(|number| usize::try_from(number).ok())
    }

    /// The number of an argument in brackets (`argNumber`); whether there is one.
    fn number_of_argument(&mut self) -> bool {
        if self.peek() != Some(b'[') {
            return false;
        }
        self.is_reordered = true;
        let rest = self.format.as_str().get(self.at + 1..).unwrap_or_default();
        let Some((digits, _)) = rest.split_once(']') else {
            self.is_good = false;
            self.at += 1;
            return false;
        };
        self.at += digits.len() + 2;
        let is_number =
            !digits.is_empty() && digits.len() < 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse::<usize>().ok().filter(|_| is_number);
        match number.map(|number| number.checked_sub(1)) {
            Some(Some(index)) if index < self.args.len() => {
                self.next = index;
                true
            }
            Some(_) => {
                self.is_good = false;
                true
            }
            None => {
                self.is_good = false;
                false
            }
        }
    }

    /// A width or a precision that is an argument (`intFromArg`).
    fn number_from_argument(&mut self) -> Option<i64> {
        let value = self.args.get(self.next)?;
        self.next += 1;
        match value.value {
            Value::Int(number) if (-LARGEST..=LARGEST).contains(&number) => Some(number),
            _ => None,
        }
    }

    /// The arguments that no verb asked for.
    fn extra(&mut self) -> Result<(), Fault> {
        self.printer.literal("%!(EXTRA ")?;
        let extra = self.args.get(self.next..).unwrap_or_default();
        for (position, value) in extra.iter().enumerate() {
            if position > 0 {
                self.printer.literal(", ")?;
            }
            if !matches!(value.value, Value::Nil) {
                self.printer.value(value, 'T', Flags::default())?;
                self.printer.literal("=")?;
            }
            self.printer.value(value, 'v', Flags::default())?;
        }
        self.printer.literal(")")
    }
}

#[cfg(test)]
mod tests;
