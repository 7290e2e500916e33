# ns far beyond what a double holds: each bound is one sample's
printf 'profdata dump 1\nseries\nvalue\tsamples\tcount\n1\t@5\tfirst\n2\t@9007199254740998\tbefore\n4\t@9007199254740999\tat\n8\t@9007199254741000\tafter\n' >t.dump
profdata filter --time-range 9007199.254740994:9007199.254740995 -t folded t.dump
echo --
profdata filter --time-range 9007199.2547409939:9007199.2547409941 -t folded t.dump
echo --
profdata filter --time-range 9.007199254740994e6: -t folded t.dump
echo --
profdata filter --time-range -1:1e-9 -t folded t.dump
for bad in 1 : 2:1 1:1 x:2 1:2s 0x1:2 1:inf nan:1 1e:2 1:1e99999 .:1 1.5.2:3; do
	profdata filter --time-range $bad -t folded t.dump; echo "$bad $?"
done 2>&1
