//! The environment variables of the process.

/// The value of an environment variable. An empty variable counts as unset.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
