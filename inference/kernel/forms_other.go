//go:build !amd64 || purego

package kernel

import "tern/model/ternary"

func directForms() []ternary.Form { return nil }

func formVec([]float32, *ternary.Grouped, int, int, *Fixed, *Scratch) bool { return false }
