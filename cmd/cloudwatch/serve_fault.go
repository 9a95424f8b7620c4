package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint"
)

// parseFaults parses the --fault flags. Earlier faults take precedence.
func parseFaults(flags []string) (faults []endpoint.Fault, err error) {
	for _, flag := range flags {
		f, err := parseFault(flag)
		if err != nil {
			return nil, fmt.Errorf("--fault %s: %w", flag, err)
		}
		faults = append(faults, f)
	}
	return faults, nil
}

// parseFault parses OPERATION:KIND[,KIND...][:HOW...].
func parseFault(text string) (f endpoint.Fault, err error) {
	operation, rest, ok := strings.Cut(text, ":")
	if !ok {
		return f, errors.New("must be OPERATION:KIND or OPERATION:KIND:HOW, such as PutLogEvents:throttle:20%")
	}
	if operation != "*" {
		if !endpoint.Supports(operation) {
			return f, fmt.Errorf("the endpoint has no operation %q; use one such as PutLogEvents, or * for all", operation)
		}
		f.Operation = operation
	}
	kinds, hows, isLimited := strings.Cut(rest, ":")
	if err := setKinds(&f, operation, kinds); err != nil {
		return f, err
	}
	if isLimited {
		if err := setHows(&f, hows); err != nil {
			return f, err
		}
	}
	return f, sensible(&f)
}

// setKinds sets the kinds of a fault.
func setKinds(f *endpoint.Fault, operation, text string) error {
	all := faultKinds()
	var seen []string
	outcome := "" // the kind that decides the outcome of the request
	for part := range strings.SplitSeq(text, ",") {
		name, value, hasValue := strings.Cut(part, "=")
		i := slices.IndexFunc(all, func(k faultKind) bool { return k.name == name })
		if i < 0 {
			return fmt.Errorf("no kind %q; there are: %s", name, kindList())
		}
		k := all[i]
		switch {
		case slices.Contains(seen, name) && name != "header":
			return fmt.Errorf("%s is repeated", name)
		case hasValue && k.value == "":
			return fmt.Errorf("%s takes no value", name)
		case k.outcome && outcome != "":
			return fmt.Errorf("%s and %s exclude each other: use a separate --fault for each", outcome, name)
		case k.outcome:
			outcome = name
		}
		if err := k.set(f, operation, value); err != nil {
			return fmt.Errorf("%s needs %w", name, err)
		}
		seen = append(seen, name)
	}
	return nil
}

// setHows sets which requests a fault applies to.
func setHows(f *endpoint.Fault, text string) error {
	for how, more := "", true; more; {
		if strings.HasPrefix(text, "with=") {
			how, more = text, false // TEXT may contain colons
		} else {
			how, text, more = strings.Cut(text, ":")
		}
		if err := setHow(f, how); err != nil {
			return err
		}
	}
	return nil
}

func setHow(f *endpoint.Fault, how string) error {
	if text, ok := strings.CutSuffix(how, "%"); ok && !strings.HasPrefix(how, "with=") {
		share, err := strconv.ParseFloat(text, 64)
		if err != nil || !(share > 0 && share <= 100) {
			return fmt.Errorf("%s: a share must be above 0%% and at most 100%%", how)
		}
		f.Match = func(endpoint.Request) bool { return rand.Float64()*100 < share }
		return nil
	}
	if text, ok := strings.CutPrefix(how, "over="); ok {
		var err error
		if f.BodyLimit, err = sizeOf(text); err != nil {
			return fmt.Errorf("over needs %w", err)
		}
		return nil
	}
	if text, ok := strings.CutPrefix(how, "with="); ok && text != "" {
		f.Message = func(m string) bool { return strings.Contains(m, text) }
		return nil
	}
	if text, ok := strings.CutSuffix(how, "x"); ok {
		n, err := strconv.Atoi(text)
		if err == nil && n > 0 {
			f.Times = n
			return nil
		}
	}
	return fmt.Errorf("%q must be a share of the requests such as 20%%, a number of requests such as 3x, over=SIZE or with=TEXT", how)
}

// sensible completes a fault and refuses combinations without effect.
func sensible(f *endpoint.Fault) error {
	if f.Drip > 0 && f.Padding == 0 {
		f.Padding = endpoint.Endless
	}
	if f.Gzip && f.Padding == 0 {
		f.Padding = gzipBomb
	}
	answers := f.Error != nil || f.Status != 0 || f.Body != nil
	switch {
	case f.Operation != "PutLogEvents" && f.Rejected != nil:
		return errors.New("only PutLogEvents rejects events: use PutLogEvents:KIND")
	case f.Operation != "PutLogEvents" && f.Message != nil:
		return errors.New("only PutLogEvents has messages: use PutLogEvents:KIND:with=TEXT")
	case f.Rejected != nil && (answers || f.Hang || f.Cut == endpoint.CutBefore):
		return errors.New("a request that is not handled rejects no events")
	case f.Silent && (answers || f.Hang):
		return errors.New("a silent connection carries no response; combine silent only with cut-after and cut-middle")
	case f.Padding != 0 && (f.Silent || f.Hang || f.Cut != endpoint.CutNone):
		return errors.New("there is no complete response to enlarge")
	case f.Unread && (f.Delay > 0 || f.Silent || f.Message != nil || !answers && f.Cut != endpoint.CutBefore):
		return errors.New("combine unread only with errors, html, portal and cut-before, not with slow or with=TEXT")
	}
	return nil
}

// sizeOf parses a number of bytes.
func sizeOf(text string) (int64, error) {
	var b byteSize
	if b.Set(text) != nil {
		return 0, errors.New("a size, such as 500kB, 1MiB or 1000000")
	}
	return int64(b), nil
}

// spanOf parses a duration.
func spanOf(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, errors.New("a duration, such as 2s or 1h30m")
	}
	return d, nil
}

func positive(text string) (time.Duration, error) {
	d, err := spanOf(text)
	if err == nil && d <= 0 {
		err = errors.New("a duration above 0")
	}
	return d, err
}
