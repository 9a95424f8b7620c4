package cloudwatch

import (
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// Options says how events are written, kept and sent. A nil *Options and the
// zero value both work: the AWS default credentials and region, a log stream
// of its own, JSON, and a buffer of 64 MiB.
//
// A constructor copies what it is given. Later changes to the struct have no
// effect.
type Options struct {
	// AccessID and AccessKey are an AWS access key, the id and its secret. Both
	// or neither must be set. Empty: the AWS default credentials, that is
	// environment, shared config and credentials files, SSO, container or
	// instance role, as the AWS SDK finds them.
	//
	// Printed Options do not show them, but for Options in an unexported field of
	// another struct, which fmt prints with all keys (see [Options.String]).
	AccessID  string
	AccessKey string
	// SessionToken goes with temporary keys. It needs AccessID and AccessKey.
	SessionToken string
	// RoleARN is an IAM role to assume, such as
	// "arn:aws:iam::123456789012:role/logs", for a log group of another account.
	// The other credentials, wherever they come from, then only assume the role
	// (AssumeRole of AWS STS): they need the permission sts:AssumeRole, and the
	// trust policy of the role must name them. They may belong to a role
	// themselves. Empty: no role is assumed.
	//
	// The role is assumed before the first request, for an hour, and again five
	// minutes before that ends or when the service refuses its credentials. That
	// is one request to STS each time, in the same region and through the same
	// HTTP client, to the endpoint that the AWS SDK finds for STS:
	// AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL, the shared config, or AWS itself.
	// Endpoint does not apply to it; its rules about https do.
	RoleARN string
	// ExternalID is the external id that the trust policy of the role demands. It
	// is not a secret: printed Options show it. It needs RoleARN. Empty: none.
	ExternalID string
	// Region is the AWS region, such as "eu-central-1". Empty: from the
	// environment (AWS_REGION) or the shared config, as the AWS SDK finds it.
	Region string
	// Profile is the profile of the shared config and credentials files. Empty:
	// AWS_PROFILE, or the default profile.
	Profile string
	// Endpoint is the URL of the service, for a local endpoint or a VPC
	// endpoint. Empty: AWS_ENDPOINT_URL_CLOUDWATCH_LOGS, AWS_ENDPOINT_URL, the
	// shared config, or AWS itself. Wherever it comes from, it must have no user
	// name and password, FIPS and dual-stack endpoints must be off, and it must
	// be https, except for loopback, private and link-local addresses, and for
	// names that can only be local: without a dot, or below .localhost, .local,
	// .internal or .svc.
	Endpoint string
	// AllowPlainHTTP allows an endpoint with plain http on any host. Whoever is
	// on the way can then read the log events and the session token, and change
	// the events; and with RoleARN, if the endpoint of STS is such a one, read all
	// keys of the role. false: it is refused.
	AllowPlainHTTP bool
	// Config is a ready AWS configuration, for programs that have one. It is
	// used instead of the environment and the shared config; Region, Endpoint
	// and the keys above still win over what it holds. With Config, Profile
	// must be empty.
	//
	// When the service refuses its credentials, or there are none, new ones are
	// looked for. Keys that config.LoadDefaultConfig has read from the
	// environment or from a shared file are read from there again; so are those
	// that were not there yet, if it took the role of the EC2 instance instead.
	// An aws.CredentialsCache is invalidated. Any other provider must return new
	// credentials by itself, and so must one that assumes a role with keys of a
	// file: without Config, those are read again too. The provider is called by
	// one goroutine at a time. Whether it falls back to version 1 of the EC2
	// metadata service is up to it; without Config that never happens. Close does
	// not close the connections that it keeps open for later calls.
	//
	// Its Logger is used, but for the one that config.LoadDefaultConfig sets
	// where the program names none: that prints on standard error, so it is used
	// only if ClientLogMode is set.
	Config *aws.Config
	// ClientOptions change the SDK's client: proxy, FIPS and dual-stack
	// endpoints, HTTP client and so on. They are called in order, after
	// everything above except RoleARN: if they set credentials, these assume the
	// role. The retryer is ours and cannot be changed.
	ClientOptions []func(*cloudwatchlogs.Options)

	// LogStream is the name of the log stream. It is written to if it exists,
	// otherwise created. Empty: the UTC time to the microsecond (20 digits) and
	// three random digits, so that each process has a stream of its own.
	//
	// This name and that of the log group may hold placeholders, filled in once
	// by the constructor:
	//
	//	{hostname}         the name of the host; in a pod of Kubernetes that of the pod
	//	{pid} {program}    of the process
	//	{random}           8 hexadecimal digits
	//	{time:2006/01/02}  the time in UTC, in any layout of package time
	//	{env:NAME}         an environment variable; if it is not set or empty, the
	//	                   constructor returns an error
	//	{region}           the AWS region that requests go to
	//	{container_id}     as "docker ps" shows it, 12 hexadecimal digits; on AWS
	//	                   Fargate the runtime id that the console of ECS shows
	//	{instance_id}      of EC2, such as i-0123456789abcdef0
	//
	// {{ and }} stand for the braces themselves. In the value of a placeholder,
	// characters that a name must not have become "-".
	//
	// {container_id} is read from /proc and ECS_CONTAINER_METADATA_URI_V4, without
	// a request. In Kubernetes with version 2 of cgroups, a container cannot find
	// its id. {instance_id} comes from the EC2 metadata service (IMDSv2 only):
	// this is the only request of a constructor, takes at most a second, and is
	// not made if AWS_EC2_METADATA_DISABLED is true. Without an id, the host name
	// is used, and that is reported to OnError; {hostname} or {env:NAME} are then
	// the better choice.
	LogStream string

	// NoCreate switches creation off: a missing log group or log stream is
	// reported, its events are kept, and delivery goes on once it exists. It
	// needs LogStream, and none of the four fields below may be set.
	NoCreate bool
	// RetentionDays is how long the service keeps the events of a log group
	// that this program creates: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180,
	// 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days
	// (PutRetentionPolicy). 0: for ever. An existing group is never changed;
	// that holds for the three fields below as well.
	RetentionDays int
	// Tags are given to a log group that this program creates, at most 50
	// (CreateLogGroup).
	Tags map[string]string
	// KMSKeyID is the ARN of the key that encrypts a log group that this
	// program creates. Empty: the service's own.
	KMSKeyID string
	// Class is the log class of a log group that this program creates. Empty:
	// STANDARD.
	Class types.LogGroupClass

	// Level is the lowest level that is sent. A *slog.LevelVar can be changed
	// while the program runs. nil: slog.LevelInfo. A handler given to Using must
	// accept that level as well. It does not concern a Writer.
	Level slog.Leveler
	// AddSource adds the place of the log call, as in slog.HandlerOptions.
	AddSource bool
	// ReplaceAttr rewrites or removes attributes before they are formatted, as
	// in slog.HandlerOptions. It may be called by several goroutines at once.
	ReplaceAttr func(groups []string, a slog.Attr) slog.Attr
	// Format is how a record becomes the message of an event: JSON, Text,
	// Pattern or Using. nil: JSON.
	Format Format

	// Writer says how the Writers of NewWriter and Handler.Writer make events of text. The
	// zero value makes an event of each line, without a level.
	Writer WriterOptions

	// FlushInterval is how long an event waits at most for others to share a
	// request with. Requests come at whole intervals from a random moment, so
	// that programs that started together do not send together. 0: one second.
	FlushInterval time.Duration
	// BufferBytes bounds the memory of events that wait for the service. What
	// counts is their text on the wire and 25 bytes an event; one event is let
	// in however large it is when the buffer is empty. Everything else takes at
	// most a sixteenth of that and 4 MiB, and partial lines of Writers 4 MiB. 0: 64
	// MiB. At least 64 KiB.
	//
	// With a Spool, events that are synced leave the buffer, so it does not bound
	// what an outage may leave: SpoolOptions.MaxBytes does. What is on disk takes
	// a few hundred bytes of memory a megabyte. When it is sent, a quarter of
	// BufferBytes or 4 MiB, whichever is more, is read back at once, beside the
	// buffer.
	BufferBytes int
	// OnFull says what happens to an event when the buffer is full. The zero
	// value is DropNewest.
	OnFull OnFull
	// MaxEventBytes is the size in UTF-8 bytes above which a message is
	// oversize. 0: 1,048,550, the most that PutLogEvents takes, or BufferBytes if
	// that is less. Some partitions still document 256 KiB; there it has to be
	// 262,118. At least 256.
	MaxEventBytes int
	// Oversize says what happens to a larger message. The zero value is Split.
	// Beside the buffer, the log call takes a bounded amount of memory for a message of
	// any size: a JSON object is held until it is complete, up to 16 MiB, and takes at
	// most twice that; of any other message one part is held. Not bounded is what
	// methods of the program, encoding/json, fmt or a handler of Using make of a value
	// other than a string, number or group, and the attributes of With: they are made as
	// a whole.
	Oversize Oversize
	// Compress sends requests compressed with gzip, for slow lines. That saves about
	// five sixths of the bandwidth and adds about 0.7 µs to the CPU time of an event, see
	// docs/benchmarks.md. The limits of the service and its bill are by uncompressed
	// bytes. AWS does not document it; an endpoint, or a proxy on the way, that refuses
	// it gets the rest as it is.
	Compress bool
	// MaxInFlight is how many PutLogEvents requests may be under way at once. More
	// than one are made only while more than one batch waits, such as after an
	// outage. 0: 4. At most 64.
	MaxInFlight int
	// StartDelay is for fleets: the first request comes after a random time up to
	// this. Quotas of creation are small, 50 log streams a second for a whole
	// account, so thousands of processes that start together otherwise use most
	// of their first attempts for nothing. Flush and Close cut the delay short.
	// 0: none. See docs/fleet.md.
	StartDelay time.Duration
	// Untimely says what happens to events whose times the service does not
	// take. The zero value is Restamp.
	Untimely Untimely
	// Spool is a directory on a local disk, such as "/var/lib/myapp/logs". Events
	// are kept there until the service has them: once a log call has returned, its
	// event survives the death of the process, and the next start of any program
	// that uses the directory and log group delivers it. Outages fill the disk up to
	// SpoolOptions.MaxBytes instead of memory. Only while the disk is full, fails or
	// has stalled, events are in memory only, see Stats.AtRisk.
	//
	// The directory is made if it is missing. It must belong to the user of the
	// process, and other users must not be able to write to it or to replace it.
	// Several processes may share it, except those that send to log groups of the same
	// name in different accounts: each sends what another has left, with its own
	// credentials. Guarantee returns what is in force. Empty: events are kept in memory.
	Spool string
	// SpoolOptions are the limits of the spool.
	SpoolOptions SpoolOptions
	// CloseTimeout is how long Close, Sync and FlushOnPanic go on delivering, at most:
	// with a spool they return earlier if the service cannot be reached, see Shutdown.
	// 0: 8 seconds, so that there is time left to report what is not delivered: after
	// SIGTERM, docker stop waits 10 seconds before it kills the process, Kubernetes 30,
	// systemd 90.
	CloseTimeout time.Duration

	// OnError is called when something goes wrong: with a *DeliveryError when requests fail
	// and events are kept, a *LossError when events are lost, a *SpoolError when the spool
	// fails. Reports of the same failure become rarer while it lasts. It is called by a
	// goroutine of its own, one call at a time, never by a log call, and may log.
	//
	// nil: each error is printed to standard error, as one line with the cause and what to
	// do. So are three more things: what the first request or Close waits for, after two
	// seconds without success; what Close or FlushOnPanic could not deliver; and, once, that
	// an event came after Close. Delivery never waits for standard error, and neither do log
	// calls, except the first one after Close, for at most a second.
	//
	// Silent prints nothing and ignores all errors.
	OnError func(error)
}

// OnFull says what happens to an event when the buffer is full. Each event that
// is dropped is counted in Stats and told to OnError.
type OnFull int

const (
	// DropNewest drops the event that finds the buffer full: Handle returns
	// ErrBufferFull. The last room is for what matters most: for DEBUG the
	// buffer is full at 80 % of BufferBytes, for INFO at 90 %. WARN, ERROR and events
	// without a level may use all of it. Events of a Writer have a level if
	// WriterOptions gives them one.
	DropNewest OnFull = iota
	// DropOldest drops the events that wait longest, a request's worth at once,
	// but for those being sent right now.
	DropOldest
	// Block makes the log call wait until there is room. The program then waits
	// for the network. What delivery itself calls, such as an HTTP client or a
	// credentials provider of the program, must log with the context it is
	// given, or not at all: it would wait for itself.
	Block
)

// Oversize says what happens to a message larger than MaxEventBytes.
type Oversize int

const (
	// Split makes several events of it, the parts, with the same time and in order.
	// Each of them counts in Stats.
	//
	// Each part of a JSON object is a JSON object. The first has every key, with the
	// longest values cut, and says which part of which message it is. The others have
	// time, level and message as well, so that filter patterns and alarms match each
	// part, and the rest of each value that was cut, under its JSON Pointer (RFC 6901):
	//
	//	{"time":"…","level":"ERROR","msg":"import failed","req":{"status":500},"body":"<html>…",
	//	 "oversize":{"id":"3f2a9c10","part":1,"of":2}}
	//	{"time":"…","level":"ERROR","msg":"import failed",
	//	 "oversize":{"id":"3f2a9c10","part":2,"of":2,"rest":{"/body":"…</html>"}}}
	//
	// A value is its text in the first part and its pieces, in the order of the parts.
	// Where strings are not enough, such as for an array of 500,000 numbers, the JSON
	// text of the largest other values is cut: the first part has a string in their
	// place, and the pieces are in "json" instead of "rest". Where the keys do not fit
	// into one event or are not unique, and beyond 16 MiB (256 times MaxEventBytes,
	// if that is less), each part has time, level and message, and a piece of the whole
	// JSON text in "oversize":{…,"text":"…"}. Time, level and message are those members
	// of the object that have the names that log/slog, zap, zerolog, logrus and hclog
	// use. A message of more than 1 KiB is cut in them.
	//
	// Any other text is cut between two runes, and each part ends with a mark, such as
	// " [event 3f2a9c10 part 1]", the last one with " [event 3f2a9c10 part 2 of 2]".
	// Without the marks, all parts are the text.
	Split Oversize = iota
	// Truncate sends the first part of Split alone, with the number of bytes left out: a
	// JSON object ends with the member "oversize":{"left_out":151449}, any other text with
	// " [truncated, 151449 bytes left out]".
	Truncate
	// Drop drops it. It is counted in Stats and told to OnError.
	Drop
)

// Untimely says what happens to events that are older than 14 days, older than
// the log group's retention, or more than 2 hours ahead, by the clock of the
// service: it takes none of them (PutLogEvents). Events get that old when they
// are logged with old times, after a long outage, or by a wrong clock.
type Untimely int

const (
	// Restamp sends them with the present time. A message that is a JSON object
	// gets a last member "restamped" with the true time, any other one a note
	// behind it. They are counted in Stats.Restamped.
	Restamp Untimely = iota
	// DropUntimely drops them. They are counted under Rejected and told to
	// OnError.
	DropUntimely
)

// Defaults and bounds of the fields above.
const (
	defaultFlushInterval = time.Second
	defaultBufferBytes   = 64 << 20
	minBufferBytes       = 64 << 10
	minEventBytes        = 256
	defaultCloseTimeout  = 8 * time.Second
	defaultMaxInFlight   = 4
	maxMaxInFlight       = 64
)
