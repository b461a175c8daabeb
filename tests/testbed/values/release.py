"""A release that is rendered and not installed: its record, its objects, and its fields with other values."""

import json
import queue
import re
import subprocess
import threading

from fields import additions, changed, class_of, removals
from places import MISSING, at, leaves, plain, text_of, to_segments

# Values that follow from others by computation: nobody foretells them, and nobody needs to.
COMPUTED = re.compile(r"checksum|sha256|config-?hash|/hash", re.I)


class Program:
    """A program that answers a line of JSON with a line of JSON. It is started again after it ended."""

    def __init__(self, command, seconds=60):
        self.command, self.seconds, self.process, self.lines = command, seconds, None, None

    def ask(self, question):
        """The answer; {"error": …, "crashed": true} if it ended, or gave none in time."""
        if self.process is None or self.process.poll() is not None:
            self.start()
        try:
            self.process.stdin.write(json.dumps(question).encode() + b"\n")
            self.process.stdin.flush()
            line = self.lines.get(timeout=self.seconds)
        except BrokenPipeError:
            line = b""
        except queue.Empty:
            self.stop()
            return {"error": "no answer in %d s" % self.seconds, "crashed": True}
        try:
            return json.loads(line)
        except ValueError:
            self.stop()
            return {"error": "it ended, or answered with no JSON", "crashed": True}

    def start(self):
        self.stop()
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lines = queue.Queue()
        threading.Thread(target=read_lines, args=(self.process.stdout, self.lines), daemon=True).start()

    def stop(self):
        """Ends it, if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process = None


def read_lines(pipe, lines):
    """Passes on the lines of a pipe, and an empty one at its end."""
    for line in pipe:
        lines.put(line)
    lines.put(b"")


class Release:
    """What the renderer says of a chart with values."""

    def __init__(self, opened):
        self.record, self.capabilities = opened["record"], opened["capabilities"]
        self.config = self.record.get("config") or {}
        self.merged = opened["merged"]
        self.documents = opened["documents"]
        self.objects = objects_of(self.documents)
        self.at_random = set()

    def note_random(self, change):
        """Learns from a render with the same values which fields are never the same."""
        if "error" not in change:
            self.at_random = set(self.moved(self.objects_after(change)))

    def objects_after(self, change):
        """The objects after a change that the renderer told."""
        gone = set(change["gone"])
        left = [document for position, document in enumerate(self.documents) if position not in gone]
        return objects_of(left + change["come"])

    def field_in(self, objects, field):
        """The value of a field in objects, or MISSING."""
        document = objects.get(identity_of(field))
        return MISSING if document is None else at(document["object"], field["steps"])

    def moved(self, objects):
        """The fields that differ: kind, name and path; `/` for whole objects."""
        result = []
        for identity in self.objects.keys() | objects.keys():
            before, after = self.objects.get(identity), objects.get(identity)
            if before is after:
                continue
            if before is None or after is None:
                result.append((identity[1], identity[3], "/"))
                continue
            kind = identity[1]
            old = {text_of(steps): plain(value) for steps, value in leaves(kind, before["object"])}
            new = {text_of(steps): plain(value) for steps, value in leaves(kind, after["object"])}
            result += [
                (kind, identity[3], path) for path in old.keys() | new.keys()
                if old.get(path) != new.get(path) and not COMPUTED.search(path)
            ]
        return result

    def fields(self, each, dice):
        """A sample of the changes that people make: at most `each` of a class."""
        found = {}
        for identity, document in self.objects.items():
            for field in self.fields_of(identity, document, dice):
                found.setdefault(field["class"], []).append(field)
        result = []
        for name in sorted(found):
            choice = found[name]
            result += dice.sample(choice, min(each, len(choice)))
        return [field for field in result if (field["kind"], field["name"], text_of(field["steps"])) not in self.at_random]

    def fields_of(self, identity, document, dice):
        """All changes to an object that people may make."""
        version, kind, namespace, name = identity
        spec = document["object"]

        def field(of_class, steps, deployed, live):
            result = {
                "class": of_class, "template": document["source"], "apiVersion": version, "kind": kind,
                "namespace": namespace, "name": name, "path": to_segments(steps), "steps": steps,
            }
            if deployed is not MISSING:
                result["deployed"] = deployed
            if live is not MISSING:
                result["live"] = live
            return result

        for steps, value in leaves(kind, spec):
            of_class = class_of(kind, steps, value, document.get("structured", []))
            # What shares its keys with another element has no place of its own.
            if of_class is not None and plain(at(spec, steps)) == plain(value):
                live = changed(kind, steps, value, of_class, dice)
                if live is not MISSING and plain(live) != plain(value):
                    yield field(of_class, steps, value, live)
        for of_class, steps, deployed, live in additions(kind, spec):
            yield field(of_class, steps, deployed, live)
        for of_class, steps, deployed, live in removals(kind, spec, dice):
            if deployed is not MISSING and deployed not in ({}, [], None):
                yield field(of_class, steps, deployed, live)


def objects_of(documents):
    """Documents by their identity; of those that share one the last."""
    result = {}
    for document in documents:
        metadata = document["object"].get("metadata") or {}
        text = lambda value: value if isinstance(value, str) else ""
        identity = (
            text(document["object"].get("apiVersion")), text(document["object"].get("kind")),
            text(metadata.get("namespace")), text(metadata.get("name")),
        )
        result[identity] = document
    return result


def identity_of(field):
    return field["apiVersion"], field["kind"], field["namespace"], field["name"]
