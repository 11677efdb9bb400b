package checkpoint_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"tern/model"
	"tern/model/checkpoint"
)

// Open reads a folder or a file, safetensors or GGUF.
func ExampleOpen() {
	m, err := checkpoint.Open(context.Background(), "../../inference/testdata/goldens/gguf-llama-tq2_0", nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %d layers, %d tokens\n", m.Family, len(m.Weights.Layers), m.VocabSize)
	row := make([]int8, m.Dim)
	m.Weights.Layers[0].Q.UnpackRow(0, row)
	fmt.Println("the first weights of q:", row[:8])

	_, err = checkpoint.Open(context.Background(), "testdata", nil)
	fmt.Println(errors.Is(err, model.ErrNotFound), err)
	// Output:
	// Llama (ternary): 2 layers, 414 tokens
	// the first weights of q: [-1 0 -1 -1 0 1 0 1]
	// true model: the folder holds neither model.safetensors nor a .gguf file: no model found
}

// Peek reads headers only.
func ExamplePeek() {
	f, err := checkpoint.Peek("../../inference/testdata/goldens/hf-falcon3-packed")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s, %s: %d parameters, %d bytes in memory\n", f.Format, f.Family, f.Params, f.Bytes())
	// Output:
	// safetensors, Llama (ternary): 496000 parameters, 223232 bytes in memory
}
