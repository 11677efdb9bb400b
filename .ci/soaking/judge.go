package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// column is something that a program holds.
type column struct {
	name  string
	at    int     // in a line of samples
	unit  float64 // of the plot
	more  float64 // what may be more in the end: this,
	share float64 // and this share of what it was
	fails bool
}

var columns = []column{
	{"resident memory, MB", 1, 1e6, 8, 0.05, true},
	{"memory of the heap, MB", 2, 1e6, 0, 0, false}, // saw teeth of the collector
	{"goroutines", 3, 1, 2, 0, true},
	{"threads", 4, 1, 3, 0, true},
	{"open files", 5, 1, 2, 0, true},
	{"resident mapped files, MB", 6, 1e6, 0, 0, false},
	{"memory of Go's runtime, MB", 7, 1e6, 0, 0, false},
	{"the rest of resident memory, MB", 8, 1e6, 0, 0, false},
}

// judge compares the middle values of the second fifth of a run, when it is
// warm, and of the last one. Both see every model and every kind of text, so
// that what is open at the moment evens out.
func judge(plot string, runs []string) error {
	var grown []string
	var p picture
	for i, r := range runs {
		name, file, ok := strings.Cut(r, "=")
		if !ok {
			return fmt.Errorf("%q is not NAME=FILE", r)
		}
		samples, err := read(file)
		if err != nil {
			return err
		}
		for j, c := range columns {
			values := make([]float64, len(samples))
			for k, s := range samples {
				values[k] = s[c.at] / c.unit
			}
			n := len(values) / 5
			warm, end := median(values[n:2*n]), median(values[4*n:])
			fmt.Printf("%s: %s: %.4g warm, %.4g in the end, %.4g at most\n", name, c.name, warm, end, slices.Max(values))
			if c.fails && end > warm+max(c.more, warm*c.share) {
				grown = append(grown, fmt.Sprintf("%s of the %s grew from %.4g to %.4g", c.name, name, warm, end))
			}
			p.panel(i, j, name+": "+c.name, samples, values)
		}
	}
	if err := os.WriteFile(plot, p.svg(len(runs)), 0o666); err != nil {
		return err
	}
	if len(grown) > 0 {
		return fmt.Errorf("%s", strings.Join(grown, "; "))
	}
	return nil
}

// read returns the numbers of each line below the first.
func read(name string) ([][]float64, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(lines) < 11 {
		return nil, fmt.Errorf("%s has too few samples to judge by", name)
	}
	samples := make([][]float64, len(lines)-1)
	for i, line := range lines[1:] {
		for _, field := range line {
			n, err := strconv.ParseFloat(field, 64)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			samples[i] = append(samples[i], n)
		}
	}
	return samples, nil
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}
