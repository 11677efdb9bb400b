// Package kittest measures colours for the tests of the window.
package kittest

import (
	"image/color"
	"math"
)

// luminance is the relative luminance of WCAG 2.x.
func luminance(c color.NRGBA) float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// Contrast is the ratio of WCAG 2.x: 1 to 21.
func Contrast(a, b color.NRGBA) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// Over lays a translucent colour on an opaque one.
func Over(top, under color.NRGBA) color.NRGBA {
	mix := func(t, u uint8) uint8 {
		a := float64(top.A) / 255
		return uint8(float64(t)*a + float64(u)*(1-a) + 0.5)
	}
	return color.NRGBA{R: mix(top.R, under.R), G: mix(top.G, under.G), B: mix(top.B, under.B), A: 255}
}
