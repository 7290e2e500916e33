# A Go execution trace alone: goroutines as text, as a timeline, and the timeline read back.
cp "$TESTDATA/../tests/formats/go_trace/busy.in" trace.out
profdata wall -q --per total -t folded --state-frames trace.out
echo "- accounts"
profdata wall --per total trace.out -o wall.pb.gz --report report.json && grep -v -e '"version"' report.json
profdata tags wall.pb.gz
echo "- the timeline has the same sums"
profdata wall -q -t chrome trace.out -o states.json
profdata wall -q --per total states.json -o again.pb.gz && profdata tags again.pb.gz | grep -A4 ' state:'
profdata wall -q -t perfetto trace.out -o states.perfetto-trace && echo written
