package gguf

import (
	"fmt"
	"math"
)

// ValueType is the type of a metadata value.
type ValueType uint32

// The types of metadata values.
const (
	Uint8 ValueType = iota
	Int8
	Uint16
	Int16
	Uint32
	Int32
	Float32
	Bool
	String
	Array
	Uint64
	Int64
	Float64
)

// size is the number of bytes of a value of fixed size, else 0.
func (t ValueType) size() int {
	switch t {
	case Uint8, Int8, Bool:
		return 1
	case Uint16, Int16:
		return 2
	case Uint32, Int32, Float32:
		return 4
	case Uint64, Int64, Float64:
		return 8
	}
	return 0
}

// minSize is the least number of bytes that a value takes.
func (t ValueType) minSize() int {
	switch t {
	case String:
		return 8
	case Array:
		return 12
	}
	return t.size()
}

func (t ValueType) String() string {
	names := [...]string{"u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "array", "u64", "i64", "f64"}
	if int(t) < len(names) {
		return names[t]
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// Value is one metadata value, checked but not decoded: a vocabulary takes some
// 10 MB that most callers of Read never look at. It is read when it is asked for, while
// the file is open.
type Value struct {
	Type ValueType
	Elem ValueType // of an Array
	Len  int       // of an Array, in elements
	data string    // as stored, without the length of a string or an array
	late *latePart // takes the place of data in large arrays
}

// stored is the data of an array, "" where it cannot be read; Err says why.
func (v Value) stored() string {
	if v.late == nil {
		return v.data
	}
	data, _ := v.late.read()
	return data
}

// Err says why an array cannot be read, nil where it can be: the file was cut or closed
// since its header was parsed.
func (v Value) Err() error {
	if v.late == nil {
		return nil
	}
	_, err := v.late.read()
	return err
}

// Int returns a value of any integer type, if it fits an int64.
func (v Value) Int() (n int64, ok bool) {
	size := v.Type.size()
	if len(v.data) != size { // a string, an array, or the zero Value
		return 0, false
	}
	u := v.bits(0, size)
	switch v.Type {
	case Uint8, Uint16, Uint32:
		return int64(u), true
	case Uint64:
		return int64(u), u <= math.MaxInt64
	case Int8:
		return int64(int8(u)), true
	case Int16:
		return int64(int16(u)), true
	case Int32:
		return int64(int32(u)), true
	case Int64:
		return int64(u), true
	}
	return 0, false
}

// bits is the little-endian number of n bytes at a place of the data.
func (v Value) bits(at, n int) (u uint64) {
	for i := n - 1; i >= 0; i-- {
		u = u<<8 | uint64(v.data[at+i])
	}
	return u
}

// Float returns a value of a floating-point type.
func (v Value) Float() (f float64, ok bool) {
	switch v.Type {
	case Float32:
		return float64(math.Float32frombits(uint32(v.bits(0, 4)))), true
	case Float64:
		return math.Float64frombits(v.bits(0, 8)), true
	}
	return 0, false
}

// Bool returns a value of type Bool.
func (v Value) Bool() (b, ok bool) {
	ok = v.Type == Bool
	return ok && v.data != "\x00", ok
}

// Text returns a value of type String. It need not be valid UTF-8.
func (v Value) Text() (s string, ok bool) {
	if v.Type != String {
		return "", false
	}
	return v.data, true
}

// Strings returns an array of strings. They share one piece of memory.
func (v Value) Strings() (list []string, ok bool) {
	if v.Type != Array || v.Elem != String {
		return nil, false
	}
	rest := v.stored()
	if len(rest) < 8*v.Len {
		return nil, false
	}
	list = make([]string, v.Len)
	for i := range list {
		// The parser saw lengths that fit, in a file that another program may have
		// written to since.
		if len(rest) < 8 {
			return nil, false
		}
		n := uint64(rest[0]) | uint64(rest[1])<<8 | uint64(rest[2])<<16 | uint64(rest[3])<<24 |
			uint64(rest[4])<<32 | uint64(rest[5])<<40 | uint64(rest[6])<<48 | uint64(rest[7])<<56
		if rest = rest[8:]; n > uint64(len(rest)) {
			return nil, false
		}
		list[i], rest = rest[:n], rest[n:]
	}
	return list, true
}

// Elems returns the elements of an array of numbers or truth values.
func (v Value) Elems() []Value {
	list, _ := numbers(v, func(e Value) (Value, bool) { return e, true })
	return list
}

// Ints returns an array of any integer type, if all fit an int64.
func (v Value) Ints() (list []int64, ok bool) { return numbers(v, Value.Int) }

// Floats returns an array of a floating-point type.
func (v Value) Floats() (list []float64, ok bool) { return numbers(v, Value.Float) }

// Int32s is Ints for numbers that 32 bits hold; others become the nearest that they do.
func (v Value) Int32s() (list []int32, ok bool) {
	if v.Type == Array && v.Elem == Int32 {
		return words(v, func(u uint32) int32 { return int32(u) })
	}
	wide, ok := v.Ints()
	if !ok {
		return nil, false
	}
	list = make([]int32, len(wide))
	for i, n := range wide {
		list[i] = int32(min(max(n, math.MinInt32), math.MaxInt32))
	}
	return list, true
}

// Float32s returns an array of any type of numbers, rounded to float32.
func (v Value) Float32s() (list []float32, ok bool) {
	if v.Type == Array && v.Elem == Float32 {
		return words(v, math.Float32frombits)
	}
	if floats, ok := v.Floats(); ok {
		return rounded(floats), true
	}
	ints, ok := v.Ints()
	return rounded(ints), ok
}

// words decodes an array of numbers of 32 bits.
func words[T any](v Value, decode func(uint32) T) (list []T, ok bool) {
	rest := v.stored()
	if len(rest) < 4*v.Len {
		return nil, false
	}
	list = make([]T, v.Len)
	for i := range list {
		list[i] = decode(uint32(rest[0]) | uint32(rest[1])<<8 | uint32(rest[2])<<16 | uint32(rest[3])<<24)
		rest = rest[4:]
	}
	return list, true
}

func rounded[T int64 | float64](wide []T) []float32 {
	list := make([]float32, len(wide))
	for i, n := range wide {
		list[i] = float32(n)
	}
	return list
}

// numbers decodes an array of values of fixed size, one by one.
func numbers[T any](v Value, decode func(Value) (T, bool)) (list []T, ok bool) {
	size := v.Elem.size()
	if v.Type != Array || size == 0 {
		return nil, false
	}
	data := v.stored()
	if len(data) < v.Len*size {
		return nil, false
	}
	list = make([]T, v.Len)
	for i := range list {
		e := Value{Type: v.Elem, data: data[i*size:][:size]}
		if list[i], ok = decode(e); !ok {
			return nil, false
		}
	}
	return list, true
}
