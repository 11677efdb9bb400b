// Package pyjson reads JSON as Python writes and reads it, the language that
// checkpoints are made with: NaN, Infinity and -Infinity stand in the place of
// numbers, whole numbers are written 2048.0, and a byte-order mark may come first.
package pyjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Unmarshal is json.Unmarshal for such a text. NaN and the infinities are passed
// over where v has no place for them; a number that v wants is an error then.
// Errors are one sentence about the text, without Go's names.
func Unmarshal(data []byte, v any) error {
	return explain(json.Unmarshal(Clean(data), v), data)
}

// Clean returns a text as JSON has it: without byte-order mark, NaN and the
// infinities as strings, numbers without fraction as integers. It returns data
// itself where there is nothing to change.
func Clean(data []byte) []byte {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	var out []byte
	done := 0 // bytes of data that out has
	replace := func(from, to int, by string) {
		out = append(append(out, data[done:from]...), by...)
		done = to
	}
	for i := 0; i < len(data); {
		switch c := data[i]; {
		case c == '"':
			i = skipString(data, i)
		case c == 'N' && bytes.HasPrefix(data[i:], []byte("NaN")):
			replace(i, i+3, `"NaN"`)
			i += 3
		case c == 'I' && bytes.HasPrefix(data[i:], []byte("Infinity")):
			replace(i, i+8, `"Infinity"`)
			i += 8
		case c == '-' && bytes.HasPrefix(data[i:], []byte("-Infinity")):
			replace(i, i+9, `"-Infinity"`)
			i += 9
		case c == '-' || '0' <= c && c <= '9':
			end := i + 1
			for end < len(data) && bytes.IndexByte([]byte("0123456789.eE+-"), data[end]) >= 0 {
				end++
			}
			if whole, ok := wholeNumber(string(data[i:end])); ok {
				replace(i, end, whole)
			}
			i = end
		default:
			i++
		}
	}
	if out == nil {
		return data
	}
	return append(out, data[done:]...)
}

// skipString returns where the string that begins at i ends.
func skipString(data []byte, i int) int {
	for i++; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}

// wholeNumber writes a number with a fraction or an exponent, which has none of
// them in truth, as an integer; ok is false for every other.
func wholeNumber(s string) (whole string, ok bool) {
	if !strings.ContainsAny(s, ".eE") || !json.Valid([]byte(s)) {
		return "", false
	}
	f, err := strconv.ParseFloat(s, 64)
	if errors.Is(err, strconv.ErrRange) {
		// Python reads 1e999 as Infinity.
		return strconv.Quote(map[bool]string{false: "Infinity", true: "-Infinity"}[f < 0]), true
	}
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 || f == 0 && math.Signbit(f) {
		return "", false
	}
	return strconv.FormatInt(int64(f), 10), true
}

// explain words an error of package json for people.
func explain(err error, data []byte) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		what := map[string]string{
			"string": "a text", "number": "a number", "bool": "true or false", "array": "a list", "object": "an object",
		}[e.Value]
		if what == "" {
			what = e.Value
		}
		if e.Field == "" {
			return &typeError{e, fmt.Sprintf("it holds %s, which is not expected", what)}
		}
		return &typeError{e, fmt.Sprintf("the value of %q is %s, want %s", e.Field, what, kind(e))}
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		switch {
		case len(bytes.TrimSpace(Clean(data))) == 0:
			return errors.New("it is empty")
		case e.Offset >= int64(len(data)):
			return errors.New("its text ends too early")
		}
		line := 1 + bytes.Count(data[:min(e.Offset, int64(len(data)))], []byte("\n"))
		return fmt.Errorf("line %d does not have JSON's syntax (%w)", line, err)
	}
	return err
}

// typeError is a value of another type than wanted. It unwraps to package
// json's.
type typeError struct {
	*json.UnmarshalTypeError
	text string
}

func (e *typeError) Error() string { return e.text }
func (e *typeError) Unwrap() error { return e.UnmarshalTypeError }

// kind says what a value should have been.
func kind(e *json.UnmarshalTypeError) string {
	switch name := e.Type.Kind().String(); name {
	case "string":
		return "a text"
	case "bool":
		return "true or false"
	case "slice", "array":
		return "a list"
	case "map", "struct":
		return "an object"
	case "float32", "float64":
		return "a number"
	case "int", "int32", "int64", "uint32", "uint64":
		return "a whole number"
	default:
		return name
	}
}
