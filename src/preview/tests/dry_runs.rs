//! What the answers to dry runs make of a preview.

use std::collections::BTreeMap;

use super::*;
use crate::classify::transition::{HelmRequest, InManifests, Owners};
use crate::object::Gvk;
use crate::policy::Confirm;
use crate::preview::fixtures::{accepted, answered, refused_by_server as refused};
use crate::source::{ApplyOptions, DryRunWrite, Kinds, OwnedFields, ReadError, ServedKind, UnknownFields};

/// The same, of which a dry run shows no owners of fields.
fn passing_over_owners(mut object: ObjectPreview) -> ObjectPreview {
    if let Some(HelmRequest::Sent(sent)) = &mut object.request {
        sent.owners = Owners::PassedOver;
        sent.dry_run.write = DryRunWrite::Apply(ApplyOptions {
            owned: OwnedFields::TakeOver,
            unknown: UnknownFields::Refuse,
        });
    }
    object
}

fn confirmed(mut scene: Scene) -> Scene {
    scene.confirm = Confirm::Server;
    scene
}

/// How many writes came out as foretold, otherwise, and not at all.
fn counts(scene: &Scene) -> (usize, usize, usize, usize) {
    let confirmation = scene.preview().confirmation.unwrap();
    let unanswered = confirmation.unanswered.iter().map(|reason| reason.objects);
    (
        confirmation.writes,
        confirmation.confirmed,
        confirmation.unconfirmed,
        unanswered.sum(),
    )
}

#[test]
fn what_the_server_refuses_fails_by_the_same_course_as_any_other_failure() {
    let invalid = || {
        refused(
            config("new").absent().added(),
            422,
            "Invalid",
            "ConfigMap \"new\" is invalid: data: Invalid value: 1: no",
        )
    };
    let scene = confirmed(rollback(
        Ssa,
        [
            accepted(config("x").changed()),
            invalid(),
            config("late").changed(),
        ],
    ));
    hold([(
        "an object that is created",
        scene.clone(),
        Failed,
        &[Cause::Rule][..],
        NONE_DEPLOYED,
    )]);
    let preview = scene.preview();
    let actions: Vec<&str> = preview
        .objects
        .iter()
        .map(|object| object.action.as_str())
        .collect();
    assert_eq!(
        actions,
        ["change", "fail", "not-reached"],
        "a create that fails ends the loop"
    );
    let flags: Vec<Option<bool>> = preview.objects.iter().map(|object| object.confirmed).collect();
    assert_eq!(flags, [Some(true), Some(false), None]);
    assert_eq!(counts(&scene), (2, 1, 1, 0));
    // Without the answers it works.
    let scene = Scene {
        confirm: Confirm::None,
        ..scene
    };
    assert_eq!(
        (scene.preview().outcome, scene.preview().confirmation),
        (Works, None)
    );
}

#[test]
fn what_may_fail_is_told_as_accepted_where_the_server_accepts_all_of_it() {
    let policy = |about: &[&ObjectPreview]| Obstacle {
        about: about.iter().map(|object| object.key.clone()).collect(),
        ..obstacle(
            None,
            Cause::Admission,
            Verdict::MayFail,
            "policy p decides, and may refuse",
        )
    };
    let (x, y) = (accepted(config("x").changed()), accepted(config("y").changed()));
    let doubtful = {
        let mut object = x.clone();
        object.may_be_refused = Some("the rule is in CEL".to_owned());
        object
    };
    let unread = answered(config("y").changed(), Err(ReadError::NotReached.into()));
    let with = |objects: &[&ObjectPreview], around: Vec<Obstacle>| {
        let objects: Vec<ObjectPreview> = objects.iter().map(|object| (*object).clone()).collect();
        confirmed(with(upgrade(Csa, objects), |scene| scene.around = Some(around)))
    };
    hold([
        (
            "a policy",
            with(&[&x, &y], vec![policy(&[&x, &y])]),
            Works,
            &[Cause::Admission][..],
            "",
        ),
        (
            "a rule",
            with(&[&doubtful], Vec::new()),
            Works,
            &[Cause::Rule],
            "",
        ),
        // It is about an object more, or about what no dry run is made of.
        (
            "a part",
            with(&[&x, &unread], vec![policy(&[&x, &y])]),
            Unknown,
            &[Cause::Admission],
            "",
        ),
        (
            "the record",
            with(&[&x, &y], vec![policy(&[])]),
            Unknown,
            &[Cause::Admission],
            "",
        ),
    ]);
    let preview = with(&[&x, &y], vec![policy(&[&x, &y])]).preview();
    assert_eq!(
        preview.message, "this upgrade works",
        "and nothing is left that may refuse"
    );
    assert_eq!(
        preview.causes[0].message,
        "policy p decides, and may refuse; the API server accepts all of them in dry runs"
    );
}

#[test]
fn what_was_foretold_to_fail_and_is_accepted_is_not_certain() {
    let refused = accepted(config("x").refused("/data", "it is immutable"));
    let conflict = accepted(config("x").conflicting("/data", "kubectl-edit", &[WayOut::Force]));
    let webhook = |object: &ObjectPreview| {
        vec![obstacle(
            Some(object),
            Cause::Admission,
            Verdict::UpdateFails,
            "webhook w cannot answer",
        )]
    };
    let full = |object: &ObjectPreview| {
        vec![obstacle(
            Some(object),
            Cause::Quota,
            Verdict::CreateFails,
            "the quota is full",
        )]
    };
    let changed = accepted(config("x").changed());
    let created = accepted(config("x").absent().added());
    let scene = |object: &ObjectPreview, around: Vec<Obstacle>| {
        confirmed(with(upgrade(Ssa, [object.clone()]), |scene| {
            scene.around = Some(around);
        }))
    };
    let failed = "revision 3 is the newest and failed";
    hold([
        (
            "a rule",
            scene(&refused, Vec::new()),
            Unknown,
            &[Cause::Unread][..],
            "",
        ),
        (
            "owners",
            scene(&conflict, Vec::new()),
            Unknown,
            &[Cause::Unread],
            "",
        ),
        // Helm takes over what it wrote itself before, which a dry run cannot show.
        (
            "owners that were not asked about",
            scene(&passing_over_owners(conflict.clone()), Vec::new()),
            Failed,
            &[Cause::Conflict],
            failed,
        ),
        (
            "a webhook",
            scene(&changed, webhook(&changed)),
            Unknown,
            &[Cause::Admission],
            "",
        ),
        // Each dry run has the room of a quota for itself.
        (
            "a quota",
            scene(&created, full(&created)),
            Failed,
            &[Cause::Quota],
            failed,
        ),
    ]);
    assert_eq!(counts(&scene(&refused, Vec::new())), (1, 0, 1, 0));
    assert_eq!(counts(&scene(&created, full(&created))), (1, 0, 0, 1));
}

/// Regression: such an object was no write, so that the API server was said to accept all of them.
#[test]
fn an_object_that_could_not_be_read_has_no_answer() {
    let unread = ObjectPreview::unread(
        &key("v1", "Secret", "y"),
        InManifests::Both,
        "no right".to_owned(),
    );
    let scene = confirmed(upgrade(Csa, [accepted(config("x").changed()), unread]));
    assert_eq!(counts(&scene), (2, 1, 0, 1));
}

#[test]
fn a_failure_that_the_server_confirms_is_confirmed() {
    let object = refused(
        config("x").refused("/data", "it is immutable"),
        422,
        "Invalid",
        "field is immutable",
    );
    let scene = confirmed(upgrade(Csa, [object]));
    assert_eq!(counts(&scene), (1, 1, 0, 0));
    let preview = scene.preview();
    assert_eq!(preview.causes.len(), 1, "{preview:#?}");
    assert_eq!(preview.causes[0].message, "/data: it is immutable");
}

/// A refusal proves nothing where the operation itself writes before what it is about.
#[test]
fn what_the_operation_itself_may_mend_fails_nothing() {
    let new = |api_version: &str, kind: &str, name: &str| object(api_version, kind, name).absent().added();
    let pod = |status, words| refused(new("v1", "Pod", "p"), status, "Forbidden", words);
    let rows = [
        (
            new("v1", "ServiceAccount", "runner"),
            pod(
                403,
                "pods \"p\" is forbidden: error looking up service account: serviceaccount \"runner\" not found",
            ),
        ),
        (
            new("scheduling.k8s.io/v1", "PriorityClass", "high"),
            pod(
                403,
                "pods \"p\" is forbidden: no PriorityClass with name high was found",
            ),
        ),
        (
            object("v1", "ResourceQuota", "q").changed(),
            pod(
                403,
                "pods \"p\" is forbidden: exceeded quota: q, requested: pods=1",
            ),
        ),
        (
            object("v1", "LimitRange", "l").changed(),
            pod(
                403,
                "pods \"p\" is forbidden: maximum cpu usage per Container is 1, but limit is 2",
            ),
        ),
        (
            object(
                "admissionregistration.k8s.io/v1",
                "ValidatingAdmissionPolicy",
                "p",
            )
            .changed(),
            pod(
                422,
                "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
            ),
        ),
        (
            object("v1", "Service", "old").changed(),
            refused(
                new("v1", "Service", "s"),
                422,
                "Invalid",
                "Service \"s\" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated",
            ),
        ),
        (
            object("storage.k8s.io/v1", "StorageClass", "fast").changed(),
            refused(
                object("v1", "PersistentVolumeClaim", "data").changed(),
                403,
                "Forbidden",
                "persistentvolumeclaims \"data\" is forbidden: only dynamically provisioned pvc can be resized",
            ),
        ),
    ];
    for (before, object) in rows {
        let name = before.key.clone();
        let scene = confirmed(upgrade(Csa, [accepted(before.clone()), object.clone()]));
        let preview = scene.preview();
        assert_eq!(preview.outcome, Works, "{name}: {preview:#?}");
        assert_eq!(counts(&scene), (2, 1, 0, 1), "{name}");
        // Neither does one of its kind in another namespace, and it takes nothing from the one beside it.
        if matches!(name.gvk.kind.as_str(), "ResourceQuota" | "LimitRange") {
            let mut elsewhere = accepted(before.clone());
            elsewhere.key.namespace = Some("other".to_owned());
            let both = [elsewhere, accepted(before.clone()), object.clone()];
            assert_eq!(confirmed(upgrade(Csa, both)).preview().outcome, Works, "{name}");
        }
        // What comes after it, or stays as it is, mends nothing.
        let after = confirmed(upgrade(Csa, [object.clone(), accepted(before.clone())]));
        assert_eq!(after.preview().outcome, Failed, "{name}");
        let mut same = accepted(before);
        same.action = PreviewAction::None;
        same.live.get_or_insert_default();
        let unchanged = confirmed(upgrade(Csa, [same, object]));
        assert_eq!(unchanged.preview().outcome, Failed, "{name}");
    }
}

#[test]
fn what_the_operation_itself_defines_is_not_asked_about() {
    let mut kinds = Kinds::default();
    let gadget = Gvk::new("example.com/v1", "Gadget");
    let served = ServedKind {
        plural: "gadgets".to_owned(),
        namespaced: true,
        listable: true,
    };
    kinds.served.insert(gadget, served);
    let namespace = object("v1", "Namespace", "shop").absent().added();
    let definition = object(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "gadgets.example.com",
    )
    .changed();
    let inside = config("x").absent().added();
    let custom = object("example.com/v1", "Gadget", "g").changed();
    let asked = |objects: &[&ObjectPreview]| {
        let reasons = too_early(objects, &kinds).into_iter();
        let reasons = reasons.map(|reason| reason.is_none());
        reasons.collect::<Vec<bool>>()
    };
    assert_eq!(
        asked(&[&inside, &namespace]),
        [true, true],
        "what comes before it"
    );
    assert_eq!(asked(&[&namespace, &inside, &custom]), [true, false, false]);
    assert_eq!(asked(&[&definition, &custom, &inside]), [true, false, true]);
    let same = object(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "gadgets.example.com",
    );
    let deleted = definition.clone().dropped();
    assert_eq!(asked(&[&same, &deleted, &custom]), [true; 3]);
    let living = object("v1", "Namespace", "shop").changed();
    assert_eq!(asked(&[&living, &inside]), [true; 2]);
}

/// A revision that failed may fail again; what the API server accepts now does not.
#[test]
fn a_target_that_failed_is_judged_by_what_the_server_says_now() {
    let record = failed("Upgrade \"web\" failed: ConfigMap \"x\" is invalid: data: Forbidden: no");
    let scene = |object: ObjectPreview| Scene {
        statuses: vec!["failed", "deployed"],
        records: BTreeMap::from([(1, record.clone())]),
        asked: Some(1),
        ..rollback(Csa, [object])
    };
    let object = accepted(config("x").changed());
    assert_eq!(scene(object.clone()).preview().outcome, Failed);
    let preview = confirmed(scene(object.clone())).preview();
    assert_ne!(preview.outcome, Failed, "{preview:#?}");
    let lasting = failed("Upgrade \"web\" failed: admission webhook \"a\" denied the request: no");
    let scene = |object: ObjectPreview| Scene {
        records: BTreeMap::from([(1, lasting.clone())]),
        ..scene(object)
    };
    assert_eq!(scene(object.clone()).preview().outcome, Unknown);
    let preview = confirmed(scene(object)).preview();
    assert_eq!(preview.outcome, WorksBut, "{preview:#?}");
    let told = preview
        .causes
        .iter()
        .any(|cause| cause.message.contains("accepts all of them"));
    assert!(told, "{preview:#?}");
}

#[test]
fn what_has_no_request_counts_as_the_preview_says() {
    let mut nothing = config("same");
    nothing.request = Some(HelmRequest::Nothing);
    let mut not_asked = config("x").changed();
    not_asked.request = Some(HelmRequest::NotAsked(
        "its namespace is created by the same operation".to_owned(),
    ));
    let mut late = accepted(config("y").changed());
    late.dry_run = None;
    let scene = confirmed(upgrade(Csa, [nothing, not_asked, late, config("gone").dropped()]));
    assert_eq!(counts(&scene), (2, 0, 0, 2));
    assert_eq!(scene.preview().objects[3].confirmed, None);
    assert_eq!(scene.objects[3].manifests, InManifests::From);
}
