//! The environment of the process: its variables, and the folder that `~` stands for.

use std::ffi::OsString;
use std::path::PathBuf;

/// How settings look up environment variables, so that tests need not change their own environment.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The value of an environment variable. An empty variable counts as unset.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The value of an environment variable that means something when it is empty, too.
pub fn variable_or_empty(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A path as it was typed. A shell leaves `~` as it is behind an equals sign: `--kubeconfig=~/x`.
pub(super) fn path(typed: OsString) -> PathBuf {
    let typed = PathBuf::from(typed);
    match (typed.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        (Ok(_), None) | (Err(_), _) => typed,
    }
}
