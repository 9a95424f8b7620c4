package encode_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

func TestWalk(t *testing.T) {
	tests := []struct {
		rule, template string
		want           []string // text, or a placeholder as name|argument
	}{
		{"nothing gives nothing", "", nil},
		{"text stands for itself", "plain text", []string{"plain text"}},
		{"a placeholder", "{time}", []string{"time|"}},
		{"the argument begins behind the first colon", "{time:15:04:05}", []string{"time|15:04:05"}},
		{"an empty argument", "{time:}", []string{"time|"}},
		{"text and placeholders in order", "a{b}c{d:e}{f}", []string{"a", "b|", "c", "d|e", "f|"}},
		{"double braces stand for the braces", "{{{a}}}", []string{"{", "a|", "}"}},
		{"double braces in text", "x{{y}}z", []string{"x", "{", "y", "}", "z"}},
		{"a placeholder without a name is the caller's matter", "{}", []string{"|"}},
		{"spaces belong to the name", "{ a }", []string{" a |"}},
	}
	for _, tt := range tests {
		got, err := walk(tt.template)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: Walk(%q) gave %q, %v, want %q", tt.rule, tt.template, got, err, tt.want)
		}
	}
}

func TestWalkMistakes(t *testing.T) {
	tests := []struct{ rule, template, want string }{
		{"an open brace at the end", "a{", `unpaired { in "a{"; write {{ for the character itself`},
		{"an open brace that is not closed", "{time", `unpaired { in "{time"; write {{ for the character itself`},
		{"a closing brace alone", "a}b", `unpaired } in "a}b"; write }} for the character itself`},
		{"a closing brace behind a placeholder", "{a}}", `unpaired } in "{a}}"; write }} for the character itself`},
		{"half of an escape", "{{}", `unpaired } in "{{}"; write }} for the character itself`},
		{"the caller's error", "{bad}", `bad`},
	}
	for _, tt := range tests {
		if _, err := walk(tt.template); err == nil || err.Error() != tt.want {
			t.Errorf("%s: Walk(%q) = %v, want %s", tt.rule, tt.template, err, tt.want)
		}
	}
}

// FuzzWalk: what Walk takes apart is the template again once it is put together.
func FuzzWalk(f *testing.F) {
	for _, template := range []string{"", "a", "{a}", "{a:b}", "{{", "}}", "a{{b}}{c:d:e}", "{", "}", "{a{b}", "{a}}"} {
		f.Add(template)
	}
	f.Fuzz(func(t *testing.T, template string) {
		again := ""
		err := encode.Walk(template, func(text string) {
			if text == "{" || text == "}" {
				text += text
			}
			again += text
		}, func(name, argument string) error {
			again += "{" + name
			if argument != "" {
				again += ":" + argument
			}
			again += "}"
			return nil
		})
		switch {
		case err != nil && len(again) > len(template):
			t.Errorf("Walk(%q) gave more than there is: %q", template, again)
		case err == nil && brief(again) != brief(template):
			t.Errorf("Walk(%q) gave %q", template, again)
		}
	})
}

// brief leaves the colon of an empty argument out.
func brief(template string) string { return strings.ReplaceAll(template, ":}", "}") }

func walk(template string) (got []string, err error) {
	err = encode.Walk(template, func(text string) { got = append(got, text) }, func(name, argument string) error {
		if name == "bad" {
			return errors.New("bad")
		}
		got = append(got, name+"|"+argument)
		return nil
	})
	return got, err
}
