package main

import (
	"bytes"
	"fmt"
	"slices"
)

// A picture is small plots beside each other, a column of them for each run.
const (
	plotWide, plotHigh = 420, 90 // of the axes
	cellWide, cellHigh = 500, 150
	left, top          = 50, 30
	points             = 300 // of a line; each is the most of the samples it stands for
)

type picture struct{ body bytes.Buffer }

// panel draws values, which begin at 0 on the axis, over the first numbers of samples.
func (p *picture) panel(col, row int, title string, samples [][]float64, values []float64) {
	x0, y0 := col*cellWide+left, row*cellHigh+top
	most, last := max(slices.Max(values), 1)*1.1, samples[len(samples)-1][0]
	fmt.Fprintf(&p.body, `<text x="%d" y="%d" font-weight="bold">%s</text>`+"\n", x0, y0-8, title)
	fmt.Fprintf(&p.body, `<path d="M%d %dv%dh%d" stroke="#888"/>`+"\n", x0, y0, plotHigh, plotWide)
	fmt.Fprintf(&p.body, `<text x="%d" y="%d" text-anchor="end">%.3g</text><text x="%d" y="%d" text-anchor="end">0</text><text x="%d" y="%d" text-anchor="end">%.0f min</text>`+"\n",
		x0-6, y0+8, most, x0-6, y0+plotHigh, x0+plotWide, y0+plotHigh+14, last/60)
	p.body.WriteString(`<polyline stroke="#0b6484" points="`)
	step := (len(values) + points - 1) / points
	for i := 0; i < len(values); i += step {
		v := slices.Max(values[i:min(i+step, len(values))])
		fmt.Fprintf(&p.body, "%.1f,%.1f ", float64(x0)+samples[i][0]/last*plotWide, float64(y0)+(1-v/most)*plotHigh)
	}
	p.body.WriteString(`"/>` + "\n")
}

func (p *picture) svg(cols int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="11" fill="#222">`+"\n",
		cols*cellWide, len(columns)*cellHigh)
	b.WriteString(`<rect width="100%" height="100%" fill="#fff"/><g fill="none">` + "\n")
	b.Write(bytes.ReplaceAll(p.body.Bytes(), []byte("<text "), []byte(`<text fill="#222" `)))
	b.WriteString("</g></svg>\n")
	return b.Bytes()
}
