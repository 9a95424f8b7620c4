package preflight

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/cloudwatch-go/cloudwatch/internal/redact"
)

// Rules that the URL of an endpoint can violate.
const (
	notURL   = "not a URL such as https://host or http://127.0.0.1:4586"
	hasUser  = "must have no user name and password: requests are signed with an access key, and nothing would read them"
	hasQuery = "must have no query and no fragment: requests do not carry them"
	notHost  = "the host must be a name of letters, digits, - and _, or an address such as 127.0.0.1 or [::1], and a port at most 65535"
	notHTTPS = "must be https, since the host is not on this machine or in a private network: log events and credentials would be readable on the way (Options.AllowPlainHTTP allows it)"
)

// Endpoint returns an error if the URL of an endpoint is not allowed. The error starts with name,
// the source of the URL.
func Endpoint(name, endpoint string, plainHTTP bool) error {
	u, err := url.Parse(endpoint)
	why := ""
	switch {
	case err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https"):
		why = notURL
	case u.User != nil:
		why = hasUser
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		why = hasQuery
	case !isHost(u.Hostname()) || !isPort(u.Port()):
		why = notHost
	case !plainHTTP && exposed(u):
		why = notHTTPS
	default:
		return nil
	}
	shown, _, _ := strings.Cut(redact.URL(endpoint), "?") // a query may hold secrets too
	return fmt.Errorf("%s %q: %s", name, shown, why)
}

// exposed reports whether requests to a URL cross a public network unencrypted.
func exposed(u *url.URL) bool { return u.Scheme != "https" && !isLocal(u.Hostname()) }

// isLocal reports whether a host can only be on this machine or in a private network. A name
// without a dot belongs to a container, or to a private DNS zone.
func isLocal(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		addr = addr.Unmap()
		return addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() || addr.IsUnspecified()
	}
	if !isHost(host) {
		return false
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if !strings.Contains(name, ".") {
		return true
	}
	for _, suffix := range []string{".localhost", ".local", ".internal", ".svc"} { // .svc.cluster.local of Kubernetes is below .local
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}

var (
	label = regexp.MustCompile(`^[A-Za-z0-9_-]{1,63}$`)
	// number matches a last label that makes resolvers parse the whole name as an IPv4 address:
	// 134744072, 0x8080808, 010.8.8.8 and 8.8 are all public addresses.
	number = regexp.MustCompile(`^([0-9]+|0[xX][0-9A-Fa-f]*)$`)
)

// isHost reports whether a host is a DNS name or an IP address in its usual form.
func isHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	for _, l := range labels {
		if !label.MatchString(l) {
			return false
		}
	}
	return !number.MatchString(labels[len(labels)-1])
}

func isPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// regionName matches one label of a host name: AWS endpoints contain the region.
var regionName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

// Region returns an error if a region is malformed. The error starts with name, the source of it.
func Region(name, region string) error {
	if regionName.MatchString(region) {
		return nil
	}
	return fmt.Errorf("%s %q: must be a region such as eu-central-1: letters, digits and hyphens only", name, redact.Text(region))
}
