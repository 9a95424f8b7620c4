package main

import (
	"math"
	"strconv"
	"time"
)

// unknown is printed for values that were not measured.
const unknown = "–"

// digits formats v with about three significant digits.
func digits(v float64) string {
	switch a := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return unknown
	case a >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case a >= 0.1 || a == 0:
		return strconv.FormatFloat(v, 'f', 2, 64)
	default:
		return strconv.FormatFloat(v, 'g', 2, 64)
	}
}

// with appends the unit unless the value is unknown.
func with(text, unit string) string {
	if text == unknown || unit == "" {
		return text
	}
	if unit == "×" {
		return text + unit
	}
	return text + " " + unit
}

// nanoseconds formats a duration with about three significant digits and its unit.
func nanoseconds(ns float64) string {
	switch a := math.Abs(ns); {
	case math.IsNaN(ns):
		return unknown
	case a < float64(time.Microsecond):
		return strconv.FormatFloat(ns, 'f', 0, 64) + " ns"
	case a < float64(time.Millisecond):
		return digits(ns/1e3) + " µs"
	case a < float64(time.Second):
		return digits(ns/1e6) + " ms"
	default:
		return digits(ns/1e9) + " s"
	}
}

// count formats n with commas between thousands.
func count(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func percent(share float64) string {
	if math.IsNaN(share) {
		return unknown
	}
	return strconv.FormatFloat(share*100, 'f', 1, 64) + " %"
}

// bytesOf formats the size of a message.
func bytesOf(n int) string {
	if n < 1000 {
		return strconv.Itoa(n) + " B"
	}
	return strconv.Itoa(n/1000) + " kB"
}
