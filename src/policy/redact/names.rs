//! Names whose values are secrets, by the words of a name.
//!
//! A name is split into its words (`DB_PASSWORD`, `dbPassword`, `db.password` and `db-password` are the same two), since
//! parts of words mislead: `PASSWORD_HOSTNAME` does not end in the word `name`, and `monkey`, `compass` and `pattern` end
//! in nothing that keeps a secret. A name that goes on to say that it only refers to a secret, or measures one
//! (`secretName`, `password_file`, `tokenExpirationSeconds`), is as harmless as any other.

use super::words::{
    ACCOUNT_PAGES, ATTRIBUTES, COUNTED, DESCRIPTIONS, EXTENSIONS, FIELD_KEYS, KEY_WORDS, NO_PASSWORDS,
    OBJECT_SECRETS, PASSED_ON, PLAIN_KEYS, STRONG_KEYS, VALUES, VERBS,
};

/// How sure a name is to stand for a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Sensitivity {
    /// It does not.
    Plain,
    /// Its value sums a secret up, if it looks like that (`checksum/secret`), and is one otherwise.
    Digest,
    /// Its value names an object or a path, if it looks like that (`tlsSecret: web-tls`), and is a secret otherwise.
    Reference,
    /// Its own value is one. What an object under the name holds has other names (`cookie: {path: /}`).
    Value,
    /// Its value is one, and so is everything inside of it that no name of its own excuses (`tokens: {ci: …}`).
    Inside,
    /// The same, and even `true` is taken for a password: YAML reads `password: yes` like that.
    Password,
}

/// No name of a field, a variable or a key of a `ConfigMap` is longer; of longer texts the end is looked at.
const LONGEST: usize = 512;

/// How sure a name is to stand for a secret.
pub(super) fn sensitivity(name: &str) -> Sensitivity {
    let (domain, name) = own_name(name);
    if !may_be_sensitive(name) {
        return Sensitivity::Plain;
    }
    // The field of an `.npmrc` with user and password in base64.
    if name == "_auth" {
        return Sensitivity::Value;
    }
    let mut words = words(name);
    if name.contains('.') && words.len() > 1 && is_last_in(&words, &EXTENSIONS) {
        words.pop();
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    by_domain(domain, &words).unwrap_or_else(|| by_words(&words))
}

/// What is known of the annotations of some programs, by the domain before the slash.
fn by_domain(domain: &str, words: &[&str]) -> Option<Sensitivity> {
    match (domain, words) {
        // The agent's injector (`deployments-kubernetes/injector/annotations`): templates and commands are texts of their
        // own, the rest are paths in the store.
        ("vault.hashicorp.com", ["agent", "inject", "template" | "command", ..]) => Some(Sensitivity::Plain),
        ("vault.hashicorp.com", ["agent", ..]) => Some(Sensitivity::Reference),
        // `nginx.ingress.kubernetes.io/auth-secret`: a Secret with its namespace.
        (domain, [.., "auth" | "ssl" | "tls", "secret"]) if domain.contains("ingress") => {
            Some(Sensitivity::Reference)
        }
        (_, _) => None,
    }
}

/// Whether a name inside of an object with a secret's name says that its own value is none.
pub(super) fn is_attribute(name: &str) -> bool {
    let words = words(own_name(name).1);
    is_last_in(&words, &DESCRIPTIONS) || is_last_in(&words, &ATTRIBUTES)
}

/// Whether a field holds the value of what the name beside it, or above it, names.
pub(super) fn is_value(name: &str) -> bool {
    name.len() <= 16 && VALUES.iter().any(|value| name.eq_ignore_ascii_case(value))
}

fn by_words(words: &[&str]) -> Sensitivity {
    let Some((&last, before)) = words.split_last() else {
        return Sensitivity::Plain;
    };
    let previous = before.last().copied().unwrap_or_default();
    let is_described = DESCRIPTIONS.contains(&last) && !before.is_empty();
    let is_page = is_address(last) && ACCOUNT_PAGES.contains(&previous);
    if is_described || is_page || words[0] == "existing" {
        return Sensitivity::Plain;
    }
    let sensitivity = by_own_words(words, last, previous, before);
    let is_digest = words[0] == "checksum" || matches!(last, "checksum" | "digest");
    if is_digest && sensitivity > Sensitivity::Plain {
        Sensitivity::Digest
    } else {
        sensitivity
    }
}

/// How sure a name is to stand for a secret that says nothing else of it.
fn by_own_words(words: &[&str], last: &str, previous: &str, before: &[&str]) -> Sensitivity {
    if matches!(last, "secret" | "secrets") && OBJECT_SECRETS.contains(&previous) {
        return Sensitivity::Reference;
    }
    let is_question = VERBS.contains(&words[0]);
    if is_password(last, previous) {
        return if is_question {
            Sensitivity::Inside
        } else {
            Sensitivity::Password
        };
    }
    let is_counted = matches!(last, "tokens" | "token") && before.iter().any(|word| COUNTED.contains(word));
    if !is_counted
        && words
            .iter()
            .enumerate()
            .any(|(at, word)| is_strong(words, at, word))
    {
        return Sensitivity::Inside;
    }
    let is_ambiguous = (matches!(last, "key" | "keys") && FIELD_KEYS.contains(&previous))
        || (before.is_empty() && matches!(last, "pat" | "seed" | "community"));
    if is_ambiguous {
        Sensitivity::Reference
    } else if is_weak(last, previous, before) {
        Sensitivity::Value
    } else {
        Sensitivity::Plain
    }
}

/// Whether a name's last word is a password.
fn is_password(last: &str, previous: &str) -> bool {
    let is_pass = last.ends_with("pass") && !NO_PASSWORDS.contains(&last);
    last.contains("passw")
        || last.contains("passphrase")
        || matches!(last, "passcode" | "passkey" | "pw" | "pwds")
        || matches!(
            last,
            "kennwort" | "wachtwoord" | "contraseña" | "contrasena" | "senha"
        )
        || last.ends_with("motdepasse")
        || (last == "passe" && previous == "de")
        || last.ends_with("pwd")
        || (is_pass && !PASSED_ON.contains(&previous))
        || (previous == "pass" && matches!(last, "word" | "words" | "phrase" | "code"))
}

/// Whether a word makes a secret of the name, wherever in it the word is.
fn is_strong(words: &[&str], at: usize, word: &str) -> bool {
    let last = words.last().copied().unwrap_or_default();
    let is_token = (word.ends_with("token") || word.ends_with("tokens")) && !is_address(last);
    is_token
        || word.contains("passw")
        || word.contains("passphrase")
        || (word.contains("secret") && !word.starts_with("secretar"))
        || word.contains("credential")
        || matches!(word, "cred" | "creds" | "privkey")
        || ["apikey", "accesskey", "privatekey", "secretkey"]
            .iter()
            .any(|key| word.contains(key))
        || (matches!(word, "key" | "keys")
            && at > 0
            && STRONG_KEYS.contains(&words[at - 1])
            && !is_key_id(words, at))
        || (word == "phrase" && at > 0 && words[at - 1] == "pass")
}

/// Whether a name ends by telling which key encrypts or signs: `ENCRYPTION_KEY_ID`. An `AWS_ACCESS_KEY_ID` lets people in.
fn is_key_id(words: &[&str], at: usize) -> bool {
    matches!(words.get(at + 1..), Some(["id" | "ids" | "alias"]))
        && matches!(words[at - 1], "encryption" | "signing")
}

/// Where tokens are issued or checked: `token_url`.
fn is_address(last: &str) -> bool {
    matches!(last, "url" | "uri")
}

/// Whether a name's last words say that its own value is a secret.
fn is_weak(last: &str, previous: &str, before: &[&str]) -> bool {
    let is_key = matches!(last, "key" | "keys");
    (is_key && !before.is_empty() && !PLAIN_KEYS.contains(&previous))
        || KEY_WORDS
            .iter()
            .any(|key| last == *key || last.strip_suffix('s') == Some(*key))
        || matches!(
            last,
            "authorization" | "pat" | "pats" | "ghpat" | "bearer" | "masterauth" | "mnemonic" | "connstr"
        )
        || last.ends_with("psk")
        || matches!(
            (previous, last),
            ("community", "string") | ("preshared", "secret")
        )
        || (last == "seed"
            && matches!(
                previous,
                "totp" | "otp" | "hotp" | "mfa" | "wallet" | "hd" | "secret"
            ))
        || matches!(
            last,
            "totpseed" | "otpseed" | "snmpcommunity" | "rocommunity" | "rwcommunity"
        )
        || (last == "community" && matches!(previous, "snmp" | "ro" | "rw" | "read" | "write" | "trap"))
        || [
            "cookie",
            "cookies",
            "jwt",
            "jwts",
            "dsn",
            "dsns",
            "connectionstring",
        ]
        .iter()
        .any(|end| last.ends_with(end))
        || (last == "data" && previous == "key")
        || last.starts_with("hmac")
        || before.iter().any(|word| word.starts_with("hmac"))
        || (last == "string" && matches!(previous, "connection" | "conn"))
        || (last == "auth" && matches!(previous, "basic" | "http"))
        || (last == "salt" && !before.is_empty())
}

/// The domain before the slash of a name (`example.com/api-key`), which is not a part of what it says, and the rest.
fn own_name(name: &str) -> (&str, &str) {
    let mut from = name.len().saturating_sub(LONGEST);
    while !name.is_char_boundary(from) {
        from += 1;
    }
    let name = &name[from..];
    match name.rsplit_once('/') {
        Some((prefix, own)) if prefix.contains('.') => (prefix, own),
        Some(_) | None => ("", name),
    }
}

/// Whether a name has any of the letters that all sensitive names have: most names have none.
fn may_be_sensitive(name: &str) -> bool {
    const PARTS: [&[u8]; 23] = [
        b"pass",
        b"pw",
        b"secret",
        b"token",
        b"key",
        b"cred",
        b"auth",
        b"cookie",
        b"jwt",
        b"dsn",
        b"pat",
        b"hmac",
        b"conn",
        b"salt",
        b"psk",
        b"seed",
        b"community",
        b"contrase",
        b"senha",
        b"kennwort",
        b"wachtwoord",
        b"bearer",
        b"mnemonic",
    ];
    let bytes = name.as_bytes();
    let holds = |part: &[u8]| {
        bytes
            .windows(part.len())
            .any(|window| window.eq_ignore_ascii_case(part))
    };
    PARTS.iter().any(|part| holds(part))
}

fn is_last_in(words: &[String], list: &[&str]) -> bool {
    words.last().is_some_and(|last| list.contains(&last.as_str()))
}

/// The words of a name in lower case, without the numbers at their ends.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut characters = name.chars().peekable();
    let mut previous: Option<char> = None;
    while let Some(character) = characters.next() {
        if character.is_alphanumeric() {
            let is_upper = character.is_uppercase();
            let begins = previous.is_some_and(|previous| {
                let after_lower = previous.is_lowercase() || previous.is_numeric();
                let before_lower = characters.peek().is_some_and(|next| next.is_lowercase());
                is_upper && (after_lower || (previous.is_uppercase() && before_lower))
            });
            // The plural of an abbreviation: `APIKEYs`, `URLs`.
            let is_plural = characters.peek() == Some(&'s') && {
                let mut rest = characters.clone();
                rest.next();
                rest.next().is_none_or(|next| !next.is_lowercase())
            };
            if begins && !is_plural {
                finish(&mut word, &mut words);
            }
            word.extend(character.to_lowercase());
        } else {
            finish(&mut word, &mut words);
        }
        previous = Some(character);
    }
    finish(&mut word, &mut words);
    words
}

fn finish(word: &mut String, words: &mut Vec<String>) {
    let letters = word.trim_end_matches(|character: char| character.is_numeric());
    if !letters.is_empty() {
        words.push(letters.to_owned());
    }
    word.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_into_words_however_they_are_spelled() {
        for (name, expected) in [
            ("DB_PASSWORD", &["db", "password"][..]),
            ("dbPassword", &["db", "password"]),
            (
                "spring.datasource.password",
                &["spring", "datasource", "password"],
            ),
            ("X-API-Key", &["x", "api", "key"]),
            ("HTTPBasicAuth", &["http", "basic", "auth"]),
            ("apiKEYs", &["api", "keys"]),
            ("token2", &["token"]),
            ("oauth2Token", &["oauth", "token"]),
            ("", &[]),
        ] {
            assert_eq!(words(name), expected, "{name}");
        }
    }

    #[test]
    fn names_of_secrets() {
        for name in [
            "password",
            "DB_PASSWORD",
            "dbPassword",
            "PGPASSWORD",
            "passwd",
            "htpasswd",
            "PASSWORD_HOSTNAME",
            "MYSQL_PWD",
            "rootpwd",
            "dbpass",
            "DB_PASS",
            "smtpPass",
            "pass",
            "passphrase",
            "keyPassphrase",
            "PASS_PHRASE",
            "db_pw",
            "clientSecret",
            "client-secret",
            "clientsecret",
            "secretKeyBase",
            "token",
            "tokens",
            "authToken",
            "AUTHTOKEN",
            "tokenReviewerJwt",
            "API_KEY",
            "apikey",
            "x-api-key",
            "apiKeys",
            "AWS_ACCESS_KEY_ID",
            "privateKey",
            "private-key",
            "encryptionKey",
            "signing_key",
            "SIGNINGKEY",
            "hmac",
            "hmacKey",
            "APP_KEY",
            "licenseKey",
            "AccountKey",
            "SharedAccessKey",
            "tls.key",
            "authorization",
            "Proxy-Authorization",
            "cookie",
            "Set-Cookie",
            "sessionCookie",
            "ERLANG_COOKIE",
            "jwt",
            "ID_JWT",
            "dsn",
            "SENTRY_DSN",
            "pat",
            "GITHUB_PAT",
            "credentials",
            "credentials.json",
            "creds",
            "connectionString",
            "example.com/api-key",
            "password2",
            "TOKEN_1",
            "auth.token.yaml",
            "AUTH_SALT",
            "client-key-data",
            "psk",
            "wifiPsk",
            "totpSeed",
            "snmpCommunity",
            "SNMP_COMMUNITY_STRING",
            "_auth",
            "passwort",
            "motDePasse",
            "contraseña",
            "AUTH_SECRET",
            "PASSWORD_URL",
        ] {
            assert_ne!(sensitivity(name), Sensitivity::Plain, "{name}");
        }
    }

    #[test]
    fn names_of_ordinary_values() {
        for name in [
            "path",
            "pattern",
            "compass",
            "bypass",
            "keyspace",
            "monkey",
            "turkey",
            "key",
            "keys",
            "publicKey",
            "PUBLIC_KEY",
            "topologyKey",
            "matchLabelKeys",
            "secretKeyRef",
            "configMapKeyRef",
            "secretName",
            "secret_name",
            "PASSWORD_FILE",
            "passwordFile",
            "tokenPath",
            "tokenType",
            "TOKEN_REF",
            "tokenExpirationSeconds",
            "token_ttl",
            "maxTokens",
            "max_tokens",
            "prompt_tokens",
            "tokenizer",
            "token_url",
            "tokenEndpoint",
            "secrets-store",
            "secrets.example.com/enabled",
            "external-secrets.io/type",
            "secretary",
            "proxy_pass",
            "passThroughHost",
            "passthrough",
            "authorizationMode",
            "authorization-mode",
            "cookieName",
            "jwtIssuer",
            "compat",
            "patch",
            "partition_key",
            "cacheKey",
            "routing_key",
            "existingSecret",
            "existingSecretPasswordKey",
            "author",
            "username",
            "image",
            "host",
            "data",
            "",
            "-",
            "ciphers",
            "keyring",
            "capacityKey",
            "serviceAccountName",
            "PASSWORD_RESET_URL",
            "passwordResetUrl",
            "ENCRYPTION_KEY_ID",
            "S3_BUCKET_KEY",
            "accessTokenLifespan",
            "rotateSecretsEvery",
            "secretsEncryption",
            "commitKey",
            "metadataKey",
            "SECRET_ARN",
            "vault.hashicorp.com/agent-inject-template-db-password",
            "checksum/config",
        ] {
            assert_eq!(sensitivity(name), Sensitivity::Plain, "{name}");
        }
    }

    #[test]
    fn names_whose_value_decides() {
        for name in [
            "tlsSecret",
            "pullSecrets",
            "imagePullSecrets",
            "nginx.ingress.kubernetes.io/auth-secret",
            "nginx.ingress.kubernetes.io/auth-tls-secret",
            "vault.hashicorp.com/agent-inject-secret-db-password",
            "vault.hashicorp.com/agent-inject-token",
            "dataKey",
            "userKey",
            "idKey",
            "pat",
            "seed",
            "community",
        ] {
            assert_eq!(sensitivity(name), Sensitivity::Reference, "{name}");
        }
        for name in ["checksum/secret", "checksum/db-password", "secretChecksum"] {
            assert_eq!(sensitivity(name), Sensitivity::Digest, "{name}");
        }
        for name in [
            "clientSecret",
            "example.com/client-secret",
            "auth-secret",
            "secret",
            "secrets",
        ] {
            assert!(sensitivity(name) > Sensitivity::Reference, "{name}");
        }
    }
}
