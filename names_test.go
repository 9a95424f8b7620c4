package cloudwatch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// at is the time of the examples, written down in another zone than UTC.
var at = time.Date(2026, 11, 22, 13, 0, 5, 123_456_789, time.FixedZone("CET", 3600))

func TestGeneratedStream(t *testing.T) {
	tests := []struct {
		rule string
		at   time.Time
		want string // without the random digits
	}{
		{"UTC, to the microsecond", at, "20261122120005123456"},
		{"zeros are kept", time.Date(2026, 1, 2, 3, 4, 5, 6_000, time.UTC), "20260102030405000006"},
		{"a whole second", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "20260102030405000000"},
		{"the last microsecond of a second", time.Date(2026, 1, 2, 3, 4, 5, 999_999_999, time.UTC), "20260102030405999999"},
	}
	for _, tt := range tests {
		seen := make(map[string]bool)
		for range 200 {
			name := generatedStream(tt.at)
			digits, found := strings.CutPrefix(name, tt.want)
			if !found || !regexp.MustCompile(`^[0-9]{3}$`).MatchString(digits) {
				t.Fatalf("%s: got %s, want %s and three digits", tt.rule, name, tt.want)
			}
			seen[digits] = true
		}
		if len(seen) < 100 { // 181 on average
			t.Errorf("%s: only %d different names of 200", tt.rule, len(seen))
		}
		if err := checkLogStream(generatedStream(tt.at)); err != nil {
			t.Error(err)
		}
	}
}

func TestExpandName(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	host = notInGroup.ReplaceAllString(host, "-")
	program := notInGroup.ReplaceAllString(filepath.Base(os.Args[0]), "-")
	tests := []struct {
		rule, template string
		unfit          *regexp.Regexp
		want           string
	}{
		{"a plain name", "plain", notInGroup, "plain"},
		{"nothing", "", notInGroup, ""},
		{"text stays as it is, for the check to see", "a b:c*", notInStream, "a b:c*"},
		{"hostname", "{hostname}", notInGroup, host},
		{"pid", "{pid}", notInGroup, fmt.Sprint(os.Getpid())},
		{"program", "{program}", notInGroup, program},
		{"time in UTC", "{time:2006/01/02 15}", notInStream, "2026/11/22 12"},
		{"unfit characters become -, in a log stream", "{time:15:04*05}", notInStream, "12-00-05"},
		{"unfit characters become -, in a log group", "{time:2006/01/02 15:04,000}", notInGroup, "2026/11/22-12-00-123"},
		{"invalid UTF-8 becomes -", "{time:\xff\xfe2006}", notInStream, "-2026"},
		{"several placeholders and text", "app/{time:2006}/{pid}", notInGroup, fmt.Sprintf("app/2026/%d", os.Getpid())},
		{"double braces", "{{{pid}}}", notInStream, fmt.Sprintf("{%d}", os.Getpid())},
	}
	for _, tt := range tests {
		if got, err := expandName(tt.template, at, tt.unfit); err != nil || got != tt.want {
			t.Errorf("%s: %q became %q, %v, want %q", tt.rule, tt.template, got, err, tt.want)
		}
	}
}

// TestNamesOfTheEnvironment: of the variable, of what the program runs on.
func TestNamesOfTheEnvironment(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("POD_NAME", "web-7d4b9/a:b*c d\n\xff\x1b[0m")
	t.Setenv("EMPTY", "")
	t.Setenv("a b:c", "blank and colon")
	none := errors.New("there is none")
	tests := []struct {
		rule, template string
		unfit          *regexp.Regexp
		id             error // why no id is found
		want, err      string
		notes          int
	}{
		{"a variable", "{env:POD_NAME}", unfitStream, nil, "web-7d4b9/a-b-c d---[0m", "", 0},
		{"a variable in a log group", "app/{env:POD_NAME}", notInGroup, nil, "app/web-7d4b9/a-b-c-d----0m", "", 0},
		{"a name that only the environment of Go has", "{env:a b:c}", unfitStream, nil, "blank and colon", "", 0},
		{"a variable that is not set", "{env:NO_SUCH_VARIABLE}", unfitStream, nil, "", "{env:NO_SUCH_VARIABLE}: the environment variable NO_SUCH_VARIABLE is not set", 0},
		{"a variable that is empty", "x{env:EMPTY}", unfitStream, nil, "", "{env:EMPTY}: the environment variable EMPTY is empty", 0},
		{"env without a name", "{env}", unfitStream, nil, "", "{env} needs the name of an environment variable, such as {env:POD_NAME}", 0},
		{"env with an empty name", "{env:}", unfitStream, nil, "", "{env} needs the name of an environment variable, such as {env:POD_NAME}", 0},
		{"the region", "{region}", unfitStream, nil, "eu-central-1", "", 0},
		{"the region takes no argument", "{region:eu}", unfitStream, nil, "", "placeholder {region} takes no argument", 0},
		{"ids", "{instance_id}/{container_id}", unfitStream, nil, "i-0123456789abcdef0/3f4a7c1e9b2d", "", 0},
		{"no id, so the host name", "{instance_id}", unfitStream, none, fit(host, unfitStream), "", 1},
		{"neither of them", "{instance_id}{container_id}{instance_id}", unfitStream, none, strings.Repeat(fit(host, unfitStream), 3), "", 2},
	}
	for _, tt := range tests {
		calls := make(map[string]int)
		id := func(id string) func() (string, error) {
			return func() (string, error) { calls[id]++; return id, tt.id }
		}
		n := newNamer(at)
		n.region, n.instanceID, n.containerID = "eu-central-1", id("i-0123456789abcdef0"), id("3f4a7c1e9b2d")
		got, err := n.expand(tt.template, tt.unfit)
		if got != tt.want || errorText(err) != tt.err || len(n.notes) != tt.notes {
			t.Errorf("%s: %q became %q, %v, %v, want %q, %s", tt.rule, tt.template, got, err, n.notes, tt.want, tt.err)
		}
		for _, note := range n.notes {
			if !errors.Is(note, none) || !strings.Contains(note.Error(), "_id}: there is none; the host name "+fmt.Sprintf("%q", host)+" stands in for it") {
				t.Errorf("%s: %v", tt.rule, note)
			}
		}
		for id, n := range calls {
			if n > 1 {
				t.Errorf("%s: %s was asked for %d times", tt.rule, id, n)
			}
		}
	}
}

// expandName fills in the placeholders that need no AWS configuration.
func expandName(template string, now time.Time, unfit *regexp.Regexp) (string, error) {
	return newNamer(now).expand(template, unfit)
}

func (n *namer) expand(template string, unfit *regexp.Regexp) (string, error) {
	parsed, err := n.parse(template, unfit)
	if err != nil {
		return "", err
	}
	return parsed.fill(func(placeholder string) (string, error) { return n.value(placeholder, "") })
}

func TestRandomInNames(t *testing.T) {
	seen := make(map[string]bool)
	for range 20 {
		name, err := expandName("{random}", at, notInGroup)
		if err != nil || !regexp.MustCompile(`^[0-9a-f]{8}$`).MatchString(name) {
			t.Fatalf("got %q, %v, want 8 hexadecimal digits", name, err)
		}
		seen[name] = true
	}
	if len(seen) < 19 {
		t.Errorf("only %d different names of 20", len(seen))
	}
}

func TestNameMistakes(t *testing.T) {
	const known = "; there are {hostname}, {pid}, {program}, {random}, {time:layout}, {env:NAME}, {region}, {container_id} and {instance_id}"
	tests := []struct{ rule, template, want string }{
		{"an unknown placeholder", "{host}", "unknown placeholder {host}" + known},
		{"a placeholder without a name", "{}", "unknown placeholder {}" + known},
		{"an argument where none is taken", "{pid:5}", "placeholder {pid} takes no argument"},
		{"upper case", "{PID}", "unknown placeholder {PID}" + known},
		{"time without a layout", "{time}", "{time} needs a layout, such as {time:2006/01/02}"},
		{"time with an empty layout", "{time:}", "{time} needs a layout, such as {time:2006/01/02}"},
		{"an unpaired open brace", "a{pid", `unpaired { in "a{pid"; write {{ for the character itself`},
		{"an unpaired closing brace", "pid}", `unpaired } in "pid}"; write }} for the character itself`},
	}
	for _, tt := range tests {
		if _, err := expandName(tt.template, at, notInGroup); err == nil || err.Error() != tt.want {
			t.Errorf("%s: %q gave %v, want %s", tt.rule, tt.template, err, tt.want)
		}
	}
}

func TestCheckLogGroup(t *testing.T) {
	long := strings.Repeat("x", maxNameLength)
	const characters = `log group %q: only letters, digits and . - _ / # are allowed`
	tests := []struct{ rule, name, want string }{
		{"every character that is allowed", "azAZ09.-_/#", ""},
		{"one character", "x", ""},
		{"512 characters", long, ""},
		{"a leading slash", "/aws/lambda/f", ""},
		{"aws without a slash", "aws", ""},
		{"nothing", "", "log group: a name is required"},
		{"513 characters", long + "x", fmt.Sprintf("log group %q: longer than 512 characters", long+"x")},
		{"a space", "a b", fmt.Sprintf(characters, "a b")},
		{"a colon", "a:b", fmt.Sprintf(characters, "a:b")},
		{"a letter that is not ASCII", "caf\u00e9", fmt.Sprintf(characters, "caf\u00e9")},
		{"a newline at the end", "a\n", fmt.Sprintf(characters, "a\n")},
		{"invalid UTF-8", "\xff", fmt.Sprintf(characters, "\xff")},
		{"a name of AWS", "aws/x", `log group "aws/x": names that start with aws/ are reserved`},
	}
	for _, tt := range tests {
		if got := errorText(checkLogGroup(tt.name)); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.rule, got, tt.want)
		}
	}
}

func TestCheckLogStream(t *testing.T) {
	long := strings.Repeat("\u65e5", maxNameLength) // characters count, not bytes
	const characters = `Options.LogStream %q: the characters : and * are not allowed`
	tests := []struct{ rule, name, want string }{
		{"nearly every character", "a b/[$LATEST]{}#\u00e9\u65e5", ""},
		{"512 characters", long, ""},
		{"nothing", "", "Options.LogStream: the template gives an empty name"},
		{"513 characters", long + "x", fmt.Sprintf("Options.LogStream %q: longer than 512 characters", long+"x")},
		{"a colon", "a:b", fmt.Sprintf(characters, "a:b")},
		{"an asterisk", "a*", fmt.Sprintf(characters, "a*")},
		{"invalid UTF-8", "a\xff", `Options.LogStream "a\xff": not valid UTF-8`},
	}
	for _, tt := range tests {
		if got := errorText(checkLogStream(tt.name)); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.rule, got, tt.want)
		}
	}
}

// errorText returns the text of the error, or nothing.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
