//! Formats of schemas: what a text or a number has to be beside its type.
//!
//! The API server knows certain formats and passes over all others (apiextensions-apiserver:
//! `pkg/apiserver/validation/formats.go`, `supportedVersionedFormats`). Each is a function of kube-openapi
//! (`pkg/validation/strfmt`) and of the library govalidator. Where one of these takes more forms than are known here, nothing is
//! told of the others.

use core::net::Ipv6Addr;

use chrono::NaiveDate;

use super::named::{MAX_LABEL, is_label, is_subdomain};
use super::pattern::Patterns;
use crate::compare::work::Work;

/// A point of a time stands for any sign there.
const TIME: &str = "^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](.[0-9]+)?(z|[+-][0-9]{2}:[0-9]{2})$";
const HOST_NAME: &str = r"^([a-zA-Z0-9$+<=>^`|~]((-?[a-zA-Z0-9$+<=>^`|~]{0,62})?)|([a-zA-Z0-9$+<=>^`|~](([a-zA-Z0-9$+<=>^`|~-]{0,61}[a-zA-Z0-9$+<=>^`|~])?)(\.)){1,}([a-zA-Z]){2,63})$";
const MAC: &str = "^([0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}((:[0-9a-fA-F]{2}){2}((:[0-9a-fA-F]{2}){12})?)?|[0-9a-fA-F]{2}(-[0-9a-fA-F]{2}){5}((-[0-9a-fA-F]{2}){2}((-[0-9a-fA-F]{2}){12})?)?|[0-9a-fA-F]{4}([.][0-9a-fA-F]{4}){2}([.][0-9a-fA-F]{4}([.][0-9a-fA-F]{4}){6})?)$";
const BASE64: &str = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$";
const UUID: &str = "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$";
const UUID3: &str = "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$";
const UUID4: &str = "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$";
const UUID5: &str = "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$";
const OBJECT_ID: &str = "^[0-9a-fA-F]{24}$";
const COLOR: &str = "^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$";
const SOCIAL_SECURITY: &str = "^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}$";
/// Durations as most people write them; the API server takes more.
const PLAIN_DURATION: &str = r"^[+-]?([0-9]+([.][0-9]*)?(ns|us|ms|s|m|h))+$";
/// Addresses of which nothing has to be unescaped, and with no more than a name and a port of a host.
const PLAIN_URI: &str = "^([a-zA-Z][a-zA-Z0-9+.-]*://[a-zA-Z0-9.-]+(:[0-9]{1,5})?)?(/[a-zA-Z0-9._~/,;:@!$()*+=-]*)?([?][a-zA-Z0-9._~/,;:@!$()*+=&-]*)?$";
const SCHEME: &str = "^[a-zA-Z][a-zA-Z0-9+.-]*:";
const PLAIN_EMAIL: &str =
    r"^[a-zA-Z0-9_+-]+([.][a-zA-Z0-9_+-]+)*@[a-zA-Z0-9]([a-zA-Z0-9-]*[.])*[a-zA-Z0-9-]*[a-zA-Z0-9]$";

/// The longest name of a host.
const MAX_HOST: usize = 255;

/// Whether a text has a format; `None` where that cannot be told.
pub(super) fn fits(format: &str, text: &str, patterns: &mut Patterns<'_>, work: &Work) -> Option<bool> {
    let mut is = |pattern: &'static str| patterns.fits(pattern, text, work);
    // Where the one is not known to hold, the other may.
    let if_plain = |is_plain: Option<bool>| is_plain.filter(|is_plain| *is_plain);
    // The API server looks for the name without hyphens.
    match format.replace('-', "").as_str() {
        "ipv4" => Some(is_ipv4(text) || is_ipv6(text) && text.contains('.')),
        "ipv6" => Some(is_ipv6(text)),
        "cidr" => is_cidr(text),
        "mac" => {
            // Newer API servers take it without anything in between.
            let is_bare = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            is(MAC).filter(|is_mac| *is_mac || !is_bare)
        }
        "hostname" => {
            let is_short = text.len() <= MAX_HOST && text.split('.').all(|part| part.len() <= MAX_LABEL);
            is(HOST_NAME).map(|is_name| is_name && is_short)
        }
        "date" => Some(is_date(text)),
        "datetime" => {
            let lower = text.to_ascii_lowercase();
            let mut parts = lower.split('t');
            // What follows a second letter of the kind is not looked at.
            match (parts.next(), parts.next()) {
                (Some(date), Some(time)) if is_date(date) => patterns.fits(TIME, time, work),
                (_, _) => Some(false),
            }
        }
        "duration" => if_plain(is(PLAIN_DURATION)),
        "byte" => is(BASE64),
        "uuid" => is(UUID),
        "uuid3" => is(UUID3),
        "uuid4" => is(UUID4),
        "uuid5" => is(UUID5),
        "bsonobjectid" => is(OBJECT_ID),
        "hexcolor" => is(COLOR),
        "ssn" => is(SOCIAL_SECURITY),
        "uri" => {
            let is_address = text.starts_with('/') || text == "*" || is(SCHEME)?;
            if is_address {
                if_plain(is(PLAIN_URI))
            } else {
                Some(false)
            }
        }
        "email" if !text.contains('@') => Some(false),
        "email" => if_plain(is(PLAIN_EMAIL)),
        // Older API servers pass over these.
        "k8sshortname" => if_plain(Some(is_label(text))),
        "k8slongname" => if_plain(Some(is_subdomain(text))),
        "isbn" | "isbn10" | "isbn13" | "creditcard" | "rgbcolor" => None,
        _ => Some(true),
    }
}

/// Whether a number is one of the numbers of a format (kube-openapi: `pkg/validation/validate/values.go`,
/// `IsValueValidAgainstRange`).
pub(super) fn holds(format: &str, number: f64) -> bool {
    match format {
        "int32" => (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number),
        "float" => number.abs() <= f64::from(f32::MAX),
        _ => true,
    }
}

/// Four numbers, before which there may be zeros (Kubernetes: `utils/internal/third_party/forked/golang/net/ip.go`).
fn is_ipv4(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let is_byte = |part: &&str| {
        let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let digits = part.trim_start_matches('0');
        is_number && (digits.is_empty() || digits.parse::<u8>().is_ok())
    };
    parts.len() == 4 && parts.iter().all(is_byte)
}

fn is_ipv6(text: &str) -> bool {
    text.parse::<Ipv6Addr>().is_ok()
}

/// An address and how many of its bits are the network's; before these the API server may take zeros.
fn is_cidr(text: &str) -> Option<bool> {
    let Some((address, bits)) = text.split_once('/') else {
        return Some(false);
    };
    let most = match (is_ipv4(address), is_ipv6(address)) {
        (true, _) => 32,
        (false, true) => 128,
        (false, false) => return Some(false),
    };
    let is_number = !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        return Some(false);
    }
    if bits.len() > 1 && bits.starts_with('0') {
        return None;
    }
    Some(bits.parse::<u8>().is_ok_and(|bits| bits <= most))
}

/// A day of the calendar, of which each part has all of its digits.
fn is_date(text: &str) -> bool {
    let mut parts = text.split('-').zip([4, 2, 2]);
    let mut number = || {
        let (part, digits) = parts.next()?;
        let is_whole = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        is_whole.then(|| part.parse::<u32>().ok()).flatten()
    };
    let day = (number(), number(), number());
    let (Some(year), Some(month), Some(day)) = day else {
        return false;
    };
    let is_all = text.len() == "2006-01-02".len();
    is_all && i32::try_from(year).is_ok_and(|year| NaiveDate::from_ymd_opt(year, month, day).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_a_format_as_the_api_server_sees_it() {
        let work = Work::of_steps(10_000_000);
        let mut patterns = Patterns::default();
        let long = "a".repeat(64);
        for (format, text, expected) in [
            ("ipv4", "10.0.0.1", Some(true)),
            ("ipv4", "010.0.0.1", Some(true)),
            ("ipv4", "::ffff:10.0.0.1", Some(true)),
            ("ipv4", "10.0.0", Some(false)),
            ("ipv4", "10.0.0.256", Some(false)),
            ("ipv4", "", Some(false)),
            ("ipv6", "fe80::1", Some(true)),
            ("ipv6", "10.0.0.1", Some(false)),
            ("ipv6", "fe80::1%eth0", Some(false)),
            ("cidr", "10.0.0.0/8", Some(true)),
            ("cidr", "fe80::/64", Some(true)),
            ("cidr", "10.0.0.0/33", Some(false)),
            ("cidr", "10.0.0.0", Some(false)),
            ("cidr", "10.0.0.0/08", None),
            ("mac", "00:1a:2B:3c:4d:5e", Some(true)),
            ("mac", "001a.2b3c.4d5e", Some(true)),
            ("mac", "00:1a:2b:3c:4d", Some(false)),
            ("mac", "001a2b3c4d5e", None),
            ("hostname", "db.example.com", Some(true)),
            ("hostname", "db", Some(true)),
            ("hostname", "-db.example.com", Some(false)),
            ("hostname", "a_b", Some(false)),
            ("hostname", long.as_str(), Some(false)),
            ("date", "2024-02-29", Some(true)),
            ("date", "2023-02-29", Some(false)),
            ("date", "2023-2-9", Some(false)),
            ("date", "2023-01- 1", Some(false)),
            ("date-time", "2024-02-29T12:00:00Z", Some(true)),
            ("date-time", "2024-02-29t12:00:00.5+01:00", Some(true)),
            ("date-time", "2024-02-29T12:00:00", Some(false)),
            ("date-time", "2024-02-29T24:00:00Z", Some(false)),
            ("date-time", "tomorrow", Some(false)),
            ("datetime", "2024-02-30T12:00:00Z", Some(false)),
            ("duration", "1h30m", Some(true)),
            ("duration", "2 weeks", None),
            ("byte", "YQ==", Some(true)),
            ("byte", "YQ", Some(false)),
            ("byte", "", Some(false)),
            ("uuid", "123e4567-e89b-12d3-a456-426614174000", Some(true)),
            ("uuid", "123E4567E89B12D3A456426614174000", Some(true)),
            ("uuid4", "123e4567-e89b-12d3-a456-426614174000", Some(false)),
            ("uuid", "none", Some(false)),
            ("uri", "https://example.com/a?b=c", Some(true)),
            ("uri", "/a/b", Some(true)),
            ("uri", "example.com/a", Some(false)),
            ("uri", "", Some(false)),
            ("uri", "https://user@example.com/", None),
            ("uri", "mailto:a", None),
            ("email", "a.b@example.com", Some(true)),
            ("email", "a b", Some(false)),
            ("email", "A <a@example.com>", None),
            ("hexcolor", "#fff", Some(true)),
            ("hexcolor", "white", Some(false)),
            ("k8s-short-name", "web", Some(true)),
            ("k8s-short-name", "Web", None),
            ("k8s-long-name", "web.example", Some(true)),
            ("k8s-long-name", "web..example", None),
            ("password", "x", Some(true)),
            // The API server passes over what it does not know.
            ("quantity", "x", Some(true)),
        ] {
            assert_eq!(
                fits(format, text, &mut patterns, &work),
                expected,
                "{format} {text:?}"
            );
        }
    }
}
