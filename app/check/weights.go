package check

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"tern/inference"
	"tern/model"
)

// LayerShares are the shares, from 0 to 1, of the ternary weights of a layer.
type LayerShares struct {
	Layer int     `json:"layer"`
	Neg   float64 `json:"neg"`
	Zero  float64 `json:"zero"`
	Pos   float64 `json:"pos"`
}

// ScaleRange is the range of the multipliers, or of the scales of the groups, of one
// projection over all layers.
type ScaleRange struct {
	Name string  `json:"name"` // "q", "k", "v", "o", "gate", "up" or "down"
	Min  float32 `json:"min"`
	Max  float32 `json:"max"`
}

// ternaryCount is how many weights of a matrix are -1, 0, +1 and +2 scales.
type ternaryCount struct{ neg, zero, pos, two int }

func (c *ternaryCount) add(d *ternaryCount) {
	c.neg, c.zero, c.pos, c.two = c.neg+d.neg, c.zero+d.zero, c.pos+d.pos, c.two+d.two
}

func (c *ternaryCount) total() int { return c.neg + c.zero + c.pos + c.two }

// Bounds of what trained checkpoints show: absmean quantisation of bell-shaped
// weights leaves 31% zeros, and published mean magnitudes are 0.005 to 3.
const (
	minZeroShare, maxZeroShare = 0.05, 0.80
	minScale, maxScale         = 1e-4, 10
)

// misreadShare is the share of weights of +2 scales from which on the layout may be
// another one: codes of two bits can say them, and no training makes them.
const misreadShare = 0.01

// Misread reports whether so many weights of +2 scales make a layout doubtful.
func Misread(two, all int) bool { return float64(two) > misreadShare*float64(all) }

// LayoutMisread is what to say then.
const LayoutMisread = "the layout may be misread"

func (r *Report) checkWeights(ctx context.Context, m *model.Model) error {
	r.checkTensors(m)
	if notes := inference.Notes(m); len(notes) > 0 {
		r.add("notes", Good, "%s", strings.Join(notes, " "))
	}
	if err := r.count(ctx, m); err != nil {
		return err
	}
	r.judgeShares(m)
	r.judgeScales(m)
	return r.checkFinite(ctx, m)
}

func (r *Report) checkTensors(m *model.Model) {
	var unknown []string
	for _, name := range m.Ignored {
		if !strings.HasSuffix(name, ".rotary_emb.inv_freq") {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		r.add("tensors", Doubtful, "%d found; %s mean nothing to this family and are not used", len(m.Tensors), some(unknown))
		return
	}
	r.add("tensors", Good, "%d found, all that the configuration asks for", len(m.Tensors))
}

func (r *Report) count(ctx context.Context, m *model.Model) error {
	layers := m.Weights.Layers
	r.counts = make([][]ternaryCount, len(layers))
	err := Parallel(ctx, len(layers), func(i int) {
		for _, l := range layers[i].Projections() {
			var c ternaryCount
			c.neg, c.zero, c.pos, c.two = l.Shares()
			r.counts[i] = append(r.counts[i], c)
		}
	})
	if err != nil {
		return err
	}
	for i := range layers {
		var sum ternaryCount
		for _, c := range r.counts[i] {
			sum.add(&c)
		}
		n := float64(max(sum.total(), 1))
		r.Layers = append(r.Layers, LayerShares{i, float64(sum.neg) / n, float64(sum.zero) / n, float64(sum.pos) / n})
	}
	return nil
}

func (r *Report) judgeShares(m *model.Model) {
	var odd, empty, misread []string
	var sum ternaryCount
	for i := range m.Weights.Layers {
		for j, l := range m.Weights.Layers[i].Projections() {
			c := &r.counts[i][j]
			zero := float64(c.zero) / float64(max(c.total(), 1))
			sum.add(c)
			name := fmt.Sprintf("layer %d %s (%s)", i, l.Name, c.shares())
			switch {
			case c.total() == 0: // kept as floats
			case Misread(c.two, c.total()):
				misread = append(misread, fmt.Sprintf("layer %d %s (%.0f%%)", i, l.Name, 100*float64(c.two)/float64(c.total())))
			case c.neg == 0 || c.pos == 0:
				empty = append(empty, name)
			case zero < minZeroShare || zero > maxZeroShare:
				odd = append(odd, name)
			}
		}
	}
	for _, d := range []struct {
		name string
		*model.Dense
	}{{"the embedding", &m.Embed}, {"the head", m.Head}} {
		if d.Grouped == nil || d.Dense == &m.Embed && d.name == "the head" {
			continue
		}
		n := d.Grouped.Counts()
		c := ternaryCount{n[0], n[1], n[2], n[3]}
		sum.add(&c)
		if Misread(c.two, c.total()) {
			misread = append(misread, fmt.Sprintf("%s (%.0f%%)", d.name, 100*float64(c.two)/float64(c.total())))
		}
	}
	twos := ""
	if sum.two > 0 {
		twos = fmt.Sprintf("; %d of %d weights are +2 scales", sum.two, sum.total())
	}
	switch {
	case len(misread) > 0:
		r.add("weights", Doubtful, "many weights are +2 scales in %s; %s", some(misread), LayoutMisread)
	case len(empty) > 0:
		r.add("weights", Bad, "a sign is missing altogether in %s", some(empty))
	case sum.zero == 0 && sum.total() > 0:
		r.add("weights", Good, "no zeros: a 1-bit model%s", twos)
	case len(odd) > 0:
		r.add("weights", Doubtful, "unusual shares of -1 / 0 / +1 in %s", some(odd))
	default:
		r.add("weights", Good, "between %.0f%% and %.0f%% zeros in every matrix%s", 100*minZeroShare, 100*maxZeroShare, twos)
	}
}

// judgeScales returns whether the multipliers are what trained models have.
func (r *Report) judgeScales(m *model.Model) bool {
	var odd []string
	for i := range m.Weights.Layers {
		for _, l := range m.Weights.Layers[i].Projections() {
			lo, hi := l.ScaleRange()
			if !l.Ternary() || hi == 0 && l.Grouped != nil {
				continue // floats, or nothing but zeros
			}
			j := slices.IndexFunc(r.Scales, func(s ScaleRange) bool { return s.Name == l.Name })
			if j < 0 { // layers of linear attention have other projections
				j = len(r.Scales)
				r.Scales = append(r.Scales, ScaleRange{l.Name, lo, hi})
			}
			s := &r.Scales[j]
			s.Min, s.Max = min(s.Min, lo), max(s.Max, hi)
			// A group of small weights may have a small scale; the largest says more.
			if !(hi >= minScale && hi <= maxScale) {
				odd = append(odd, fmt.Sprintf("layer %d %s (%.4g)", i, l.Name, hi))
			}
		}
	}
	if len(odd) > 0 {
		r.add("multipliers", Doubtful, "outside %g to %g in %s; they may be stored inverted", minScale, float64(maxScale), some(odd))
		return false
	}
	r.add("multipliers", Good, "all within %g to %g", minScale, float64(maxScale))
	return true
}

// checkFinite looks at every float of the model for NaN and infinities.
func (r *Report) checkFinite(ctx context.Context, m *model.Model) error {
	var broken []string
	vector := func(name string, v []float32) {
		if n := notFinite(v); n > 0 {
			broken = append(broken, fmt.Sprintf("%s (%d values)", name, n))
		}
	}
	matrix := func(name string, d *model.Dense) error {
		if d == nil {
			return nil
		}
		bad := make([]int, d.Rows)
		err := Parallel(ctx, d.Rows, func(i int) {
			row := make([]float32, d.Cols)
			d.RowTo(row, i)
			bad[i] = notFinite(row)
		})
		total := 0
		for _, n := range bad {
			total += n
		}
		if total > 0 {
			broken = append(broken, fmt.Sprintf("%s (%d values)", name, total))
		}
		return err
	}
	vector("the final norm", m.Norm)
	if err := matrix("the embedding", &m.Embed); err != nil {
		return err
	}
	if m.Head != &m.Embed {
		if err := matrix("the head", m.Head); err != nil {
			return err
		}
	}
	for i := range m.Weights.Layers {
		l := &m.Weights.Layers[i]
		for _, norm := range l.Norms() {
			vector(fmt.Sprintf("a norm of layer %d", i), norm)
		}
		for _, p := range l.Projections() {
			name := fmt.Sprintf("layer %d %s", i, p.Name)
			vector(name, p.Norm)
			vector(name, []float32{p.Scale})
			if err := matrix(name, p.Dense); err != nil {
				return err
			}
		}
	}
	if len(broken) > 0 {
		r.add("numbers", Bad, "NaN or infinity in %s", some(broken))
		return nil
	}
	r.add("numbers", Good, "all finite")
	return nil
}

func notFinite(v []float32) (n int) {
	for _, x := range v {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			n++
		}
	}
	return n
}

// shares writes the counts as percentages of their sum: "31 / 38 / 31".
func (c *ternaryCount) shares() string {
	n := float64(max(c.total(), 1)) / 100
	return fmt.Sprintf("%.0f / %.0f / %.0f", float64(c.neg)/n, float64(c.zero)/n, float64(c.pos)/n)
}
