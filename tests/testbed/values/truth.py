"""Which fields one key of the values controls, found by trying.

For each leaf of the values another value of the same type is rendered with Helm. Where it shows in a field, the value
that would make the field what lives is worked out, and rendered. A field for which that holds is controllable, and
the key is kept. Fields that were added or taken away are tried at the keys whose name or content fits.
"""

import re

from fields import changed_scalar, is_same
from places import MISSING, as_text, at, nodes, plain, with_key

# The names of keys under which charts take what is added, by the last words of the class.
NAMES = {
    "resources": r"resources",
    "nodeSelector": r"node_?selector",
    "toleration": r"tolerations",
    "priorityClassName": r"priority_?class(_?name)?",
    "env": r".*env.*",
    "args": r".*(args|arguments|flags|options)",
    "annotation": r".*annotations.*",
}


# The names of keys that hold a part of an image.
IMAGE_PARTS = re.compile(r".*(tag|version|registry|repository|image|digest)")


class Trial:
    """An open release, and what its fields become with other values."""

    def __init__(self, renderer, release, renders):
        self.renderer = renderer
        self.release = release
        self.left = renders

    def render(self, key, value):
        """What becomes of the objects with a key set; None if Helm refuses."""
        self.left -= 1
        values = with_key(self.release.config, self.release.merged, key, value)
        change = self.renderer.ask({"values": values})
        return None if "error" in change else self.release.objects_after(change)


def find(renderer, release, fields, renders):
    """Writes to each field the key that controls it as `controlled_by`, or None.

    About so many renders are spent, half of them on the fields that have another value: their number and not their
    time, so that the same is found on every machine.
    """
    for field in fields:
        field["controlled_by"] = None
    is_other = lambda field: "deployed" in field and "live" in field and not is_list_change(field)
    by_leaves(Trial(renderer, release, renders // 2), release, [field for field in fields if is_other(field)])
    rest = [field for field in fields if field["controlled_by"] is None and (not is_other(field) or isinstance(field["live"], list))]
    for field in rest:
        trial = Trial(renderer, release, max(4, renders // 2 // len(rest)))
        if field["class"].startswith("added"):
            by_names(trial, release, field)
        elif field["class"].startswith("removed"):
            by_taking_away(trial, release, field)
        else:
            by_lists(trial, release, field)


def is_list_change(field):
    """Whether elements were added to or taken from a list."""
    old, new = field["deployed"], field["live"]
    return isinstance(old, list) and isinstance(new, list) and len(old) != len(new)


def by_leaves(trial, release, fields):
    """Tries the leaves of the values, those first whose value a field shows."""
    texts = [shown_text(field)[0] for field in fields]
    words = {alike(step) for field in fields for kind, step in field["steps"] if kind == "key"}
    words |= {alike(value) for field in fields for kind, step in field["steps"] if kind == "match" for _, value in step}
    ranked = [
        (rank(key, value, texts, words), key, value) for key, value in nodes(release.merged)
        if not isinstance(value, (dict, list))
    ]
    for _, key, value in sorted((leaf for leaf in ranked if leaf[0] is not None), key=lambda leaf: leaf[0]):
        left = [field for field in fields if field["controlled_by"] is None]
        if not left or trial.left <= 0:
            return
        other = another(key, value)
        if other is MISSING:
            continue
        objects = trial.render(key, other)
        for field in left:
            now = release.field_in(objects, field) if objects else MISSING
            if objects is None:
                # The values are checked: what the field wants may be allowed.
                wanted = shown_text(field)[1]
                tries = [typed(wanted, value)] if as_text(value) == shown_text(field)[0] else []
            else:
                tries = what_to_set(field, now, value, other)
            for setting in tries:
                after = trial.render(key, setting)
                if after is not None and is_same(field["steps"], field["live"], release.field_in(after, field)):
                    field["controlled_by"] = list(key)
                    break


def shown_text(field):
    """The text of a field that changes, before and after; of a list the element."""
    old, new = field["deployed"], field["live"]
    if isinstance(old, list):
        pairs = [(before, after) for before, after in zip(old, new) if plain(before) != plain(after)]
        old, new = pairs[0] if pairs else ("", "")
    return as_text(old), as_text(new)


def rank(key, value, texts, words):
    """How soon a leaf is tried: equal to a field, inside of one, empty and named alike, empty. The others never."""
    text = as_text(value)
    if text:
        return 0 if text in texts else 1 if len(text) > 1 and any(text in other for other in texts) else None
    names = [alike(step) for step in key[-2:]]
    return 2 if names[-1] in words or IMAGE_PARTS.fullmatch(names[-1]) or names[0] in words else 3


def alike(name):
    """A name without what people write in different ways."""
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def another(key, value):
    """Another value of the same kind for a leaf; one that can be told from others in its place."""
    if value not in (None, ""):
        return changed_scalar(value)
    return "9.87.6" if IMAGE_PARTS.fullmatch(alike(key[-1])) else "zz"


def what_to_set(field, now, value, other):
    """What the leaf would have to hold for the field to be what lives, if `other` in its place makes it `now`."""
    if now is MISSING or plain(now) == plain(field["deployed"]):
        return []
    if isinstance(field["deployed"], list):
        if not isinstance(now, list) or len(now) != len(field["deployed"]):
            return []
        position = next(
            (at for at, pair in enumerate(zip(field["deployed"], field["live"])) if plain(pair[0]) != plain(pair[1])), 0)
        now = now[position]
    elif isinstance(now, (dict, list)):
        return []
    now, mark, wanted = as_text(now), as_text(other), shown_text(field)[1]
    settings = []
    for found in re.finditer(re.escape(mark), now):
        before, after = now[:found.start()], now[found.end():]
        fits = wanted.startswith(before) and wanted.endswith(after) and len(wanted) >= len(before) + len(after)
        if fits:
            middle = wanted[len(before):len(wanted) - len(after)]
            settings.append(typed(middle, value))
    return settings[:3]


def typed(text, like):
    """A text as a value of the type that a key holds now."""
    if isinstance(like, bool) and text in ("true", "false"):
        return text == "true"
    if isinstance(like, (int, float)) and not isinstance(like, bool):
        try:
            return float(text) if "." in text else int(text)
        except ValueError:
            return text
    return text


def by_names(trial, release, field):
    """Tries to add at the keys that are named alike, and at the empty ones."""
    word = field["class"].split()[-1]
    named = re.compile(NAMES[word], re.I)
    last = [step for kind, step in field["steps"] if kind == "key"][-1]
    tries = []
    for key, held in nodes(release.merged):
        if isinstance(key[-1], int):
            continue
        fits = named.fullmatch(key[-1]) is not None
        if not fits and held not in ({}, [], None, ""):
            continue
        tries += [(not fits, len(key), key, setting) for setting in with_addition(word, held, field, last)]
    for _, _, key, setting in sorted(tries, key=lambda item: item[:2])[:60]:
        if trial.left <= 0:
            return
        after = trial.render(key, setting)
        if after is not None and is_same(field["steps"], field["live"], release.field_in(after, field)):
            field["controlled_by"] = list(key)
            return


def with_addition(word, held, field, last):
    """What a key may hold for the addition to be there."""
    live, is_map, is_list = field["live"], isinstance(held, dict) or held in (None, ""), isinstance(held, list) or held in (None, "")
    if word == "resources":
        part = field["steps"][-2][1]
        inner = held.get(part) if isinstance(held, dict) else None
        return [{**(held or {}), part: {**(inner or {}), last: live}}] if is_map else []
    if word in ("nodeSelector", "annotation"):
        return [{**(held or {}), last: live}] if is_map else []
    if word == "priorityClassName":
        return [live] if held in (None, "") else []
    settings = []
    if is_list:
        settings.append([*(held or []), live[-1] if word in ("args", "toleration") else live])
    if is_map and word == "env":
        settings.append({**(held or {}), live["name"]: live["value"]})
    if is_map and word == "args":
        settings.append({**(held or {}), "hotfix-level": "7"})
    return settings


def by_taking_away(trial, release, field):
    """Tries to take away at the keys that hold what is gone, or that have its name."""
    gone = gone_parts(field)
    names = [step for kind, step in field["steps"] if kind == "key"][-1:]
    names += [str(value) for kind, step in field["steps"][-1:] if kind == "match" for _, value in step]
    tries = []
    for key, held in nodes(release.merged):
        same = plain(held) in gone
        if same or key[-1] in names:
            tries.append((not same, len(key), key))
    for _, _, key in sorted(tries, key=lambda item: item[:2])[:40]:
        if trial.left <= 0:
            return
        where, setting = (key, None)
        if isinstance(key[-1], int):
            where = key[:-1]
            outer = at_key(release.merged, where)
            setting = [item for position, item in enumerate(outer) if position != key[-1]]
        for value in [setting] if setting is not None else [None, "", {}]:
            after = trial.render(where, value)
            if after is not None and is_same(field["steps"], field.get("live", MISSING), release.field_in(after, field)):
                field["controlled_by"] = list(where)
                return


def gone_parts(field):
    """What is gone, as `plain` writes it: the value, or the element of a list."""
    old, new = field["deployed"], field.get("live", MISSING)
    parts = [plain(old)]
    if isinstance(old, list) and isinstance(new, list):
        left = [plain(item) for item in new]
        parts = [plain(item) for item in old if plain(item) not in left]
    if isinstance(old, dict) and "value" in old:
        parts.append(plain(old["value"]))
    return parts


def by_lists(trial, release, field):
    """Tries the lists of the values that a field shows whole."""
    for key, held in nodes(release.merged):
        if isinstance(held, list) and plain(held) == plain(field["deployed"]) and trial.left > 0:
            after = trial.render(key, field["live"])
            if after is not None and is_same(field["steps"], field["live"], release.field_in(after, field)):
                field["controlled_by"] = list(key)
                return


def at_key(values, key):
    """What a key that is known to be there holds."""
    for step in key:
        values = values[step]
    return values
