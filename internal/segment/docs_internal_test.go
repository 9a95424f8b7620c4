package segment

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// page is docs/spool-format.md, keyed by section title.
type page map[string]string

func readPage(t *testing.T) page {
	t.Helper()
	text, err := os.ReadFile("../../docs/spool-format.md")
	if err != nil {
		t.Fatal(err)
	}
	p := page{}
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		title, rest, _ := strings.Cut(section, "\n")
		p[title] = rest
	}
	return p
}

// rows returns the cells of a section's tables without the header rows.
func (p page) rows(t *testing.T, title string) (rows [][]string) {
	t.Helper()
	for line := range strings.Lines(regexp.MustCompile("(?s)```text\n.*?```").ReplaceAllString(p[title], "")) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| --- ") {
			continue
		}
		var cells []string
		for _, cell := range strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		if cells[0] != "offset" && cells[0] != "constant" && cells[0] != "what" {
			rows = append(rows, cells)
		}
	}
	if len(rows) == 0 {
		t.Fatalf("no table in %q", title)
	}
	return rows
}

// exampleFile returns the example of the page.
func exampleFile(t *testing.T) ([]byte, *Header) {
	t.Helper()
	h := &Header{
		ID: 0x1122334455667788, Producer: 0xcafebabe12345678, Number: 3, Hot: true, Size: 8 << 20,
		Created: time.UnixMilli(1763812800123), Boot: "3f2c8a10", PID: 4711, Program: "shop", Writer: "v1.2.3",
		Region: "eu-central-1", Endpoint: "https://localhost", Group: "orders", Stream: "host-1",
	}
	b, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	a := Acks{Generation: 1, Written: 2, Acked: Ranges{{1, 2}}}
	b = append(b, make([]byte, slotBytes)...) // slot 0 was never written
	b = append(b, a.EncodeSlot(h.ID)...)
	b = AppendRecord(b, h.ID, int64(len(b)), 1, Record{Seq: 1, Time: 1763812800123, Level: 2, Size: 17, Payload: []byte(`{\"msg\":\"started\"}`)})
	b = AppendRecord(b, h.ID, int64(len(b)), 2, Record{Seq: 2, Time: 1763812800456, Level: 4, Size: 16, Payload: []byte(`disk \"/var\" full`)})
	return append(b, make([]byte, 64)...), h
}

// field is a field of b with its expected value.
type field struct {
	name  string
	value uint64
}

// compare checks that a section's table lists these fields contiguously, and that b has their
// values at the offsets of the table.
func (p page) compare(t *testing.T, title string, b []byte, fields []field) {
	t.Helper()
	rows := p.rows(t, title)
	if len(rows) != len(fields) {
		t.Fatalf("%s: %d fields in the table, want %d", title, len(rows), len(fields))
	}
	next := "0"
	for i, row := range rows {
		offset, size, name := row[0], row[1], row[2]
		if name != fields[i].name || offset != next {
			t.Errorf("%s: %q at %s, want %q at %s", title, name, offset, fields[i].name, next)
			continue
		}
		if size == "rest" {
			if next = ""; i != len(rows)-1 {
				t.Errorf("%s: unexpected fields after %q", title, name)
			}
			continue
		}
		at, err1 := strconv.Atoi(offset)
		n, err2 := strconv.Atoi(size)
		if err1 != nil || err2 != nil || n > 8 {
			t.Fatalf("%s: row %q", title, row)
		}
		var word [8]byte
		copy(word[:n], b[at:])
		if got := little.Uint64(word[:]); got != fields[i].value {
			t.Errorf("%s: %q at %d is %#x, want %#x", title, name, at, got, fields[i].value)
		}
		next = strconv.Itoa(at + n)
	}
}

// crcWithout returns the CRC-32C of b without the four bytes at field.
func crcWithout(b []byte, field int) uint32 {
	return crc32.Checksum(slices.Concat(b[:field], b[field+4:]), crc32.MakeTable(crc32.Castagnoli))
}

func TestDocsListTheFields(t *testing.T) {
	p := readPage(t)
	b, h := exampleFile(t)

	var layout []string
	for _, row := range p.rows(t, "File") {
		layout = append(layout, strings.Join(row[:3], " "))
	}
	if want := []string{
		fmt.Sprint(0, " ", copyBytes, " first copy of the header"),
		fmt.Sprint(copyBytes, " ", copyBytes, " second copy of the header"),
		fmt.Sprint(SlotOffset(2), " ", slotBytes, " ack slot 0"),
		fmt.Sprint(SlotOffset(1), " ", slotBytes, " ack slot 1"),
		fmt.Sprint(Start, " rest records"),
	}; !slices.Equal(layout, want) {
		t.Errorf("File: got %q, want %q", layout, want)
	}

	used := body + int(little.Uint32(b[headerLength:]))
	p.compare(t, "Header", b, []field{
		{"magic", little.Uint64([]byte(magic))}, {"version", Version}, {"minimum", 1},
		{"body length", uint64(used - body)}, {"checksum", uint64(crcWithout(b[:used], 16))},
		{"number", uint64(h.Number)}, {"ID", h.ID}, {"producer", h.Producer}, {"created", uint64(h.Created.UnixMilli())},
		{"PID", uint64(h.PID)}, {"flags", 1}, {"file size", 8 << 20}, {name: "strings"},
	})
	// The strings, in the order of the list.
	values := map[string]string{
		"region": h.Region, "endpoint": h.Endpoint, "group": h.Group, "stream": h.Stream,
		"boot": h.Boot, "program": h.Program, "writer": h.Writer,
	}
	rest := b[64:used]
	for i, item := range regexp.MustCompile(`(?m)^(\d+)\. (\w+)`).FindAllStringSubmatch(p["Header"], -1) {
		value := values[item[2]]
		if n := int(little.Uint16(rest)); item[1] != strconv.Itoa(i+1) || value == "" || string(rest[2:][:n]) != value {
			t.Fatalf("string %s is %q, and not %s", item[1], rest[2:][:n], item[2])
		}
		rest = rest[2+len(value):]
	}
	if len(rest) > 0 {
		t.Errorf("more strings than in the list: %q", rest)
	}

	id := uint64(uint32(h.ID)) ^ h.ID>>32
	slot := b[SlotOffset(1):]
	p.compare(t, "Ack slot", slot, []field{
		{"checksum", uint64(crcWithout(slot[:40], 0)) ^ id ^ uint64(SlotOffset(1)/8)},
		{"ranges", 1}, {"generation", 1}, {"written", 2}, {"flags", 0}, {"from", 1}, {"to", 2},
	})
	record := b[Start:]
	p.compare(t, "Record", record, []field{
		{"length", 21}, {"checksum", uint64(crcWithout(record[:56], 4)) ^ id ^ uint64(Start/8)},
		{"sequence number", 1}, {"time", 1763812800123}, {"level", 2}, {"flags", 0}, {"number", 1}, {"size", 17}, {name: "payload"},
	})
}

func TestDocsListTheConstants(t *testing.T) {
	want := map[string]int{
		"version of the format": Version, "first record": Start, "header of a record": RecordBytes, "smallest record": Length(1),
		"largest payload": MaxPayload, "ranges in a slot": maxRanges, "longest boot, program or writer": maxDiagnostic,
		"longest destination": maxDestination, "times the size that is checked": workFactor, "unreadable pages passed over": maxFailures,
		"bytes of a file that are read": MaxFileBytes,
	}
	rows := readPage(t).rows(t, "Reading")
	for _, row := range rows {
		if value, ok := want[row[0]]; !ok || strconv.Itoa(value) != row[1] {
			t.Errorf("%s is %s, want %d", row[0], row[1], value)
		}
	}
	if len(rows) != len(want) {
		t.Errorf("%d constants, want %d", len(rows), len(want))
	}
	if text := readPage(t)["Header"]; !strings.Contains(text, fmt.Sprintf("at most %d |", copyBytes-body)) {
		t.Errorf("the length of a body is not given as at most %d", copyBytes-body)
	}
}

// TestDocsShowTheExampleBytes compares the dumps on the page with a file made by the code.
func TestDocsShowTheExampleBytes(t *testing.T) {
	text := readPage(t)["By hand"]
	b, h := exampleFile(t)
	dumps := regexp.MustCompile("(?s)```console\n\\$ xxd (?:-s (\\d+) )?-l (\\d+) example.seg\n(.*?)```").FindAllStringSubmatch(text, -1)
	if len(dumps) != 3 {
		t.Fatalf("%d dumps", len(dumps))
	}
	for _, dump := range dumps {
		from, _ := strconv.Atoi(dump[1])
		n, _ := strconv.Atoi(dump[2])
		if want := xxd(b, from, n); dump[3] != want {
			t.Errorf("want\n%s", want)
		}
	}
	record := b[Start:][:56]
	crc := crcWithout(record, 4)
	for i, want := range []uint32{crc, uint32(h.ID), uint32(h.ID >> 32), Start / 8, little.Uint32(record[4:])} {
		row := readPage(t).rows(t, "By hand")[i]
		if row[1] != fmt.Sprintf("%08x", want) {
			t.Errorf("%s is %s, want %08x", row[0], row[1], want)
		}
	}
	if check := fmt.Sprintf("`%08x`", crc32.Checksum([]byte("123456789"), castagnoli)); !strings.Contains(readPage(t)["Checksums"], check) {
		t.Errorf("the check value is not given as %s", check)
	}
}

// xxd formats bytes like the xxd program.
func xxd(b []byte, from, n int) string {
	var out strings.Builder
	for ; n > 0; from, n = from+16, n-16 {
		line := b[from:][:min(n, 16)]
		fmt.Fprintf(&out, "%08x: ", from)
		for i := range 16 {
			digits := "  "
			if i < len(line) {
				digits = hex.EncodeToString(line[i : i+1])
			}
			out.WriteString(digits)
			if i%2 == 1 {
				out.WriteByte(' ')
			}
		}
		out.WriteByte(' ')
		out.Write(bytes.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return '.'
			}
			return r
		}, line))
		out.WriteByte('\n')
	}
	return out.String()
}
