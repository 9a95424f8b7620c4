// Command redact keeps secrets out of the events, in two ways that complement each other:
//
//   - ReplaceAttr looks at the names of attributes and groups, at any depth. It does not
//     look into structs, maps and slices, nor into the text of the message.
//   - A type for secrets shows itself as "[redacted]" wherever it is logged, also inside
//     of structs, maps and slices.
package main

import (
	"log"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	h, err := cloudwatch.NewHandler("my_log_group", &cloudwatch.Options{ReplaceAttr: redact})
	if err != nil {
		log.Fatal(err)
	}
	slog.SetDefault(slog.New(h))

	password := "hunter2"
	slog.Info("by name", "user", "ann", "password", password)
	slog.Info("by name, in a group", slog.Group("header", "Host", "shop", "Authorization", "Bearer "+password))
	slog.Info("by type, in a struct", "login", login{"ann", secret{&password}})
	slog.Info("by LogValue", "card", card{"4111111111111111"})

	if err := h.Close(); err != nil {
		os.Exit(1) // standard error says what is not delivered
	}
}

// redact is for Options.ReplaceAttr and slog.HandlerOptions.
func redact(groups []string, a slog.Attr) slog.Attr {
	if isSecret(a.Key) || slices.ContainsFunc(groups, isSecret) {
		a.Value = slog.StringValue("[redacted]")
	}
	return a
}

func isSecret(key string) bool {
	key = strings.ToLower(key)
	return slices.ContainsFunc([]string{"password", "secret", "token", "authorization", "cookie"},
		func(word string) bool { return strings.Contains(key, word) })
}

type login struct {
	User     string
	Password secret
}

// secret holds a text that no logger shows: slog and encoding/json call MarshalText, fmt
// calls String. Where fmt may not, in fields that are not exported, it prints the pointer.
type secret struct{ text *string }

func (secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }
func (secret) String() string               { return "[redacted]" }
func (secret) GoString() string             { return "[redacted]" }

// card says itself what of it is logged. slog calls LogValue for the value of an
// attribute, not for what is inside of another struct, a map or a slice.
type card struct{ Number string }

func (c card) LogValue() slog.Value {
	return slog.GroupValue(slog.String("last4", c.Number[max(len(c.Number)-4, 0):]))
}
