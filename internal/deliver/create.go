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

// Creation says how a missing log group or log stream is made. It applies to
// what this process creates; an existing group is never changed.
type Creation struct {
	Never         bool // missing ones are reported and waited for
	First         bool // the stream is known to be new: create before the first put
	RetentionDays int32
	Tags          map[string]string
	KMSKeyID      string
	Class         types.LogGroupClass
}

// creation is what the worker knows of log group and log stream. There is no
// Describe call: its quota is small and its permission not needed.
type creation struct {
	needStream   bool // the stream must be made before the next put
	needGroup    bool // and the group before that
	missedStream bool // the last put found one of them missing
	missedGroup  bool // so did the last CreateLogStream
	unsure       bool // a CreateLogGroup ended without an answer

	retention      bool      // the retention of a group we made is still to be set
	retentionAfter time.Time // not before this
	retaining      bool      // a request for it is under way
}

// create makes what is needed next.
func (w *Worker) create() {
	if w.needGroup {
		w.request(createLogGroup, AttemptTimeout, func(ctx context.Context) error {
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
	w.request(createLogStream, AttemptTimeout, func(ctx context.Context) error {
		_, err := w.cfg.Client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{
			LogGroupName:  &w.cfg.Group,
			LogStreamName: &w.cfg.Stream,
		}, w.cfg.Endpoint.watch)
		return err
	})
}

// streamAnswered enters the answer to CreateLogStream.
func (w *Worker) streamAnswered(a answer) {
	switch {
	case a.err == nil || exists(a.err):
		w.needStream, w.missedGroup = false, false
		if a.err == nil && w.unsure { // that attempt has made the group
			w.madeGroup()
		}
	case classify(a.err) == missing:
		w.needGroup = true
		if w.missedGroup { // it may take a moment to be seen
			w.failed(a, transient)
		}
		w.missedGroup = true
	default:
		// Another process may write to a stream that was named, and make it
		// meanwhile. Asking the stream itself is the cheaper way to know.
		w.needStream = w.cfg.Creation.First
		w.failed(a, classify(a.err))
	}
}

// groupAnswered enters the answer to CreateLogGroup.
func (w *Worker) groupAnswered(a answer) {
	var api smithy.APIError
	switch {
	case a.err == nil:
		w.needGroup = false
		w.madeGroup()
	case exists(a.err):
		// Another process was faster, and it sets the retention. Or we were,
		// and did not hear of it.
		w.needGroup = false
		if w.unsure {
			w.madeGroup()
		}
	default:
		if !errors.As(a.err, &api) || api.ErrorFault() == smithy.FaultServer {
			w.unsure = true
		}
		// Somebody else may make it meanwhile, so the stream is asked for again.
		w.needGroup, w.missedGroup = false, false
		w.failed(a, classify(a.err))
	}
}

// madeGroup notes that this worker has made the group. Its retention is set once
// events are on their way.
func (w *Worker) madeGroup() {
	w.unsure = false // or a group that somebody else makes later would count as ours
	w.retention = w.cfg.Creation.RetentionDays != 0
}

// exists reports whether a create call found the thing there already.
func exists(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "ResourceAlreadyExistsException"
}

// retentionPause is the time between two attempts to set the retention. Its
// quota is 5 a second for a whole account, so many processes share it.
const retentionPause = 30 * time.Second

// endTimeout is how long the end of delivery waits for what is not an event.
const endTimeout = 2 * time.Second

// retain sets the retention of a group this worker made, beside the events. At
// the end of delivery it is tried once more.
func (w *Worker) retain(now time.Time, last bool) {
	if !w.retention || w.retaining || now.Before(w.retentionAfter) && !last {
		return
	}
	w.retaining = true
	timeout := AttemptTimeout
	if last {
		timeout = endTimeout
	}
	w.request(putRetentionPolicy, timeout, func(ctx context.Context) error {
		_, err := w.cfg.Client.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{
			LogGroupName:    &w.cfg.Group,
			RetentionInDays: aws.Int32(w.cfg.Creation.RetentionDays),
		}, w.cfg.Endpoint.watch)
		return err
	})
}

// retentionAnswered enters the answer to PutRetentionPolicy.
func (w *Worker) retentionAnswered(a answer, now time.Time) {
	w.retaining = false
	if a.err != nil {
		w.reportFailure(a)
	}
	switch classify(a.err) {
	case delivered, refused: // done, or it can never be
		w.retention = false
	default: // a new group may take a moment to be seen
		w.retentionAfter = now.Add(retentionPause)
	}
}
