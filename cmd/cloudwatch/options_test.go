package main

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/cloudwatch-go/cloudwatch"
)

func TestWithFlags(t *testing.T) {
	for text, want := range map[string]string{
		"cloudwatch: new writer: Options.NoCreate needs LogStream: x": "cloudwatch: --no-create needs --stream: x",
		`cloudwatch: new handler: Options.LogStream "Region": bad`:    `cloudwatch: --stream "Region": bad`,
		`Options.Endpoint "https://Options.Region\"": Region`:         `--endpoint "https://Options.Region\"": --region`,
		"Options.Region x\nthe Region of something else":              "--region x\nthe Region of something else",
		"Options.Tags: no flag":                                       "Tags: no flag",
		"set SpoolOptions.AllowRemote":                                "set --allow-remote",
		"log group: Region":                                           "log group: Region",
	} {
		if got := withFlags(text); got != want {
			t.Errorf("withFlags(%q) = %q, want %q", text, got, want)
		}
	}
}

// Every field in the table exists, and so does its flag.
func TestOptionFlagsExist(t *testing.T) {
	p := &program{getenv: func(string) string { return "" }}
	root := p.rootCommand()
	flags := map[string]bool{}
	for _, path := range [][]string{{"put"}, {"spool"}, {"spool", "send"}, {"export"}} {
		cmd, _, err := root.Find(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range optionFlags {
			name := strings.TrimPrefix(o.flag, "--")
			if cmd.Flags().Lookup(name) != nil || cmd.PersistentFlags().Lookup(name) != nil {
				flags[o.flag] = true
			}
		}
	}
	options, spool := reflect.TypeFor[cloudwatch.Options](), reflect.TypeFor[cloudwatch.SpoolOptions]()
	for _, o := range optionFlags {
		_, field := options.FieldByName(o.field)
		_, ofSpool := spool.FieldByName(o.field)
		if !field && !ofSpool || !flags[o.flag] {
			t.Errorf("field %s or flag %s does not exist", o.field, o.flag)
		}
	}
}

// Whatever is wrong on the command line, the error has no name of a field.
func TestErrorsNameFlags(t *testing.T) {
	withoutAWS(t)
	t.Chdir(t.TempDir()) // import makes the directory it is told
	field := regexp.MustCompile(`Options\.|\bnew (writer|handler)\b|\b(LogStream|NoCreate|RetentionDays|AccessID|AccessKey|Oversize)\b`)
	bad := []string{"", "x", "-1", "99999999999999999999", "a:b*", "{unknown}", "{time}", "{", "\x00", "\xff", "http://example.com", "https://", "eu central 1", "Options.Region", strings.Repeat("x", 600), "1e3", "(", "2006"}
	for _, command := range [][]string{
		{"put", "app"}, {"put", "Options.X"}, {"export", "app"}, {"import"}, {"demo"}, {"spool", "send", t.TempDir()}, {"serve", "--memory"},
	} {
		root := (&program{getenv: func(string) string { return "" }}).rootCommand()
		cmd, _, err := root.Find(command[:1])
		if command[0] == "spool" {
			cmd, _, err = root.Find(command[:2])
		}
		if err != nil {
			t.Fatal(err)
		}
		var flags []string
		for _, name := range []string{"stream", "endpoint", "region", "profile", "retention", "no-create", "oversize", "timeout", "drain-timeout", "multiline-pattern", "timestamp-layout", "data", "group", "lines", "format", "fault", "access-key", "max-bytes", "max-age", "addr"} {
			if cmd.Flags().Lookup(name) != nil {
				flags = append(flags, name)
			}
		}
		for _, name := range flags {
			for _, value := range bad {
				var stderr strings.Builder
				p := &program{stdin: strings.NewReader(""), stdout: &stderr, stderr: &stderr, getenv: func(string) string { return "" }}
				args := append(command[:len(command):len(command)], "--"+name+"="+value)
				if command[0] == "serve" { // what is right would serve for ever
					args = append(args, "--", "no-such-program")
				}
				if command[0] == "put" && name != "endpoint" {
					args = append(args, "--endpoint", "http://127.0.0.1:1", "--timeout", "1ms")
				}
				_ = p.run(t.Context(), args)
				said := strings.ReplaceAll(stderr.String(), "Options.X", "")
				if value != "" {
					said = strings.ReplaceAll(said, value, "")
				}
				if field.MatchString(said) {
					t.Errorf("%q: %s", args, stderr.String())
				}
			}
		}
	}
}
