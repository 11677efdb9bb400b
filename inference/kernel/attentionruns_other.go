//go:build !amd64 || purego

package kernel

func runsTogether(int) bool { return false }

func scoresRunsF16(_, _ [][]float32, _ []uint16, _ int, _ float32, _ *uint16) bool { return false }

func weightedSumRunsF16(_, _ [][]float32, _ []uint16, _ int, _ *uint16) bool { return false }

func scoresRuns8([][]float32, []Vector16, []int8, []float32, int, float32, *int8) bool { return false }

func weightedSumRuns8([][]float32, []Vector16, []int8, int, int, *int8) bool { return false }
