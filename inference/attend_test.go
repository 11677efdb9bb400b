package inference

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tern/inference/kernel"
)

// BenchmarkAttend is the attention of a token of the 728M shape after 1,900 others, with a
// query for each key/value head and with four, in turns with reading as many bytes.
func BenchmarkAttend(b *testing.B) {
	const depth = 1900
	for _, kind := range []KVType{KVF16, KVQ8} {
		for _, threads := range []int{1, 2} {
			e := large(b, threads)
			probe, err := e.NewProbe(kind)
			if err != nil {
				b.Fatal(err)
			}
			c := &e.model.Config
			for _, sharing := range []int{1, 4} {
				// Reading takes as many bytes of each chunk, of a layer.
				bytes := KVBytesPerToken(c, kind) * (depth + 1) / int64(sharing*c.Layers)
				kv, at := probe.s.kv, 0
				size := int(bytes) / kv.chunks()
				read := e.OnWorkers(func(w Worker) {
					w.Share(kv.chunks(), func(i int) {
						var chunk []byte
						if kind == KVQ8 {
							chunk = raw(kv.q8[i].values)
						} else {
							chunk = raw(kv.f16[i])
						}
						kernel.ReadBandwidth(chunk[min((at+c.Layers/2)%c.Layers*len(chunk)/c.Layers, len(chunk)-size):][:size])
					})
				})
				b.Run(fmt.Sprintf("%v/%dT/%d", kind, threads, sharing), func(b *testing.B) {
					var took [2][]float64
					for range b.N {
						for l := range c.Layers {
							for i, f := range []func() error{func() error { return probe.attention(depth, sharing, l, l+1) }, func() error { at = l; return read() }} {
								start := time.Now()
								if err := f(); err != nil {
									b.Fatal(err)
								}
								took[i] = append(took[i], float64(bytes)/1e9/time.Since(start).Seconds())
							}
						}
					}
					for i, name := range []string{"attend", "read"} {
						slices.Sort(took[i])
						b.ReportMetric(took[i][len(took[i])-1], name+"-best")
						b.ReportMetric(took[i][len(took[i])/2], name+"-median")
					}
				})
			}
		}
	}
}
