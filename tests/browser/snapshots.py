"""Makes snapshots of clusters that nobody has: as large or as hostile as a test needs them."""

import json
import pathlib
import re

DEPLOYED = "2026-11-02T09:10:00Z"
EDITED = "2026-11-20T02:51:00Z"
SCANNED = "2026-11-20T03:38:12Z"


def part(name):
    """A name as a part of a path (src/snapshot/layout.rs); none of the tests has one of more than 200 bytes."""
    shown = ""
    for byte in name.encode():
        char = chr(byte)
        plain = char.isascii() and (char.isalnum() or char == "-" or (char in "._" and shown))
        shown += char if plain else f"%{byte:02X}"
    return shown or "_empty"


def yaml(value):
    """A value as YAML, which is JSON but for characters beyond the first 65,536."""
    def whole(pair):
        char = json.loads('"' + pair[0] + '"')
        return f"\\U{ord(char):08x}"

    return re.sub(r"\\ud[89ab]..\\ud[c-f]..", whole, json.dumps(value))


def config(release, namespace, name, data):
    """A ConfigMap of a release."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/managed-by": "Helm"},
            "annotations": {"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace},
        },
        "data": data,
    }


def live(desired, data, manager):
    """The same object as it lives, with these data, the changed ones written by this manager."""
    changed = [key for key in data if desired["data"].get(key) != data[key]]
    kept = [key for key in data if key not in changed]
    owned = [("helm", "Apply", DEPLOYED, kept)] + ([(manager, "Update", EDITED, changed)] if changed else [])
    metadata = {
        **desired["metadata"],
        "uid": f"uid-{desired['metadata']['namespace']}-{desired['metadata']['name']}",
        "resourceVersion": "7",
        "creationTimestamp": DEPLOYED,
        "managedFields": [
            {
                "manager": name,
                "operation": operation,
                "time": time,
                "apiVersion": "v1",
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:data": {f"f:{key}": {} for key in keys}},
            }
            for name, operation, time, keys in owned
        ],
    }
    return {"metadata": metadata, "data": data}


def release(namespace, name, objects, chart="shop", version="1.0.0", template="shop/templates/config.yaml", status="deployed"):
    """A release of these objects: pairs of an object of the manifest and the one that lives, or None where none does."""
    return {
        "namespace": namespace,
        "name": name,
        "objects": objects,
        "chart": {"name": chart, "version": version},
        "template": template,
        "status": status,
    }


def write(folder, releases):
    """Writes a snapshot of these releases into a new folder."""
    folder = pathlib.Path(folder)

    def put(path, value):
        path = folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value), encoding="utf-8")

    revisions, missing = [], []
    for number, each in enumerate(releases):
        record = f"sh.helm.release.v1.{each['name']}.v1"
        place = {"namespace": each["namespace"], "name": each["name"], "driver": "secret"}
        revisions.append(
            {
                "release": place,
                "object": record,
                "revision": 1,
                "status": each["status"],
                "created": DEPLOYED,
                "written": DEPLOYED,
                "resourceVersion": number + 1,
            }
        )
        manifest = "".join(f"---\n# Source: {each['template']}\n{yaml(desired)}\n" for desired, _ in each["objects"])
        info = {"status": each["status"], "last_deployed": DEPLOYED, "description": "Install complete"}
        put(
            f"releases/{part(each['namespace'])}/secret/{part(record)}.json",
            {
                "name": each["name"],
                "namespace": each["namespace"],
                "version": 1,
                "info": info,
                "chart": {"metadata": each["chart"]},
                "manifest": manifest,
                "apply_method": "csa",
                "stored_bytes": 4096,
            },
        )
        for desired, found in each["objects"]:
            names = desired["metadata"]
            if found is None:
                missing.append(
                    {
                        "apiVersion": "v1",
                        "kind": "ConfigMap",
                        "namespace": names["namespace"],
                        "name": names["name"],
                        "outcome": "not-found",
                    }
                )
            else:
                put(f"objects/core/v1/ConfigMap/{part(names['namespace'])}/{part(names['name'])}.json", found)
    served = [{"apiVersion": "v1", "kind": "ConfigMap", "plural": "configmaps", "namespaced": True}]
    put(
        "snapshot.json",
        {
            "format": "driftline.snapshot/v1",
            "tool": {"name": "driftline", "version": "0.1.0"},
            "cluster": {"name": "test", "server": "https://127.0.0.1:6443"},
            "takenAt": SCANNED,
            "values": "kept",
            "listings": [{"namespaces": [], "answer": {"given": {"revisions": revisions, "errors": []}}}],
            "kinds": {"given": {"served": served, "unavailable": []}},
            "records": [],
            "objects": missing,
            "schemas": [],
        },
    )


def many(releases, fields):
    """So many releases, of which each has an object with so many changed fields."""
    managers = ["kubectl-edit", "kubectl-patch", "a-controller", "terraform"]
    made = []
    for number in range(releases):
        namespace, name = f"team-{number % 40:02}", f"service-{number:04}"
        data = {f"setting-{field:02}": f"registry.example.com/{name}/component:1.{field}" for field in range(fields)}
        desired = config(name, namespace, f"{name}-config", data)
        edited = {key: f"{value}.{number}-hotfix" for key, value in data.items()}
        made.append(release(namespace, name, [(desired, live(desired, edited, managers[number % 4]))]))
    return made
