//! Combinations that validation refuses in Pods and in the templates of Pods (Kubernetes:
//! `pkg/apis/core/validation/validation.go`, `ValidatePodSpec` and what it calls; `pkg/apis/apps/validation/validation.go`,
//! `ValidatePodTemplateSpecForReplicaSet`; `pkg/apis/batch/validation/validation.go`, `validateJobSpec`).

use std::collections::HashSet;

use serde_json::Value;

use super::faults::Faults;
use super::found::Found;
use crate::compare::quantity::Quantity;
use crate::object::Gvk;

/// Fields that say what a thing is, of which it has exactly one.
const HANDLERS: [&str; 4] = ["exec", "httpGet", "tcpSocket", "grpc"];
const HOOKS: [&str; 4] = ["exec", "httpGet", "tcpSocket", "sleep"];
const VALUE_SOURCES: [&str; 5] = [
    "fieldRef",
    "resourceFieldRef",
    "configMapKeyRef",
    "secretKeyRef",
    "fileKeyRef",
];

/// Looks for combinations that are refused.
pub(super) fn check(gvk: &Gvk, root: &Found<'_>, faults: &mut Faults<'_>) {
    let Some(pod) = gvk.pod().and_then(|place| root.all(place, faults.work).pop()) else {
        return;
    };
    selector(gvk, root, &pod, faults);
    let Some(spec) = pod.field("spec") else {
        return;
    };
    restarts(gvk, &spec, faults);
    let mut containers = spec.all(&["containers", "*"], faults.work);
    if containers.is_empty() {
        faults.add(spec.path.key("containers"), "a Pod has to have containers");
    }
    containers.extend(spec.all(&["initContainers", "*"], faults.work));
    faults.unique(
        &containers,
        |container| container.text("name").map(str::to_owned),
        "two containers have the same name",
    );
    let volumes = volumes(gvk, root, &spec, faults);
    for one in &containers {
        container(one, &volumes, faults);
    }
    host_ports(&spec, faults);
    host_sharing(&spec, faults);
    if gvk.group() == "batch" {
        job(gvk, root, &spec, faults);
    }
    scheduling(&spec, faults);
    profiles(&spec, faults);
}

/// A selector has to select what the template makes.
fn selector(gvk: &Gvk, root: &Found<'_>, pod: &Found<'_>, faults: &mut Faults<'_>) {
    let place: &[&str] = match gvk.kind.as_str() {
        "ReplicationController" => &["spec", "selector"],
        _ if gvk.group() == "apps" => &["spec", "selector", "matchLabels"],
        _ => return,
    };
    let Some(selector) = root.all(place, faults.work).pop() else {
        return;
    };
    let labels = pod.all(&["metadata", "labels"], faults.work).pop();
    let label = |key: &str| labels.as_ref().and_then(|labels| labels.get(key));
    let wanted = selector.value.as_object();
    for (key, value) in wanted.into_iter().flatten() {
        if label(key) != Some(value) {
            faults.add(
                pod.path.key("metadata").key("labels").key(key),
                "the labels of the template have to match the selector",
            );
        }
    }
}

fn restarts(gvk: &Gvk, spec: &Found<'_>, faults: &mut Faults<'_>) {
    let policy = spec.text("restartPolicy").unwrap_or("Always");
    let is_job = gvk.group() == "batch";
    let is_workload = gvk.group() == "apps" || gvk.kind == "ReplicationController";
    if is_job && policy == "Always" || is_workload && policy != "Always" {
        faults.add(
            spec.path.key("restartPolicy"),
            "the kind does not allow this restart policy",
        );
    }
    if is_workload && gvk.kind != "StatefulSet" && spec.get("activeDeadlineSeconds").is_some() {
        faults.add(
            spec.path.key("activeDeadlineSeconds"),
            "the Pods of this kind have no deadline",
        );
    }
    if spec.text("dnsPolicy") == Some("None")
        && spec
            .all(&["dnsConfig", "nameservers", "*"], faults.work)
            .is_empty()
    {
        faults.add(
            spec.path.key("dnsConfig"),
            "without a policy for names a Pod has to have name servers",
        );
    }
}

/// `ValidateVolumes`: the names of the volumes that containers can mount.
fn volumes<'v>(gvk: &Gvk, root: &Found<'v>, spec: &Found<'v>, faults: &mut Faults<'_>) -> HashSet<&'v str> {
    let volumes = spec.all(&["volumes", "*"], faults.work);
    faults.unique(
        &volumes,
        |volume| volume.text("name").map(str::to_owned),
        "two volumes have the same name",
    );
    for volume in &volumes {
        let sources = volume.value.as_object().into_iter().flatten();
        let mut sources = sources.filter(|(key, value)| *key != "name" && !value.is_null());
        if let (Some(_), Some((second, _))) = (sources.next(), sources.next()) {
            faults.add(volume.path.key(second), "a volume has exactly one source");
        }
    }
    let mut names: HashSet<&str> = volumes.iter().filter_map(|volume| volume.text("name")).collect();
    if gvk.kind == "StatefulSet" {
        let claims = root.all(
            &["spec", "volumeClaimTemplates", "*", "metadata", "name"],
            faults.work,
        );
        names.extend(claims.iter().filter_map(|name| name.value.as_str()));
    }
    names
}

fn container(container: &Found<'_>, volumes: &HashSet<&str>, faults: &mut Faults<'_>) {
    if container.text("image").is_none_or(str::is_empty) {
        faults.add(container.path.key("image"), "a container has to have an image");
    }
    for variable in container.all(&["env", "*"], faults.work) {
        let Some(source) = variable.field("valueFrom") else {
            continue;
        };
        if variable.text("value").is_some_and(|value| !value.is_empty()) {
            faults.add(source.path.clone(), "a variable has either a value or a source");
        }
        faults.one_of(&source, &VALUE_SOURCES, "a variable has exactly one source");
    }
    for source in container.all(&["envFrom", "*"], faults.work) {
        faults.one_of(
            &source,
            &["configMapRef", "secretRef"],
            "a source of variables is either a ConfigMap or a Secret",
        );
    }
    let ports = container.all(&["ports", "*"], faults.work);
    faults.unique(
        &ports,
        |port| port.text("name").map(str::to_owned),
        "two ports of a container have the same name",
    );
    let mounts = container.all(&["volumeMounts", "*"], faults.work);
    faults.unique(
        &mounts,
        |mount| mount.text("mountPath").map(str::to_owned),
        "two volumes are mounted at the same place",
    );
    for mount in mounts
        .iter()
        .filter(|mount| mount.text("name").is_some_and(|name| !volumes.contains(name)))
    {
        faults.add(mount.path.key("name"), "a volume that is mounted does not exist");
    }
    for mount in &mounts {
        let has = |field: &str| mount.text(field).is_some_and(|path| !path.is_empty());
        if has("subPath") && has("subPathExpr") {
            faults.add(
                mount.path.key("subPathExpr"),
                "a mount has either a path in its volume or an expression for one",
            );
        }
    }
    for (probe, is_once) in [
        ("livenessProbe", true),
        ("startupProbe", true),
        ("readinessProbe", false),
    ] {
        let Some(probe) = container.field(probe) else {
            continue;
        };
        faults.one_of(&probe, &HANDLERS, "a probe has exactly one handler");
        let successes = probe.get("successThreshold").and_then(Value::as_i64);
        if is_once && successes.is_some_and(|successes| successes != 1) {
            faults.add(
                probe.path.key("successThreshold"),
                "the success threshold of this probe has to be 1",
            );
        }
    }
    for hook in ["postStart", "preStop"] {
        for hook in container.all(&["lifecycle", hook], faults.work) {
            faults.one_of(&hook, &HOOKS, "a hook has exactly one handler");
        }
    }
    resources(container, faults);
    privileges(container, faults);
}

/// `checkHostPortConflicts`, `validateHostNetwork`.
fn host_ports(spec: &Found<'_>, faults: &mut Faults<'_>) {
    let ports = spec.all(&["containers", "*", "ports", "*"], faults.work);
    let host_port = |port: &Found<'_>| {
        port.get("hostPort")
            .and_then(Value::as_u64)
            .filter(|&port| port != 0)
    };
    faults.unique(
        &ports,
        |port| {
            let text = |field: &str| port.text(field).unwrap_or_default().to_owned();
            Some((host_port(port)?, text("protocol"), text("hostIP")))
        },
        "two ports of containers have the same port of the node",
    );
    if spec.get("hostNetwork") == Some(&Value::Bool(true)) {
        for port in &ports {
            let own = port.get("containerPort").and_then(Value::as_u64);
            if host_port(port).is_some_and(|host| Some(host) != own) {
                faults.add(
                    port.path.key("hostPort"),
                    "in the network of the node a container has its own ports",
                );
            }
        }
    }
}

/// `validateHostUsers`, and `ValidatePodSecurityContext` about processes.
fn host_sharing(spec: &Found<'_>, faults: &mut Faults<'_>) {
    let is = |field: &str, wanted: bool| spec.get(field) == Some(&Value::Bool(wanted));
    if is("shareProcessNamespace", true) && is("hostPID", true) {
        faults.add(
            spec.path.key("shareProcessNamespace"),
            "a Pod cannot share its processes among containers and have those of the node",
        );
    }
    let shared = ["hostNetwork", "hostPID", "hostIPC"];
    if is("hostUsers", false) && shared.iter().any(|field| is(field, true)) {
        faults.add(
            spec.path.key("hostUsers"),
            "a Pod with users of its own cannot share the network, processes or messages of the node",
        );
    }
}

/// `validateJobSpec` (Kubernetes: `pkg/apis/batch/validation/validation.go`).
fn job(gvk: &Gvk, root: &Found<'_>, pod: &Found<'_>, faults: &mut Faults<'_>) {
    let place: &[&str] = match gvk.kind.as_str() {
        "CronJob" => &["spec", "jobTemplate", "spec"],
        _ => &["spec"],
    };
    let Some(job) = root.all(place, faults.work).pop() else {
        return;
    };
    if job.get("podFailurePolicy").is_some() && pod.text("restartPolicy") != Some("Never") {
        faults.add(
            pod.path.key("restartPolicy"),
            "with a policy for failed Pods the Pods of a Job are never restarted",
        );
    }
    for field in ["backoffLimitPerIndex", "successPolicy"] {
        if job.get(field).is_some() && job.text("completionMode") != Some("Indexed") {
            faults.add(job.path.key(field), "only an indexed Job has this field");
        }
    }
    if job.get("maxFailedIndexes").is_some() && job.get("backoffLimitPerIndex").is_none() {
        faults.add(
            job.path.key("maxFailedIndexes"),
            "a limit of failed indexes needs a limit of failures for each index",
        );
    }
}

/// `ValidateContainerResourceRequirements`.
fn resources(container: &Found<'_>, faults: &mut Faults<'_>) {
    let Some(requests) = container.all(&["resources", "requests"], faults.work).pop() else {
        return;
    };
    let limits = container.all(&["resources", "limits"], faults.work).pop();
    let amount = |value: Option<&Value>| value.and_then(Quantity::from_value);
    for name in requests
        .value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
    {
        let limit = amount(limits.as_ref().and_then(|limits| limits.get(name)));
        let request = amount(requests.get(name));
        if let (Some(limit), Some(request)) = (limit, request)
            && faults.work.affords(1)
            && request > limit
        {
            faults.add(
                requests.path.key(name),
                "a request may not be larger than its limit",
            );
        }
    }
}

/// `ValidateSecurityContext`.
fn privileges(container: &Found<'_>, faults: &mut Faults<'_>) {
    let Some(context) = container.field("securityContext") else {
        return;
    };
    let is_refused = context.get("allowPrivilegeEscalation") == Some(&Value::Bool(false));
    let added = context.all(&["capabilities", "add", "*"], faults.work);
    let is_admin = added
        .iter()
        .any(|name| matches!(name.value.as_str(), Some("CAP_SYS_ADMIN")));
    if is_refused && (context.get("privileged") == Some(&Value::Bool(true)) || is_admin) {
        faults.add(
            context.path.key("allowPrivilegeEscalation"),
            "a privileged container may not be kept from getting privileges",
        );
    }
    profiles(container, faults);
}

/// `validateSeccompProfileField`, `ValidateAppArmorProfileField`.
fn profiles(holder: &Found<'_>, faults: &mut Faults<'_>) {
    for profile in ["seccompProfile", "appArmorProfile"] {
        for profile in holder.all(&["securityContext", profile], faults.work) {
            let is_local = profile.text("type") == Some("Localhost");
            if is_local != profile.get("localhostProfile").is_some() {
                faults.add(
                    profile.path.key("localhostProfile"),
                    "localhostProfile is set where the type of the profile is Localhost, and only there",
                );
            }
        }
    }
}

/// `ValidateTolerations`, `validateTopologySpreadConstraints`.
fn scheduling(spec: &Found<'_>, faults: &mut Faults<'_>) {
    for toleration in spec.all(&["tolerations", "*"], faults.work) {
        let is_empty = |field: &str| toleration.text(field).is_none_or(str::is_empty);
        let is_any = toleration.text("operator") == Some("Exists");
        if is_any && !is_empty("value") {
            faults.add(
                toleration.path.clone(),
                "a toleration of every value has no value",
            );
        }
        if is_empty("key") && !is_any {
            faults.add(
                toleration.path.clone(),
                "a toleration without a key has to tolerate every value",
            );
        }
        if toleration.get("tolerationSeconds").is_some() && toleration.text("effect") != Some("NoExecute") {
            faults.add(toleration.path, "only a toleration of NoExecute has a time");
        }
    }
    let constraints = spec.all(&["topologySpreadConstraints", "*"], faults.work);
    faults.unique(
        &constraints,
        |constraint| {
            let text = |field: &str| constraint.text(field).map(str::to_owned);
            Some((text("topologyKey")?, text("whenUnsatisfiable")?))
        },
        "two constraints have the same key and the same consequence",
    );
}
