package role

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
)

// maxAnswerBytes bounds the body of an answer. One with keys has less than 3 KiB.
const maxAnswerBytes = 64 << 10

// checkAnswers is an API option of the client: each answer is read within its bounds, and only
// what is one of STS gets further.
func checkAnswers(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("STSAnswer", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		response, ok := out.RawResponse.(*smithyhttp.Response)
		if err != nil || !ok {
			return out, metadata, err
		}
		if err = readAnswer(response.Response); err != nil {
			response.Header.Del("Date") // the SDK signs by it, and it may be of somebody else
		}
		response.Request = nil // an error keeps the answer: with it the signed request
		return out, metadata, err
	}), middleware.After)
}

// readAnswer puts a body of a bounded size in place of the one of the connection. Nothing is
// quoted of an answer that may hold keys.
func readAnswer(r *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswerBytes+1))
	r.Body.Close()
	r.Body = io.NopCloser(bytes.NewReader(body))
	tooLong := len(body) > maxAnswerBytes
	root, whole := document(body)
	switch ok := r.StatusCode < 300; {
	case ok && err != nil:
		return err
	case ok && whole && root == "AssumeRoleResponse":
		return nil
	case ok && root == "AssumeRoleResponse":
		return fmt.Errorf("HTTP %d without a whole answer of STS", r.StatusCode)
	case ok:
		return &deliver.ForeignError{Status: r.StatusCode, TooLong: tooLong}
	case err == nil && whole && root == "ErrorResponse":
		return nil
	}
	return deliver.Foreign(r, body, tooLong)
}

// document returns the name of the first element, and whether the whole document is
// well-formed.
func document(body []byte) (root string, whole bool) {
	d := xml.NewDecoder(bytes.NewReader(body))
	for {
		token, err := d.Token()
		if err != nil {
			return root, root != "" && errors.Is(err, io.EOF)
		}
		if element, ok := token.(xml.StartElement); ok && root == "" {
			root = element.Name.Local
		}
	}
}
