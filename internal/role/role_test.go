package role

import (
	"regexp"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	const arn = "arn:aws:iam::123456789012:role/logs"
	long := strings.Repeat("x", 1225)
	form := func(arn string) string {
		return `Options.RoleARN "` + arn + `": must be the ARN of an IAM role, such as arn:aws:iam::123456789012:role/logs`
	}
	const length, characters = "Options.ExternalID: must have 2 to 1224 characters", "Options.ExternalID: only letters, digits and _ + = , . @ : / - are allowed"
	for _, tt := range []struct{ rule, arn, id, want string }{
		{"none", "", "", ""},
		{"a role", arn, "", ""},
		{"a path", "arn:aws:iam::123456789012:role/a/b.c/logs+=,.@-_", "", ""},
		{"China", "arn:aws-cn:iam::123456789012:role/logs", "", ""},
		{"the government of the US", "arn:aws-us-gov:iam::123456789012:role/logs", "", ""},
		{"a partition to come", "arn:aws-iso-b:iam::123456789012:role/logs", "", ""},
		{"a name of 64 characters", arn[:len(arn)-4] + long[:64], "", ""},
		{"a name of 65 characters", arn[:len(arn)-4] + long[:65], "", form(arn[:len(arn)-4] + long[:65])},
		{"a name alone", "logs", "", form("logs")},
		{"a user", "arn:aws:iam::123456789012:user/logs", "", form("arn:aws:iam::123456789012:user/logs")},
		{"a session", "arn:aws:sts::123456789012:assumed-role/logs/x", "", form("arn:aws:sts::123456789012:assumed-role/logs/x")},
		{"an account that is too short", "arn:aws:iam::12345678901:role/logs", "", form("arn:aws:iam::12345678901:role/logs")},
		{"no account", "arn:aws:iam:::role/logs", "", form("arn:aws:iam:::role/logs")},
		{"no name", "arn:aws:iam::123456789012:role/", "", form("arn:aws:iam::123456789012:role/")},
		{"a blank at the end", arn + " ", "", form(arn + " ")},
		{"a newline at the end", arn + "\n", "", form(arn + `\n`)},
		{"a blank before it", " " + arn, "", form(" " + arn)},
		{"another cloud", "arn:gcp:iam::123456789012:role/logs", "", form("arn:gcp:iam::123456789012:role/logs")},
		{"too long", "arn:aws:iam::123456789012:role/" + strings.Repeat("x", 2100) + "/logs", "", "Options.RoleARN: longer than 2048 characters"},

		{"every character of an external id", arn, "azAZ09_+=,.@:/-", ""},
		{"2 characters", arn, "ab", ""},
		{"1224 characters", arn, long[:1224], ""},
		{"an external id without a role", "", "ab", "Options.ExternalID is set but RoleARN is empty: an external id goes with a role"},
		{"1 character", arn, "a", length},
		{"1225 characters", arn, long, length},
		{"a blank", arn, "hu sh", characters},
		{"a newline", arn, "hush\n", characters},
		{"another alphabet", arn, "h\u00fcsh", characters},
	} {
		err := Settings{tt.arn, tt.id}.Check()
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.rule, got, tt.want)
		}
	}
}

func TestSessionName(t *testing.T) {
	valid := regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
	for _, tt := range []struct{ program, host, want string }{
		{"shop", "web-1", "shop@web-1"},
		{"shop.exe", "web-1.example.com", "shop.exe@web-1.example.com"},
		{"my shop (old)", "web\u00e9", "my-shop-old-@web"},
		{"shop", "", "shop"},
		{"", "web-1", "web-1"},
		{"", "", "cloudwatch-go"},
		{"s", "", "cloudwatch-go"},
		{"\u65e5", "\u672c", "cloudwatch-go"},
		{strings.Repeat("p", 80), "web-1", strings.Repeat("p", 64)},
	} {
		if got := sessionName(tt.program, tt.host); got != tt.want || !valid.MatchString(got) {
			t.Errorf("%q on %q: got %q, want %q", tt.program, tt.host, got, tt.want)
		}
	}
	if got := ownSessionName(); !valid.MatchString(got) {
		t.Errorf("this program's is %q", got)
	}
}
