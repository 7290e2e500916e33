// A Go program that knows where the time of its goroutines went: each computes
// 30 %, sleeps 50 % and waits for a lock 20 % of its life, and writes down what
// it measured itself, while an execution trace is taken.
//
//	truth-go WORKERS SECONDS FILE TRACE
//
// FILE gets a line per goroutine: ID NAME LIFETIME ON SLEEP LOCK, in ns. Time is
// the monotonic clock's: to the trace a goroutine runs also while the system
// lets its thread wait. There must be more processors (GOMAXPROCS) than workers.
package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/trace"
	"strconv"
	"sync"
	"time"
)

const cycle = 20 * time.Millisecond

type truth struct {
	id                          string
	lifetime, busy, sleep, lock time.Duration
}

var sink uint64

//go:noinline
func compute(d time.Duration) {
	for start := time.Now(); time.Since(start) < d; {
		for i := uint64(0); i < 1000; i++ {
			sink += i * i
		}
	}
}

//go:noinline
func sectionSleep(d time.Duration) { time.Sleep(d) }

// The lock is held by somebody else for as long as the caller should wait.
//
//go:noinline
func sectionLock(mu *sync.Mutex, take, taken chan bool) {
	take <- true
	<-taken
	mu.Lock()
	mu.Unlock()
}

func holder(mu *sync.Mutex, take, taken chan bool) {
	for range take {
		mu.Lock()
		taken <- true
		time.Sleep(cycle / 5)
		mu.Unlock()
	}
}

func goroutineID() string {
	buf := make([]byte, 64)
	return string(bytes.Fields(buf[:runtime.Stack(buf, false)])[1])
}

func worker(t *truth, end time.Time) {
	var mu sync.Mutex
	take, taken := make(chan bool), make(chan bool)
	go holder(&mu, take, taken)
	t.id = goroutineID()
	begin := time.Now()
	last := begin
	lap := func(class *time.Duration) {
		now := time.Now()
		*class += now.Sub(last)
		last = now
	}
	for last.Before(end) {
		compute(cycle * 3 / 10)
		lap(&t.busy)
		sectionSleep(cycle / 2)
		lap(&t.sleep)
		sectionLock(&mu, take, taken)
		lap(&t.lock)
	}
	close(take)
	t.lifetime = last.Sub(begin)
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: truth-go WORKERS SECONDS FILE TRACE")
		os.Exit(2)
	}
	workers, _ := strconv.Atoi(os.Args[1])
	seconds, _ := strconv.ParseFloat(os.Args[2], 64)
	runtime.GOMAXPROCS(2*workers + 2)
	out, err := os.Create(os.Args[3])
	if err != nil {
		panic(err)
	}
	file, err := os.Create(os.Args[4])
	if err != nil {
		panic(err)
	}
	if err := trace.Start(file); err != nil {
		panic(err)
	}
	truths := make([]truth, workers)
	var all sync.WaitGroup
	end := time.Now().Add(time.Duration(seconds * 1e9))
	for i := range truths {
		all.Add(1)
		go func() {
			defer all.Done()
			worker(&truths[i], end)
		}()
	}
	all.Wait()
	trace.Stop()
	for _, t := range truths {
		fmt.Fprintln(out, t.id, "worker", t.lifetime.Nanoseconds(), t.busy.Nanoseconds(), t.sleep.Nanoseconds(), t.lock.Nanoseconds())
	}
	if out.Close() != nil || file.Close() != nil {
		os.Exit(1)
	}
}
