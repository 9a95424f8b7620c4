package preflight

import (
	"context"
	"errors"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cloudwatch-go/cloudwatch/internal/redact"
)

var errPlainHTTP = errors.New("request not sent: the endpoint " + notHTTPS)

// Guard is the last middleware before the HTTP client. It refuses requests over plain HTTP to
// public hosts, since a resolver or an API option of the program may set another URL for each
// request. And it removes passwords in URLs, such as that of a proxy, from errors of the HTTP
// client.
type Guard struct{ PlainHTTP bool } // PlainHTTP allows plain HTTP to every host

// Add adds the guard to a stack; it is an API option of a client.
func (g Guard) Add(stack *middleware.Stack) error {
	return stack.Deserialize.Add(g, middleware.After)
}

// ID returns the name of the middleware.
func (Guard) ID() string { return "cloudwatch.guard" }

// HandleDeserialize passes the request on, or refuses it.
func (g Guard) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	if r, ok := in.Request.(*smithyhttp.Request); ok && !g.PlainHTTP && exposed(r.URL) {
		return out, metadata, errPlainHTTP
	}
	out, metadata, err = next.HandleDeserialize(ctx, in)
	return out, metadata, redact.Error(err)
}
