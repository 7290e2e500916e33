#!/usr/bin/env python3
"""Writes the cases of this folder: python3 make.py"""
import os, struct

here = os.path.dirname(os.path.abspath(__file__))
PROCESS, TEXT, MAPPING, UNMAPPING, THREAD, NAME, THREAD_END, STACK, CPU, WALL, STATS, END = range(1, 13)
HEAP_BEGIN, HEAP, HEAP_STATS = range(20, 23)
SECOND = 10**9


def record(kind, fixed, tail=b"", extra=b""):
    """Fields behind the head, the variable part, and fields of a later version between them."""
    body = fixed + extra
    size = (8 + len(body) + len(tail) + 7) // 8 * 8
    return (struct.pack("<IHH", size, kind, 8 + len(body)) + body + tail).ljust(size, b"\0")


def block(pid, image, sequence, time, *records):
    body = b"".join(records)
    return struct.pack("<IIIIQQQ", 0x424B4450, 40 + len(body), pid, len(records), image, time, sequence) + body


def head(major=1):
    return b"\xb5pdrec\r\n" + struct.pack("<HHIQQ", major, 0, 32, 1700000000 * SECOND, 100 * SECOND)


def process(pid, path=b"/opt/shop/server", cpu=10**7, wall=0, engine=1):
    return record(PROCESS, struct.pack("<IIQQQQQII", pid, 1, 1700000000 * SECOND, 100 * SECOND, cpu, wall, 4000000, engine, len(path)), path)


def text(key, value):
    return record(TEXT, struct.pack("<II", len(key), len(value)), key + value)


def mapping(start, limit, path, build=b"", flags=0, offset=0x1000):
    return record(MAPPING, struct.pack("<QQQIIII", start, limit, offset, flags, len(path), len(build), 0), path + build)


def stack(number, *addresses, flags=0, n=None):
    return record(STACK, struct.pack("<IIII", number, flags, len(addresses) if n is None else n, 0), struct.pack("<%dQ" % len(addresses), *addresses))


def thread(kind, tid, time, cpu):
    return record(kind, struct.pack("<IIQQ", tid, 0, time, cpu))


def name(tid, text):
    return record(NAME, struct.pack("<II", tid, len(text)), text)


def cpu(tid, time, number, count=1, flags=0, extra=b""):
    return record(CPU, struct.pack("<QIIII", time, tid, number, count, flags), extra=extra)


def wall(tid, time, clock, number, flags=0):
    return record(WALL, struct.pack("<QQIIII", time, clock, tid, number, flags, 0))


def stats(time, cpu=2 * SECOND, agent=10**6, handler=2 * 10**6, signals=3, periods=5, lost=0, truncated=1, incomplete=1, late=0):
    return record(STATS, struct.pack("<14Q", time, cpu, agent, handler, signals, periods, lost, truncated, incomplete, late, 2048, 8192, 2, 0))


def heap_begin(time, period=512 << 10):
    return record(HEAP_BEGIN, struct.pack("<QQ", time, period))


def heap(tid, time, number, allocated, freed, sampled=(1, 0)):
    return record(HEAP, struct.pack("<QIIQQQQQQ", time, tid, number, *allocated, *freed, *sampled))


def heap_stats(time, *sums):
    return record(HEAP_STATS, struct.pack("<9Q", time, *sums))


def end(time, reason=1):
    return record(END, struct.pack("<QII", time, reason, 0))


def write(stem, *parts):
    with open(os.path.join(here, stem + ".in"), "wb") as f:
        f.write(b"".join(parts))


T = 100 * SECOND
server = mapping(0x10000, 0x20000, b"/opt/shop/server", bytes(range(20)), 1)
libc = mapping(0x40000000, 0x40100000, b"/lib/libc.so.6", b"\xab\xcd")
begin = [process(7), server, libc, thread(THREAD, 7, T, 0), name(7, b"main"), thread(THREAD, 8, T, 0), name(8, b"worker 1")]
first = block(7, T, 0, T + 10**8, *begin, stack(1, 0x40000123, 0x10200, 0x10100), cpu(7, T + 10**7, 1), stack(2, 0x10300, 0x10100, flags=1), cpu(8, T + 2 * 10**7, 2, 3))
last = block(7, T, 1, T + 2 * SECOND, stack(3, 0x99, flags=2), cpu(8, T + SECOND, 3), thread(THREAD_END, 8, T + SECOND, SECOND), stats(T + 2 * SECOND), end(T + 2 * SECOND))
texts = block(0, 0, 0, 0, text(b"record.command", b"./server --fast"))

write("cpu", head(), texts, first, last)
write("killed", head(), first)
write("gap", head(), first, block(7, T, 5, T + SECOND, cpu(7, T + SECOND, 1), cpu(7, T + SECOND, 77), end(T + SECOND)))
write("torn", head(), first[:-20], first, b"\0" * 13, last)
write("later-version", head(), first, block(7, T, 1, T + SECOND, record(99, b"\0" * 16), cpu(8, T + SECOND, 2, extra=b"\0" * 8), end(T + SECOND)))
# a library goes and another comes where it was: the same address is not the same place
plug = [mapping(0x50000000, 0x50001000, b"/opt/shop/a.so"), stack(1, 0x50000100), cpu(7, T + 1, 1),
        record(UNMAPPING, struct.pack("<QQ", 0x50000000, 0x50001000)), stack(2, 0x50000100), cpu(7, T + 2, 2),
        mapping(0x50000000, 0x50002000, b"/opt/shop/b.so"), stack(3, 0x50000100), cpu(7, T + 3, 3)]
write("unmapped", head(), block(7, T, 0, T + 10, process(7), *plug, end(T + 10)))
# a child, an exec of the same process (another image), different programs
write("processes", head(), first, block(9, T + 5, 0, T + 6, process(9, b"sh"), server, thread(THREAD, 9, T + 5, 0), stack(1, 0x10200), cpu(9, T + 6, 1), end(T + 6, 2)),
      block(9, T + 7, 0, T + 8, process(9, b"/bin/gzip", 5 * 10**6), server, thread(THREAD, 9, T + 7, 0), stack(1, 0x10300), cpu(9, T + 8, 1), end(T + 8)), last)
# thread 7 runs 3 of 10 ms, sleeps a second, is alive at the end; thread 8 dies without a look
looks = [thread(THREAD, 7, T, 10**6), stack(1, 0x40000123, 0x10100), wall(7, T + 10**7, 4 * 10**6, 1), wall(7, T + 10**7 + SECOND, 4 * 10**6, 1, 1),
         thread(THREAD, 8, T, 0), thread(THREAD_END, 8, T + 5 * 10**6, 10**6), stack(2, 0x10200, 0x10100), wall(7, T + 3 * 10**7 + SECOND, 24 * 10**6, 2)]
write("wall", head(), block(7, T, 0, T + 2 * SECOND, process(7, cpu=0, wall=10**7), server, libc, *looks, stats(T + 2 * SECOND), end(T + 2 * SECOND)))
write("both", head(), block(7, T, 0, T + 2 * SECOND, process(7, wall=10**7, engine=2), server, libc, *looks, cpu(7, T + 5 * 10**6, 2), end(T + 2 * SECOND)))
# the same stack twice, a thread nobody knows, what was freed later; a stack that does not exist, more than there can be, no period
blocks = [heap_begin(T), stack(1, 0x40000123, 0x10100), heap(7, T + 5, 1, (1000, 64000), (0, 0)), heap(7, T + SECOND, 1, (10, 640), (1010, 64640), (1, 2)),
          stack(2, 0x10200, 0x10100), heap(0, T + SECOND, 2, (1, 4 << 20), (0, 0)), heap_stats(T + SECOND, 4300000, 4258944, 64640, 3, 2, 1, 0, 900)]
write("heap", head(), block(7, T, 0, T + 2 * SECOND, process(7, cpu=0), server, libc, thread(THREAD, 7, T, 0), name(7, b"main"), *blocks, stats(T + SECOND), end(T + 2 * SECOND)))
write("heap-and-cpu", head(), block(7, T, 0, T + SECOND, process(7), server, thread(THREAD, 7, T, 0), *blocks, cpu(7, T + 5, 2), end(T + SECOND)))
write("heap-nonsense", head(), block(7, T, 0, T + SECOND, heap_begin(T), process(7), heap(7, T, 1, (1, 1), (0, 0)), heap_begin(T, 0), heap_begin(T), record(HEAP_BEGIN, b""), heap(7, T, 1, (1, 1), (0, 0)),
      stack(1, 0x10200), heap(7, T, 1, (1 << 63, 1), (0, 0)), heap(7, T, 1, (1, 1), (0, (1 << 64) - 1)), record(HEAP_STATS, b"\0" * 8), end(T + SECOND)))
write("wall-backwards", head(), block(7, T, 0, T + SECOND, process(7, cpu=0, wall=10**7), thread(THREAD, 7, T, 0), stack(1, 1), wall(7, T + 10, 5, 1), wall(7, T + 5, 6, 1), end(T + 10)))
write("nonsense", head(), block(7, T, 0, T, process(7), process(7), stack(1, 1, n=1 << 28), stack(0), mapping(9, 9, b""), name(7, b"")[:16] + b"", cpu(7, T, 4),
      record(STATS, b"\0" * 8), record(END, b""), record(THREAD, b"\0" * 8), record(TEXT, struct.pack("<II", 1 << 30, 1))))
write("no-samples", head(), block(7, T, 0, T + SECOND, process(7, wall=10**7), stats(T + SECOND, signals=0, periods=0), end(T + SECOND)))
write("empty", head())
write("next-major", head(2))
write("cut-head", head()[:20])
