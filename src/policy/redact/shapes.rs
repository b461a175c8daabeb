//! Texts that are secrets by their shape, whatever name they stand under.
//!
//! Issuers give their tokens prefixes so that scanners find them, keys lie in PEM blocks, and addresses hold passwords
//! before an `@`. All searches take time linear in the text: every pattern is tried once on each run of characters that
//! a token can consist of, and a run that holds a token is one as a whole.

use std::ops::Range;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use regex::Regex;

use super::tokens::{LOOSE, TOKENS};

/// One pattern for all tokens. None begins inside of a word.
static TOKEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let joined = TOKENS.join("|");
    // Constants, all built by this module's tests.
    Regex::new(&format!(r"(?:^|[^A-Za-z0-9])({joined})")).ok()
});

/// The credentials of an `Authorization` header, after the name of their scheme.
static SCHEME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)(?:^|[^A-Za-z0-9])(?:bearer|basic|digest|apikey)(?:[ \t]|%20|\+)+([^\s"'`,;<>]{6,})"#)
        .ok()
});

/// Parameters of a URL that grant access.
static PARAMETER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)[?&;](?:sig|signature|x-amz-signature|x-amz-security-token|x-goog-signature)=([^&\s"'`#<>]+)"#,
    )
    .ok()
});

/// `user:password@` without a scheme, before a host or before a protocol with an address in parentheses.
static LOGIN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let driver = r#"([A-Za-z0-9_.%+-]+):([^\s"'`]+)@(?:tcp|udp|unix|cloudsql)[a-z0-9-]*\("#;
    let oracle = r#"jdbc:oracle:[a-z0-9]+:[^\s/"'`@]+/([^\s"'`@]+)@"#;
    let plain = r#"([A-Za-z0-9_.%+-]+):([^\s:@/"'`<>{}()\[\]]+)@([A-Za-z0-9][A-Za-z0-9.-]*)"#;
    Regex::new(&format!("{driver}|{plain}|{oracle}")).ok()
});

/// Marks at which a key in a PEM block begins and ends.
const PEM_BEGIN: &str = "-----BEGIN ";
const PEM_END: &str = "-----END ";
const PRIVATE: &str = "PRIVATE KEY";

/// The beginning of a key file of `PuTTY`.
const PUTTY: &str = "PuTTY-User-Key-File-";

/// What `user:` before an address may say that is no user: `mailto:ops@example.com`, and members of cloud policies.
const NO_USERS: [&str; 22] = [
    "mailto",
    "sip",
    "sips",
    "xmpp",
    "acct",
    "im",
    "user",
    "group",
    "domain",
    "serviceaccount",
    "principal",
    "principalset",
    "email",
    "mail",
    "from",
    "to",
    "cc",
    "owner",
    "contact",
    "npm",
    "sha256",
    "team",
];

/// The longest text that is tried as base64: a key or a configuration file of a `ConfigMap`.
const LONGEST_BASE64: usize = 2 * 1024 * 1024;

/// Adds the parts of a text that are secrets by their shape, in no order; some may overlap.
pub(super) fn find(text: &str, found: &mut Vec<Range<usize>>) {
    pem(text, found);
    encoded_pem(text, found);
    tokens(text, found);
    logins(text, found);
    for (pattern, accepts) in [
        (&SCHEME, is_credential as fn(&str) -> bool),
        (&PARAMETER, |value| !is_placeholder(value)),
    ] {
        let Some(pattern) = pattern.as_ref() else { continue };
        for captures in pattern.captures_iter(text) {
            let value = captures.get(1).filter(|value| accepts(value.as_str()));
            found.extend(value.map(|value| value.range()));
        }
    }
}

/// Whether a value only says where the secret comes from, as `${DB_PASSWORD}` does, or stands in for one.
pub(super) fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    let inside = |open: &str, close: &str| {
        value
            .strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
            .map(str::trim)
    };
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || "_.-".contains(character))
    };
    // A variable in capitals, or in words with underscores as nginx has them. `$ecret` may be a password.
    let is_variable = value.strip_prefix('$').is_some_and(|name| {
        let has_lowercase = name.contains(|character: char| character.is_ascii_lowercase());
        let has_uppercase = name.contains(|character: char| character.is_ascii_uppercase());
        is_name(name)
            && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && (!has_lowercase || (!has_uppercase && name.contains('_')))
    });
    let is_template = inside("{{", "}}").is_some_and(|inner| {
        !inner.contains(['"', '\'', '`', '{', '}'])
            && inner.starts_with(|first: char| first.is_ascii_alphabetic() || "._$-".contains(first))
    });
    is_variable
        || is_template
        || [("${", "}"), ("$(", ")"), ("%(", ")s"), ("${{", "}}")]
            .iter()
            .any(|(open, close)| inside(open, close).is_some_and(is_name))
        || (!value.is_empty() && value.chars().all(|character| character == '*'))
        || value.starts_with("(redacted")
}

/// The text that a text in base64 stands for, such as a private key or a configuration file.
pub(super) fn decoded(text: &str) -> Option<String> {
    const SHORTEST: usize = 16;
    let text = text.trim();
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=\n\r".contains(&byte);
    if text.len() < SHORTEST || text.len() > LONGEST_BASE64 || !text.bytes().all(is_base64) {
        return None;
    }
    let packed: String;
    let text = if text.contains(['\n', '\r']) {
        packed = text.replace(['\n', '\r'], "");
        &packed
    } else {
        text
    };
    let bytes = STANDARD
        .decode(text)
        .or_else(|_| STANDARD_NO_PAD.decode(text))
        .ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let is_text = |character: char| !character.is_control() || matches!(character, '\n' | '\r' | '\t');
    text.chars().all(is_text).then_some(text)
}

/// Private keys in PEM blocks, between their marks. A block that does not end goes on to the end of the text.
fn pem(text: &str, found: &mut Vec<Range<usize>>) {
    let mut from = 0;
    while let Some(begin) = text[from..].find(PEM_BEGIN).map(|at| from + at) {
        let label = &text[begin + PEM_BEGIN.len()..];
        let label = &label[..label.find("-----").unwrap_or(0)];
        let body = begin + PEM_BEGIN.len() + label.len();
        if !label.contains(PRIVATE) || label.len() > 64 {
            from = begin + PEM_BEGIN.len();
            continue;
        }
        let body = body + "-----".len();
        let end = text[body..].find(PEM_END).map_or(text.len(), |at| body + at);
        found.push(body..end);
        from = end;
    }
    if let Some(begin) = text.find(PUTTY) {
        found.push(begin + PUTTY.len()..text.len());
    }
}

/// Private keys in PEM blocks that are in base64, as in a kubeconfig.
fn encoded_pem(text: &str, found: &mut Vec<Range<usize>>) {
    // The mark at the beginning of a PEM block in base64.
    const BEGIN: &str = "LS0tLS1CRUdJTi";
    // Enough for the label behind it.
    const HEAD: usize = 64;
    let mut from = 0;
    while let Some(begin) = text[from..].find(BEGIN).map(|at| from + at) {
        let is_part = |character: char| character.is_ascii_alphanumeric() || "+/=".contains(character);
        let rest = &text[begin..];
        let length = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
        let head = &rest[..length.min(HEAD) / 4 * 4];
        let label = STANDARD.decode(head).unwrap_or_default();
        if String::from_utf8_lossy(&label).contains("PRIVATE") {
            found.push(begin..begin + length);
        }
        from = begin + length;
    }
}

/// Runs of characters that hold a token.
fn tokens(text: &str, found: &mut Vec<Range<usize>>) {
    let Some(pattern) = TOKEN.as_ref() else { return };
    let is_part = |character: char| character.is_ascii_alphanumeric() || "_-.~+/=:$,{}@%".contains(character);
    for word in text.split_whitespace() {
        if !pattern.is_match(word) {
            continue;
        }
        // Quotes and brackets around a token stay.
        for run in word.split(|character| !is_part(character)) {
            let token = pattern.captures(run).and_then(|captures| captures.get(1));
            if let Some(token) = token
                && (!LOOSE.iter().any(|prefix| token.as_str().starts_with(prefix))
                    || is_random(token.as_str()))
            {
                // What stands before it may be a name or the address that it is sent to.
                let start = run.as_ptr() as usize - text.as_ptr() as usize + token.start();
                found.push(start..start + run.len() - token.start());
            }
        }
    }
}

/// Whether a text that begins like a token goes on like one: words between hyphens are a name.
fn is_random(token: &str) -> bool {
    token.bytes().any(|byte| byte.is_ascii_digit())
        || (token.bytes().any(|byte| byte.is_ascii_lowercase())
            && token.bytes().any(|byte| byte.is_ascii_uppercase()))
}

/// Passwords before an `@`.
fn logins(text: &str, found: &mut Vec<Range<usize>>) {
    const SCHEME: &str = "://";
    for (at, _) in text.match_indices(SCHEME) {
        let start = at + SCHEME.len();
        let rest = &text[start..];
        // The next address is looked at on its own.
        let rest = &rest[..rest.find(SCHEME).unwrap_or(rest.len())];
        // A password may hold any other blank.
        let ends = |character: char| character.is_ascii_whitespace() || "\"'`<>\\".contains(character);
        let address = &rest[..rest.find(ends).unwrap_or(rest.len())];
        found.extend(password_of(address).map(|range| start + range.start..start + range.end));
    }
    let Some(pattern) = LOGIN.as_ref().filter(|_| text.contains('@')) else {
        return;
    };
    for captures in pattern.captures_iter(text) {
        let password = match (captures.get(2), captures.get(3), captures.get(4), captures.get(5)) {
            (Some(password), ..) => Some(password),
            (None, Some(user), Some(password), Some(host)) => {
                let is_user = !NO_USERS.contains(&user.as_str().to_ascii_lowercase().as_str());
                let is_host = host
                    .as_str()
                    .contains(|character: char| character.is_ascii_alphabetic())
                    || host.as_str().split('.').count() == 4;
                let is_digest = ["sha256", "sha384", "sha512"].contains(&host.as_str());
                (is_user && is_host && !is_digest).then_some(password)
            }
            _ => captures.get(6),
        };
        found.extend(
            password
                .filter(|password| !is_placeholder(password.as_str()))
                .map(|password| password.range()),
        );
    }
}

/// The password in an address from behind its `://`.
fn password_of(address: &str) -> Option<Range<usize>> {
    let authority = &address[..address.find(['/', '?', '#']).unwrap_or(address.len())];
    let (from, to) = if let Some(at) = authority.rfind('@') {
        match authority[..at].find(':') {
            Some(colon) => (colon + 1, at),
            // A token in place of a user.
            None if at >= 16 && is_random(&authority[..at]) => (0, at),
            None => return None,
        }
    } else {
        // A password may hold a slash that nobody escaped. A number behind the colon is a port.
        let at = address.rfind('@')?;
        let colon = authority.find(':')?;
        let port = &authority[colon + 1..];
        if port.is_empty() || authority.starts_with('[') || port.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        (colon + 1, at)
    };
    let password = &address[from..to];
    (!password.is_empty() && !is_placeholder(password)).then_some(from..to)
}

/// Whether the word behind the name of a scheme is a credential and not the next word of a sentence.
fn is_credential(value: &str) -> bool {
    let value = value.trim_end_matches(['.', ')', '\\']);
    let body = value
        .strip_prefix(|first: char| first.is_uppercase())
        .unwrap_or(value);
    !is_placeholder(value)
        && value.len() >= 6
        && !value.starts_with(['$', '{', '<', '('])
        && (body
            .bytes()
            .any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase() || b"=_+~".contains(&byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with every part hidden.
    fn hidden(text: &str) -> String {
        let mut found = Vec::new();
        find(text, &mut found);
        found.sort_by_key(|range| (range.start, range.end));
        let mut shown = String::new();
        let mut from = 0;
        for range in found {
            if range.end <= from {
                continue;
            }
            shown.push_str(&text[from..range.start.max(from)]);
            shown.push('#');
            from = range.end;
        }
        shown + &text[from..]
    }

    #[test]
    fn every_pattern_is_built() {
        assert!(TOKEN.is_some() && SCHEME.is_some() && PARAMETER.is_some() && LOGIN.is_some());
    }

    #[test]
    fn what_has_the_shape_of_a_secret_is_found() {
        for (text, expected) in [
            ("postgres://u:p@db/x", "postgres://u:#@db/x"),
            (
                "see https://u:p@h/ and http://h:80/x",
                "see https://u:#@h/ and http://h:80/x",
            ),
            ("mongodb+srv://u:p@h1,h2/db", "mongodb+srv://u:#@h1,h2/db"),
            ("redis://:p@h:6379", "redis://:#@h:6379"),
            ("amqp://u:p/a@h:5672/v", "amqp://u:#@h:5672/v"),
            (
                "u:p@tcp(db:3306)/x?parseTime=true",
                "u:#@tcp(db:3306)/x?parseTime=true",
            ),
            ("u:p@ss@tcp(db)/x", "u:#@tcp(db)/x"),
            ("admin:p4ss@db.local:5432/x", "admin:#@db.local:5432/x"),
            (
                "curl -H 'Authorization: Bearer abc123'",
                "curl -H 'Authorization: Bearer #'",
            ),
            ("Basic dXNlcjpwdw==", "Basic #"),
            (
                "https://a.blob.example/x?sv=1&sig=abc%3D&se=2",
                "https://a.blob.example/x?sv=1&sig=#&se=2",
            ),
            (
                "a\n-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nb",
                "a\n-----BEGIN RSA PRIVATE KEY-----#-----END RSA PRIVATE KEY-----\nb",
            ),
            ("-----BEGIN PRIVATE KEY-----\nabc", "-----BEGIN PRIVATE KEY-----#"),
            ("bob:$apr1$abc$defghijklmnop", "bob:#"),
            (
                "jdbc:oracle:thin:app/x1@//db:1521/x",
                "jdbc:oracle:thin:app/#@//db:1521/x",
            ),
        ] {
            assert_eq!(hidden(text), expected, "{text}");
        }
    }

    #[test]
    fn ordinary_texts_have_no_such_shape() {
        for text in [
            "https://example.com/a@b:c",
            "https://example.com:8080/a@b",
            "git@github.com:org/repo.git",
            "ssh://git@github.com/org/repo",
            "registry.example.com:5000/app:1.2@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "mailto:ops@example.com",
            "serviceAccount:ci@project.iam.gserviceaccount.com",
            "npm:lodash@4.17.21",
            "postgres://u:$(DB_PASSWORD)@db/x",
            "postgres://u:${DB_PASSWORD}@db/x",
            "http://[::1]:8080/x@y",
            "Basic authentication",
            "Basic Authentication is off",
            "bearer tokens are accepted",
            "type: Bearer\ncredentials_file: /var/run/token",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
            "npm_config_cache",
            "sk-learn-model-server",
            "task-12345678901234567890123456789012",
            "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "0123456789abcdef0123456789abcdef01234567",
            "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
            "10.0.0.0/8",
            "app.kubernetes.io/name",
            "",
        ] {
            assert_eq!(hidden(text), text);
        }
    }

    #[test]
    fn placeholders_hold_no_secret() {
        for text in [
            "${X}",
            "$(X)",
            "$X_Y",
            "$http_authorization",
            "{{ db_password }}",
            "{{ .Values.x }}",
            "****",
            "%(x)s",
            "(redacted)",
            "(redacted 2)",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in [
            "hunter2",
            "$ecret",
            "${X:-hunter2}",
            "$(echo hunter2)",
            "{{ \"x\" }}",
            "{x}",
            "",
        ] {
            assert!(!is_placeholder(text), "{text}");
        }
    }
}
