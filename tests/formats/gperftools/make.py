#!/usr/bin/env python3
"""Writes the binary cases of this folder: python3 make.py"""
import os, struct

here = os.path.dirname(os.path.abspath(__file__))


def cpu(name, form, records, version=0, period=4000, end=True, tail=""):
    words = [0, 3, version, period, 0]
    for count, pcs in records:
        words += [count, len(pcs)] + pcs
    if end:
        words += [0, 1, 0]
    with open(os.path.join(here, name), "wb") as f:
        f.write(struct.pack(form[0] + str(len(words)) + form[1], *words) + tail.encode())


maps = "build=/srv/out\n10000-20000 r-xp 00001000 08:01 99   $build/server\n20000-30000 rw-p 00000000 00:00 0\n" \
       "40000000-40010000 r-xp 00000000 08:01 98   /lib/libc.so.6\n"
cpu("cpu-64.in", "<Q", [(3, [0x10100, 0x10201, 0x40000301]), (1, [0x10150, 0x10201])], tail=maps)
cpu("cpu-32-big-endian.in", ">I", [(3, [0x10100, 0x10201]), (1, [0x10150, 0x10250])], tail=maps)
# all stacks have the signal handler's frame second, and a leaf that is there twice
cpu("cpu-signal-frames.in", "<Q", [(1, [0x10100 + i, 0x40000777, 0x10100 + i, 0x10201]) for i in range(4)], tail=maps)
cpu("cpu-without-end.in", "<Q", [(2, [0x10100])], end=False)
cpu("cpu-java.in", "<Q", [(2, [7, 8])], version=1, tail="0x7 shop.Cart.add (Cart.java:12)\n0x8 main (lib/libjvm.so)\n")
cpu("cpu-cut.in", "<Q", [(2, [0x10100, 0x10101])], end=False)
with open(os.path.join(here, "cpu-cut.in"), "r+b") as f:
    f.truncate(7 * 8 + 12)
