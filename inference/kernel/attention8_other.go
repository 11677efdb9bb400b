//go:build !amd64 || purego

package kernel

func scores16(_, _ [][]float32, _ *uint16, _ float32) bool { return false }
func weightedSum16(_, _ [][]float32, _ *uint16) bool       { return false }

func scores8(_, _ [][]float32, _ []int8, _ []float32, _ float32) bool { return false }
func weightedSum8(_, _ [][]float32, _ []int8, _ []float32) bool       { return false }
