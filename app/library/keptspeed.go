package library

import (
	"encoding/json"
	"runtime"
	"time"

	"tern/app/files"
	"tern/app/measure"
)

// speedsLast is how long a measurement counts for the starts after it: a neighbour
// that slowed it down does so no longer than that.
const speedsLast = 3 * 24 * time.Hour

// maxSpeeds is far above what a file of them takes.
const maxSpeeds = 1 << 20

// keptSpeeds is the file of what Measure found.
type keptSpeeds struct {
	Mark     string            `json:"mark"` // of the program and its kernels
	Cores    int               `json:"cores"`
	Threads  int               `json:"threads"` // as Measure was asked for
	At       time.Time         `json:"at"`
	Machines []measure.Machine `json:"machines"`
}

// KeepSpeeds lets Measure take from a file what it found at another start of the same
// program, which mark names, and write it there. Call it before the library is used.
func (l *Library) KeepSpeeds(path, mark string) { l.speeds, l.mark = path, mark }

// readSpeeds returns what the file holds of this computer with a number of threads, nil
// for nothing that still counts.
func (l *Library) readSpeeds(threads int, now time.Time) map[measure.Kind]measure.Machine {
	if l.speeds == "" {
		return nil
	}
	data, err := files.Read(l.speeds, maxSpeeds)
	if err != nil {
		return nil
	}
	var k keptSpeeds
	if len(data) > maxSpeeds || json.Unmarshal(data, &k) != nil ||
		k.Mark != l.mark || k.Cores != runtime.NumCPU() || k.Threads != threads || k.At.After(now) || now.Sub(k.At) > speedsLast {
		return nil
	}
	all := map[measure.Kind]measure.Machine{}
	for _, m := range k.Machines {
		all[m.Kind] = m
	}
	for _, kind := range measure.Kinds {
		if m := all[kind]; !(m.Body > 0) || !(m.MACs > 0) {
			return nil // it was cut short, or written by another hand
		}
	}
	return all
}

// writeSpeeds keeps what was found. Where that fails, the next start measures again.
func (l *Library) writeSpeeds(all map[measure.Kind]measure.Machine, threads int, now time.Time) {
	if l.speeds == "" {
		return
	}
	k := keptSpeeds{Mark: l.mark, Cores: runtime.NumCPU(), Threads: threads, At: now}
	for _, m := range all {
		k.Machines = append(k.Machines, m)
	}
	if data, err := json.Marshal(k); err == nil {
		_ = files.Write(l.speeds, data)
	}
}
