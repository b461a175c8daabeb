"""Custom resource definitions as operators ship them, and objects of their kinds."""

# Half of them have less than this, and the mean is about twice as much.
USUAL_BYTES = 37_000
LARGEST_BYTES = 700_000
# A leaf with its description.
LEAF_BYTES = 190


def definition(words, dice, number):
    """The definition of the kind of this number."""
    singular = f"{words.word(dice)}{number}"
    kind, group = singular.capitalize(), f"{words.word(dice)}.example.com"
    size = min(LARGEST_BYTES, int(dice.lognormvariate(0, 1.2) * USUAL_BYTES))
    versions = ["v1", "v1alpha1"] if size > USUAL_BYTES and dice.random() < 0.2 else ["v1"]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{singular}s.{group}", "annotations": {"controller-gen.example.com/version": "v0.16.1"}},
        "spec": {
            "group": group,
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": f"{singular}s", "singular": singular},
            "scope": "Namespaced",
            "versions": [version(words, dice, name, size // len(versions)) for name in versions],
        },
    }


def version(words, dice, name, size):
    spec = schema(words, dice, max(size - 1500, 0))
    spec["properties"].update(
        {
            "replicas": {"description": words.sentence(dice), "format": "int32", "type": "integer"},
            "image": {"description": words.sentence(dice), "type": "string"},
            "selector": {"additionalProperties": {"type": "string"}, "type": "object"},
            "parts": {
                "items": {
                    "properties": {"name": {"type": "string"}, "size": {"type": "integer"}},
                    "required": ["name"],
                    "type": "object",
                },
                "type": "array",
                "x-kubernetes-list-map-keys": ["name"],
                "x-kubernetes-list-type": "map",
            },
        }
    )
    return {
        "name": name,
        "served": True,
        "storage": name == "v1",
        "subresources": {"status": {}},
        "additionalPrinterColumns": [{"jsonPath": ".spec.replicas", "name": "Replicas", "type": "integer"}],
        "schema": {
            "openAPIV3Schema": {
                "description": words.sentence(dice),
                "properties": {
                    "apiVersion": {"type": "string"},
                    "kind": {"type": "string"},
                    "metadata": {"type": "object"},
                    "spec": spec,
                    "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                },
                "type": "object",
            }
        },
    }


def schema(words, dice, size, depth=0):
    """An object with properties of so many bytes together, as JSON."""
    properties = {}
    while size > LEAF_BYTES:
        name = words.name(dice)
        if name in properties:
            name += str(len(properties))
        if size < 3 * LEAF_BYTES or depth > 5 or dice.random() < 0.6:
            properties[name] = leaf(words, dice)
            size -= LEAF_BYTES
            continue
        share = int(size * dice.uniform(0.1, 0.7))
        inner = schema(words, dice, share, depth + 1)
        properties[name] = {"items": inner, "type": "array"} if dice.random() < 0.3 else inner
        size -= share + 60
    return {"description": words.sentence(dice), "properties": properties, "type": "object"}


def leaf(words, dice):
    described = {"description": f"{words.sentence(dice)} {words.sentence(dice)}"[: dice.randint(30, 250)].rstrip(" .,")}
    types = [
        {"type": "string"},
        {"type": "string"},
        {"type": "boolean"},
        {"format": "int64", "type": "integer"},
        {"items": {"type": "string"}, "type": "array"},
        {"additionalProperties": {"type": "string"}, "type": "object"},
        {"enum": ["Always", "Never", "IfNotPresent"], "type": "string"},
        {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True},
    ]
    return {**described, **dice.choice(types)}


def custom_object(words, dice, crd):
    """The kind and the content of an object that a definition allows."""
    return {
        "apiVersion": f"{crd['spec']['group']}/v1",
        "kind": crd["spec"]["names"]["kind"],
        "spec": {
            "replicas": dice.randint(1, 5),
            "image": f"registry.example.com/{words.word(dice)}:{dice.randint(1, 9)}.{dice.randint(0, 20)}.0",
            "selector": {words.word(dice): words.word(dice) for _ in range(dice.randint(1, 4))},
            "parts": [{"name": f"part-{number}", "size": dice.randint(1, 99)} for number in range(dice.randint(1, 6))],
        },
    }
