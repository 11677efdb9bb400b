package chat

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tern/app/chat/backend"
	"tern/app/chat/shelf"
	"tern/app/files/filestest"
	"tern/app/history"
)

// report is what a process that chats says of the open conversation.
type report struct {
	ID, Text string
	Saved    bool // the disk has it
}

// reportEvery is how often it says so while it writes.
const reportEvery = 20 * time.Millisecond

// chatForever writes answers, short and long, stops some, begins new
// conversations, and says what it shows.
func chatForever(t *testing.T, dir string) {
	f := newFake(t)
	f.context = 1 << 20
	f.says = []string{strings.Repeat(" and on", 1000)} // 14 s
	c := newController(Options{Folder: dir}, backend.NewReadings(nil), f.opener)
	c.Models.Load("a", balanced)
	say := func(saved bool) {
		v := c.View()
		line, err := json.Marshal(report{v.ID, text(v), saved})
		if err != nil {
			panic(err)
		}
		fmt.Println(string(line))
	}
	working := func() bool {
		c.desk.mu.Lock()
		defer c.desk.mu.Unlock()
		return c.commands.Busy() || c.Models.snapshot().loading || c.desk.job != nil
	}
	for working() {
		time.Sleep(time.Millisecond)
	}
	for i := 0; ; i++ {
		g := balanced
		g.MaxTokens = 1 + rand.IntN(150)
		if i%5 == 4 {
			g.MaxTokens = 3000
		}
		switch rand.IntN(4) {
		case 0:
			c.New()
		case 1:
			c.Shelf.Rename(c.View().ID, fmt.Sprint("Title ", i))
		}
		c.Generate(fmt.Sprintf("Question %d.", i), g)
		end := time.Now().Add(5 * time.Second)
		for working() {
			if time.Sleep(reportEvery); time.Now().After(end) {
				c.Stop()
			}
			say(false)
		}
		done := make(chan struct{})
		c.Shelf.Load(c.View().ID, func(*history.Conversation) { close(done) }) // after what saves the answer
		<-done
		say(true)
	}
}

// TestKilled ends a process that chats at moments it cannot choose: every
// conversation opens, what was saved is there, and of the rest at most what was
// said within the time of two saves is missing.
func TestKilled(t *testing.T) {
	const most = int(2 * shelf.SaveEvery / reportEvery)
	var worst time.Duration
	var reports, cut int
	last := ""
	filestest.Killed(t, 400*time.Millisecond, 6*time.Second, func(dir string) { chatForever(t, dir) },
		func(dir string, said []filestest.Line, at time.Time) {
			last = dir
			store := history.NewStore(dir)
			list, err := store.List()
			if err != nil {
				t.Error(err)
			}
			texts := map[string]string{}
			for _, e := range list {
				x, err := store.Read(e.ID)
				if err != nil {
					t.Error(err)
					continue
				}
				for _, m := range x.Path() {
					texts[e.ID] += m.Text
				}
				if x.Writer != 0 {
					if strings.Contains(said[len(said)-1].Text, e.ID) {
						cut++
					}
					if !store.Crashed(e, at) {
						t.Errorf("%s is still being written", e.ID)
					}
				}
			}
			for i, line := range said {
				var r report
				if err := json.Unmarshal([]byte(line.Text), &r); err != nil {
					t.Fatal(err)
				}
				reports++
				if strings.HasPrefix(texts[r.ID], r.Text) {
					continue
				}
				missing := at.Sub(line.At)
				worst = max(worst, missing)
				if r.Saved || len(said)-i > most {
					t.Errorf("%d bytes of %s were said %v and %d reports before the end (saved: %v); %d are there",
						len(r.Text), r.ID, missing, len(said)-i, r.Saved, len(texts[r.ID]))
				}
			}
		})
	left, _ := filepath.Glob(filepath.Join(last, "*.new"))
	for _, path := range left {
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour)); err != nil {
			t.Error(err)
		}
	}
	history.NewStore(last).Purge(time.Now())
	if still, _ := filepath.Glob(filepath.Join(last, "*.new")); len(still) > 0 {
		t.Errorf("%q are left", still)
	}
	t.Logf("of %d reports, the oldest that is missing was %v old; %d answers were cut, %d files half written", reports, worst, cut, len(left))
}
