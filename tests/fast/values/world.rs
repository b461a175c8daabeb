//! A release with its chart in its record, as Helm stores it, and with drift of every kind that values may keep.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::chart::{SCHEMA, TEMPLATES, defaults};
use crate::faults::server::{Server, Stored};
use crate::faults::world::{Home, Revision, gzip, live, reads_only};
use crate::support::program::{Driftline, Ran};

/// What somebody made the password, which no output may say.
pub(super) const NEW_SECRET: &str = "correct-horse-battery";
/// What it was.
pub(super) const OLD_SECRET: &str = "initial-password-7";

/// What was deployed, by the templates.
struct Deployed {
    web: Value,
    settings: Value,
    login: Value,
    cache: Value,
}

static DEPLOYED: LazyLock<Deployed> = LazyLock::new(|| {
    let deployment = |name: &str, app: &str, replicas: u64, container: Value| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
               "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": app}},
                        "template": {"metadata": {"labels": {"app": app}}, "spec": {"containers": [container]}}}})
    };
    let mut web = deployment(
        "web-web",
        "web",
        2,
        json!({"name": "web", "image": "registry.example.com/shop/web:1.4.1",
               "env": [{"name": "REGION", "value": "north"}], "resources": {"limits": {"memory": "256Mi"}}}),
    );
    web["metadata"]["labels"] = json!({"version": "1.4.1"});
    web["spec"]["revisionHistoryLimit"] = json!(5);
    Deployed {
        web,
        settings: json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web-settings"},
                         "data": {"version": "1.4.1", "level": "info"}}),
        login: json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web-login"}, "type": "Opaque",
                      "stringData": {"password": OLD_SECRET}}),
        cache: deployment(
            "web-cache",
            "cache",
            1,
            json!({"name": "cache", "image": "registry.example.com/shop/cache:7.2"}),
        ),
    }
});

/// The manifest of objects, each with the template that it is of.
fn manifest_of(objects: [(&str, &Value); 4]) -> String {
    let document =
        |(template, object): (&str, &Value)| format!("---\n# Source: shop-web/{template}\n{object}\n");
    objects.map(document).concat()
}

/// What Helm rendered, as it is in the record.
pub(super) fn manifest() -> String {
    let Deployed {
        web,
        settings,
        login,
        cache,
    } = &*DEPLOYED;
    manifest_of([
        ("templates/settings.yaml", settings),
        ("templates/login.yaml", login),
        ("templates/web.yaml", web),
        ("charts/cache/templates/cache.yaml", cache),
    ])
}

/// What Helm renders with another tag, and with what nobody asked for.
pub(super) fn rendered() -> String {
    let Deployed {
        web,
        settings,
        login,
        cache,
    } = &*DEPLOYED;
    let (mut web, mut settings) = (web.clone(), settings.clone());
    web["metadata"]["labels"]["version"] = json!("1.4.1-hotfix");
    web["spec"]["replicas"] = json!(4);
    web["spec"]["template"]["spec"]["containers"][0]["image"] =
        json!("registry.example.com/shop/web:1.4.1-hotfix");
    settings["data"]["version"] = json!("1.4.1-hotfix");
    manifest_of([
        ("templates/settings.yaml", &settings),
        ("templates/login.yaml", login),
        ("templates/web.yaml", &web),
        ("charts/cache/templates/cache.yaml", cache),
    ])
}

/// The objects as they live, but for their history.
struct Live {
    web: Value,
    settings: Value,
    login: Value,
    cache: Value,
}

/// What somebody made of the objects: another image, limit, level and password, a variable more, and the cache scaled.
fn changed() -> Live {
    let Deployed {
        web,
        settings,
        login,
        cache,
    } = &*DEPLOYED;
    let mut live = Live {
        web: web.clone(),
        settings: settings.clone(),
        login: login.clone(),
        cache: cache.clone(),
    };
    let container = &mut live.web["spec"]["template"]["spec"]["containers"][0];
    container["image"] = json!("registry.example.com/shop/web:1.4.1-hotfix");
    container["resources"]["limits"]["memory"] = json!("1Gi");
    container["env"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "TRACE", "value": "on"}));
    live.settings["data"]["level"] = json!("debug");
    live.login = stored_secret(&live.login, NEW_SECRET);
    live.cache["spec"]["replicas"] = json!(3);
    live
}

/// A Secret as the API server keeps it, which has no `stringData`.
fn stored_secret(login: &Value, password: &str) -> Value {
    let mut stored = login.clone();
    stored.as_object_mut().unwrap().remove("stringData");
    stored["data"] = json!({"password": STANDARD.encode(password)});
    stored
}

/// What Helm would render, if values gave all of it but the history.
pub(super) fn rendered_as_it_lives() -> String {
    let Live {
        web,
        settings,
        mut login,
        cache,
    } = changed();
    login.as_object_mut().unwrap().remove("data");
    login["stringData"] = json!({"password": NEW_SECRET});
    manifest_of([
        ("templates/settings.yaml", &settings),
        ("templates/login.yaml", &login),
        ("templates/web.yaml", &web),
        ("charts/cache/templates/cache.yaml", &cache),
    ])
}

/// A record of the release in this namespace: gzip and base64, in a Secret that has base64 once more.
pub(super) fn record(namespace: &str) -> Stored {
    let mut revision = Revision::new(namespace, "web", &[]);
    revision.manifest = manifest();
    let mut record = revision.json();
    let files = TEMPLATES.map(|(name, text)| json!({"name": name, "data": STANDARD.encode(text)}));
    let mut values = defaults();
    // Helm keeps the values of dependencies among those of the chart.
    values["cache"] = json!({"replicaCount": 1});
    record["chart"] = json!({
        "metadata": {"name": "shop-web", "version": "1.2.0", "apiVersion": "v2",
                     "dependencies": [{"name": "cache", "version": "0.3.0"}]},
        "templates": files, "files": [], "values": values, "schema": STANDARD.encode(SCHEMA), "lock": null});
    record["config"] = json!({"image": {"tag": "1.4.1"}});
    revision.holding(&STANDARD.encode(gzip(record.to_string().as_bytes())))
}

/// An object as it lives, with what this manager wrote.
#[expect(clippy::needless_pass_by_value, reason = "as json! makes it")]
fn written(namespace: &str, object: &Value, manager: &str, fields: Value) -> Stored {
    let mut stored = live(namespace, "web", object);
    if let Some(labels) = object["metadata"]["labels"].as_object() {
        let known = stored.body["metadata"]["labels"].as_object_mut().unwrap();
        known.extend(labels.clone());
    }
    stored.body["metadata"]["managedFields"] = json!([
        {"manager": "helm", "operation": "Update", "apiVersion": object["apiVersion"], "time": "2026-03-01T12:00:00Z",
         "fieldsType": "FieldsV1", "fieldsV1": {"f:metadata": {"f:labels": {}}}},
        {"manager": manager, "operation": "Update", "apiVersion": object["apiVersion"], "time": "2026-03-02T03:14:00Z",
         "fieldsType": "FieldsV1", "fieldsV1": fields}]);
    stored
}

/// The release in this namespace as Helm left it.
pub(super) fn in_sync(namespace: &str) -> Vec<Stored> {
    let Deployed {
        web,
        settings,
        login,
        cache,
    } = &*DEPLOYED;
    let objects = [web, settings, &stored_secret(login, OLD_SECRET), cache];
    let objects = objects.map(|object| written(namespace, object, "helm", json!({"f:metadata": {}})));
    [record(namespace)].into_iter().chain(objects).collect()
}

/// The release in this namespace, in which somebody changed what [`changed`] says, and a history that the chart sets itself.
pub(super) fn drifted(namespace: &str) -> Vec<Stored> {
    let Live {
        mut web,
        settings,
        login,
        cache,
    } = changed();
    web["spec"]["revisionHistoryLimit"] = json!(9);
    let of_web = json!({"f:spec": {"f:revisionHistoryLimit": {}, "f:template": {"f:spec": {"f:containers": {
        "k:{\"name\":\"web\"}": {"f:image": {}, "f:resources": {"f:limits": {"f:memory": {}}},
            "f:env": {"k:{\"name\":\"TRACE\"}": {".": {}, "f:name": {}, "f:value": {}}}}}}}}});
    vec![
        record(namespace),
        written(namespace, &web, "kubectl-edit", of_web),
        written(
            namespace,
            &settings,
            "kubectl-edit",
            json!({"f:data": {"f:level": {}}}),
        ),
        written(
            namespace,
            &login,
            "kubectl-patch",
            json!({"f:data": {"f:password": {}}}),
        ),
        written(
            namespace,
            &cache,
            "kubectl-scale",
            json!({"f:spec": {"f:replicas": {}}}),
        ),
    ]
}

/// The program against a server, with a home of its own.
pub(super) struct World {
    pub(super) home: Home,
    pub(super) server: Server,
    kubeconfig: String,
}

impl World {
    pub(super) fn new(objects: impl IntoIterator<Item = Stored>) -> Self {
        let (home, server) = (Home::new(), Server::start(objects));
        let kubeconfig = home.kubeconfig(&server.url, &json!({"token": "token"}));
        Self {
            home,
            server,
            kubeconfig,
        }
    }

    /// The world of most tests.
    pub(super) fn drifted() -> Self {
        Self::new(drifted("shop"))
    }

    pub(super) fn path(&self, name: &str) -> String {
        self.home.path().join(name).to_str().unwrap().to_owned()
    }

    /// A command that never says a value of a Secret, with the cluster.
    pub(super) fn command(&self, arguments: &[&str]) -> Driftline {
        let (command, rest) = arguments.split_first().unwrap();
        let arguments = [&[*command, "--kubeconfig", &self.kubeconfig], rest].concat();
        self.offline(&arguments)
    }

    /// The same without the cluster.
    pub(super) fn offline(&self, arguments: &[&str]) -> Driftline {
        let command = self.home.command(arguments);
        [NEW_SECRET, OLD_SECRET]
            .into_iter()
            .fold(command, |command, secret| {
                command
                    .never_says(secret)
                    .never_says(STANDARD.encode(secret).trim_end_matches('='))
            })
    }

    /// Runs a command, which sends nothing but reads.
    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        let ran = self.command(arguments).run();
        reads_only(&self.server);
        ran
    }
}
