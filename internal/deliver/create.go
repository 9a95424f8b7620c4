package deliver

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"
)

// Creation configures how a missing log group or log stream is created. It applies only to what
// this process creates; an existing group is never changed.
type Creation struct {
	Never         bool // missing ones are reported and waited for
	First         bool // the stream is known to be new: create it before the first put
	RetentionDays int32
	Tags          map[string]string
	KMSKeyID      string
	Class         types.LogGroupClass
}

// creation is the state of log group and log stream. No Describe operation is used: its quota is
// small and it would need another permission.
type creation struct {
	needStream    bool // create the stream before the next put
	needGroup     bool // create the group before the stream
	streamMissing bool // the last put reported a missing group or stream
	groupMissing  bool // the last CreateLogStream reported a missing group
	groupUnknown  bool // a CreateLogGroup ended without an answer

	retention      bool      // the retention of a group this worker created is not set yet
	retentionAfter time.Time // earliest time of the next attempt
	retaining      bool      // PutRetentionPolicy is in flight
}

// create creates the log group or log stream, whichever is needed next.
func (w *Worker) create() {
	if w.needGroup {
		w.call(createLogGroup, AttemptTimeout, func(ctx context.Context) error {
			c := w.cfg.Creation
			in := &cloudwatchlogs.CreateLogGroupInput{
				LogGroupName:  &w.cfg.Group,
				LogGroupClass: c.Class,
				Tags:          c.Tags,
			}
			if c.KMSKeyID != "" {
				in.KmsKeyId = &c.KMSKeyID
			}
			_, err := w.cfg.Client.CreateLogGroup(ctx, in, w.cfg.Endpoint.watch)
			return err
		})
		return
	}
	w.call(createLogStream, AttemptTimeout, func(ctx context.Context) error {
		_, err := w.cfg.Client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{
			LogGroupName:  &w.cfg.Group,
			LogStreamName: &w.cfg.Stream,
		}, w.cfg.Endpoint.watch)
		return err
	})
}

// streamAnswered handles the result of CreateLogStream.
func (w *Worker) streamAnswered(a answer) {
	switch {
	case a.err == nil || exists(a.err):
		w.needStream, w.groupMissing = false, false
		if a.err == nil && w.groupUnknown { // the unanswered attempt created the group
			w.groupCreated()
		}
	case classify(a.err) == missing:
		w.needGroup = true
		if w.groupMissing { // a new group may take a moment to become visible
			w.failed(a, transient)
		}
		w.groupMissing = true
	default:
		// A stream with a fixed name may be shared: another process may create it meanwhile.
		// Another put is the cheaper way to find out.
		w.needStream = w.cfg.Creation.First
		w.failed(a, classify(a.err))
	}
}

// groupAnswered handles the result of CreateLogGroup.
func (w *Worker) groupAnswered(a answer) {
	var api smithy.APIError
	switch {
	case a.err == nil:
		w.needGroup = false
		w.groupCreated()
	case exists(a.err):
		// Another process was faster and sets the retention; or our own attempt succeeded and its
		// answer was lost.
		w.needGroup = false
		if w.groupUnknown {
			w.groupCreated()
		}
	default:
		if !errors.As(a.err, &api) || api.ErrorFault() == smithy.FaultServer {
			w.groupUnknown = true
		}
		// Another process may create the group meanwhile, so retry the stream first.
		w.needGroup, w.groupMissing = false, false
		w.failed(a, classify(a.err))
	}
}

// groupCreated records that this worker created the group. The retention is set after the first
// delivery.
func (w *Worker) groupCreated() {
	w.groupUnknown = false // or a group that another process creates later would count as ours
	w.retention = w.cfg.Creation.RetentionDays != 0
}

// exists reports whether a create operation failed because the resource exists already.
func exists(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "ResourceAlreadyExistsException"
}

// retentionInterval is the interval between attempts to set the retention. The quota is 5
// requests a second for an account, shared by many processes.
const retentionInterval = 30 * time.Second

// endTimeout is how long the end of delivery waits for requests that carry no events.
const endTimeout = 2 * time.Second

// retain sets the retention of a group this worker created, concurrently with deliveries. last is
// the attempt at the end of delivery, which does not wait for the interval.
func (w *Worker) retain(now time.Time, last bool) {
	if !w.retention || w.retaining || now.Before(w.retentionAfter) && !last {
		return
	}
	w.retaining = true
	timeout := AttemptTimeout
	if last {
		timeout = endTimeout
	}
	w.call(putRetentionPolicy, timeout, func(ctx context.Context) error {
		_, err := w.cfg.Client.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{
			LogGroupName:    &w.cfg.Group,
			RetentionInDays: aws.Int32(w.cfg.Creation.RetentionDays),
		}, w.cfg.Endpoint.watch)
		return err
	})
}

// retentionAnswered handles the result of PutRetentionPolicy.
func (w *Worker) retentionAnswered(a answer, now time.Time) {
	w.retaining = false
	if a.err != nil {
		w.reportFailure(a)
	}
	switch classify(a.err) {
	case delivered, refused: // set, or invalid for good
		w.retention = false
	default: // a new group may take a moment to become visible
		w.retentionAfter = now.Add(retentionInterval)
	}
}
