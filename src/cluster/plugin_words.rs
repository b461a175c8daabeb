//! What a credential plugin says on standard error: the only place where it says why it failed.
//!
//! `Token has expired, run: aws sso login` is what an operator needs, and what kubectl shows, because it lets the plugin
//! write to the terminal. Here the last lines go into the error, within limits, and without secrets: a plugin may repeat
//! what it was started with, or what the identity provider answered. They are text from outside, which the boundary of the
//! output sanitises like any other.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kube::config::ExecConfig;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::policy::redact::{HIDDEN, Redaction, Replace};

/// How much of the end of a plugin's standard error is kept. Secrets are looked for in all of it, so that the beginning of
/// a key in PEM is seen with its end.
const MAX_KEPT_BYTES: usize = 64 << 10;

/// How many lines are shown. Before its last lines a plugin explains how it is called, or where in its code it is.
const MAX_LINES: usize = 4;

/// How much of these lines is shown.
const MAX_CHARACTERS: usize = 600;

/// How long what a plugin has already written may take to arrive after its end.
const ARRIVAL: Duration = Duration::from_millis(500);

/// The shortest value that is hidden wherever it occurs. Hiding shorter ones would hide parts of words.
const SHORTEST_SECRET: usize = 4;

/// The end of a stream, kept while a plugin runs.
pub(super) struct LastWords {
    kept: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl LastWords {
    /// Begins to read a stream. It is read to its end, however much comes: a plugin, and what it leaves running on
    /// purpose, must not wait for a reader.
    pub(super) fn of(mut stream: impl AsyncRead + Send + Unpin + 'static) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let end = Arc::clone(&kept);
        let reader = tokio::spawn(async move {
            let mut chunk = vec![0; 4096];
            while let Ok(read) = stream.read(&mut chunk).await
                && read > 0
            {
                let mut end = end.lock().unwrap_or_else(PoisonError::into_inner);
                end.extend_from_slice(&chunk[..read]);
                let excess = end.len().saturating_sub(MAX_KEPT_BYTES);
                end.drain(..excess);
            }
        });
        Self { kept, reader }
    }

    /// The last lines as they may be shown, after the end of the plugin; empty if it said nothing.
    pub(super) async fn shown(self, secrets: &Secrets) -> String {
        // What the plugin leaves running may keep the stream open.
        let _ = timeout(ARRIVAL, self.reader).await;
        let kept = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        let is_cut = kept.len() >= MAX_KEPT_BYTES;
        let text = String::from_utf8_lossy(&kept);
        // The first line has lost its beginning, and with it what would tell a secret.
        let text = if is_cut {
            text.split_once('\n').map_or("", |(_, rest)| rest)
        } else {
            &text
        };
        last_lines(&secrets.hidden_in(text))
    }
}

/// The last lines of a text in one line.
fn last_lines(text: &str) -> String {
    let lines = text.split(['\n', '\r']).map(str::trim_end);
    let lines: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
    let shown = &lines[lines.len().saturating_sub(MAX_LINES)..];
    let mut shown = shown
        .iter()
        .map(|line| line.trim())
        .collect::<Vec<_>>()
        .join(" | ");
    if let Some((end, _)) = shown.char_indices().nth(MAX_CHARACTERS) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}

/// The secrets that a plugin may repeat.
pub(super) struct Secrets {
    redaction: Redaction,
    /// Values that are hidden wherever they occur.
    known: Vec<String>,
}

impl Secrets {
    /// What stands in the kubeconfig for the plugin: in its environment and among its arguments, by the names there.
    pub(super) fn of(config: &ExecConfig, redaction: Redaction) -> Self {
        let mut found = Found::default();
        for variable in config.env.iter().flatten() {
            if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
                redaction.hide_under(name, &mut value.as_str().into(), &mut found);
            }
        }
        let words = config.command.iter().chain(config.args.iter().flatten());
        let mut words = words.map(|word| Value::from(word.as_str())).collect::<Value>();
        redaction.hide_under("args", &mut words, &mut found);
        Self {
            redaction,
            known: found.secrets(),
        }
    }

    /// Adds the credentials that the plugin has printed, whatever became of it then.
    pub(super) fn learn(&mut self, output: &[u8]) {
        let Ok(mut printed) = serde_saphyr::from_slice::<Value>(output) else {
            return;
        };
        let mut found = Found::default();
        self.redaction.hide_under("printed", &mut printed, &mut found);
        self.known.extend(found.secrets());
    }

    /// A text without them.
    pub(super) fn hidden_in(&self, text: &str) -> String {
        let text = self.known.iter().fold(text.to_owned(), |text, secret| {
            text.replace(secret.as_str(), HIDDEN)
        });
        self.redaction.shown_text(&apart(&text)).replace(APART, " ")
    }
}

/// What parts a reason from the words before it. No line of a plugin begins like that.
const APART: &str = "\n\u{1}";

/// From how many words on what follows a colon is a sentence.
const SENTENCE: usize = 3;

/// What never has blanks in it, so that a sentence behind its name is no value: `error getting token: it expired today`.
const OF_ONE_WORD: [&str; 4] = ["token", "tokens", "credential", "credentials"];

/// A text in which sentences stand apart from the names before them.
fn apart(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let Some((before, reason)) = line.split_once(": ") else {
            return line.to_owned();
        };
        let name = before.split_whitespace().next_back().unwrap_or_default();
        let is_sentence = reason.split_whitespace().count() >= SENTENCE
            && OF_ONE_WORD.iter().any(|word| name.eq_ignore_ascii_case(word));
        if is_sentence {
            format!("{before}:{APART}{reason}")
        } else {
            line.to_owned()
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Collects what is hidden.
#[derive(Default)]
struct Found(Vec<String>);

impl Found {
    /// What is hidden wherever it occurs.
    fn secrets(mut self) -> Vec<String> {
        self.0.retain(|secret| secret.len() >= SHORTEST_SECRET);
        self.0
    }
}

impl Replace for Found {
    fn value(&mut self, value: &mut Value) {
        let text = value.as_str().unwrap_or_default();
        // A flag is hidden together with its value.
        let flag = text.split_once('=').filter(|(flag, _)| flag.starts_with('-'));
        self.0.push(flag.map_or(text, |(_, value)| value).to_owned());
    }

    fn part(&mut self, part: &str) -> String {
        self.0.push(part.to_owned());
        HIDDEN.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(config: &Value) -> Secrets {
        let config: ExecConfig = serde_json::from_value(config.clone()).unwrap();
        Secrets::of(&config, Redaction::default())
    }

    async fn shown(text: &str, config: &Value) -> String {
        let stream = std::io::Cursor::new(text.as_bytes().to_vec());
        LastWords::of(stream).shown(&secrets(config)).await
    }

    #[tokio::test]
    async fn the_last_lines_are_shown_in_one() {
        let none = serde_json::json!({});
        for (text, expected) in [
            ("", ""),
            (" \n\n", ""),
            (
                "\nToken has expired\r\n\nrun: aws sso login\n",
                "Token has expired | run: aws sso login",
            ),
            ("1\n2\n3\n4\n5\n", "2 | 3 | 4 | 5"),
            // A reason is no token.
            (
                "error getting token: oidc: token expired at 2020-01-01\n",
                "error getting token: oidc: token expired at 2020-01-01",
            ),
            ("token: hunter2\n", "token: (redacted)"),
            ("k8s-aws-v1.aHR0cHM6Ly9zdHMu\n", "(redacted)"),
        ] {
            assert_eq!(shown(text, &none).await, expected, "{text:?}");
        }
        let long = shown(&"ä ".repeat(1_000_000), &none).await;
        assert!(
            long.is_empty(),
            "a line without its beginning is not shown: {long}"
        );
        let long = shown(&"ä ".repeat(1_000), &none).await;
        assert_eq!(
            (long.chars().count(), long.ends_with('…')),
            (MAX_CHARACTERS + 1, true)
        );
        let many = "a line of usage\n".repeat(100_000) + "the reason\n";
        assert!(shown(&many, &none).await.ends_with(" | the reason"));
    }

    #[tokio::test]
    async fn what_the_plugin_was_started_with_is_not_repeated() {
        let config = serde_json::json!({
            "command": "kubelogin",
            "args": ["get-token", "--client-secret=hunter2-a", "--password", "hunter2-b", "--profile", "dev"],
            "env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "hunter2-c"}, {"name": "AWS_PROFILE", "value": "dev"}],
        });
        let text = "profile dev: tried hunter2-a, hunter2-b and hunter2-c\n";
        let expected = "profile dev: tried (redacted), (redacted) and (redacted)";
        assert_eq!(shown(text, &config).await, expected);
    }

    #[tokio::test]
    async fn secrets_are_hidden_before_the_lines_are_chosen() {
        let key =
            "-----BEGIN RSA PRIVATE KEY-----\nhunter2a\nhunter2b\nhunter2c\n-----END RSA PRIVATE KEY-----\n";
        for text in [
            key,
            "the answer was {\"access_token\": \"hunter2\"}\n",
            "Authorization: Bearer hunter2hunter2A1\n",
            "password=hunter2 refused\n",
            "https://me:hunter2@login.example.com refused\n",
        ] {
            let shown = shown(text, &serde_json::json!({})).await;
            assert!(!shown.contains("hunter2") && shown.contains(HIDDEN), "{shown}");
        }
    }
}
