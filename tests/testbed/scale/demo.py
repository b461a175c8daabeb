"""Copies of the demo chart: small releases, all alike, of as many revisions as wanted."""

import base64
import concurrent.futures
import gzip
import json
import random
import string

from api import ROOT, say

CHART = ROOT / "tests/charts/shop"
# No container ever runs, so more Pods would only be more objects that nobody reads.
VALUES = ["--set=web.replicas=1,api.replicas=0"]
PER_NAMESPACE = 10
MARK = "template-mark"


class Demo:
    """The demo, installed and upgraded once with each Helm, and copied through the API."""

    def __init__(self, api, options):
        self.api = api
        self.drifted = options.drifted
        self.templates = [Template(api, helm, options.chart_kib, options.revisions) for helm in ("helm3", "helm4")]
        self.copies = 0

    def grow(self, releases):
        """Fills the cluster until it has so many releases."""
        copies = max(self.copies, releases - len(self.templates))
        say(f"copying {len(self.templates)} releases {copies - self.copies} times")
        for number in range(-(-self.copies // PER_NAMESPACE), -(-copies // PER_NAMESPACE)):
            self.api.create_namespace(f"team-{number:03}")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: self.templates[number % 2].copy(number), range(self.copies, copies)))
            if self.copies == 0:
                # Spread over the namespaces.
                fixed = [number * copies // self.drifted for number in range(self.drifted)]
                list(pool.map(lambda number: self.templates[number % 2].fix(number), fixed))
        self.copies = copies

    def describe(self):
        return None


class Template:
    """A release that a Helm really made, to be copied under other names."""

    def __init__(self, api, helm, chart_kib, revisions):
        self.api = api
        self.chart_kib = chart_kib
        self.applies = helm == "helm4"
        self.name = f"{helm}-{MARK}"
        place = ["--namespace", self.name]
        api.run(helm, "install", self.name, str(CHART), *place, "--create-namespace", *VALUES)
        for _ in range(1, revisions):
            api.run(helm, "upgrade", self.name, str(CHART), *place, "-f", str(CHART / "revision-2.yaml"), *VALUES)
        listed = api.kubectl("get", "secrets", *place, "-l", "owner=helm", "-o", "json")
        self.records = [self.decoded(record) for record in json.loads(listed)["items"]]
        self.records = [(secret, self.padded(payload)) for secret, payload in self.records]
        manifest = api.run(helm, "get", "manifest", self.name, *place)
        objects = api.kubectl("create", *place, "--dry-run=client", "-o", "json", "-f", "-", input=manifest)
        decoder, self.objects, at = json.JSONDecoder(), [], 0
        while at < len(objects):
            item, at = decoder.raw_decode(objects, at)
            at += len(objects[at:]) - len(objects[at:].lstrip())
            self.objects += item["items"] if item["kind"] == "List" else [item]
        for item in self.objects:
            metadata = item["metadata"]
            metadata["namespace"] = self.name
            metadata.setdefault("labels", {})["app.kubernetes.io/managed-by"] = "Helm"
            metadata.setdefault("annotations", {}).update(
                {"meta.helm.sh/release-name": self.name, "meta.helm.sh/release-namespace": self.name}
            )
            self.api.path(item)

    @staticmethod
    def decoded(record):
        payload = base64.b64decode(base64.b64decode(record["data"]["release"]))
        metadata = {key: record["metadata"][key] for key in ("name", "namespace", "labels")}
        secret = {"apiVersion": "v1", "kind": "Secret", "type": record["type"], "metadata": metadata}
        return secret, gzip.decompress(payload).decode()

    def padded(self, payload):
        """The record with templates as a larger chart has them: text, which Helm keeps as base64."""
        if self.chart_kib == 0:
            return payload
        dice = random.Random(self.name)
        words = ["".join(dice.choices(string.ascii_lowercase, k=dice.randint(2, 10))) for _ in range(2000)]
        text = " ".join(dice.choices(words, k=self.chart_kib << 7))
        release = json.loads(payload)
        padding = base64.b64encode(text.encode()).decode()[: self.chart_kib << 10]
        release["chart"].setdefault("templates", []).append({"name": "templates/more.yaml", "data": padding})
        return json.dumps(release, separators=(",", ":"))

    def fix(self, number):
        """Hot fixes in the objects of a copy: another image, more memory, a variable, a line of configuration."""
        name, namespace = named(number)
        container = {
            "name": "web",
            "image": "registry.example.com/shop/web:1.4.3",
            "resources": {"limits": {"memory": "1Gi"}},
            "env": [{"name": "DEBUG", "value": "1"}],
        }
        for kind, last, patch in (
            ("Deployment", "web", {"spec": {"template": {"spec": {"containers": [container]}}}}),
            ("ConfigMap", "config", {"data": {"currency": "CHF"}}),
        ):
            item = next(item for item in self.objects if item["kind"] == kind and item["metadata"]["name"].endswith(last))
            item = json.loads(json.dumps(item).replace(self.name, name))
            item["metadata"]["namespace"] = namespace
            path = f"{self.api.path(item)}/{item['metadata']['name']}?fieldManager=kubectl-edit"
            self.api.request("PATCH", path, patch, "application/strategic-merge-patch+json")

    def copy(self, number):
        name, namespace = named(number)

        def renamed(value):
            # The namespace first: both have the template's name.
            text = value if isinstance(value, str) else json.dumps(value)
            text = text.replace(f'"namespace": "{self.name}"', f'"namespace": "{namespace}"')
            text = text.replace(f'"namespace":"{self.name}"', f'"namespace":"{namespace}"')
            text = text.replace(f"namespace: {self.name}", f"namespace: {namespace}")
            text = text.replace(f'release-namespace": "{self.name}"', f'release-namespace": "{namespace}"')
            return text.replace(self.name, name)

        for item in self.objects:
            self.api.create(json.loads(renamed(item)), self.applies)
        for secret, payload in self.records:
            secret = json.loads(renamed(secret))
            payload = gzip.compress(renamed(payload).encode(), mtime=0)
            secret["data"] = {"release": base64.b64encode(base64.b64encode(payload)).decode()}
            self.api.create(secret, manager="Helm")


def named(number):
    """The name and the namespace of a copy."""
    return f"app-{number:04}", f"team-{number // PER_NAMESPACE:03}"
