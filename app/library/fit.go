package library

import (
	"tern/app/settings"
	"tern/inference"
	"tern/model/checkpoint"
)

// margin is what a model needs beside its weights and its context: the
// program, the tokenizer, the buffers of a pass.
const margin = 200_000_000

// Room is what a user lets a conversation take.
type Room struct {
	Context   int   // tokens, 0 for as many as a conversation takes
	Snapshots int64 // bytes for copies of a state of linear attention, 0 for inference.DefaultSnapshots
}

// RoomOf is what settings let a conversation take.
func RoomOf(s *settings.Settings) Room {
	return Room{Context: s.Generation.Context, Snapshots: s.SnapshotBytes()}
}

// conversation is how many tokens of context a model needs room for where the user set
// none: some ten pages. The cache grows with the text, and a longer one uses what
// memory there is then.
const conversation = 4096

// Need is the memory that a model takes with a room: the weights as they are packed, the
// embedding and head as they are stored, the codes of the head, the keys and values of every
// position, the state of linear attention with as many copies of it as the room allows for, of
// different positions each, and a margin.
func Need(f *checkpoint.Facts, room Room) int64 {
	if room.Context <= 0 {
		room.Context = conversation
	}
	n := int64(min(f.ContextLen, room.Context))
	return f.Bytes() + inference.ScanBytes(&f.Head) + n*inference.KVBytesPerToken(&f.Config, inference.KVF16) +
		f.StateBytes() + min(inference.SnapshotBytes(&f.Config, room.Snapshots), n*f.StateBytes()) + margin
}

// Verdict says how well a need fits.
type Verdict uint8

// The verdicts.
const (
	Unknown Verdict = iota // this system does not tell its free memory
	Fits                   // in 80% of what is free
	Tight                  // in what is free
	DoesNotFit
)

// Fit is a need, what is free, and the verdict.
type Fit struct {
	Verdict
	Need, Free int64
}

// Judge compares a need with the free memory.
func Judge(need, free int64, known bool) Fit {
	f := Fit{Need: need, Free: free}
	switch {
	case !known:
	case need > free:
		f.Verdict = DoesNotFit
	case need > free/5*4:
		f.Verdict = Tight
	default:
		f.Verdict = Fits
	}
	return f
}
