"""What the API server says that it did."""

import time

from api import say

# Counters of its metrics, of all clients together.
COUNTERS = {
    "process_cpu_seconds_total": "cpu",
    "apiserver_request_total": "requests",
    "apiserver_response_sizes_sum": "bytes",
}
# For so many seconds an idle server is watched: the period of the autoscalers' controller.
WINDOW = 15
# A window with at least this share of the work of the one before shows that the server has calmed down.
FALLING = 0.8
# How many seconds it may take to calm down.
SETTLED_WITHIN = 180


class Meter:
    """Reads the counters before and after a run, and takes off what reading them and doing nothing adds."""

    def __init__(self, api):
        self.api = api
        deadline = time.monotonic() + SETTLED_WITHIN
        # The server and controllers go on for minutes after a cluster was filled, and some never rest.
        last = self.watch()
        while True:
            self.idle = self.watch()
            if all(self.idle[name] >= FALLING * last[name] for name in ("cpu", "requests")):
                break
            if time.monotonic() > deadline:
                say(f"the API server does not calm down: {self.idle}")
                break
            last = self.idle

    def watch(self):
        """What the server does in a second when nobody asks."""
        before = self.read()
        after = self.read()
        self.reading = difference(before, after)
        time.sleep(WINDOW)
        idle = difference(after, self.read())
        return {name: max(0, idle[name] - self.reading[name]) / WINDOW for name in idle}

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
