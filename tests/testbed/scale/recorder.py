"""The requests of a scan, and the same ones by a plain HTTP/2 client.

A proxy on loopback writes down what a scan asks for: paths, headers, and what was answered. curl then asks the API server
for the same. It knows every address from the start, the tokens of pages as well, and does not look at the answers.
"""

import collections
import http.server
import pathlib
import subprocess
import threading

# What says how to answer; all else is the connection's.
HEADERS = ("accept", "accept-encoding")
# What a scan has under way at once (`--concurrency`).
AT_ONCE = 8


class Request:
    def __init__(self, path, headers, status, size):
        self.path, self.headers, self.status, self.size = path, headers, status, size


def record(api, scan):
    """The requests of one scan, in their order."""
    requests, lock = [], threading.Lock()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # An answer's head and body would otherwise wait for each other's acknowledgement.
        disable_nagle_algorithm = True
        wbufsize = -1
        upstream = None

        def do_GET(self):
            headers = {name.lower(): value for name, value in self.headers.items()}
            sent = {**headers, "host": api.server.netloc, "authorization": f"Bearer {api.token}"}
            self.upstream = self.upstream or api.connect()
            self.upstream.request("GET", self.path, headers=sent)
            answer = self.upstream.getresponse()
            body = answer.read()
            with lock:
                kept = tuple((name, headers[name]) for name in HEADERS if name in headers)
                requests.append(Request(self.path, kept, answer.status, len(body)))
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        kubeconfig = api.kubeconfig.with_name("recorded")
        # The proxy has the token; clients are asked for none.
        text = f"""apiVersion: v1
kind: Config
clusters: [{{name: recorded, cluster: {{server: "http://127.0.0.1:{server.server_port}"}}}}]
users: [{{name: nobody, user: {{}}}}]
contexts: [{{name: recorded, context: {{cluster: recorded, user: nobody}}}}]
current-context: recorded
"""
        kubeconfig.write_text(text)
        command = [*scan, "--kubeconfig", str(kubeconfig)]
        result = subprocess.run(command, env=api.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        if result.returncode not in (0, 1):
            raise SystemExit(f"scale: the scan through the proxy ended with status {result.returncode}: {result.stderr[-500:]}")
    finally:
        server.shutdown()
        server.server_close()
        kubeconfig.unlink(missing_ok=True)
    return requests


def describe(requests):
    lists = collections.Counter("limit=" in request.path for request in requests)
    size = sum(request.size for request in requests) / 1e6
    largest = max(request.size for request in requests) / 1e6
    failed = sum(request.status >= 300 for request in requests)
    other = f", {failed} answered with an error" if failed else ""
    return f"{len(requests):,} requests: {lists[True]:,} pages of lists, {lists[False]:,} single answers, {size:.1f} MB, the largest {largest:.2f} MB{other}"


class Replay:
    """The requests as a configuration of curl."""

    def __init__(self, api, requests, folder):
        self.requests = requests
        self.config = pathlib.Path(folder) / "requests.curl"
        self.answers = pathlib.Path(folder) / "answers"
        blocks, last = [], None
        for request in requests:
            # Requests with the same headers are one operation of curl's.
            if request.headers != last:
                headers = [f'header = "{name}: {value}"' for name, value in request.headers]
                start = ["next"] if blocks else []
                common = [f'cacert = "{api.authority}"', f'header = "Authorization: Bearer {api.token}"', "http2", "silent", "globoff"]
                blocks += [*start, *common, *headers, r'write-out = "%{http_version} %{http_code} %{size_download}\n"']
                last = request.headers
            blocks += [f'url = "https://{api.server.netloc}{request.path}"', "output = /dev/null"]
        self.config.write_text("\n".join(blocks) + "\n")
        self.command = ["curl", "--parallel", "--parallel-max", str(AT_ONCE), "--config", str(self.config)]

    def check(self):
        """That curl was answered as the scan was."""
        answers = [line.split() for line in self.answers.read_text().splitlines()]
        statuses = collections.Counter(int(answer[1]) for answer in answers)
        expected = collections.Counter(request.status for request in self.requests)
        if statuses != expected or any(answer[0] != "2" for answer in answers):
            raise SystemExit(f"scale: raw reads should be answered like {dict(expected)}: {dict(statuses)}, {answers[:1]}")
