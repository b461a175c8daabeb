//! Values to YAML, JSON and encoded text, and back (Helm: `pkg/engine/funcs.go`; sprig: `crypto.go`, `strings.go`).

use std::rc::Rc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha2::{Digest as _, Sha256};

use super::super::emit::{self, JsonStyle};
use super::super::traced::{Text, Traced, Value};
use super::super::work::{Fault, Work};
use super::Function;

/// The function of a name.
pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "toYaml" | "mustToYaml" => Function::with_holes(|args, work| {
            let [value] = args else { return wrong_count() };
            Ok(Traced::text(emit::to_yaml(value, work)?))
        }),
        "toYamlPretty" => Function::with_holes(|args, work| {
            let [value] = args else { return wrong_count() };
            Ok(Traced::text(emit::to_yaml_pretty(value, work)?))
        }),
        "toJson" | "mustToJson" => Function::with_holes(|args, work| to_json(args, JsonStyle::Html, work)),
        "toRawJson" | "mustToRawJson" => {
            Function::with_holes(|args, work| to_json(args, JsonStyle::Raw, work))
        }
        "toPrettyJson" | "mustToPrettyJson" => {
            Function::with_holes(|args, work| to_json(args, JsonStyle::Pretty, work))
        }
        "fromYaml" => Function::of(|args, work| emit::from_yaml(&*text(args)?, work)),
        "fromYamlArray" => Function::of(|args, work| emit::from_yaml_array(&*text(args)?, work)),
        "fromJson" => Function::of(|args, work| emit::from_json(&*text(args)?, work)),
        "fromJsonArray" => Function::of(|args, work| emit::from_json_array(&*text(args)?, work)),
        "mustFromJson" => Function::of(|args, work| emit::must_from_json(&*text(args)?, work)),
        "b64enc" => Function::of(|args, work| {
            encoded(args, work, |bytes| {
                base64::engine::general_purpose::STANDARD.encode(bytes)
            })
        }),
        "b64dec" => Function::of(b64dec),
        "sha256sum" => Function::of(|args, work| encoded(args, work, |bytes| hex(&Sha256::digest(bytes)))),
        "adler32sum" => Function::of(|args, work| encoded(args, work, |bytes| adler32(bytes).to_string())),
        _ => return None,
    })
}

fn wrong_count<T>() -> Result<T, Fault> {
    Err(Fault::Failed(
        "a function has too many or too few arguments".to_owned(),
    ))
}

/// The only argument, which must be a text.
fn text(args: &[Traced]) -> Result<Rc<Text>, Fault> {
    match args {
        [
            Traced {
                value: Value::Text(text),
                ..
            },
        ] => Ok(Rc::clone(text)),
        [_] => Err(Fault::Failed(
            "a function that takes a text is given something else".to_owned(),
        )),
        _ => wrong_count(),
    }
}

fn to_json(args: &[Traced], style: JsonStyle, work: &mut Work) -> Result<Traced, Fault> {
    let [value] = args else { return wrong_count() };
    Ok(Traced::text(emit::to_json(value, style, work)?))
}

/// A text made of the bytes of another.
fn encoded(args: &[Traced], work: &mut Work, encode: fn(&[u8]) -> String) -> Result<Traced, Fault> {
    let text = text(args)?;
    work.bytes(text.cost().saturating_mul(2))?;
    Ok(Traced::derived_text(encode(text.as_str().as_bytes()), args))
}

/// Go's base64 with padding, which skips line breaks. What is wrong gives the error's text, which is not known here.
fn b64dec(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    /// Go lets the bits after the last byte be anything.
    const ENGINE: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
    );
    let text = text(args)?;
    work.bytes(text.cost())?;
    let bytes: Vec<u8> = text
        .as_str()
        .bytes()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
        .collect();
    match ENGINE.decode(bytes).map(String::from_utf8) {
        Ok(Ok(decoded)) => Ok(Traced::derived_text(decoded, args)),
        Ok(Err(_)) | Err(_) => Ok(Traced::unknown(args)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
            for nibble in [byte >> 4, byte & 15] {
                hex.extend(char::from_digit(u32::from(nibble), 16));
            }
            hex
        })
}

/// The checksum of RFC 1950.
fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65521;
    let (low, high) = bytes.iter().fold((1, 0), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % MODULUS;
        (low, (high + low) % MODULUS)
    });
    (high << 16) | low
}
