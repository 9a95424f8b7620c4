package pipeline_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// patience is how long a connection that is no use stays. net/http goes on making it when
// nobody waits for it any more.
const patience = time.Minute

// silence is a dialer to what drops every packet.
func silence(ctx context.Context, _, _ string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	<-ctx.Done()
	return nil, ctx.Err()
}

// mute returns a dialer to what reads a request, writes the text, and then nothing more.
func mute(writes string) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		time.AfterFunc(patience, func() { there.Close() })
		go func() {
			if r, err := http.ReadRequest(bufio.NewReader(there)); err == nil {
				_, _ = io.Copy(io.Discard, r.Body)
				time.Sleep(time.Millisecond) // until the sender knows that all was read
				_, _ = io.WriteString(there, writes)
			}
			_, _ = io.Copy(io.Discard, there)
		}()
		return here, nil
	}
}

// cutOffRow is a way in which requests hang, and what is to be said of it.
type cutOffRow struct {
	about    string
	endpoint string
	change   func(*cloudwatchlogs.Options)
	want     string // of Close after 10 seconds
	later    string // of OnError, after the deadline of the attempt
}

const line = "if this persists, check the network connection and any proxy or firewall on the path"

var cutOffRows = []cutOffRow{
	{"no connection", "https://10.255.255.1", through(silence),
		"no connection to 10.255.255.1:443 within 10s; " + blockedByEndpoint,
		"no connection to 10.255.255.1:443 within 30s; " + blockedByEndpoint},
	{"no connection to AWS", "", through(silence),
		"no connection to logs.us-east-1.amazonaws.com:443 within 10s; " + blockedByAWS,
		"no connection to logs.us-east-1.amazonaws.com:443 within 30s; " + blockedByAWS},
	{"no handshake", "https://10.255.255.1", through(mute("")),
		"no TLS handshake with 10.255.255.1:443 within 10s; look for a proxy or firewall that delays TLS handshakes",
		"no TLS handshake with 10.255.255.1:443 within 30s; look for a proxy or firewall that delays TLS handshakes"},
	{"the request does not get through", "http://10.255.255.1", through(func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		time.AfterFunc(patience, func() { there.Close() })
		return here, nil
	}),
		"request not sent to 10.255.255.1:80 within 10s; " + line,
		"request not sent to 10.255.255.1:80 within 30s; " + line},
	{"no response", "http://10.255.255.1", through(mute("")),
		"no response from 10.255.255.1:80 within 10s; " + line,
		"no response from 10.255.255.1:80 within 30s; " + line},
	{"half a response", "http://10.255.255.1", through(mute("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")),
		"no complete response from 10.255.255.1:80 within 10s; " + line,
		"no complete response from 10.255.255.1:80 within 30s; " + line},
	{"an HTTP client that tells nothing", "http://10.255.255.1", func(o *cloudwatchlogs.Options) {
		o.HTTPClient = &http.Client{Transport: testkit.RoundTripper(testkit.BlackHole)}
	},
		"no response from 10.255.255.1 within 10s; " + blockedByEndpoint,
		"no response from 10.255.255.1 within 30s; " + blockedByEndpoint},
	{"no credentials", "http://10.255.255.1", func(o *cloudwatchlogs.Options) {
		o.Credentials = aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
			<-ctx.Done()
			return aws.Credentials{}, ctx.Err()
		})
	},
		"no credentials within 10s; look for a credential_process, an SSO login or a metadata service that does not respond",
		"no credentials within 30s from Options.Config or ClientOptions"},
}

// start makes a handler whose requests hang, in a bubble.
func (row *cutOffRow) start(t *testing.T, change func(o *cloudwatch.Options)) (*cloudwatch.Handler, *testkit.ErrorLog) {
	t.Helper()
	t.Cleanup(func() { time.Sleep(2 * patience) })
	return row.begin(t, change)
}

func (row *cutOffRow) begin(t *testing.T, change func(o *cloudwatch.Options)) (*cloudwatch.Handler, *testkit.ErrorLog) {
	t.Helper()
	var errs testkit.ErrorLog
	opts := cloudwatch.Options{
		LogStream: testkit.Stream, Endpoint: row.endpoint, FlushInterval: time.Millisecond, OnError: errs.Add,
		AccessID: "AK", AccessKey: "s",
		ClientOptions: []func(*cloudwatchlogs.Options){row.change},
	}
	if change != nil {
		change(&opts)
	}
	h, err := cloudwatch.NewHandler(testkit.Group, &opts)
	if err != nil {
		t.Fatal(err)
	}
	slog.New(h).Info("an event")
	return h, &errs
}

// TestCloseSaysWhatHeldItUp: nothing has failed when the time of Close is over, the first
// request just hangs. Close, the loss and the statistics say where, and nothing says that a
// context has ended.
func TestCloseSaysWhatHeldItUp(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "")
	for _, row := range cutOffRows {
		for _, generated := range []bool{false, true} { // a new log stream is created first
			t.Run(fmt.Sprintf("%s, generated stream %v", row.about, generated), func(t *testing.T) {
				testkit.Bubble(t, func(t *testing.T) {
					h, errs := row.start(t, func(o *cloudwatch.Options) {
						o.CloseTimeout = 10 * time.Second
						if generated {
							o.LogStream = ""
						}
					})
					err := h.Close()
					var left *cloudwatch.UndeliveredError
					if !errors.As(err, &left) || !errors.Is(err, context.DeadlineExceeded) || fmt.Sprint(left.Last) != row.want {
						t.Fatalf("Close:\ngot  %v\nwant %s", err, row.want)
					}
					if text := err.Error(); !strings.HasPrefix(text, "cloudwatch: 1 event (") || !strings.HasSuffix(text, " bytes) not delivered in time: "+row.want) {
						t.Errorf("its text is %s", text)
					}
					told := errs.Errors()
					var loss *cloudwatch.LossError
					cause, _, _ := strings.Cut(row.want, "; ")
					if len(told) != 1 || !errors.As(told[0], &loss) || loss.Error() != "cloudwatch: 1 event lost: undelivered at shutdown: "+cause {
						t.Errorf("OnError got %v", told)
					}
					if last := h.Stats().LastError; last != nil {
						t.Errorf("that Close cut a request off is no failure: %v", last)
					}
				})
			})
		}
	}
}

// TestFlushSaysWhatHoldsItUp: so does Flush, and delivery goes on.
func TestFlushSaysWhatHoldsItUp(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "")
	for _, row := range cutOffRows {
		t.Run(row.about, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				h, _ := row.start(t, func(o *cloudwatch.Options) { o.CloseTimeout = time.Millisecond })
				defer h.Close()
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				if err := h.Flush(ctx); !strings.HasSuffix(fmt.Sprint(err), " not delivered in time: "+row.want) {
					t.Errorf("Flush: %v", err)
				}
				if err := h.Healthy(time.Second); fmt.Sprint(err) != "cloudwatch: events have waited for 10s: "+row.want {
					t.Errorf("Healthy: %v", err)
				}
			})
		})
	}
}

// TestDeadlineOfAnAttemptSaysWhatHeldItUp: what OnError is told when requests hang for good.
func TestDeadlineOfAnAttemptSaysWhatHeldItUp(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "")
	for _, row := range cutOffRows {
		t.Run(row.about, func(t *testing.T) {
			testkit.Bubble(t, func(t *testing.T) {
				h, errs := row.start(t, func(o *cloudwatch.Options) { o.CloseTimeout = time.Second })
				time.Sleep(31 * time.Second)
				want := "send events to log group my_log_group: " + row.later
				told := errs.Errors()
				if len(told) != 1 || !strings.HasPrefix(told[0].Error(), "cloudwatch: "+want) || !strings.HasSuffix(told[0].Error(), "; retrying") {
					t.Errorf("OnError got %v, want %s", told, want)
				}
				if last := fmt.Sprint(h.Stats().LastError); !strings.HasPrefix(last, want) {
					t.Errorf("LastError is %s", last)
				}
				// The next attempt is only cut off. What failed by itself says more.
				if err := h.Close(); !strings.Contains(fmt.Sprint(err), " not delivered in time: "+want) {
					t.Errorf("Close: %v", err)
				}
			})
		})
	}
}

// TestCutOffDoesNotHideTheFailure: a request was refused a connection, the next one hangs and
// is cut off by Close.
func TestCutOffDoesNotHideTheFailure(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		var dials atomic.Int64
		refusing := &net.Dialer{Control: func(string, string, syscall.RawConn) error { return syscall.ECONNREFUSED }}
		row := cutOffRow{endpoint: "https://10.255.255.1", change: through(func(ctx context.Context, network, address string) (net.Conn, error) {
			if dials.Add(1) == 1 {
				return refusing.DialContext(ctx, network, address)
			}
			return silence(ctx, network, address)
		})}
		h, errs := row.start(t, nil)
		time.Sleep(5 * time.Second)
		if dials.Load() != 2 {
			t.Fatalf("%d attempts", dials.Load())
		}
		err := h.Close()
		for _, err := range append(errs.Errors(), err, h.Stats().LastError) {
			if text := fmt.Sprint(err); !strings.Contains(text, "connection to 10.255.255.1:443 refused: nothing is listening there") {
				t.Errorf("%s", text)
			}
		}
	})
}

// TestOldFailureIsNotTheCause: a failure that is long over does not explain what hangs now.
func TestOldFailureIsNotTheCause(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		f := testkit.New(t, cloudwatch.Options{LogStream: testkit.Stream})
		testkit.MustCreate(t, f.Server)
		f.Server.Inject(cloudwatchtest.Fault{Times: 1, Error: cloudwatchtest.Throttled()})
		f.Logged(1)
		f.FlushWithin(time.Minute)
		time.Sleep(time.Hour)
		f.Server.Inject(cloudwatchtest.Fault{Hang: true})
		f.Logged(1)
		synctest.Wait()
		if text := fmt.Sprint(f.Close()); !strings.Contains(text, ": no response from ") || strings.Contains(text, "Throttling") {
			t.Errorf("Close: %s", text)
		}
	})
}

// TestCanceledCloseSaysWhatHeldItUp: a context that is canceled is no cause either.
func TestCanceledCloseSaysWhatHeldItUp(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "")
	testkit.Bubble(t, func(t *testing.T) {
		h, _ := cutOffRows[0].start(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		err := h.Shutdown(ctx)
		if text := fmt.Sprint(err); !errors.Is(err, context.Canceled) || !strings.HasSuffix(text, " not delivered before the context was canceled: no connection to 10.255.255.1:443 within 3s; "+blockedByEndpoint) {
			t.Errorf("Shutdown: %s", text)
		}
	})
}

// TestCloseSaysThatDNSIsSilent: as above, in real time, since a resolver of Go takes no other.
func TestCloseSaysThatDNSIsSilent(t *testing.T) {
	row := cutOffRow{endpoint: "https://logs.invalid", change: nameserver(t, silent)}
	h, _ := row.begin(t, func(o *cloudwatch.Options) { o.CloseTimeout = time.Second })
	want := regexp.MustCompile(` not delivered in time: no IP address for logs\.invalid:443 within [0-9.]+m?s; check the DNS of this machine$`)
	if text := fmt.Sprint(h.Close()); !want.MatchString(text) {
		t.Errorf("Close: %s", text)
	}
}
