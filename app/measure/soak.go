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
// and dead objects, goroutines, threads, open files, and what is resident: bytes of
// mapped files, bytes that Go's runtime holds (at most), the rest, which is C's.
func sample(f *os.File) {
	fmt.Fprintln(f, "seconds,resident,heap,goroutines,threads,files,mapped,go,rest")
	begin := time.Now()
	for i := 0; ; i++ {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		open, _ := os.ReadDir("/proc/self/fd")
		threads, _ := os.ReadDir("/proc/self/task")
		all, mapped := resident()
		golang := int64(m.Sys - m.HeapReleased)
		fmt.Fprintf(f, "%.0f,%d,%d,%d,%d,%d,%d,%d,%d\n", time.Since(begin).Seconds(), all, m.HeapAlloc,
			runtime.NumGoroutine(), len(threads), len(open), mapped, golang, max(0, all-mapped-golang))
		if i%profilesEvery == profilesEvery-1 {
			profile(strings.TrimSuffix(f.Name(), ".csv"))
		}
		time.Sleep(sampleEvery)
	}
}

// resident is the physical memory that the process holds now, and how much of it
// is files and memory that is shared.
func resident() (all, mapped int64) {
	text, _ := os.ReadFile("/proc/self/statm")
	var size int64
	fmt.Sscan(string(text), &size, &all, &mapped)
	page := int64(os.Getpagesize())
	return all * page, mapped * page
}

func profile(name string) {
	for _, kind := range []string{"goroutine", "heap"} {
		if f, err := os.Create(name + "." + kind); err == nil {
			_ = pprof.Lookup(kind).WriteTo(f, 1)
			f.Close()
		}
	}
}
