"""What the API server says that it did."""

import time

# Counters of its metrics, of all clients together.
COUNTERS = {
    "process_cpu_seconds_total": "cpu",
    "apiserver_request_total": "requests",
    "apiserver_response_sizes_sum": "bytes",
}
# Seconds in which an idle server is watched, the requests of one second that are quiet enough, and the longest wait.
WINDOW = 3
QUIET = 10
SETTLED_WITHIN = 180


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
            # Controllers go on for a while after a cluster was filled.
            if self.idle["requests"] < QUIET or time.monotonic() > deadline:
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
