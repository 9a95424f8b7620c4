package cloudwatch

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

func TestDefaults(t *testing.T) {
	for name, opts := range map[string]*Options{"nil": nil, "zero": {}} {
		s, err := newSettings("g", opts)
		if err != nil {
			t.Fatalf("%s options: %v", name, err)
		}
		if s.group != "g" || len(s.stream) != 23 || !s.generated {
			t.Errorf("%s options: group %q, stream %q, generated %v", name, s.group, s.stream, s.generated)
		}
		want := Options{
			FlushInterval: time.Second,
			BufferBytes:   64 << 20,
			MaxEventBytes: 1_048_550,
			CloseTimeout:  8 * time.Second,
			MaxInFlight:   4,
			Format:        JSON,
		}
		if !reflect.DeepEqual(s.Options, want) {
			t.Errorf("%s options: got %+v, want %+v", name, s.Options, want)
		}
		if s.OnFull != DropNewest || s.Oversize != Split || s.Untimely != Restamp {
			t.Errorf("%s options: the zero values of OnFull, Oversize and Untimely are others", name)
		}
	}
}

func TestGivenValuesStay(t *testing.T) {
	given := Options{
		LogStream: "s", FlushInterval: 1, BufferBytes: 1 << 20, MaxEventBytes: 256, CloseTimeout: 1, MaxInFlight: 1, Untimely: DropUntimely,
		OnFull: Block, Oversize: Drop, RetentionDays: 3653, KMSKeyID: strings.Repeat("k", 256),
		Class: types.LogGroupClassInfrequentAccess, Tags: map[string]string{"k": ""}, Format: Text, AddSource: true, Level: slog.LevelDebug,
	}
	s, err := newSettings("g", &given)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(s.Options, given) || s.stream != "s" || s.generated {
		t.Errorf("got %+v, stream %q, generated %v", s.Options, s.stream, s.generated)
	}
}

// TestSmallBufferBoundsEvents: by default no event is larger than the buffer.
func TestSmallBufferBoundsEvents(t *testing.T) {
	s, err := newSettings("g", &Options{BufferBytes: minBufferBytes})
	if err != nil || s.MaxEventBytes != minBufferBytes {
		t.Errorf("MaxEventBytes %d, %v, want %d", s.MaxEventBytes, err, minBufferBytes)
	}
}

func TestWhoNamesTheStream(t *testing.T) {
	tests := []struct {
		rule, stream string
		generated    bool
	}{
		{"nobody: nobody else can have made it", "", true},
		{"a random part: the same", "app-{random}", true},
		{"a fixed name may exist", "app", false},
		{"a random part among others: the same", "{region}/{random}", true},
		{"a container and an instance start a program again", "{instance_id}/{container_id}", false},
		{"host and time may exist, from the last start", "{hostname}/{time:2006}", false},
	}
	for _, tt := range tests {
		s, err := newSettings("g", &Options{LogStream: tt.stream})
		if err != nil || s.generated != tt.generated {
			t.Errorf("%s: generated %v, %v", tt.rule, s.generated, err)
		}
	}
}

func TestBadOptions(t *testing.T) {
	tags := func(n int) map[string]string {
		m := make(map[string]string)
		for i := range n {
			m[fmt.Sprint(i)] = "v"
		}
		return m
	}
	long := strings.Repeat("x", 257)
	const days = "the service offers [1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653]"
	tests := []struct {
		rule string
		opts Options
		want string // "" means that it is allowed
	}{
		{"stream: a template that is wrong", Options{LogStream: "{x}"}, "Options.LogStream: unknown placeholder {x}; there are {hostname}, {pid}, {program}, {random}, {time:layout}, {env:NAME}, {region}, {container_id} and {instance_id}"},
		{"stream: a character that is not allowed", Options{LogStream: "a:b"}, `Options.LogStream "a:b": the characters : and * are not allowed`},
		{"keys: id alone", Options{AccessID: "id"}, "Options.AccessID is set but AccessKey is empty: both or neither"},
		{"keys: secret alone", Options{AccessKey: "secret"}, "Options.AccessKey is set but AccessID is empty: both or neither"},
		{"keys: both", Options{AccessID: "id", AccessKey: "secret"}, ""},
		{"keys: token alone", Options{SessionToken: "token"}, "Options.SessionToken is set but AccessID is empty"},
		{"keys: all three", Options{AccessID: "id", AccessKey: "secret", SessionToken: "token"}, ""},
		{"profile beside a ready Config", Options{Profile: "p", Config: &aws.Config{}}, "Options.Profile and Config are both set: a ready Config has its profile already"},
		{"region beside a ready Config", Options{Region: "r", Config: &aws.Config{}}, ""},
		{"NoCreate without a stream", Options{NoCreate: true}, "Options.NoCreate needs LogStream: a generated log stream never exists"},
		{"NoCreate with a stream", Options{NoCreate: true, LogStream: "s"}, ""},
		{"NoCreate with retention", Options{NoCreate: true, LogStream: "s", RetentionDays: 7}, "Options.NoCreate excludes RetentionDays, Tags, KMSKeyID and Class: they apply at creation only"},
		{"NoCreate with tags", Options{NoCreate: true, LogStream: "s", Tags: tags(1)}, "Options.NoCreate excludes RetentionDays, Tags, KMSKeyID and Class: they apply at creation only"},
		{"NoCreate with a key", Options{NoCreate: true, LogStream: "s", KMSKeyID: "k"}, "Options.NoCreate excludes RetentionDays, Tags, KMSKeyID and Class: they apply at creation only"},
		{"NoCreate with a class", Options{NoCreate: true, LogStream: "s", Class: "STANDARD"}, "Options.NoCreate excludes RetentionDays, Tags, KMSKeyID and Class: they apply at creation only"},
		{"retention the service does not offer", Options{RetentionDays: 2}, "Options.RetentionDays 2: " + days},
		{"negative retention", Options{RetentionDays: -1}, "Options.RetentionDays -1: " + days},
		{"50 tags", Options{Tags: tags(50)}, ""},
		{"51 tags", Options{Tags: tags(51)}, "Options.Tags: 51 of them, the service takes at most 50"},
		{"an empty tag key", Options{Tags: map[string]string{"": "v"}}, `Options.Tags: "": a key has 1 to 128 characters, a value at most 256`},
		{"tag lengths count characters", Options{Tags: map[string]string{strings.Repeat("\u00e9", 128): strings.Repeat("\u00e9", 256)}}, ""},
		{"a tag key of 129 characters", Options{Tags: map[string]string{long[:129]: ""}}, `Options.Tags: "` + long[:129] + `": a key has 1 to 128 characters, a value at most 256`},
		{"a tag value of 257 characters", Options{Tags: map[string]string{"k": long}}, `Options.Tags: "k": a key has 1 to 128 characters, a value at most 256`},
		{"a tag key with other characters", Options{Tags: map[string]string{"a{b": ""}}, `Options.Tags: "a{b": only letters, digits, spaces and _ . : / = + - @ are allowed, and keys that start with aws: are reserved`},
		{"a reserved tag key", Options{Tags: map[string]string{"AWS:x": ""}}, `Options.Tags: "AWS:x": only letters, digits, spaces and _ . : / = + - @ are allowed, and keys that start with aws: are reserved`},
		{"a key of 257 characters", Options{KMSKeyID: long}, "Options.KMSKeyID: longer than 256 characters"},
		{"a class that does not exist", Options{Class: "CHEAP"}, fmt.Sprintf(`Options.Class "CHEAP": the service offers %v`, types.LogGroupClass("").Values())},
		{"a negative interval", Options{FlushInterval: -time.Second}, "Options.FlushInterval -1s: negative"},
		{"a negative time to close", Options{CloseTimeout: -1}, "Options.CloseTimeout -1ns: negative"},
		{"the smallest buffer", Options{BufferBytes: 65_536}, ""},
		{"a smaller buffer", Options{BufferBytes: 65_535}, "Options.BufferBytes 65535: at least 65536"},
		{"a negative buffer", Options{BufferBytes: -1}, "Options.BufferBytes -1: at least 65536"},
		{"the smallest event bound", Options{MaxEventBytes: 256}, ""},
		{"a smaller event bound", Options{MaxEventBytes: 255}, "Options.MaxEventBytes 255: must be from 256 to 1048550, the most that PutLogEvents takes"},
		{"the largest event bound", Options{MaxEventBytes: 1_048_550}, ""},
		{"a larger event bound", Options{MaxEventBytes: 1_048_551}, "Options.MaxEventBytes 1048551: must be from 256 to 1048550, the most that PutLogEvents takes"},
		{"events as large as the buffer", Options{BufferBytes: 65_536, MaxEventBytes: 65_536}, ""},
		{"events larger than the buffer", Options{BufferBytes: 65_536, MaxEventBytes: 65_537}, "Options.MaxEventBytes 65537 is larger than BufferBytes 65536"},
		{"OnFull below", Options{OnFull: -1}, "Options.OnFull -1: must be DropNewest, DropOldest or Block"},
		{"OnFull above", Options{OnFull: Block + 1}, "Options.OnFull 3: must be DropNewest, DropOldest or Block"},
		{"Oversize below", Options{Oversize: -1}, "Options.Oversize -1: must be Split, Truncate or Drop"},
		{"Oversize above", Options{Oversize: Drop + 1}, "Options.Oversize 3: must be Split, Truncate or Drop"},
		{"a pattern that is wrong", Options{Format: Pattern("{x}")}, "Options.Format: unknown placeholder {x}; there are {time}, {time:layout}, {level}, {message}, {source} and {attrs}"},
		{"an empty pattern", Options{Format: Pattern("")}, "Options.Format: empty pattern"},
		{"a function that returns nil", Options{Format: Using(func(io.Writer, *slog.HandlerOptions) slog.Handler { return nil })}, "Options.Format: using a function that returns a nil handler"},
		{"no function to use", Options{Format: Using(nil)}, "Options.Format: using a nil function"},
	}
	for _, tt := range tests {
		_, err := newSettings("g", &tt.opts)
		if got := errorText(err); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.rule, got, tt.want)
		}
	}
}

func TestBadLogGroup(t *testing.T) {
	tests := []struct{ rule, group, want string }{
		{"no name", "", "log group: a name is required"},
		{"a template that is wrong", "{x}", "log group: unknown placeholder {x}; there are {hostname}, {pid}, {program}, {random}, {time:layout}, {env:NAME}, {region}, {container_id} and {instance_id}"},
		{"a character that is not allowed", "a b", `log group "a b": only letters, digits and . - _ / # are allowed`},
		{"what a placeholder gives is made fit", "{time:2006 15:04}", ""},
	}
	for _, tt := range tests {
		_, err := newSettings(tt.group, nil)
		if got := errorText(err); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.rule, got, tt.want)
		}
	}
}

// TestMistakesAreToldTogether: not one after the other, with a restart between.
func TestMistakesAreToldTogether(t *testing.T) {
	_, err := NewHandler("", &Options{AccessID: "id", RetentionDays: 2, BufferBytes: 1, Format: Pattern("{x}")})
	text := errorText(err)
	for _, part := range []string{"cloudwatch: new handler: log group", "Options.AccessID", "Options.RetentionDays", "Options.BufferBytes", "Options.Format"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not told in %q", part, text)
		}
	}
}

// TestOptionsAreCopied: the caller's values are neither changed nor kept.
func TestOptionsAreCopied(t *testing.T) {
	calls := 0
	given := Options{
		LogStream:     "s",
		Tags:          map[string]string{"team": "a"},
		ClientOptions: append(make([]func(*cloudwatchlogs.Options), 0, 8), func(*cloudwatchlogs.Options) { calls++ }),
		Config: &aws.Config{Region: "eu-central-1", Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, nil
		})},
		Region:   "us-east-1",
		Endpoint: "http://127.0.0.1:1",
		Level:    slog.LevelDebug,
	}
	before := given
	before.Tags = maps.Clone(given.Tags)
	config := *given.Config

	h, err := NewHandler("g", &given)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if calls != 1 {
		t.Errorf("the client option was called %d times", calls)
	}
	if given.FlushInterval != 0 || given.BufferBytes != 0 || given.Format != nil || given.Config.Region != config.Region || given.Config.BaseEndpoint != nil {
		t.Errorf("the options were changed to %+v", given)
	}
	if !maps.Equal(given.Tags, before.Tags) || len(given.ClientOptions) != 1 {
		t.Errorf("tags or client options were changed to %v, %v", given.Tags, given.ClientOptions)
	}
	if spare := given.ClientOptions[:2][1]; spare != nil {
		t.Error("the array behind the client options was written to")
	}

	given.LogStream, given.Tags["team"], given.Level = "other", "b", slog.LevelError
	given.ClientOptions[0] = nil
	if h.LogStream() != "s" || h.settings.Tags["team"] != "a" || h.settings.ClientOptions[0] == nil {
		t.Error("a later change of the options had an effect")
	}
	if !h.Enabled(context.Background(), slog.LevelDebug) {
		t.Error("a later change of the level had an effect")
	}
}
