// Package stat has the little arithmetic that the figures need.
package stat

import (
	"math"
	"slices"
)

// Median returns the middle value, or the mean of the middle two. NaN, which
// stands for "not measured", is left out; NaN if nothing is left.
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

// Ratios divides the values of each round. Contenders of one round ran shortly
// after each other, so what else the machine did meanwhile mostly cancels out.
func Ratios(over, under []float64) []float64 {
	ratios := make([]float64, min(len(over), len(under)))
	for i := range ratios {
		ratios[i] = over[i] / under[i]
	}
	return ratios
}

// Range returns the smallest and the largest value; NaN if there is none.
func Range(values []float64) (lowest, highest float64) {
	known := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	if len(known) == 0 {
		return math.NaN(), math.NaN()
	}
	return slices.Min(known), slices.Max(known)
}
