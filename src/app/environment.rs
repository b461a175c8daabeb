//! The environment variables of the process.

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
