package access

import (
	"context"
	"errors"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cloudwatch-go/cloudwatch/internal/redact"
)

var errPlainHTTP = errors.New("request not sent: the endpoint " + notHTTPS)

// Guard is the last step of a request before the HTTP client. It sends nothing in clear
// text over the open network, wherever the URL comes from: a resolver or an API option of
// the program may find another one for each request. And the errors of the HTTP client
// lose the passwords of URLs, such as that of a proxy.
type Guard struct{ PlainHTTP bool } // PlainHTTP allows it

// Add is an API option of the client.
func (g Guard) Add(stack *middleware.Stack) error {
	return stack.Deserialize.Add(g, middleware.After)
}

// ID is its name in the stack.
func (Guard) ID() string { return "cloudwatch.guard" }

// HandleDeserialize hands the request on, or refuses it.
func (g Guard) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	if r, ok := in.Request.(*smithyhttp.Request); ok && !g.PlainHTTP && exposed(r.URL) {
		return out, metadata, errPlainHTTP
	}
	out, metadata, err = next.HandleDeserialize(ctx, in)
	return out, metadata, redact.Error(err)
}
