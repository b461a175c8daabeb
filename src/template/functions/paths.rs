//! Functions of paths with slashes (Go's `path`; `path/filepath` is the same where charts are rendered).

use super::super::key::Keys;
use super::super::traced::{Traced, Value};
use super::super::work::{Fault, Work};
use super::Function;
use super::arguments::{self, exactly};
use super::text;

/// The function of a name.
pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "base" | "osBase" => Function::of(base),
        "dir" | "osDir" => Function::of(dir),
        "ext" | "osExt" => Function::of(ext),
        "clean" | "osClean" => Function::of(clean),
        "isAbs" | "osIsAbs" => Function::of(is_abs),
        _ => return None,
    })
}

/// The text with what was made of it, which is kept as a part of it where it is one.
pub(super) fn changed(value: &Traced, new: &str) -> Result<Traced, Fault> {
    let text = arguments::text(value)?;
    let all = text.as_str();
    if all.starts_with(new) && !new.is_empty() {
        return Ok(text::cut(value, text, 0, new.len(), &Keys::None));
    }
    if all.ends_with(new) && !new.is_empty() {
        return Ok(text::cut(
            value,
            text,
            all.len() - new.len(),
            all.len(),
            &Keys::None,
        ));
    }
    if all == new {
        return Ok(value.clone());
    }
    Ok(Traced::derived_text(new, std::slice::from_ref(value)))
}

/// The last name of a path (`path.Base`).
fn base(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    let path = arguments::text(value)?.as_str();
    let trimmed = path.trim_end_matches('/');
    let name = match trimmed.rsplit_once('/') {
        Some((_, name)) => name,
        None if !trimmed.is_empty() => trimmed,
        None if path.is_empty() => ".",
        None => "/",
    };
    changed(value, name)
}

/// A path without its last name (`path.Dir`).
fn dir(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    let path = arguments::text(value)?.as_str();
    let folder = path
        .rfind('/')
        .and_then(|end| path.get(..=end))
        .unwrap_or_default();
    changed(value, &cleaned(folder, work)?)
}

/// The end of the last name from its last dot on (`path.Ext`).
fn ext(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    let path = arguments::text(value)?.as_str();
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    changed(
        value,
        name.rfind('.')
            .and_then(|dot| name.get(dot..))
            .unwrap_or_default(),
    )
}

/// The shortest path that is the same (`path.Clean`).
fn clean(args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    let path = cleaned(arguments::text(value)?.as_str(), work)?;
    changed(value, &path)
}

fn cleaned(path: &str, work: &mut Work) -> Result<String, Fault> {
    work.bytes(path.len())?;
    let is_rooted = path.starts_with('/');
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => match names.last() {
                Some(&last) if last != ".." => {
                    names.pop();
                }
                None if is_rooted => {}
                Some(_) | None => names.push(name),
            },
            _ => names.push(name),
        }
    }
    let rest = names.join("/");
    Ok(match (is_rooted, rest.is_empty()) {
        (true, _) => format!("/{rest}"),
        (false, true) => ".".to_owned(),
        (false, false) => rest,
    })
}

/// Whether a path starts at the root (`path.IsAbs`).
fn is_abs(args: &[Traced], _: &mut Work) -> Result<Traced, Fault> {
    let [value] = exactly(args)?;
    let is_rooted = arguments::text(value)?.as_str().starts_with('/');
    Ok(Traced::derived(Value::Bool(is_rooted), args))
}
