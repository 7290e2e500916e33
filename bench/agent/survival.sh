#!/bin/bash
# survival.sh BUILD [-n RUNS] [-m MODES]... [-p PATTERN] [-j JOBS] [-l LOG]: programs with the sampler at 1000 Hz again and again: output and status as
# alone, no crash, nothing hangs, no descriptor more, a profile every time, no stream left behind. Prints the table of docs/agent.md.
#   -n RUNS     of each program (default 5; the table has 1000)
#   -m MODES    what is recorded (default '--cpu --wall'); named more than once: in turn
#   -p PATTERN  only programs whose name matches
#   -j JOBS     programs at a time (default 1)
#   -l LOG      a line per run is appended to LOG; what it holds already is not run again
# Needs python3, nodejs, postgresql, redis-server, git and gcc; what is not there is skipped with a line. Servers run as the user postgres when started by root.
set -u
[ $# -ge 1 ] || { sed -n '2,9s/^# //p' "$0"; exit 2; }
build=$(realpath "$1") runs=5 modes=() pattern=. jobs=1 log=
shift
while getopts n:m:p:j:l: option; do
	case $option in
	n) runs=$OPTARG ;;
	m) modes+=("$OPTARG") ;;
	p) pattern=$OPTARG ;;
	j) jobs=$OPTARG ;;
	l) log=$(realpath "$OPTARG") ;;
	*) exit 2 ;;
	esac
done
[ ${#modes[@]} -gt 0 ] || modes=('--cpu --wall')
here=$(realpath "$(dirname "$0")")
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
chmod 755 "$top"
cd "$top" || exit 2
log=${log:-$top/log}
touch "$log" || exit 2
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
	for ((w = 0; w < 1000; w++)); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.02
	done
	echo "no answer: $*"
}

# Of the server itself, below record. Connections of clients that are gone are closed a little later: alone there is time for it, then they are
# counted until there are as many.
descriptors() {
	[ -s want ] || sleep 0.5
	for ((w = 0; w < 50; w++)); do
		count=$(ls "/proc/$1/fd" | wc -l)
		[ -s want ] && ! grep -qx "descriptors $count" want || break
		sleep 0.02
	done
	echo "descriptors $count"
}

redis() {
	rm -rf redis.d && mkdir redis.d
	"$@" redis-server --port 0 --unixsocket "$dir/redis.d/s" --dir "$dir/redis.d" --pidfile "$dir/redis.d/pid" --daemonize no --save '' --io-threads 2 >redis.d/log 2>&1 &
	server=$!
	cli() { redis-cli -s "$dir/redis.d/s" "$@"; }
	wait_for cli ping
	redis-benchmark -s "$dir/redis.d/s" -n 100 -c 10 -q -t ping,set,get,incr,lpush,lrange_100,mset >/dev/null || echo "redis-benchmark: status $?"
	cli get counter:__rand_int__
	cli llen mylist
	cli bgsave >/dev/null # forks
	wait_for sh -c "redis-cli -s $dir/redis.d/s info persistence | grep -q 'rdb_bgsave_in_progress:0'"
	cli info persistence | grep -a 'rdb_last_bgsave_status'
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
postgres() {
	if [ ! -d pg/data ]; then
		mkdir -p pg && [ ${#as_user[@]} -eq 0 ] || chown postgres pg
		"${as_user[@]}" "$postgres_bin/initdb" -D "$dir/pg/data" -A trust -U postgres -N >/dev/null || echo 'initdb failed'
	fi
	# the recording belongs to the server's user: its streams are
	"${as_user[@]}" "$@" "$postgres_bin/postgres" -D "$dir/pg/data" -k "$dir/pg" -h '' -c fsync=off -c max_parallel_workers_per_gather=2 >pg.log 2>&1 &
	server=$!
	sql() { "$postgres_bin/psql" -h "$dir/pg" -U postgres -XAtq -c "$1" postgres; }
	wait_for "$postgres_bin/pg_isready" -q -h "$dir/pg" -U postgres
	# the tables of pgbench with a tenth of the rows
	"$postgres_bin/pgbench" -h "$dir/pg" -U postgres -i -q -I dt postgres >/dev/null 2>&1 || echo "pgbench -i: status $?"
	sql "insert into pgbench_branches values (1, 0); insert into pgbench_tellers select i, 1, 0 from generate_series(1, 10) i;
		insert into pgbench_accounts select i, 1, 0, 'x' from generate_series(1, 10000) i;
		alter table pgbench_accounts add primary key (aid); alter table pgbench_tellers add primary key (tid); analyze pgbench_accounts"
	cat >small.sql <<-'SQL'
		\set aid random(1, 10000)
		\set tid random(1, 10)
		\set delta random(-5000, 5000)
		BEGIN;
		UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;
		SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
		UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid;
		INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (:tid, 1, :aid, :delta, CURRENT_TIMESTAMP);
		END;
	SQL
	"$postgres_bin/pgbench" -h "$dir/pg" -U postgres -n -c 4 -j 2 -t 25 --random-seed=7 -f small.sql postgres 2>&1 | grep 'actually\|failed transactions'
	sql 'select sum(abalance), count(*) from pgbench_accounts; select count(*), sum(delta) from pgbench_history'
	sql 'set parallel_setup_cost=0; set parallel_tuple_cost=0; set min_parallel_table_scan_size=0; select count(*), sum(hashtext(filler)) from pgbench_accounts'
	pid=$(head -n 1 pg/data/postmaster.pid)
	for ((w = 0; w < 100; w++)); do # who is still there when the server stops says so
		pgrep -P "$pid" -f '^postgres: (postgres|autovacuum worker)' >/dev/null || break
		sleep 0.02
	done
	descriptors "$pid"
	kill -INT "$pid"
	wait $server
	echo "status $?"
	grep -a 'PANIC\|FATAL\|terminated by signal' pg.log | grep -v 'the database system is starting up'
}

# ---- again and again ----

# run_of WHAT COMMAND...: one run, told to the log
run_of() {
	local record what=$1 different=0 hung=0 without=0
	shift
	rm -f out/p.pb.gz
	# shellcheck disable=SC2206 # options
	record=(timeout -k 5 120 "$build/profdata" record -q --no-symbols -F 1000 $what -o "$dir/out/p.pb.gz" --)
	if declare -F "$1" >/dev/null; then
		"$1" "${record[@]}" >have 2>have.err
	else
		"${record[@]}" "$@" >have 2>have.err
		echo "status $?" >>have
	fi
	grep -q '^status 124$\|^status 137$' have && hung=1
	[ -s out/p.pb.gz ] && "$build/profdata" info out/p.pb.gz 2>/dev/null | grep -q 'record.processes: [1-9]' || without=1
	cmp -s want have || {
		different=1
		echo "$name ($what): $(diff want have | head -n 5) $(tail -n 1 have.err)" >&2
	}
	printf '%s\t%s\t%d\t%d\t%d\t%d\n' "$name" "$what" $different $hung $without "$(find . -name '*.pdrec' | wc -l)" >>"$log"
	find . -name '*.pdrec' -delete
}

done_of() { awk -F '\t' -v name="$1" '$1 == name { n++ } END { print n + 0 }' "$log"; }

# try NAME COMMAND...: until there are $goal runs of it; a function gets what to run its server under as arguments
try() {
	local name=$1 number=$((++count))
	shift
	names+=("$name")
	echo "$name" | grep -Eq -- "$pattern" || return
	command -v "$1" >/dev/null || { skipped+=("| $name | skipped: no $1 | | | | |"); return; }
	[ "$(done_of "$name")" -lt "$goal" ] || return
	while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
	(
		dir=$top/$number
		mkdir -p "$dir/out" && cd "$dir" || exit 2
		[ ${#as_user[@]} -eq 0 ] || chmod 777 out
		rm -f want
		if declare -F "$1" >/dev/null; then
			"$1" >alone 2>alone.err
		else
			"$@" >alone 2>alone.err
			echo "status $?" >>alone
		fi
		mv alone want
		for ((k = $(done_of "$name"); k < goal; k++)); do run_of "${modes[k % ${#modes[@]}]}" "$@"; done
	) &
}

all_programs() {
	count=0 names=() skipped=()
	try 'threads that come and go, exit and are cancelled (64)' "$target" churn 64
	try 'forks, vforks, execs, aborts (12)' "$target" forks 12
	try 'own signals, masks, alternate stacks, faults' "$target" signals 0.1
	try 'dlopen and dlclose in two threads (2 × 10)' "$target" plugins "$build/tests/agent/plugin.so" 10
	try 'python3: threads, json, sqlite, fork, subprocess' python3 "$here/survival.py"
	try 'node: workers, http, zlib, crypto, child processes' node "$here/survival.js"
	[ -z "$postgres_bin" ] || try 'postgres under pgbench (4 clients, 100 transactions, parallel query)' postgres
	try 'redis-server under redis-benchmark (7 × 100 requests, fork)' redis
	try 'git log --stat' git -C "$top/repo" log --stat
	try 'git gc' sh -c "rm -rf gc && cp -r $top/repo gc && git -C gc gc -q && git -C gc fsck --full 2>&1 && git -C gc count-objects"
	try 'gcc -O2 -c' sh -c "gcc -O2 -c $top/x.c -o x.o && md5sum <x.o"
	try 'sh: pipes and loops' sh -c 'for i in 1 2 3; do ls /usr/bin | sort | md5sum; done'
	try 'perl' perl -e 'print join(",", map { $_ * 2 } 1 .. 1000)'
	try 'tar and gzip' sh -c 'tar cf - -C /usr/include arpa netinet sys net 2>/dev/null | gzip -cn | md5sum'
	wait
}

# In slices: what is interrupted has about as many runs of each.
for ((goal = runs < 50 ? runs : 50; ; goal = goal + 50 < runs ? goal + 50 : runs)); do
	all_programs
	[ $goal -lt "$runs" ] || break
done
echo "Recorded: $(cut -f 2 "$log" | sort | uniq -c | sed 's/^ *\([0-9]*\) \(.*\)/\1 × `\2`/' | paste -sd ';' | sed 's/;/; /g'). $(date -I), $(nproc) CPUs."
echo
echo '| program | runs | different from alone | hung | without a profile | streams left behind |'
echo '|---|---|---|---|---|---|'
for name in "${names[@]}"; do
	awk -F '\t' -v name="$name" '$1 == name { n++; d += $3; h += $4; w += $5; s += $6 } END { if (n) printf "| %s | %d | %d | %d | %d | %d |\n", name, n, d, h, w, s }' "$log"
done
[ ${#skipped[@]} -eq 0 ] || printf '%s\n' "${skipped[@]}"
