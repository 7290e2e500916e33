#!/bin/bash
# survival.sh BUILD [-n RUNS] [-m MODES] [-p PATTERN]: programs with the sampler at 1000 Hz again and again: output and status as alone, no crash, nothing
# hangs, no descriptor more, a profile every time, no stream left behind. Prints the table of docs/agent.md.
#   -n RUNS     of each program (default 5; the table has 1000)
#   -m MODES    what is recorded (default '--cpu --wall')
#   -p PATTERN  only programs whose name matches
# Needs python3, nodejs, postgresql, redis-server, git and gcc; what is not there is skipped with a line. Servers run as the user postgres when started by root.
set -u
[ $# -ge 1 ] || { sed -n '2,8s/^# //p' "$0"; exit 2; }
build=$(realpath "$1") runs=5 modes='--cpu --wall' pattern=.
shift
while getopts n:m:p: option; do
	case $option in
	n) runs=$OPTARG ;;
	m) modes=$OPTARG ;;
	p) pattern=$OPTARG ;;
	*) exit 2 ;;
	esac
done
here=$(realpath "$(dirname "$0")")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir" || exit 2
export LC_ALL=C
target=$build/tests/agent/target

cat >x.c <<'END'
#include <stdio.h>
#include <stdlib.h>
int main(void) { printf("%ld\n", strtol("42", NULL, 10)); return 0; }
END
git init -q repo && (cd repo && for i in 1 2 3 4 5; do seq $((i * 1000)) >f && git add f && git -c user.name=x -c user.email=x@y commit -qm "$i"; done)

# ---- servers: started under "$@", asked, stopped; what they say must be the same each time ----

wait_for() { # COMMAND...: until it works, 20 s at most
	for ((w = 0; w < 200; w++)); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	echo "no answer: $*"
}
# the server itself, below record
descriptors() { echo "descriptors $(ls "/proc/$1/fd" | wc -l)"; }

redis() {
	rm -rf redis.d && mkdir redis.d
	"$@" redis-server --port 0 --unixsocket "$dir/redis.d/s" --dir "$dir/redis.d" --pidfile "$dir/redis.d/pid" --daemonize no --save '' --io-threads 2 >redis.d/log 2>&1 &
	server=$!
	cli() { redis-cli -s "$dir/redis.d/s" "$@"; }
	wait_for cli ping
	redis-benchmark -s "$dir/redis.d/s" -n 2000 -c 20 -q -t ping,set,get,incr,lpush,lrange_100,mset >/dev/null || echo "redis-benchmark: status $?"
	cli get counter:__rand_int__
	cli llen mylist
	cli bgsave >/dev/null # forks
	wait_for sh -c "redis-cli -s $dir/redis.d/s info persistence | grep -q 'rdb_bgsave_in_progress:0'"
	cli info persistence | grep -a 'rdb_last_bgsave_status'
	sleep 0.2 # connections of clients that are gone
	descriptors "$(cli info server | sed -n 's/^process_id:\([0-9]*\).*/\1/p')"
	cli shutdown nosave
	wait $server
	echo "status $?"
	grep -ai 'crash\|signal\|assert' redis.d/log
}

postgres_bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
as_user=()
if [ "$(id -u)" -eq 0 ] && id postgres >/dev/null 2>&1; then
	as_user=(setpriv --reuid=postgres --regid=postgres --clear-groups)
fi
postgres_make() {
	mkdir -p pg && [ ${#as_user[@]} -eq 0 ] || chown postgres pg
	"${as_user[@]}" "$postgres_bin/initdb" -D "$dir/pg/data" -A trust -U postgres -N >/dev/null || echo 'initdb failed'
}
postgres() {
	# the recording belongs to the server's user: its streams are
	"${as_user[@]}" "$@" "$postgres_bin/postgres" -D "$dir/pg/data" -k "$dir/pg" -h '' -c fsync=off -c max_parallel_workers_per_gather=2 >pg.log 2>&1 &
	server=$!
	sql() { "$postgres_bin/psql" -h "$dir/pg" -U postgres -XAtq -c "$1" postgres; }
	wait_for sql 'select 1'
	"$postgres_bin/pgbench" -h "$dir/pg" -U postgres -i -q -s 1 postgres >/dev/null 2>&1 || echo "pgbench -i: status $?"
	"$postgres_bin/pgbench" -h "$dir/pg" -U postgres -n -c 4 -j 2 -t 50 --random-seed=7 postgres 2>&1 | grep 'actually\|failed transactions'
	sql 'select sum(abalance), count(*) from pgbench_accounts; select count(*) from pgbench_history'
	sql 'set parallel_setup_cost=0; set parallel_tuple_cost=0; set min_parallel_table_scan_size=0; select count(*), sum(hashtext(filler)) from pgbench_accounts'
	pid=$(head -n 1 pg/data/postmaster.pid)
	sleep 0.2
	descriptors "$pid"
	kill -INT "$pid"
	wait $server
	echo "status $?"
	grep -a 'PANIC\|FATAL\|terminated by signal' pg.log | grep -v 'the database system is starting up'
}

# ---- again and again ----

# try NAME COMMAND...: a function gets what to run its server under as arguments
try() {
	name=$1 different=0 hung=0 without=0
	shift
	echo "$name" | grep -Eq -- "$pattern" || return
	command -v "$1" >/dev/null || { echo "| $name | skipped: no $1 | | | | |"; return; }
	rm -f want want.err
	if declare -F "$1" >/dev/null; then
		"$1" >want 2>want.err
	else
		"$@" >want 2>want.err
		echo "status $?" >>want
	fi
	for ((k = 0; k < runs; k++)); do
		rm -f out/p.pb.gz
		# shellcheck disable=SC2206 # options
		record=(timeout -k 5 120 "$build/profdata" record -q --no-symbols -F 1000 $modes -o "$dir/out/p.pb.gz" --)
		if declare -F "$1" >/dev/null; then
			"$1" "${record[@]}" >have 2>have.err
		else
			"${record[@]}" "$@" >have 2>have.err
			echo "status $?" >>have
		fi
		grep -q '^status 124$\|^status 137$' have && hung=$((hung + 1))
		[ -s out/p.pb.gz ] && "$build/profdata" info out/p.pb.gz 2>/dev/null | grep -q 'record.processes: [1-9]' || without=$((without + 1))
		cmp -s want have || {
			different=$((different + 1))
			echo "$name, run $k: $(diff want have | head -n 5) $(tail -n 1 have.err)" >&2
		}
	done
	echo "| $name | $runs | $different | $hung | $without | $(find . -name '*.pdrec' | wc -l) |"
}

mkdir out
[ ${#as_user[@]} -eq 0 ] || chmod 777 out
echo "Recorded: $modes. $(date -I), $(nproc) CPUs, load $(cut -d ' ' -f 1 /proc/loadavg)."
echo
echo '| program | runs | different from alone | hung | without a profile | streams left behind |'
echo '|---|---|---|---|---|---|'
try 'threads that come and go, exit and are cancelled (64)' "$target" churn 64
try 'forks, vforks, execs, aborts (12)' "$target" forks 12
try 'own signals, masks, alternate stacks, faults' "$target" signals 0.1
try 'dlopen and dlclose in two threads (2 × 10)' "$target" plugins "$build/tests/agent/plugin.so" 10
try 'python3: threads, json, sqlite, fork, subprocess' python3 "$here/survival.py"
try 'node: workers, http, zlib, crypto, child processes' node "$here/survival.js"
[ -z "$postgres_bin" ] || postgres_make
try 'postgres under pgbench (4 clients, 200 transactions, parallel query)' postgres
try 'redis-server under redis-benchmark (7 × 2000 requests, fork)' redis
try 'git log --stat' git -C repo log --stat
try 'git gc' sh -c 'rm -rf gc && cp -r repo gc && git -C gc gc -q && git -C gc fsck --full 2>&1 && git -C gc count-objects'
try 'gcc -O2 -c' sh -c 'gcc -O2 -c x.c -o x.o && md5sum <x.o'
try 'sh: pipes and loops' sh -c 'for i in 1 2 3; do ls /usr/bin | sort | md5sum; done'
try 'perl' perl -e 'print join(",", map { $_ * 2 } 1 .. 1000)'
try 'tar and gzip' sh -c 'tar cf - -C /usr/include linux 2>/dev/null | gzip -c | wc -c | grep -c .'
