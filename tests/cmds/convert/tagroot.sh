# The command is the root of folded output from inputs that know it; --tagroot= leaves it out, others replace it.
cat >perf.txt <<'END'
java 4711/4712 1.000001:     250000 cycles:u: 
	          401234 work+0x4 (/tmp/app)
	          401200 main+0x20 (/tmp/app)

my tool 4713/4713 1.000251:     250000 cycles:u: 
	          401200 main+0x20 (/tmp/app)

END
profdata convert -q -t folded perf.txt
profdata convert -q -t folded --tagroot= perf.txt
profdata convert -q -t folded --tagroot=tid perf.txt
profdata convert -q -t folded -s samples perf.txt
profdata convert -q -t folded -s instructions perf.txt; echo $?
