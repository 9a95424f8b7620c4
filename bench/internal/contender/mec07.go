package contender

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/cloudwatchlogs"
	"github.com/mec07/cloudwatchwriter"
)

// mec07 is github.com/mec07/cloudwatchwriter, which uses version 1 of the SDK. Its queue is
// unbounded.
type mec07 struct {
	w *cloudwatchwriter.CloudWatchWriter
}

func startMec07(t Target) (Contender, error) {
	config := &aws.Config{
		Region:      aws.String(region),
		Endpoint:    aws.String(t.URL),
		Credentials: credentials.NewStaticCredentials(accessID, accessKey, ""),
	}
	if t.CA != "" {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		t.trust(transport)
		config.HTTPClient = &http.Client{Transport: transport}
	}
	s, err := session.NewSession(config)
	if err != nil {
		return nil, err
	}
	w, err := cloudwatchwriter.NewWithClient(cloudwatchlogs.New(s), peerInterval, group, stream)
	if err != nil {
		return nil, err
	}
	return mec07{w}, nil
}

func (m mec07) Handler() slog.Handler { return slog.NewJSONHandler(m.w, nil) }

func (mec07) Settle() error {
	time.Sleep(peerPause)
	return nil
}

// Close has a time limit because the Close of the peer can hang. The fraction delivered shows it.
func (m mec07) Close() error {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		m.w.Close()
	}()
	select {
	case <-closed:
	case <-time.After(peerCloseTimeout):
	}
	return nil
}
