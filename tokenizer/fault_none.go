//go:build !fault_space

package tokenizer

const faultDropSpace = false
