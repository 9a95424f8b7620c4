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

	"github.com/cloudwatch-go/cloudwatch/internal/encode"
	"github.com/cloudwatch-go/cloudwatch/internal/machine"
)

// placeholders are those of names, as error texts list them.
const placeholders = "{hostname}, {pid}, {program}, {random}, {time:layout}, {env:NAME}, {region}, {container_id} and {instance_id}"

// namer fills in the placeholders of names.
type namer struct {
	now   time.Time
	asked map[string]string // ids that were looked up, by placeholder
	notes []error           // why the host name stands in for an id

	containerID func() (string, error)

	// These are set when the AWS configuration is known.
	region     string
	instanceID func() (string, error)
}

func newNamer(now time.Time) *namer {
	return &namer{now: now, asked: make(map[string]string), containerID: machine.ContainerID}
}

// name is the name of a log group or log stream, with placeholders that are not filled in yet.
type name struct {
	parts []namePart
	unfit *regexp.Regexp // what a placeholder must not bring in
}

// namePart is text, or the placeholder that is to be filled in.
type namePart struct{ text, placeholder string }

// parse fills in the placeholders of a template:
//
//	{hostname} {pid} {program} {random} {time:2006/01/02} {env:NAME} {container_id}
//
// {region} and {instance_id} are left for fill. {{ and }} stand for the braces themselves.
// The time is in UTC.
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

// value returns what stands for a placeholder.
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
		return n.ask(placeholder, n.containerID)
	case "instance_id":
		return n.ask(placeholder, n.instanceID)
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

// ask returns the id that a source has, which it calls once. If that fails, it returns the host
// name, and notes it.
func (n *namer) ask(placeholder string, source func() (string, error)) (string, error) {
	if value, done := n.asked[placeholder]; done {
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
	n.asked[placeholder] = value
	return value, nil
}

// fill returns the name, with the values of the placeholders that parse has left.
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

// fit returns a value with "-" for the characters that a name must not have.
func fit(value string, unfit *regexp.Regexp) string {
	return unfit.ReplaceAllString(strings.ToValidUTF8(value, "-"), "-")
}

// isRandom reports whether a name is a new one each time.
func isRandom(template string) bool {
	random := false
	_ = encode.Walk(template, func(string) {}, func(name, _ string) error { // checked by parse
		random = random || name == "random"
		return nil
	})
	return random
}
