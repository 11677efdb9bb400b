//go:build cgo

package ui

/*
#include <malloc.h>

static void returnLargeBlocks(void) {
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	mallopt(M_TRIM_THRESHOLD, 128 << 10);
#endif
}
*/
import "C"

// returnLargeBlocks has the driver's textures and frames go back to the system when
// they are freed. glibc puts blocks as large as any that was freed so far among the
// small ones, where they leave holes: a window in use for fourteen minutes held
// 12 MB more (mallopt(3), M_MMAP_THRESHOLD; a value that is set stays).
func returnLargeBlocks() { C.returnLargeBlocks() }
