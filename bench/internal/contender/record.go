package contender

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"
)

// Log logs the standard record: six attributes, about 235 bytes on the wire as an event of
// PutLogEvents.
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

// Varied returns a function that logs the nth of a series of records, about 260 bytes on the wire,
// that do not repeat within the window of gzip. They are prepared in advance, so that logging one
// costs no more than [Log].
func Varied() (log func(l *slog.Logger, n int)) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(texts ...string) string { return texts[random.IntN(len(texts))] }
	records := make([][6]slog.Attr, 1<<13)
	for i := range records {
		records[i] = [...]slog.Attr{
			slog.String("method", pick("GET", "GET", "GET", "POST", "DELETE")),
			slog.String("path", fmt.Sprint(pick("/items/", "/users/", "/search?q=", "/static/"), random.IntN(1e6))),
			slog.Int("status", []int{200, 200, 200, 201, 304, 404, 500}[random.IntN(7)]),
			slog.Duration("took", time.Duration(random.ExpFloat64()*2e6)),
			slog.String("ip", fmt.Sprintf("192.0.2.%d", random.IntN(256))),
			slog.String("request", fmt.Sprintf("%016x", random.Uint64())),
		}
	}
	return func(l *slog.Logger, n int) {
		l.LogAttrs(context.Background(), slog.LevelInfo, "served", records[n%len(records)][:]...)
	}
}

// LogText logs a record with one attribute.
func LogText(l *slog.Logger, text string) {
	l.LogAttrs(context.Background(), slog.LevelInfo, "stack", slog.String("text", text))
}

// Text returns a text of the given length that resembles a stack trace: each line ends with a
// newline and a tab, which need escaping.
func Text(bytes int) string {
	const line = "github.com/example/orders/internal/store.(*Store).Find(0xc000124000, 0x4d2)\n\t"
	return strings.Repeat(line, bytes/len(line)+1)[:bytes]
}

// TextOverhead is the size in bytes of the message of [LogText] without its text.
const TextOverhead = len(`{"time":"2006-01-02T15:04:05.123456789Z","level":"INFO","msg":"stack","text":""}`)
