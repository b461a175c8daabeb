//! The functions of Go's templates, of sprig and of Helm that charts use most, one file for each kind.
//!
//! A function that is not here makes a hole, never a guess; so does one that cannot know what it is given, unless it says
//! that it takes holes. `include`, `tpl`, `lookup` and the methods of `.Files` need the chart and are in `evaluate`.

mod arguments;
mod arithmetic;
mod cases;
mod characters;
mod convert;
mod decimal;
mod encoding;
mod equality;
mod escape;
mod kinds;
mod lists;
mod logic;
mod maps;
mod merge;
mod numbers;
mod paths;
mod print;
mod printf;
mod provenance;
mod regex;
mod regex_syntax;
mod semver;
mod split;
#[cfg(test)]
mod testing;
mod text;
#[cfg(test)]
mod trial;
mod words;

pub(super) use print::printed;
pub(super) use provenance::{hang, missing_from, taken_from};

use super::traced::Traced;
use super::work::{Fault, Work};

/// A function of templates.
#[derive(Clone, Copy)]
pub(super) struct Function {
    /// Computes it. The values of a pipeline come last, as in Go.
    pub(super) call: fn(&[Traced], &mut Work) -> Result<Traced, Fault>,
    /// Whether it can do something with a value that is not known, or with a text of which a part is not.
    pub(super) takes_holes: bool,
}

impl Function {
    /// A function that has to know its arguments.
    pub(super) const fn of(call: fn(&[Traced], &mut Work) -> Result<Traced, Fault>) -> Self {
        Self {
            call,
            takes_holes: false,
        }
    }

    /// A function that passes on what it does not know.
    pub(super) const fn with_holes(call: fn(&[Traced], &mut Work) -> Result<Traced, Fault>) -> Self {
        Self {
            call,
            takes_holes: true,
        }
    }
}

/// The function of a name.
pub(super) fn find(name: &str) -> Option<Function> {
    logic::find(name)
        .or_else(|| maps::find(name))
        .or_else(|| lists::find(name))
        .or_else(|| arithmetic::find(name))
        .or_else(|| kinds::find(name))
        .or_else(|| text::find(name))
        .or_else(|| split::find(name))
        .or_else(|| printf::find(name))
        .or_else(|| words::find(name))
        .or_else(|| cases::find(name))
        .or_else(|| paths::find(name))
        .or_else(|| regex::find(name))
        .or_else(|| semver::find(name))
        .or_else(|| escape::find(name))
        .or_else(|| encoding::find(name))
}

/// Whether a function has a parameter of Go's type for maps at this position (sprig's `dict.go`).
pub(super) fn takes_map(name: &str, position: usize) -> bool {
    match name {
        "get" | "set" | "unset" | "hasKey" | "omit" | "pick" => position == 0,
        "merge" | "mustMerge" | "mergeOverwrite" | "mustMergeOverwrite" | "keys" | "values" => true,
        "pluck" => position > 0,
        _ => false,
    }
}

/// Calls a function. What it cannot compute is not known.
pub(super) fn call(name: &str, args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    work.step()?;
    let Some(function) = find(name) else {
        return Ok(Traced::unknown(args));
    };
    if !function.takes_holes && args.iter().any(Traced::has_hole) {
        return Ok(Traced::unknown(args));
    }
    let level = work.level();
    match (function.call)(args, work) {
        Err(Fault::Unsupported(_)) => {
            work.back_to(level);
            Ok(Traced::unknown(args))
        }
        result => result,
    }
}
