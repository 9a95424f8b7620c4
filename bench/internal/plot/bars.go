package plot

import (
	"fmt"
	"math"
)

// Bars is a plot of horizontal bars: a group of them for each thing measured,
// in it one bar a series.
type Bars struct {
	Title  string
	Unit   string
	Groups []string
	Series []Series // Y has a value for each group
	Clip   float64  // longer bars are cut here, their number is still the true one; 0: none
}

// SVG draws the plot.
func (b Bars) SVG() string {
	const top, heading, row, gap, left, right = 44, 22, 20, 12, 170, 80
	group := heading + row*len(b.Series) + gap
	d := newDrawing(top+group*len(b.Groups)+8, b.Title)
	longest := highest(b.Series)
	if b.Clip > 0 {
		longest = min(longest, b.Clip)
	}
	axis := linear(longest)
	for g, name := range b.Groups {
		y := float64(top + g*group)
		d.text(20, y+15, "dim", "start", name)
		for i, s := range b.Series {
			v, y := s.Y[g], y+heading+float64(i*row)
			d.text(left-8, y+14, "", "end", s.Name)
			if math.IsNaN(v) {
				d.text(left+4, y+14, "dim", "start", "–")
				continue
			}
			label := number(v) + " " + b.Unit
			if b.Clip > 0 && v > b.Clip {
				label = "» " + label
			}
			length := axis.at(min(v, longest)) * (width - left - right)
			fmt.Fprintf(d, `<rect class="fill s%d" x="%d" y="%.1f" width="%.1f" height="%d" rx="2"/>`+"\n", i, left, y+2, max(length, 1), row-5)
			d.text(left+length+6, y+14, "dim", "start", label)
		}
	}
	return d.end()
}
