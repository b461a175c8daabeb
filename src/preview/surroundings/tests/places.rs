//! Ports and addresses that somebody has.

use super::*;

fn node_port(port: u16) -> Value {
    json!({"spec": {"ports": [{"port": 80, "nodePort": port}]}})
}

#[test]
fn a_port_that_another_service_has_is_taken() {
    let taken = |verb, live| {
        scene()
            .held_by(Some(("shop", "other")), &node_port(30080)["spec"])
            .send(verb, "Service", "shop/web", node_port(30080), live)
            .found()
    };
    assert_eq!(
        taken(CREATE, Value::Null),
        ["CreateFails taken Service shop/web: it cannot have node port 30080: Service shop/other has it"]
    );
    assert_eq!(
        taken(UPDATE, node_port(31000)),
        ["UpdateFails taken Service shop/web: it cannot have node port 30080: Service shop/other has it"]
    );
    assert_eq!(taken(UPDATE, node_port(30080)), NONE, "it has the port itself");
    let own = scene()
        .held_by(Some(("shop", "web")), &node_port(30080)["spec"])
        .send(UPDATE, "Service", "shop/web", node_port(30080), Value::Null);
    assert_eq!(own.found(), NONE, "nobody else has it");
}

#[test]
fn addresses_and_health_check_ports_are_taken_alike() {
    for (held, asked) in [
        (json!({"clusterIP": "10.0.0.7"}), json!({"clusterIP": "10.0.0.7"})),
        (
            json!({"clusterIP": "10.0.0.7"}),
            json!({"clusterIPs": ["10.0.0.7", "fd00::7"]}),
        ),
        (
            json!({"ports": [{"nodePort": 31000}]}),
            json!({"healthCheckNodePort": 31000}),
        ),
    ] {
        let scene = scene().held_by(None, &held).send(
            CREATE,
            "Service",
            "shop/web",
            json!({"spec": asked}),
            Value::Null,
        );
        assert_eq!(scene.verdicts(), ["CreateFails Service shop/web"]);
    }
}

#[test]
fn a_renamed_service_stands_in_its_own_way() {
    let scene = scene()
        .held_by(Some(("shop", "old")), &node_port(30080)["spec"])
        .send(CREATE, "Service", "shop/new", node_port(30080), Value::Null)
        .send(DELETE, "Service", "shop/old", Value::Null, node_port(30080));
    assert_eq!(
        scene.found(),
        [
            "CreateFails taken Service shop/new: it cannot have node port 30080: Service shop/old has it, and Helm deletes \
          that one only after everything else"
        ]
    );
}

#[test]
fn a_service_that_changes_first_may_give_its_port_back() {
    let change = |scene: Scene| scene.send(UPDATE, "Service", "shop/a", node_port(31000), node_port(30080));
    let create = |scene: Scene| scene.send(CREATE, "Service", "shop/b", node_port(30080), Value::Null);
    let held = || scene().held_by(Some(("shop", "a")), &node_port(30080)["spec"]);
    assert_eq!(create(change(held())).verdicts(), ["MayFail Service shop/b"]);
    assert_eq!(change(create(held())).verdicts(), ["CreateFails Service shop/b"]);
    let twice = create(scene()).send(CREATE, "Service", "shop/c", node_port(30080), Value::Null);
    assert_eq!(
        twice.found(),
        ["CreateFails taken Service shop/c: it cannot have node port 30080: Service shop/b gets it first"]
    );
}

/// A release must not learn which Services other namespaces have.
#[test]
fn a_service_of_another_namespace_is_not_named() {
    for holder in [None, Some(("bank", "vault"))] {
        let scene = scene().held_by(holder, &node_port(30080)["spec"]).send(
            CREATE,
            "Service",
            "shop/web",
            node_port(30080),
            Value::Null,
        );
        let found = scene.found().join("\n");
        assert!(found.contains("a Service in another namespace has it"), "{found}");
        assert!(!found.contains("bank") && !found.contains("vault"), "{found}");
    }
}

#[test]
fn services_that_could_not_be_read_are_a_gap_only_where_a_port_is_asked_for() {
    let mut scene = scene().create("Service", "shop/plain");
    scene.surroundings.holders = Answer::Unread(ReadError::Unauthorized);
    assert_eq!(scene.verdicts(), NONE);
    let mut scene = scene.send(CREATE, "Service", "shop/web", node_port(30080), Value::Null);
    assert_eq!(scene.verdicts(), ["Gap -"]);
    scene.surroundings.holders = Answer::Read(Vec::new());
    scene.surroundings.unread_services = Some(ReadError::Unauthorized);
    assert_eq!(scene.verdicts(), ["Gap -"]);
    // The whole of it was read.
    scene.surroundings.places = FixedPlaces::of(&node_port(30080));
    assert!(scene.surroundings.places.has(&FixedPlace::Port(30080)));
    scene.surroundings.unread_services = None;
    assert_eq!(scene.verdicts(), NONE);
}
