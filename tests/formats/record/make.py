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


def wall(tid, time, clock, number, flags=0, waited=0):
    return record(WALL, struct.pack("<QQIIII", time, clock, tid, number, flags, waited))


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

# ---- waiting: a mutex (rate above the wait: it counts for more), a condition, blame; nonsense ----
LOCK, LOCK_WAIT, LOCK_HOLD, LOCK_STATS = range(30, 34)


def lock(kind, tid, time, ns, number, what=1, rate=10000):
    return record(kind, struct.pack("<QQQIIII", time, ns, rate, tid, number, what, 0))


begin_lock = record(LOCK, struct.pack("<Q", 10000))
waits = [begin_lock, stack(1, 0x40000123, 0x10100), stack(2, 0x10200, 0x10100), lock(LOCK_WAIT, 7, T + 10**6, 500000, 1), lock(LOCK_WAIT, 7, T + 2 * 10**6, 4000, 1),
         lock(LOCK_WAIT, 8, T + 3 * 10**6, 10**6, 1, 3), lock(LOCK_HOLD, 8, T + 4 * 10**6, 504000, 2), record(LOCK_STATS, struct.pack("<6Q", 3, 1, 0, 0, 10000, 20000))]
threads = [thread(THREAD, 7, T, 0), name(7, b"main"), thread(THREAD, 8, T, 0), name(8, b"worker 1")]
write("lock", head(), block(7, T, 0, T + SECOND, process(7, cpu=0), server, libc, *threads, *waits, stats(T + SECOND), end(T + SECOND)))
write("lock-nonsense", head(), block(7, T, 0, T + SECOND, lock(LOCK_WAIT, 7, T, 5, 1), process(7, cpu=0), lock(LOCK_WAIT, 7, T, 5, 1), begin_lock, lock(LOCK_WAIT, 7, T, 5, 1),
      stack(1, 0x10100), lock(LOCK_WAIT, 7, T, 5, 1, 0), lock(LOCK_WAIT, 7, T, 5, 1, 99), lock(LOCK_HOLD, 7, T, 1 << 63, 1), record(LOCK_WAIT, b"\0" * 8), record(LOCK_STATS, b""),
      end(T + SECOND)))

# ---- spans, calls, labels, names of functions ----
MARK_NAME, MARKS, MARK_SUMS, LABELS, LABELED, FUNCTION, SYMBOL = range(40, 47)
MARK_BEGIN, MARK_END, INSTANT, CALL, RETURN = range(1, 6)
INTEGER, REAL, ASYNC_BEGIN, ASYNC_END, FLOW_BEGIN, FLOW_END = range(128, 134)


def mark_name(number, name, category=b""):
    return record(MARK_NAME, struct.pack("<IIII", number, 0, len(name), len(category)), name + category)


def marks(tid, *events, cut=0):
    data = b"".join(struct.pack("<QII", e[0], e[1], e[2]) + (e[3] if len(e) > 3 else b"") for e in events)
    data = data[:len(data) - cut]
    return record(MARKS, struct.pack("<II", tid, len(data)), data)


def labels(number, *texts):
    data = b"".join(t + b"\0" for t in texts)
    return record(LABELS, struct.pack("<II", number, len(data)), data)


def labeled(tid, number):
    return record(LABELED, struct.pack("<II", tid, number))


def symbol(path, build, offset, *lines):
    texts = b"".join(n + s + f for n, s, f, _ in lines)
    table = b"".join(struct.pack("<IIII", len(n), len(s), len(f), at) for n, s, f, at in lines)
    return record(SYMBOL, struct.pack("<QIIII", offset, len(path), len(build), len(lines), 0), path + build + table + texts)


def u64(n):
    return struct.pack("<Q", n)


names = [symbol(b"/opt/shop/server", bytes(range(20)), 0x1200, (b"helper", b"helper", b"help.c", 7), (b"serve", b"serve", b"serve.c", 41))]
spans = [mark_name(1, b"handle", b"http"), mark_name(2, b"parse"), mark_name(3, b"queue"), labels(1, b"route", b"/cart", b"user", b"7"),
         marks(7, (T + 1000, MARK_BEGIN, 1), (T + 2000, MARK_BEGIN, 2), (T + 2500, INSTANT, 2), (T + 3000, MARK_END, 0), (T + 3000, INTEGER, 3, u64(5)), (T + 3500, REAL, 3, struct.pack("<d", 2.5))),
         stack(1, 0x10200, 0x10100), labeled(7, 1), cpu(7, T + 4000, 1), labeled(7, 0), marks(7, (T + 9000, MARK_END, 0)), cpu(7, T + 9500, 1),
         marks(7, (T + 9600, ASYNC_BEGIN, 1, u64(9)), (T + 9700, FLOW_BEGIN, 1, u64(3))), marks(8, (T + 9800, MARK_BEGIN, 2), (T + 9850, FLOW_END, 1, u64(3)), (T + 9900, ASYNC_END, 1, u64(9)))]
sums = record(MARK_SUMS, struct.pack("<7QII", T + SECOND, 9, 0, 0, 0, 0, 0, 0, 0))
write("spans", head(), block(0, 0, 0, 0, *names), block(7, T, 0, T + SECOND, process(7), server, libc, sums, *threads, *spans, sums, end(T + SECOND)))
# calls around a span; one that never returns; functions with a name and without
calls = [record(FUNCTION, struct.pack("<IIQ", 1, 0, 0x10200)), record(FUNCTION, struct.pack("<IIQ", 2, 0, 0x40000200)), mark_name(1, b"span"),
         marks(7, (T + 1000, CALL, 1), (T + 2000, MARK_BEGIN, 1), (T + 3000, CALL, 2), (T + 4000, RETURN, 2), (T + 5000, RETURN, 1), (T + 6000, MARK_END, 0), (T + 7000, CALL, 2))]
call_sums = record(MARK_SUMS, struct.pack("<7QII", T + SECOND, 4, 1, 20, 3, 2, 1000, 64, 0))
write("calls", head(), block(0, 0, 0, 0, *names), block(7, T, 0, T + SECOND, process(7, cpu=0), server, libc, call_sums, *threads, *calls, call_sums, end(T + SECOND)))
write("spans-nonsense", head(), block(0, 0, 0, 0, symbol(b"x", b"", (1 << 64) - 1), record(SYMBOL, b"\0" * 24), record(SYMBOL, struct.pack("<QIIII", 1, 1 << 30, 0, 1, 0)), record(SYMBOL, struct.pack("<QIIII", 1, 0, 0, 1 << 28, 0))),
      block(7, T, 0, T + SECOND, marks(7, (T, INSTANT, 1)), process(7), sums, mark_name(2, b"b"), mark_name(1, b"a"), record(MARK_NAME, struct.pack("<IIII", 3, 0, 1 << 20, 0)), labels(2, b"k", b"v"), labels(1, b"k", b"v"),
      labeled(7, 5), record(LABELS, struct.pack("<II", 9, 1 << 20)), labels(10, b"alone"), marks(7, (T, MARK_END, 0), (T, INSTANT, 77), (T, CALL, 5), (T, RETURN, 1), (T, 77, 2), (T, 200, 2, u64(1)), (1 << 63, INSTANT, 2)),
      marks(7, (T + 5, INTEGER, 2, u64(1)), cut=5), record(MARKS, struct.pack("<II", 7, 1 << 20)), record(FUNCTION, b""), record(MARK_SUMS, b"\0" * 8), end(T + SECOND)))

# ---- a thread that runs 3 ms, waits 2 ms for a CPU and sleeps 5 ms, over and over, looked at at known times ----
def life(looks, on=3, ready=2, asleep=5):
    """Looks (ms) at a thread that begins at 0, with what the kernel would say of it; stacks 1: it runs or waits for a CPU, 2: it sleeps."""
    cycle, told, out = on + ready + asleep, 0, []
    for at in looks:
        whole, rest = divmod(at, cycle)
        clock = whole * on + min(rest, on)
        waited = whole * ready + min(max(rest - on, 0), ready)
        out.append(wall(7, T + at * 10**6, clock * 10**6, 1 if rest < on + ready else 2, waited=(waited - told) * 1000))
        told = waited
    return out


write("ready", head(), block(7, T, 0, T + SECOND, process(7, cpu=0, wall=10**7), server, libc, thread(THREAD, 7, T, 0), stack(1, 0x40000123, 0x10100), stack(2, 0x10200, 0x10100),
                             *life([7, 12, 29, 31, 44, 58, 66, 73, 85, 100]), thread(THREAD_END, 7, T + 10**8, 3 * 10**7), end(T + SECOND)))
# it waited for longer than the stretch is, and more of it shows in the next ones; more than its life is long does not
write("ready-carried", head(), block(7, T, 0, T + SECOND, process(7, cpu=0, wall=10**7), server, libc, thread(THREAD, 7, T, 0), stack(1, 0x40000123, 0x10100),
                                     wall(7, T + 10**7, 10**6, 1, waited=12000), wall(7, T + 2 * 10**7, 10**6, 1, 1), wall(7, T + 3 * 10**7, 10**6, 1, waited=0xFFFFFFFF), end(T + 4 * 10**7)))

# ---- asleep in a system call; all threads at one moment ----
SLEEP, DUMP, DUMP_END, DUMP_BEGIN = range(50, 54)


def sleep(tid, time, call):
    return record(SLEEP, struct.pack("<QIi", time, tid, call))


def dump(tid, time, clock, number, state, call, wait=b"", which=1):
    return record(DUMP, struct.pack("<QQIIIiII", time, clock, tid, number, which, call, ord(state), len(wait)), wait)


asleep = [stack(1, 0x40000123, 0x10100), thread(THREAD, 7, T, 0), wall(7, T + 10**7, 10**6, 1), sleep(7, T + 2 * 10**7, 202), wall(7, T + SECOND, 10**6, 1, 1), sleep(7, T + SECOND, 9999),
          wall(7, T + SECOND + 10**7, 10**6, 1, 1), sleep(7, T + SECOND, -1), wall(7, T + SECOND + 2 * 10**7, 10**6, 1, 1)]
write("asleep", head(), block(7, T, 0, T + 2 * SECOND, process(7, cpu=0, wall=10**7), server, libc, *asleep, end(T + 2 * SECOND)))
dumped = [stack(1, 0x40000123, 0x10100), stack(2, 0x10200, 0x10100), dump(7, T, 2 * 10**9, 2, "R", -1), dump(8, T, 10**6, 1, "S", 232, b"ep_poll"), dump(9, T, 0, 0, "Z", -1),
          record(DUMP_END, struct.pack("<QIIQQ", T + 1000, 1, 3, 60000, 90000))]
write("dump", head(), block(7, T, 0, T + SECOND, process(7, cpu=0), server, libc, *threads, *dumped, end(T + SECOND)))
# twice by a signal from inside: the threads have the labels and the span the program gave them
again = [record(DUMP_BEGIN, struct.pack("<iI", 12, 0)), stack(1, 0x40000123, 0x10100), labels(1, b"route", b"/slow"), labeled(8, 1),
         dump(7, T, 2 * 10**9, 1, "S", 202, b"futex_do_wait"), dump(8, T + 300, 10**6, 1, "R", -1), record(DUMP_END, struct.pack("<QIIQQ", T + 1000, 1, 2, 0, 0)),
         dump(8, T + SECOND // 4, 3 * 10**6, 1, "R", -1, which=2), record(DUMP_END, struct.pack("<QIIQQ", T + SECOND // 4, 2, 1, 0, 0))]
write("dump-twice", head(), block(7, T, 0, T + SECOND, process(7, cpu=0), server, libc, *threads, *again, end(T + SECOND)))
write("dump-none", head(), block(7, T, 0, T + SECOND, process(7, cpu=0), server, *threads, record(DUMP_BEGIN, struct.pack("<iI", 12, 0)), end(T + SECOND)))
write("dump-nonsense", head(), block(7, T, 0, T + SECOND, dump(7, T, 0, 0, "R", -1), process(7, cpu=0), sleep(7, T, 1), record(SLEEP, b""), dump(7, 1 << 63, 0, 0, "R", -1), dump(7, T, 0, 99, "?", 5),
      record(DUMP, struct.pack("<QQIIIiII", T, 0, 7, 0, 1, 0, 0, 1 << 20)), record(DUMP_END, b""), record(DUMP_BEGIN, b""), end(T + SECOND)))

# ---- threads looked at beside samples of CPU time: 7 runs 30 ms of a second, waits for a CPU 20 (5 of them just woken) and sleeps in two places, 3 to 1; 8 is never
# seen asleep, 9 never at all, 10 has no end; the number of 7 is used again. A look without a place, of a thread that was asleep nowhere; looks of older recorders ----
LOOKS_BEGIN, LOOK = range(54, 56)
RUNNING, RUNNABLE, SLEEPING = range(1, 4)
MS = 10**6


def look(tid, time, clock, state, number=0, weight=10 * MS, ready=0, call=-1, looks=1, flags=0):
    return record(LOOK, struct.pack("<QQQQIIIiII", time, clock, ready, weight, tid, number, state, call, looks, flags))


beside = record(LOOKS_BEGIN, struct.pack("<Q", 10 * MS))
seen = [stack(1, 0x40000123, 0x10100), stack(2, 0x10200, 0x10100), stack(3, 0x40000456, 0x10300, 0x10100), thread(THREAD, 7, T, 5 * MS), name(7, b"main"), look(7, T, 5 * MS, SLEEPING, weight=10 * MS),
        cpu(7, T + MS, 2), cpu(7, T + 2 * MS, 1, 2), look(7, T + 100 * MS, 15 * MS, SLEEPING, 3, call=35), look(7, T + 300 * MS, 15 * MS, SLEEPING, weight=20 * MS, looks=2),
        look(7, T + 310 * MS, 16 * MS, RUNNABLE, 1, 5 * MS, 12 * MS, flags=1), look(7, T + 320 * MS, 17 * MS, RUNNABLE, 2, 40 * MS, 20 * MS), look(7, T + 400 * MS, 20 * MS, SLEEPING, 1, call=202),
        look(7, T + 500 * MS, 20 * MS, RUNNING, weight=0, ready=20 * MS, looks=0), thread(THREAD_END, 7, T + 1000 * MS, 35 * MS), thread(THREAD, 8, T, 0), cpu(8, T + 3 * MS, 2), thread(THREAD_END, 8, T + 20 * MS, 18 * MS),
        thread(THREAD, 9, T, 0), thread(THREAD_END, 9, T + 7 * MS, 2 * MS), thread(THREAD, 10, T, 0), look(10, T + 600 * MS, 8 * MS, SLEEPING, 3, call=35), thread(THREAD, 7, T + 1100 * MS, 0),
        look(7, T + 1200 * MS, MS, SLEEPING, 1), thread(THREAD, 7, T + 1300 * MS, 0), thread(THREAD_END, 7, T + 1310 * MS, MS)]
write("looks", head(), block(7, T, 0, T + 2 * SECOND, process(7, wall=10**7), beside, server, libc, *seen, wall(7, T + 1310 * MS, 2 * MS, 1), stats(T + 2 * SECOND), end(T + 2 * SECOND)))
# more than are kept: the first lot has its time when the next begins
lot = [look(7, T + (10 + i) * MS, (1 + i // 2) * MS, SLEEPING, 1 + i % 3 // 2) for i in range(4200)]
write("looks-many", head(), block(7, T, 0, T + 5 * SECOND, process(7, wall=10**7), beside, server, libc, stack(1, 0x40000123, 0x10100), stack(2, 0x10200, 0x10100), thread(THREAD, 7, T, 0), cpu(7, T + MS, 2, 9),
      *lot, thread(THREAD_END, 7, T + 5 * SECOND, 3 * SECOND)))
write("looks-nonsense", head(), block(7, T, 0, T + SECOND, beside, process(7), beside, look(7, T, 0, SLEEPING), process(7), end(T)),
      block(8, T, 0, T + SECOND, process(8, wall=10**7), look(8, T, 0, SLEEPING), record(LOOKS_BEGIN, b""), beside, stack(1, 0x10100), look(8, T, 0, 0, 1), look(8, T, 0, 4, 1), look(8, 1 << 63, 0, SLEEPING, 1),
            look(8, T, 1 << 63, SLEEPING, 1), look(8, T, 0, SLEEPING, 9), record(LOOK, b"\0" * 40), look(8, T + 5 * MS, 9 * MS, SLEEPING, 1, (1 << 64) - 1, (1 << 64) - 1, looks=(1 << 32) - 1),
            look(8, T + 9 * MS, 0, SLEEPING, 0, (1 << 64) - 1), look(8, T + 20 * MS, 0, RUNNABLE, 1, (1 << 63) - 1), look(8, T + 15 * MS, 0, RUNNABLE, 1, (1 << 63) - 1), end(T + SECOND)))

# ---- from outside: spells of one thread add up to its life, those of the other do not ----
SPELL, EVENT, OUTSIDE, OUTSIDE_STATS, OUTSIDE_LOST = (60, 61, 62, 63, 65)


def spell(tid, time, ns, number, state, count=1):
    return record(SPELL, struct.pack("<QQIIII", time, ns, tid, number, state, count))


watched = record(OUTSIDE, struct.pack("<dIIIIIiII", 99.0, 32, 2, 16384, 512, 1 << 21, 2, 10, 0), b"task-clock")
spells = [stack(1, 0x40000123, 0x10100), stack(2, 0x10200, 0x10100, flags=4), thread(THREAD, 7, T, 0), thread(THREAD, 8, T, 0), spell(7, T + 300, 300, 1, 1), spell(7, T + 400, 100, 1, 2, 0), spell(7, T + 1000, 600, 2, 3),
          thread(THREAD_END, 7, T + 1000, 300), spell(8, T + 500, 400, 1, 1), thread(THREAD_END, 8, T + 1000, 400)]
write("outside", head(), block(7, T, 0, T + SECOND, process(7, cpu=0, wall=10**7, engine=3), watched, server, libc, *spells, end(T + SECOND)))
told = record(OUTSIDE_LOST, struct.pack("<QQQQ", 500, 20, 3, 1500000))
write("outside-lost", head(), block(7, T, 0, T + SECOND, process(7, cpu=0, wall=10**7, engine=3), watched, server, libc, *spells, record(OUTSIDE_STATS, struct.pack("<QQQQQQQQQQQQQQQ", T + SECOND, SECOND, 0, 1, 3, 520, 0, 0, 0, 2, 0, 2, 1, 1, 10**6)), told, end(T + SECOND)))
write("outside-nonsense", head(), block(7, T, 0, T + SECOND, spell(7, T, 1, 1, 1), process(7, engine=3), watched, spell(7, T, 1, 1, 1), stack(1, 0x10200), spell(7, T, 1, 1, 9), spell(7, 1 << 63, 1, 1, 1), spell(7, T, 1 << 63, 1, 1),
      record(SPELL, b""), record(OUTSIDE, b""), record(OUTSIDE_STATS, b""), record(OUTSIDE_LOST, b""), record(EVENT, b""), end(T + SECOND)))

write("empty", head())
write("next-major", head(2))
write("cut-head", head()[:20])

# ---- code made at run time: an address is "first", later "second"; another one is seen before it is there by the clocks; an address has no name ----
CODE = 64


def code(time, address, path, name):
    return record(CODE, struct.pack("<QQII", time, address, len(path), len(name)), path + name)


jit = b"/srv/jit-7.dump"
list_of = [code(T + 3000, 0x60000010, jit, b"second"), code(T + 1000, 0x60000010, jit, b"first"), code(T + 9000, 0x60000020, jit, b"later"), code(T, 0x60000030, b"/other/jit-7.dump", b"not this")]
made = [mapping(0x60000000, 0x60100000, jit, offset=0), stack(1, 0x60000010, 0x10100), cpu(7, T + 1500, 1), cpu(7, T + 3500, 1, 2), cpu(7, T + 2000, 1, 4), stack(2, 0x60000020, 0x60000030, flags=2), cpu(7, T + 4000, 2, 8)]
write("code", head(), block(0, 0, 0, 0, *list_of), block(7, T, 0, T + SECOND, process(7), server, *threads, *made, end(T + SECOND)))
write("code-nonsense", head(), block(0, 0, 0, 0, record(CODE, b"\0" * 8), record(CODE, struct.pack("<QQII", T, 1, 1 << 30, 1)), record(CODE, struct.pack("<QQII", T, 1, 0, 1 << 30)), code(T, 0x60000010, b"", b"")),
      block(7, T, 0, T + SECOND, process(7), *threads, *made, end(T + SECOND)))
