package check

import (
	"math/bits"
	"slices"
	"strings"

	"tern/model"
	"tern/model/checkpoint"
)

// checkRepack names files that are known to be worse than what they were made of,
// whatever their cards say. It returns whether the rotary embedding of the original
// was lost on the way.
func (r *Report) checkRepack(m *model.Model) (lostYaRN bool) {
	tq := ""
	for _, t := range m.Tensors {
		if t.Linear != nil && (t.Type == "TQ1_0" || t.Type == "TQ2_0") {
			tq = t.Type
		}
	}
	if tq != "" && oneScaleEach(m) {
		tq = "" // as trained, or as Tern writes what it does not round
	}
	bonsai := m.Arch == checkpoint.Qwen3 && (tq != "" || strings.Contains(strings.ToLower(m.Name), "bonsai") || checkpoint.HasBonsaiShape(&m.Config) && isTernary(m))
	lostYaRN = bonsai && m.RopeScaling.Kind == model.RopeNone
	const source = "take the Q2_0 or PQ2_0 file of its makers instead"
	switch {
	case bonsai && tq != "" && lostYaRN:
		r.add("repack", Doubtful, "%s has one scale for 256 weights where Bonsai has two, so that this repack lost some 6%% of each, and it lost the keys of the rope scaling (YaRN), which every position needs; %s, or read it with --correct %s", tq, source, YaRN)
	case bonsai && tq != "":
		r.add("repack", Doubtful, "%s has one scale for 256 weights where Bonsai has two, so that this repack lost some 6%% of each; %s", tq, source)
	case lostYaRN:
		r.add("repack", Doubtful, "the file lacks the keys of the rope scaling (YaRN), which every position of a Bonsai needs; %s, or read it with --correct %s", source, YaRN)
	}
	return lostYaRN
}

// isTernary reports whether any projection is.
func isTernary(m *model.Model) bool {
	return slices.ContainsFunc(m.Weights.Layers, func(l model.Layer) bool {
		return slices.ContainsFunc(l.Projections(), func(p model.Projection) bool { return p.Ternary() })
	})
}

// oneScaleEach reports whether every ternary matrix has one scale throughout.
func oneScaleEach(m *model.Model) bool {
	for i := range m.Weights.Layers {
		for _, l := range m.Weights.Layers[i].Projections() {
			if l.Grouped == nil {
				continue
			}
			var d float32
			for row := range l.Rows {
				for g := range l.Grouped.Groups() {
					switch s := l.Grouped.Scale(row, g); {
					case s == 0:
					case d == 0:
						d = s
					case s != d:
						return false
					}
				}
			}
		}
	}
	return true
}

// rotate takes the weights of m to be stored in a rotated basis, as files of Bonsai
// 2 have them where they say nothing of signs, or not to be.
func rotate(m *model.Model, yes bool) {
	shared := map[[2]int]*model.Rotation{}
	block := 8192
	if yes {
		widths := []int{m.Dim, m.Heads * m.HeadDim, m.FFNDim}
		if m.Recurrent != nil {
			widths = append(widths, m.DeltaNet.Values())
		}
		for _, w := range widths {
			block = min(block, 1<<bits.TrailingZeros(uint(w)))
		}
	}
	of := func(width, grouped int) *model.Rotation {
		if !yes {
			return nil
		}
		key := [2]int{width, grouped}
		if shared[key] == nil { // matrices with the same input share one
			shared[key] = &model.Rotation{Block: block, Grouped: grouped == 1}
		}
		return shared[key]
	}
	for i := range m.Weights.Layers {
		l := &m.Weights.Layers[i]
		if l.Delta != nil {
			d := *l.Delta // variants share it
			l.Delta = &d
			d.QKV.Rotation, d.Z.Rotation, d.Out.Rotation = of(m.Dim, 0), of(m.Dim, 0), of(m.DeltaNet.Values(), 1)
			*l.Delta = d
		} else {
			l.Q.Rotation, l.K.Rotation, l.V.Rotation, l.O.Rotation = of(m.Dim, 0), of(m.Dim, 0), of(m.Dim, 0), of(m.Heads*m.HeadDim, 0)
		}
		l.Gate.Rotation, l.Up.Rotation, l.Down.Rotation = of(m.Dim, 0), of(m.Dim, 0), of(m.FFNDim, 0)
	}
	m.EmbedRotation, m.HeadRotation = of(m.Dim, 0), of(m.Dim, 0)
}

// isRotated reports whether a model has weights in a rotated basis.
func isRotated(m *model.Model) bool {
	return m.EmbedRotation != nil || m.HeadRotation != nil || slices.ContainsFunc(m.Weights.Layers, func(l model.Layer) bool {
		return slices.ContainsFunc(l.Projections(), func(p model.Projection) bool { return p.Rotation != nil })
	})
}
