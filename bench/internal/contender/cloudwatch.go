package contender

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/cloudwatch-go/cloudwatch"
)

// ours is the handler of this library with default options, except that log calls block while the
// buffer is full: dropping events must not make it look faster.
type ours struct{ h *cloudwatch.Handler }

func startCloudwatch(o *cloudwatch.Options) (Contender, error) {
	h, err := cloudwatch.NewHandler(group, o)
	if err != nil {
		return nil, err
	}
	return ours{h}, nil
}

func options(t Target) *cloudwatch.Options {
	return &cloudwatch.Options{
		AccessID:     accessID,
		AccessKey:    accessKey,
		Region:       region,
		Endpoint:     t.URL,
		LogStream:    stream,
		BufferBytes:  BufferBytes,
		OnFull:       cloudwatch.Block,
		CloseTimeout: time.Minute,
		ClientOptions: []func(*cloudwatchlogs.Options){
			func(o *cloudwatchlogs.Options) { o.HTTPClient = t.sdkHTTP() },
		},
	}
}

func (o ours) Handler() slog.Handler { return o.h }

func (o ours) Settle() error { return o.h.Flush(context.Background()) }

func (o ours) Close() error {
	if err := o.h.Close(); err != nil {
		return err
	}
	if s := o.h.Stats(); s.Delivered != s.Accepted {
		return fmt.Errorf("cloudwatch delivered %d of %d events: %+v", s.Delivered, s.Accepted, s)
	}
	return nil
}
