package cloudwatch

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/cloudwatch-go/cloudwatch/internal/access"
	"github.com/cloudwatch-go/cloudwatch/internal/batch"
	"github.com/cloudwatch-go/cloudwatch/internal/deliver"
	"github.com/cloudwatch-go/cloudwatch/internal/pipeline"
	"github.com/cloudwatch-go/cloudwatch/internal/preflight"
	"github.com/cloudwatch-go/cloudwatch/internal/queue"
	"github.com/cloudwatch-go/cloudwatch/internal/role"
)

// settings are checked Options with every default filled in. Slices and maps are copies.
type settings struct {
	Options
	group     string
	stream    string
	generated bool // the stream cannot exist yet
	format    pipeline.Formatter

	// group and stream before their placeholders are replaced.
	namer                 *namer
	groupName, streamName name
}

// retentionDays are the values that PutRetentionPolicy accepts.
var retentionDays = [...]int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// tagChars matches keys and values of tags that CreateLogGroup accepts.
var tagChars = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// newSettings checks everything that can be checked without a request. Each error names the field
// and the rule.
func newSettings(logGroup string, opts *Options) (*settings, error) {
	s := &settings{}
	if opts != nil {
		s.Options = *opts
		s.ClientOptions = slices.Clone(opts.ClientOptions)
		s.Tags = maps.Clone(opts.Tags)
	}
	return s, errors.Join(
		s.resolveNames(logGroup),
		s.checkAccess(),
		s.checkCreation(),
		s.resolveBuffer(),
		s.resolveSpool(),
		s.resolveFormat(),
	)
}

// resolveNames replaces the placeholders that need no AWS configuration, see fillNames, and checks
// the names.
func (s *settings) resolveNames(logGroup string) (err error) {
	now := time.Now()
	s.namer = newNamer(now)
	if s.groupName, err = s.namer.parse(logGroup, notInGroup); err != nil {
		return fmt.Errorf("log group: %w", err)
	}
	if s.LogStream == "" {
		s.streamName, s.generated = name{parts: []namePart{{text: generatedStream(now)}}}, true
	} else {
		if s.streamName, err = s.namer.parse(s.LogStream, unfitStream); err != nil {
			return fmt.Errorf("Options.LogStream: %w", err)
		}
		s.generated = isRandom(s.LogStream)
	}
	return s.checkNames(func(string) (string, error) { return "x", nil }) // in place of values that are not known yet
}

// fillNames replaces the placeholders that need the AWS configuration.
func (s *settings) fillNames(region string, instanceID func() (string, error)) error {
	s.namer.region, s.namer.instanceID = region, instanceID
	return s.checkNames(func(placeholder string) (string, error) { return s.namer.value(placeholder, "") })
}

// checkNames replaces the remaining placeholders and checks the names.
func (s *settings) checkNames(value func(placeholder string) (string, error)) (err error) {
	if s.group, err = s.groupName.fill(value); err != nil {
		return fmt.Errorf("log group: %w", err)
	}
	if err := checkLogGroup(s.group); err != nil {
		return err
	}
	if s.stream, err = s.streamName.fill(value); err != nil {
		return fmt.Errorf("Options.LogStream: %w", err)
	}
	return checkLogStream(s.stream)
}

func (s *settings) checkAccess() error {
	switch {
	case s.AccessID != "" && s.AccessKey == "":
		return errors.New("Options.AccessID is set but AccessKey is empty: both or neither")
	case s.AccessID == "" && s.AccessKey != "":
		return errors.New("Options.AccessKey is set but AccessID is empty: both or neither")
	case s.SessionToken != "" && s.AccessID == "":
		return errors.New("Options.SessionToken is set but AccessID is empty")
	case s.Config != nil && s.Profile != "":
		return errors.New("Options.Profile and Config are both set: a ready Config has its profile already")
	}
	errs := []error{s.role().Check()}
	keys := aws.Credentials{AccessKeyID: s.AccessID, SecretAccessKey: s.AccessKey, SessionToken: s.SessionToken}
	errs = append(errs, preflight.Keys(keys, "Options.AccessID", "Options.AccessKey", "Options.SessionToken"))
	if s.Region != "" {
		errs = append(errs, preflight.Region("Options.Region", s.Region))
	}
	if s.Endpoint != "" {
		errs = append(errs, preflight.Endpoint("Options.Endpoint", s.Endpoint, s.AllowPlainHTTP))
	}
	return errors.Join(errs...)
}

// role returns the role to assume; none if its ARN is empty.
func (s *settings) role() role.Settings {
	return role.Settings{ARN: s.RoleARN, ExternalID: s.ExternalID}
}

// access returns the options of the client.
func (s *settings) access() access.Options {
	return access.Options{
		Settings: preflight.Settings{
			Region:          s.Region,
			Endpoint:        s.Endpoint,
			AccessKeyID:     s.AccessID,
			SecretAccessKey: s.AccessKey,
			SessionToken:    s.SessionToken,
			AllowPlainHTTP:  s.AllowPlainHTTP,
		},
		Role:          s.role(),
		Profile:       s.Profile,
		Config:        s.Config,
		ClientOptions: s.ClientOptions,
	}
}

func (s *settings) checkCreation() error {
	switch {
	case s.NoCreate && s.LogStream == "":
		return errors.New("Options.NoCreate needs LogStream: a generated log stream never exists")
	case s.NoCreate && (s.RetentionDays != 0 || s.Tags != nil || s.KMSKeyID != "" || s.Class != ""):
		return errors.New("Options.NoCreate excludes RetentionDays, Tags, KMSKeyID and Class: they apply at creation only")
	case s.RetentionDays != 0 && !slices.Contains(retentionDays[:], s.RetentionDays):
		return fmt.Errorf("Options.RetentionDays %d: the service offers %v", s.RetentionDays, retentionDays)
	case len(s.Tags) > 50:
		return fmt.Errorf("Options.Tags: %d of them, the service takes at most 50", len(s.Tags))
	case len(s.KMSKeyID) > 256:
		return errors.New("Options.KMSKeyID: longer than 256 characters")
	case s.Class != "" && !slices.Contains(s.Class.Values(), s.Class):
		return fmt.Errorf("Options.Class %q: the service offers %v", s.Class, s.Class.Values())
	}
	for key, value := range s.Tags {
		if key == "" || len([]rune(key)) > 128 || len([]rune(value)) > 256 {
			return fmt.Errorf("Options.Tags: %q: a key has 1 to 128 characters, a value at most 256", key)
		}
		if !tagChars.MatchString(key) || !tagChars.MatchString(value) || strings.HasPrefix(strings.ToLower(key), "aws:") {
			return fmt.Errorf("Options.Tags: %q: only letters, digits, spaces and _ . : / = + - @ are allowed, and keys that start with aws: are reserved", key)
		}
	}
	return nil
}

func (s *settings) resolveBuffer() error {
	switch {
	case s.FlushInterval < 0:
		return fmt.Errorf("Options.FlushInterval %v: negative", s.FlushInterval)
	case s.CloseTimeout < 0:
		return fmt.Errorf("Options.CloseTimeout %v: negative", s.CloseTimeout)
	case s.StartDelay < 0:
		return fmt.Errorf("Options.StartDelay %v: negative", s.StartDelay)
	case s.BufferBytes != 0 && s.BufferBytes < minBufferBytes:
		return fmt.Errorf("Options.BufferBytes %d: at least %d", s.BufferBytes, minBufferBytes)
	case s.MaxEventBytes != 0 && (s.MaxEventBytes < minEventBytes || s.MaxEventBytes > batch.MaxEventBytes):
		return fmt.Errorf("Options.MaxEventBytes %d: must be from %d to %d, the most that PutLogEvents takes",
			s.MaxEventBytes, minEventBytes, batch.MaxEventBytes)
	case s.BufferBytes != 0 && s.MaxEventBytes > s.BufferBytes:
		return fmt.Errorf("Options.MaxEventBytes %d is larger than BufferBytes %d", s.MaxEventBytes, s.BufferBytes)
	case s.OnFull < DropNewest || s.OnFull > Block:
		return fmt.Errorf("Options.OnFull %d: must be DropNewest, DropOldest or Block", s.OnFull)
	case s.MaxInFlight < 0 || s.MaxInFlight > maxMaxInFlight:
		return fmt.Errorf("Options.MaxInFlight %d: must be from 1 to %d, or 0 for %d", s.MaxInFlight, maxMaxInFlight, defaultMaxInFlight)
	case s.Untimely < Restamp || s.Untimely > DropUntimely:
		return fmt.Errorf("Options.Untimely %d: must be Restamp or DropUntimely", s.Untimely)
	case s.Writer.Framing < EventPerLine || s.Writer.Framing > EventPerWrite:
		return fmt.Errorf("Options.Writer.Framing %d: must be EventPerLine or EventPerWrite", s.Writer.Framing)
	case s.Oversize < Split || s.Oversize > Drop:
		return fmt.Errorf("Options.Oversize %d: must be Split, Truncate or Drop", s.Oversize)
	}
	setDefault(&s.FlushInterval, defaultFlushInterval)
	setDefault(&s.CloseTimeout, defaultCloseTimeout)
	setDefault(&s.BufferBytes, defaultBufferBytes)
	setDefault(&s.MaxInFlight, defaultMaxInFlight)
	setDefault(&s.MaxEventBytes, min(batch.MaxEventBytes, s.BufferBytes))
	return nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (s *settings) resolveFormat() (err error) {
	if s.Format == nil {
		s.Format = JSON
	}
	s.format, err = s.Format.formatter(&slog.HandlerOptions{
		AddSource:   s.AddSource,
		Level:       s.Level,
		ReplaceAttr: s.ReplaceAttr,
	})
	if err != nil {
		return fmt.Errorf("Options.Format: %w", err)
	}
	return nil
}

func (s *settings) creation() deliver.Creation {
	return deliver.Creation{
		Never:         s.NoCreate,
		First:         s.generated,
		RetentionDays: int32(s.RetentionDays),
		Tags:          s.Tags,
		KMSKeyID:      s.KMSKeyID,
		Class:         s.Class,
	}
}

// pipeline returns the configuration of the pipeline.
func (s *settings) pipeline(client *access.Client) pipeline.Config {
	return pipeline.Config{
		Client:        client,
		Group:         s.group,
		Stream:        s.stream,
		Creation:      s.creation(),
		Role:          s.RoleARN,
		Level:         s.Level,
		FlushInterval: s.FlushInterval,
		StartDelay:    s.StartDelay,
		CloseTimeout:  s.CloseTimeout,
		BufferBytes:   s.BufferBytes,
		MaxEventBytes: s.MaxEventBytes,
		MaxInFlight:   s.MaxInFlight,
		OnFull:        queue.Policy(s.OnFull),
		Oversize:      pipeline.Oversize(s.Oversize),
		Compress:      s.Compress,
		Restamp:       s.Untimely == Restamp,
		Spool:         s.Spool,
		SpoolOptions:  pipeline.SpoolOptions(s.SpoolOptions),
		OnError:       s.OnError,
		Public:        public,
		Advice:        advice,
		Notes:         s.namer.notes,
	}
}
