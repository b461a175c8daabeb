//! The story of the README: a hot fix, what is printed for it, and the upgrade after which the scan is clean. Its commands are
//! run as they stand there.

use std::fs;
use std::path::Path;

use regex::Regex;

use crate::harness::{Cluster, HelmVersion, Outcome, Release, chart, later, testbed_binary};
use crate::support::program::{copy_tree, root};

/// What the last scan prints after an upgrade by Helm 4: kubectl goes on owning the kept fields beside Helm.
const SCAN_AFTER_HELM_4: &str = "\
clean  shop/storefront   shop-0.3.0, revision 3 deployed 2026-11-20 02:55
  warning  rollback-blocked: a rollback to revision 2 does not work: it fails half-way: Deployment shop/storefront-web: \
kubectl-set owns /spec/template/spec/containers[name=web]/image, which Helm would write, and 1 more field is owned by others
      next step: driftline diagnose storefront -n shop

clean: 1 release, 13 objects in sync; health: 1 warning (cluster demo)
";

/// A command of the README, and what it prints.
type Step = (String, String);

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn the_hot_fix_of_the_readme_is_kept_as_it_says() {
    let story = story();
    assert!(story.len() > 4, "{story:?}");
    for helm in HelmVersion::ALL {
        tell(helm, &story);
    }
}

fn tell(helm: HelmVersion, story: &[Step]) {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace(&format!("readme-{}", helm.name()));
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name);
    copy_tree(Path::new(&chart("shop")), &file("shop"));
    fs::copy(file("shop").join("revision-2.yaml"), file("values.yaml")).unwrap();
    let release = Release::install_into(cluster, helm, (&namespace, "storefront"), "shop", &[]);
    let values = file("values.yaml").display().to_string();
    release.helm("upgrade", &["-f", &values]).succeeded();
    later();
    for fix in [
        "kubectl set image deployment/storefront-web web=registry.example.com/shop/web:1.5.0-hotfix",
        "kubectl set resources deployment/storefront-web -c web --limits=memory=1Gi",
    ] {
        release.shell(fix).succeeded();
    }
    for (command, printed) in story {
        let ran = run(&release, dir.path(), command);
        let told = format!("{}{}", ran.stderr, ran.stdout);
        let printed = match helm {
            HelmVersion::V4 if command == "driftline scan -n shop" => SCAN_AFTER_HELM_4,
            HelmVersion::V3 | HelmVersion::V4 => printed,
        };
        let what = format!("{helm:?}: {command} (exit status {})", ran.status);
        assert_eq!(
            timeless(&told.replace(&namespace, "shop")),
            timeless(printed),
            "{what}"
        );
        assert_eq!(ran.status, 0, "{what}");
    }
}

/// Runs a command of the README in the folder of the story; `driftline` and `helm` in it are those under test.
fn run(release: &Release<'_>, dir: &Path, command: &str) -> Outcome {
    let command = command.replace("-n shop", &format!("-n {}", release.namespace));
    let line = format!(
        r#"driftline() {{ '{}' "$@"; }}; helm() {{ '{}' "$@"; }}; cd '{}'; {command}"#,
        env!("CARGO_BIN_EXE_driftline"),
        testbed_binary(release.helm.name()).display(),
        dir.display(),
    );
    release.cluster.shell(&line, &[("NAMESPACE", &release.namespace)])
}

/// The commands below the heading, with what they print.
fn story() -> Vec<Step> {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, section) = readme.split_once("### Keeping what lives").unwrap();
    let (_, block) = section.split_once("```console\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let mut story: Vec<Step> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), story.last_mut()) {
            (Some(command), _) => story.push((command.to_owned(), String::new())),
            (None, Some((_, printed))) => {
                printed.push_str(line);
                printed.push('\n');
            }
            (None, None) => panic!("{line} is printed by no command"),
        }
    }
    story
}

/// A text without what is another one each time: the time, and the name of the cluster.
fn timeless(text: &str) -> String {
    let times = Regex::new(r"\d{4}-\d\d-\d\d \d\d:\d\d").unwrap();
    let cluster = Regex::new(r"\(cluster [^)]*\)").unwrap();
    let text = times.replace_all(text, "TIME");
    cluster.replace_all(&text, "(cluster demo)").into_owned()
}
