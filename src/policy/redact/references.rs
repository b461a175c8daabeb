//! Values that are no secrets although their name is a secret's: what refers to one, and digests.
//!
//! `tlsSecret: web-tls` names an object of the cluster, and `secret: …` among the `checksum/` annotations of a chart tells
//! whether the Secret changed. Names like that are as good for a secret, so the value decides: the name of an object or a
//! path is made of words, and a secret is not.

use super::names::Sensitivity;

/// The longest name of an object of Kubernetes (RFC 1123: a DNS subdomain).
const LONGEST_NAME: usize = 253;

/// The longest word in a name. What is longer is a key.
const LONGEST_WORD: usize = 24;

/// Whether a value under such a name refers to a secret or sums one up.
pub(super) fn is_reference(sensitivity: Sensitivity, value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'', ',', ';']);
    match sensitivity {
        Sensitivity::Digest => !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_hexdigit()),
        Sensitivity::Reference => is_object_name(value),
        Sensitivity::Plain | Sensitivity::Value | Sensitivity::Inside | Sensitivity::Password => false,
    }
}

/// Whether a text is the name of an object, with or without its namespace, or a path of such names.
fn is_object_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._/".contains(&byte);
    text.len() <= LONGEST_NAME
        && text.bytes().all(is_part)
        && text.bytes().any(|byte| byte.is_ascii_alphanumeric())
        && !looks_random(text)
        && text
            .split(|character: char| !character.is_ascii_alphanumeric())
            .all(|word| word.len() <= LONGEST_WORD)
}

/// Whether a text has a part that no person would write: one in which letters of both cases and digits keep changing.
pub(super) fn looks_random(text: &str) -> bool {
    /// Shorter parts are abbreviations and versions.
    const SHORTEST: usize = 12;
    text.split(|character: char| !(character.is_ascii_alphanumeric() || "+/".contains(character)))
        .filter(|word| word.len() >= SHORTEST)
        .any(|word| {
            let class = |byte: u8| (byte.is_ascii_digit(), byte.is_ascii_uppercase());
            let bytes = word.as_bytes();
            let pairs = || bytes.windows(2).map(|pair| (class(pair[0]), class(pair[1])));
            let changes = pairs().filter(|(before, after)| before != after).count();
            let numbers = pairs().filter(|(before, after)| !before.0 && after.0).count();
            changes * 5 >= word.len() * 2 || (numbers >= 2 && !word.contains('/'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_objects_and_paths_refer_to_secrets() {
        for text in [
            "web-tls",
            "shop/web-tls",
            "secret/data/a",
            "reg_cred",
            "regcred.example.com",
            "\"x\"",
        ] {
            assert!(is_reference(Sensitivity::Reference, text), "{text}");
        }
        for text in [
            "Hunter2",
            "hunter 2",
            "9f86d081884c7d659a2feaa0c55ad015",
            "JBSWY3DPEHPK3PXP",
            "abcdefghijklmnopqrstuvwxyz",
            "x=y",
            "",
        ] {
            assert!(!is_reference(Sensitivity::Reference, text), "{text}");
        }
    }

    #[test]
    fn digests_are_hexadecimal() {
        assert!(is_reference(Sensitivity::Digest, &"0a".repeat(32)));
        assert!(!is_reference(Sensitivity::Digest, "hunter2"));
        assert!(!is_reference(Sensitivity::Password, &"0a".repeat(32)));
    }

    #[test]
    fn people_write_words() {
        for text in [
            "alice",
            "oauth2ClientName",
            "us-east-1-production",
            "service01",
            "ci",
            "v1beta1",
            "",
        ] {
            assert!(!looks_random(text), "{text}");
        }
        for text in ["aq7ZkLmPq2Rs", "9f86d081884c7d65", "team.aB3dE5fG7hI9jK"] {
            assert!(looks_random(text), "{text}");
        }
    }
}
