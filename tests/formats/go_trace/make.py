#!/usr/bin/env python3
"""Writes the hand-made traces of this folder: make.py [DIRECTORY]. Both families: before Go 1.22, and since."""
import os, sys

where = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
NONE = 2**64 - 1
T = dict(Stacks=2, Stack=3, Strings=4, String=5, CPUSamples=6, CPUSample=7, Frequency=8, ProcsChange=9, ProcStart=10, ProcStop=11, ProcSteal=12,
         ProcStatus=13, GoCreate=14, GoStart=16, GoDestroy=17, GoStop=19, GoBlock=20, GoUnblock=21, GoSyscallBegin=22, GoSyscallEnd=23,
         GoStatus=25, STWBegin=26, STWEnd=27, GCBegin=29, GCEnd=30, HeapAlloc=37, HeapGoal=38, UserTaskBegin=40, UserTaskEnd=41,
         UserRegionBegin=42, UserRegionEnd=43, UserLog=44, Sync=50, ClockSnapshot=51, End=52)


def v(n, wide=False):
    out = bytearray()
    while n >= 0x80 or (wide and len(out) < 9):
        out.append(n & 0x7f | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def header(minor):
    return (b"go 1.%d trace" % minor).ljust(16, b"\0")


def batch(gen, m, time, payload, kind=1):
    return bytes([kind]) + v(gen) + v(m) + v(time) + v(len(payload), True) + payload


def ev(name, *args):
    return bytes([T[name]]) + b"".join(v(a) for a in args)


def sync(gen, time, clock=(227, 5, 7)):
    return batch(gen, NONE, time, ev("Sync") + ev("Frequency", 15625000) + ev("ClockSnapshot", 1, *clock))


def strings(gen, time, *texts):
    return batch(gen, NONE, time, ev("Strings") + b"".join(ev("String", i, len(t)) + t.encode() for i, t in enumerate(texts, 1)))


def stacks(gen, time, *rows):
    """Each row: list of (pc, func, file, line), leaf first."""
    return batch(gen, NONE, time, ev("Stacks") + b"".join(ev("Stack", i, len(r), *(x for f in r for x in f)) for i, r in enumerate(rows, 1)))


END = ev("End")
NAMES = ("select", "main.wait", "main.go", "main.main", "chan receive", "order", "a \"log\" line", "read")
LEAF, ROOT = (0x5000, 2, 3, 12), (0x4000, 4, 3, 20)


def tables(gen, time=100):
    return stacks(gen, time, [LEAF, ROOT], [ROOT]) + strings(gen, time, *NAMES)


def status(gen, m=42, time=20, more=b""):
    return batch(gen, m, time, ev("ProcStatus", 1, 0, 1) + ev("GoStatus", 1, 1, m, 2) + more)


files = {}
# one thread, one processor, one goroutine that blocks
files["blocks"] = header(26) + sync(1, 10) + status(1, more=ev("GoBlock", 5, 1, 1)) + tables(1) + END
# a goroutine is made, wakes another one, makes a system call and ends; samples, task, region, log, heap, GC, stop-the-world
busy = (ev("GoCreate", 3, 7, 2, 1) + ev("HeapAlloc", 1, 1000000) + ev("HeapGoal", 1, 4000000) + ev("UserTaskBegin", 1, 9, 0, 6, 1) +
        ev("UserRegionBegin", 1, 9, 6, 1) + ev("UserLog", 1, 9, 6, 7, 1) + ev("GCBegin", 2, 1, 1) + ev("STWBegin", 1, 8, 1) + ev("STWEnd", 4) +
        ev("GCEnd", 2, 2) + ev("UserRegionEnd", 1, 9, 6, 1) + ev("UserTaskEnd", 1, 9, 1) + ev("GoBlock", 2, 5, 1) + ev("GoStart", 3, 7, 1) +
        ev("GoUnblock", 5, 1, 1, 2) + ev("GoSyscallBegin", 2, 1, 1) + ev("GoSyscallEnd", 9) + ev("GoDestroy", 1) + ev("GoStart", 1, 1, 2))
samples = batch(1, NONE, 60, ev("CPUSamples") + ev("CPUSample", 25, 42, 0, 1, 1) + ev("CPUSample", 60, 42, 0, 7, 2))
files["busy"] = header(26) + sync(1, 10) + status(1, more=busy) + samples + tables(1) + END
# two generations; what ids mean changes
files["generations"] = (files["blocks"][:-1] + END + sync(2, 1000) +
                        batch(2, 43, 1010, ev("ProcStatus", 1, 1, 1) + ev("GoStatus", 1, 1, NONE, 4) + ev("GoUnblock", 1, 1, 1, 0) + ev("GoStart", 4, 1, 2)) +
                        strings(2, 1100, "other", "names") + END)
# 1.22: the generation ends where the next one begins, the frequency comes at its end
files["go122"] = header(22) + status(1, more=ev("GoBlock", 5, 1, 1)) + batch(1, NONE, 90, ev("Frequency", 1000000000)) + tables(1)
# two threads: the one that wakes has the later clock, yet its event must come first
files["order"] = (header(26) + sync(1, 10) + status(1, more=ev("GoBlock", 5, 1, 1)) +
                  batch(1, 43, 22, ev("ProcStatus", 1, 1, 1) + ev("GoStart", 1, 1, 2)) +
                  batch(1, 44, 30, ev("ProcStatus", 1, 2, 1) + ev("GoUnblock", 9, 1, 1, 0)) + tables(1) + END)

# ---- damage ----
whole = files["busy"]
files["cut-batch"] = whole[:-40]
files["cut-end"] = whole[:-1]
files["unknown-event"] = header(26) + sync(1, 10) + status(1, more=b"\x63\x01" + ev("GoBlock", 5, 1, 1)) + tables(1) + END
files["varint"] = header(26) + sync(1, 10) + status(1, more=b"\x14" + b"\xff" * 11) + tables(1) + END
files["missing-ids"] = header(26) + sync(1, 10) + status(1, more=ev("GoBlock", 5, 99, 98)) + END
files["no-frequency"] = header(26) + status(1, more=ev("GoBlock", 5, 1, 1)) + tables(1) + END
files["size"] = header(26) + sync(1, 10) + b"\x01\x01\x2a\x14" + v(70000) + b"\x14" * 100
files["no-batch"] = header(26) + sync(1, 10) + b"hello"
files["no-order"] = header(26) + sync(1, 10) + status(1, more=ev("GoBlock", 5, 1, 1) + ev("GoStart", 5, 5, 77)) + tables(1) + END
files["contradiction"] = header(26) + sync(1, 10) + status(1, more=ev("GoSyscallEnd", 5) + ev("GoBlock", 5, 1, 1)) + tables(1) + END
files["twice"] = header(26) + sync(1, 10) + status(1) + strings(1, 20, "a") + strings(1, 21, "b") + sync(1, 30) + END
files["gap"] = header(26) + sync(1, 10) + status(1) + tables(1) + END + sync(5, 1000) + status(5, time=1010) + tables(5) + END
files["empty"] = header(26)
files["header-only-batch"] = header(26) + END + sync(1, 10) + END
files["too-old"] = header(9)
files["newer"] = header(31) + files["blocks"][16:]
files["backwards"] = header(26) + sync(1, 10) + status(1) + batch(1, 42, 5, ev("GoBlock", 1, 1, 1)) + tables(1) + END
files["far-time"] = header(26) + sync(1, 10) + status(1, time=NONE - 5, more=ev("GoBlock", NONE, 1, 1)) + tables(1) + END

# ---- before Go 1.22: a list of records, per processor, tables at the end ----
T1 = dict(Batch=1, Frequency=2, Stack=3, Gomaxprocs=4, ProcStart=5, ProcStop=6, GCStart=7, GCDone=8, STWStart=9, STWDone=10, SweepStart=11, SweepDone=12,
          GoCreate=13, GoStart=14, GoEnd=15, GoStop=16, GoSched=17, GoSleep=19, GoUnblock=21, GoBlockRecv=23, GoBlockNet=27, GoSysCall=28, GoSysExit=29,
          GoSysBlock=30, GoWaiting=31, GoInSyscall=32, HeapAlloc=33, HeapGoal=34, String=37, GoStartLocal=38, GoUnblockLocal=39, GoStartLabel=41,
          TaskCreate=45, TaskEnd=46, Region=47, Log=48, CPUSample=49)


def rec(name, *values):
    """values: the time first, then arguments and stack."""
    body = b"".join(v(x) for x in values)
    if len(values) > 3 or name == "Stack":
        return bytes([T1[name] | 0xc0]) + v(len(body)) + body
    return bytes([T1[name] | (len(values) - 1) << 6]) + body


def text1(i, t):
    return bytes([T1["String"]]) + v(i) + v(len(t)) + t.encode()


def footer(freq=1000000000):
    names = ("main.wait", "main.go", "main.main", "GC (idle)", "order", "work")
    return (rec("Frequency", freq) + rec("Batch", 0, 900) + rec("Stack", 1, 2, 0x5000, 1, 2, 12, 0x4000, 3, 2, 20) + rec("Stack", 2, 1, 0x4000, 3, 2, 20) +
            b"".join(text1(i, t) for i, t in enumerate(names, 1)))


# a snapshot of four goroutines (running, waiting, in a system call, runnable), then what they do on two processors
snapshot = (rec("GoCreate", 1, 1, 2, 0) + rec("GoCreate", 1, 2, 2, 0) + rec("GoWaiting", 1, 2) + rec("GoCreate", 1, 3, 2, 0) + rec("GoInSyscall", 1, 3) +
            rec("GoCreate", 1, 4, 2, 0) + rec("ProcStart", 1, 77) + rec("GoStart", 1, 1, 1) + rec("Gomaxprocs", 1, 2, 1))
doing = (rec("GoCreate", 5, 7, 2, 1) + rec("HeapAlloc", 1, 1000000) + rec("HeapGoal", 1, 4000000) + rec("TaskCreate", 1, 9, 0, 5, 1) +
         rec("Region", 1, 9, 0, 6, 1) + rec("Log", 1, 9, 5, 1) + v(7) + b"a \"log\"" + rec("Region", 1, 9, 1, 6, 1) + rec("TaskEnd", 1, 9, 1) +
         rec("GCStart", 1, 0, 1) + rec("STWStart", 1, 1) + rec("STWDone", 3) + rec("GCDone", 2) + rec("SweepStart", 1, 1) + rec("SweepDone", 1, 8192, 4096) +
         rec("GoUnblock", 4, 2, 2, 1) + rec("GoSysCall", 3, 1) + rec("GoSysCall", 2, 1) + rec("GoSysBlock", 6) + rec("GoStartLabel", 2, 7, 1, 4) +
         rec("GoSleep", 3, 1) + rec("ProcStop", 2))
other = (rec("Batch", 1, 70) + rec("ProcStart", 1, 78) + rec("GoStart", 2, 2, 3) + rec("CPUSample", 1, 74, 1, 2, 1) + rec("GoBlockRecv", 7, 1) +
         rec("GoSysExit", 1, 3, 2, 75) + rec("GoStartLocal", 3, 3) + rec("GoEnd", 4) + rec("GoStart", 2, 4, 1) + rec("GoBlockNet", 2, 1) +
         rec("GoUnblockLocal", 3, 4, 0) + rec("GoStart", 2, 4, 3) + rec("GoStop", 2, 1))
whole1 = rec("Batch", 0, 10) + snapshot + doing + other + footer()
files["go119"] = header(19) + whole1
files["go121"] = header(21) + whole1
files["go119-cut"] = files["go119"][:-60]
files["go119-no-footer"] = header(19) + rec("Batch", 0, 10) + snapshot + doing
files["go119-no-order"] = header(19) + rec("Batch", 0, 10) + snapshot + rec("GoUnblock", 4, 2, 77, 1) + footer()
files["go119-backwards"] = header(19) + rec("Batch", 0, 10) + snapshot + rec("Batch", 0, 5) + rec("GoSched", 1, 1) + footer()
files["go119-arguments"] = header(19) + rec("Batch", 0, 10) + snapshot + rec("GoSched", 1, 1, 1) + bytes([60]) + v(1) + footer()

for name, data in files.items():
    with open(os.path.join(where, name + ".in"), "wb") as f:
        f.write(data)
