package model

import (
	"encoding/binary"
	"io"
	"math"

	"tern/model/ternary"
)

// The ternary types of GGUF as they are written. Stored row r is row order(r)
// of the matrix.

// writeI2S writes the layout I2SX86: blocks of 128 weights in 32 bytes,
// wherever rows end, and the multiplier in a tail of 32 bytes.
func (l *Linear) writeI2S(w io.Writer, order func(r int) int) error {
	if err := l.writeI2SCodes(w, order); err != nil {
		return err
	}
	var tail [32]byte
	binary.LittleEndian.PutUint32(tail[:], math.Float32bits(l.Scale))
	_, err := w.Write(tail[:])
	return err
}

func (l *Linear) writeI2SCodes(w io.Writer, order func(r int) int) error {
	if l.Cols%ternary.BlockCols == 0 { // the bytes of package ternary, turned around
		codes := make([]byte, l.Cols/4)
		for r := range l.Rows {
			l.Codes(codes, order(r))
			reverseCodes(codes)
			if _, err := w.Write(codes); err != nil {
				return err
			}
		}
		return nil
	}
	row := make([]int8, l.Cols)
	var waiting []int8 // weights of the next blocks
	for r := range l.Rows {
		l.UnpackRow(order(r), row)
		waiting = append(waiting, row...)
		var codes []byte
		for ; len(waiting) >= ternary.BlockCols; waiting = waiting[ternary.BlockCols:] {
			for p := range ternary.BlockCols / 4 {
				codes = append(codes, byte(waiting[p]+1)<<6|byte(waiting[p+32]+1)<<4|byte(waiting[p+64]+1)<<2|byte(waiting[p+96]+1))
			}
		}
		if _, err := w.Write(codes); err != nil {
			return err
		}
	}
	return nil
}

// writeTQ2 writes blocks of 256 weights, laid out like two of package ternary's,
// with the scale 1: their own scale would have 11 bits of the multiplier only.
func (l *Linear) writeTQ2(w io.Writer, order func(r int) int) error {
	const one = 0x3c00 // binary16
	codes := make([]byte, l.Cols/4)
	var out []byte
	for r := range l.Rows {
		l.Codes(codes, order(r))
		out = out[:0]
		for at := 0; at < len(codes); at += tqBlock / 4 {
			out = append(out, codes[at:][:tqBlock/4]...)
			out = binary.LittleEndian.AppendUint16(out, one)
		}
		if _, err := w.Write(out); err != nil {
			return err
		}
	}
	return nil
}

// writeF32 writes the weights -m, 0 and m.
func (l *Linear) writeF32(w io.Writer, order func(r int) int) error {
	row := make([]int8, l.Cols)
	var out []byte
	for r := range l.Rows {
		l.UnpackRow(order(r), row)
		out = out[:0]
		for _, v := range row {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(v)*l.Scale))
		}
		if _, err := w.Write(out); err != nil {
			return err
		}
	}
	return nil
}
