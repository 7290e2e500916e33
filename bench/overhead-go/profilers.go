package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
)

// A profiler that is switched on around the operations. What it writes goes to a file, as it would in production.
type profiler struct {
	start  func() error
	middle func() error // after half of the operations
	stop   func() (int64, error)
}

const (
	blockRate     = 10000 // ns
	mutexFraction = 10
)

// Go records allocations unless it is told not to.
func memoryProfile(on bool) {
	if !on {
		runtime.MemProfileRate = 0
	}
}

func newProfiler(name string) (*profiler, error) {
	f, err := os.CreateTemp("", "overhead-go-")
	if err != nil {
		return nil, err
	}
	os.Remove(f.Name()) // the file lives as long as it is open
	p := &profiler{start: func() error { return nil }, middle: func() error { return nil }}
	written := func() (int64, error) { return f.Seek(0, io.SeekEnd) }
	p.stop = written
	lookup := func(kind string) func() (int64, error) {
		return func() (int64, error) {
			if err := pprof.Lookup(kind).WriteTo(f, 0); err != nil {
				return 0, err
			}
			return written()
		}
	}
	switch name {
	case "none":
	case "cpu":
		p.start = func() error { return pprof.StartCPUProfile(f) }
		p.stop = func() (int64, error) { pprof.StopCPUProfile(); return written() }
	case "trace":
		p.start = func() error { return trace.Start(f) }
		p.stop = func() (int64, error) { trace.Stop(); return written() }
	case "mem":
		p.stop = lookup("allocs")
	case "block":
		p.start = func() error { runtime.SetBlockProfileRate(blockRate); return nil }
		p.stop = lookup("block")
	case "mutex":
		p.start = func() error { runtime.SetMutexProfileFraction(mutexFraction); return nil }
		p.stop = lookup("mutex")
	case "goroutine":
		p.middle = func() error { _, err := lookup("goroutine")(); return err } // while the workload holds what it holds
	default:
		return nil, fmt.Errorf("no profiler is called %q", name)
	}
	return p, nil
}
