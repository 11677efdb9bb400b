//go:build !windows

package files

// Patient does it once: here files that are open can be moved and replaced.
func Patient(do func() error) error { return do() }
