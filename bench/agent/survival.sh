#!/bin/bash
# survival.sh BUILD RUNS [REAL-RUNS]: programs with the sampler at 1000 Hz, CPU and wall time, again and again: output and status as alone, nothing hangs,
# nothing is left behind. Then programs people have.
set -u
build=$1 runs=$2 real=${3:-$(($2 / 10))}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
target=$build/tests/agent/target

cat >x.c <<'END'
#include <stdio.h>
#include <stdlib.h>
int main(void) { printf("%ld\n", strtol("42", NULL, 10)); return 0; }
END
cat >x.py <<'END'
import threading, json, re, subprocess, hashlib, os, sqlite3
done = []
def work():
    done.append(sum(len(json.dumps({"a": i, "b": [1, 2, 3]})) for i in range(1000)))
threads = [threading.Thread(target=work) for _ in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
print(sum(done), hashlib.sha256(b"x" * 100000).hexdigest()[:8], re.sub("a+", "b", "caaat"), subprocess.run(["echo", "hi"], capture_output=True).stdout)
db = sqlite3.connect(":memory:")
db.execute("create table t(a)")
db.executemany("insert into t values(?)", [(i,) for i in range(1000)])
print(db.execute("select sum(a) from t").fetchall(), os.waitstatus_to_exitcode(os.system("exit 3")))
pid = os.fork()
if pid == 0:
    os._exit(9)
print(os.waitpid(pid, 0)[1])
END
git init -q repo && (cd repo && for i in 1 2 3 4 5; do seq $((i * 1000)) >f && git add f && git -c user.name=x -c user.email=x@y commit -qm "$i"; done)

# try NAME RUNS COMMAND...
try() {
	name=$1 n=$2 bad=0
	shift 2
	"$@" >want 2>want.err
	echo $? >>want
	for ((k = 0; k < n; k++)); do
		timeout 60 "$build/profdata" record -q -F 1000 --cpu --wall -o p.pb.gz -- "$@" >have 2>have.err
		echo $? >>have
		cmp -s want have || {
			bad=$((bad + 1))
			echo "$name, run $k: $(diff want have | head -n 3) $(tail -n 1 have.err)" >&2
		}
	done
	left=$(find . -name '*.pdrec' | wc -l)
	echo "| $name | $n | $bad | $left |"
}

echo '| program | runs | different from alone | streams left behind |'
echo '|---|---|---|---|'
try 'threads that come and go, exit and are cancelled (64)' "$runs" "$target" churn 64
try 'forks, vforks, execs, aborts (12)' "$runs" "$target" forks 12
try 'own signals, masks, alternate stacks, faults' "$runs" "$target" signals 0.1
try 'dlopen and dlclose in two threads (2 × 10)' "$runs" "$target" plugins "$build/tests/agent/plugin.so" 10
try 'python3: threads, json, sqlite, fork, subprocess' "$real" python3 x.py
try 'git log --stat' "$real" git -C repo log --stat
try 'gcc -O2 -c' "$real" gcc -O2 -c x.c -o x.o
try 'sh: pipes and loops' "$real" sh -c 'for i in 1 2 3; do ls /usr/bin | sort | md5sum; done'
try 'perl' "$real" perl -e 'print join(",", map { $_ * 2 } 1 .. 1000)'
try 'tar | gzip' "$real" sh -c 'tar cf - -C /usr/include linux 2>/dev/null | gzip -c | wc -c | grep -c .'
