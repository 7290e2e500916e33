// A small program with something to see: it parses orders, looks things up by
// pattern, sorts and compresses, in a few goroutines with labels.
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"runtime/pprof"
	"sort"
	"sync"
	"time"
)

type order struct {
	ID    int      `json:"id"`
	Name  string   `json:"name"`
	Items []string `json:"items"`
}

var (
	pattern = regexp.MustCompile(`^(customer)-([0-9]+)-(north|south)$`)
	kept    [][]byte
	mu      sync.Mutex
)

func makeOrders(n int) []byte {
	orders := make([]order, n)
	for i := range orders {
		orders[i] = order{i, fmt.Sprintf("customer-%d-%s", i*7919%n, []string{"north", "south", "west"}[i%3]), []string{"tea", "rice", "salt"}}
	}
	text, _ := json.Marshal(orders)
	return text
}

func parse(text []byte) []order {
	var orders []order
	if err := json.Unmarshal(text, &orders); err != nil {
		panic(err)
	}
	return orders
}

func selectOrders(orders []order) []order {
	var out []order
	for _, o := range orders {
		if pattern.MatchString(o.Name) {
			out = append(out, o)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

func archive(orders []order) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	json.NewEncoder(z).Encode(orders)
	z.Close()
	mu.Lock()
	kept = append(kept, b.Bytes())
	mu.Unlock()
}

func serve(end time.Time) {
	for time.Now().Before(end) {
		archive(selectOrders(parse(makeOrders(2000))))
	}
}

func write(path string, f func(*os.File) error) {
	out, err := os.Create(path)
	if err == nil {
		err = f(out)
	}
	if err == nil {
		err = out.Close()
	}
	if err != nil {
		panic(err)
	}
}

func main() {
	runtime.MemProfileRate = 64 << 10
	var wg sync.WaitGroup
	write("cpu.pb.gz", func(f *os.File) error {
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		end := time.Now().Add(2 * time.Second)
		for _, shop := range []string{"berlin", "oslo"} {
			wg.Add(1)
			go pprof.Do(context.Background(), pprof.Labels("shop", shop), func(context.Context) { serve(end); wg.Done() })
		}
		wg.Wait()
		pprof.StopCPUProfile()
		return nil
	})
	write("heap.pb.gz", func(f *os.File) error { return pprof.Lookup("heap").WriteTo(f, 0) })
}
