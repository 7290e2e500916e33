# A small server that answers in all the ways servers do.
command -v python3 >/dev/null || { echo "no python3"; exit 77; }
cat >server.py <<'END'
import gzip, http.server, sys
BODY = b"main;a 1\nmain;b 2\n"
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def raw(self, text): self.wfile.write(text); self.close_connection = True
    def do_GET(self):
        p = self.path
        head = b"HTTP/1.1 200 OK\r\n"
        if p == "/length": self.raw(head + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY + b"junk")
        elif p == "/close": self.raw(head + b"\r\n" + BODY)
        elif p == "/gzip": b = gzip.compress(BODY); self.raw(head + b"content-length:%d\r\n\r\n" % len(b) + b)
        elif p == "/chunked": self.raw(head + b"Transfer-Encoding: chunked\r\n\r\n9\r\n" + BODY[:9] + b"\r\n9;x=y\r\n" + BODY[9:] + b"\r\n0\r\n\r\n")
        elif p == "/cut": self.raw(head + b"Content-Length: 1000\r\n\r\n" + BODY)
        elif p == "/badchunk": self.raw(head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + BODY)
        elif p == "/404": self.raw(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        elif p == "/loop": self.raw(b"HTTP/1.1 302 Found\r\nLocation: /loop\r\n\r\n")
        elif p == "/moved": self.raw(b"HTTP/1.1 301 Moved\r\nLocation: /chunked\r\n\r\n")
        elif p == "/secure": self.raw(b"HTTP/1.1 301 Moved\r\nLocation: https://localhost/x\r\n\r\n")
        elif p == "/long": self.raw(head + b"X: y\r\n" * 20000)
        elif p == "/nothttp": self.raw(b"SSH-2.0-nothing\r\n\r\n")
        elif p == "/empty": self.raw(b"")
        elif p.startswith("/debug/pprof/profile"): self.raw(head + b"\r\n" + ("path%s 1\n" % p.replace("/", "_")).encode())
        else: self.raw(b"HTTP/1.1 500 Oops \x1b[31m\r\n\r\n")
s = http.server.HTTPServer(("127.0.0.1", 0), H)
open("port", "w").write(str(s.server_port))
s.serve_forever()
END
python3 server.py & server=$!
trap 'kill $server 2>/dev/null' EXIT
until [ -s port ]; do sleep 0.05; done
base=http://127.0.0.1:$(cat port)
for p in length close gzip chunked moved; do profdata convert -t folded $base/$p; done
for p in cut badchunk 404 loop secure long nothttp empty oops; do
	profdata convert -t folded $base/$p 2>&1 | sed "s#$base#BASE#g"
	echo "$p ${PIPESTATUS[0]}"
done
profdata convert -t folded $base
profdata convert -t folded --seconds 5 $base/
profdata convert -t folded --seconds 5 "$base/debug/pprof/profile?x=1#frag"
profdata convert -t folded new=$base/length
exec 2>/dev/null
