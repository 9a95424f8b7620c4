package encode_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/cloudwatch-go/cloudwatch/internal/encode"
)

func benchRecord() slog.Record {
	r := slog.NewRecord(time.Now(), slog.LevelInfo, "request handled", 0)
	r.AddAttrs(
		slog.String("method", "GET"), slog.String("path", "/api/v1/orders/1234"), slog.Int("status", 200),
		slog.Duration("took", 1234567*time.Nanosecond), slog.String("remote", "192.0.2.17:51234"), slog.Bool("cached", false))
	return r
}

// BenchmarkRecord encodes a record of six attributes, beside slog's handler that
// writes to io.Discard.
func BenchmarkRecord(b *testing.B) {
	b.Run("slog.JSONHandler to io.Discard", func(b *testing.B) {
		h, r := slog.NewJSONHandler(io.Discard, nil), benchRecord()
		b.ReportAllocs()
		for b.Loop() {
			h.Handle(context.Background(), r)
		}
	})
	b.Run("JSON", func(b *testing.B) {
		enc, r := encode.NewJSON(encode.Options{}), benchRecord()
		buf := make([]byte, 0, 1<<10)
		b.ReportAllocs()
		for b.Loop() {
			enc.AppendWire(buf, &r, nil)
		}
	})
	b.Run("Text", func(b *testing.B) {
		enc, r := encode.NewText(encode.Options{}), benchRecord()
		buf, wire := make([]byte, 0, 1<<10), make([]byte, 0, 1<<10)
		b.ReportAllocs()
		for b.Loop() {
			text, _ := enc.Append(buf, &r, nil)
			encode.AppendMessage(wire, text)
		}
	})
}

// BenchmarkMessage escapes text of different kinds.
func BenchmarkMessage(b *testing.B) {
	texts := map[string]string{
		"plain":  "2026-11-22 12:00:00 INFO request handled method=GET path=/api/v1/orders/1234 status=200 took=1.2ms",
		"JSON":   `{"time":"2026-11-22T12:00:00.123456789Z","level":"INFO","msg":"request handled","method":"GET","status":200}`,
		"German": "Für Größe und Güte übergäbe er größere Bücher, überflüssige Möbel und schöne Häuser an die Nächsten",
	}
	for name, text := range texts {
		b.Run(name, func(b *testing.B) {
			buf, message := make([]byte, 0, 1<<10), []byte(text)
			b.SetBytes(int64(len(message)))
			b.ReportAllocs()
			for b.Loop() {
				encode.AppendMessage(buf, message)
			}
		})
	}
}
