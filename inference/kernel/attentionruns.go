package kernel

// Attention of several queries, each over a run of keys or values of its own: of heads that
// do not share them. The runs lie far values apart, and their scales far/dimensions. Where
// the processor reads several streams faster than one, Runs are read side by side. The
// results are those of Scores and WeightedSum for each query, bit for bit.

// Runs is how many queries of dim values with runs of their own a call should have.
func Runs(dim int) int {
	if runsTogether(dim) {
		return MaxQueries
	}
	return 1
}

// ScoresRunsF16 is ScoresF16 for up to MaxQueries queries: s[i] = scale·K·q[i], where K is
// k[i·far:]. next is where the runs that are read afterwards begin, or nil.
func ScoresRunsF16(s, q [][]float32, k []uint16, far int, scale float32, next *uint16) {
	mustMatchRuns(s, q, len(k), far, "ScoresRunsF16")
	if len(s) == MaxQueries && len(s[0]) > 0 && scoresRunsF16(s, q, k, far, scale, next) {
		return
	}
	for i := range s {
		ScoresEachF16(s[i:i+1], q[i:i+1], k[i*far:][:len(s[i])*len(q[i])], scale, nil)
	}
}

// WeightedSumRunsF16 adds Vᵀ·p[i] to out[i], where V is v[i·far:].
func WeightedSumRunsF16(out, p [][]float32, v []uint16, far int, next *uint16) {
	mustMatchRuns(p, out, len(v), far, "WeightedSumRunsF16")
	if len(p) == MaxQueries && len(p[0]) > 0 && weightedSumRunsF16(out, p, v, far, next) {
		return
	}
	for i := range p {
		WeightedSumEachF16(out[i:i+1], p[i:i+1], v[i*far:][:len(p[i])*len(out[i])], nil)
	}
}

// ScoresRuns8 is ScoresEach8 where the keys of query i are k[i·far:].
func ScoresRuns8(s [][]float32, q []Vector16, k []int8, scales []float32, far int, scale float32, next *int8) {
	mustLen(len(q), len(s), "ScoresRuns8: q")
	if len(s) == MaxQueries && len(s[0]) > 0 && scoresRuns8(s, q, k, scales, far, scale, next) {
		return
	}
	for i := range s {
		dim := len(q[i].codes)
		ScoresEach8(s[i:i+1], q[i:i+1], k[i*far:][:len(s[i])*dim], scales[i*far/dim:][:len(s[i])], scale, nil)
	}
}

// WeightedSumRuns8 is WeightedSumEach8 where the values of query i are v[i·far:].
func WeightedSumRuns8(out [][]float32, w []Vector16, v []int8, rows, far int, next *int8) {
	mustLen(len(w), len(out), "WeightedSumRuns8: w")
	if len(out) == MaxQueries && rows > 0 && weightedSumRuns8(out, w, v, rows, far, next) {
		return
	}
	for i := range out {
		WeightedSumEach8(out[i:i+1], w[i:i+1], v[i*far:][:rows*len(out[i])], rows, nil)
	}
}

func mustMatchRuns(positions, dimensions [][]float32, n, far int, what string) {
	if len(positions) > 0 {
		mustMatch(positions, dimensions, len(positions[0])*len(dimensions[0]), what)
		if (len(positions)-1)*far+len(positions[0])*len(dimensions[0]) > n {
			panic("kernel: " + what + ": runs end after the last value")
		}
	}
}
