// Report reads the output of go test -json, prints go test's own line for each
// package and everything that a failed test wrote, and ends with the count of
// tests and subtests: "12 passed, 0 failed, 1 skipped".
//
// Every skipped test is listed. Where the environment says CI=true, one that the
// file given by -skips does not name, with a reason, counts as failed.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// event is a line of go test -json; see go doc cmd/test2json.
type event struct {
	Action  string
	Package string
	Test    string // empty: about the package
	Output  string
}

// name identifies a test among all packages.
type name struct{ pkg, test string }

type report struct {
	out     io.Writer
	allowed map[name]string // nil: any test may be skipped
	output  map[name]string // what tests that have not ended wrote
	failed  map[string]int  // failed tests by package

	passes, fails, skips int
}

func main() {
	skips := flag.String("skips", "", "`file` of lines \"package test reason\": what may be skipped under CI=true")
	flag.Parse()
	r := report{out: os.Stdout}
	if os.Getenv("CI") == "true" {
		list, err := os.ReadFile(*skips)
		if err == nil {
			r.allowed, err = parseSkips(string(list))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "report:", err)
			os.Exit(2)
		}
	}
	if !r.read(os.Stdin) {
		os.Exit(1)
	}
}

// parseSkips reads lines of a package, a test and the reason why it may be
// skipped. Empty lines and lines that begin with # say nothing.
func parseSkips(list string) (map[name]string, error) {
	allowed := map[name]string{}
	for i, line := range strings.Split(list, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		f := strings.Fields(line)
		if len(f) < 3 {
			return nil, fmt.Errorf("skips: line %d is not \"package test reason\"", i+1)
		}
		allowed[name{f[0], f[1]}] = strings.Join(f[2:], " ")
	}
	return allowed, nil
}

// read reports all of in and reports whether nothing failed.
func (r *report) read(in io.Reader) bool {
	r.output, r.failed = map[name]string{}, map[string]int{}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		var e event
		switch {
		case line == "": // the end
		case json.Unmarshal([]byte(line), &e) == nil:
			r.event(e)
		default: // go itself complains
			fmt.Fprint(r.out, line)
		}
		if err != nil {
			break
		}
	}
	if r.passes+r.fails+r.skips == 0 {
		fmt.Fprintln(r.out, "no tests were run")
		r.fails++
	}
	fmt.Fprintf(r.out, "%d passed, %d failed, %d skipped\n", r.passes, r.fails, r.skips)
	return r.fails == 0
}

func (r *report) event(e event) {
	n := name{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "output":
		if e.Test == "" && (strings.HasPrefix(e.Output, "ok ") || strings.HasPrefix(e.Output, "FAIL\t")) {
			fmt.Fprint(r.out, e.Output)
			return
		}
		r.output[n] += e.Output
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.endPackage(e)
			return
		}
		r.endTest(n, e.Action)
	}
}

func (r *report) endTest(n name, action string) {
	wrote := r.output[n]
	delete(r.output, n)
	switch action {
	case "pass":
		r.passes++
	case "fail":
		r.fail(n.pkg)
		fmt.Fprint(r.out, wrote)
	case "skip":
		r.skips++
		why, ok := r.allowed[n]
		if r.allowed != nil && !ok {
			r.skips--
			r.fail(n.pkg)
			why = "not in the list of tests that may be skipped:\n" + wrote
		} else if !ok {
			why = reason(wrote)
		}
		fmt.Fprintf(r.out, "skipped %s %s: %s\n", n.pkg, n.test, why)
	}
}

// endPackage counts a package that failed outside of its tests: it does not
// build, panicked, took too long. It shows what the tests it interrupted wrote.
func (r *report) endPackage(e event) {
	for n, wrote := range r.output {
		if n.pkg != e.Package {
			continue
		}
		if e.Action == "fail" && (n.test != "" || r.failed[e.Package] == 0) {
			fmt.Fprint(r.out, wrote)
		}
		delete(r.output, n)
	}
	if e.Action == "fail" && r.failed[e.Package] == 0 {
		r.fail(e.Package)
	}
}

func (r *report) fail(pkg string) {
	r.fails++
	r.failed[pkg]++
}

// reason is what a test wrote when it skipped itself, without go test's frame.
func reason(wrote string) string {
	var said []string
	for _, line := range strings.Split(wrote, "\n") {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			said = append(said, line)
		}
	}
	return strings.Join(said, " ")
}
