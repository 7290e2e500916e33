// Overhead-go is what bench/overhead-go/run measures: one workload under one profiler, a fixed number of operations.
//
//	overhead-go -workload json -profiler cpu -ops 200
//
// The profiler starts before the first operation and is stopped, its profile written, after the last one. What was
// measured goes to the file named by PROFDATA_METRICS, one line METRIC,UNIT,VALUE,BETTER,N_OPS each: as `profdata
// overhead run` wants it.
package main

import (
	"flag"
	"fmt"
	"os"
	"sort"
	"syscall"
	"time"
)

func main() {
	workload := flag.String("workload", "", "sql, http, json, channels or mutex")
	profiler := flag.String("profiler", "none", "none, cpu, mem, block, mutex, goroutine or trace")
	ops := flag.Int("ops", 0, "operations")
	flag.Parse()
	if *ops < 1 || flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := measure(*workload, *profiler, *ops); err != nil {
		fmt.Fprintln(os.Stderr, "overhead-go:", err)
		os.Exit(1)
	}
}

func measure(workload, profiler string, ops int) error {
	memoryProfile(profiler == "mem") // before anything of size is allocated
	op, closeWorkload, err := newWorkload(workload)
	if err != nil {
		return err
	}
	defer closeWorkload()
	p, err := newProfiler(profiler)
	if err != nil {
		return err
	}
	for i := 0; i < ops/10+1; i++ { // caches, connections, the heap's size
		if err := op(); err != nil {
			return err
		}
	}

	took := make([]time.Duration, ops)
	if err := p.start(); err != nil {
		return err
	}
	cpu, started := cpuTime(), time.Now()
	for i := range took {
		if i == ops/2 {
			if err := p.middle(); err != nil {
				return err
			}
		}
		from := time.Now()
		if err := op(); err != nil {
			return err
		}
		took[i] = time.Since(from)
	}
	loop, loopCPU := time.Since(started), cpuTime()-cpu
	cpu, started = cpuTime(), time.Now()
	bytes, err := p.stop()
	if err != nil {
		return err
	}
	return report(result{took: took, loop: loop, loopCPU: loopCPU, stop: time.Since(started), stopCPU: cpuTime() - cpu, bytes: bytes})
}

type result struct {
	took                         []time.Duration
	loop, loopCPU, stop, stopCPU time.Duration
	bytes                        int64
}

func report(r result) error {
	name := os.Getenv("PROFDATA_METRICS")
	out := os.Stdout
	if name != "" {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		out = f
	}
	n := len(r.took)
	line := func(metric string, v float64) error {
		_, err := fmt.Fprintf(out, "%s,s,%.9g,lower,%d\n", metric, v, n)
		return err
	}
	err := line("time/op", r.loop.Seconds()/float64(n))
	if err == nil {
		err = line("CPU/op", r.loopCPU.Seconds()/float64(n))
	}
	if err == nil && n >= 300 { // below, the 99th percentile is not one
		sort.Slice(r.took, func(i, j int) bool { return r.took[i] < r.took[j] })
		err = line("p99", r.took[(n*99+99)/100-1].Seconds())
	}
	if err == nil {
		err = line("stop CPU", r.stopCPU.Seconds())
	}
	if err == nil {
		_, err = fmt.Fprintf(out, "profile size,B,%d,lower,%d\n", r.bytes, n)
	}
	return err
}

// User and system time of the process.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
