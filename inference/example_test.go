package inference_test

import (
	"context"
	"fmt"
	"log"

	"tern/assets"
	"tern/inference"
)

// A story of the built-in model, token by token. Open takes the path of any
// checkpoint in its place.
func Example() {
	ctx := context.Background()
	engine, err := inference.OpenFS(ctx, assets.Model(), ".", inference.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	session, err := engine.NewSession(inference.SessionOptions{})
	if err != nil {
		log.Fatal(err)
	}
	prompt := "Once upon a time"
	fmt.Print(prompt)
	for event, err := range session.Generate(ctx, engine.Prompt(prompt), inference.GenerateOptions{MaxTokens: 12}) {
		if err != nil {
			log.Fatal(err)
		}
		switch event.Kind {
		case inference.EventToken:
			fmt.Print(event.Text)
		case inference.EventDone:
			fmt.Printf("\n%d tokens, ended by %q\n", event.Stats.Generated, event.Stop)
		}
	}
	// Output:
	// Once upon a time, there was a little girl named Lily. She loved to
	// 12 tokens, ended by "length"
}

// A session keeps what the next prompt has in common with the last one.
func ExampleSession_Sync() {
	ctx := context.Background()
	engine, err := inference.OpenFS(ctx, assets.Model(), ".", inference.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	session, err := engine.NewSession(inference.SessionOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for _, text := range []string{"Tom had a red ball", "Tom had a red hat"} {
		ids := engine.Prompt(text)
		reused, err := session.Sync(ctx, ids, nil)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d of %d ids reused, %d logits\n", reused, len(ids), len(session.Logits()))
	}
	// Output:
	// 0 of 6 ids reused, 4096 logits
	// 5 of 6 ids reused, 4096 logits
}
