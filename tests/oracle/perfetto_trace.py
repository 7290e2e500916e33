#!/usr/bin/env python3
"""perfetto_trace.py PROFDATA TRACE...: what the perfetto writer says, read with Perfetto's own schema by the rules of its importer,
is what the chrome writer says of the same trace: slices with their times, names and arguments, counters, arrows, stacks."""
import collections
import json
import subprocess
import sys

try:
    from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import DebugAnnotation, Trace, TrackEvent
except ImportError as e:
    print("skipped: no Python package perfetto: %s" % e)
    sys.exit(77)


def convert(profdata, target, path):
    return subprocess.run([profdata, "convert", "-q", "-t", target, "--compress", "none", path], stdout=subprocess.PIPE, check=True).stdout


def value_of(a, strings):
    kind = a.WhichOneof("value")
    if kind == "string_value_iid":
        return strings[a.string_value_iid]
    if kind == "legacy_json_value":
        return json.dumps(json.loads(a.legacy_json_value), sort_keys=True)
    return getattr(a, kind)


class Perfetto:
    def __init__(self, data):
        self.slices, self.open = collections.Counter(), {}
        self.counters, self.flows, self.samples = collections.defaultdict(list), collections.Counter(), 0
        self.interned = {k: {} for k in ("event_names", "event_categories", "debug_annotation_names", "debug_annotation_string_values", "callstacks", "frames", "function_names")}
        tracks, events = {}, []
        trace = Trace()
        trace.ParseFromString(data)
        for n, p in enumerate(trace.packet):
            assert p.trusted_packet_sequence_id == 1 and p.sequence_flags == (3 if n == 0 else 2)
            for table, into in self.interned.items():
                for e in getattr(p.interned_data, table):
                    assert e.iid not in into, "told twice"
                    into[e.iid] = e.name if table in ("event_names", "event_categories", "debug_annotation_names") else e.str.decode() if hasattr(e, "str") else e
            if p.HasField("track_descriptor"):
                tracks[p.track_descriptor.uuid] = p.track_descriptor
            elif p.HasField("track_event"):
                assert p.track_event.track_uuid in tracks, "event before its track"
                events.append((p.timestamp, p.track_event))
            elif p.HasField("perf_sample"):
                self.samples += 1
        self.tracks = tracks
        for ts, e in sorted(events, key=lambda x: x[0]):  # stable, as the importer's
            self.event(ts, e)
        for key, stack in self.open.items():
            for ts, e in stack:
                self.slices[key + self.about(e, []) + (ts, None)] += 1

    def about(self, e, more):
        for frame in self.interned["callstacks"][e.callstack_iid].frame_ids if e.callstack_iid else []:
            self.interned["function_names"][self.interned["frames"][frame].function_name_id]
        args = tuple(sorted((self.interned["debug_annotation_names"][a.name_iid] if a.name_iid else "", str(value_of(a, self.interned["debug_annotation_string_values"]))) for a in list(e.debug_annotations) + more))
        return (self.interned["event_names"].get(e.name_iid, ""), ",".join(self.interned["event_categories"][c] for c in e.category_iids), args)

    def event(self, ts, e):
        t = self.tracks[e.track_uuid]
        key = (t.thread.pid, t.thread.tid) if t.HasField("thread") else ("async", t.parent_uuid, t.name)
        if e.type == TrackEvent.TYPE_SLICE_BEGIN:
            self.open.setdefault((key, e.track_uuid), []).append((ts, e))
        elif e.type == TrackEvent.TYPE_SLICE_END:
            begin, b = self.open[(key, e.track_uuid)].pop()
            if key[0] != "async":
                self.slices[key + self.about(b, list(e.debug_annotations)) + (begin, ts - begin)] += 1
        elif e.type == TrackEvent.TYPE_COUNTER:
            self.counters[t.name].append((ts, e.counter_value if e.HasField("counter_value") else e.double_counter_value))
        for f in list(e.flow_ids) + list(e.terminating_flow_ids):
            self.flows[f] += 1


def ns(us):
    return round(us * 1000)


def chrome(data):
    slices, counters, flows = collections.Counter(), collections.defaultdict(list), collections.Counter()
    events = json.loads(data)["traceEvents"]
    for e in events:
        if e["ph"] == "X":
            args = tuple(sorted((k, str(json.dumps(v, sort_keys=True) if isinstance(v, (dict, list, float)) or v is None else v)) for k, v in e.get("args", {}).items()))
            slices[(e["pid"], e["tid"], e["name"], e.get("cat", ""), args, ns(e["ts"]), ns(e["dur"]))] += 1
        elif e["ph"] == "C":
            for k, v in e["args"].items():
                counters[e["name"] + (" " + k if k else "")].append((ns(e["ts"]), v))
        elif e["ph"] in "stf":
            flows[int(e["id"], 16)] += 1
    return slices, counters, flows, sum(e["ph"] == "B" for e in events)


def steps(values):
    """What a counter is after each time, without repetition."""
    out = []
    for ts, v in values:
        if out and out[-1][0] == ts:
            out[-1] = (ts, v)
        elif not out or out[-1][1] != v:
            out.append((ts, v))
    return [x for i, x in enumerate(out) if i == 0 or out[i - 1][1] != x[1]]


failed = 0
for path in sys.argv[2:]:
    p = Perfetto(convert(sys.argv[1], "perfetto", path))
    slices, counters, flows, begun = chrome(convert(sys.argv[1], "chrome", path))
    wrong = []
    if slices - p.slices or sum((p.slices - slices).values()) != begun:
        wrong.append("slices: only chrome %s; only perfetto %s" % (list((slices - p.slices).items())[:2], list((p.slices - slices).items())[:2]))
    if p.flows != flows:
        wrong.append("arrows")
    for name in set(counters) | set(p.counters):
        if steps(counters[name]) != steps(p.counters[name]):
            wrong.append("counter %s: %s, %s" % (name, steps(counters[name])[:4], steps(p.counters[name])[:4]))
    print("%s: %d slices, %d arrows, %d counters: %s" % (path.split("/")[-1], sum(slices.values()), len(flows), len(counters), "; ".join(wrong) or "alike"))
    failed += bool(wrong)
sys.exit(failed > 0)
