//! Commands that a report has, as lines: the words that they were made of are in no report.

use super::cluster_flags::ClusterFlags;
use super::quoted;
use super::word::Refusal;

/// The flags by which a command names its cluster already.
const NAMED: [&str; 3] = ["--context=", "--kube-context=", "--kubeconfig="];

/// Names the cluster in a command line of a report, as [`super::Command::on`] does before the report is written. A command of
/// the line that names one stays as it is.
///
/// # Errors
///
/// The line has other operators than those that driftline writes, or a quote that does not end: nobody knows where a flag would
/// have to stand.
pub fn on_cluster(line: &str, cluster: &ClusterFlags) -> Result<String, Refusal> {
    let tokens = tokens(line).ok_or(Refusal::Line)?;
    let commands = tokens.split(|token| *token == "|");
    let commands: Vec<String> = commands
        .map(|command| one_on(command, cluster))
        .collect::<Result<_, _>>()?;
    Ok(commands.join(" | "))
}

/// One of the commands of a line.
fn one_on(tokens: &[&str], cluster: &ClusterFlags) -> Result<String, Refusal> {
    let end = tokens.iter().position(|token| *token == ">");
    let (words, into_file) = tokens.split_at(end.unwrap_or(tokens.len()));
    // Variables stand in front of the program.
    let program = words.iter().find(|word| !word.contains('='));
    let program = program.ok_or(Refusal::Line)?;
    let is_named = words
        .iter()
        .any(|word| NAMED.iter().any(|flag| word.starts_with(flag)));
    let flags = if is_named {
        Vec::new()
    } else {
        cluster.of_program(program)?
    };
    let mut line = words.join(" ");
    for flag in flags {
        line.push(' ');
        line.push_str(&quoted(&flag).map_err(|_| Refusal::Cluster)?);
    }
    for token in into_file {
        line.push(' ');
        line.push_str(token);
    }
    Ok(line)
}

/// The words and operators of a line, as they are quoted in it; `None` where it has more than words, `|` and `>`.
fn tokens(line: &str) -> Option<Vec<&str>> {
    let mut tokens = Vec::new();
    let mut start = None;
    let mut quote = None;
    let (mut is_escaped, mut has_operator) = (false, false);
    // The blank ends the last token.
    for (at, character) in line.char_indices().chain([(line.len(), ' ')]) {
        match quote {
            _ if is_escaped => is_escaped = false,
            None | Some('"') if character == '\\' => is_escaped = true,
            Some(open) if open == character => quote = None,
            Some(_) => {}
            None => match character {
                '\'' | '"' => quote = Some(character),
                ' ' => {
                    let token = start.take().and_then(|start| line.get(start..at));
                    let has_operator = std::mem::take(&mut has_operator);
                    if let Some(token) = token {
                        if has_operator && token != "|" && token != ">" {
                            return None;
                        }
                        tokens.push(token);
                    }
                    continue;
                }
                '|' | '>' | '<' | '&' | ';' | '(' | ')' | '$' | '`' | '#' | '\n' => has_operator = true,
                _ => {}
            },
        }
        start.get_or_insert(at);
    }
    // Without a quote or an escape at the end, the last blank ended all.
    start.is_none().then_some(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::{Command, FileName, ObjectName, Word};

    fn commands() -> Vec<Command> {
        let web = Word::release("web").unwrap();
        let kind = Word::resource("rbac.authorization.k8s.io/v1", "Role").unwrap();
        let odd = ObjectName::new("rbac.authorization.k8s.io", "a'b|c >d;\"e\\").unwrap();
        let file = || FileName::new(">x|y.yaml".to_owned()).unwrap();
        vec![
            Command::new("helm", &["upgrade"]).word(&web),
            Command::new("helm", &["get", "values"])
                .with_variable("HELM_DRIVER", "configmap")
                .word(&web)
                .into_file(file()),
            Command::new("kubectl", &["delete"]).object(&kind, &odd),
            Command::new("kubectl", &["wait", "--for=jsonpath={.status.phase}=Succeeded"]),
            Command::new("helm", &["show", "crds"]).pipe(Command::new("kubectl", &["diff", "-f", "-"])),
            Command::new("driftline", &["diagnose"]).word(&web),
            Command::new("argocd", &["app", "diff"]).word(&web),
        ]
    }

    #[test]
    fn a_line_names_its_cluster_as_its_words_would_have() {
        for cluster in ["eu", "prod (eu) | 'x'", "-x", "a#b"] {
            let flags = ClusterFlags::named(cluster);
            for command in commands() {
                let line = command.to_string();
                let on = command.on(&flags).unwrap().to_string();
                assert_eq!(on_cluster(&line, &flags).unwrap(), on);
                // It names it, and is no command of another one.
                assert_eq!(on_cluster(&on, &ClusterFlags::named("us")).unwrap(), on);
            }
        }
    }

    #[test]
    fn a_line_that_is_not_as_driftline_writes_it_is_refused() {
        let flags = ClusterFlags::named("eu");
        for line in [
            "",
            "A=b",
            "helm list |",
            "helm list; kubectl get pods",
            "helm list&&kubectl get pods",
            "kubectl get pods >x",
            "kubectl get $(x)",
            "helm list # all",
            "helm 'list",
            "helm list \\",
            "helm list\nkubectl get pods",
        ] {
            assert_eq!(on_cluster(line, &flags), Err(Refusal::Line), "{line}");
        }
        let hidden = ClusterFlags::named("e\u{202e}u");
        assert_eq!(on_cluster("helm list", &hidden), Err(Refusal::Cluster));
    }
}
