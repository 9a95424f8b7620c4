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

// row is what the page says of a rule.
type row struct {
	address    string
	ours, moto string
}

// kept is what the page says of what came of a rule.
func kept(err error) string {
	if err != nil {
		return "no"
	}
	return "yes"
}

// unchecked is what the page says of a rule that takes hours.
const uncheckedRule = "–"

// The page lists the rules of this package, in their order, with their sources,
// and says that our endpoint keeps them all; TestRules holds that it does. Its
// sums are right.
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
		t.Errorf("the page has a rule that is none: %s", name)
	}
	if want := render(moto); !bytes.Equal(text, want) && !t.Failed() {
		t.Errorf("the page is not as it would be written: go test ./internal/endpoint/conformance -run TestPage -args -write")
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

// readPage reads the rows of the page, by the names of the rules.
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

// Some characters mean something in Markdown.
var escapes = []string{`\`, `\\`, `|`, `\|`, `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`, `<`, `\<`, `>`, `\>`, `#`, `\#`}

func escape(text string) string { return strings.NewReplacer(escapes...).Replace(text) }

func unescape(text string) string {
	reverse := []string{"\x00", "|"}
	for i := 0; i < len(escapes); i += 2 {
		reverse = append(reverse, escapes[i+1], escapes[i])
	}
	return strings.NewReplacer(reverse...).Replace(text)
}

// render writes the page, with what came of the rules with moto.
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

// anchor is how a heading is linked to.
func anchor(heading string) string {
	return strings.NewReplacer(":", "", ",", "", " ", "-").Replace(strings.ToLower(heading))
}

const pageHead = `# Conformance

<!-- Written by: go test ./internal/endpoint/conformance -run TestPage -args -write -->

The documented rules of CloudWatch Logs that an endpoint for logs has to keep, each with where it is documented and
what came of it. Of %d rules our endpoint keeps %d, and [moto](https://github.com/getmoto/moto), a well-known server
that stands in for all of AWS, keeps %d of %d. It is made for other things; it is here because it was at hand.

Each rule is one probe in [internal/endpoint/conformance](../internal/endpoint/conformance): requests of the real SDK client, with the
checks removed that the client would make itself, and a look at the answers. Nothing is taken for granted that a probe
does not see. Any endpoint can be checked:

` + "```sh" + `
go test ./internal/endpoint/conformance -run TestEndpoint -v -args -endpoint http://127.0.0.1:5000
` + "```" + `

The probes work in log groups of their own, which they delete at the end, so that they could also be run against the
service itself (` + "`-endpoint aws -patience 60s`" + `, with a region and credentials as always). We have not done that.
What is stated here is what the documents say, and for some rules, marked "recorded answers", what others recorded of
the service's answers where the documents are silent.

- A rule that an error comes is about its name and its HTTP status. Texts have an area of their own.
- Some rules need hours to pass. They are checked with a fake clock, which only works in our own process, so nothing
  is said of others: "–".
- moto is version %s. What it does not implement it answers with HTTP 500. It is started by the tests where it is
  installed, and what this page says of it is checked again.

| area | rules | ours | moto %s |
| --- | --- | --- | --- |
`
