// Package model has the nouns: a Model is a Config, packed Weights, and what
// describes the tokenizer. It knows no files, no tokenizer, no kernels and no
// window. Package checkpoint reads models, export writes them, compare says in
// what two differ.
package model

import "tern/tokenizer/vocab"

// Model is a loaded checkpoint. It is immutable after Open.
type Model struct {
	Name string // what to call it: the folder's or file's base name
	Path string // what was opened; empty for the built-in model
	Config
	Weights
	Tokenizer vocab.Files
	Tensors   []TensorInfo // in the order of the forward pass
	Ignored   []string     // names of tensors that were skipped (inv_freq buffers)
	Notes     []string     // what was passed over or assumed, one sentence each

	// Recommended holds the sampling settings that the checkpoint's makers
	// recommend, by the keys of generation_config.json; nil for none.
	Recommended map[string]float64
}

// TensorInfo describes one tensor as the checkpoint stores it.
type TensorInfo struct {
	Name   string
	Type   string  // as the container names it: "F32", "BF16", "U8", "I2_S" …
	Shape  []int   // as stored, outermost dimension first
	Layer  int     // -1 outside the layers
	Linear *Linear // what it became, for a projection's weight; else nil
}

// Progress says how far Open has come.
type Progress struct {
	Layer, Layers     int   // layer being read, from 1; 0 before the first
	Bytes, TotalBytes int64 // read so far and in all, tensor data only
}
