package plot

import "math"

// scale maps values to 0 (the low end of an axis) to 1 (the high end).
type scale struct {
	low, high float64
	log       bool
	ticks     []float64
}

// linear starts at 0, so that lengths can be compared.
func linear(highest float64) scale {
	if highest <= 0 {
		highest = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(highest/4)))
	for _, factor := range []float64{1, 2, 5, 10} {
		if highest/(step*factor) <= 5 {
			step *= factor
			break
		}
	}
	s := scale{}
	for i := 0; ; i++ {
		s.high = float64(i) * step
		s.ticks = append(s.ticks, s.high)
		if s.high >= highest {
			return s
		}
	}
}

// logarithmic goes from one power of ten to another.
func logarithmic(lowest, highest float64) scale {
	if !(lowest > 0) || math.IsInf(lowest, 0) || highest < lowest {
		lowest, highest = 1, 10
	}
	first, last := math.Floor(math.Log10(lowest)), math.Ceil(math.Log10(highest))
	last = max(last, first+1)
	s := scale{low: math.Pow(10, first), high: math.Pow(10, last), log: true}
	for e := first; e <= last; e++ {
		s.ticks = append(s.ticks, math.Pow(10, e))
	}
	return s
}

func (s scale) at(v float64) float64 {
	if s.log {
		v = max(v, s.low)
		return math.Log(v/s.low) / math.Log(s.high/s.low)
	}
	return (v - s.low) / (s.high - s.low)
}
