//! One chart, installed by one Helm under a name and in a namespace of its own.

use std::process::Child;
use std::thread;
use std::time::Duration;

use super::cluster::{Cluster, HelmVersion, Outcome, chart};
use super::report::Scan;

/// An installed release.
pub(crate) struct Release<'c> {
    /// The cluster it lives in.
    pub(crate) cluster: &'c Cluster,
    /// The Helm that made it.
    pub(crate) helm: HelmVersion,
    /// Its chart's folder.
    pub(crate) chart: String,
    /// Its name, unique in the cluster.
    pub(crate) name: String,
    /// Its namespace, which holds nothing else.
    pub(crate) namespace: String,
}

impl<'c> Release<'c> {
    /// Installs a chart of `tests/charts`; `args` go to `helm install`.
    #[track_caller]
    pub(crate) fn install(cluster: &'c Cluster, helm: HelmVersion, name: &str, args: &[&str]) -> Self {
        let (release, outcome) = Self::try_install(cluster, helm, name, args);
        outcome.succeeded();
        release
    }

    /// The same for an install that may fail.
    pub(crate) fn try_install(
        cluster: &'c Cluster,
        helm: HelmVersion,
        name: &str,
        args: &[&str],
    ) -> (Self, Outcome) {
        let namespace = cluster.namespace(&format!("{name}-{}", helm.name()));
        let release = Self {
            cluster,
            helm,
            chart: chart(name),
            name: namespace.clone(),
            namespace,
        };
        let outcome = release.run_helm("install", args);
        (release, outcome)
    }

    /// Installs a chart that is somewhere else than in `tests/charts`.
    #[track_caller]
    pub(crate) fn install_from(cluster: &'c Cluster, helm: HelmVersion, chart: &str, args: &[&str]) -> Self {
        let namespace = cluster.namespace(&format!("own-{}", helm.name()));
        let release = Self {
            cluster,
            helm,
            chart: chart.to_owned(),
            name: namespace.clone(),
            namespace,
        };
        release.run_helm("install", args).succeeded();
        release
    }

    /// Installs a chart of `tests/charts` under a name of one's own into a
    /// namespace that exists.
    #[track_caller]
    pub(crate) fn install_into(
        cluster: &'c Cluster,
        helm: HelmVersion,
        place: (&str, &str),
        name: &str,
        args: &[&str],
    ) -> Self {
        let release = Self {
            cluster,
            helm,
            chart: chart(name),
            namespace: place.0.to_owned(),
            name: place.1.to_owned(),
        };
        release.run_helm("install", args).succeeded();
        release
    }

    /// A release that is only going to be installed.
    pub(crate) fn unborn(cluster: &'c Cluster, helm: HelmVersion, name: &str) -> Self {
        let namespace = cluster.namespace(&format!("{name}-{}", helm.name()));
        Self {
            cluster,
            helm,
            chart: chart(name),
            name: namespace.clone(),
            namespace,
        }
    }

    /// Runs Helm with the chart.
    pub(crate) fn helm(&self, verb: &str, args: &[&str]) -> Outcome {
        self.run_helm(verb, args)
    }

    /// Runs Helm on the release, without the chart.
    pub(crate) fn helm_on(&self, verb: &str, args: &[&str]) -> Outcome {
        self.cluster.helm(self.helm, &self.line_without_chart(verb, args))
    }

    /// Runs Helm until something is there, and kills it then.
    pub(crate) fn kill_helm(&self, verb: &str, args: &[&str], until: &str) {
        let mut helm = self.spawn_helm(verb, args, until);
        helm.kill().expect("Helm can be killed");
        helm.wait().expect("Helm ends");
    }

    /// Starts Helm, and waits until something is there: an object, or what arguments of `kubectl wait` say.
    pub(crate) fn spawn_helm(&self, verb: &str, args: &[&str], until: &str) -> Child {
        let line = if matches!(verb, "install" | "upgrade") {
            let mut all = vec![verb, &self.name, &self.chart, "--namespace", &self.namespace];
            all.extend(args);
            all
        } else {
            self.line_without_chart(verb, args)
        };
        let helm = self.cluster.spawn_helm(self.helm, &line);
        let until = self.fill(until);
        let condition = if until.starts_with("--for") {
            format!("wait --timeout=60s {until}")
        } else {
            format!("wait --for=create --timeout=60s {until}")
        };
        self.kubectl(&condition.split(' ').collect::<Vec<_>>());
        helm
    }

    fn line_without_chart<'a>(&'a self, verb: &'a str, args: &[&'a str]) -> Vec<&'a str> {
        let mut all = vec![verb, &self.name, "--namespace", &self.namespace];
        all.extend(args);
        all
    }

    /// Upgrades to the chart's second set of values, `revision-2.yaml`.
    #[track_caller]
    pub(crate) fn upgrade(&self, args: &[&str]) {
        self.try_upgrade(args).succeeded();
    }

    /// The same for an upgrade that may fail.
    pub(crate) fn try_upgrade(&self, args: &[&str]) -> Outcome {
        let values = format!("{}/revision-2.yaml", self.chart);
        let mut all = vec!["-f", &values];
        all.extend(args);
        self.run_helm("upgrade", &all)
    }

    /// Upgrades to what the arguments say; without any, to the values that it has already.
    pub(crate) fn upgrade_to(&self, args: &[&str]) -> Outcome {
        self.run_helm("upgrade", args)
    }

    /// Runs kubectl in the release's namespace; it must succeed. `{r}` in an
    /// argument stands for the release's name.
    #[track_caller]
    pub(crate) fn kubectl(&self, args: &[&str]) -> String {
        let mut all = vec![format!("--namespace={}", self.namespace)];
        all.extend(args.iter().map(|arg| self.fill(arg)));
        self.cluster
            .kubectl(&all.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Runs a line of shell; `kubectl` in it means the release's namespace.
    pub(crate) fn shell(&self, line: &str) -> Outcome {
        let variables = [("NAMESPACE", self.namespace.as_str())];
        self.cluster.shell(line, &variables)
    }

    /// Scans the release's namespace.
    #[track_caller]
    pub(crate) fn scan(&self) -> Scan {
        self.scan_with(&[], &[])
    }

    /// The same with further arguments and environment variables.
    #[track_caller]
    pub(crate) fn scan_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Scan {
        let mut all = vec!["scan", "-n", &self.namespace, "-o", "json"];
        all.extend(args);
        Scan::from(self.cluster.driftline_with(&all, variables))
    }

    /// Replaces `{r}` by the release's name.
    pub(crate) fn fill(&self, text: &str) -> String {
        text.replace("{r}", &self.name)
    }

    fn run_helm(&self, verb: &str, args: &[&str]) -> Outcome {
        let mut all = vec![verb, &self.name, &self.chart, "--namespace", &self.namespace];
        all.extend(args);
        self.cluster.helm(self.helm, &all)
    }
}

/// Waits until what is written next bears another time: managed fields and records count whole seconds.
pub(crate) fn later() {
    thread::sleep(Duration::from_millis(1100));
}
