"""Which fields people change by hand, and to what.

A field is a dict: `class`, `object` (apiVersion, kind, namespace, name), `template`, `steps` (a place, see places.py),
and `deployed` and `live`, of which one is absent where the field was added or taken away.
"""

import re

from places import MISSING, WORKLOADS, at, keys_of_list, leaves, plain, text_of

IN_CONTAINER = r".*/(?:containers|initContainers)\[[^/]*\]"
# Each class of fields: the kinds of its objects and how its paths read. The first that fits counts.
CLASSES = [
    ("replicas", WORKLOADS, r"/spec/replicas"),
    ("image", WORKLOADS, IN_CONTAINER + r"/image"),
    ("resources", WORKLOADS, IN_CONTAINER + r"/resources/(limits|requests)/[^/]+"),
    ("env", WORKLOADS, IN_CONTAINER + r"/env\[[^/]*\]/value"),
    ("args", WORKLOADS, IN_CONTAINER + r"/(args|command)"),
    ("probes", WORKLOADS, r".*/(liveness|readiness|startup)Probe/.*"),
    ("scheduling", WORKLOADS, r".*(/(nodeSelector|tolerations|affinity|topologySpreadConstraints)[/\[].*|/priorityClassName)"),
    ("pod annotations", WORKLOADS, r".*/template/metadata/annotations(?!.*(checksum|hash)).+"),
    ("storage", WORKLOADS, r".*volumeClaimTemplates.*/(storage|storageClassName|accessModes)"),
    ("pod settings", WORKLOADS, r".*(/(imagePullPolicy|terminationGracePeriodSeconds|revisionHistoryLimit|hostNetwork|dnsPolicy"
     r"|podManagementPolicy|serviceAccountName|progressDeadlineSeconds|minReadySeconds)|/strategy/.*|/updateStrategy/.*"
     r"|/securityContext/.*)"),
    ("cronjob", {"CronJob", "Job"}, r"/spec/(.*/)?(schedule|suspend|concurrencyPolicy|backoffLimit|successfulJobsHistoryLimit"
     r"|failedJobsHistoryLimit|startingDeadlineSeconds|ttlSecondsAfterFinished)"),
    ("service", WORKLOADS, IN_CONTAINER + r"/ports\[[^/]*\]/name"),
    ("service", {"Service"}, r"/spec/(type|loadBalancerIP|externalTrafficPolicy|sessionAffinity|clusterIP)"
     r"|/spec/ports\[[^/]*\]/(nodePort|targetPort)|/metadata/annotations.+"),
    ("ingress", {"Ingress"}, r"/spec/.*/?(host|ingressClassName|secretName|path|pathType|number)|/spec/tls.*/hosts"
     r"|/metadata/annotations.+"),
    ("hpa/pdb", {"HorizontalPodAutoscaler"}, r"/spec/(minReplicas|maxReplicas|metrics.*|behavior.*)(?<!/type)(?<!/name)"),
    ("hpa/pdb", {"PodDisruptionBudget"}, r"/spec/(minAvailable|maxUnavailable)"),
    ("storage", {"PersistentVolumeClaim"}, r"/spec/.*"),
]
OTHERS = {
    "IfNotPresent": "Always", "Always": "IfNotPresent", "Never": "Always", "ClusterIP": "NodePort",
    "LoadBalancer": "ClusterIP", "NodePort": "ClusterIP", "Recreate": "RollingUpdate", "OnDelete": "RollingUpdate",
    "OrderedReady": "Parallel", "Parallel": "OrderedReady", "info": "debug", "INFO": "DEBUG", "debug": "info",
    "warn": "debug", "ClusterFirst": "Default", "Prefix": "Exact", "ImplementationSpecific": "Prefix",
    "Exact": "Prefix", "NoSchedule": "NoExecute", "NoExecute": "NoSchedule", "Exists": "Equal", "Equal": "Exists",
    "text": "json", "json": "text", "RuntimeDefault": "Unconfined", "HTTP": "HTTPS", "HTTPS": "HTTP",
    "Allow": "Forbid", "Forbid": "Allow", "Replace": "Forbid", "Local": "Cluster", "Cluster": "Local",
    "ReadWriteOnce": "ReadWriteMany", "None": "10.0.0.9", "true": "false", "false": "true",
}
# What starts a script: nobody changes it.
SHELLS = {"sh", "bash", "/bin/sh", "/bin/bash", "/usr/bin/env", "-c", "-ec", "-ce", "-e", "-exc", "-ex", "-cx", "-lc", "--"}
QUANTITY = re.compile(r"(.*/resources/(limits|requests)/|.*/(storage|minAvailable|maxUnavailable|maxSurge|targetPort|port)$)")


def class_of(kind, steps, value, structured):
    """The class of a field; None for fields that people leave alone."""
    if value is None or value == {} or value == []:
        return None
    if kind == "ConfigMap" and len(steps) == 2 and steps[0] == ("key", "data"):
        if steps[1][1] in structured:
            return "configmap (YAML inside)"
        return "configmap (text)" if isinstance(value, str) and "\n" in value.strip() else "configmap (entry)"
    text = text_of(steps)
    return next((name for name, kinds, path in CLASSES if kind in kinds and re.fullmatch(path, text)), None)


def changed(kind, steps, value, name, dice):
    """What lives in the place of a value after a change by hand; MISSING where nobody would change it so."""
    if name == "image":
        found = re.fullmatch(r"([^@]+?)(?::([^:/@]+))?", value) if isinstance(value, str) else None
        return found[1] + ":9.9.9-hotfix" if found else MISSING
    if steps[-1] == ("key", "type") and value == "RollingUpdate":
        return "OnDelete" if "updateStrategy" in text_of(steps) else "Recreate"
    if name.startswith("configmap") and isinstance(value, str) and "\n" in value.strip():
        return changed_line(value, name, dice)
    if isinstance(value, list):
        return changed_list(value, dice)
    return changed_scalar(value)


def changed_list(items, dice):
    """A list of scalars with another element in the place of one."""
    positions = [at for at, item in enumerate(items) if changed_scalar(item) is not MISSING and item not in SHELLS]
    if not positions:
        return MISSING
    flags = [at for at in positions if isinstance(items[at], str) and items[at].startswith("-") and "=" in items[at]]
    position = dice.choice(flags or positions)
    return [changed_scalar(item) if at == position else item for at, item in enumerate(items)]


def changed_scalar(value):
    """Another scalar of the same type and form."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value + 0.5
    if not isinstance(value, str) or not value or "\n" in value.strip():
        return MISSING
    if value in OTHERS:
        return OTHERS[value]
    found = re.fullmatch(r"(-{0,2}[\w.-]+[= ])(.+)", value, re.S)
    if found:
        return found[1] + changed_scalar(found[2])
    found = re.fullmatch(r"(.*?)(\d+)([a-zA-Z%]{0,2})", value, re.S)
    if found and (not found[1] or found[1][-1] in ":."):
        return found[1] + str(int(found[2]) + 1) + found[3]
    return value + "zz"


def changed_line(text, name, dice):
    """A text of several lines with another value in one of them."""
    form = r"^(\s*(?:- )?[\w./\"'-]+:\s+)([^\s#{\[|>&*].*?)(\s*)$" if name.endswith("(YAML inside)") else (
        r"^(\s*[\w./\"'-]+\s*(?:[=:]\s*|\s+))([\w./:\"%-]+?)(\s*[;,]?\s*)$")
    lines = text.split("\n")
    found = [(at, re.match(form, line)) for at, line in enumerate(lines) if not re.match(r"\s*(#|//|;)", line)]
    found = [(at, match) for at, match in found if match]
    if not found:
        return MISSING
    position, match = dice.choice(found)
    before, value, after = match.groups()
    quote = value[0] if len(value) > 2 and value[0] in "\"'" and value[-1] == value[0] else ""
    other = changed_scalar(value[1:-1] if quote else value)
    if other is MISSING:
        return MISSING
    lines[position] = before + quote + other + quote + after
    return "\n".join(lines)


def is_quantity(steps):
    """Whether numbers and texts of the same digits are the same there."""
    return QUANTITY.match(text_of(steps)) is not None


def additions(kind, spec):
    """What people add to an object: class, place, deployed (MISSING where nothing is), live."""
    if kind in ("Service", "Ingress"):
        yield ("added " + kind.lower() + " annotation",
               keys("metadata", "annotations", "example.com/hotfix"), MISSING, "pinned")
    if kind not in ("Deployment", "StatefulSet", "DaemonSet"):
        return
    pod = keys("spec", "template", "spec")
    containers = at(spec, (*pod, ("key", "containers")))
    if not isinstance(containers, list) or not containers or not isinstance(containers[0].get("name"), str):
        return
    container = (*pod, ("key", "containers"), ("match", (("name", containers[0]["name"]),)))
    first = containers[0]
    for part, resource, amount in (
        ("limits", "memory", "1Gi"), ("limits", "cpu", "1700m"), ("requests", "memory", "777Mi"), ("requests", "cpu", "70m"),
    ):
        if resource not in ((first.get("resources") or {}).get(part) or {}):
            yield "added resources", (*container, *keys("resources", part, resource)), MISSING, amount
            break
    if keys_of_list(kind, keys("env"), first.get("env") or []) or not first.get("env"):
        yield ("added env", (*container, ("key", "env"), ("match", (("name", "HOTFIX_FLAG"),))), MISSING,
               {"name": "HOTFIX_FLAG", "value": "enabled"})
    arguments = first.get("args") or []
    if all(isinstance(item, str) for item in arguments):
        yield ("added args", (*container, ("key", "args")), arguments or MISSING, [*arguments, "--hotfix-level=7"])
    yield "added nodeSelector", (*pod, *keys("nodeSelector", "disktype")), MISSING, "ssd"
    tolerations = at(spec, (*pod, ("key", "tolerations")))
    tolerations = tolerations if isinstance(tolerations, list) else []
    yield ("added toleration", (*pod, ("key", "tolerations")), tolerations or MISSING,
           [*tolerations, {"key": "dedicated", "operator": "Exists"}])
    if at(spec, (*pod, ("key", "priorityClassName"))) in (MISSING, None, ""):
        yield "added priorityClassName", (*pod, ("key", "priorityClassName")), MISSING, "hotfix-high"
    yield ("added pod annotation", keys("spec", "template", "metadata", "annotations", "example.com/hotfix"),
           MISSING, "pinned")


# What people take away: the class, the kinds, and how the path of a leaf reads; the group is what goes with it.
REMOVED = [
    ("removed env", WORKLOADS, r"(" + IN_CONTAINER + r"/env\[[^/]*\])/value"),
    ("removed resources", WORKLOADS, r"(" + IN_CONTAINER + r"/resources/(limits|requests)/[^/]+)"),
    ("removed nodeSelector", WORKLOADS, r"(.*/nodeSelector(/|\[)[^/]+)"),
    ("removed priorityClassName", WORKLOADS, r"(.*/priorityClassName)"),
    ("removed annotation", WORKLOADS | {"Service", "Ingress"}, r"((?:/spec/template)?/metadata/annotations(?!.*(checksum|hash)).+)"),
    ("removed probe", WORKLOADS, r"(" + IN_CONTAINER + r"/(liveness|readiness|startup)Probe)/.*"),
    ("removed args", WORKLOADS, r"(" + IN_CONTAINER + r"/args)"),
    ("removed toleration", WORKLOADS, r"(.*/tolerations)\[.*"),
]


def removals(kind, spec, dice):
    """What people take away from an object: class, place, deployed, live (MISSING where nothing is left)."""
    seen = set()
    for steps, _ in leaves(kind, spec):
        for name, kinds, path in REMOVED:
            if kind not in kinds or (found := re.fullmatch(path, text_of(steps))) is None:
                continue
            place = steps
            while text_of(place) != found[1]:
                place = place[:-1]
            if place in seen:
                break
            seen.add(place)
            deployed = at(spec, place)
            live = MISSING
            if isinstance(deployed, list):
                if len(deployed) < 2:
                    break
                gone = dice.randrange(len(deployed))
                live = deployed[:gone] + deployed[gone + 1:]
            yield name, place, deployed, live
            break


def keys(*names):
    """A place by names alone."""
    return tuple(("key", name) for name in names)


def is_same(steps, wanted, got):
    """Whether a place became what was wanted; an empty value is as good as none."""
    if wanted is MISSING:
        return got is MISSING or got in (None, {}, [], "")
    if got is MISSING:
        return False
    if is_quantity(steps) and not isinstance(got, (dict, list)):
        return str(got) == str(wanted)
    return plain(got) == plain(wanted)
