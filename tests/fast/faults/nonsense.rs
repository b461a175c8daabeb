//! Answers with status 200 that are none: what a proxy, a login page or a lying server says in the API server's place.
//! Whoever reads them, the report is never clean because of them, and nothing is missing because of them.

use serde_json::{Value, json};

use super::server::{Fault, SECRET, Server, Stored};
use super::world::{Home, config_map, cron_tab, each, live, release, scan_command, scan_json, shop};
use crate::support::program::Ran;

/// An answer that is neither a list nor an object.
fn no_answers() -> Vec<(&'static str, String)> {
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 500,
                        "message": SECRET});
    [
        ("an empty object", "{}".to_owned()),
        ("an error", json!({"error": SECRET}).to_string()),
        ("a Status", status.to_string()),
        ("a login page", format!("<html><body>{SECRET}</body></html>")),
        ("null", "null".to_owned()),
        ("an empty list", "[]".to_owned()),
        ("a number", "7".to_owned()),
        ("a text", format!("\"{SECRET}\"")),
        ("nothing", String::new()),
        ("a NUL", "\0".to_owned()),
    ]
    .into()
}

/// Answers in the place of a list of these items.
fn no_lists(api_version: &str, kind: &str, item: &Value) -> Vec<(&'static str, String)> {
    let list = |change: &dyn Fn(&mut Value)| {
        let mut list = json!({"kind": format!("{kind}List"), "apiVersion": api_version,
                              "metadata": {"resourceVersion": "1"}, "items": [item]});
        change(&mut list);
        list.to_string()
    };
    let with = |field: &'static str, value: Value| {
        list(&|list| {
            list[field] = value.clone();
        })
    };
    let without = |field: &'static str| {
        list(&|list| {
            list.as_object_mut().unwrap().remove(field);
        })
    };
    let of = |change: &dyn Fn(&mut Value)| list(&|list| change(&mut list["items"][0]));
    let whole = list(&|_| ());
    let twice = |field: &str, value: &str| format!("{{\"{field}\":{value},{}", &whole[1..]);
    let mut answers = no_answers();
    answers.extend([
        ("half a list", whole[..whole.len() / 2].to_owned()),
        ("a list and more", format!("{whole}{whole}")),
        ("a list of pods", with("kind", json!("PodList"))),
        (
            "an empty list of another kind",
            list(&|list| {
                list["kind"] = json!("PodList");
                list["items"] = json!([]);
            }),
        ),
        (
            "a list of another version",
            with("apiVersion", json!("example.com/v9")),
        ),
        ("a list without kind", without("kind")),
        ("a list without version", without("apiVersion")),
        ("a list without metadata", without("metadata")),
        ("a list without items", without("items")),
        ("a list whose metadata are null", with("metadata", Value::Null)),
        ("a list without resource version", with("metadata", json!({}))),
        (
            "a list with an empty resource version",
            with("metadata", json!({"resourceVersion": ""})),
        ),
        ("a list whose items are an object", with("items", json!({}))),
        (
            "a list that is not whole",
            list(&|list| list["metadata"]["remainingItemCount"] = json!(3)),
        ),
        (
            "a list whose rest is below nothing",
            list(&|list| list["metadata"]["remainingItemCount"] = json!(-3)),
        ),
        (
            "a list without end",
            list(&|list| {
                list["metadata"]["continue"] = json!("9");
                list["items"] = json!([]);
            }),
        ),
        ("a list with two lists of items", twice("items", "[]")),
        ("a list with two kinds", twice("kind", "\"PodList\"")),
        ("an item of another kind", of(&|item| item["kind"] = json!("Pod"))),
        (
            "an item of another version",
            of(&|item| item["apiVersion"] = json!("example.com/v9")),
        ),
        (
            "an item without metadata",
            of(&|item| {
                item.as_object_mut().unwrap().remove("metadata");
            }),
        ),
        (
            "an item without name",
            of(&|item| {
                item["metadata"].as_object_mut().unwrap().remove("name");
            }),
        ),
        (
            "an item with an empty name",
            of(&|item| item["metadata"]["name"] = json!("")),
        ),
        ("an item that is null", with("items", json!([null]))),
        ("an item that is a number", with("items", json!([7]))),
    ]);
    answers
}

/// Answers in the place of this object.
fn no_objects(object: &Value) -> Vec<(&'static str, String)> {
    let but = |pointer: &str, value: Value| {
        let mut other = object.clone();
        *other.pointer_mut(pointer).unwrap() = value;
        other.to_string()
    };
    let without = |parent: &str, field: &str| {
        let mut other = object.clone();
        other
            .pointer_mut(parent)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove(field);
        other.to_string()
    };
    let whole = object.to_string();
    let mut answers = no_answers();
    answers.extend([
        ("half an object", whole[..whole.len() / 2].to_owned()),
        ("an object and more", format!("{whole}{whole}")),
        ("another kind", but("/kind", json!("Pod"))),
        ("another version", but("/apiVersion", json!("example.com/v9"))),
        ("another name", but("/metadata/name", json!("other"))),
        ("another namespace", but("/metadata/namespace", json!("other"))),
        ("no kind", without("", "kind")),
        ("no version", without("", "apiVersion")),
        ("no metadata", without("", "metadata")),
        ("no name", without("/metadata", "name")),
        ("no namespace", without("/metadata", "namespace")),
        ("two kinds", format!("{{\"kind\":\"Pod\",{}", &whole[1..])),
        (
            "two places",
            format!("{{\"metadata\":{{\"name\":\"other\"}},{}", &whole[1..]),
        ),
        (
            "a list of it",
            json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": [object]}).to_string(),
        ),
    ]);
    answers
}

/// One answer of each sort, for readers that share the code of another one which meets them all.
fn one_of_each(answers: Vec<(&'static str, String)>) -> Vec<(&'static str, String)> {
    const SORTS: [&str; 11] = [
        "an empty object",
        "a Status",
        "a login page",
        "null",
        "a list of pods",
        "a list without items",
        "a list that is not whole",
        "a list without end",
        "an item of another kind",
        "another kind",
        "another name",
    ];
    let chosen = answers.into_iter().filter(|(what, _)| SORTS.contains(what));
    chosen.collect()
}

fn outcome(run: &Ran) -> String {
    run.json()["outcome"].as_str().unwrap_or_default().to_owned()
}

/// The body of the only record of the shop, as a list of metadata has it.
fn record(shop: &[Stored]) -> Value {
    shop[0].body.clone()
}

#[test]
fn without_a_list_of_records_nothing_is_clean() {
    let mut partial = record(&shop());
    partial["kind"] = json!("PartialObjectMetadata");
    partial["apiVersion"] = json!("meta.k8s.io/v1");
    let answers = no_lists("meta.k8s.io/v1", "PartialObjectMetadata", &partial);
    let scan = |path: &str, flags: &[&str], what: &str, body: String| {
        let server = Server::start(shop()).on(path, "limit=500", 0, usize::MAX, Fault::Body(body));
        let run = scan_json(&server, flags);
        assert_ne!(outcome(&run), "clean", "{what}");
        let [(scope, message)] = &run.errors()[..] else {
            panic!("{what}: {:?}", run.errors())
        };
        assert!(
            message.contains("release records cannot be listed"),
            "{what}: {message}"
        );
        (scope.clone(), run.status)
    };
    each(answers.clone(), |(what, body)| {
        let (scope, status) = scan("/api/v1/secrets", &[], what, body);
        assert_eq!((scope.as_str(), status), ("storage", Some(2)), "{what}");
    });
    each(one_of_each(answers), |(what, body)| {
        let (scope, status) = scan("/api/v1/namespaces/shop/secrets", &["-n", "shop"], what, body);
        // The ConfigMaps that may hold records were listed.
        assert_eq!((scope.as_str(), status), ("namespace/shop", Some(3)), "{what}");
    });
}

/// A list whose second page is no page must not pass for the first page alone.
#[test]
fn without_the_second_page_nothing_is_clean() {
    let objects = || {
        (0..5).flat_map(|index| {
            release(
                "shop",
                &format!("r{index}"),
                &[config_map(&format!("c{index}"), "x")],
            )
        })
    };
    let mut partial = record(&shop());
    partial["kind"] = json!("PartialObjectMetadata");
    partial["apiVersion"] = json!("meta.k8s.io/v1");
    let mut answers = one_of_each(no_lists("meta.k8s.io/v1", "PartialObjectMetadata", &partial));
    // Lists of records, and not the rest of this one.
    let no_rest = [
        ("the rest without items", "1", Value::Null),
        ("an empty rest", "1", json!([])),
        ("too little of the rest", "1", json!([partial])),
        (
            "the rest of another list",
            "2",
            json!([partial, partial, partial]),
        ),
    ];
    answers.extend(no_rest.map(|(what, version, items)| {
        let rest = json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
            "metadata": {"resourceVersion": version}, "items": items});
        (what, rest.to_string())
    }));
    each(answers, |(what, body)| {
        let server = Server::start(objects()).pages_of(2).on(
            "/api/v1/secrets",
            "limit=500&continue=",
            0,
            usize::MAX,
            Fault::Body(body),
        );
        let run = scan_json(&server, &[]);
        assert_eq!(run.status, Some(2), "{what}: {}{}", run.stdout, run.stderr);
        assert_eq!(run.json()["summary"]["releases"]["total"], 0, "{what}");
    });
}

/// Between the two listings of a scan, too.
#[test]
fn a_second_listing_that_is_none_leaves_the_scan_incomplete() {
    each(no_answers(), |(what, body)| {
        let server =
            Server::start(shop()).on("/api/v1/secrets", "limit=500", 1, usize::MAX, Fault::Body(body));
        let run = scan_json(&server, &[]);
        assert_eq!(run.status, Some(3), "{what}: {}{}", run.stdout, run.stderr);
        assert_eq!(outcome(&run), "incomplete", "{what}");
    });
}

#[test]
fn a_record_that_is_not_the_one_asked_for_is_undecodable() {
    let body = record(&shop());
    let path = shop()[0].path();
    each(no_objects(&body), |(what, body)| {
        let run = scan_json(&Server::start(shop()).always(&path, Fault::Body(body)), &[]);
        assert_eq!(run.status, Some(3), "{what}: {}{}", run.stdout, run.stderr);
        let [(_, code, message)] = &run.health()[..] else {
            panic!("{what}: {:?}", run.health())
        };
        assert_eq!(code, "undecodable", "{what}");
        assert!(message.contains("cannot be read"), "{what}: {message}");
        assert_eq!(run.json()["summary"]["objects"]["missing"], 0, "{what}");
    });
}

/// Ten releases' records are listed. What is no list of them is not believed, and they are asked for by name.
#[test]
fn a_list_of_payloads_that_is_none_is_not_believed() {
    let objects: Vec<Stored> = (0..6)
        .flat_map(|index| {
            release(
                "shop",
                &format!("r{index}"),
                &[config_map(&format!("c{index}"), "x")],
            )
        })
        .collect();
    let record = objects[0].body.clone();
    each(one_of_each(no_lists("v1", "Secret", &record)), |(what, body)| {
        let server = Server::start(objects.clone()).on(
            "/api/v1/secrets",
            "limit=25",
            0,
            usize::MAX,
            Fault::Body(body),
        );
        let run = scan_json(&server, &[]);
        assert_eq!(run.status, Some(0), "{what}: {}{}", run.stdout, run.stderr);
        assert_eq!(run.json()["summary"]["objects"]["inSync"], 6, "{what}");
    });
}

fn only_unknown(run: &Ran, what: &str, objects: usize) {
    assert_eq!(run.status, Some(3), "{what}: {}{}", run.stdout, run.stderr);
    assert_eq!(run.objects().len(), objects, "{what}: {:?}", run.objects());
    for (_, state, reason) in run.objects() {
        assert_eq!(state, "unknown", "{what}");
        assert!(
            reason.contains("the API server's answer cannot be read"),
            "{what}: {reason}"
        );
    }
}

#[test]
fn an_object_that_is_not_the_one_asked_for_is_unknown() {
    let (settings, nightly) = (shop()[1].clone(), shop()[3].clone());
    for (stored, name, answers) in [
        (&settings, "settings", no_objects(&settings.body)),
        (&nightly, "nightly", one_of_each(no_objects(&nightly.body))),
    ] {
        each(answers, |(what, body)| {
            let run = scan_json(
                &Server::start(shop()).always(&stored.path(), Fault::Body(body)),
                &[],
            );
            only_unknown(&run, what, 1);
            assert_eq!(run.objects()[0].0, name, "{what}");
        });
    }
}

/// Six custom resources are listed, and none is missing because of what stands in the list's place.
#[test]
fn a_list_of_objects_that_is_none_makes_nothing_missing() {
    let names: Vec<Value> = (0..6).map(|index| cron_tab(&format!("c{index}"))).collect();
    let objects = release("shop", "web", &names);
    let list = "/apis/stable.example.com/v1/namespaces/shop/crontabs";
    let item = objects[1].body.clone();
    let answers = no_lists("stable.example.com/v1", "CronTab", &item);
    let broken = |body: String| Server::start(objects.clone()).always(list, Fault::Body(body));
    each(answers.clone(), |(what, body)| {
        let run = scan_json(&broken(body), &[]);
        assert_eq!(run.status, Some(0), "{what}: {}{}", run.stdout, run.stderr);
        assert_eq!(run.json()["summary"]["objects"]["inSync"], 6, "{what}");
    });
    // Where the objects cannot be read by name either.
    each(one_of_each(answers), |(what, body)| {
        let server = broken(body.clone()).always(&format!("{list}/*"), Fault::Body(body));
        let run = scan_json(&server, &[]);
        assert_eq!(run.status, Some(3), "{what}: {}{}", run.stdout, run.stderr);
        assert!(
            run.objects().iter().all(|(_, state, _)| state == "unknown"),
            "{what}"
        );
    });
}

/// What was dropped from a release is gone when a whole list lacks it, and only then.
#[test]
fn a_list_that_is_none_hides_no_leftover() {
    let dropped: Vec<Value> = (0..5)
        .map(|index| config_map(&format!("c{index}"), "x"))
        .collect();
    let mut first = super::world::Revision::new("shop", "web", &dropped);
    first.status = "superseded";
    let mut second = super::world::Revision::new("shop", "web", &[]);
    second.number = 2;
    let kept = live("shop", "web", &config_map("c3", "x"));
    let mut wrong = config_map("unrelated", "x");
    wrong["metadata"]["namespace"] = json!("shop");
    // A list that is whole and lacks the leftover is a true one, whoever wrote it.
    let answers = one_of_each(no_lists("v1", "ConfigMap", &wrong));
    each(answers, |(what, body)| {
        let world = [first.stored(), second.stored(), kept.clone()];
        let server = Server::start(world).on(
            "/api/v1/namespaces/shop/configmaps",
            "limit=100",
            0,
            usize::MAX,
            Fault::Body(body),
        );
        let run = scan_json(&server, &[]);
        assert_eq!(run.status, Some(1), "{what}: {}{}", run.stdout, run.stderr);
        let states: Vec<String> = run.objects().into_iter().map(|(_, state, _)| state).collect();
        assert_eq!(states, ["leftover"], "{what}");
    });
}

#[test]
fn discovery_that_is_none_ends_the_scan() {
    let mut answers = no_answers();
    let groups = |change: &dyn Fn(&mut Value)| {
        let mut groups = json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2",
            "metadata": {}, "items": [{"metadata": {"name": "apps"}, "versions": [{"version": "v1",
            "freshness": "Current", "resources": [{"resource": "deployments",
            "responseKind": {"group": "apps", "version": "v1", "kind": "Deployment"}, "scope": "Namespaced"}]}]}]});
        change(&mut groups);
        groups.to_string()
    };
    let without = |field: &'static str| {
        groups(&|groups| {
            groups.as_object_mut().unwrap().remove(field);
        })
    };
    answers.extend([
        ("no kind", without("kind")),
        ("no version", without("apiVersion")),
        ("no items", without("items")),
        (
            "another version",
            groups(&|groups| groups["apiVersion"] = json!("v1")),
        ),
        (
            "another kind",
            groups(&|groups| groups["kind"] = json!("APIResourceList")),
        ),
        (
            "a group without metadata",
            groups(&|groups| groups["items"] = json!([{"versions": []}])),
        ),
        (
            "a resource of no scope",
            groups(&|groups| {
                groups["items"][0]["versions"][0]["resources"][0]["scope"] = json!("Elsewhere");
            }),
        ),
        (
            "an old list without groups",
            json!({"kind": "APIGroupList", "apiVersion": "v1"}).to_string(),
        ),
        (
            "an old list without versions",
            json!({"kind": "APIVersions"}).to_string(),
        ),
    ]);
    each(answers, |(what, body)| {
        for (server, path) in [
            (Server::start(shop()), "/apis"),
            (Server::start(shop()).old(), "/apis"),
        ] {
            let run = scan_json(&server.always(path, Fault::Body(body.clone())), &[]);
            assert_eq!(run.status, Some(2), "{what}: {}{}", run.stdout, run.stderr);
            let errors = run.errors();
            let [(scope, message)] = &errors[..] else {
                panic!("{what}: {errors:?}")
            };
            assert_eq!(scope, "discovery", "{what}");
            assert!(message.contains("answer cannot be read"), "{what}: {message}");
        }
    });
}

#[test]
fn a_group_of_an_old_server_that_is_none_is_unavailable() {
    let resources = |change: &dyn Fn(&mut Value)| {
        let mut list = json!({"kind": "APIResourceList", "groupVersion": "stable.example.com/v1",
            "resources": [{"name": "crontabs", "kind": "CronTab", "namespaced": true}]});
        change(&mut list);
        list.to_string()
    };
    let mut answers = no_answers();
    answers.extend([
        (
            "another group",
            resources(&|list| list["groupVersion"] = json!("apps/v1")),
        ),
        (
            "another kind",
            resources(&|list| list["kind"] = json!("APIGroupList")),
        ),
        (
            "no resources",
            resources(&|list| {
                list.as_object_mut().unwrap().remove("resources");
            }),
        ),
    ]);
    each(answers, |(what, body)| {
        let server = Server::start(shop())
            .old()
            .always("/apis/stable.example.com/v1", Fault::Body(body));
        let run = scan_json(&server, &[]);
        assert_eq!(run.status, Some(3), "{what}: {}{}", run.stdout, run.stderr);
        let [(name, state, reason)] = &run.objects()[..] else {
            panic!("{what}: {:?}", run.objects())
        };
        assert_eq!((name.as_str(), state.as_str()), ("nightly", "unknown"), "{what}");
        assert!(reason.contains("unavailable"), "{what}: {reason}");
    });
}

/// Replica counts are judged more leniently where nothing is known of autoscalers, so the report has to say so.
#[test]
fn autoscalers_that_are_none_leave_the_scan_incomplete() {
    let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}},
                 "spec": {"containers": [{"name": "web", "image": "web:1"}]}}}});
    let item = json!({"metadata": {"name": "a", "namespace": "shop"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}}});
    let mut answers = one_of_each(no_lists("autoscaling/v2", "HorizontalPodAutoscaler", &item));
    let odd = json!({"kind": "HorizontalPodAutoscalerList", "apiVersion": "autoscaling/v2", "metadata": {"resourceVersion": "1"},
                     "items": [{"metadata": {"name": "a", "namespace": "shop"}, "spec": {}}]});
    answers.push(("an autoscaler without target", odd.to_string()));
    each(answers, |(what, body)| {
        let objects = release("shop", "web", std::slice::from_ref(&object));
        let server = Server::start(objects).always(
            "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers",
            Fault::Body(body),
        );
        let run = scan_json(&server, &[]);
        assert_eq!(run.status, Some(3), "{what}: {}{}", run.stdout, run.stderr);
        let errors = run.errors();
        let [(scope, message)] = &errors[..] else {
            panic!("{what}: {errors:?}")
        };
        assert_eq!(scope, "namespace/shop", "{what}");
        assert!(
            message.contains("the autoscalers cannot be listed"),
            "{what}: {message}"
        );
    });
}

/// The comparison goes on by generic rules, and is not called whole.
#[test]
fn a_schema_that_is_none_is_told() {
    let mut answers = no_answers();
    answers.extend([
        ("no components", json!({"openapi": "3.0.0"}).to_string()),
        (
            "no schemas",
            json!({"openapi": "3.0.0", "components": {}}).to_string(),
        ),
        (
            "version 2",
            json!({"swagger": "2.0", "components": {"schemas": {}}}).to_string(),
        ),
        (
            "another version",
            json!({"openapi": "2.0", "components": {"schemas": {}}}).to_string(),
        ),
    ]);
    each(answers, |(what, body)| {
        let run = scan_json(
            &Server::start(shop()).always("/openapi/v3/*", Fault::Body(body)),
            &[],
        );
        assert_eq!(run.status, Some(3), "{what}: {}{}", run.stdout, run.stderr);
        let errors = run.errors();
        let scopes: Vec<&str> = errors.iter().map(|(scope, _)| scope.as_str()).collect();
        assert_eq!(scopes, ["stable.example.com/v1"], "{what}");
    });
}

#[test]
fn a_dry_run_of_another_object_takes_nothing_back() {
    let mut objects = shop();
    objects[1].body["data"]["key"] = json!("red");
    let stored = objects[1].clone();
    let mut answer = stored.body.clone();
    answer["data"]["key"] = json!("blue");
    // An answer with the deployed value would confirm the drift, and one with the live value takes it back.
    each(no_objects(&stored.body), |(what, body)| {
        let server =
            Server::start(objects.clone()).on(&stored.path(), "dryRun", 0, usize::MAX, Fault::Body(body));
        let home = Home::new();
        let run = scan_command(&home, &server, &["--confirm", "server", "-o", "json"]).run();
        assert_eq!(run.status, Some(1), "{what}: {}{}", run.stdout, run.stderr);
        let finding = &run.json()["releases"][0]["objects"][0]["findings"][0];
        assert_eq!(finding["severity"], "drift", "{what}");
        assert_eq!(finding["confirmed"], Value::Null, "{what}");
    });
}

#[test]
fn tokens_that_lead_in_a_circle_end_the_list() {
    let page = |token: &str| {
        let page = json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                          "metadata": {"resourceVersion": "1", "continue": token}, "items": []});
        Fault::Body(page.to_string())
    };
    // Tokens that lead in a circle of two.
    let server = Server::start(shop())
        .on("/api/v1/secrets", "continue=7", 0, usize::MAX, page("8"))
        .on("/api/v1/secrets", "limit=500", 0, usize::MAX, page("7"));
    let run = scan_json(&server, &[]);
    assert_eq!(run.status, Some(2), "{}{}", run.stdout, run.stderr);
    assert_eq!(server.count("/api/v1/secrets"), 3);
}
