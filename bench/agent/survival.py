# What Python programs do, with an answer that is the same every time.
import hashlib, json, os, re, sqlite3, subprocess, threading

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
print("descriptors", len(os.listdir("/proc/self/fd")))
