"""Documents, dictionaries, strings, lists and objects; the argument says how many."""

import json
import re
import sys


class Record:
    def __init__(self, number, name, tags):
        self.number = number
        self.name = name
        self.tags = tags


def draws(seed):
    while True:
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        yield seed >> 8


def document(random, number):
    return {
        "number": number,
        "name": "name %d" % (next(random) % 10000),
        "tags": ["tag%d" % (next(random) % 300) for _ in range(next(random) % 8)],
        "parts": [{"weight": next(random) % 1000 / 8, "size": next(random) % 99} for _ in range(next(random) % 5)],
    }


def main(count):
    random = draws(42)
    documents = [document(random, number) for number in range(count)]
    text = json.dumps(documents)
    parsed = json.loads(text)
    assert parsed == documents

    by_tag = {}
    for each in parsed:
        record = Record(each["number"], each["name"].title(), tuple(each["tags"]))
        for tag in record.tags:
            by_tag.setdefault(tag, []).append(record)

    words = {}
    for match in re.finditer(r"[a-z]+ ?\d+", text):
        word = match.group().upper()
        words[word] = words.get(word, 0) + 1

    window = []
    total = 0
    for number in range(4 * count):
        window.append(bytes(next(random) % 2000))
        if len(window) > 500:
            total += len(window.pop(next(random) % 500))

    lines = ["%s:%d" % (word, seen) for word, seen in sorted(words.items())]
    print(len(text), len(by_tag), sum(len(held) for held in by_tag.values()), total)
    print("\n".join(lines[:50]), len(lines), len("".join(lines)))


main(int(sys.argv[1]))
