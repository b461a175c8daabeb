//! Functions on numbers: sprig's `numeric.go` and the arithmetic of its `functions.go`.

use super::super::traced::{Origin, Traced, Value};
use super::super::work::{Fault, Work};
use super::Function;
use super::arguments::{at_least, exactly, int, known_text, wrong_type};
use super::convert::{as_float, atoi, octal, to_float, to_int};
use super::decimal::Decimal;
use super::maps::text_of;

/// The function of a name.
pub(super) fn find(name: &str) -> Option<Function> {
    Some(Function::of(match name {
        "int" | "int64" => integer,
        "float64" => float,
        "atoi" => decimal_digits,
        "toDecimal" => octal_digits,
        "add" => add,
        "add1" => add1,
        "sub" => sub,
        "mul" => mul,
        "div" => div,
        "mod" => modulo,
        "max" | "biggest" => max,
        "min" => min,
        "addf" => addf,
        "add1f" => add1f,
        "subf" => subf,
        "mulf" => mulf,
        "divf" => divf,
        "maxf" => maxf,
        "minf" => minf,
        "floor" => floor,
        "ceil" => ceil,
        "round" => round,
        _ => return None,
    }))
}

/// What a value is converted to shows the same key: with another value there, it is that value.
fn converted(value: Value, from: &Traced) -> Traced {
    Traced {
        value,
        origin: if from.origin.key.is_some() {
            from.origin.clone()
        } else {
            Origin::derived(from.keys())
        },
    }
}

fn integer(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    Ok(converted(Value::Int(to_int(value)?), value))
}

fn float(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    Ok(converted(Value::Float(to_float(value)?), value))
}

fn decimal_digits(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    Ok(converted(Value::Int(atoi(known_text(value)?)), value))
}

/// Octal digits to a number. It is another than the one at the key, so it does not show that key.
fn octal_digits(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    Ok(Traced::derived(
        Value::Int(octal(text_of(value, work)?.as_str())),
        args,
    ))
}

/// The first argument combined with each of the others. Go's integers wrap round.
fn fold(args: &[Traced], work: &mut Work, combine: fn(i64, i64) -> Option<i64>) -> Result<Traced, Fault> {
    let ([first], rest) = at_least(args)?;
    work.steps(rest.len())?;
    let mut result = to_int(first)?;
    for value in rest {
        result =
            combine(result, to_int(value)?).ok_or_else(|| Fault::Failed("division by zero".to_owned()))?;
    }
    Ok(Traced::derived(Value::Int(result), args))
}

fn add(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    if args.is_empty() {
        return Ok(Traced::literal(Value::Int(0)));
    }
    fold(args, work, |own, other| Some(own.wrapping_add(other)))
}

fn add1(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    Ok(Traced::derived(Value::Int(to_int(value)?.wrapping_add(1)), args))
}

fn sub(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    exactly::<2>(args)?;
    fold(args, work, |own, other| Some(own.wrapping_sub(other)))
}

fn mul(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    fold(args, work, |own, other| Some(own.wrapping_mul(other)))
}

fn div(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    exactly::<2>(args)?;
    fold(args, work, |own, other| {
        (other != 0).then(|| own.wrapping_div(other))
    })
}

fn modulo(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    exactly::<2>(args)?;
    fold(args, work, |own, other| {
        (other != 0).then(|| own.wrapping_rem(other))
    })
}

fn max(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    fold(args, work, |own, other| Some(own.max(other)))
}

fn min(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    fold(args, work, |own, other| Some(own.min(other)))
}

/// The first number combined with each of the others, in decimal.
fn fold_decimal(
    start: Option<f64>,
    args: &[Traced],
    work: &mut Work,
    name: &str,
    combine: fn(Decimal, Decimal) -> Option<Decimal>,
) -> Result<Traced, Fault> {
    work.steps(args.len())?;
    let no_number = || Fault::Failed(format!("{name} of what is no number"));
    let (mut result, rest) = if let Some(start) = start {
        (Decimal::of(start).ok_or_else(no_number)?, args)
    } else {
        let ([first], rest) = at_least(args)?;
        (Decimal::of(to_float(first)?).ok_or_else(no_number)?, rest)
    };
    for value in rest {
        let value = Decimal::of(to_float(value)?).ok_or_else(no_number)?;
        if name == "divf" && value.is_zero() {
            return Err(Fault::Failed("division by zero".to_owned()));
        }
        result = combine(result, value)
            .ok_or_else(|| Fault::Unsupported(format!("{name} of numbers with many digits")))?;
    }
    Ok(Traced::derived(Value::Float(result.to_float()), args))
}

fn addf(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    fold_decimal(Some(0.0), args, work, "addf", Decimal::plus)
}

fn add1f(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    exactly::<1>(args)?;
    fold_decimal(Some(1.0), args, work, "add1f", Decimal::plus)
}

fn subf(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    fold_decimal(None, args, work, "subf", Decimal::minus)
}

fn mulf(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    fold_decimal(None, args, work, "mulf", Decimal::times)
}

fn divf(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    fold_decimal(None, args, work, "divf", Decimal::over)
}

/// The one of floats that a function chooses. What is no number is chosen before any (Go's `math.Max`), but for infinity.
fn fold_float(
    args: &[Traced],
    work: &mut Work,
    infinity: f64,
    choose: fn(f64, f64) -> f64,
) -> Result<Traced, Fault> {
    let ([first], rest) = at_least(args)?;
    work.steps(rest.len())?;
    let mut result = to_float(first)?;
    for value in rest {
        let value = to_float(value)?;
        #[allow(clippy::float_cmp)] // Infinity is itself alone.
        let is_infinite = result == infinity || value == infinity;
        result = if is_infinite {
            infinity
        } else if result.is_nan() || value.is_nan() {
            f64::NAN
        } else {
            choose(result, value)
        };
    }
    Ok(Traced::derived(Value::Float(result), args))
}

fn maxf(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    fold_float(args, work, f64::INFINITY, f64::max)
}

fn minf(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    fold_float(args, work, f64::NEG_INFINITY, f64::min)
}

fn floor(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    Ok(Traced::derived(Value::Float(to_float(value)?.floor()), args))
}

fn ceil(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    Ok(Traced::derived(Value::Float(to_float(value)?.ceil()), args))
}

/// Rounds a fraction up from a bound on, which is a half unless it is given (`numeric.go`, `round`).
fn round(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let ([value, places], bound) = at_least(args)?;
    let bound = match bound.first().map(|bound| &bound.value) {
        None => 0.5,
        Some(Value::Float(bound)) => *bound,
        Some(Value::Int(bound)) => as_float(*bound),
        Some(_) => return Err(wrong_type("a number")),
    };
    let power = power_of_ten(int(places)?);
    let digits = to_float(value)? * power;
    let rounded = if digits.fract() >= bound {
        digits.ceil()
    } else {
        digits.floor()
    };
    Ok(Traced::derived(Value::Float(rounded / power), args))
}

fn power_of_ten(exponent: i64) -> f64 {
    // Parsing gives the float that is nearest, as Go's table does.
    format!("1e{exponent}").parse().unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::super::trial::{at, int, shown, text, values};
    use super::*;

    #[test]
    fn a_converted_value_shows_its_key_and_a_computed_one_hangs_on_it() {
        let values = values(r#"{"n": 8080.0, "t": "42", "f": 1.5}"#);
        let key = |path| at(&values, path);
        for (name, args, expected) in [
            ("int", vec![key("n")], "8080@n"),
            ("int64", vec![key("t")], "42@t"),
            ("int", vec![key("f")], "1@f"),
            ("float64", vec![key("t")], "42.0@t"),
            ("atoi", vec![key("t")], "42@t"),
            ("atoi", vec![key("n")], "fails"),
            ("int", vec![key("none")], "0@none"),
            ("add", vec![key("n"), int(1)], "8081~(n)"),
            ("mul", vec![key("t"), key("n")], "339360~(n,t)"),
            ("floor", vec![key("f")], "1.0~(f)"),
            ("toDecimal", vec![text("0644")], "420"),
        ] {
            assert_eq!(shown(name, &args), expected, "{name} {args:?}");
        }
    }

    #[test]
    fn numbers_are_computed_as_sprig_computes_them() {
        let float = |value| Traced::literal(Value::Float(value));
        for (name, args, expected) in [
            ("int", vec![text("0x1F")], "31"),
            ("int", vec![text("010")], "8"),
            ("int", vec![text("08")], "0"),
            ("int", vec![text("-7.00")], "-7"),
            ("int", vec![text("1_000")], "1000"),
            ("int", vec![float(1e19)], "-9223372036854775808"),
            ("float64", vec![text("1e400")], "0.0"),
            ("float64", vec![text("1_0.5")], "10.5"),
            ("atoi", vec![text("99999999999999999999")], "9223372036854775807"),
            ("add", vec![], "0"),
            ("add", vec![text("x"), Traced::literal(Value::Bool(true))], "1"),
            ("div", vec![int(-7), int(2)], "-3"),
            ("div", vec![int(1), int(0)], "fails"),
            ("mod", vec![int(-7), int(3)], "-1"),
            ("mul", vec![int(i64::MAX), int(2)], "-2"),
            ("max", vec![int(1), text("2"), float(1.9)], "2"),
            ("addf", vec![float(0.1), float(0.2)], "0.3"),
            ("divf", vec![int(2), int(3)], "0.6666666666666667"),
            ("divf", vec![int(2), int(0)], "fails"),
            ("mulf", vec![float(1e30), float(1e30)], "1e60"),
            ("round", vec![float(2.345), int(2)], "2.35"),
            ("round", vec![float(-2.5), int(0)], "-3.0"),
            ("round", vec![float(2.4), int(0), float(0.3)], "3.0"),
            ("round", vec![float(2.4), text("0")], "fails"),
        ] {
            assert_eq!(shown(name, &args), expected, "{name} {args:?}");
        }
    }
}
