package endpoint_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
)

// BenchmarkPutLogEvents handles full batches of 4,000 events of 230 bytes.
func BenchmarkPutLogEvents(b *testing.B) {
	srv := cloudwatchtest.New()
	defer srv.Close()
	must(b, srv.CreateLogGroup("g"))
	must(b, srv.CreateLogStream("g", "s"))
	message := fmt.Sprintf(`{"time":"2026-11-22T12:00:00Z","level":"INFO","msg":%q}`, strings.Repeat("m", 180))
	var body bytes.Buffer
	body.WriteString(`{"logGroupName":"g","logStreamName":"s","logEvents":[`)
	for i := range 4000 {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"timestamp":%d,"message":%q}`, time.Now().UnixMilli(), message)
	}
	body.WriteString(`]}`)
	b.SetBytes(int64(body.Len()))
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body.Bytes()))
		r.Header.Set("X-Amz-Target", "Logs_20140328.PutLogEvents")
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, r)
		if w.Code != 200 {
			b.Fatal(w.Body)
		}
		if srv.RequestCount("")%100 == 0 { // events would accumulate otherwise
			srv.DeleteLogStream("g", "s")
			srv.CreateLogStream("g", "s")
		}
	}
}
