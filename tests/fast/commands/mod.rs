//! The printed commands, pasted into a shell.
//!
//! Everybody who may write to a namespace chooses texts of them. Whatever these are, the shell calls nothing but the
//! advised programs, with the words that the same report has for ordinary texts.

mod scenes;
mod shells;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use driftline::model::Report;
use driftline::report::{Format, ReportKind};
use proptest::prelude::*;
use serde_json::Value;

use self::scenes::{Texts, rendered, report};
use self::shells::{SHELLS, paste};

/// Texts that mean something to a shell, to a tool or to a terminal.
const HOSTILE: [&str; 40] = [
    "1.0.0;touch owned;:",
    "x;touch ${HOME}y;#",
    "x > owned",
    "x>owned",
    ">owned",
    "x|tee owned",
    "x&touch owned&",
    "$(touch owned)",
    "`touch owned`",
    "<(touch owned)",
    "x\ntouch owned\n",
    "x\r\ntouch owned",
    "x\0y",
    "-n",
    "--all",
    "--kubeconfig=evil",
    "-",
    "--",
    "'",
    "'; touch owned; '",
    "\"; touch owned; \"",
    "'\"$(touch owned)\"'!!",
    "!!",
    "a!b'c",
    "~",
    "~root",
    "*",
    "[a-z]*",
    "{a,b}",
    "a=b",
    "a-",
    "a,b",
    "..",
    "../../owned",
    "/owned",
    "%2e%2e",
    "\\",
    "a b\tc",
    "a\u{202e}b\u{200b}\u{1b}[2J",
    "größe日本語",
];

/// The commands of the report with ordinary texts.
static ORDINARY: LazyLock<BTreeSet<String>> = LazyLock::new(|| commands(&report(&Texts::ordinary())));

/// The commands of a report: whatever stands where an operator copies from.
fn commands(report: &Report) -> BTreeSet<String> {
    let mut commands = BTreeSet::new();
    for kind in [ReportKind::Scan, ReportKind::Diagnosis] {
        for line in rendered(report, Format::Text, kind).lines() {
            let line = line.trim_start();
            commands.extend(line.strip_prefix("$ ").map(str::to_owned));
            commands.extend(line.strip_prefix("next step: ").map(str::to_owned));
            let open = line.split_once("To see whether its objects drifted: ");
            commands.extend(open.map(|(_, command)| command.to_owned()));
            commands.extend(
                line.strip_prefix("- unless somebody")
                    .into_iter()
                    .flat_map(in_backticks),
            );
        }
    }
    let json: Value = serde_json::from_str(&rendered(report, Format::Json, ReportKind::Scan)).unwrap();
    let entries = [&json["releases"][0]["health"], &json["orphans"]];
    for entry in entries.iter().flat_map(|entries| entries.as_array().unwrap()) {
        let advice = entry["advice"].as_array().unwrap();
        commands.extend(
            advice
                .iter()
                .map(|step| step["command"].as_str().unwrap().to_owned()),
        );
    }
    commands.retain(|command| !command.starts_with("no command is printed"));
    commands
}

fn in_backticks(text: &str) -> impl Iterator<Item = String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// What a command of a report with ordinary texts does: the calls, and the file that it writes.
fn intended(command: &str) -> (Vec<Vec<String>>, Option<String>) {
    let mut words = shlex::split(command).unwrap();
    let mut file = None;
    if let Some(at) = words.iter().position(|word| word == ">") {
        file = Some(words[at + 1].clone());
        words.truncate(at);
    }
    let calls = words.split(|word| word == "|").map(|words| {
        let (driver, words) = match words[0].strip_prefix("HELM_DRIVER=") {
            Some(driver) => (driver, &words[1..]),
            None => ("", words),
        };
        let driver = format!("HELM_DRIVER={driver}");
        [&words[..1], &[driver], &words[1..]].concat()
    });
    (calls.collect(), file)
}

/// The same words with other texts in place of the ordinary ones.
fn with_texts(word: &str, texts: &Texts) -> String {
    let ordinary = Texts::ordinary();
    word.replace("<chart zzchart>", "<chart>")
        .replace(&ordinary.release, &texts.release)
        .replace(&ordinary.namespace, &texts.namespace)
        .replace(&ordinary.version, &texts.version)
        .replace(&ordinary.group, &texts.group)
        .replace(&ordinary.kind.to_lowercase(), &texts.kind.to_lowercase())
        .replace(&ordinary.name, &texts.name)
}

/// Pastes every command of a report with these texts, and returns the commands. Those that none of the texts is in are
/// left out, as they are the same for all texts.
fn paste_all(texts: &Texts) -> BTreeSet<String> {
    let (mut calls, mut files) = (BTreeSet::new(), BTreeSet::new());
    for command in &*ORDINARY {
        let (intended_calls, file) = intended(command);
        calls.extend(intended_calls.iter().map(|call| with_texts_as_call(call, texts)));
        files.extend(file.map(|file| with_texts(&file, texts)));
    }
    let printed = commands(&report(texts));
    let is_pasted = |command: &&String| printed == *ORDINARY || !ORDINARY.contains(*command);
    let lines: Vec<String> = printed.iter().filter(is_pasted).cloned().collect();
    for shell in SHELLS {
        let pasted = paste(shell, &lines);
        assert_eq!(pasted.errors, "", "{shell:?} {texts:?}");
        let called = |call: &Vec<String>| call.iter().map(|word| without_chart(word, texts)).collect();
        let called: BTreeSet<Vec<String>> = pasted.calls.iter().map(called).collect();
        let strange: Vec<_> = called.difference(&calls).collect();
        assert!(strange.is_empty(), "{shell:?} {texts:?} {strange:#?}");
        let strange: Vec<_> = pasted.files.difference(&files).collect();
        assert!(strange.is_empty(), "{shell:?} {texts:?} {strange:#?}");
        // Two commands may do the same to a shell, but none does nothing.
        assert_eq!(lines.is_empty(), called.is_empty(), "{shell:?} {texts:?}");
    }
    printed
}

/// The call with other texts. A name that would be an option comes after its kind in the same word.
fn with_texts_as_call(call: &[String], texts: &Texts) -> Vec<String> {
    let named = call.iter().position(|word| *word == Texts::ordinary().name);
    let mut call: Vec<String> = call.iter().map(|word| with_texts(word, texts)).collect();
    if let Some(at) = named.filter(|_| texts.name.starts_with('-')) {
        let name = call.remove(at);
        call[at - 1] = format!("{}/{name}", call[at - 1]);
    }
    call
}

fn without_chart(word: &str, texts: &Texts) -> String {
    word.replace(&format!("<chart {}>", texts.chart), "<chart>")
}

/// The test itself finds what is wrong, or it would pass whatever is printed.
#[test]
fn a_shell_does_what_an_unquoted_text_says() {
    for shell in SHELLS {
        let line = "kubectl delete role x; touch ${HOME}y;# -n shop > a b".to_owned();
        let pasted = paste(shell, &[line]);
        assert!(pasted.errors.contains("touch"), "{pasted:?}");
        let pasted = paste(
            shell,
            &["HELM_DRIVER=configmap helm get 'a b' -n shop > 'c d'".to_owned()],
        );
        let call = ["helm", "HELM_DRIVER=configmap", "get", "a b", "-n", "shop"].map(str::to_owned);
        assert_eq!(pasted.calls, BTreeSet::from([call.to_vec()]));
        assert_eq!(pasted.files, BTreeSet::from(["c d".to_owned()]));
        assert_eq!(pasted.errors, "");
    }
}

/// Ordinary texts need no quotes: every command is there, and reads as it always did.
#[test]
fn ordinary_texts_are_not_quoted() {
    let printed = paste_all(&Texts::ordinary());
    assert!(printed.len() > 60, "{printed:#?}");
    for command in &printed {
        let quoted: Vec<&str> = command.split('\'').skip(1).step_by(2).collect();
        let is_ours = |text: &&str| {
            [
                "<chart zzchart>",
                "<chart>",
                "{.status.phase}",
                "{\"metadata\":{\"finalizers\":null}}",
            ]
            .contains(text)
        };
        assert!(quoted.iter().all(is_ours), "{command}");
        assert!(!command.contains(['\\', '`']), "{command}");
    }
}

/// Every text in every place, and all places at once.
#[test]
fn hostile_texts_are_words_or_not_printed() {
    for text in HOSTILE {
        let ordinary = Texts::ordinary();
        let everywhere = Texts {
            release: text.into(),
            namespace: text.into(),
            chart: text.into(),
            version: text.into(),
            kind: text.into(),
            group: text.into(),
            name: text.into(),
            description: text.into(),
        };
        paste_all(&everywhere);
        paste_all(&Texts {
            name: text.into(),
            ..ordinary.clone()
        });
        let in_its_place: [Texts; 5] = [
            Texts {
                release: text.into(),
                ..ordinary.clone()
            },
            Texts {
                namespace: text.into(),
                ..ordinary.clone()
            },
            Texts {
                chart: text.into(),
                version: text.into(),
                ..ordinary.clone()
            },
            Texts {
                kind: text.into(),
                ..ordinary.clone()
            },
            Texts {
                group: text.into(),
                ..ordinary
            },
        ];
        // What is still printed has nothing to do with that text.
        let others: BTreeSet<String> = ORDINARY
            .iter()
            .map(|command| command.replace("<chart zzchart>", "<chart>"))
            .collect();
        for texts in in_its_place {
            for command in commands(&report(&texts)) {
                let command = without_chart(&command.replace("<chart zzchart>", "<chart>"), &texts);
                assert!(others.contains(&command), "{texts:?}: {command}");
            }
        }
    }
}

/// What the API server accepts as the name of a Role is a word, whatever it means to a shell.
#[test]
fn the_names_that_roles_can_have_are_printed_as_words() {
    for name in [
        "x;touch ${HOME}y;#",
        "system:x",
        "--all",
        "a b",
        "'",
        "!!",
        "~",
        "*",
        "$(touch owned)",
    ] {
        let printed = paste_all(&Texts {
            name: name.into(),
            ..Texts::ordinary()
        });
        let deletes =
            |command: &&String| command.starts_with("kubectl delete role.rbac.authorization.k8s.io");
        assert_eq!(printed.iter().filter(deletes).count(), 1, "{name}: {printed:#?}");
    }
}

/// A command that is not there is no riddle.
#[test]
fn the_reason_stands_in_the_place_of_the_command() {
    let page = |texts: &Texts, kind| rendered(&report(texts), Format::Text, kind);
    let ordinary = Texts::ordinary();
    let version = Texts {
        version: "1.0.0;touch owned;:".into(),
        ..ordinary.clone()
    };
    let text = page(&version, ReportKind::Diagnosis);
    let reason =
        "- no command is printed for an upgrade: the version of the chart is not one that Helm accepts\n";
    assert!(text.contains(reason), "{text}");
    assert!(!text.contains("helm upgrade"), "{text}");
    assert!(text.contains("helm rollback"), "{text}");
    let release = Texts {
        release: "a b".into(),
        ..ordinary.clone()
    };
    let reason = "no command is printed: the name of the release is not one that Helm accepts";
    let text = page(&release, ReportKind::Scan);
    assert!(text.contains(&format!("next step: {reason}\n")), "{text}");
    let name = Texts {
        name: "a\nb".into(),
        ..ordinary
    };
    let text = page(&name, ReportKind::Diagnosis);
    let reason =
        ": the name has characters other than printable ASCII, which a terminal may show as something else\n";
    assert!(text.contains(reason), "{text}");
    assert!(text.contains("no command is printed for ConfigMap "), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Names of Roles are nearly free.
    #[test]
    fn any_name_is_a_word_or_not_printed(
        name in "(-{0,2}([ -~]|[a-z;$'\"`!~*#>|&\\\\{}()= -]){1,12})|\\PC{1,8}",
    ) {
        paste_all(&Texts { name, ..Texts::ordinary() });
    }

    #[test]
    fn any_texts_are_words_or_not_printed(
        texts in proptest::collection::vec("([a-z0-9.-]{1,8})|([ -~]{1,8})|(\\PC{1,6})|([0-9]\\.[0-9];[a-z]{1,4})", 8),
    ) {
        let [release, namespace, chart, version, kind, group, name, description] = texts.try_into().unwrap();
        paste_all(&Texts { release, namespace, chart, version, kind, group, name, description });
    }
}
