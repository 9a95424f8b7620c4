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

// create makes the log stream, and the log group if that is missing too. There
// is no Describe call: its quota is small and its permission not needed.
func (w *Worker) create() (operation string, err error) {
	err = w.createStream()
	if classify(err) != missing {
		if err == nil && w.groupUnsure { // that attempt has made the group
			w.madeGroup()
		}
		return "CreateLogStream", err
	}
	// The stream's group does not exist.
	created, err := w.createGroup()
	if err != nil {
		return "CreateLogGroup", err
	}
	if created {
		w.madeGroup()
	}
	return "CreateLogStream", w.createStream()
}

// madeGroup notes that this worker has made the group. Its retention is set once
// events are on their way.
func (w *Worker) madeGroup() {
	w.groupUnsure = false // or a group that somebody else makes later would count as ours
	w.retention = w.cfg.Creation.RetentionDays != 0
}

func (w *Worker) createStream() error {
	err := w.attempt(AttemptTimeout, func(ctx context.Context) error {
		_, err := w.cfg.Client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{
			LogGroupName:  &w.cfg.Group,
			LogStreamName: &w.cfg.Stream,
		})
		return err
	})
	if exists(err) {
		return nil
	}
	return err
}

func (w *Worker) createGroup() (created bool, err error) {
	c := w.cfg.Creation
	in := &cloudwatchlogs.CreateLogGroupInput{
		LogGroupName:  &w.cfg.Group,
		LogGroupClass: c.Class,
		Tags:          c.Tags,
	}
	if c.KMSKeyID != "" {
		in.KmsKeyId = &c.KMSKeyID
	}
	err = w.attempt(AttemptTimeout, func(ctx context.Context) error {
		_, err := w.cfg.Client.CreateLogGroup(ctx, in)
		return err
	})
	if exists(err) {
		// Another process was faster, and it sets the retention. Or we were,
		// and did not hear of it.
		return w.groupUnsure, nil
	}
	var api smithy.APIError
	if err != nil && (!errors.As(err, &api) || api.ErrorFault() == smithy.FaultServer) {
		w.groupUnsure = true
	}
	return err == nil, err
}

// exists reports whether a create call found the thing there already.
func exists(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "ResourceAlreadyExistsException"
}

// retentionPause is the time between two attempts to set the retention. Its
// quota is 5 a second for a whole account, so many processes share it.
const retentionPause = 30 * time.Second

// retentionTimeout is how long events wait for an attempt at most.
const retentionTimeout = 2 * time.Second

// putRetention sets the retention of a group this worker created. It comes after
// a batch, and after a failure beside later ones.
func (w *Worker) putRetention() {
	if !w.retention || time.Now().Before(w.retentionAfter) {
		return
	}
	err := w.attempt(retentionTimeout, func(ctx context.Context) error {
		_, err := w.cfg.Client.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{
			LogGroupName:    &w.cfg.Group,
			RetentionInDays: aws.Int32(w.cfg.Creation.RetentionDays),
		})
		return err
	})
	if err != nil {
		w.cfg.Failed("PutRetentionPolicy", err)
	}
	switch classify(err) {
	case transient, environment, missing: // a new group may take a moment to be seen
		w.retentionAfter = time.Now().Add(retentionPause)
	default: // done, or it can never be
		w.retention = false
	}
}
