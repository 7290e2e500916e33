#!/usr/bin/env python3
"""Writes the .in files of this folder: small profiles as different producers write them, field by field."""
import os

STRINGS = ["", "samples", "count", "cpu", "nanoseconds", "main", "/src/main.c", "/bin/app", "abc123", "work", "thread", "worker 1",
           "bytes", "comm", "pid", "inlined", "_Zmain"]
S = {text: i for i, text in enumerate(STRINGS)}


def varint(v):
    v &= (1 << 64) - 1
    out = bytearray()
    while v > 127:
        out.append(v & 127 | 128)
        v >>= 7
    out.append(v)
    return bytes(out)


def num(field, v):
    return varint(field << 3) + varint(v)


def blob(field, *parts):
    data = b"".join(p.encode() if isinstance(p, str) else p for p in parts)
    return varint(field << 3 | 2) + varint(len(data)) + data


def nums(field, *values):
    """A list the way Go writes it: packed when longer than two."""
    if len(values) > 2:
        return blob(field, *map(varint, values))
    return b"".join(num(field, v) for v in values)


def message(field, **fields):
    return blob(field, *(num(int(k[1:]), v) for k, v in fields.items()))


TYPES = message(1, _1=S["samples"], _2=S["count"]) + message(1, _1=S["cpu"], _2=S["nanoseconds"])
MAPPING = message(3, _1=1, _2=0x400000, _3=0x500000, _4=0x1000, _5=S["/bin/app"], _6=S["abc123"], _7=1)
FUNCTIONS = (message(5, _1=1, _2=S["main"], _3=S["_Zmain"], _4=S["/src/main.c"], _5=10) + message(5, _1=2, _2=S["work"]) +
             message(5, _1=3, _2=S["inlined"]))
STRING_TABLE = b"".join(blob(6, s) for s in STRINGS)


def location(id, function, address=None, mapping=1, line=12):
    return blob(4, num(1, id), num(2, mapping) if mapping else b"", num(3, address or 0x400000 + id),
                message(4, _1=function, _2=line))


LOCATIONS = location(1, 1) + location(2, 2) + location(3, 2, line=0)


def sample(ids, values, *labels):
    return blob(2, nums(1, *ids), nums(2, *values), *labels)


def label(**fields):
    return message(3, **fields)


HEADER = num(9, 1700000000000000000) + num(10, 30000000000) + message(11, _1=S["cpu"], _2=S["nanoseconds"]) + num(12, 10000000)
TAIL = MAPPING + LOCATIONS + FUNCTIONS + STRING_TABLE
SAMPLES = sample([2, 1], [1, 10]) + sample([3, 2, 1], [2, 20], label(_1=S["thread"], _2=S["worker 1"]))

cases = {
    "library-order": TYPES + SAMPLES + TAIL + num(7, S["main"]) + num(8, S["work"]) + HEADER + num(13, S["worker 1"]) +
                     num(14, S["cpu"]) + num(15, S["/bin/app"]),
    # locations and functions between the samples, strings last
    "go-runtime-order": HEADER + TYPES + location(1, 1) + FUNCTIONS + location(2, 2) + sample([2, 1], [1, 10]) + location(3, 2) +
                        sample([3, 2, 1], [2, 20]) + MAPPING + STRING_TABLE,
    "lists-packed-and-not": TYPES + blob(2, blob(1, varint(3)), num(1, 2), blob(1, varint(1)), num(2, 5), blob(2, varint(-5))) + TAIL,
    "inlined-lines-columns-folded": TYPES + sample([7], [1, 10]) + TAIL +
                                    blob(4, num(1, 7), num(3, 77), message(4, _1=3, _2=7, _3=4), message(4, _1=1, _2=12), num(5, 1)),
    "addresses-only": TYPES + sample([8, 9], [1, 10]) + TAIL + message(4, _1=8, _2=1, _3=0x400008) + message(4, _1=9, _3=0xffffffff81000000),
    "location-id-zero": TYPES + sample([0, 1], [1, 10]) + TAIL + location(0, 2, 0x400777),
    "ids-of-any-size": TYPES + sample([2**64 - 1, 10**12, 1], [1, 10]) + TAIL + location(2**64 - 1, 2**40, 5) + location(10**12, 2) +
                       message(5, _1=2**40, _2=S["inlined"]),
    "mapping-not-in-table": TYPES + sample([4], [1, 10]) + TAIL + location(4, 1, mapping=9),
    "no-mappings": TYPES + SAMPLES + location(1, 1, mapping=0) + location(2, 2, mapping=0) + location(3, 2, mapping=0) + FUNCTIONS + STRING_TABLE,
    "mapping-without-id": TYPES + SAMPLES + TAIL + message(3, _2=0x7000, _3=0x8000, _5=S["work"]),
    "type-without-name": blob(1) + sample([2, 1], [7]) + TAIL,
    "several-empty-strings": TYPES + SAMPLES + TAIL + blob(6) + blob(6) + blob(6, "last") + num(13, len(STRINGS) + 2),
    "string-zero-not-empty": message(1, _1=0, _2=1) + blob(2, num(1, 1), num(2, 5)) + message(4, _1=1, _3=64) + blob(6, "cpu") +
                             blob(6, "nanoseconds"),
    "samples-without-locations": TYPES + sample([], [1, 10]) + sample([], [2, 20]) + TAIL,
    "no-samples": HEADER + TYPES + STRING_TABLE,
    "negative-values": TYPES + sample([1], [-1, -2**63]) + TAIL,
    "names-not-utf-8": TYPES + sample([5], [1, 10], label(_1=S["thread"], _2=len(STRINGS))) + TAIL + location(5, 5) +
                       message(5, _1=5, _2=len(STRINGS) + 1) + blob(6, b"\xff\xfe;\n") + blob(6, b"caf\xe9"),
    "unknown-fields": TYPES + blob(2, num(1, 1), num(9, 1), nums(2, 1, 10)) + TAIL + blob(99, "later version"),
    "line-without-function": TYPES + sample([5], [1, 10]) + TAIL + blob(4, num(1, 5), message(4, _2=99)),
    "labels": TYPES + sample([1], [1, 10], label(_1=S["bytes"], _3=64, _4=S["bytes"]), label(_1=S["thread"], _2=S["worker 1"]),
                             label(_1=S["thread"], _2=S["main"]), label(_1=S["thread"], _3=-4)) + TAIL,
    "labels-of-nothing": TYPES + sample([1], [1, 1], label(_1=S["thread"])) + sample([1], [2, 2], label(_1=S["bytes"])) +
                         sample([1], [3, 3], label(_1=S["bytes"], _3=8)) + sample([1], [4, 4], label(_1=S["work"], _3=0)) +
                         sample([1], [5, 5], label(_1=S["bytes"], _2=0)) + sample([1], [6, 6], label(_1=S["work"], _4=S["bytes"])) + TAIL,
    "label-with-string-and-number": TYPES + sample([1], [1, 10], label(_1=S["thread"], _2=S["worker 1"], _3=5)) + TAIL,
    "labels-of-perf": TYPES + sample([1], [1, 10], label(_1=S["comm"], _2=S["work"]), label(_1=S["pid"], _3=12)) + TAIL,
    "own-comments": TYPES + SAMPLES + TAIL + HEADER + num(13, len(STRINGS)) + num(13, len(STRINGS) + 1) + num(13, len(STRINGS) + 2) +
                    blob(6, "# of others") + blob(6, "#profdata: end_nanos=1700000060000000000") + blob(6, "#profdata: root_label=thread"),
    "table-entry-repeated": TYPES + SAMPLES + TAIL + location(1, 1),
    "error-value-count": TYPES + SAMPLES + sample([1], [1, 2, 3, 4]) + TAIL,
    "error-no-sample-types": SAMPLES + TAIL,
    "error-location-not-in-table": TYPES + SAMPLES + sample([1, 70], [1, 2]) + TAIL,
    "error-function-not-in-table": TYPES + SAMPLES + TAIL + location(5, 50),
    "error-string-not-in-table": TYPES + SAMPLES + TAIL + message(5, _1=9, _2=1, _4=500),
    "error-id-twice": TYPES + SAMPLES + TAIL + location(2, 1),
    "error-wire-type": TYPES + SAMPLES + TAIL + blob(9, "1700000000"),
    "error-group": TYPES + SAMPLES + TAIL + varint(16 << 3 | 3),
    "error-varint": TYPES + SAMPLES + TAIL + varint(12 << 3) + b"\xff" * 9 + b"\x02",
    "error-concatenated": (TYPES + SAMPLES + TAIL + HEADER) * 2,
    "error-concatenated-without-times": (TYPES + SAMPLES + TAIL) * 2,
    "error-truncated": (TYPES + SAMPLES + TAIL + HEADER)[:-60],
}

os.chdir(os.path.dirname(os.path.abspath(__file__)))
for name, data in cases.items():
    with open(name + ".in", "wb") as f:
        f.write(data)
