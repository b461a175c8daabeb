"""Counts answers by class, and prints them."""

import collections
import fnmatch
import json
import re
import statistics
import sys
import threading

from places import text_of

FILES = ("wrong", "missed", "untold", "crashes", "refused")


class Tally:
    """What was asked, what was answered, and what of it is right."""

    def __init__(self, results, is_asked):
        self.lock = threading.Lock()
        self.is_asked = is_asked
        self.rows = []
        self.milliseconds, self.each = [], []
        self.crashes = self.refusals = self.empties = self.failures = 0
        self.results, self.files = results, {}
        if results is not None:
            results.mkdir(parents=True, exist_ok=True)
            self.files = {name: (results / (name + ".jsonl")).open("w") for name in FILES}

    def write(self, file, **row):
        """Adds a line to a file of the results, if there are any."""
        if file not in self.files:
            return
        self.files[file].write(json.dumps(row) + "\n")
        self.files[file].flush()

    def refused(self, release, why):
        """Helm does not render the release."""
        with self.lock:
            self.refusals += 1
            self.write("refused", release=release, why=why[-500:])

    def empty(self, release):
        """The release has no field that people change."""
        with self.lock:
            self.empties += 1

    def unmeasured(self, release, trace, is_shown):
        """The measurement itself failed, which is a mistake in it."""
        with self.lock:
            self.failures += 1
            if is_shown:
                print(release, trace, sep="\n", file=sys.stderr)

    def crash(self, release, why):
        """There was no answer for the release."""
        with self.lock:
            self.crashes += 1
            self.write("crashes", release=release, why=why)

    def time(self, milliseconds, fields):
        """An answer took so long, for so many fields."""
        with self.lock:
            self.milliseconds.append(milliseconds)
            self.each.append(milliseconds / fields)

    def truth(self, fields):
        """Fields that nobody was asked about."""
        with self.lock:
            self.rows += [{"class": field["class"], "controllable": field["controlled_by"] is not None} for field in fields]

    def add(self, release, field, is_own, said, is_right, why, moved):
        """An answer, and whether it is right; None if it names no key."""
        foretold = said.get("alsoChanges") or []
        untold = [entry for entry in moved if not any(tells(told, entry) for told in foretold)]
        false = [told for told in foretold if not any(tells(told, entry) for entry in moved)]
        row = {
            "class": field["class"], "own": is_own, "controllable": field["controlled_by"] is not None or is_right is True,
            "certainty": said.get("certainty") if is_right is not None else None, "right": is_right,
            "reason": said.get("reason", "(no reason)") if is_right is None else None,
            "moved": bool(moved) and is_right, "untold": bool(untold) and is_right, "false": bool(false) and is_right,
        }
        about = {
            "release": release, "class": field["class"], "object": field["kind"] + "/" + field["name"],
            "template": field["template"], "path": text_of(field["steps"]), "deployed": field.get("deployed"),
            "live": field.get("live"), "controlled_by": field["controlled_by"], "answer": said,
        }
        with self.lock:
            self.rows.append(row)
            if is_right is False:
                self.write("wrong", why=why, **about)
            elif is_right is None and field["controlled_by"] is not None:
                self.write("missed", **about)
            elif is_right and (untold or false):
                self.write("untold", untold=untold[:20], false=false[:20], **about)

    def print(self):
        """Prints the table."""
        classes = sorted({row["class"] for row in self.rows})
        kinds = [("changed", [name for name in classes if name.split()[0] not in ("added", "removed")]),
                 ("added", [name for name in classes if name.startswith("added ")]),
                 ("removed", [name for name in classes if name.startswith("removed ")])]
        print("%-26s %6s %8s %6s %9s %9s %16s %16s %7s %7s" % (
            "class", "fields", "controll", "named", "coverage", "precision", "verified", "by name", "moved", "untold"))
        for title, names in kinds:
            for name in names:
                self.line(name, [row for row in self.rows if row["class"] == name])
            self.line("= " + title, [row for row in self.rows if row["class"] in names])
        self.line("= all", self.rows)
        if self.is_asked:
            self.line("= the chart's templates", [row for row in self.rows if row["own"]])
            self.line("= of dependencies", [row for row in self.rows if not row["own"]])
            self.print_rest()
        print("releases that Helm refuses: %d, without such fields: %d, not measured by a mistake in this script: %d" % (
            self.refusals, self.empties, self.failures))
        if self.results is not None:
            print("details in %s" % self.results)

    def line(self, name, rows):
        controllable = [row for row in rows if row["controllable"]]
        if not self.is_asked:
            print("%-26s %6d %8d" % (name, len(rows), len(controllable)))
            return
        named = [row for row in rows if row["right"] is not None]
        covered = [row for row in controllable if row["right"]]
        by = {of: [row for row in named if row["certainty"] == of] for of in ("verified", "by-name")}
        print("%-26s %6d %8d %6d %9s %9s %16s %16s %7d %7d" % (
            name, len(rows), len(controllable), len(named), share(covered, controllable), precision(named),
            "%d %s" % (len(by["verified"]), precision(by["verified"])),
            "%d %s" % (len(by["by-name"]), precision(by["by-name"])),
            sum(bool(row["moved"]) for row in named), sum(bool(row["untold"]) for row in named)))

    def print_rest(self):
        # Nobody can foretell what a template does that is not at hand.
        named = [row for row in self.rows if row["right"] and row["certainty"] == "verified"]
        moved = [row for row in named if row["moved"]]
        print("side effects: %d of %d right verified suggestions have some, %d of these all foretold; %d foretell some that do not come" % (
            len(moved), len(named), sum(not row["untold"] for row in moved), sum(bool(row["false"]) for row in named)))
        reasons = collections.Counter(row["reason"] for row in self.rows if row["right"] is None)
        missed = collections.Counter(row["reason"] for row in self.rows if row["right"] is None and row["controllable"])
        for reason, count in reasons.most_common():
            print("  no key: %-50s %6d, of them controllable %5d" % (reason[:50], count, missed[reason]))
        if self.milliseconds:
            print("time: a question %s; a field %s" % (times(self.milliseconds), times(self.each)))
        print("crashes: %d" % self.crashes)


def tells(told, entry):
    """Whether a foretold change is this one: same object, and one path inside of the other.

    Elements of lists are not told apart, as they are named in more than one way; `*` in a name is any text.
    """
    kind, name, path = entry
    if told.get("kind") != kind or not fnmatch.fnmatchcase(name, told.get("name", "").replace("[", "[[]")):
        return False
    paths = [re.sub(r"\[[^\]]*\]", "[]", text) for text in (told.get("path", "/"), path)]
    short, long = sorted(paths, key=len)
    return long.startswith(short) and (short == long or short == "/" or long[len(short)] in "/[")


def share(part, whole):
    return "%.1f %%" % (100 * len(part) / len(whole)) if whole else "-"


def precision(rows):
    return share([row for row in rows if row["right"]], rows)


def times(values):
    """Median, 99th percentile and the longest."""
    values = sorted(values)
    late = values[min(len(values) - 1, int(len(values) * 0.99))]
    return "%.1f ms median, %.1f ms p99, %.1f ms at most" % (statistics.median(values), late, values[-1])
