//! The cluster that commands are about, as the operator named it: a command without it would run against another one.

use super::word::{Refusal, is_printable};

/// The flags of the command line that chose the cluster. Without any, commands go where the report came from anyway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterFlags {
    /// The context of the kubeconfig.
    pub context: Option<String>,
    /// The path of the kubeconfig.
    pub kubeconfig: Option<String>,
    /// The path of driftline's settings, by which it may judge otherwise than without.
    pub config: Option<String>,
}

impl ClusterFlags {
    /// The flags for a cluster of which only the name in its report is known, which is taken for the name of a context. Where no
    /// context has it, a command fails, and does not run in whichever cluster is the current one. A comment would not do: zsh
    /// reads none where people type.
    pub fn named(cluster: &str) -> Self {
        Self {
            context: Some(cluster.to_owned()),
            ..Self::default()
        }
    }

    /// Whether the operator left the cluster to the defaults.
    pub const fn is_default(&self) -> bool {
        let Self {
            context,
            kubeconfig,
            config,
        } = self;
        context.is_none() && kubeconfig.is_none() && config.is_none()
    }

    /// The flags as words of a program: kubectl and driftline call the context `--context`, and Helm calls it
    /// `--kube-context` (Helm: `pkg/cli/environment.go`, `AddFlags`). A value stands in one word with its flag, so that it
    /// is no option, whatever it begins with. Flux takes them as kubectl does (flux2: `cmd/flux/main.go`).
    pub(super) fn of_program(&self, program: &str) -> Result<Vec<String>, Refusal> {
        // They follow their own configuration, and take no such flags.
        if ["argocd", "terraform", "pulumi"].contains(&program) {
            return Ok(Vec::new());
        }
        let context = if program == "helm" {
            "--kube-context"
        } else {
            "--context"
        };
        let config = if program == "driftline" {
            &self.config
        } else {
            &None
        };
        let flags = [
            (context, &self.context),
            ("--kubeconfig", &self.kubeconfig),
            ("--config", config),
        ];
        let given = flags
            .into_iter()
            .filter_map(|(flag, value)| Some((flag, value.as_deref()?)));
        given
            .map(|(flag, value)| {
                if is_printable(value) {
                    Ok(format!("{flag}={value}"))
                } else {
                    Err(Refusal::Cluster)
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::{Command, FileName, Word};

    fn flags(context: &str, kubeconfig: &str) -> ClusterFlags {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        ClusterFlags {
            context: given(context),
            kubeconfig: given(kubeconfig),
            config: None,
        }
    }

    #[test]
    fn each_program_gets_the_cluster_in_its_own_words() {
        let web = Word::release("web").unwrap();
        let helm = Command::new("helm", &["get", "values"])
            .with_variable("HELM_DRIVER", "configmap")
            .word(&web)
            .into_file(FileName::new("web.yaml".to_owned()).unwrap());
        let pipe =
            Command::new("helm", &["show", "crds"]).pipe(Command::new("kubectl", &["diff", "-f", "-"]));
        let driftline = Command::new("driftline", &["diagnose"]).word(&web);
        for (command, flags, line) in [
            (&driftline, flags("", ""), "driftline diagnose web"),
            (
                &driftline,
                flags("prod", ""),
                "driftline diagnose web --context=prod",
            ),
            (
                &helm,
                flags("arn:aws:eks:eu-west-1:1:cluster/prod", "/tmp/a b"),
                "HELM_DRIVER=configmap helm get values web --kube-context=arn:aws:eks:eu-west-1:1:cluster/prod \
                 --kubeconfig='/tmp/a b' > web.yaml",
            ),
            (
                &pipe,
                flags("x;reboot", "-x"),
                "helm show crds --kube-context='x;reboot' --kubeconfig=-x | kubectl diff -f - --context='x;reboot' \
                 --kubeconfig=-x",
            ),
        ] {
            assert_eq!(command.clone().on(&flags).unwrap().to_string(), line);
        }
        for flags in [
            flags("pr\u{f6}d", ""),
            flags("", "/tmp/\u{202e}x"),
            flags("a\nb", ""),
        ] {
            assert_eq!(helm.clone().on(&flags), Err(Refusal::Cluster));
        }
    }
}
