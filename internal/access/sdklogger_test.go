package access_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"github.com/cloudwatch-go/cloudwatch"
)

// warning is a step that warns about each request, as those of the SDK do.
type warning struct{}

func (warning) ID() string { return "warning" }

func (warning) HandleInitialize(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error,
) {
	middleware.GetLogger(ctx).Logf(logging.Warn, "there is something to warn about")
	return next.HandleInitialize(ctx, in)
}

// The SDK's logger prints nothing unless the program asks for it.
func TestLoggerOfTheSDK(t *testing.T) {
	var calls atomic.Int64
	counting := logging.LoggerFunc(func(logging.Classification, string, ...any) { calls.Add(1) })
	other := filepath.Join(t.TempDir(), "log")
	rows := map[string]struct {
		load   []func(*config.LoadOptions) error // nil: there is no Config
		change func(t *testing.T, c *aws.Config)
		client func(o *cloudwatchlogs.Options)
		prints bool // on standard error
		calls  bool // of the program's logger
		file   bool // the program's file has it
	}{
		"without Config":                 {},
		"loaded Config":                  {load: plainLoad},
		"loaded Config, asked to log":    {load: []func(*config.LoadOptions) error{config.WithClientLogMode(aws.LogRequest)}, prints: true},
		"logger named while loading":     {load: []func(*config.LoadOptions) error{config.WithLogger(counting)}, calls: true},
		"logger set afterwards":          {load: plainLoad, change: func(_ *testing.T, c *aws.Config) { c.Logger = counting }, calls: true},
		"logger of ClientOptions":        {load: plainLoad, client: func(o *cloudwatchlogs.Options) { o.Logger = counting }, calls: true},
		"logger of ClientOptions, alone": {client: func(o *cloudwatchlogs.Options) { o.Logger = counting }, calls: true},
		"the SDK's own kind, but to a file": {load: plainLoad, file: true, change: func(t *testing.T, c *aws.Config) {
			f, err := os.Create(other)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Close() })
			c.Logger = logging.NewStandardLogger(f)
		}},
		"standard error, named while loading": {load: []func(*config.LoadOptions) error{func(o *config.LoadOptions) error {
			o.Logger = logging.NewStandardLogger(os.Stderr)
			return nil
		}}, prints: true},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			newCapture(t)
			calls.Store(0)
			stderr, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
			if err != nil {
				t.Fatal(err)
			}
			defer stderr.Close()
			defer func(old *os.File) { os.Stderr = old }(os.Stderr)
			os.Stderr = stderr
			opts := cloudwatch.Options{ClientOptions: []func(*cloudwatchlogs.Options){func(o *cloudwatchlogs.Options) {
				o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
					return stack.Initialize.Add(warning{}, middleware.After)
				})
				if row.client != nil {
					row.client(o)
				}
			}}}
			if row.load != nil {
				cfg, err := config.LoadDefaultConfig(t.Context(), row.load...)
				if err != nil {
					t.Fatal(err)
				}
				if row.change != nil {
					row.change(t, &cfg)
				}
				opts.Config = &cfg
			}
			logOne(t, &opts)
			printed, err := os.ReadFile(stderr.Name())
			if err != nil {
				t.Fatal(err)
			}
			if got := bytes.Contains(printed, []byte("SDK ")); got != row.prints {
				t.Errorf("printed %q", printed)
			}
			if got := calls.Load() > 0; got != row.calls {
				t.Errorf("%d calls of the program's logger", calls.Load())
			}
			if row.file {
				if text, err := os.ReadFile(other); err != nil || !strings.Contains(string(text), "WARN") {
					t.Errorf("the file has %q, %v", text, err)
				}
			}
		})
	}
}
