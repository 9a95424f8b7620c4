package cloudwatchtest

import (
	"strconv"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// GetLogRecord: the fields of an event. Since there are no queries, whose @ptr
// it would take, the pointer is an eventId of FilterLogEvents.
//
// @timestamp and @ingestionTime are in milliseconds, as one of the documents'
// two examples shows them. For the fields of JSON events see discover; those of
// other kinds of events that the service knows, and @entity, are not emulated.
type getLogRecord struct {
	LogRecordPointer *string
}

type getLogRecordOutput struct {
	LogRecord map[string]string `json:"logRecord"`
}

func (op *getLogRecord) describe(*Request) {} // the pointer does not tell the group

func (op *getLogRecord) handle(c *call) (any, *APIError) {
	var v violations
	v.present("logRecordPointer", op.LogRecordPointer != nil)
	if err := v.err(); err != nil {
		return nil, err
	}
	at, ok := parseEventID(*op.LogRecordPointer)
	if !ok {
		return nil, invalidParameter("The specified logRecordPointer is invalid.")
	}
	var record map[string]string
	var failed error
	err := c.eachGroup("", "", func(g logstore.Group) bool {
		if at.Time < cutoff(g, c.now) {
			return true
		}
		next := logstore.Position{Time: at.Time, Number: at.Number + 1}
		failed = c.store.Scan(c.ctx, logstore.Range{Group: g.Name, From: at, To: next}, func(e *logstore.Event) bool {
			record = discover(e.Message)
			record["@message"] = e.Message
			record["@timestamp"] = strconv.FormatInt(e.Time, 10)
			record["@ingestionTime"] = strconv.FormatInt(e.Ingestion, 10)
			record["@logStream"] = e.Stream
			record["@log"] = account + ":" + g.Name
			return false
		})
		if isMissing(failed) { // deleted meanwhile
			failed = nil
		}
		return failed == nil && record == nil
	})
	if err == nil {
		err = storeError(failed)
	}
	if err == nil && record == nil {
		err = refusal(400, "ResourceNotFoundException", "The specified log record does not exist.")
	}
	return getLogRecordOutput{record}, err
}

// parseEventID returns the position in an id of eventID.
func parseEventID(id string) (p logstore.Position, ok bool) {
	if len(id) != 56 || id[0] != '3' {
		return p, false
	}
	time, err1 := strconv.ParseUint(id[1:20], 10, 63)
	number, err2 := strconv.ParseUint(id[20:], 10, 63)
	return logstore.Position{Time: int64(time), Number: int64(number)}, err1 == nil && err2 == nil
}
