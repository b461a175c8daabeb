//! The pages of the documentation, without what differs between two runs.

use std::path::Path;
use std::{env, fs};

use super::State;
use super::cure::config;
use crate::harness::Release;

/// Holds a page to what is printed now.
pub(super) fn check(state: &State, release: &Release<'_>) -> Vec<String> {
    let (config, _dir) = config(state.stuck_after);
    let name = state.name;
    let args = [
        "diagnose",
        &release.name,
        "-n",
        &release.namespace,
        "--config",
        &config,
    ];
    let printed = release.cluster.driftline(&args).stdout;
    // Printed commands repeat the settings, which a reader of the pages does not have.
    let printed = timeless(&printed.replace(&format!(" --config={config}"), ""), release);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/diagnose/{name}.txt"));
    if env::var_os("UPDATE_PAGES").is_some() {
        fs::write(&path, &printed).expect("the page can be written");
    }
    let page = fs::read_to_string(&path).unwrap_or_default();
    if page == printed {
        Vec::new()
    } else {
        vec![format!(
            "docs/diagnose/{name}.txt is not what is printed:\n{printed}"
        )]
    }
}

const LAST_WRITE: &str = "the last write in Helm's name was to";

/// The page of a release `web` in the namespace `shop`; every number that tells a time or a size is the same.
fn timeless(text: &str, release: &Release<'_>) -> String {
    let text = text
        .replace(&format!("{0}/{0}", release.name), "shop/web")
        .replace(&format!("-n {}", release.namespace), "-n shop")
        .replace(&format!("namespace {}", release.namespace), "namespace shop")
        .replace(&format!("namespace/{}", release.namespace), "namespace/shop")
        .replace(&format!("namespace `{}`", release.namespace), "namespace `shop`")
        .replace(&release.name, "web");
    let mut page = String::new();
    for line in text.lines() {
        // Which of several objects it was is a matter of a second.
        let line = match line.split_once(LAST_WRITE) {
            Some((before, _)) => {
                format!("{before}{LAST_WRITE} ConfigMap shop/web-settings at 2026-11-20T03:12:00Z")
            }
            None => line.to_owned(),
        };
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let words: Vec<String> = words
            .iter()
            .enumerate()
            .map(|(at, word)| {
                let unit = words.get(at + 1).map(|unit| unit.trim_end_matches([':', ',']));
                let bare = word.trim_end_matches([',', ';', ':']);
                let end = &word[bare.len()..];
                if is_date(word) && word.contains('T') {
                    format!("2026-11-20T03:12:00Z{end}")
                } else if is_date(word) {
                    format!("2026-11-20{end}")
                } else if is_time(bare) {
                    format!("03:12{end}")
                } else if matches!(unit, Some("s" | "min" | "KiB")) && word.parse::<u64>().is_ok() {
                    "9".to_owned()
                } else {
                    word.clone()
                }
            })
            .collect();
        page.push_str(words.join(" ").trim_end());
        page.push('\n');
    }
    page
}

fn is_date(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() >= 10 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-' && bytes[7] == b'-'
}

fn is_time(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() == 5 && bytes[2] == b':' && bytes[0].is_ascii_digit()
}
