package cloudwatchtest

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard stands before a server that listens, and refuses what a web page may
// have made a browser send:
//
//   - A Host that does not name this machine. A page can reach the endpoint
//     through a name of its own that resolves to 127.0.0.1 (DNS rebinding).
//   - A request that a browser says comes from another site. There are no CORS
//     headers either.
type guard struct {
	server *Server
	remote bool // other machines may come in
	cross  http.CrossOriginProtection
}

// ServeHTTP implements [http.Handler].
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !isLocalHost(r.Host) && !(g.remote && isNearHost(r.Host)):
		g.refuse(w, "the Host header does not name this machine")
	case g.cross.Check(r) != nil || r.Header.Get("Sec-Fetch-Site") == "cross-site":
		g.refuse(w, "web pages of other sites are not let in")
	default:
		g.server.ServeHTTP(w, r)
	}
}

func (g *guard) refuse(w http.ResponseWriter, why string) {
	failure(refusal(http.StatusForbidden, "AccessDeniedException", why)).send(w, g.server.now())
}

// hostName returns the name in a Host header. Live Tail clients put "stream-"
// or "streaming-" before it.
func hostName(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	for _, prefix := range []string{"streaming-", "stream-"} {
		if rest, ok := strings.CutPrefix(host, prefix); ok {
			return rest
		}
	}
	return host
}

func isLocalHost(host string) bool {
	host = hostName(host)
	return host == "localhost" || host == "127.0.0.1" || host == "::1" || strings.HasSuffix(host, ".localhost")
}

// isNearHost tells whether a Host is none that the owner of some web site can
// have made.
func isNearHost(host string) bool {
	host = hostName(host)
	_, err := netip.ParseAddr(host)
	return err == nil || !strings.Contains(host, ".") || strings.HasSuffix(host, ".internal") || strings.HasSuffix(host, ".local")
}
