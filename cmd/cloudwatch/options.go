package main

import (
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cloudwatch-go/cloudwatch/internal/role"
)

// optionFlags are the fields of the library's options and their flags, which have the same names in all
// commands.
var optionFlags = [...]struct{ field, flag string }{
	{"LogStream", "--stream"},
	{"Endpoint", "--endpoint"},
	{"AllowPlainHTTP", "--allow-plain-http"},
	{"Region", "--region"},
	{"Profile", "--profile"},
	{"RoleARN", "--role-arn"},
	{"ExternalID", "--external-id"},
	{"RetentionDays", "--retention"},
	{"NoCreate", "--no-create"},
	{"Oversize", "--oversize"},
	{"RAM", "--ram"},
	{"AllowRemote", "--allow-remote"},
}

var (
	optionName   = regexp.MustCompile(`\b(Spool)?Options\.(\w+)`)
	fieldName    = regexp.MustCompile(`\b[A-Z]\w+\b`)
	quoted       = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	constructors = strings.NewReplacer("cloudwatch: new writer: ", "cloudwatch: ", "cloudwatch: new handler: ", "cloudwatch: ")
)

// withFlags replaces the names of option fields in an error of the library by their flags. Quoted text
// comes from the user and is not changed.
func withFlags(text string) string {
	lines := strings.SplitAfter(constructors.Replace(text), "\n")
	for i, line := range lines {
		if !optionName.MatchString(line) {
			continue
		}
		var b strings.Builder
		from := 0
		for _, q := range append(quoted.FindAllStringIndex(line, -1), []int{len(line), len(line)}) {
			words := optionName.ReplaceAllString(line[from:q[0]], "$2")
			b.WriteString(fieldName.ReplaceAllStringFunc(words, flagOf))
			b.WriteString(line[q[0]:q[1]])
			from = q[1]
		}
		lines[i] = b.String()
	}
	return strings.Join(lines, "")
}

// flagOf returns the flag of a field, or the name itself if it has none.
func flagOf(field string) string {
	for _, o := range optionFlags {
		if o.field == field {
			return o.flag
		}
	}
	return field
}

// roleFlags adds the flags that assume a role.
func roleFlags(cmd *cobra.Command, to *role.Settings) {
	cmd.Flags().StringVar(&to.ARN, "role-arn", "", "assume the IAM role `ARN` with the other credentials")
	cmd.Flags().StringVar(&to.ExternalID, "external-id", "", "external `ID` that the trust policy of the role requires")
}

// plainHTTPFlag adds the flag that allows endpoints without TLS.
func plainHTTPFlag(cmd *cobra.Command, allow *bool) {
	cmd.Flags().BoolVar(allow, "allow-plain-http", false, "allow plain http to any host: the network can then read events and session token")
}
