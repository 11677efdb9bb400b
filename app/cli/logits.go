package cli

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"

	"tern/inference"
)

// Logits writes the logits of every position of a prompt to a file.
func Logits(ctx context.Context, s Streams, args []string) error {
	f := newFlags("logits", "[MODEL] --ids 1,2,3 --out FILE [flags]", `
Write the logits after every token of a prompt as little-endian float32, one row
of the vocabulary's size for each position: [positions][vocabulary].`,
		`tern logits -m ~/models/bitnet_b1_58-large --ids 1,450,7205 --kv f32 --out logits.f32`)
	var ids []int32
	var threads int
	var session inference.SessionOptions
	out := ""
	f.modelFlag()
	f.idsFlag(&ids)
	f.StringVar(&out, "out", "", "the `FILE` to write; - is standard output")
	f.engineFlags(&threads, &session.KV)
	if err := f.parseModel(args); err != nil {
		return err
	}
	if ids == nil {
		return f.wrong("--ids is missing")
	}
	if out == "" {
		return f.wrong("--out is missing")
	}
	f.model.onlyIDs = true
	e, _, err := openEngine(ctx, s, f.model, threads)
	if err != nil {
		return err
	}
	defer e.Close()
	if ids, err = prompt(e, ids, "", false); err != nil {
		return err
	}
	seq, err := newSession(e, session, len(ids))
	if err != nil {
		return err
	}
	w := s.Out
	if out != "-" {
		file, err := os.Create(out)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := writeLogits(ctx, s, file, seq, ids); err != nil {
			return err
		}
		return file.Close()
	}
	return writeLogits(ctx, s, w, seq, ids)
}

func writeLogits(ctx context.Context, s Streams, w io.Writer, seq *inference.Session, ids []int32) error {
	progress := newMeter(s.Err)
	defer progress.clear()
	buf := bufio.NewWriterSize(w, 1<<20)
	var word [4]byte
	err := seq.EachLogits(ctx, ids, func(pos int, logits []float32) error {
		progress.show("position %d of %d", pos+1, len(ids))
		for _, v := range logits {
			binary.LittleEndian.PutUint32(word[:], math.Float32bits(v))
			if _, err := buf.Write(word[:]); err != nil {
				return fmt.Errorf("cannot write the logits: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return buf.Flush()
}
