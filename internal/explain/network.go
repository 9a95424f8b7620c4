package explain

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/neterr"
)

// network explains an attempt that got no response.
func (f *Failure) network(n Names) explained {
	err, where := f.Err, f.where()
	var (
		unfinished *deliver.Unfinished
		dns        *net.DNSError
	)
	switch {
	case errors.As(err, &unfinished):
		return f.unfinished(unfinished, n)
	case errors.As(err, &dns) && dns.IsNotFound:
		return explained{NoHost, "no such host " + dns.Name, f.wrongHost(n)}
	case errors.As(err, &dns):
		return explained{Unreachable, "host " + dns.Name + " not resolved: " + dns.Err, "check the DNS of this machine"}
	case neterr.Is(err, neterr.Refused):
		return explained{Unreachable, "connection to " + where + " refused: nothing listens there", f.nothingThere(n)}
	case neterr.Is(err, neterr.NoRoute):
		return explained{Unreachable, "no route to " + where + ": " + f.short(), f.blocked(n)}
	case neterr.Is(err, neterr.Forbidden):
		return explained{Unreachable, "connection to " + where + " forbidden on this machine: " + f.short(), "check the firewall and the sandbox of the program"}
	case neterr.Is(err, neterr.NoFiles):
		return explained{Unreachable, "no connection to " + where + ": " + f.short(), "raise the limit of open files (ulimit -n), or look for what leaks them"}
	}
	if e, ok := f.certificate(n); ok {
		return e
	}
	switch {
	case neterr.Is(err, neterr.Reset), neterr.Is(err, errEnded), errors.Is(err, io.EOF):
		return explained{Unreachable, "connection to " + where + " closed before the end of the response: " + f.short(), "if it lasts, look for a proxy or firewall that does so"}
	case f.sent():
		return explained{Unreachable, "no response from " + where + ": " + f.short(), "if it lasts, check the proxy (HTTPS_PROXY), and what else is in between"}
	}
	return explained{Unreachable, f.short(), ""}
}

// errEnded is what reading returns where a connection ends too early.
var errEnded = []error{io.ErrUnexpectedEOF, net.ErrClosed, io.ErrClosedPipe}

// unfinished explains an attempt that was cut off, or is in flight.
func (f *Failure) unfinished(u *deliver.Unfinished, n Names) explained {
	known := *u
	if known.Host == "" {
		known.Host = f.service()
	}
	if known.Seen != nil {
		known.Seen = errors.New(plain(known.Seen))
	}
	advice := f.blocked(n)
	switch u.Phase {
	case deliver.PhaseCredentials:
		advice = "look for a credential_process, an SSO login or a metadata service that does not respond"
		if f.Target.Role != "" {
			advice += ", and check that AWS STS can be reached (role " + f.Target.Role + ")"
		}
	case deliver.PhaseResolving:
		advice = "check the DNS of this machine"
	case deliver.PhaseHandshake:
		advice = "look for a proxy or firewall that holds TLS connections back"
	case deliver.PhaseSending, deliver.PhaseWaiting, deliver.PhaseReading:
		advice = "if it lasts, check the line and what is in between"
	case deliver.PhaseStarted, deliver.PhaseConnecting:
	}
	return explained{Unreachable, known.Error(), advice}
}

// certificate explains errors of TLS.
func (f *Failure) certificate(n Names) (e explained, ok bool) {
	var (
		unknown  x509.UnknownAuthorityError
		invalid  x509.CertificateInvalidError
		hostname x509.HostnameError
		other    *tls.CertificateVerificationError
		record   tls.RecordHeaderError
		alert    tls.AlertError
	)
	where := f.where()
	switch {
	case errors.As(f.Err, &unknown):
		issuer := ""
		if unknown.Cert != nil {
			issuer = fmt.Sprintf(" (issued by %q)", clean(unknown.Cert.Issuer.String(), maxDetail))
		}
		return explained{Unreachable, "the TLS certificate of " + where + " is not trusted" + issuer,
			"if a proxy is in between, name its CA file in AWS_CA_BUNDLE or SSL_CERT_FILE; else install the CA certificates of the system"}, true
	case errors.As(f.Err, &invalid) && invalid.Reason == x509.Expired:
		return explained{Unreachable, "the TLS certificate of " + where + " has expired or is not valid yet: " + clean(invalid.Detail, maxSaid),
			"check the clock of this machine, else renew the certificate"}, true
	case errors.As(f.Err, &hostname):
		return explained{Unreachable, "the TLS certificate of " + where + " is for another host",
			fmt.Sprintf("check the endpoint (%s), and whether a proxy is in between", n.Endpoint)}, true
	case errors.As(f.Err, &other):
		return explained{Unreachable, "the TLS certificate of " + where + " is invalid: " + plain(other.Err), "check whether a proxy is in between"}, true
	case errors.As(f.Err, &record), errors.Is(f.Err, http.ErrSchemeMismatch):
		return explained{Unreachable, where + " does not speak TLS", fmt.Sprintf("check the scheme and port of the endpoint (%s), and whether a proxy is in between", n.Endpoint)}, true
	case errors.As(f.Err, &alert):
		return explained{Unreachable, "TLS handshake with " + where + " failed: " + plain(alert), "check whether a proxy is in between"}, true
	}
	return explained{}, false
}

// wrongHost is for a host that does not exist.
func (f *Failure) wrongHost(n Names) string {
	switch {
	case f.proxied():
		return "check the proxy (HTTPS_PROXY) and the DNS of this machine"
	case f.chosen():
		return fmt.Sprintf("check the endpoint (%s) and the DNS of this machine", n.Endpoint)
	case f.Target.Region == "":
		return fmt.Sprintf("check the region (%s) and the DNS of this machine", n.Region)
	}
	return fmt.Sprintf("check the region %q (%s) and the DNS of this machine", f.Target.Region, n.Region)
}

// nothingThere is for a connection that is refused.
func (f *Failure) nothingThere(n Names) string {
	switch {
	case f.proxied():
		return "check the proxy (HTTPS_PROXY)"
	case f.chosen():
		return fmt.Sprintf("start what should listen there, or correct the endpoint (%s)", n.Endpoint)
	}
	return "check the firewall, the proxy (HTTPS_PROXY) and the DNS of this machine"
}

// blocked is for connections that cannot be made.
func (f *Failure) blocked(n Names) string {
	if f.chosen() {
		return fmt.Sprintf("check the endpoint (%s), and whether a firewall or security group blocks it", n.Endpoint)
	}
	return "check whether egress is blocked (firewall, security group, routes); without internet access a proxy (HTTPS_PROXY) or a VPC endpoint is needed"
}

// where is the address that failed: host and port of the URL, and the IP address if
// another one; for a proxy that of the proxy.
func (f *Failure) where() string {
	host := f.service()
	if u, ok := f.url(); ok {
		host = u.Host
		if port := defaultPort[u.Scheme]; u.Port() == "" && port != "" {
			host += ":" + port
		}
	}
	var op *net.OpError
	if !errors.As(f.Err, &op) {
		return host
	}
	proxied := f.proxied()
	for inner := op; errors.As(inner.Err, &inner) && inner != nil; { // that of the proxy is around that of the dial
		op = inner
	}
	if op.Addr == nil || op.Addr.String() == host {
		return host
	}
	if proxied {
		return "the proxy " + op.Addr.String()
	}
	return host + " (" + op.Addr.String() + ")"
}

var defaultPort = map[string]string{"http": "80", "https": "443"}

// url is that of the request, if an HTTP client made one.
func (f *Failure) url() (*url.URL, bool) {
	var e *url.Error
	if !errors.As(f.Err, &e) {
		return nil, false
	}
	u, err := url.Parse(e.URL)
	return u, err == nil && u.Host != ""
}

// sent reports whether the request was left to an HTTP client.
func (f *Failure) sent() bool {
	var e *smithyhttp.RequestSendError
	return errors.As(f.Err, &e)
}

// chosen reports whether the endpoint is not that of the region, but one that was named.
func (f *Failure) chosen() bool {
	if f.Target.Endpoint != "" {
		return true
	}
	u, ok := f.url()
	return ok && !strings.Contains(u.Hostname(), ".amazonaws.com") && !strings.HasSuffix(u.Hostname(), ".api.aws")
}

func (f *Failure) proxied() bool {
	var op *net.OpError
	return errors.As(f.Err, &op) && op.Op == "proxyconnect"
}

// short is the innermost error of a failed system call or connection, which says all that
// the rest of the text does not.
func (f *Failure) short() string {
	var op *net.OpError
	if errors.As(f.Err, &op) && op.Err != nil {
		return plain(op.Err)
	}
	return plain(f.Err)
}
