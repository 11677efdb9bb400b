package safetensors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// entry is one tensor as the header describes it; begin and end count from the
// end of the header.
type entry struct {
	name       string
	dtype      string
	shape      []int
	begin, end int64
}

// parseHeader reads the header token by token: the reflective decoder takes the
// last of duplicate keys, matches keys in any case and reads null as 0, and a
// checkpoint with two meanings must not load as one of them.
func parseHeader(header []byte) ([]entry, error) {
	if len(header) == 0 || header[0] != '{' {
		return nil, fmt.Errorf("safetensors: header does not start with '{': %w", ErrFormat)
	}
	p := parser{json.NewDecoder(bytes.NewReader(header))}
	p.dec.UseNumber()
	var entries []entry
	err := p.object(func(key string) error {
		if key == "__metadata__" {
			return p.skip()
		}
		if len(entries) == maxTensors {
			return fmt.Errorf("more than %d tensors", maxTensors)
		}
		e, err := p.entry(key)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", key, err)
		}
		entries = append(entries, e)
		return nil
	})
	if err == nil {
		if _, tail := p.dec.Token(); tail != io.EOF {
			err = fmt.Errorf("more than one value in the header")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("safetensors: header: %w: %w", err, ErrFormat)
	}
	return entries, nil
}

type parser struct{ dec *json.Decoder }

// object calls field for each key of the object that comes next; field must
// consume the value.
func (p parser) object(field func(key string) error) error {
	if err := p.delim('{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for p.dec.More() {
		t, err := p.dec.Token()
		if err != nil {
			return err
		}
		key, ok := t.(string)
		if !ok {
			return fmt.Errorf("%v where a key is expected", t)
		}
		if seen[key] {
			return fmt.Errorf("duplicate key %q", key)
		}
		seen[key] = true
		if err := field(key); err != nil {
			return err
		}
	}
	return p.delim('}')
}

func (p parser) entry(name string) (entry, error) {
	e := entry{name: name}
	found := 0
	err := p.object(func(key string) (err error) {
		switch key {
		case "dtype":
			found++
			t, err := p.dec.Token()
			if err != nil {
				return err
			}
			var ok bool
			if e.dtype, ok = t.(string); !ok {
				return fmt.Errorf("dtype is %v, not a string", t)
			}
		case "shape":
			found++
			dims, err := p.ints(maxDims)
			if err != nil {
				return fmt.Errorf("shape: %w", err)
			}
			e.shape = make([]int, len(dims))
			for i, d := range dims {
				if d > maxFile || int64(int(d)) != d {
					return fmt.Errorf("shape: dimension %d is too large", d)
				}
				e.shape[i] = int(d)
			}
		case "data_offsets":
			found++
			offsets, err := p.ints(2)
			if err != nil {
				return fmt.Errorf("data_offsets: %w", err)
			}
			if len(offsets) != 2 {
				return fmt.Errorf("data_offsets has %d numbers, want 2", len(offsets))
			}
			e.begin, e.end = offsets[0], offsets[1]
		default:
			return p.skip()
		}
		return nil
	})
	if err == nil && found != 3 {
		err = fmt.Errorf("dtype, shape or data_offsets is missing")
	}
	return e, err
}

// ints reads an array of at most limit integers that are not negative.
func (p parser) ints(limit int) ([]int64, error) {
	if err := p.delim('['); err != nil {
		return nil, err
	}
	var list []int64
	for p.dec.More() {
		if len(list) == limit {
			return nil, fmt.Errorf("more than %d numbers", limit)
		}
		t, err := p.dec.Token()
		if err != nil {
			return nil, err
		}
		num, ok := t.(json.Number)
		if !ok {
			return nil, fmt.Errorf("%v is not a number", t)
		}
		v, err := strconv.ParseInt(num.String(), 10, 64)
		if err != nil || v < 0 {
			return nil, fmt.Errorf("%s is not a size", num)
		}
		list = append(list, v)
	}
	return list, p.delim(']')
}

// delim consumes the delimiter want.
func (p parser) delim(want json.Delim) error {
	t, err := p.dec.Token()
	if err != nil {
		return err
	}
	if t != want {
		return fmt.Errorf("%v where %v is expected", t, want)
	}
	return nil
}

// skip consumes one value of any kind.
func (p parser) skip() error {
	var v json.RawMessage
	return p.dec.Decode(&v)
}
