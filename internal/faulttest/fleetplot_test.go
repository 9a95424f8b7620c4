package faulttest_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Plots of TestFleet look like those of the benchmarks, which are in a module of
// their own: they bring a background, so that they can be read on light and dark
// pages.
const plotStyle = `.bg{fill:#fff;stroke:#d0d7de}text{fill:#1f2328;font:12px system-ui,sans-serif}.title{font-size:15px;font-weight:600}` +
	`.dim{fill:#59636e}.grid{stroke:#d0d7de}.line{fill:none;stroke-width:2}.limit{stroke-dasharray:6 4;stroke-width:1.5}` +
	`.s0{stroke:#0969da}.s1{stroke:#cf222e}.s2{stroke:#bf8700}.s3{stroke:#8250df}.s4{stroke:#6e7781}` +
	`@media(prefers-color-scheme:dark){.bg{fill:#0d1117;stroke:#3d444d}text{fill:#f0f6fc}.dim{fill:#9198a1}.grid{stroke:#3d444d}` +
	`.s0{stroke:#58a6ff}.s1{stroke:#ff7b72}.s2{stroke:#d29922}.s3{stroke:#bc8cff}.s4{stroke:#9198a1}}`

// A plot shows what becomes of some values in the course of the seconds.
type plot struct {
	title, unit string
	log         bool // the Y axis is logarithmic and begins at 1; what is less is left out
	lines       []plotLine
}

type plotLine struct {
	name   string
	colour int
	limit  bool      // dashed
	y      []float64 // by the second
}

func (p plot) svg() string {
	const width, height, left, right, top, bottom = 760, 360, 70, 730, 84, 310
	seconds, highest := 0, 1.0
	for _, l := range p.lines {
		seconds = max(seconds, len(l.y))
		for _, v := range l.y {
			highest = max(highest, v)
		}
	}
	x := func(second float64) float64 { return left + (right-left)*second/float64(seconds) }
	var ticks []float64
	var y func(v float64) float64
	if p.log {
		decades := math.Ceil(math.Log10(highest))
		for e := range int(decades) + 1 {
			ticks = append(ticks, math.Pow10(e))
		}
		y = func(v float64) float64 { return bottom - (bottom-top)*math.Log10(v)/decades }
	} else {
		for i := range 5 {
			ticks = append(ticks, highest*float64(i)/4)
		}
		y = func(v float64) float64 { return bottom - (bottom-top)*v/highest }
	}

	var b strings.Builder
	text := func(x, y float64, class, anchor, text string) {
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" class="%s" text-anchor="%s">%s</text>`+"\n", x, y, class, anchor, text)
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img"><title>%s</title><style>%s</style>`+"\n", width, height, p.title, plotStyle)
	fmt.Fprintf(&b, `<rect class="bg" x="0.5" y="0.5" width="%d" height="%d" rx="6"/>`+"\n", width-1, height-1)
	text(20, 28, "title", "start", p.title)
	text(20, top-12, "dim", "start", p.unit)
	for _, v := range ticks {
		fmt.Fprintf(&b, `<line class="grid" x1="%d" y1="%.1f" x2="%d" y2="%.1f"/>`+"\n", left, y(v), right, y(v))
		text(left-8, y(v)+4, "dim", "end", fmt.Sprintf("%.0f", v))
	}
	for s := 0; s <= seconds; s += 50 {
		text(x(float64(s)), bottom+18, "dim", "middle", fmt.Sprint(s))
	}
	text((left+right)/2, bottom+38, "dim", "middle", "seconds since the first process started")
	legend := float64(left)
	for _, l := range p.lines {
		class := fmt.Sprintf("line s%d", l.colour)
		if l.limit {
			class += " limit"
		}
		fmt.Fprintf(&b, `<line class="%s" x1="%.1f" y1="46" x2="%.1f" y2="46"/>`+"\n", class, legend, legend+16)
		text(legend+22, 50, "", "start", l.name)
		legend += 42 + 6.3*float64(len(l.name))
		fmt.Fprintf(&b, `<path class="%s" d="`, class)
		pen := "M"
		for i, v := range l.y {
			if p.log && v < 1 {
				pen = "M"
				continue
			}
			fmt.Fprintf(&b, "%s%.1f %.1f", pen, x(float64(i)+0.5), y(v))
			pen = "L"
		}
		b.WriteString("\"/>\n")
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// plotFleets writes a plot of the requests of each fleet, and one of when their
// processes were ready.
func plotFleets(t *testing.T, dir string, fleets []*fleet) {
	t.Helper()
	ready := plot{title: fmt.Sprintf("Processes that have their log stream, of %d", *fleetSize), unit: "processes"}
	for i, f := range fleets {
		perSecond := func(operation, outcome string) []float64 { return f.perSecond(fleetAnswer{operation, outcome}) }
		writePlot(t, filepath.Join(dir, f.name+".svg"), plot{
			title: fmt.Sprintf("%d processes: %s", *fleetSize, f.about),
			unit:  "requests/s",
			log:   true,
			lines: []plotLine{
				{"CreateLogStream throttled", 1, false, perSecond("CreateLogStream", throttled)},
				{"taken", 2, false, perSecond("CreateLogStream", taken)},
				{"PutLogEvents throttled", 3, false, perSecond("PutLogEvents", throttled)},
				{"taken", 0, false, perSecond("PutLogEvents", taken)},
			},
		})
		made, sum := perSecond("CreateLogStream", taken), 0.0
		for second := range made {
			sum += made[second]
			made[second] = sum
		}
		ready.lines = append(ready.lines, plotLine{f.name, []int{0, 2, 3}[i%3], false, made})
	}
	quota := plotLine{"what the quota allows", 4, true, nil}
	perSecond := float64(*fleetSize) / fleets[0].bound.Seconds()
	for made := perSecond; made < float64(*fleetSize)+perSecond; made += perSecond {
		quota.y = append(quota.y, min(made, float64(*fleetSize)))
	}
	ready.lines = append(ready.lines, quota)
	writePlot(t, filepath.Join(dir, "ready.svg"), ready)
}

// perSecond returns how often there was such an answer in each second.
func (f *fleet) perSecond(a fleetAnswer) []float64 {
	const bins = int(1e9 / fleetBin)
	counts := make([]float64, (len(f.rates[a])+bins-1)/bins)
	for bin, n := range f.rates[a] {
		counts[bin/bins] += n
	}
	return counts
}

func writePlot(t *testing.T, file string, p plot) {
	t.Helper()
	if err := os.WriteFile(file, []byte(p.svg()), 0o666); err != nil {
		t.Fatal(err)
	}
}
