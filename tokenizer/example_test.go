package tokenizer_test

import (
	"fmt"
	"log"
	"os"

	"tern/tokenizer"
	"tern/tokenizer/vocab"
)

func Example() {
	vocabulary, err := os.ReadFile("testdata/spm/tokenizer.model")
	if err != nil {
		log.Fatal(err)
	}
	t, err := tokenizer.New(vocab.Files{SentencePiece: vocabulary})
	if err != nil {
		log.Fatal(err)
	}
	ids := t.Encode("Hello 🙂 </s>")
	fmt.Println(ids)
	fmt.Printf("%q %q %q\n", t.Literal(ids[0]), t.Literal(ids[1]), t.Literal(ids[2]))
	fmt.Printf("%q\n", tokenizer.Decode(t, ids))
	// Output:
	// [316 362 317 313 319 316 243 162 156 133 316 63 50 324 65]
	// "▁" "H" "e"
	// "Hello 🙂 </s>"
}

// A Stream gives whole characters, whatever bytes a token holds.
func ExampleStream() {
	vocabulary, err := os.ReadFile("testdata/spm/tokenizer.model")
	if err != nil {
		log.Fatal(err)
	}
	t, err := tokenizer.New(vocab.Files{SentencePiece: vocabulary})
	if err != nil {
		log.Fatal(err)
	}
	s := tokenizer.NewStream(t, true)
	for _, id := range t.Encode("a 🙂") {
		fmt.Printf("%q ", s.Push(id))
	}
	fmt.Printf("%q\n", s.Flush())
	// Output:
	// "a" " " "" "" "" "🙂" ""
}
