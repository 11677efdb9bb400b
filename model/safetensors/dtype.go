package safetensors

// sizes holds the bytes of one element of every type whose elements are whole
// bytes. The sub-byte types (F4, F6_*) are used by no model that Tern runs.
var sizes = map[string]int64{
	"BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1,
	"U16": 2, "I16": 2, "F16": 2, "BF16": 2,
	"U32": 4, "I32": 4, "F32": 4,
	"U64": 8, "I64": 8, "F64": 8, "C64": 8,
}

// byteSize is the number of bytes that a tensor takes; ok is false where the
// type is unknown or the product is not a possible file size.
func byteSize(dtype string, shape []int) (n int64, ok bool) {
	n, ok = sizes[dtype]
	if !ok {
		return 0, false
	}
	for _, d := range shape {
		if d == 0 {
			return 0, true // whatever the other dimensions are
		}
	}
	for _, d := range shape {
		if n > maxFile/int64(d) {
			return 0, false
		}
		n *= int64(d)
	}
	return n, true
}
