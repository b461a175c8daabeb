"""Words that nobody wrote, and YAML."""

import json
import random
import re

SYLLABLES = [first + second for first in "b c d f g k l m n p r s t v st tr pl".split() for second in "a e i o u ar en or".split()]
PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9_./, -]*[A-Za-z0-9_./-])?")
# What YAML 1.1 reads as something else than a word.
NOT_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


class Words:
    """As repetitive as the descriptions of real definitions: the same sentences again and again."""

    def __init__(self, seed):
        dice = random.Random(f"{seed}/words")
        self.words = sorted({"".join(dice.choices(SYLLABLES, k=dice.randint(1, 3))) for _ in range(1500)} - NOT_WORDS)
        self.sentences = [self.new_sentence(dice) for _ in range(110)]
        self.names = [self.new_name(dice) for _ in range(220)]

    def new_sentence(self, dice):
        return " ".join(dice.choices(self.words, k=dice.randint(5, 18))).capitalize() + "."

    def word(self, dice):
        return dice.choice(self.words)

    def name(self, dice):
        """The name of a field."""
        return dice.choice(self.names)

    def new_name(self, dice):
        return self.word(dice) + "".join(self.word(dice).capitalize() for _ in range(dice.randint(0, 2)))

    def sentence(self, dice):
        return dice.choice(self.sentences)

    def lines(self, dice, size):
        """Lines of so many bytes together, some of them new."""
        lines, left = [], size
        while left > 0:
            line = self.new_sentence(dice) if dice.random() < 0.1 else self.sentence(dice)
            lines.append(line)
            left -= len(line) + 1
        return "\n".join(lines) + "\n"


def scalar(value):
    if isinstance(value, str) and PLAIN.fullmatch(value) and value.lower() not in NOT_WORDS:
        return value
    return json.dumps(value)


def yaml(value, indent=0):
    """A map or a list in block style, with a line break at its end."""
    return "".join(f"{line}\n" for line in lines(value, " " * indent))


def lines(value, indent):
    entries = value.items() if isinstance(value, dict) else (("-", item) for item in value)
    for key, item in entries:
        start = f"{indent}-" if key == "-" else f"{indent}{scalar(key)}:"
        if isinstance(item, (dict, list)) and item:
            inner = lines(item, indent + "  ")
            if key == "-":
                # The first line of an item stands beside its dash.
                yield f"{indent}- {next(inner).lstrip(' ')}"
            else:
                yield start
            yield from inner
        elif isinstance(item, str) and item.endswith("\n") and not item.endswith("\n\n") and item[0] not in " \n":
            yield f"{start} |"
            yield from (f"{indent}  {line}" if line else "" for line in item[:-1].split("\n"))
        else:
            yield f"{start} {scalar(item)}"
