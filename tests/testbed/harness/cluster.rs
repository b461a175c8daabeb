//! One throw-away control plane, and the programs that talk to it.
//!
//! The servers belong to the script `tests/testbed/cluster`, which ends when
//! its standard input does. The test process holds the other end of that pipe,
//! so the servers go away with it however it goes: a finished run, a panic,
//! Ctrl-C, or `kill -9`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::program::{Driftline, Ran};

/// Which Helm makes the release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HelmVersion {
    /// Helm 3: client-side apply.
    V3,
    /// Helm 4: server-side apply.
    V4,
}

impl HelmVersion {
    /// Both, in the order in which tests go through them.
    pub(crate) const ALL: [Self; 2] = [Self::V3, Self::V4];

    /// The name of the binary, also used in the names of namespaces.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::V3 => "helm3",
            Self::V4 => "helm4",
        }
    }
}

/// What a program left behind.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// The command line, for messages.
    pub(crate) command: String,
    /// The exit status; -1 when a signal ended the program.
    pub(crate) status: i32,
    /// Everything it wrote to standard output.
    pub(crate) stdout: String,
    /// Everything it wrote to standard error.
    pub(crate) stderr: String,
}

impl Outcome {
    /// The standard output of a program that must have succeeded.
    #[track_caller]
    pub(crate) fn succeeded(self) -> String {
        assert_eq!(
            self.status, 0,
            "{} failed:\n{}{}",
            self.command, self.stdout, self.stderr
        );
        self.stdout
    }

    /// The standard error of a program that must have failed.
    #[track_caller]
    pub(crate) fn failed(self) -> String {
        assert_ne!(
            self.status, 0,
            "{} should have failed:\n{}",
            self.command, self.stdout
        );
        self.stderr
    }
}

/// A running control plane.
pub(crate) struct Cluster {
    bin: PathBuf,
    dir: PathBuf,
    namespaces: AtomicUsize,
    supervisor: Option<(Child, ChildStdin)>,
}

impl Cluster {
    /// The cluster that the tests of this process share.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// The one that tests share which wait until a namespace is gone. In the other one are aggregated APIs that nobody answers
    /// for, and while there is one, the namespace controller ends no deletion.
    pub(crate) fn shared_for_deletions() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts a cluster and waits until Pods can be created in it.
    ///
    /// # Panics
    /// When the testbed is not built, with the command that builds it.
    pub(crate) fn start() -> Self {
        let bin = binaries();
        let mut supervisor = Command::new(script("cluster"))
            .arg("run")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("tests/testbed/cluster can be run");
        let stdin = supervisor.stdin.take().expect("standard input is piped");
        let mut line = String::new();
        BufReader::new(supervisor.stdout.take().expect("standard output is piped"))
            .read_line(&mut line)
            .expect("tests/testbed/cluster says when it is ready");
        let kubeconfig = line
            .trim_end()
            .strip_prefix("ready ")
            .expect("the testbed's cluster starts: see the messages of tests/testbed/cluster above");
        let dir = Path::new(kubeconfig)
            .parent()
            .expect("the kubeconfig lies in a folder")
            .to_path_buf();
        Self {
            bin,
            dir,
            namespaces: AtomicUsize::new(1),
            supervisor: Some((supervisor, stdin)),
        }
    }

    /// Makes a namespace that no other test uses and waits until Pods can be
    /// created in it.
    pub(crate) fn namespace(&self, prefix: &str) -> String {
        let namespace = format!("{prefix}-{}", self.namespaces.fetch_add(1, Ordering::Relaxed));
        self.kubectl(&["create", "namespace", &namespace]);
        self.kubectl(&[
            "wait",
            "-n",
            &namespace,
            "--for=create",
            "serviceaccount/default",
            "--timeout=60s",
        ]);
        namespace
    }

    /// Runs kubectl, which must succeed, and returns its standard output.
    #[track_caller]
    pub(crate) fn kubectl(&self, args: &[&str]) -> String {
        self.try_kubectl(args).succeeded()
    }

    /// Runs kubectl, which may fail.
    pub(crate) fn try_kubectl(&self, args: &[&str]) -> Outcome {
        self.run(&self.bin.join("kubectl"), args, &[], "")
    }

    /// Runs a line of shell that has the testbed's programs, with kubectl in the namespace `$NAMESPACE`.
    pub(crate) fn shell(&self, line: &str, variables: &[(&str, &str)]) -> Outcome {
        let path = env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", self.bin.display());
        let variables: Vec<_> = variables
            .iter()
            .copied()
            .chain([("PATH", path.as_str())])
            .collect();
        let script = format!(r#"kubectl() {{ command kubectl --namespace="$NAMESPACE" "$@"; }}; {line}"#);
        self.run(
            Path::new("bash"),
            &["-euo", "pipefail", "-c", &script],
            &variables,
            "",
        )
    }

    /// Applies objects, given as JSON.
    #[track_caller]
    pub(crate) fn apply(&self, objects: &Value) {
        self.run(
            &self.bin.join("kubectl"),
            &["apply", "-f", "-"],
            &[],
            &objects.to_string(),
        )
        .succeeded();
    }

    /// Creates an object, given as JSON. It may be larger than what `apply` notes in an annotation.
    #[track_caller]
    pub(crate) fn create(&self, object: &Value) {
        self.run(
            &self.bin.join("kubectl"),
            &["create", "-f", "-"],
            &[],
            &object.to_string(),
        )
        .succeeded();
    }

    /// Applies an object on the server in a manager's name, over everybody else's claims.
    #[track_caller]
    pub(crate) fn apply_as(&self, manager: &str, namespace: &str, object: &Value) {
        let manager = format!("--field-manager={manager}");
        let arguments = [
            "apply",
            "--server-side",
            "--force-conflicts",
            &manager,
            "-n",
            namespace,
            "-f",
            "-",
        ];
        self.run(&self.bin.join("kubectl"), &arguments, &[], &object.to_string())
            .succeeded();
    }

    /// Creates an object as a service account and returns the answer, as JSON.
    #[track_caller]
    pub(crate) fn create_as(&self, account: &Account, object: &Value) -> String {
        let arguments = [
            "create",
            // kubectl would want to read the definitions of all kinds.
            "--validate=false",
            "-o",
            "json",
            "-f",
            "-",
            "--kubeconfig",
            &account.kubeconfig,
        ];
        self.run(&self.bin.join("kubectl"), &arguments, &[], &object.to_string())
            .succeeded()
    }

    /// Runs a Helm.
    pub(crate) fn helm(&self, version: HelmVersion, args: &[&str]) -> Outcome {
        self.helm_with(version, args, &[])
    }

    /// Runs a Helm with further environment variables.
    pub(crate) fn helm_with(
        &self,
        version: HelmVersion,
        args: &[&str],
        variables: &[(&str, &str)],
    ) -> Outcome {
        self.run(&self.bin.join(version.name()), args, variables, "")
    }

    /// Starts a Helm that somebody is going to kill.
    pub(crate) fn spawn_helm(&self, version: HelmVersion, args: &[&str]) -> Child {
        self.command(&self.bin.join(version.name()), args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Helm can be run")
    }

    /// Starts a proxy to the API server, which says on standard output where it listens.
    pub(crate) fn spawn_proxy(&self) -> Child {
        self.command(&self.bin.join("kubectl"), &["proxy", "--port=0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("kubectl can be run")
    }

    /// Runs driftline.
    pub(crate) fn driftline(&self, args: &[&str]) -> Outcome {
        self.driftline_with(args, &[])
    }

    /// Runs driftline with further environment variables.
    pub(crate) fn driftline_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Outcome {
        let run = self
            .surroundings()
            .into_iter()
            .fold(Driftline::new(args), |command, (name, value)| {
                command.env(name, value)
            });
        let Ran {
            status,
            stdout,
            stderr,
            took: _,
        } = run.envs(variables).run();
        Outcome {
            command: format!("driftline {}", args.join(" ")),
            status: status.unwrap_or(-1),
            stdout,
            stderr,
        }
    }

    /// The credentials of a service account and nobody else's, as a kubeconfig.
    #[track_caller]
    pub(crate) fn account(&self, namespace: &str, name: &str) -> Account {
        let token = self.kubectl(&["create", "token", name, "-n", namespace]);
        let view = self.kubectl(&["config", "view", "--raw", "-o", "json"]);
        let mut config: Value = serde_json::from_str(&view).expect("kubectl prints JSON");
        config["users"][0]["user"] = json!({"token": token.trim()});
        let dir = tempfile::tempdir().expect("there is room for temporary files");
        let kubeconfig = dir.path().join("kubeconfig");
        fs::write(&kubeconfig, config.to_string()).expect("the kubeconfig can be written");
        Account {
            kubeconfig: kubeconfig.display().to_string(),
            _dir: dir,
        }
    }

    /// What the API server's audit log has of a user, one event a request.
    pub(crate) fn audit(&self, user: &str) -> Vec<Value> {
        let log = fs::read_to_string(self.dir.join("audit.log")).expect("the API server keeps an audit log");
        log.lines()
            .map(|line| serde_json::from_str(line).expect("the audit log holds JSON"))
            .filter(|event: &Value| event["user"]["username"] == user)
            .collect()
    }

    /// The environment of every program: nothing of the developer's own, neither clusters nor settings nor caches, in
    /// which another cluster's API could linger.
    fn surroundings(&self) -> [(&'static str, OsString); 5] {
        [
            // Helm and kubectl end before their garbage matters, and collecting it takes a sixth of their time.
            ("GOGC", "off".into()),
            ("PATH", env::var_os("PATH").unwrap_or_default()),
            ("HOME", self.dir.clone().into()),
            ("KUBECONFIG", self.dir.join("kubeconfig").into()),
            ("KUBECACHEDIR", self.dir.join("cache").into()),
        ]
    }

    fn command(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).env_clear().envs(self.surroundings());
        command
    }

    fn run(&self, program: &Path, args: &[&str], variables: &[(&str, &str)], input: &str) -> Outcome {
        let mut child = self
            .command(program, args)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", program.display()));
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does not read its input says what is wrong by its status.
            let _ = stdin.write_all(input.as_bytes());
        }
        let output = child
            .wait_with_output()
            .unwrap_or_else(|error| panic!("cannot read {}: {error}", program.display()));
        Outcome {
            command: format!("{} {}", program.display(), args.join(" ")),
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The kubeconfig of a service account; its file goes away with it.
pub(crate) struct Account {
    /// The file.
    pub(crate) kubeconfig: String,
    _dir: TempDir,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some((mut supervisor, stdin)) = self.supervisor.take() {
            drop(stdin);
            // It has nothing to say any more; waiting only avoids a zombie.
            let _ = supervisor.wait();
        }
    }
}

/// The folder of this repository's charts.
pub(crate) fn chart(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/charts")
        .join(name)
        .display()
        .to_string()
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/testbed")
        .join(name)
}

/// The folder of the testbed's programs.
pub(crate) fn binaries() -> PathBuf {
    let bin = folder_of_binaries();
    for name in [
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kubectl",
        "helm3",
        "helm4",
    ] {
        testbed_binary(name);
    }
    bin
}

fn folder_of_binaries() -> PathBuf {
    let home = env::var_os("DRIFTLINE_TESTBED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join(".testbed"),
        PathBuf::from,
    );
    home.join("bin")
}

/// A program of the testbed.
///
/// # Panics
/// When it is not built, with the command that builds it.
pub(crate) fn testbed_binary(name: &str) -> PathBuf {
    let program = folder_of_binaries().join(name);
    assert!(
        program.is_file(),
        "the testbed's {} is missing: build it with tests/testbed/build (about 6 minutes, once)",
        program.display()
    );
    program
}
