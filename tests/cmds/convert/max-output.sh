# A small file whose stacks share a deep path: written out, every line has all of it again.
awk 'BEGIN { for (i = 0; i < 2000; i++) path = path "a_function_with_a_name_" i % 50 ";"
	print "a;b 1" >"small"
	for (i = 0; i < 200; i++) print path "leaf" i " 1" >"deep" }'
export PROFDATA_MAX_OUTPUT=1M
profdata convert -t pprof -o deep.pb.gz deep; echo $? # shared: far below
for format in folded speedscope dump svg; do
	profdata convert -t $format -o out.$format deep.pb.gz; echo $?
done
profdata convert -t folded -o out.folded.gz deep.pb.gz; echo $? # counted before compression
profdata convert -t folded deep.pb.gz | wc -c | awk '{ print $1 <= 1048576 }'
ls
echo old >kept; profdata convert -t folded -o kept deep.pb.gz; cat kept
LC_ALL=C sort deep >sorted; PROFDATA_MAX_OUTPUT=1G profdata convert -t folded deep.pb.gz | cmp - sorted && echo complete
PROFDATA_MAX_OUTPUT=6 profdata convert -t folded small; echo $?
PROFDATA_MAX_OUTPUT=5 profdata convert -t folded small; echo $?
PROFDATA_MAX_OUTPUT=0 profdata convert -t folded small; echo $?
PROFDATA_MAX_OUTPUT=5 profdata limits | awk '/max-output/ { print $2, $3 }'
