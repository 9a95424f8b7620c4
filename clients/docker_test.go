package clients_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// Docker's log driver for CloudWatch Logs, as a package of Docker's daemon.
func TestDockerLogDriver(t *testing.T) {
	t.Parallel()
	e := start(t)
	cmd := e.command(t, build(t, "dockerlog"))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	must(t, cmd.Start())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := e.WaitForEvents(ctx, "/docker/web", "web-1", 5)
	must(t, cmd.Cancel()) // its Close does not wait for the last batch
	_ = cmd.Wait()        // killed
	if err != nil {
		t.Fatalf("%v\n%s%q", err, stderr.String(), e.refusals())
	}
	var want []string
	for i := range 5 {
		want = append(want, fmt.Sprintf("line %d é 🙂", i))
	}
	e.wantMessages(t, "/docker/web", "web-1", want...)
	// It asks for the stream first, and creates the group when that is missing.
	if got := e.operations(); !slices.Equal(got, []string{"CreateLogStream", "CreateLogGroup", "CreateLogStream", "PutLogEvents"}) {
		t.Errorf("operations %v", got)
	}
	if got := e.refusals(); len(got) != 1 || !strings.HasPrefix(got[0], "CreateLogStream: 400 ResourceNotFoundException") {
		t.Errorf("refused requests: %q", got)
	}
}
