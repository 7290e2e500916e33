# What cannot be combined says why, and what to do; status 3 where the inputs contradict each other.
printf 'T1;main;compute 420\n' > on.folded
printf 'T1;main;read 4600000\n' > off.folded
printf 'T1;main;read 9600000\n' > long.folded
printf 'T1;main;read -5\n' > negative.folded
: > empty.folded
printf 'profdata dump 1\nseries\nvalue\tcontentions\tcount\nvalue\tdelay\tnanoseconds\n1 5\tmain.main;sync.(*Mutex).Unlock\n' > mutex.dump
printf 'profdata dump 1\nseries\nvalue\twall\tnanoseconds\n5\tmain\n' > wall.dump
printf 'profdata dump 1\nseries\nvalue\toff_cpu\tnanoseconds\n5\tmain\n' > off.dump
printf 'profdata dump 1\nseries\nvalue\tcpu\tnanoseconds\n5\tmain\n' > cpu.dump
t() { profdata wall -t folded --duration 10 "$@"; echo "status $?"; }
t on=on.folded off=off.folded
t on=on.folded off=off.folded --off-unit us
t on=on.folded off=off.folded --off-unit parsecs --hz 100
t on=on.folded off=long.folded --off-unit us --hz 100
t on=on.folded off=long.folded --off-unit us --hz 100 --force
t on=on.folded off=long.folded --off-unit us --hz 100 --members T1=2
t on=on.folded off=negative.folded --off-unit us --hz 100
t on=on.folded off=empty.folded --off-unit us --hz 100
t on.folded off.folded --off-unit us --hz 100
t on.folded off.dump --hz 100
t on.folded
t cpu.dump
t off.dump
t on=cpu.dump off=mutex.dump
t wall.dump off.dump
t on=cpu.dump on=cpu.dump off=off.dump
t off.dump off=off.dump cpu.dump
t up=cpu.dump down=off.dump
t on=cpu.dump off=off.dump -o x.trace.json -t chrome
t --hz -1 cpu.dump off.dump
t --members T1 cpu.dump off.dump
t --state-frames=middle cpu.dump off.dump
t --idle '(' cpu.dump off.dump
ls *.json 2>/dev/null
