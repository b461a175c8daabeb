"""Releases of the sizes and shapes of public charts: objects of sixty kinds, large definitions, large records.

It has what 690 installed public charts had: about 5,900 objects, 52 MB of records, and 57 MB of live JSON, most of it
definitions of custom resources, of which some have hundreds of KiB. All text is made of syllables. Everything depends
on the seed and the number of a release alone, so that a corpus can grow.
"""

import base64
import collections
import concurrent.futures
import gzip
import json
import math
import random

import definitions
from api import say
from kinds import Kinds
from text import Words, yaml

RELEASES = 690
# How many objects of a kind a hundred releases have.
USUAL = {
    "ServiceAccount": 95, "Service": 130, "Deployment": 105, "ConfigMap": 125, "Secret": 65, "ClusterRole": 50,
    "ClusterRoleBinding": 45, "Role": 32, "RoleBinding": 32, "StatefulSet": 28, "DaemonSet": 8, "NetworkPolicy": 22,
    "PodDisruptionBudget": 16, "PersistentVolumeClaim": 14, "CronJob": 6, "Job": 6, "HorizontalPodAutoscaler": 5, "Ingress": 5,
}  # fmt: skip
# Kinds that few charts have: one of them in every second release.
RARE = (
    "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "PriorityClass", "StorageClass", "IngressClass",
    "RuntimeClass", "PersistentVolume", "ResourceQuota", "LimitRange", "CSIDriver", "EndpointSlice", "PodTemplate",
    "ReplicationController", "Lease", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "FlowSchema", "Pod",
    "DeviceClass", "VolumeAttributesClass", "ResourceClaimTemplate",
)  # fmt: skip
# How many definitions have objects. A cluster has hundreds of definitions and not thousands, however many releases.
CUSTOM_KINDS = 20
DEFINITIONS = 525
# What a record has as JSON: half of them less.
USUAL_RECORD = 85_000
LARGEST_RECORD = 3_000_000
PER_NAMESPACE = (1, 1, 1, 2, 2, 3, 5, 12)
INSTALLED = "2026-01-02T03:04:05.678901234Z"


class Corpus:
    """The releases of a seed in a cluster."""

    def __init__(self, api, options):
        self.api = api
        self.seed = options.seed
        self.revisions = options.revisions
        self.words = Words(self.seed)
        self.dice = random.Random(f"{self.seed}/corpus")
        self.releases = 0
        self.namespaces = []
        self.definitions = []
        self.custom = []
        self.totals = collections.Counter()
        self.kinds = set()
        self.largest = collections.Counter()

    def grow(self, releases):
        """Fills the cluster until it has so many releases."""
        say(f"making {releases - self.releases} releases")
        before = len(set(self.namespaces))
        planned = [self.plan(number) for number in range(self.releases, releases)]
        # In their order: a plan leaves out what releases before it have.
        names = list(dict.fromkeys(self.namespaces))
        self.releases = releases
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(self.api.create_namespace, names[before:]))
            # Definitions first: their kinds have to be served when the first object comes.
            for is_definition in (True, False):
                say("creating " + ("definitions" if is_definition else "everything else"))
                for created in pool.map(lambda release: release.create(self.api, is_definition), planned):
                    for what, size in created:
                        self.count(what, size)

    def count(self, what, size):
        """Counts an object of a kind, or a record."""
        group = "records" if what == "record" else "objects"
        self.totals[group] += 1
        self.totals[f"{group} bytes"] += size
        self.largest[what] = max(self.largest[what], size)
        if what != "record":
            self.kinds.add(what)

    def describe(self):
        totals, largest = self.totals, self.largest
        live = f"{totals['objects']:,} objects of {len(self.kinds)} kinds with {totals['objects bytes'] / 1e6:.1f} MB of live JSON"
        records = f"{totals['records']:,} records with {totals['records bytes'] / 1e6:.1f} MB"
        definition = largest["CustomResourceDefinition"] / 1024
        return f"{live}, {records}; the largest definition has {definition:.0f} KiB, the largest record {largest['record'] / 1024:.0f} KiB"

    def plan(self, number):
        dice = random.Random(f"{self.seed}/{number}")
        # Namespaces go by the corpus' own dice, one release after the other.
        if len(self.namespaces) <= number:
            name = f"space-{number:04}"
            self.namespaces += [name] * self.dice.choice(PER_NAMESPACE)
        release = Release(self.words, dice, number, self.namespaces[number], self.revisions)
        if dice.random() < 0.24:
            wanted = dice.choice((1, 1, 2, 2, 3, 5, 9))
            for _ in range(min(wanted, DEFINITIONS - len(self.definitions))):
                crd = definitions.definition(self.words, dice, len(self.definitions))
                self.definitions.append(crd["metadata"]["name"])
                release.add(crd)
                if len(self.custom) < CUSTOM_KINDS:
                    self.custom.append(crd)
                    names = crd["spec"]["names"]
                    # Discovery may not know it yet.
                    self.api.resources[f"{crd['spec']['group']}/v1", names["kind"]] = (names["plural"], True)
        release.add_usual()
        if number % 2:
            release.add_kind(RARE[number // 2 % len(RARE)])
        if self.custom and dice.random() < 0.3:
            crd = self.custom[number % len(self.custom)]
            for _ in range(dice.randint(1, 3)):
                release.add(definitions.custom_object(self.words, dice, crd))
        return release


class Release:
    """A release: its objects, and its record as Helm 3 or Helm 4 writes it."""

    def __init__(self, words, dice, number, namespace, revisions):
        self.words, self.dice, self.namespace, self.revisions = words, dice, namespace, revisions
        self.chart = words.word(dice)
        self.name = f"{self.chart}-{number:04}"
        self.applies = number % 4 > 1
        self.makes = Kinds(words, dice, self.name, namespace)
        self.objects = []

    def add_usual(self):
        # Few charts have a lot of everything.
        factor = self.dice.choice((0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 1, 1.2, 1.9))
        for kind, share in USUAL.items():
            wanted = share * factor / 100
            for _ in range(math.floor(wanted) + (self.dice.random() < wanted % 1)):
                self.add_kind(kind)

    def add_kind(self, kind):
        version, content = getattr(self.makes, kind)()
        self.add({"apiVersion": version, "kind": kind, **content})

    def add(self, item):
        metadata = item.setdefault("metadata", {})
        alike = sum(other["kind"] == item["kind"] for other in self.objects)
        metadata.setdefault("name", f"{self.name}-{item['kind'].lower()}" + (f"-{alike}" if alike else ""))
        metadata["labels"] = {
            **self.makes.labels,
            "app.kubernetes.io/managed-by": "Helm",
            "app.kubernetes.io/version": "1.2.3",
            "helm.sh/chart": f"{self.chart}-1.2.3",
        }
        self.objects.append(item)

    def create(self, api, is_definition):
        """Creates the definitions, or all else and the records. Yields what there then is, and how large."""
        created = []
        for item in self.objects:
            if (item["kind"] == "CustomResourceDefinition") == is_definition:
                created.append((item["kind"], api.create(self.stamped(api, item), self.applies)))
        if not is_definition:
            created += [("record", api.create(secret, manager="Helm")) for secret in self.secrets(api)]
            # Only what is to come needs it.
            self.objects = []
        return created

    def stamped(self, api, item):
        """The object as Helm sends it: with the release's name, and in its namespace."""
        metadata = dict(item["metadata"])
        owner = {"meta.helm.sh/release-name": self.name, "meta.helm.sh/release-namespace": self.namespace}
        metadata["annotations"] = {**metadata.get("annotations", {}), **owner}
        if api.resource(item["apiVersion"], item["kind"])[1]:
            metadata["namespace"] = self.namespace
        return {**item, "metadata": metadata}

    def secrets(self, api):
        payload = self.record(api)
        for version in range(1, self.revisions + 1):
            status = "deployed" if version == self.revisions else "superseded"
            payload["version"] = version
            payload["info"]["status"] = status
            packed = gzip.compress(json.dumps(payload, separators=(",", ":")).encode(), mtime=0)
            labels = {"name": self.name, "owner": "helm", "status": status, "version": str(version), "modifiedAt": "1767323045"}
            yield {
                "apiVersion": "v1",
                "kind": "Secret",
                "type": "helm.sh/release.v1",
                "metadata": {"name": f"sh.helm.release.v1.{self.name}.v{version}", "namespace": self.namespace, "labels": labels},
                "data": {"release": base64.b64encode(base64.b64encode(packed)).decode()},
            }

    def record(self, api):
        documents = {}
        for item in self.objects:
            metadata = dict(item["metadata"])
            # Half of the charts write the namespace into their manifests.
            if self.namespaced_in_manifest() and api.resource(item["apiVersion"], item["kind"])[1]:
                metadata["namespace"] = self.namespace
            documents[f"templates/{metadata['name']}.yaml"] = yaml({**item, "metadata": metadata})
        manifest = "".join(f"---\n# Source: {self.chart}/{path}\n{text}" for path, text in documents.items())
        size = min(LARGEST_RECORD, int(self.dice.lognormvariate(0, 0.9) * USUAL_RECORD))
        # Without those of definitions, whose text a public record rarely has twice.
        templates = [file(path, self.as_template(text)) for path, text in documents.items() if len(text) < 30_000]
        values = {self.words.word(self.dice): self.values() for _ in range(self.dice.randint(4, 20))}
        files = [file("README.md", self.words.lines(self.dice, self.dice.randint(2_000, 12_000)))]
        left = size - len(manifest) - sum(len(one["data"]) for one in templates + files)
        # Templates that render nothing with these values, such as those of dependencies.
        while left > 0:
            text = self.as_template(yaml(definitions.schema(self.words, self.dice, self.dice.randint(2_000, 24_000))))
            templates.append(file(f"charts/more/templates/part-{len(templates)}.yaml", text))
            left -= len(templates[-1]["data"])
        chart = {
            "metadata": {
                "name": self.chart,
                "version": "1.2.3",
                "description": self.words.sentence(self.dice),
                "apiVersion": "v2",
                "appVersion": "1.2.3",
            },
            "lock": None,
            "templates": templates,
            "values": values,
            "schema": None,
            "files": files,
        }
        info = {
            "first_deployed": INSTALLED,
            "last_deployed": INSTALLED,
            "deleted": "",
            "description": "Install complete",
            "status": "deployed",
            "notes": self.words.lines(self.dice, 800),
        }
        record = {"name": self.name, "info": info, "chart": chart, "manifest": manifest, "version": 1, "namespace": self.namespace}
        if self.dice.random() < 0.3:
            record["hooks"] = [self.hook()]
        if self.applies:
            record["apply_method"] = "ssa"
        return record

    def namespaced_in_manifest(self):
        return len(self.name) % 2 == 0

    def as_template(self, text):
        name = self.words.name(self.dice)
        body = text.replace(self.name, f'{{{{ include "{self.chart}.fullname" . }}}}').replace('"', "'")
        return f"{{{{- if .Values.{name}.enabled }}}}\n{body}{{{{- end }}}}\n"

    def values(self):
        keys = {self.words.name(self.dice) for _ in range(self.dice.randint(2, 14))}
        return {key: self.dice.choice((True, 3, "", self.words.word(self.dice), [], {"enabled": False})) for key in sorted(keys)}

    def hook(self):
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"{self.name}-test", "annotations": {"helm.sh/hook": "test"}},
            "spec": {"containers": [{"name": "test", "image": "registry.example.com/test:1"}], "restartPolicy": "Never"},
        }
        last = {"started_at": "", "completed_at": "", "phase": ""}
        path = f"{self.chart}/templates/tests/test.yaml"
        return {"name": pod["metadata"]["name"], "kind": "Pod", "path": path, "manifest": yaml(pod), "events": ["test"], "last_run": last}


def file(name, text):
    return {"name": name, "data": base64.b64encode(text.encode()).decode()}
