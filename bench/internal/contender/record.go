package contender

import (
	"context"
	"log/slog"
	"strings"
	"time"
)

// Log logs the record that is compared: six attributes, about 235 bytes on the
// wire as an event of PutLogEvents.
func Log(l *slog.Logger) {
	l.LogAttrs(context.Background(), slog.LevelInfo, "served",
		slog.String("method", "GET"),
		slog.String("path", "/items/12"),
		slog.Int("status", 200),
		slog.Duration("took", 1234567*time.Nanosecond),
		slog.String("ip", "192.0.2.17"),
		slog.Bool("cached", false),
	)
}

// LogText logs a record with one attribute, for messages of other sizes.
func LogText(l *slog.Logger, text string) {
	l.LogAttrs(context.Background(), slog.LevelInfo, "stack", slog.String("text", text))
}

// Text returns a text of that many bytes that looks like a stack trace: each
// line ends with a newline and a tab, which have to be escaped.
func Text(bytes int) string {
	const line = "github.com/example/orders/internal/store.(*Store).Find(0xc000124000, 0x4d2)\n\t"
	return strings.Repeat(line, bytes/len(line)+1)[:bytes]
}

// TextOverhead is what a record of LogText takes as a message beside its text:
// time, level, and the names.
const TextOverhead = len(`{"time":"2006-01-02T15:04:05.123456789Z","level":"INFO","msg":"stack","text":""}`)
