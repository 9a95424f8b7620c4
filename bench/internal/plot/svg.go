// Package plot draws small SVG plots. They bring their own background, so that
// they can be read whether the page around them is light or dark.
package plot

import (
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Series is a named row of values. NaN is left out.
type Series struct {
	Name string
	Y    []float64
}

const width = 760

// colours of five series, on a light and on a dark background.
var colours = [5][2]string{
	{"#0969da", "#58a6ff"}, {"#6e7781", "#9198a1"}, {"#bf8700", "#d29922"}, {"#8250df", "#bc8cff"}, {"#cf222e", "#ff7b72"},
}

func style() string {
	const light = `.bg{fill:#fff;stroke:#d0d7de}text{fill:#1f2328;font:12px system-ui,sans-serif}.title{font-size:15px;font-weight:600}` +
		`.dim{fill:#59636e}.grid{stroke:#d0d7de;stroke-width:1}.line{fill:none;stroke-width:2.5}`
	const dark = `.bg{fill:#0d1117;stroke:#3d444d}text{fill:#f0f6fc}.dim{fill:#9198a1}.grid{stroke:#3d444d}`
	return light + series(0) + "@media(prefers-color-scheme:dark){" + dark + series(1) + "}"
}

func series(background int) string {
	var b strings.Builder
	for i, c := range colours {
		fmt.Fprintf(&b, ".fill.s%d{fill:%s}.line.s%d{stroke:%s}", i, c[background], i, c[background])
	}
	return b.String()
}

// drawing is an SVG in the making.
type drawing struct{ strings.Builder }

func newDrawing(height int, title string) *drawing {
	d := &drawing{}
	fmt.Fprintf(d, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img"><title>%s</title><style>%s</style>`+"\n",
		width, height, escape(title), style())
	fmt.Fprintf(d, `<rect class="bg" x="0.5" y="0.5" width="%d" height="%d" rx="6"/>`+"\n", width-1, height-1)
	d.text(20, 28, "title", "start", title)
	return d
}

func (d *drawing) end() string {
	d.WriteString("</svg>\n")
	return d.String()
}

// text draws a text; anchor is start, middle or end.
func (d *drawing) text(x, y float64, class, anchor, text string) {
	fmt.Fprintf(d, `<text x="%.1f" y="%.1f" class="%s" text-anchor="%s">%s</text>`+"\n", x, y, class, anchor, escape(text))
}

func (d *drawing) gridLine(x1, y1, x2, y2 float64) {
	fmt.Fprintf(d, `<line class="grid" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", x1, y1, x2, y2)
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder does not fail
	return b.String()
}

// highest returns the largest known value of all series.
func highest(series []Series) float64 {
	top := 0.0
	for _, s := range series {
		for _, y := range s.Y {
			if !math.IsNaN(y) {
				top = max(top, y)
			}
		}
	}
	return top
}

// lowest returns the smallest known value above 0 of all series.
func lowest(series []Series) float64 {
	low := math.Inf(1)
	for _, s := range series {
		for _, y := range s.Y {
			if y > 0 {
				low = min(low, y)
			}
		}
	}
	return low
}

// number writes a value with about three digits.
func number(v float64) string {
	switch a := math.Abs(v); {
	case a >= 100 || a == math.Trunc(a):
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
}
