"""The API server, as what fills a cluster and what measures it talk to it."""

import http.client
import json
import os
import pathlib
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
BIN = pathlib.Path(os.environ.get("DRIFTLINE_TESTBED", ROOT / ".testbed")) / "bin"
# How long a kind may take to be served after its definition was created.
SERVED_WITHIN = 120


def say(text):
    print(f"scale: {text}", file=sys.stderr, flush=True)


class Api:
    """The API server, by one connection per thread."""

    def __init__(self, kubeconfig):
        self.kubeconfig = kubeconfig
        self.env = {"PATH": os.environ["PATH"], "HOME": str(kubeconfig.parent), "KUBECONFIG": str(kubeconfig)}
        config = json.loads(self.kubectl("config", "view", "--raw", "-o", "json"))
        self.server = urllib.parse.urlparse(config["clusters"][0]["cluster"]["server"])
        self.authority = config["clusters"][0]["cluster"]["certificate-authority"]
        self.token = config["users"][0]["user"]["token"]
        self.tls = ssl.create_default_context(cafile=self.authority)
        self.local = threading.local()
        # The name in paths, and whether objects live in namespaces: by version and kind.
        self.resources = {}

    def run(self, program, *args, **more):
        return subprocess.run(
            [str(BIN / program), *args], env=self.env, check=True, stdout=subprocess.PIPE, text=True, **more
        ).stdout

    def kubectl(self, *args, **more):
        return self.run("kubectl", *args, **more)

    def connect(self):
        return http.client.HTTPSConnection(self.server.netloc, context=self.tls)

    def request(self, method, path, body=None, content_type="application/json"):
        """The text of the answer."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type}
        payload = None if body is None else json.dumps(body)
        deadline = time.monotonic() + SERVED_WITHIN
        while True:
            if not hasattr(self.local, "connection"):
                self.local.connection = self.connect()
            try:
                self.local.connection.request(method, path, payload, headers)
                answer = self.local.connection.getresponse()
                text = answer.read()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                # The server ends connections that were idle for minutes.
                del self.local.connection
                if time.monotonic() > deadline:
                    raise
                continue
            if answer.status < 300:
                return text
            # A custom kind is served some time after its definition was created; 429 asks for patience.
            if answer.status not in (404, 429) or time.monotonic() > deadline:
                raise SystemExit(f"scale: {method} {path}: {answer.status} {text[:300]!r}")
            time.sleep(0.5)

    def resource(self, version, kind):
        if (version, kind) not in self.resources:
            root = f"/apis/{version}" if "/" in version else f"/api/{version}"
            for listed in json.loads(self.kubectl("get", "--raw", root))["resources"]:
                if "/" not in listed["name"]:
                    self.resources[version, listed["kind"]] = (listed["name"], listed["namespaced"])
        return self.resources[version, kind]

    def path(self, item):
        """The collection that an object lives in."""
        version = item["apiVersion"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        plural, is_namespaced = self.resource(version, item["kind"])
        return f"{root}/namespaces/{item['metadata']['namespace']}/{plural}" if is_namespaced else f"{root}/{plural}"

    def create(self, item, applies=False, manager="helm"):
        """Creates an object as Helm 3 does, or applies it as Helm 4 does. Returns how many bytes it then has."""
        path = self.path(item)
        if applies:
            path += f"/{item['metadata']['name']}?fieldManager={manager}&force=true"
            return len(self.request("PATCH", path, item, "application/apply-patch+yaml"))
        return len(self.request("POST", f"{path}?fieldManager={manager}", item))

    def create_namespace(self, name):
        self.request("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
