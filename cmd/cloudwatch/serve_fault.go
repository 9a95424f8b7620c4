package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// faultKinds names the kinds of --fault, for people.
const faultKinds = `throttle, 500, 503, access-denied, expired-token,
         unknown-key, cut-before, cut-after, cut-middle, hang, slow=TIME,
         skew=TIME, portal, and of PutLogEvents: too-old=N and expired=N (the
         first N events are rejected), too-new=N (all but the first N)`

// parseFaults reads the flags --fault. A fault that comes first counts first.
func parseFaults(flags []string) (faults []cloudwatchtest.Fault, err error) {
	for _, flag := range flags {
		f, err := parseFault(flag)
		if err != nil {
			return nil, fmt.Errorf("--fault %s: %w", flag, err)
		}
		faults = append(faults, f)
	}
	return faults, nil
}

// parseFault reads OPERATION:KIND[:HOW].
func parseFault(text string) (f cloudwatchtest.Fault, err error) {
	parts := strings.Split(text, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return f, errors.New("must be OPERATION:KIND or OPERATION:KIND:HOW, such as PutLogEvents:throttle:20%")
	}
	operation := parts[0]
	kind, value, hasValue := strings.Cut(parts[1], "=")
	if operation != "*" && !cloudwatchtest.Supports(operation) {
		return f, fmt.Errorf("the endpoint has no operation %q; use one such as PutLogEvents, or * for all", operation)
	}
	if err := setKind(&f, operation, kind, value, hasValue); err != nil {
		return f, err
	}
	if operation != "*" {
		f.Operation = operation
	}
	if f.Rejected != nil && operation != "PutLogEvents" {
		return f, fmt.Errorf("only PutLogEvents can have events rejected: PutLogEvents:%s", parts[1])
	}
	if len(parts) == 3 {
		return f, setHow(&f, parts[2])
	}
	return f, nil
}

// setKind says what goes wrong.
func setKind(f *cloudwatchtest.Fault, operation, kind, value string, hasValue bool) error {
	span := func() (time.Duration, error) {
		d, err := time.ParseDuration(value)
		if err != nil {
			return 0, fmt.Errorf("%s needs a time span, such as %s=2s", kind, kind)
		}
		return d, nil
	}
	number := func() (*int, error) {
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%s needs a number of events, such as %s=10", kind, kind)
		}
		return &n, nil
	}
	var err error
	takesValue := false
	switch kind {
	case "throttle":
		f.Error = cloudwatchtest.Throttled()
	case "500":
		f.Error = cloudwatchtest.InternalFailure()
	case "503":
		f.Error = cloudwatchtest.ServiceUnavailable()
	case "access-denied":
		f.Error = cloudwatchtest.AccessDenied(operation)
	case "expired-token":
		f.Error = cloudwatchtest.ExpiredToken()
	case "unknown-key":
		f.Error = cloudwatchtest.UnrecognizedClient()
	case "cut-before":
		f.Cut = cloudwatchtest.CutBefore
	case "cut-after":
		f.Cut = cloudwatchtest.CutAfter
	case "cut-middle":
		f.Cut = cloudwatchtest.CutMiddle
	case "hang":
		f.Hang = true
	case "portal":
		page := "<html><body>Please log in to this network.</body></html>"
		f.Body = &page
	case "slow":
		takesValue = true
		if f.Delay, err = span(); err == nil && f.Delay <= 0 {
			err = errors.New("slow needs a time span above 0")
		}
	case "skew":
		takesValue = true
		f.DateOffset, err = span()
	case "too-old":
		takesValue = true
		f.Rejected = new(cloudwatchtest.RejectedInfo)
		f.Rejected.TooOldEnd, err = number()
	case "expired":
		takesValue = true
		f.Rejected = new(cloudwatchtest.RejectedInfo)
		f.Rejected.ExpiredEnd, err = number()
	case "too-new":
		takesValue = true
		f.Rejected = new(cloudwatchtest.RejectedInfo)
		f.Rejected.TooNewStart, err = number()
	default:
		return fmt.Errorf("no kind %q; there are: %s", kind, strings.Join(strings.Fields(faultKinds), " "))
	}
	if err == nil && hasValue && !takesValue {
		err = fmt.Errorf("%s takes no value", kind)
	}
	return err
}

// setHow says which requests are hit.
func setHow(f *cloudwatchtest.Fault, how string) error {
	if text, ok := strings.CutSuffix(how, "%"); ok {
		share, err := strconv.ParseFloat(text, 64)
		if err != nil || !(share > 0 && share <= 100) {
			return fmt.Errorf("a share must be above 0%% and at most 100%%, not %s", how)
		}
		f.Match = func(cloudwatchtest.Request) bool { return rand.Float64()*100 < share }
		return nil
	}
	if text, ok := strings.CutSuffix(how, "x"); ok {
		n, err := strconv.Atoi(text)
		if err == nil && n > 0 {
			f.Times = n
			return nil
		}
	}
	return fmt.Errorf("%q must be a share of the requests such as 20%%, or a number of them such as 3x", how)
}
