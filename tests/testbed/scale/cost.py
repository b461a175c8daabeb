"""What the API server says that it did."""

import time

from api import say

# Counters of its metrics, of all clients together.
COUNTERS = {
    "process_cpu_seconds_total": "cpu",
    "apiserver_request_total": "requests",
    "apiserver_response_sizes_sum": "bytes",
}
# For so many seconds an idle server is watched; so much of a second is quiet enough; so long is waited for that.
WINDOW = 5
QUIET = {"cpu": 0.1, "requests": 4}
SETTLED_WITHIN = 300


class Meter:
    """Reads the counters before and after a run, and takes off what reading them and doing nothing adds."""

    def __init__(self, api):
        self.api = api
        deadline = time.monotonic() + SETTLED_WITHIN
        while True:
            before = self.read()
            after = self.read()
            self.reading = difference(before, after)
            time.sleep(WINDOW)
            idle = difference(after, self.read())
            self.idle = {name: max(0, idle[name] - self.reading[name]) / WINDOW for name in idle}
            # The server and controllers go on for minutes after a cluster was filled.
            if all(self.idle[name] < enough for name, enough in QUIET.items()):
                break
            if time.monotonic() > deadline:
                say(f"the API server is not quiet: {self.idle}")
                break

    def read(self):
        totals = dict.fromkeys(COUNTERS.values(), 0.0)
        for line in self.api.request("GET", "/metrics").decode().splitlines():
            name = line.partition(" ")[0].partition("{")[0]
            if name in COUNTERS and 'verb="WATCH"' not in line:
                totals[COUNTERS[name]] += float(line.rpartition(" ")[2])
        return totals

    def measured(self, run):
        """Runs something, and returns its result and what it cost the API server."""
        before, started = self.read(), time.monotonic()
        result = run()
        elapsed = time.monotonic() - started
        spent = difference(before, self.read())
        return result, {name: max(0, spent[name] - self.reading[name] - self.idle[name] * elapsed) for name in spent}


def difference(before, after):
    return {name: after[name] - before[name] for name in after}
