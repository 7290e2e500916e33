# 1 says no, 2 could not look.
printf 'a;b 1\n' >good; printf 'a;b 1\njunk\n' >odd; head -c 100 /dev/zero >zeros
profdata convert -t pprof -o p.pb.gz good
profdata info --check good >/dev/null; echo $?
profdata info --check=folded good >/dev/null; echo $?
profdata info --check=pprof good p.pb.gz >/dev/null; echo $?
profdata info --check=pprof p.pb.gz >/dev/null; echo $?
profdata info --check=fold good; echo $?
profdata info --check -f folded odd >/dev/null; echo $?
profdata info --check zeros; echo $?
head -c 40 p.pb.gz >cut; profdata info --check cut; echo $?
profdata info --check nothing; echo $?
