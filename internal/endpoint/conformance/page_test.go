package conformance

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var write = flag.Bool("write", false, "write docs/conformance.md; needs moto_server")

const page = "../../../docs/conformance.md"

// row is the entry of a rule on the page.
type row struct {
	address    string
	ours, moto string
}

// kept returns the result of a rule for the page.
func kept(err error) string {
	if err != nil {
		return "no"
	}
	return "yes"
}

// uncheckedRule is the result of a rule that takes hours.
const uncheckedRule = "–"

// TestPage checks that the page lists the rules of this package, in their order, with their
// sources, and that our endpoint follows them all, which TestRules checks. The sums must be right.
func TestPage(t *testing.T) {
	if *write {
		writePage(t)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	published := readPage(t)
	moto := make(map[string]string)
	for _, r := range Rules() {
		got, ok := published[r.Name()]
		if !ok {
			t.Errorf("the page lacks %s", r.Name())
			continue
		}
		if got.ours != "yes" || got.address != r.Address() {
			t.Errorf("%s: the page says %+v", r.Name(), got)
		}
		moto[r.Name()] = got.moto
		delete(published, r.Name())
	}
	for name := range published {
		t.Errorf("the page has an unknown rule: %s", name)
	}
	if want := render(moto); !bytes.Equal(text, want) && !t.Failed() {
		t.Errorf("the page is out of date; run: go test ./internal/endpoint/conformance -run TestPage -args -write")
	}
}

// writePage checks moto and writes the page.
func writePage(t *testing.T) {
	t.Helper()
	url, version := startMoto(t)
	if version != motoVersion {
		t.Fatalf("moto is %s, want %s", version, motoVersion)
	}
	moto := make(map[string]string)
	for _, f := range checkMoto(t, url) {
		moto[f.Rule.Name()] = kept(f.Err)
	}
	if err := os.WriteFile(page, render(moto), 0o644); err != nil {
		t.Fatal(err)
	}
}

// readPage returns the rows of the page by the names of the rules.
func readPage(t *testing.T) map[string]row {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]row)
	area := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "## "); ok {
			area = name
			continue
		}
		cells := strings.Split(strings.ReplaceAll(line, `\|`, "\x00"), " | ")
		if len(cells) != 4 || !strings.Contains(cells[1], "](") {
			continue
		}
		text := unescape(strings.TrimPrefix(cells[0], "| "))
		_, address, _ := strings.Cut(strings.TrimSuffix(cells[1], ")"), "](")
		rows[area+": "+text] = row{address: address, ours: cells[2], moto: strings.TrimSuffix(cells[3], " |")}
	}
	return rows
}

// escapes are the characters with a special meaning in Markdown.
var escapes = []string{`\`, `\\`, `|`, `\|`, `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`, `<`, `\<`, `>`, `\>`, `#`, `\#`}

func escape(text string) string { return strings.NewReplacer(escapes...).Replace(text) }

func unescape(text string) string {
	reverse := []string{"\x00", "|"}
	for i := 0; i < len(escapes); i += 2 {
		reverse = append(reverse, escapes[i+1], escapes[i])
	}
	return strings.NewReplacer(reverse...).Replace(text)
}

// render returns the page, with the results of moto.
func render(moto map[string]string) []byte {
	type sum struct{ rules, moto, checked int }
	sums := make(map[string]*sum)
	var areas []string
	var total sum
	for _, r := range Rules() {
		s := sums[r.Area]
		if s == nil {
			s = new(sum)
			sums[r.Area] = s
			areas = append(areas, r.Area)
		}
		for _, s := range []*sum{s, &total} {
			s.rules++
			if !r.Clock {
				s.checked++
			}
			if moto[r.Name()] == "yes" {
				s.moto++
			}
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, pageHead, total.rules, total.rules, total.moto, total.checked, motoVersion, motoVersion)
	for _, area := range areas {
		s := sums[area]
		fmt.Fprintf(&b, "| [%s](#%s) | %d | %d | %d of %d |\n", area, anchor(area), s.rules, s.rules, s.moto, s.checked)
	}
	fmt.Fprintf(&b, "| **all** | **%d** | **%d** | **%d of %d** |\n", total.rules, total.rules, total.moto, total.checked)
	area := ""
	for _, r := range Rules() {
		if r.Area != area {
			area = r.Area
			fmt.Fprintf(&b, "\n## %s\n\n| rule | source | ours | moto %s |\n| --- | --- | --- | --- |\n", area, motoVersion)
		}
		result := moto[r.Name()]
		if r.Clock {
			result = uncheckedRule
		}
		fmt.Fprintf(&b, "| %s | [%s](%s) | yes | %s |\n", escape(r.Text), escape(r.Source), r.Address(), result)
	}
	return b.Bytes()
}

// anchor returns the link target of a heading.
func anchor(heading string) string {
	return strings.NewReplacer(":", "", ",", "", " ", "-").Replace(strings.ToLower(heading))
}

const pageHead = `# Conformance

<!-- Written by: go test ./internal/endpoint/conformance -run TestPage -args -write -->

The documented rules of CloudWatch Logs for an endpoint for logs, with their sources and results. Our endpoint follows
all of them: %d of %d. [moto](https://github.com/getmoto/moto), a well-known emulator of all of AWS, follows %d of %d. It
has other goals; it is listed because it was available.

Each rule is one probe in [internal/endpoint/conformance](../internal/endpoint/conformance): requests of the real SDK
client, without the client's own validation, and checks of the responses. Any endpoint can be checked:

` + "```sh" + `
go test ./internal/endpoint/conformance -run TestEndpoint -v -args -endpoint http://127.0.0.1:5000
` + "```" + `

The probes work in their own log groups, which they delete at the end, so they can also be run against the service
itself (` + "`-endpoint aws -patience 60s`" + `, with region and credentials from the environment). We have not done that. The
rules are what the documents say, and for some rules, marked "recorded responses", what others recorded of the
service's responses where the documents are silent.

- A rule about an error checks its code and its HTTP status. Error texts have an area of their own.
- Some rules take hours. They are checked with a fake clock, which only works in our own process, so others have no
  result: "–".
- moto is version %s. It answers operations that it does not implement with HTTP 500. Where it is installed, the tests
  start it and check the results on this page again.

| area | rules | ours | moto %s |
| --- | --- | --- | --- |
`
