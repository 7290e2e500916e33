# order and rows are those of the seed, an interrupted experiment goes on as if it had not been
show() { grep -v "^# end" "$1" | cut -d, -f1-5,8; }
profdata overhead run -n 3 --warm-up 1 --raw whole.csv base=true slow='sleep 0.01' >report
grep -c workload: report
show whole.csv | sed -n '1,2p;3~4p'
head -n 40 whole.csv >torn.csv; printf 'command,ba' >>torn.csv
profdata overhead run -n 3 --warm-up 1 --raw torn.csv base=true slow='sleep 0.01' >/dev/null
cmp <(show whole.csv) <(show torn.csv) && echo resumed
profdata overhead compare --metric time whole.csv | head -n 1 | sed 's/base [0-9].*   3 blocks/base X   3 blocks/'
profdata overhead run -n 2 a=false b=true; echo "fails: $?"
profdata overhead run -n 2 --allow-errors --no-control a=false b=true | grep -c '^b '
profdata overhead run -n 3 --raw whole.csv a=true b=true; echo "other: $?"
profdata overhead run -n 2 true; echo "no variant: $?"
profdata overhead run -n 2 --no-control a=true; echo "one: $?"
profdata overhead run -n 2 a=true a=false; echo "twice: $?"
profdata overhead run -n 1 a=true b=true; echo "one block: $?"
profdata overhead run --pin 9-1 a=true b=true; echo "pin: $?"
