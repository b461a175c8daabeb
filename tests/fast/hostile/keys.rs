//! `driftline values` on a release whose keys of values mean something to a shell, to YAML or to a terminal.

use serde_json::{Value, json};

use super::releases::renamed;
use crate::faults::server::Server;
use crate::faults::world::Home;
use crate::support::program::Driftline;

/// Keys that mean something to a shell, to Helm, to YAML or to a terminal.
const KEYS: [&str; 22] = [
    "$(touch owned)",
    "`touch owned`",
    "'; touch owned; '",
    "a\"; touch owned; \"",
    "--post-renderer=evil",
    "-",
    "a=b,c=d",
    "a.b[0]",
    "a\\",
    "{a,b}",
    "a: b",
    "a\nevil: true",
    "# a",
    "- a",
    "? a",
    "&a",
    "*a",
    "!!binary a",
    "null",
    "~",
    "0o17",
    "\u{1b}]0;owned\u{7}\u{202e}a\u{2028}b",
];

/// Characters that are not seen, and move what is.
const INVISIBLE: [char; 3] = ['\u{202e}', '\u{2028}', '\u{2029}'];

/// Values of the same sort.
const VALUES: [&str; 6] = [
    "$(touch owned)",
    "'; touch owned; '",
    "a: b\nevil: true\n",
    "true",
    "{{ .Values }}",
    "\u{1b}[2J\u{85}evil: true\u{2029}x",
];

#[test]
fn whatever_keys_and_values_are_called_they_are_data_to_yaml_and_to_a_shell() {
    for (at, key) in KEYS.iter().enumerate() {
        let value = VALUES[at % VALUES.len()];
        let server = Server::start(renamed(key, value).stored);
        let home = Home::new();
        let kubeconfig = home.kubeconfig(&server.url, &json!({"token": "token"}));
        let values = |flags: &[&str]| {
            let arguments = [&["values", "e0", "--kubeconfig", &kubeconfig], flags].concat();
            Driftline::new(arguments).env("HOME", home.path()).run()
        };
        let is_unsafe =
            |character: char| (character.is_control() && character != '\n') || INVISIBLE.contains(&character);
        let yaml = values(&[]);
        assert_eq!(yaml.status, Some(0), "{key:?}: {}{}", yaml.stdout, yaml.stderr);
        assert!(!yaml.stdout.contains(is_unsafe), "{key:?}: {:?}", yaml.stdout);
        let read: Value = serde_saphyr::from_str(&yaml.stdout)
            .unwrap_or_else(|error| panic!("{key:?}: {error}: {}", yaml.stdout));
        assert_eq!(read, json!({"settings": {*key: value}}), "{}", yaml.stdout);

        let arguments = values(&["--set-json"]);
        assert!(
            !arguments.stdout.contains(is_unsafe),
            "{key:?}: {:?}",
            arguments.stdout
        );
        if arguments.stdout.starts_with('#') {
            // Not every name can be a word. The file has all.
            assert!(arguments.stdout.contains("left out"), "{}", arguments.stdout);
            continue;
        }
        let words = shlex::split(&arguments.stdout).unwrap();
        let [flag, set] = &words[..] else {
            panic!("{key:?}: {words:?}");
        };
        assert_eq!(flag, "--set-json");
        let (path, json) = split_at_assignment(set);
        assert_eq!(path, ["settings", key], "{set}");
        assert_eq!(
            serde_json::from_str::<Value>(json).unwrap(),
            json!(value),
            "{set}"
        );
    }
}

/// The names of a key and the value that it is given, as Helm reads them: a backslash takes the meaning from the next character.
fn split_at_assignment(set: &str) -> (Vec<String>, &str) {
    let mut names = vec![String::new()];
    let mut characters = set.char_indices();
    while let Some((at, character)) = characters.next() {
        let name = names.last_mut().unwrap();
        match character {
            '\\' => name.push(characters.next().unwrap().1),
            '.' => names.push(String::new()),
            '=' => return (names, &set[at + 1..]),
            '[' | ']' | '{' | '}' | ',' => panic!("{set} is more than one key"),
            other => name.push(other),
        }
    }
    panic!("{set} sets nothing");
}
