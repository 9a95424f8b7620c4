package preflight

import (
	"fmt"
	"strings"
	"testing"
)

func TestEndpoint(t *testing.T) {
	tests := []struct{ rule, endpoint, want string }{
		{"https to anywhere", "https://logs.example.com", ""},
		{"https to an address, with a port and a path", "https://203.0.113.1:8443/path", ""},
		{"http to localhost", "http://localhost:4586", ""},
		{"http to a name below localhost", "http://cloudwatch.localhost", ""},
		{"http to a loopback address", "http://127.8.9.10:1", ""},
		{"http to the IPv6 loopback address", "http://[::1]:4586", ""},
		{"http to an IPv4 loopback address in IPv6", "http://[::ffff:127.0.0.1]", ""},
		{"http to a private address", "http://10.1.2.3", ""},
		{"http to another private address", "http://172.31.0.1", ""},
		{"http to a private IPv6 address", "http://[fd00::1]", ""},
		{"http to a link-local address", "http://169.254.170.2", ""},
		{"http to a link-local IPv6 address of an interface", "http://[fe80::1%25eth0]:4586", ""},
		{"http to a container by name", "http://localstack:4566", ""},
		{"http to a container with an underscore", "http://local_stack:4566", ""},
		{"http to an internal name", "http://logs.internal", ""},
		{"http to an internal name in upper case", "http://LOGS.INTERNAL", ""},
		{"http to a name of multicast DNS", "http://printer.local", ""},
		{"http to a service of Kubernetes", "http://logs.monitoring.svc:4586", ""},
		{"the same, in full", "http://logs.monitoring.svc.cluster.local", ""},
		{"the same, with a final dot", "http://logs.monitoring.svc.cluster.local.", ""},
		{"upper-case scheme", "HTTPS://host", ""},

		{"http to a public name", "http://logs.example.com", notHTTPS},
		{"http to a public name with a final dot", "http://logs.example.com.", notHTTPS},
		{"http to a public address", "http://203.0.113.1:8080", notHTTPS},
		{"http to a public IPv6 address", "http://[2001:db8::1]", notHTTPS},
		{"http to a public IPv4 address in IPv6", "http://[::ffff:8.8.8.8]", notHTTPS},
		{"the same in hexadecimal", "http://[::ffff:808:808]", notHTTPS},
		{"http to an IPv4-compatible address", "http://[::8.8.8.8]", notHTTPS},
		{"http through NAT64", "http://[64:ff9b::808:808]", notHTTPS},
		{"just outside the private range", "http://172.32.0.1", notHTTPS},
		{"just outside the loopback range", "http://128.0.0.1", notHTTPS},
		{"a name that only looks local", "http://localhost.example.com", notHTTPS},
		{"a name that only looks internal", "http://notinternal.example", notHTTPS},
		{"a name that only begins like an address", "http://127.0.0.1.example.com", notHTTPS},
		{"a name that only ends like a service", "http://notsvc.msvc", notHTTPS},

		{"an address as a decimal number", "http://134744072", notHost},
		{"with a final dot", "http://134744072.", notHost},
		{"as a hexadecimal number", "http://0x08080808", notHost},
		{"in capitals", "http://0X8080808", notHost},
		{"as an octal number", "http://01002004010", notHost},
		{"with octal parts", "http://010.010.010.010", notHost},
		{"with hexadecimal parts", "http://8.8.8.0x8", notHost},
		{"with two parts", "http://8.526344", notHost},
		{"a loopback address in short", "http://127.1", notHost},
		{"an address with a final dot", "http://8.8.8.8.", notHost},
		{"an address with five parts", "http://8.8.8.8.8", notHost},
		{"a number under https as well", "https://134744072", notHost},
		{"digits of another alphabet", "http://\uff18.\uff18.\uff18.\uff18", notHost},
		{"dots of another alphabet", "http://logs\u3002example\u3002com", notHost},
		{"two dots", "http://logs..internal", notHost},
		{"a dot alone", "http://.", notHost},
		{"a star", "https://*.example.com", notHost},
		{"a port that is too large", "https://host:65536", notHost},
		{"port 0", "https://host:0", notHost},

		{"nothing", "", notURL},
		{"another scheme", "ftp://localhost", notURL},
		{"no scheme", "localhost:4586", notURL},
		{"no scheme and no port", "logs.example.com", notURL},
		{"no scheme but slashes", "//localhost:4586", notURL},
		{"no slashes", "https:localhost", notURL},
		{"no host", "https://", notURL},
		{"a port without a host", "http://:4586", notURL},
		{"a path alone", "/x", notURL},
		{"not to be parsed", "http://[::1", notURL},
		{"a carriage return at the end", "https://host\r", notURL},
		{"a blank at the end", "https://host ", notURL},
		{"a blank before it", " https://host", notURL},
		{"a query", "https://host/?", hasQuery},
		{"a fragment", "https://host/#x", hasQuery},
	}
	for _, tt := range tests {
		want := tt.want
		if want != "" {
			want = fmt.Sprintf("Options.Endpoint %q: %s", strings.TrimSuffix(tt.endpoint, "?"), want)
		}
		if got := errorText(Endpoint("Options.Endpoint", tt.endpoint, false)); got != want {
			t.Errorf("%s: got %s, want %s", tt.rule, got, want)
		}
		allowed := errorText(Endpoint("Options.Endpoint", tt.endpoint, true))
		if tt.want == notHTTPS {
			want = ""
		}
		if allowed != want {
			t.Errorf("%s, with AllowPlainHTTP: got %s, want %s", tt.rule, allowed, want)
		}
	}
}

// TestEndpointErrorsTellNoPassword: they end up in logs.
func TestEndpointErrorsTellNoPassword(t *testing.T) {
	for _, endpoint := range []string{
		"http://user:hush@logs.example.com", "https://user:hush@logs.example.com", "http://user:hush@localhost", "ftp://user:hush@host",
		"http://localhost:hush@203.0.113.1", "http://user:hush@[::1", "http://user:hush@host:port", "https://hush@host", "user:hush@host",
		"https://user:hu%zzsh@host", "https://user:hush/x@host", "https://user:hush\r@host", "https://host/?token=hush",
	} {
		if got := errorText(Endpoint("Options.Endpoint", endpoint, true)); got == "" || strings.Contains(got, "hu") || strings.Contains(got, "user:") {
			t.Errorf("%s: got %q", endpoint, got)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
