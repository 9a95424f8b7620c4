package explain

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
)

// ProcessError returns the error of a credential_process without the output of the process, which
// may contain keys. The SDK's error quotes the output, as do the errors it wraps and those that
// wrap it, so only the cause is kept. Any other error is returned unchanged.
func ProcessError(err error) error {
	var process *processcreds.ProviderError
	if !errors.As(err, &process) {
		return err
	}
	const unread = "credential_process: read output: "
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	var moment *time.ParseError
	inner := errors.Unwrap(process.Err)
	switch {
	case errors.As(process.Err, &syntax):
		return fmt.Errorf(unread+"%w", syntax)
	case errors.As(process.Err, &mistyped) && mistyped.Field == "":
		return errors.New(unread + "not a JSON object")
	case errors.As(process.Err, &mistyped):
		return errors.New(unread + mistyped.Field + " has the wrong JSON type")
	case errors.As(process.Err, &moment):
		return errors.New(unread + "Expiration is not an RFC 3339 time")
	case inner != nil: // of the process, such as its exit status
		return fmt.Errorf("credential_process: %w", inner)
	}
	return fmt.Errorf("credential_process: %w", process.Err) // what the output lacks
}
