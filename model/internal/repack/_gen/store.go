package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// store copies past the caches.
func store() {
	function("storeAVX2", "func(dst, src *byte, lines int)",
		"copies lines of 64 bytes, dst at a multiple of 32, without reading what was there.")
	dst, src, lines := param("dst"), param("src"), param("lines")
	loop("line", lines, func() {
		x, y := YMM(), YMM()
		VMOVDQU(at(src, 0), x)
		VMOVDQU(at(src, 32), y)
		VMOVNTDQ(x, at(dst, 0))
		VMOVNTDQ(y, at(dst, 32))
		ADDQ(U8(64), src)
		ADDQ(U8(64), dst)
	})
	SFENCE()
	VZEROUPPER()
	RET()
}
