"""Places in objects and in values: how they are named, read, set and compared.

A place in an object is a tuple of steps, as driftline's paths have them: `("key", "spec")`, `("index", 0)`,
`("match", (("name", "web"),))`. A key of the values is a tuple of names and positions: `("env", 0, "value")`.
"""

import copy
import json

MISSING = object()

WORKLOADS = {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Pod"}
# The lists whose elements the API server knows by keys, by the name of the list. Others are known as a whole.
KEYED_IN_PODS = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "ports": ("containerPort", "protocol"),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "volumes": ("name",),
    "imagePullSecrets": ("name",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
}
KEYED_IN_SERVICES = {"ports": ("port", "protocol")}
DEFAULTS = {"protocol": "TCP"}


def keys_of_list(kind, steps, items):
    """The keys that name the elements of a list; none if the list is known as a whole."""
    last = steps[-1] if steps else None
    if last is None or last[0] != "key":
        return ()
    names = KEYED_IN_PODS if kind in WORKLOADS else KEYED_IN_SERVICES if kind == "Service" else {}
    keys = names.get(last[1], ())
    if not keys or not all(isinstance(item, dict) for item in items):
        return ()
    named = [element_keys(item, keys) for item in items]
    return keys if len(set(named)) == len(named) else ()


def element_keys(item, keys):
    """The keys of an element with their values."""
    return tuple((key, item.get(key, DEFAULTS.get(key))) for key in keys)


def leaves(kind, value, steps=()):
    """Every place that a finding can name, with its value: scalars, empty maps, and lists that are one value."""
    if isinstance(value, dict) and value:
        for key, child in value.items():
            yield from leaves(kind, child, (*steps, ("key", key)))
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        keys = keys_of_list(kind, steps, value)
        for position, item in enumerate(value):
            step = ("match", element_keys(item, keys)) if keys else ("index", position)
            yield from leaves(kind, item, (*steps, step))
    else:
        yield steps, value


def at(value, steps):
    """The value at a place, or MISSING."""
    for kind, step in steps:
        if kind == "key":
            value = value.get(step, MISSING) if isinstance(value, dict) else MISSING
        elif not isinstance(value, list):
            return MISSING
        elif kind == "index":
            value = value[step] if step < len(value) else MISSING
        else:
            keys = tuple(key for key, _ in step)
            found = [item for item in value if isinstance(item, dict) and element_keys(item, keys) == step]
            value = found[0] if len(found) == 1 else MISSING
        if value is MISSING:
            return MISSING
    return value


def to_segments(steps):
    """A place as the question to driftline has it."""
    return [{kind: dict(step) if kind == "match" else step} for kind, step in steps]


def from_segments(segments):
    """The place that `to_segments` wrote."""
    return tuple(
        (kind, tuple(step.items()) if kind == "match" else step) for item in segments for kind, step in item.items()
    )


def text_of(steps):
    """A place as reports write it: `/spec/containers[name=app]/image`."""
    text = ""
    for kind, step in steps:
        if kind == "match":
            text += "[%s]" % ",".join("%s=%s" % (key, in_brackets(value)) for key, value in step)
        elif kind == "index":
            text += "[%d]" % step
        elif is_plain(step):
            text += "/" + step
        else:
            text += "[%s]" % json.dumps(step, ensure_ascii=False)
    return text or "/"


def is_plain(key):
    """Whether a key stands in a path without quotes."""
    return key != "" and not any(character in '/[]"=, ' or ord(character) < 32 for character in key)


def in_brackets(value):
    """A key's value inside of brackets."""
    if isinstance(value, str) and (is_plain(value.replace("/", "")) or value == "/"):
        return value
    return json.dumps(value, ensure_ascii=False)


def plain(value):
    """A value as one text that is the same for equal values: 1 and 1.0 are equal, 1 and "1" and true are not."""
    return json.dumps(whole_numbers(value), sort_keys=True)


def whole_numbers(value):
    if isinstance(value, dict):
        return {key: whole_numbers(child) for key, child in value.items()}
    if isinstance(value, list):
        return [whole_numbers(child) for child in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def as_text(value):
    """A scalar as templates print it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(whole_numbers(value))


def nodes(values, key=()):
    """Every key of the values with what it holds, from the outside in."""
    if key:
        yield key, values
    if isinstance(values, dict):
        for name, child in values.items():
            yield from nodes(child, (*key, name))
    elif isinstance(values, list):
        for position, child in enumerate(values):
            yield from nodes(child, (*key, position))


def value_at(values, key):
    """What a key of the values holds, or MISSING."""
    for step in key:
        if isinstance(values, dict) and step in values:
            values = values[step]
        elif isinstance(values, list) and isinstance(step, int) and step < len(values):
            values = values[step]
        else:
            return MISSING
    return values


def with_key(config, merged, key, value):
    """The user's values with a key set. Helm does not merge lists: those on the way are taken whole."""
    result = copy.deepcopy(config)
    position = next((at for at, step in enumerate(key) if isinstance(step, int)), None)
    if position is not None:
        # The whole list is set, with the change in it.
        outer, inner = key[:position], key[position:]
        whole = value_at(merged, outer)
        whole = copy.deepcopy(whole) if isinstance(whole, list) else []
        put(whole, inner, value)
        key, value = outer, whole
    put(result, key, value)
    return result


def put(values, key, value):
    """Sets a key in place; what is no map or list on the way becomes one."""
    for step, following in zip(key, key[1:]):
        child = value_at(values, (step,))
        if not isinstance(child, list if isinstance(following, int) else dict):
            child = [] if isinstance(following, int) else {}
            put(values, (step,), child)
        values = child
    last = key[-1]
    if isinstance(values, list):
        values.extend([None] * (last + 1 - len(values)))
    values[last] = value


def laid_over(config, snippet):
    """The user's values with another file of values after them, as Helm's `-f` lays them: only maps are merged."""
    result = dict(config)
    for name, value in snippet.items():
        if isinstance(value, dict) and isinstance(result.get(name), dict):
            result[name] = laid_over(result[name], value)
        else:
            result[name] = copy.deepcopy(value)
    return result
