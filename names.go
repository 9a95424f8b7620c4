package cloudwatch

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cloudwatch-go/cloudwatch/internal/encode"
	"github.com/cloudwatch-go/cloudwatch/internal/machine"
)

// maxNameLength is from the API reference of CreateLogGroup and CreateLogStream, in characters.
const maxNameLength = 512

var (
	groupChars  = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]+$`)
	notInGroup  = regexp.MustCompile(`[^.\-_/#A-Za-z0-9]`)
	notInStream = regexp.MustCompile(`[:*]`)
	// unfitStream matches what is replaced in the value of a placeholder of a log stream. The
	// service allows control characters, but they cannot be typed.
	unfitStream = regexp.MustCompile(`[:*[:cntrl:]]`)
)

func checkLogGroup(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("log group: a name is required")
	case utf8.RuneCountInString(name) > maxNameLength:
		return fmt.Errorf("log group %q: longer than %d characters", name, maxNameLength)
	case !groupChars.MatchString(name):
		return fmt.Errorf("log group %q: only letters, digits and . - _ / # are allowed", name)
	case strings.HasPrefix(name, "aws/"):
		return fmt.Errorf("log group %q: names that start with aws/ are reserved", name)
	}
	return nil
}

func checkLogStream(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("Options.LogStream: the template gives an empty name")
	case utf8.RuneCountInString(name) > maxNameLength:
		return fmt.Errorf("Options.LogStream %q: longer than %d characters", name, maxNameLength)
	case !utf8.ValidString(name):
		return fmt.Errorf("Options.LogStream %q: not valid UTF-8", name)
	case notInStream.MatchString(name):
		return fmt.Errorf("Options.LogStream %q: the characters : and * are not allowed", name)
	}
	return nil
}

// generatedStream returns the default name of a log stream: the UTC time to the microsecond and
// three random digits, so that many processes can share a log group.
func generatedStream(now time.Time) string {
	now = now.UTC()
	return fmt.Sprintf("%s%06d%03d", now.Format("20060102150405"), now.Nanosecond()/1000, rand.IntN(1000))
}

// placeholders lists the placeholders of names for error texts.
const placeholders = "{hostname}, {pid}, {program}, {random}, {time:layout}, {env:NAME}, {region}, {container_id} and {instance_id}"

// namer replaces the placeholders of names.
type namer struct {
	now   time.Time
	ids   map[string]string // ids that were looked up, by placeholder
	notes []error           // why the host name replaces an id

	containerID func() (string, error)

	// Set once the AWS configuration is loaded.
	region     string
	instanceID func() (string, error)
}

func newNamer(now time.Time) *namer {
	return &namer{now: now, ids: make(map[string]string), containerID: machine.ContainerID}
}

// name is the name of a log group or log stream, with placeholders that are not replaced yet.
type name struct {
	parts []namePart
	unfit *regexp.Regexp // characters that are replaced in values of placeholders
}

// namePart is text, or a placeholder that is not replaced yet.
type namePart struct{ text, placeholder string }

// parse replaces the placeholders of a template:
//
//	{hostname} {pid} {program} {random} {time:2006/01/02} {env:NAME} {container_id}
//
// except {region} and {instance_id}, which fill replaces. {{ and }} stand for the braces
// themselves. The time is in UTC.
func (n *namer) parse(template string, unfit *regexp.Regexp) (name, error) {
	parsed := name{unfit: unfit}
	add := func(text string) { parsed.parts = append(parsed.parts, namePart{text: text}) }
	err := encode.Walk(template, add, func(placeholder, argument string) error {
		if argument != "" && placeholder != "time" && placeholder != "env" {
			return fmt.Errorf("placeholder {%s} takes no argument", placeholder)
		}
		if placeholder == "region" || placeholder == "instance_id" {
			parsed.parts = append(parsed.parts, namePart{placeholder: placeholder})
			return nil
		}
		value, err := n.value(placeholder, argument)
		if err != nil {
			return err
		}
		add(fit(value, unfit))
		return nil
	})
	return parsed, err
}

// value returns the value of a placeholder.
func (n *namer) value(placeholder, argument string) (string, error) {
	switch placeholder {
	case "hostname":
		host, err := os.Hostname()
		if err != nil {
			return "", fmt.Errorf("{hostname}: %w", err)
		}
		return host, nil
	case "pid":
		return strconv.Itoa(os.Getpid()), nil
	case "program":
		return filepath.Base(os.Args[0]), nil
	case "random":
		return fmt.Sprintf("%08x", rand.Uint32()), nil
	case "time":
		if argument == "" {
			return "", fmt.Errorf("{time} needs a layout, such as {time:2006/01/02}")
		}
		return n.now.UTC().Format(argument), nil
	case "env":
		return fromEnvironment(argument)
	case "region":
		return n.region, nil
	case "container_id":
		return n.lookUp(placeholder, n.containerID)
	case "instance_id":
		return n.lookUp(placeholder, n.instanceID)
	}
	return "", fmt.Errorf("unknown placeholder {%s}; there are %s", placeholder, placeholders)
}

func fromEnvironment(variable string) (string, error) {
	if variable == "" {
		return "", errors.New("{env} needs the name of an environment variable, such as {env:POD_NAME}")
	}
	value, set := os.LookupEnv(variable)
	switch {
	case !set:
		return "", fmt.Errorf("{env:%s}: the environment variable %s is not set", variable, variable)
	case value == "":
		return "", fmt.Errorf("{env:%s}: the environment variable %s is empty", variable, variable)
	}
	return value, nil
}

// lookUp returns the id that source returns, which it calls once. If source fails, it returns the
// host name and adds a note.
func (n *namer) lookUp(placeholder string, source func() (string, error)) (string, error) {
	if value, done := n.ids[placeholder]; done {
		return value, nil
	}
	value, err := source()
	if err != nil {
		host, noHost := os.Hostname()
		if noHost != nil {
			return "", fmt.Errorf("{%s}: %w, and no host name: %w", placeholder, err, noHost)
		}
		n.notes = append(n.notes, fmt.Errorf("cloudwatch: fill in {%s}: %w; the host name %q stands in for it", placeholder, err, host))
		value = host
	}
	n.ids[placeholder] = value
	return value, nil
}

// fill returns the name with its remaining placeholders replaced.
func (n name) fill(value func(placeholder string) (string, error)) (string, error) {
	var b strings.Builder
	for _, p := range n.parts {
		if p.placeholder != "" {
			v, err := value(p.placeholder)
			if err != nil {
				return "", err
			}
			p.text = fit(v, n.unfit)
		}
		b.WriteString(p.text)
	}
	return b.String(), nil
}

// fit returns a value with "-" in place of unfit characters.
func fit(value string, unfit *regexp.Regexp) string {
	return unfit.ReplaceAllString(strings.ToValidUTF8(value, "-"), "-")
}

// isRandom reports whether a name differs each time.
func isRandom(template string) bool {
	random := false
	_ = encode.Walk(template, func(string) {}, func(name, _ string) error { // checked by parse
		random = random || name == "random"
		return nil
	})
	return random
}
