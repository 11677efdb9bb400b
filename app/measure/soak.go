//go:build soak && linux

package measure

import (
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"
)

// The program that .ci/soak runs notes what it holds, every sampleEvery, in the
// file that TERN_SOAK names, and beside it now and then which goroutines and
// which memory that is.
const (
	sampleEvery   = 5 * time.Second
	profilesEvery = 60 // samples
)

func init() {
	name := os.Getenv("TERN_SOAK")
	if name == "" {
		return
	}
	f, err := os.Create(name)
	if err != nil {
		panic(err)
	}
	go sample(f)
}

// sample writes a line for each sample: seconds, resident bytes, bytes of live
// and dead objects, goroutines, threads, open files.
func sample(f *os.File) {
	fmt.Fprintln(f, "seconds,resident,heap,goroutines,threads,files")
	begin := time.Now()
	for i := 0; ; i++ {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		open, _ := os.ReadDir("/proc/self/fd")
		threads, _ := os.ReadDir("/proc/self/task")
		fmt.Fprintf(f, "%.0f,%d,%d,%d,%d,%d\n", time.Since(begin).Seconds(), resident(), m.HeapAlloc,
			runtime.NumGoroutine(), len(threads), len(open))
		if i%profilesEvery == profilesEvery-1 {
			profile(strings.TrimSuffix(f.Name(), ".csv"))
		}
		time.Sleep(sampleEvery)
	}
}

// resident is the physical memory that the process holds now.
func resident() (bytes int64) {
	text, _ := os.ReadFile("/proc/self/statm")
	var size, pages int64
	fmt.Sscan(string(text), &size, &pages)
	return pages * int64(os.Getpagesize())
}

func profile(name string) {
	for _, kind := range []string{"goroutine", "heap"} {
		if f, err := os.Create(name + "." + kind); err == nil {
			_ = pprof.Lookup(kind).WriteTo(f, 1)
			f.Close()
		}
	}
}
