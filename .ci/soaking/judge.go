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

// warmUp is how long a program grows into its use, in seconds; of a short run at
// most half. In the window it is the driver that draws without a graphics card: it
// compiles each of its shaders for each way that they are used, some 20 MB in the
// first twelve minutes.
const warmUp = 900

// judge compares the middle values of the first and the last third of a run once
// it is warm. Both see every model and every kind of text, so that what is open at
// the moment evens out.
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
			rest := values[warmAt(samples):]
			n := len(rest) / 3
			warm, end := median(rest[:n]), median(rest[len(rest)-n:])
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

// warmAt is the first sample once it is warm.
func warmAt(samples [][]float64) int {
	from := min(warmUp, samples[len(samples)-1][0]/2)
	return slices.IndexFunc(samples, func(s []float64) bool { return s[0] >= from })
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
