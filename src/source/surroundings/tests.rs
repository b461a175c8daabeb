//! Which requests webhooks and policies are asked about, by the rules of the API server; and how answers are put together.

use serde_json::{Value, json};

use super::*;
use crate::object::{Gvk, ObjectKey};
use crate::release::stored::Driver;
use crate::source::{Kinds, ServedKind};

/// A request for the Deployment `shop/web`, which the tables vary.
#[derive(Clone)]
struct Asked {
    verb: SentVerb,
    group: &'static str,
    version: &'static str,
    others: Vec<&'static str>,
    plural: &'static str,
    namespace: Option<&'static str>,
    after: Option<Labels>,
    before: Option<Labels>,
    of_namespace: Option<Labels>,
}

fn asked() -> Asked {
    Asked {
        verb: SentVerb::Create,
        group: "apps",
        version: "v1",
        others: Vec::new(),
        plural: "deployments",
        namespace: Some("shop"),
        after: Some(Labels::new()),
        before: None,
        of_namespace: Some(Labels::new()),
    }
}

impl Asked {
    fn with<T>(&self, ask: impl FnOnce(&AdmissionRequest<'_>) -> T) -> T {
        ask(&AdmissionRequest {
            verb: self.verb,
            resource: Resource {
                group: self.group,
                version: self.version,
                served_versions: &self.others,
                plural: self.plural,
            },
            name: "web",
            namespace: self.namespace,
            labels: RequestLabels {
                objects: [self.after.as_ref(), self.before.as_ref()],
                namespace: self.of_namespace.as_ref(),
            },
        })
    }

    fn of_webhook(&self, matches: Value) -> Matched {
        let webhook = Webhook {
            kind: WebhookKind::Validating,
            configuration: "c".to_owned(),
            name: "w".to_owned(),
            conditions: matches["conditions"].as_u64().map_or(0, |_| 1),
            matches: serde_json::from_value(matches).unwrap(),
            failure_policy: FailurePolicy::Fail,
            backend: Backend::Url,
        };
        self.with(|request| webhook.matched(request))
    }
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn rule(operations: &[&str], groups: &[&str], versions: &[&str], resources: &[&str]) -> Value {
    json!({"operations": operations, "apiGroups": groups, "apiVersions": versions, "resources": resources})
}

/// Kubernetes: `predicates/rules/rules_test.go` has the same cases for groups, versions, operations, resources and scopes.
#[test]
fn rules_match_by_operation_group_version_resource_and_scope() {
    let deployments = rule(&["*"], &["apps"], &["v1"], &["deployments"]);
    let with_scope = |scope: &str| {
        let mut rule = deployments.clone();
        rule["scope"] = json!(scope);
        rule
    };
    let pod = Asked {
        group: "",
        plural: "pods",
        ..asked()
    };
    let node = Asked {
        group: "",
        plural: "nodes",
        namespace: None,
        ..asked()
    };
    let namespace = Asked {
        group: "",
        plural: "namespaces",
        namespace: None,
        ..asked()
    };
    let everything = |scope: &str| {
        let mut rule = rule(&["*"], &["*"], &["*"], &["*"]);
        rule["scope"] = json!(scope);
        rule
    };
    let update = Asked {
        verb: SentVerb::Update,
        ..asked()
    };
    let delete = Asked {
        verb: SentVerb::Delete,
        ..asked()
    };
    let rows = [
        (asked(), deployments.clone(), true),
        (asked(), rule(&["CREATE"], &["*"], &["*"], &["*"]), true),
        (
            asked(),
            rule(&["UPDATE", "DELETE"], &["*"], &["*"], &["*"]),
            false,
        ),
        (update.clone(), rule(&["UPDATE"], &["*"], &["*"], &["*"]), true),
        (update, rule(&["CREATE"], &["*"], &["*"], &["*"]), false),
        (delete, rule(&["DELETE"], &["apps"], &["*"], &["*"]), true),
        (asked(), rule(&["*"], &["", "extensions"], &["*"], &["*"]), false),
        (asked(), rule(&["*"], &["apps"], &["v1beta1"], &["*"]), false),
        (
            asked(),
            rule(&["*"], &["apps"], &["v1"], &["statefulsets", "deployments"]),
            true,
        ),
        (
            asked(),
            rule(&["*"], &["apps"], &["v1"], &["deployments/scale"]),
            false,
        ),
        (
            asked(),
            rule(&["*"], &["apps"], &["v1"], &["deployments/*"]),
            true,
        ),
        (asked(), rule(&["*"], &["apps"], &["v1"], &["*/*"]), true),
        (asked(), rule(&["*"], &["apps"], &["v1"], &["*/scale"]), false),
        (asked(), rule(&["*"], &["apps"], &["v1"], &[]), false),
        (asked(), with_scope("*"), true),
        (asked(), with_scope("Namespaced"), true),
        (asked(), with_scope("Cluster"), false),
        (pod, rule(&["*"], &[""], &["v1"], &["pods"]), true),
        (node.clone(), everything("Namespaced"), false),
        (node, everything("Cluster"), true),
        (namespace.clone(), everything("Namespaced"), false),
        (namespace, everything("Cluster"), true),
    ];
    for (asked, rule, is_matched) in rows {
        let expected = if is_matched { Matched::Yes } else { Matched::No };
        let found = asked.of_webhook(json!({"rules": [rule]}));
        assert_eq!(found, expected, "{} {rule}", asked.plural);
    }
    assert_eq!(
        asked().of_webhook(json!({})),
        Matched::No,
        "a webhook without rules is asked nothing"
    );
}

#[test]
fn a_rule_for_another_version_matches_only_where_versions_are_equivalent() {
    let beta = rule(&["*"], &["apps"], &["v1beta1"], &["deployments"]);
    let served_in_both = Asked {
        others: vec!["v1beta1"],
        ..asked()
    };
    let rows = [
        (
            served_in_both.clone(),
            json!({"rules": [beta], "matchPolicy": "Equivalent"}),
            Matched::Yes,
        ),
        (served_in_both.clone(), json!({"rules": [beta]}), Matched::Yes),
        (
            served_in_both,
            json!({"rules": [beta], "matchPolicy": "Exact"}),
            Matched::No,
        ),
        (
            asked(),
            json!({"rules": [beta], "matchPolicy": "Equivalent"}),
            Matched::No,
        ),
    ];
    for (asked, matches, expected) in rows {
        assert_eq!(asked.of_webhook(matches.clone()), expected, "{matches}");
    }
}

#[test]
fn what_switches_admission_is_never_asked_about() {
    let policy = Asked {
        group: "admissionregistration.k8s.io",
        plural: "validatingwebhookconfigurations",
        namespace: None,
        ..asked()
    };
    let all = json!({"rules": [rule(&["*"], &["*"], &["*"], &["*"])]});
    assert_eq!(policy.of_webhook(all), Matched::No);
}

#[test]
fn namespace_selectors_look_at_the_namespace_and_never_exempt_what_has_none() {
    let all = rule(&["*"], &["*"], &["*"], &["*"]);
    let selector = json!({"matchLabels": {"team": "a"}});
    let matches = json!({"rules": [all], "namespaceSelector": selector});
    let in_namespace = |of_namespace| Asked {
        of_namespace,
        ..asked()
    };
    let cluster_wide = Asked {
        namespace: None,
        plural: "clusterroles",
        of_namespace: None,
        ..asked()
    };
    let namespace = |labels| Asked {
        group: "",
        plural: "namespaces",
        namespace: None,
        of_namespace: Some(labels),
        ..asked()
    };
    let rows = [
        (in_namespace(Some(labels(&[("team", "a")]))), Matched::Yes),
        (in_namespace(Some(labels(&[("team", "b")]))), Matched::No),
        (in_namespace(Some(Labels::new())), Matched::No),
        (in_namespace(None), Matched::Perhaps),
        (cluster_wide, Matched::Yes),
        (namespace(labels(&[("team", "a")])), Matched::Yes),
        (namespace(Labels::new()), Matched::No),
    ];
    for (asked, expected) in rows {
        assert_eq!(
            asked.of_webhook(matches.clone()),
            expected,
            "{:?}",
            asked.of_namespace
        );
    }
}

#[test]
fn object_selectors_look_at_the_object_before_and_after() {
    let all = rule(&["*"], &["*"], &["*"], &["*"]);
    let matches = json!({"rules": [all], "objectSelector": {"matchLabels": {"inject": "yes"}}});
    let of = |after: Option<&str>, before: Option<&str>| Asked {
        after: after.map(|value| labels(&[("inject", value)])),
        before: before.map(|value| labels(&[("inject", value)])),
        ..asked()
    };
    for (asked, expected) in [
        (of(Some("yes"), None), Matched::Yes),
        (of(Some("no"), None), Matched::No),
        (of(Some("no"), Some("yes")), Matched::Yes),
        (of(None, Some("yes")), Matched::Yes),
        (of(None, None), Matched::No),
    ] {
        assert_eq!(asked.of_webhook(matches.clone()), expected);
    }
}

#[test]
fn every_operator_of_a_selector() {
    let selects = |operator: &str, values: &[&str], found: &Labels| {
        let selector = json!({"matchExpressions": [{"key": "a", "operator": operator, "values": values}]});
        serde_json::from_value::<LabelSelector>(selector)
            .unwrap()
            .selects(found)
    };
    let (one, none) = (labels(&[("a", "1")]), Labels::new());
    for (operator, values, of_one, of_none) in [
        ("In", &["1", "2"][..], true, false),
        ("In", &["2"], false, false),
        ("NotIn", &["1"], false, true),
        ("NotIn", &["2"], true, true),
        ("Exists", &[], true, false),
        ("DoesNotExist", &[], false, true),
    ] {
        assert_eq!(selects(operator, values, &one), of_one, "{operator} {values:?}");
        assert_eq!(selects(operator, values, &none), of_none, "{operator} {values:?}");
    }
    assert!(
        LabelSelector::default().selects(&none),
        "an empty selector selects everything"
    );
}

#[test]
fn an_expression_makes_a_match_uncertain() {
    let all = rule(&["*"], &["*"], &["*"], &["*"]);
    assert_eq!(
        asked().of_webhook(json!({"rules": [all], "conditions": 1})),
        Matched::Perhaps
    );
    let none = rule(&["DELETE"], &["*"], &["*"], &["*"]);
    assert_eq!(
        asked().of_webhook(json!({"rules": [none], "conditions": 1})),
        Matched::No
    );
}

/// Kubernetes: `plugin/policy/matching/matching.go`, `Matches`: exclusions win, and a binding without rules limits nothing.
#[test]
fn policies_match_by_their_rules_and_those_of_a_binding() {
    let all = rule(&["*"], &["*"], &["*"], &["*"]);
    let deployments = rule(&["*"], &["apps"], &["v1"], &["deployments"]);
    let pods = rule(&["*"], &[""], &["v1"], &["pods"]);
    let named = |name: &str| {
        let mut rule = deployments.clone();
        rule["resourceNames"] = json!([name]);
        rule
    };
    let policy = |matches: Value, bindings: Vec<Value>| Policy {
        same_since: None,
        name: "p".to_owned(),
        matches: serde_json::from_value(matches).unwrap(),
        conditions: 0,
        bindings: bindings
            .into_iter()
            .map(|binding| serde_json::from_value(json!({"name": "b", "matches": binding})).unwrap())
            .collect(),
    };
    let rows = [
        (
            policy(json!({"resourceRules": [all]}), vec![Value::Null]),
            Matched::Yes,
        ),
        (policy(json!({"resourceRules": [all]}), vec![]), Matched::No),
        (
            policy(json!({"resourceRules": [pods]}), vec![Value::Null]),
            Matched::No,
        ),
        (
            policy(
                json!({"resourceRules": [all], "excludeResourceRules": [deployments]}),
                vec![Value::Null],
            ),
            Matched::No,
        ),
        (
            policy(
                json!({"resourceRules": [all], "excludeResourceRules": [pods]}),
                vec![Value::Null],
            ),
            Matched::Yes,
        ),
        (
            policy(json!({"resourceRules": [named("web")]}), vec![Value::Null]),
            Matched::Yes,
        ),
        (
            policy(json!({"resourceRules": [named("api")]}), vec![Value::Null]),
            Matched::No,
        ),
        (
            policy(
                json!({"resourceRules": [all]}),
                vec![json!({"resourceRules": [pods]})],
            ),
            Matched::No,
        ),
        (
            policy(
                json!({"resourceRules": [all]}),
                vec![
                    json!({"resourceRules": [pods]}),
                    json!({"resourceRules": [deployments]}),
                ],
            ),
            Matched::Yes,
        ),
        (
            policy(
                json!({"resourceRules": [all]}),
                vec![json!({"namespaceSelector": {"matchLabels": {"env": "prod"}}})],
            ),
            Matched::No,
        ),
        (
            policy(
                json!({"resourceRules": [all]}),
                vec![json!({"excludeResourceRules": [deployments]})],
            ),
            Matched::No,
        ),
    ];
    for (policy, expected) in rows {
        assert_eq!(
            asked().with(|request| policy.matched(request)),
            expected,
            "{policy:?}"
        );
    }
}

#[test]
fn a_rule_that_concerns_a_kind_does_so_whatever_the_object() {
    let matches: MatchResources = serde_json::from_value(json!({
        "rules": [rule(&["CREATE"], &[""], &["v1"], &["secrets"])],
        "objectSelector": {"matchLabels": {"never": "there"}}}))
    .unwrap();
    let resource = |plural| Resource {
        group: "",
        version: "v1",
        served_versions: &[],
        plural,
    };
    assert!(matches.concern(SentVerb::Create, resource("secrets")));
    assert!(!matches.concern(SentVerb::Update, resource("secrets")));
    assert!(!matches.concern(SentVerb::Create, resource("configmaps")));
}

fn key(api_version: &str, kind: &str, namespace: Option<&str>, name: &str) -> ObjectKey {
    ObjectKey {
        gvk: Gvk::new(api_version, kind),
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    }
}

#[test]
fn a_question_is_gathered_from_the_record_and_the_objects() {
    let mut kinds = Kinds::default();
    let widget = Gvk::new("example.com/v1", "Widget");
    kinds.served.insert(
        widget,
        ServedKind {
            plural: "widgets".to_owned(),
            namespaced: true,
            listable: true,
        },
    );
    let mut question = SurroundingsQuestion::default();
    question.add_record("shop", Driver::Secret);
    let service = json!({"spec": {"clusterIP": "10.0.0.7", "healthCheckNodePort": 31000,
        "ports": [{"nodePort": 30080}, {"port": 80}, {"nodePort": 0}]}});
    for (verb, key, object) in [
        (
            SentVerb::Create,
            key("v1", "Service", Some("edge"), "web"),
            Some(&service),
        ),
        (SentVerb::Delete, key("v1", "Namespace", None, "old"), None),
        (
            SentVerb::Update,
            key("example.com/v1", "Widget", Some("shop"), "w"),
            None,
        ),
        (
            SentVerb::Delete,
            key(
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                None,
                "gears.example.com",
            ),
            None,
        ),
    ] {
        question.add(verb, &key, object, &kinds);
    }
    let names = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(names(&question.namespaces), "edge shop");
    assert_eq!(names(&question.definitions), "widgets.example.com");
    assert_eq!(names(&question.deleted_definitions), "gears.example.com");
    assert_eq!(names(&question.deleted_namespaces), "old");
    let places: Vec<&FixedPlace> = question.places.iter().collect();
    assert_eq!(
        places,
        [
            &FixedPlace::Port(30080),
            &FixedPlace::Port(31000),
            &FixedPlace::Address("10.0.0.7".to_owned())
        ]
    );
    assert!(
        question
            .written
            .contains(&(SentVerb::Create, Gvk::new("v1", "Secret")))
    );
}

#[test]
fn headless_services_and_those_that_take_what_they_get_name_no_place() {
    for spec in [
        json!({"clusterIP": "None"}),
        json!({"clusterIP": ""}),
        json!({"ports": [{"port": 80}]}),
        Value::Null,
    ] {
        assert!(FixedPlaces::of(&json!({"spec": spec})).is_empty(), "{spec}");
    }
}

fn question_of(namespace: &str, port: u16) -> SurroundingsQuestion {
    let service = json!({"spec": {"ports": [{"nodePort": port}]}});
    let mut question = SurroundingsQuestion::default();
    let key = key("v1", "Service", Some(namespace), "web");
    question.add(SentVerb::Create, &key, Some(&service), &Kinds::default());
    question
}

fn answer_to(question: &SurroundingsQuestion, holder: Option<&str>) -> Surroundings {
    let holders = holder.map(|name| Holder {
        service: Some(ServiceName {
            namespace: "edge".to_owned(),
            name: name.to_owned(),
        }),
        places: question.places.iter().cloned().collect(),
    });
    Surroundings {
        namespaces: question
            .namespaces
            .iter()
            .map(|name| (name.clone(), Answer::Read(Some(NamespaceFacts::default()))))
            .collect(),
        holders: Answer::Read(holders.into_iter().collect()),
        places: question.places.clone(),
        webhooks: Answer::Read(Vec::new()),
        ..Surroundings::default()
    }
}

#[test]
fn answers_add_up_and_a_question_gets_its_own_part_of_them() {
    let (first, second) = (question_of("a", 30001), question_of("b", 30002));
    let mut all = answer_to(&first, Some("one"));
    all.add(answer_to(&second, Some("one")));
    all.add(Surroundings::unread(&first, &ReadError::Unauthorized));
    let missing = ReadError::NotRecorded;
    let mut expected = answer_to(&first, Some("one"));
    expected
        .quotas
        .insert("a".to_owned(), Answer::Unread(ReadError::Unauthorized));
    expected.policies = Answer::Unread(ReadError::Unauthorized);
    assert_eq!(all.select(&first, &missing), expected);
    // What was never asked for is unread, and no port counts as free because of it.
    let third = question_of("c", 30003);
    let selected = all.select(&third, &missing);
    assert_eq!(selected.namespaces["c"], Answer::Unread(missing.clone()));
    assert_eq!(selected.holders, Answer::Unread(missing));
}
