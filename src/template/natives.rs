//! Methods of the objects that Helm gives templates.

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use globset::GlobBuilder;

use super::emit;
use super::traced::{Map, Native, Text, Traced, Value};
use super::work::{Fault, Work};

/// Calls a method, or gets an entry of files by its name. What is not known of the arguments makes the answer unknown.
pub(super) fn call(native: &Native, method: &str, args: &[Traced], work: &mut Work) -> Result<Traced, Fault> {
    let argument = match args {
        [] => None,
        [argument] => match &argument.value {
            Value::Text(text) if !text.has_hole() => Some(text.as_str()),
            _ => return Ok(Traced::unknown(args)),
        },
        _ => return Err(Fault::Failed(format!("{method} has one argument"))),
    };
    match (native, method, argument) {
        (Native::ApiVersions(served), "Has", Some(version)) => {
            Ok(Traced::derived(Value::Bool(served.contains(version)), args))
        }
        (Native::Files(files), "Get" | "GetBytes", Some(name)) => {
            let content = files.get(name).map(|content| String::from_utf8_lossy(content));
            let content = content.unwrap_or_default();
            work.bytes(content.len())?;
            Ok(Traced::derived_text(content, args))
        }
        (Native::Files(files), "Lines", Some(name)) => {
            let content = files.get(name).map(|content| String::from_utf8_lossy(content));
            let content = content.unwrap_or_default();
            work.bytes(content.len())?;
            let lines = content.strip_suffix('\n').unwrap_or(&content);
            let lines: Vec<Traced> = if content.is_empty() {
                Vec::new()
            } else {
                lines
                    .split('\n')
                    .map(|line| Traced::derived_text(line, args))
                    .collect()
            };
            Ok(Traced::derived(Value::List(Rc::new(lines)), args))
        }
        (Native::Files(files), "Glob", Some(pattern)) => {
            work.steps(files.len())?;
            // Helm takes all files where the pattern is none.
            let glob = GlobBuilder::new(pattern).literal_separator(true).build();
            let glob = glob.ok().map(|glob| glob.compile_matcher());
            let matching = files
                .iter()
                .filter(|(name, _)| glob.as_ref().is_none_or(|glob| glob.is_match(&***name)))
                .map(|(name, content)| (Rc::clone(name), Rc::clone(content)));
            let matching = Value::Native(Native::Files(Rc::new(matching.collect())));
            Ok(Traced::derived(matching, args))
        }
        (Native::Files(files), "AsConfig" | "AsSecrets", None) => {
            let mut entries = Vec::new();
            for (name, content) in files.iter() {
                work.bytes(content.len())?;
                let base = name.rsplit('/').next().unwrap_or_default();
                let content = if method == "AsConfig" {
                    String::from_utf8_lossy(content).into_owned()
                } else {
                    STANDARD.encode(content)
                };
                entries.push((Rc::from(base), Traced::text(Text::literal(content))));
            }
            let map = Traced::literal(Value::Map(entries.into_iter().collect::<Map>()));
            Ok(Traced::text(emit::to_yaml(&map, work)?))
        }
        (Native::Files(files), name, None) => {
            let content = files.get(name).map(|content| String::from_utf8_lossy(content));
            Ok(content.map_or_else(Traced::nil, |content| Traced::text(Text::literal(content))))
        }
        (Native::KubeVersion(kube), field, None) => match field {
            "Version" | "GitVersion" | "String" => Ok(Traced::text(Text::literal(&*kube.version))),
            "Major" => Ok(Traced::text(Text::literal(&*kube.major))),
            "Minor" => Ok(Traced::text(Text::literal(&*kube.minor))),
            _ => Err(Fault::Failed(
                "the version of Kubernetes has no such field".to_owned(),
            )),
        },
        (Native::Files(_) | Native::ApiVersions(_) | Native::KubeVersion(_), ..) => Ok(Traced::unknown(args)),
    }
}
