package deliver

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

// variedBody returns the body of a full request with distinct records of a web server, some of
// them errors with a stack.
func variedBody() (body []byte, events int) {
	random := rand.New(rand.NewPCG(1, 2))
	enc := encode.NewJSON(encode.Options{})
	var wire batch.Encoder
	b := batch.New(batch.Head("my_log_group", "web-1"), 0, 0)
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for {
		at = at.Add(time.Duration(random.ExpFloat64() * float64(3*time.Millisecond)))
		r := record(random, at)
		e := batch.Event{Time: at.UnixMilli(), Wire: wire.AppendStart(nil, at.UnixMilli())}
		e.Wire, e.Size, _ = enc.AppendWire(e.Wire, &r, nil)
		e.Wire = wire.AppendEnd(e.Wire)
		if !b.Fits(e) {
			return b.Seal(), b.Len()
		}
		b.Add(e)
	}
}

func record(random *rand.Rand, at time.Time) slog.Record {
	if random.IntN(50) == 0 {
		r := slog.NewRecord(at, slog.LevelError, "query failed", 0)
		r.AddAttrs(slog.String("error", fmt.Sprintf("pq: duplicate key value violates unique constraint \"orders_pkey\" (%d)", random.IntN(1e6))),
			slog.String("stack", fmt.Sprintf("goroutine %d [running]:\nmain.handle(0xc000%06x)\n\t/src/app/orders.go:%d +0x%x\nnet/http.HandlerFunc.ServeHTTP(0x%x)\n\t/usr/lib/go/src/net/http/server.go:2220 +0x29",
				random.IntN(1e5), random.IntN(1<<24), random.IntN(500), random.IntN(1<<12), random.IntN(1<<30))))
		return r
	}
	paths := []string{"/api/v1/orders/", "/api/v1/users/", "/static/", "/health", "/api/v2/search?q="}
	methods := []string{"GET", "GET", "GET", "POST", "DELETE"}
	status := []int{200, 200, 200, 201, 204, 304, 404, 500}
	r := slog.NewRecord(at, slog.LevelInfo, "request handled", 0)
	r.AddAttrs(
		slog.String("method", methods[random.IntN(len(methods))]),
		slog.String("path", fmt.Sprint(paths[random.IntN(len(paths))], random.IntN(1e6))),
		slog.Int("status", status[random.IntN(len(status))]),
		slog.Duration("took", time.Duration(random.ExpFloat64()*2e6)),
		slog.String("remote", fmt.Sprintf("192.0.2.%d:%d", random.IntN(256), 1024+random.IntN(60000))),
		slog.String("request_id", fmt.Sprintf("%016x", random.Uint64())))
	return r
}

// BenchmarkCompress compresses the body of a full request with our compressor and with the standard
// library's.
func BenchmarkCompress(b *testing.B) {
	body, events := variedBody()
	run := func(name string, compress func() int) {
		b.Run(name, func(b *testing.B) {
			size := 0
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				size = compress()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(events), "ns/event")
			b.ReportMetric(float64(len(body))/float64(size), "ratio")
		})
	}
	free := make(compressors, 1)
	run("ours", func() int { return len(free.compress(body)) })
	for _, level := range []int{gzip.BestSpeed, 2} {
		gz, err := gzip.NewWriterLevel(io.Discard, level)
		if err != nil {
			b.Fatal(err)
		}
		run(fmt.Sprintf("compress/gzip, level %d", level), func() int {
			var out bytes.Buffer
			gz.Reset(&out)
			gz.Write(body)
			gz.Close()
			return out.Len()
		})
	}
}
