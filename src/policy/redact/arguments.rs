//! Secrets among the arguments of a command: the element behind a flag that asks for one.

use serde_json::Value;

use super::names::Sensitivity;
use super::references::is_reference;
use super::shapes;
use super::text::is_key_file;

/// Short flags behind which a secret stands, by the program that has them.
const SHORT_FLAGS: [(&str, &str); 14] = [
    ("sshpass", "-p"),
    ("docker", "-p"),
    ("podman", "-p"),
    ("helm", "-p"),
    ("oras", "-p"),
    ("skopeo", "-p"),
    ("mongo", "-p"),
    ("mongosh", "-p"),
    ("mongodump", "-p"),
    ("az", "-p"),
    ("redis-cli", "-a"),
    ("valkey-cli", "-a"),
    ("ldapsearch", "-w"),
    ("ldapadd", "-w"),
];

/// Programs whose `-p` has the password attached.
const ATTACHED: [&str; 5] = ["mysql", "mysqldump", "mysqladmin", "mariadb", "sshpass"];

/// Programs whose `-u` is followed by user and password.
const LOGINS: [&str; 3] = ["curl", "wget", "http"];

/// For each element of a list, whether it is the value of a flag that asks for a secret. Where the command stands in a
/// list of its own, its elements come first.
pub(super) fn secrets(
    items: &[Value],
    command: &[String],
    sensitivity: &dyn Fn(&str) -> Sensitivity,
) -> Vec<bool> {
    let words = command
        .iter()
        .map(String::as_str)
        .chain(items.iter().filter_map(Value::as_str));
    // The program is the first word, or follows a shell or a wrapper.
    let programs: Vec<&str> = words
        .take(4)
        .map(|word| word.rsplit('/').next().unwrap_or(word))
        .collect();
    let has = |program: &str| programs.contains(&program);
    let is_pair = is_pair(items, sensitivity);
    let mut before = command.last().map(String::as_str);
    let mut secret = Vec::with_capacity(items.len());
    for item in items {
        let text = item.as_str().unwrap_or_default();
        let is_attached =
            text.len() > 2 && text.starts_with("-p") && ATTACHED.iter().any(|program| has(program));
        let is_asked_for = before.is_some_and(|flag| {
            is_sensitive_flag(flag, sensitivity)
                || SHORT_FLAGS
                    .iter()
                    .any(|(program, short)| *short == flag && has(program))
                || (matches!(flag, "-u" | "-U" | "--user" | "--proxy-user")
                    && text.contains(':')
                    && LOGINS.iter().any(|program| has(program)))
        });
        let is_value = is_asked_for
            && !text.is_empty()
            && !text.starts_with("--")
            && !shapes::is_placeholder(text)
            && !before.is_some_and(|flag| is_reference(sensitivity(flag.trim_start_matches('-')), text))
            && !is_key_file(text);
        secret.push(is_value || is_attached || (is_pair && !secret.is_empty()));
        before = item.as_str();
    }
    secret
}

/// Whether a list is a name and its value: `["db_password", "x"]`. Two names of secrets are a list of names.
fn is_pair(items: &[Value], sensitivity: &dyn Fn(&str) -> Sensitivity) -> bool {
    let [Value::String(name), value] = items else {
        return false;
    };
    let is_name = !name.starts_with('-') && !name.contains(char::is_whitespace);
    let is_value = match value {
        Value::String(text) => {
            !text.trim().is_empty()
                && sensitivity(text) == Sensitivity::Plain
                && !shapes::is_placeholder(text)
                && !is_reference(sensitivity(name), text)
        }
        Value::Number(_) => true,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    };
    is_name && is_value && sensitivity(name) > Sensitivity::Plain
}

/// Whether an element is a flag with the name of a secret, and without the value.
fn is_sensitive_flag(flag: &str, sensitivity: &dyn Fn(&str) -> Sensitivity) -> bool {
    let name = flag.trim_start_matches('-');
    let is_flag = name.len() < flag.len() && name.len() > 1;
    is_flag && !name.contains(['=', ':', ' ']) && sensitivity(name) > Sensitivity::Plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::redact::names;
    use serde_json::json;

    fn shown(command: &[&str], items: &Value) -> Vec<bool> {
        let command: Vec<String> = command.iter().map(|&word| word.to_owned()).collect();
        secrets(items.as_array().unwrap(), &command, &names::sensitivity)
    }

    #[test]
    fn the_value_behind_a_flag_is_found() {
        for (command, items, expected) in [
            (&[][..], json!(["--password", "x", "y"]), vec![false, true, false]),
            (&["app", "--token"], json!(["x"]), vec![true]),
            (&[], json!(["--password", "--verbose"]), vec![false, false]),
            (&[], json!(["--password", "$(DB_PASSWORD)"]), vec![false, false]),
            (&[], json!(["--password-file", "/x"]), vec![false, false]),
            (&[], json!(["-p", "8080"]), vec![false, false]),
            (&["redis-cli"], json!(["-a", "x"]), vec![false, true]),
            (
                &[],
                json!(["/usr/bin/mysql", "-px", "db"]),
                vec![false, true, false],
            ),
            (
                &[],
                json!(["curl", "-u", "a:b", "h"]),
                vec![false, false, true, false],
            ),
            (&[], json!([1, null, "x"]), vec![false, false, false]),
            (&[], json!(["db_password", "x"]), vec![false, true]),
            (&[], json!(["password", "token"]), vec![false, false]),
            (&[], json!(["--tls-secret", "web-tls"]), vec![false, false]),
        ] {
            assert_eq!(shown(command, &items), expected, "{command:?} {items}");
        }
    }
}
