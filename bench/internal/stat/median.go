// Package stat implements the arithmetic of the benchmark report.
package stat

import (
	"math"
	"slices"
)

// Median returns the middle value, or the mean of the middle two. It ignores NaN, which stands for
// "not measured", and returns NaN if nothing else is left.
func Median(values []float64) float64 {
	known := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	if len(known) == 0 {
		return math.NaN()
	}
	slices.Sort(known)
	half := len(known) / 2
	if len(known)%2 == 1 {
		return known[half]
	}
	return (known[half-1] + known[half]) / 2
}

// Ratios divides values by baseline, round by round. The contenders of a round ran shortly after
// one another, so other load on the machine mostly cancels out.
func Ratios(values, baseline []float64) []float64 {
	ratios := make([]float64, min(len(values), len(baseline)))
	for i := range ratios {
		ratios[i] = values[i] / baseline[i]
	}
	return ratios
}

// Range returns the smallest and the largest value, ignoring NaN; NaN if there is none.
func Range(values []float64) (lowest, highest float64) {
	known := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	if len(known) == 0 {
		return math.NaN(), math.NaN()
	}
	return slices.Min(known), slices.Max(known)
}
