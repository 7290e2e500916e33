// Records a trace of one kind of work: work KIND FILE DURATION.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"sync"
	"syscall"
	"time"
)

func main() {
	kind, out := os.Args[1], os.Args[2]
	d, _ := time.ParseDuration(os.Args[3])
	f, _ := os.Create(out)
	defer f.Close()
	if kind == "flight" {
		fr := trace.NewFlightRecorder(trace.FlightRecorderConfig{MinAge: 2 * time.Second})
		fr.Start()
		run("http", d)
		fr.WriteTo(f)
		fr.Stop()
		return
	}
	if kind != "idle" {
		pprof.StartCPUProfile(io.Discard) // so that the trace has samples
	}
	trace.Start(f)
	run(kind, d)
	trace.Stop()
	pprof.StopCPUProfile()
}

func run(kind string, d time.Duration) {
	end := time.Now().Add(d)
	switch kind {
	case "http":
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, t := trace.NewTask(r.Context(), "request")
			defer t.End()
			trace.WithRegion(ctx, "work", func() {
				s := 0
				for i := range 20000 {
					s += i * i
				}
				trace.Logf(ctx, "sum", "value %d \"quoted\"", s)
			})
			io.WriteString(w, "hello")
		}))
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				c := &http.Client{Transport: &http.Transport{}}
				for time.Now().Before(end) {
					r, err := c.Get(srv.URL)
					if err == nil {
						io.Copy(io.Discard, r.Body)
						r.Body.Close()
					}
				}
			})
		}
		wg.Wait()
		srv.Close()
	case "chan":
		a, b := make(chan int), make(chan int, 16)
		go func() {
			for time.Now().Before(end) {
				a <- 1
			}
			close(a)
		}()
		go func() {
			for v := range a {
				b <- v
			}
			close(b)
		}()
		for range b {
		}
	case "gc":
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				var keep [][]byte
				for time.Now().Before(end) {
					keep = append(keep, make([]byte, 4096))
					if len(keep) > 5000 {
						keep = keep[4000:]
					}
				}
			})
		}
		wg.Wait()
	case "sys":
		r, w, _ := os.Pipe()
		rr, ww := int(r.Fd()), int(w.Fd())
		go func() {
			defer r.Close() // also keeps it: collected, its number would soon be that of another connection, read here instead
			buf := make([]byte, 1)
			for {
				if n, _ := syscall.Read(rr, buf); n <= 0 {
					return
				}
			}
		}()
		for time.Now().Before(end) {
			syscall.Write(ww, []byte{1})
			os.ReadFile("/proc/self/stat")
			time.Sleep(100 * time.Microsecond)
		}
		exec.Command("true").Run()
		w.Close()
	case "net":
		l, _ := net.Listen("tcp", "127.0.0.1:0")
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go io.Copy(c, c)
			}
		}()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				c, _ := net.Dial("tcp", l.Addr().String())
				buf := make([]byte, 64)
				for time.Now().Before(end) {
					c.Write(buf)
					io.ReadFull(c, buf)
				}
				c.Close()
			})
		}
		wg.Wait()
		l.Close()
	case "tasks":
		ctx := context.Background()
		for i := 0; time.Now().Before(end); i++ {
			c, t := trace.NewTask(ctx, fmt.Sprintf("order %d", i%7))
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					c2, t2 := trace.NewTask(c, "part")
					defer t2.End()
					defer trace.StartRegion(c2, "outer").End()
					trace.WithRegion(c2, "inner", func() { runtime.Gosched(); time.Sleep(50 * time.Microsecond) })
					trace.Log(c2, "cat", "message")
				})
			}
			wg.Wait()
			t.End()
		}
	case "many":
		for time.Now().Before(end) {
			var wg sync.WaitGroup
			for range 1000 {
				wg.Go(func() { runtime.Gosched() })
			}
			wg.Wait()
		}
	case "idle":
		go func() { select {} }()
		go func() { var m sync.Mutex; m.Lock(); m.Lock() }()
		time.Sleep(d)
	case "mix":
		var wg sync.WaitGroup
		for _, k := range []string{"chan", "gc", "sys", "net", "tasks", "many"} {
			wg.Go(func() { run(k, d) })
		}
		wg.Wait()
	}
}
