//! What `driftline values --check` says of a rendering, held to the upgrade that the rendering is of; and keys as arguments,
//! given to Helm by a shell.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use super::kept::{Asked, living, manifest};
use super::rendered::{Field, Rendered, overlap};
use crate::harness::{Cluster, HelmVersion, Release, Scan, means, place};

/// What is done by hand, where, and what the rendering makes of it.
const FIXES: [(&str, &str, &str, &str); 7] = [
    (
        "kubectl set image deployment/{r}-values-app app=registry.example.com/shop/app:1.5.0",
        "Deployment/{r}-values-app",
        "/spec/template/spec/containers[name=app]/image",
        "agrees",
    ),
    (
        "kubectl scale deployment/{r}-values-app --replicas=4",
        "Deployment/{r}-values-app",
        "/spec/replicas",
        "as-deployed",
    ),
    (
        r#"kubectl patch pdb/{r}-values-app --type=merge -p '{"spec":{"maxUnavailable":"50%"}}'"#,
        "PodDisruptionBudget/{r}-values-app",
        "/spec/maxUnavailable",
        "becomes",
    ),
    (
        "kubectl patch configmap/{r}-values-app-texts -p '{\"data\":{\"debug\":null}}'",
        "ConfigMap/{r}-values-app-texts",
        "/data/debug",
        "becomes",
    ),
    (
        r#"kubectl patch cronjob/{r}-values-app -p '{"spec":{"schedule":"0 4 * * *"}}'"#,
        "CronJob/{r}-values-app",
        "/spec/schedule",
        "gone",
    ),
    (
        PORT,
        "Service/{r}-values-app",
        "/spec/ports[port=80,protocol=TCP]",
        "agrees",
    ),
    (
        PORT,
        "Service/{r}-values-app",
        "/spec/ports[port=8080,protocol=TCP]",
        "agrees",
    ),
];

/// One port goes, and another one comes.
const PORT: &str = r#"kubectl patch service/{r}-values-app --type=json -p '[{"op":"replace","path":"/spec/ports/0/port","value":8080}]'"#;

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn what_a_check_says_is_what_the_upgrade_does() {
    for helm in HelmVersion::ALL {
        let release = Release::install(Cluster::shared(), helm, "values-app", &[]);
        for (fix, ..) in FIXES {
            release.shell(&release.fill(fix)).succeeded();
        }
        let (before, drifted) = (manifest(&release), living(&release));
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| dir.path().join(name).display().to_string();
        let (keep, dry_run, template) = (file("keep.yaml"), file("dry-run.json"), file("template.yaml"));
        let asked = Asked::of(&release, &["--field", FIXES[0].2]);
        fs::write(&keep, &asked.snippet).unwrap();
        let other = [
            "--set=budget=3",
            "--set=texts.debug=off",
            "--set=job.enabled=false",
            "--set=service.port=8080",
        ];
        let flags = [&["-f", keep.as_str()], &other[..]].concat();

        let asks = [&flags[..], &["--dry-run=server", "-o", "json"]].concat();
        fs::write(&dry_run, release.helm("upgrade", &asks).succeeded()).unwrap();
        let asks = [&flags[..], &["--is-upgrade"]].concat();
        fs::write(&template, release.helm("template", &asks).succeeded()).unwrap();
        let check = check(&release, &dry_run);
        assert_eq!(
            check,
            self::check(&release, &template),
            "the other form of the same"
        );
        let verdicts = verdicts(&check);
        for (_, object, path, outcome) in FIXES {
            let field = (release.fill(object), path.to_owned());
            let said = &verdicts[&field].0;
            // Helm 4 would stop at what kubectl owns.
            let is_stopped =
                helm == HelmVersion::V4 && said == "fails" && ["as-deployed", "becomes"].contains(&outcome);
            assert!(said == outcome || is_stopped, "{field:?} {said}");
        }
        assert_eq!(verdicts.len(), FIXES.len());
        let text = ask(&release, &["--check", &dry_run]);
        assert_eq!(text.status, 1, "it does not agree with all that lives");
        let by_helm: &[&str] = match helm {
            HelmVersion::V3 => &["still has what was deployed", "becomes another value, 3"],
            HelmVersion::V4 => &["the upgrade fails there, or takes it back with --force-conflicts"],
        };
        let by_both = [
            "the rendering agrees with what lives in 3 of 7 drifted fields",
            "is not in the rendering any more",
        ];
        for words in by_helm.iter().chain(&by_both) {
            assert!(text.stdout.contains(words), "{words}\n{}", text.stdout);
        }

        let force: &[&str] = match helm {
            HelmVersion::V3 => &[],
            // The fields that are not kept are others'.
            HelmVersion::V4 => &["--force-conflicts"],
        };
        release.helm("upgrade", &[&flags[..], force].concat()).succeeded();
        came_true(&verdicts, [&drifted, &living(&release)], &before);
        let moved = before.moved(&manifest(&release));
        same_moves(&check, &verdicts, &moved);
        assert_eq!(release.scan().drift(), []);
    }
}

type Verdicts = BTreeMap<Field, (String, Value)>;

fn ask(release: &Release<'_>, more: &[&str]) -> crate::harness::Outcome {
    let name = ["values", &release.name, "-n", &release.namespace];
    release.cluster.driftline(&[&name[..], more].concat())
}

/// What is said of the rendering in a file.
fn check(release: &Release<'_>, file: &str) -> Value {
    let scan = Scan::from(ask(release, &["-o", "json", "--check", file]));
    scan.release(&release.name).expect("it drifted")["valuesCheck"].clone()
}

/// The outcomes by field, each with what the field becomes.
fn verdicts(check: &Value) -> Verdicts {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let fields = check["fields"].as_array().unwrap().iter();
    fields
        .map(|field| {
            let object = format!("{}/{}", word(&field["kind"]), word(&field["name"]));
            let outcome = (word(&field["outcome"]), field["becomes"].clone());
            ((object, word(&field["path"])), outcome)
        })
        .collect()
}

/// Holds each outcome to what lived and lives, and to what was deployed before.
fn came_true(verdicts: &Verdicts, [drifted, lives]: [&Rendered; 2], deployed: &Rendered) {
    for ((object, path), (outcome, becomes)) in verdicts {
        let at = |of: &Rendered| {
            let object = of.object(object)?;
            place::at(object, path).cloned()
        };
        let (was, is) = (at(drifted), at(lives));
        let is_true = match outcome.as_str() {
            "agrees" => is == was,
            "as-deployed" => is != was && means(at(deployed).as_ref(), is.as_ref()),
            "becomes" => is != was && is.as_ref() == Some(becomes),
            // It was made with --force-conflicts.
            "fails" => is != was,
            "gone" => lives.object(object).is_none(),
            _ => false,
        };
        assert!(is_true, "{object} {path} {outcome} {becomes}: {was:?} -> {is:?}");
    }
}

/// Holds what is said to move besides to what the upgrade moved.
fn same_moves(check: &Value, verdicts: &Verdicts, moved: &BTreeSet<Field>) {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let said = check["alsoMoves"].as_array().unwrap().iter().map(|moved| {
        let object = format!("{}/{}", word(&moved["kind"]), word(&moved["name"]));
        (object, word(&moved["path"]))
    });
    let said: BTreeSet<Field> = said.collect();
    let is_drifted = |field: &Field| {
        let mut drifted = verdicts.keys();
        field.1 != "/" && drifted.any(|(object, path)| *object == field.0 && overlap(path, &field.1))
    };
    let moved: BTreeSet<Field> = moved.iter().filter(|field| !is_drifted(field)).cloned().collect();
    assert_eq!(said, moved);
}

/// Names and values that a shell, Helm's `--set` or YAML would take for something else.
const ODD: [&str; 6] = [
    r#"kubectl patch deployment/{r}-values-app -p '{"spec":{"template":{"metadata":{"annotations":{"example.com/note":"it'\''s [a, b] {c} \"$HOME\" `id` \\n é"}}}}}'"#,
    r#"kubectl patch deployment/{r}-values-app -p '{"spec":{"template":{"spec":{"nodeSelector":{"kubernetes.io/arch":"arm64","pool":null}}}}}'"#,
    "kubectl set image deployment/{r}-values-app app=registry.example.com/shop/app:1.5",
    "kubectl set env deployment/{r}-values-app REGION=a,b=c",
    r##"kubectl patch configmap/{r}-values-app-texts -p '{"data":{"upload.limit":"007","debug":null,"answer":"# no\n- yes\n"}}'"##,
    "kubectl scale deployment/{r}-values-app --replicas=4",
];

#[test]
#[ignore = "needs the testbed: tests/testbed/build"]
fn printed_arguments_go_through_a_shell_to_helm() {
    for helm in HelmVersion::ALL {
        let release = Release::install(Cluster::shared(), helm, "values-app", &[]);
        for fix in ODD {
            release.shell(&release.fill(fix)).succeeded();
        }
        let drifted = living(&release);
        let asked = Asked::of(&release, &[]);
        let arguments = ask(&release, &["--set-json"]).succeeded();
        let upgrade = format!(
            "{} upgrade {} '{}' -n {} \\\n{arguments}",
            helm.name(),
            release.name,
            release.chart,
            release.namespace
        );
        release.shell(&upgrade).succeeded();
        assert_eq!(release.scan().drift(), [], "{arguments}");
        assert_eq!(asked.kept().count(), 9, "{}", asked.snippet);
        let lives = living(&release);
        for said in asked.kept() {
            let [was, is] = [&drifted, &lives].map(|of| {
                of.object(&said.object)
                    .and_then(|object| place::at(object, &said.path))
            });
            assert_eq!(was, is, "{}\n{arguments}", said.line());
        }
    }
}
