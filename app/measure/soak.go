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
// file that TERN_SOAK names, and beside it now and then which goroutines there are.
const (
	sampleEvery     = 5 * time.Second
	goroutinesEvery = 60 // samples
)

func init() {
	name := os.Getenv("TERN_SOAK")
	if name == "" {
		return
	}
	// As in the program that people have, which cannot be asked for its memory: what
	// Go notes of each way that leads to an allocation grows with the ways of a
	// window, by 6 MB in an hour.
	runtime.MemProfileRate = 0
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
		if i%goroutinesEvery == goroutinesEvery-1 {
			goroutines(strings.TrimSuffix(f.Name(), ".csv"))
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

func goroutines(name string) {
	if f, err := os.Create(name + ".goroutine"); err == nil {
		_ = pprof.Lookup("goroutine").WriteTo(f, 1)
		f.Close()
	}
}
