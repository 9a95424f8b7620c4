package cloudwatch

import (
	"fmt"
	"log/slog"
	"reflect"
	"strings"

	"github.com/cloudwatch-go/cloudwatch/internal/redact"
)

// hidden is shown in the place of a secret.
const hidden = "***"

// String returns the options that are set, without secrets: AccessKey, SessionToken, most
// of AccessID, and user names and passwords in URLs. So do GoString, LogValue and
// MarshalText, by which fmt, log/slog and encoding/json print Options, but not Options in an
// unexported field of another struct: fmt calls no methods there, and prints the keys as they
// are.
func (o Options) String() string { return text(o.LogValue()) }

// GoString is String with the name of the type.
func (o Options) GoString() string { return "cloudwatch.Options" + o.String() }

// LogValue returns a group of the options that String returns.
func (o Options) LogValue() slog.Value { return shownStruct(reflect.ValueOf(o)) }

// MarshalText returns what String returns.
func (o Options) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// shownStruct returns the fields of a struct that are set. A field that is added is shown
// like the others of its kind, so one that holds a secret must be named in shownString.
func shownStruct(v reflect.Value) slog.Value {
	var attrs []slog.Attr
	for i := range v.NumField() {
		if field := v.Field(i); !field.IsZero() {
			name := v.Type().Field(i).Name
			attrs = append(attrs, slog.Attr{Key: name, Value: shownField(name, field)})
		}
	}
	return slog.GroupValue(attrs...)
}

func shownField(name string, v reflect.Value) slog.Value {
	switch v.Kind() {
	case reflect.String:
		return slog.StringValue(shownString(name, v.String()))
	case reflect.Struct:
		return shownStruct(v)
	case reflect.Bool, reflect.Int, reflect.Int64, reflect.Map:
		return slog.AnyValue(v.Interface())
	case reflect.Slice:
		return slog.StringValue(fmt.Sprintf("%d set", v.Len()))
	}
	if level, ok := v.Interface().(slog.Leveler); ok {
		return slog.StringValue(level.Level().String())
	}
	return slog.StringValue("set") // functions, and what others have made, such as Config
}

// minIDLength is that of an AWS access key id: of shorter ones too much would be shown.
const minIDLength = 16

func shownString(name, s string) string {
	switch {
	case name == "AccessID" && len(s) >= minIDLength:
		return "..." + s[len(s)-4:]
	case name == "AccessID", name == "AccessKey", name == "SessionToken":
		return hidden
	case name == "Endpoint":
		return redact.URL(s)
	}
	return s
}

// text returns a value in the form in which fmt prints a struct with its field names.
func text(v slog.Value) string {
	if v.Kind() != slog.KindGroup {
		return v.String()
	}
	var parts []string
	for _, a := range v.Group() {
		parts = append(parts, a.Key+":"+text(a.Value))
	}
	return "{" + strings.Join(parts, " ") + "}"
}
