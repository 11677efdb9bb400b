package main

import (
	"fmt"
	"strings"
	"testing"
)

// stream builds go test -json from lines "action package test output".
func stream(lines ...string) string {
	var b strings.Builder
	for _, l := range lines {
		f := strings.SplitN(l, " ", 4)
		for len(f) < 4 {
			f = append(f, "")
		}
		fmt.Fprintf(&b, "{\"Action\":%q,\"Package\":%q,\"Test\":%q,\"Output\":%q}\n", f[0], f[1], strings.Trim(f[2], "-"), f[3])
	}
	return b.String()
}

func TestReport(t *testing.T) {
	skip := stream("output p T - needs a file\n", "skip p T", "output p - ok  \tp\t0.1s\n", "pass p -")
	tests := []struct {
		name    string
		in      string
		allowed map[name]string
		want    string
		ok      bool
	}{
		{"passes",
			stream("output p T/a chatter\n", "pass p T/a", "pass p T", "output p - PASS\n", "output p - ok  \tp\t0.1s\n", "pass p -"),
			nil, "ok  \tp\t0.1s\n2 passed, 0 failed, 0 skipped\n", true},
		{"a failed test shows what it wrote",
			stream("output p T want 1\n", "fail p T", "output p - FAIL\n", "output p - FAIL\tp\t0.1s\n", "fail p -"),
			nil, "want 1\nFAIL\tp\t0.1s\n0 passed, 1 failed, 0 skipped\n", false},
		{"a panic fails the package and shows the test",
			stream("output p T panic: oh\n", "output p - FAIL\tp\t0.1s\n", "fail p -"),
			nil, "FAIL\tp\t0.1s\npanic: oh\n0 passed, 1 failed, 0 skipped\n", false},
		{"a package that does not build",
			stream("build-output p - p.go:1: no\n", "output p - FAIL\tp [build failed]\n", "fail p -"),
			nil, "p.go:1: no\nFAIL\tp [build failed]\n0 passed, 1 failed, 0 skipped\n", false},
		{"a package without tests",
			stream("pass q T", "output p - ?   \tp\t[no test files]\n", "skip p -"),
			nil, "1 passed, 0 failed, 0 skipped\n", true},
		{"no tests at all", "go: no such thing\n",
			nil, "go: no such thing\nno tests were run\n0 passed, 1 failed, 0 skipped\n", false},
		{"a skip, anywhere", skip,
			nil, "skipped p T: - needs a file\nok  \tp\t0.1s\n0 passed, 0 failed, 1 skipped\n", true},
		{"a skip that is listed", skip,
			map[name]string{{"p", "T"}: "so it is"}, "skipped p T: so it is\nok  \tp\t0.1s\n0 passed, 0 failed, 1 skipped\n", true},
		{"a skip that is not listed", skip,
			map[name]string{{"p", "U"}: "so it is"},
			"skipped p T: not in the list of tests that may be skipped:\n- needs a file\n\nok  \tp\t0.1s\n0 passed, 1 failed, 0 skipped\n", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			r := report{out: &out, allowed: tt.allowed}
			if ok := r.read(strings.NewReader(tt.in)); ok != tt.ok {
				t.Errorf("ok = %v", ok)
			}
			if out.String() != tt.want {
				t.Errorf("printed\n%q, want\n%q", out.String(), tt.want)
			}
		})
	}
}

func TestParseSkips(t *testing.T) {
	got, err := parseSkips("# comment\n\n  p T/a  for a reason \n")
	if err != nil || len(got) != 1 || got[name{"p", "T/a"}] != "for a reason" {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := parseSkips("p T\n"); err == nil {
		t.Error("a line without a reason was accepted")
	}
}
