package plot

import (
	"encoding/xml"
	"io"
	"math"
	"strings"
	"testing"
)

// elements counts the elements of a document, which must be well-formed.
func elements(t *testing.T, svg string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if err == io.EOF {
			return counts
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		if start, ok := token.(xml.StartElement); ok {
			counts[start.Name.Local]++
		}
	}
}

func TestBars(t *testing.T) {
	svg := Bars{
		Title: "a < b & c", Unit: "µs", Groups: []string{"one", "two"}, Clip: 10,
		Series: []Series{{"x", []float64{1, 250}}, {"<y>", []float64{math.NaN(), 5}}},
	}.SVG()
	if got := elements(t, svg); got["svg"] != 1 || got["rect"] != 1+3 {
		t.Errorf("want a background and three bars: %v", got)
	}
	for _, want := range []string{"» 250 µs", "&lt;y&gt;", "a &lt; b &amp; c", "–"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %q in\n%s", want, svg)
		}
	}
	// 5 of 10 is half of a bar that was cut at 10.
	if !strings.Contains(svg, `width="510.0"`) || !strings.Contains(svg, `width="255.0"`) {
		t.Errorf("bars are not to scale:\n%s", svg)
	}
}

func TestLines(t *testing.T) {
	svg := Lines{
		Title: "t", X: []string{"1", "2", "4"}, XLabel: "goroutines", YLabel: "ns",
		Series: []Series{{"a", []float64{1, math.NaN(), 3}}, {"b", []float64{2, 2, 2}}},
	}.SVG()
	got := elements(t, svg)
	if got["polyline"] != 2 || got["circle"] != 5 {
		t.Errorf("want two lines with five points: %v", got)
	}
	if strings.Contains(svg, "NaN") {
		t.Errorf("NaN is drawn:\n%s", svg)
	}
	empty := Lines{X: []string{"1"}, Log: true, Series: []Series{{"a", []float64{math.NaN()}}}}.SVG()
	if strings.Contains(empty, "NaN") || elements(t, empty)["circle"] != 0 {
		t.Errorf("nothing is drawn badly:\n%s", empty)
	}
}

func TestScales(t *testing.T) {
	for _, top := range []float64{0.003, 0.7, 1, 4.9, 5.1, 37, 100, 12345} {
		s := linear(top)
		if s.high < top || s.high > top*1.6 || len(s.ticks) < 3 || len(s.ticks) > 7 || s.at(0) != 0 || s.at(s.high) != 1 {
			t.Errorf("linear(%v) = %+v", top, s)
		}
	}
	s := logarithmic(120, 90_000)
	if s.low > 120 || s.high < 90_000 || len(s.ticks) != 4 || math.Abs(s.at(1e3)-1.0/3) > 1e-9 {
		t.Errorf("%+v", s)
	}
	if s := linear(0); s.high <= 0 {
		t.Errorf("linear(0) = %+v", s)
	}
}
