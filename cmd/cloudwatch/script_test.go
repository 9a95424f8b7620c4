package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"cloudwatch": main, "logger": loggerMain})
}

// TestScripts runs testdata/*.txt. Each script has an endpoint of its own, which
// AWS_ENDPOINT_URL names, and an environment without AWS settings.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			srv, err := cloudwatchtest.NewServer()
			if err != nil {
				return err
			}
			env.Defer(func() { srv.Close() })
			env.Defer(func() { removeHot(env.WorkDir) })
			env.Values[endpointKey{}] = srv
			env.Values[faultsKey{}] = new([]func())
			env.Values[stsKey{}] = new(*fakeSTS)
			env.Setenv("AWS_ENDPOINT_URL", srv.URL)
			env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			env.Setenv("AWS_CONFIG_FILE", env.WorkDir+"/config")
			env.Setenv("AWS_SHARED_CREDENTIALS_FILE", env.WorkDir+"/credentials")
			env.Vars = append(env.Vars, fastExit)
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    cmdExits,
			"events":   cmdEvents,
			"fault":    cmdFault,
			"nofault":  cmdNoFault,
			"gzip":     cmdGzip,
			"cut":      cmdCut,
			"dated":    cmdDated,
			"slow":     cmdSlow,
			"group":    cmdGroup,
			"requests": cmdRequests,
			"long":     cmdLong,
			"lengths":  cmdLengths,
			"times":    cmdTimes,
			"text":     cmdText,
			"segment":  cmdSegment,
			"damage":   cmdDamage,
			"waitfile": cmdWaitFile,
			"files":    cmdFiles,
			"squat":    cmdSquat,
			"chown":    cmdChown,
			"sts":      cmdSTS,

			"cloudwatch-ends": cmdEnds,
		},
	})
}

// fastExit keeps the race detector from sleeping a second at the end of each
// process.
const fastExit = "GORACE=atexit_sleep_ms=0"

type endpointKey struct{}

func endpointOf(ts *testscript.TestScript) *cloudwatchtest.Server {
	return ts.Value(endpointKey{}).(*cloudwatchtest.Server)
}

func usage(ts *testscript.TestScript, ok bool, text string) {
	if !ok {
		ts.Fatalf("usage: %s", text)
	}
}

// cmdExits runs a program and requires its exit code.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) > 1, "exits CODE PROGRAM [ARGS...]")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		got = e.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// cmdEvents prints the messages of a stream, quoted. Without a name, the group
// must have a single stream.
func cmdEvents(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && (len(args) == 1 || len(args) == 2), "events GROUP [STREAM]")
	srv := endpointOf(ts)
	if len(args) == 1 {
		group, _ := srv.LogGroup(args[0])
		if len(group.Streams) != 1 {
			ts.Fatalf("log group %s has the streams %q, want one", args[0], group.Streams)
		}
		args = append(args, group.Streams[0])
	}
	for _, m := range messagesOf(srv, args[0], args[1]) {
		fmt.Fprintf(ts.Stdout(), "%q\n", m)
	}
}

// messagesOf returns the messages of a stream in the order a reader sees them in.
func messagesOf(srv *cloudwatchtest.Server, group, stream string) (messages []string) {
	events := srv.Events(group, stream)
	slices.SortStableFunc(events, func(a, b cloudwatchtest.Event) int { return a.Timestamp.Compare(b.Timestamp) })
	for _, e := range events {
		messages = append(messages, e.Message)
	}
	return messages
}

// cmdFault makes an operation fail, a number of times or for ever.
func cmdFault(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && (len(args) == 2 || len(args) == 3), "fault OPERATION KIND [TIMES]")
	f := cloudwatchtest.Fault{Operation: args[0]}
	switch args[1] {
	case "denied":
		f.Error = cloudwatchtest.AccessDenied(args[0])
	case "unknown-key":
		f.Error = cloudwatchtest.UnrecognizedClient()
	case "expired-token":
		f.Error = cloudwatchtest.ExpiredToken()
	case "throttled":
		f.Error = cloudwatchtest.Throttled()
	case "bad": // whatever holds an event "bad"
		f.Error = &cloudwatchtest.APIError{Status: 400, Code: "InvalidParameterException", Message: "no such thing"}
		f.Message = func(message string) bool { return message == "bad" }
	case "invalid":
		f.Error = &cloudwatchtest.APIError{Status: 400, Code: "InvalidParameterException", Message: "no such thing"}
	case "limit":
		f.Error = &cloudwatchtest.APIError{Status: 400, Code: "LimitExceededException", Message: "Resource limit exceeded."}
	case "hang":
		f.Hang = true
	default:
		ts.Fatalf("unknown kind of fault: %s", args[1])
	}
	if len(args) == 3 {
		var err error
		f.Times, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	undo := endpointOf(ts).Inject(f)
	faults, _ := ts.Value(faultsKey{}).(*[]func())
	*faults = append(*faults, undo)
}

type faultsKey struct{}

// cmdNoFault undoes every fault so far.
func cmdNoFault(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 0, "nofault")
	for _, undo := range *ts.Value(faultsKey{}).(*[]func()) {
		undo()
	}
}

// cmdGzip appends the files to an archive, each as a member of its own.
func cmdGzip(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) > 1, "gzip ARCHIVE FILE...")
	var archive bytes.Buffer
	for _, name := range args[1:] {
		z := gzip.NewWriter(&archive)
		_, err := z.Write([]byte(ts.ReadFile(name)))
		ts.Check(err)
		ts.Check(z.Close())
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), archive.Bytes(), 0o600))
}

// cmdCut shortens a file by so many bytes.
func cmdCut(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "cut FILE BYTES")
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	text := ts.ReadFile(args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text[:len(text)-n]), 0o600))
}

// cmdDated writes a file of lines that begin with times of today or yesterday, oldest
// first, and what times should print for it in FILE.want.
func cmdDated(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "dated FILE")
	var lines, want strings.Builder
	at := time.Now().Add(-10 * time.Hour).Truncate(time.Second)
	for _, layout := range []string{
		"2006-01-02T15:04:05.000Z07:00 RFC 3339", "2006-01-02 15:04:05,000 ISO 8601", "Jan _2 15:04:05 host syslog",
		`h - - [02/Jan/2006:15:04:05 -0700] "common"`, `{"msg":"JSON","time":"2006-01-02T15:04:05Z07:00"}`,
	} {
		at = at.Add(time.Hour)
		fmt.Fprintln(&lines, at.Format(layout))
		fmt.Fprintf(&want, "%d %s\n", at.UnixMilli(), at.Format(layout))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(lines.String()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".want"), []byte(want.String()), 0o600))
}

// cmdTimes prints the events of a stream with their times, in milliseconds since 1970.
func cmdTimes(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "times GROUP STREAM")
	events := endpointOf(ts).Events(args[0], args[1])
	slices.SortStableFunc(events, func(a, b cloudwatchtest.Event) int { return a.Timestamp.Compare(b.Timestamp) })
	for _, e := range events {
		fmt.Fprintf(ts.Stdout(), "%d %s\n", e.Timestamp.UnixMilli(), e.Message)
	}
}

// cmdSlow runs a command and writes numbered lines to it, some time apart.
func cmdSlow(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) > 3, "slow CODE LINES PAUSE PROGRAM [ARGS...]")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	lines, err := strconv.Atoi(args[1])
	ts.Check(err)
	pause, err := time.ParseDuration(args[2])
	ts.Check(err)
	r, w, err := os.Pipe()
	ts.Check(err)
	defer r.Close()
	go func() {
		defer w.Close()
		for i := range lines {
			if _, err := fmt.Fprintf(w, "line %d\n", i+1); err != nil {
				return // it reads no more
			}
			time.Sleep(pause)
		}
	}()
	cmd := exec.Command(args[3], args[4:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = r, ts.Stdout(), ts.Stderr()
	cmd.Dir, cmd.Env = ts.MkAbs("."), envOf(ts)
	_ = cmd.Run() // the exit code says it
	if got := cmd.ProcessState.ExitCode(); got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// envOf is the environment of the script, as far as the command reads it.
func envOf(ts *testscript.TestScript) (env []string) {
	for _, name := range []string{
		"PATH", "HOME", "AWS_ENDPOINT_URL", "AWS_EC2_METADATA_DISABLED", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION",
	} {
		if value := ts.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return append(env, fastExit)
}

// cmdGroup creates a log group and its streams.
func cmdGroup(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) > 0, "group GROUP [STREAM...]")
	srv := endpointOf(ts)
	ts.Check(srv.CreateLogGroup(args[0]))
	for _, stream := range args[1:] {
		ts.Check(srv.CreateLogStream(args[0], stream))
	}
}

// cmdRequests prints the operations that were requested, each once, sorted.
func cmdRequests(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 0, "requests")
	var names []string
	for _, r := range endpointOf(ts).Requests() {
		names = append(names, r.Operation)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		fmt.Fprintln(ts.Stdout(), name)
	}
}

// cmdText writes a file with what Go makes of the text between quotes.
func cmdText(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "text FILE TEXT")
	text, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// cmdLong writes a file of lines, each so many bytes long.
func cmdLong(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) > 1, "long FILE BYTES...")
	var text strings.Builder
	for _, arg := range args[1:] {
		n, err := strconv.Atoi(arg)
		ts.Check(err)
		text.WriteString(strings.Repeat("x", n) + "\n")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text.String()), 0o600))
}

// cmdLengths prints how long the messages of a stream are, records of losses left
// out.
func cmdLengths(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "lengths GROUP STREAM")
	for _, m := range messagesOf(endpointOf(ts), args[0], args[1]) {
		if !strings.Contains(m, `"msg":"log events lost"`) {
			fmt.Fprintln(ts.Stdout(), len(m))
		}
	}
}
