package explain

import (
	"fmt"

	"github.com/cloudwatch-go/cloudwatch/internal/role"
)

// notAssumed explains why a role could not be assumed: why the request to STS failed.
func (f *Failure) notAssumed(e *role.Error, n Names) explanation {
	external := n.ExternalID
	n.Endpoint = "AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL"
	request := &Failure{
		Operation: "AssumeRole",
		Target:    Target{Service: "Security Token Service", Region: f.Target.Region, Endpoint: e.Endpoint},
		At:        f.At,
		Err:       e.Err,
	}
	why := request.explain(n)
	switch why.kind {
	case Denied:
		why.advice = "allow these credentials sts:AssumeRole on the role, and name them in its trust policy"
		if e.ExternalID {
			why.advice += fmt.Sprintf(", with the same external ID (%s)", external)
		} else {
			why.advice += fmt.Sprintf("; if the policy requires an external ID, set it (%s)", external)
		}
	case Invalid, Missing, Unsupported, Quota: // these concern the role, not log groups
		why.kind = Credentials
	case Other, Credentials, Clock, Throttled, NoHost, Unreachable:
	}
	why.cause = "assume role " + e.ARN + ": " + why.cause
	return why
}
