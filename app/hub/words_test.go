package hub_test

import (
	"fmt"
	"time"

	"tern/app/explain"
	"tern/app/hub"
)

func init() {
	hub.SetWords(func(err error, id string) string {
		p := explain.Download(err, id)
		return fmt.Sprintf("%s. %s", p.Sentence, p.Hint)
	}, func(err error, wait time.Duration) string {
		return explain.Waiting(err, wait).Sentence.String()
	})
}
