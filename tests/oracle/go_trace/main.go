// Prints the events of a trace as Go's own parser orders them: oracle FILE [quiet].
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"

	"golang.org/x/exp/trace"
)

func main() {
	f, _ := os.Open(os.Args[1])
	r, err := trace.NewReader(bufio.NewReaderSize(f, 1<<20))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	quiet := len(os.Args) > 2
	w := bufio.NewWriterSize(os.Stdout, 1<<20)
	n := 0
	for {
		ev, err := r.ReadEvent()
		if err == io.EOF {
			break
		}
		if err != nil {
			w.Flush()
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		n++
		if !quiet {
			fmt.Fprintln(w, ev.String())
		}
	}
	if quiet {
		fmt.Fprintln(w, n)
	}
	w.Flush()
}
