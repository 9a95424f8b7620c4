package parts_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// FuzzText: a reader puts any text together again. The text is made of three so that a few
// bytes make a long one.
func FuzzText(f *testing.F) {
	for _, seed := range []struct{ before, unit, after string }{
		{"", "plain text\n", ""},
		{"", "\xff\xe2\x82", "€"},
		{`{"msg":"`, `x`, `"}`},
		{`{"msg":"`, `\u00e9\ud83d\ude00\\\"\/`, `"}`},
		{`{"msg":"`, `\ud83d`, `"}`},
		{`{"msg":"`, "😀\xff", `","level":"ERROR"}`},
		{`{"level":"ERROR","a":[`, `1,`, `2]}`},
		{`{"level":"ERROR","a":`, `9`, `}`},
		{`{"level":"ERROR","a":`, `[`, `}`},
		{`{"level":"ERROR",`, `"a":"b",`, `"c":1}`},
		{`{"a":`, `{"a":`, `"x"` + strings.Repeat("}", 700)},
		{`{"a":[`, `{"b~/\/\u002f":"0123456789 <>&\u2028"},`, `{}],"time":"2026-11-30T12:00:00Z"}`},
		{` {"a": "`, " ", `" } `},
		{`{"oversize":"`, "x", `"}`},
		{`{"a":"`, "x", `","a":2}`},
		{`{`, " ", `}`},
		{``, " ", `{"a":1}`},
		{`{"`, "k", `":1}`},
		{`{"rest":"`, "x", `","json":[1,2],"text":null}`},
		{`{"a":"`, "x", ``},
		{`{"a":"`, "\x00", `"}`},
	} {
		for _, limit := range []uint16{256, 300, 4096} {
			f.Add(seed.before, seed.unit, seed.after, uint16(700), limit, uint16(99))
		}
	}
	f.Fuzz(func(t *testing.T, before, unit, after string, times, limit, size uint16) {
		most := 256 + int(limit)
		if len(unit)*int(times) > 400_000 {
			t.Skip()
		}
		text := before + strings.Repeat(unit, int(times)) + after
		if text == "" {
			return
		}
		list := split(text, most, 1<<20)
		if err := check(text, most, list); err != nil {
			t.Errorf("%v", err)
		}
		if got := split(text, most, int(size)); fmt.Sprint(got) != fmt.Sprint(list) {
			t.Errorf("in pieces of %d bytes there are other parts", size)
		}
		if err := checkTruncated(text, most, truncate(text, most, int(size))); err != nil {
			t.Errorf("truncated: %v", err)
		}
	})
}

// FuzzObjects: a reader puts any JSON object together again, whatever it holds.
func FuzzObjects(f *testing.F) {
	for i := range uint64(200) {
		f.Add(i, uint16(i*i%4000))
	}
	f.Fuzz(func(t *testing.T, seed uint64, limit uint16) {
		g := generator{random: rand.New(rand.NewPCG(seed, 0))}
		most := 256 + int(limit)*g.random.IntN(20)
		text := g.record(most + g.random.IntN(8*most))
		list := split(text, most, 1+g.random.IntN(2*len(text)))
		if err := check(text, most, list); err != nil {
			t.Errorf("%d bytes, at most %d: %v", len(text), most, err)
		}
		if err := checkTruncated(text, most, truncate(text, most, 1<<20)); err != nil {
			t.Errorf("truncated, %d bytes, at most %d: %v", len(text), most, err)
		}
	})
}

// generator makes JSON objects, not with encoding/json, which has one form for each value.
type generator struct {
	random *rand.Rand
	b      strings.Builder
	most   int
}

func (g *generator) record(most int) string {
	g.most = most
	g.b.WriteByte('{')
	if g.random.IntN(4) > 0 {
		fmt.Fprintf(&g.b, `"time":"2026-11-30T12:00:00.123456789+07:00","level":"ERROR","msg":`)
		g.str(g.pick(5, 50, 3000))
	} else {
		g.b.WriteString(`"first":1`)
	}
	for n := g.pick(1, 5, 40); n > 0 || g.b.Len() < most/3 && g.random.IntN(50) > 0; n-- {
		g.b.WriteByte(',')
		g.key()
		g.value(0)
	}
	g.b.WriteByte('}')
	return g.b.String()
}

func (g *generator) pick(list ...int) int { return g.random.IntN(1 + list[g.random.IntN(len(list))]) }

func (g *generator) space() { g.b.WriteString([]string{"", "", "", " ", "\n\t"}[g.random.IntN(5)]) }

func (g *generator) key() {
	switch g.random.IntN(5) {
	case 0:
		g.str(g.pick(3, 30, 400))
	case 1: // soon a repeated one
		fmt.Fprintf(&g.b, `"%c"`, 'a'+g.random.IntN(26))
	default:
		fmt.Fprintf(&g.b, `"k%d"`, g.random.Uint32())
	}
	g.space()
	g.b.WriteByte(':')
	g.space()
}

var units = []string{"a", "plain text, ", "ä", "€", "😀", "<&>", `\"`, `\\`, `\/`, `\n`, `\u0041`, `\u00e9`, `\ud83d\ude00`, `\uD83D\uDE00`, `\ud83d`, `\ude00`, `~`, `/`, `\u002f`, `\u007E`, "\u2028", "\x7f", "\xff", "\xe2\x82", "\\u003c"}

func (g *generator) str(n int) {
	g.b.WriteByte('"')
	for n > 0 {
		unit := units[g.random.IntN(len(units))]
		times := 1 + g.random.IntN(1+n/len(unit))
		g.b.WriteString(strings.Repeat(unit, times))
		n -= times * len(unit)
	}
	g.b.WriteByte('"')
}

func (g *generator) value(depth int) {
	kind := g.random.IntN(12)
	if depth > 100 || g.b.Len() > g.most {
		kind = g.random.IntN(4)
	}
	switch kind {
	case 0:
		g.b.WriteString([]string{"true", "false", "null", "0", "-1.5e+9", "{}", "[]", "[ ]"}[g.random.IntN(8)])
	case 1:
		g.b.WriteString(strconv.Itoa(g.random.Int()))
	case 2:
		g.str(20)
	case 3:
		g.b.WriteString("1" + strings.Repeat("2", g.pick(10, 1000)))
	case 4, 5, 6:
		g.str(g.pick(10, 200, g.most))
	case 7, 8, 9:
		g.b.WriteByte('{')
		for i := range g.pick(1, 5, 30) {
			if i > 0 {
				g.b.WriteByte(',')
			}
			g.space()
			g.key()
			g.value(depth + 1)
		}
		g.b.WriteByte('}')
	default:
		g.b.WriteByte('[')
		for i := range g.pick(1, 5, 300) {
			if i > 0 {
				g.b.WriteByte(',')
			}
			g.value(depth + 1)
			g.space()
		}
		g.b.WriteByte(']')
	}
}
