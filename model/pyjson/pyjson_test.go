package pyjson

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		`{"a": NaN, "b": [Infinity, -Infinity, -1.5]}`: `{"a": "NaN", "b": ["Infinity", "-Infinity", -1.5]}`,
		"\ufeff{}":                                `{}`,
		`[2048.0, 1e3, -3.00, 5e-1]`:              `[2048, 1000, -3, 5e-1]`,
		`[1e30, -0.0, 9007199254740993.0, 0.0]`:   `[1e30, -0.0, 9007199254740992, 0]`,
		`[1e999, -1e999]`:                         `["Infinity", "-Infinity"]`,
		`{"NaN": "a \" Infinity 1.0", "x": "\\"}`: `{"NaN": "a \" Infinity 1.0", "x": "\\"}`,
		`["open NaN`:                              `["open NaN`,
		`[1..0, 1.0.0, 01.0]`:                     `[1..0, 1.0.0, 01.0]`,
	} {
		if got := string(Clean([]byte(in))); got != want {
			t.Errorf("Clean(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestUnmarshal(t *testing.T) {
	var v struct {
		N int     `json:"n"`
		F float64 `json:"f"`
		S string  `json:"s"`
		L []int   `json:"l"`
	}
	if err := Unmarshal([]byte("\ufeff{\"n\": 2048.0, \"f\": 3.0, \"x\": [NaN], \"l\": [1.0]}\r\n"), &v); err != nil || v.N != 2048 || v.F != 3 || v.L[0] != 1 {
		t.Errorf("%+v, %v", v, err)
	}
	for in, want := range map[string]string{
		``:            "it is empty",
		"\ufeff \n":   "it is empty",
		`{"n": 1`:     "ends too early",
		"{\n\"n\" 1}": "line 2",
		`{"n": 1.5}`:  `the value of "n" is a number 1.5, want a whole number`,
		`{"n": NaN}`:  `the value of "n" is a text, want a whole number`,
		`{"s": 1}`:    `the value of "s" is a number, want a text`,
		`[]`:          "it holds a list",
	} {
		err := Unmarshal([]byte(in), &v)
		if err == nil || !strings.Contains(err.Error(), strings.Replace(want, "a number 1.5", "number 1.5", 1)) {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
}

// What is JSON stays JSON and is worth the same, but for numbers beyond it.
func FuzzClean(f *testing.F) {
	f.Add([]byte(`{"a":[1.0,-2e2,"x\"NaN"],"b":1e-7}`))
	f.Add([]byte(`[NaN,-Infinity,1e999]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		clean := Clean(data)
		if !json.Valid(data) {
			return
		}
		var a, b any
		errA, errB := json.Unmarshal(data, &a), json.Unmarshal(clean, &b)
		if errB != nil {
			t.Fatalf("%q became %q: %v", data, clean, errB)
		}
		if errA != nil {
			return // 1e999
		}
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		if !bytes.Equal(x, y) {
			t.Fatalf("%q became %q", data, clean)
		}
	})
}
