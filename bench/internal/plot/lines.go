package plot

import (
	"fmt"
	"math"
	"strings"
)

// Lines is a plot of a line a series, over named places that stand equally
// far apart.
type Lines struct {
	Title  string
	X      []string
	XLabel string
	YLabel string
	Log    bool // the Y axis is logarithmic; otherwise it begins at 0
	Series []Series
}

// SVG draws the plot.
func (l Lines) SVG() string {
	const height, top, bottom, left, right = 340, 76, 290, 70, 730
	d := newDrawing(height, l.Title)
	axis := linear(highest(l.Series))
	if l.Log {
		axis = logarithmic(lowest(l.Series), highest(l.Series))
	}
	x := func(i int) float64 { return left + (right-left)*(float64(i)+0.5)/float64(len(l.X)) }
	y := func(v float64) float64 { return bottom - axis.at(v)*(bottom-top) }
	for _, tick := range axis.ticks {
		d.gridLine(left, y(tick), right, y(tick))
		d.text(left-8, y(tick)+4, "dim", "end", number(tick))
	}
	for i, name := range l.X {
		d.text(x(i), bottom+18, "dim", "middle", name)
	}
	d.text((left+right)/2, bottom+38, "dim", "middle", l.XLabel)
	d.text(left-8, top-12, "dim", "end", l.YLabel)

	legend := float64(left + 30)
	for i, s := range l.Series {
		fmt.Fprintf(d, `<rect class="fill s%d" x="%.1f" y="%d" width="14" height="4" rx="2"/>`+"\n", i, legend, 44)
		d.text(legend+20, 50, "", "start", s.Name)
		legend += 40 + 7*float64(len(s.Name))

		var points []string
		for j, v := range s.Y {
			if !math.IsNaN(v) {
				points = append(points, fmt.Sprintf("%.1f,%.1f", x(j), y(v)))
			}
		}
		fmt.Fprintf(d, `<polyline class="line s%d" points="%s"/>`+"\n", i, strings.Join(points, " "))
		for _, p := range points {
			cx, cy, _ := strings.Cut(p, ",")
			fmt.Fprintf(d, `<circle class="fill s%d" cx="%s" cy="%s" r="3.5"/>`+"\n", i, cx, cy)
		}
	}
	return d.end()
}
