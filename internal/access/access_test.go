package access_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cloudwatch-go/cloudwatch"
	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// place is somewhere a setting can come from.
type place struct {
	name   string // as errors name it
	env    map[string]string
	file   string // of the shared config
	opts   cloudwatch.Options
	load   []func(*config.LoadOptions) error // Options.Config is loaded, with these
	config *aws.Config
	client func(*cloudwatchlogs.Options)
}

// open makes a Writer with the settings and closes it. It returns the error of the
// constructor. The environment is what it was before then.
func (p place) open(t *testing.T) (err error) {
	t.Helper()
	t.Run(p.name, func(t *testing.T) { err = p.openHere(t) })
	return err
}

func (p place) openHere(t *testing.T) error {
	file := filepath.Join(t.TempDir(), "config")
	testkit.WriteFile(t, file, p.file)
	t.Setenv("AWS_CONFIG_FILE", file)
	for name, value := range p.env {
		t.Setenv(name, value)
	}
	opts := p.opts
	if p.load != nil {
		cfg, err := config.LoadDefaultConfig(t.Context(), p.load...)
		if err != nil {
			t.Fatal(err)
		}
		opts.Config = &cfg
	}
	if p.config != nil {
		opts.Config = p.config
	}
	if p.client != nil {
		opts.ClientOptions = []func(*cloudwatchlogs.Options){p.client}
	}
	w, err := cloudwatch.NewWriter(testkit.Group, &opts)
	if err == nil {
		w.Close()
	}
	return err
}

var plainLoad = []func(*config.LoadOptions) error{}

func readyConfig(change func(*aws.Config)) *aws.Config {
	cfg := &aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")}
	change(cfg)
	return cfg
}

func TestRegionIsCheckedWhereverItComesFrom(t *testing.T) {
	places := func(region string) []place {
		return []place{
			{name: "Options.Region", opts: cloudwatch.Options{Region: region}},
			{name: "AWS_REGION", env: map[string]string{"AWS_REGION": region}},
			{name: "AWS_DEFAULT_REGION", env: map[string]string{"AWS_REGION": "", "AWS_DEFAULT_REGION": region}},
			{name: "region of the shared config", env: map[string]string{"AWS_REGION": ""}, file: "[default]\nregion = " + region + "\n"},
			{name: "AWS_REGION", env: map[string]string{"AWS_REGION": region}, load: plainLoad},
			{name: "Options.Config.Region", load: []func(*config.LoadOptions) error{config.WithRegion(region)}},
			{name: "Options.Config.Region", config: readyConfig(func(c *aws.Config) { c.Region = region })},
			{name: "Options.ClientOptions: Region", client: func(o *cloudwatchlogs.Options) { o.Region = region }},
		}
	}
	for _, region := range []string{"eu central-1", "eu-central-1.example.com", "eu_central-1", "eu-central-1/x", "-eu", "eu-", "@evil.example", strings.Repeat("x", 64)} {
		for _, p := range places(region) {
			wantRefused(t, p, "must be a region such as eu-central-1")
		}
	}
	for _, region := range []string{"eu-central-1\r", "eu-central-1\n", " eu-central-1", "eu-central-1\u00a0", "eu\x00central"} { // not in a file, whose values are trimmed, or a variable
		for _, p := range places(region) {
			if p.file == "" && (p.env == nil || !strings.Contains(region, "\x00")) {
				wantRefused(t, p, "must be a region such as eu-central-1")
			}
		}
	}
	for _, region := range []string{"eu-central-1", "us-gov-west-1", "cn-north-1", "local", "EU-CENTRAL-1"} {
		for _, p := range places(region) {
			if err := p.open(t); err != nil {
				t.Errorf("%s %q: %v", p.name, region, err)
			}
		}
	}
}

// wantRefused checks that the constructor names source and rule.
func wantRefused(t *testing.T, p place, rule string) {
	t.Helper()
	err := p.open(t)
	if err == nil {
		t.Errorf("%s: accepted, want %q", p.name, rule)
		return
	}
	if text := err.Error(); !strings.Contains(text, p.name) || !strings.Contains(text, rule) {
		t.Errorf("%q: want the source %q and the rule %q", text, p.name, rule)
	}
	if strings.Contains(err.Error(), "hush") {
		t.Errorf("a secret is in %q", err)
	}
}

// resolverOf is an endpoint resolver of the program.
type resolverOf string

func (r resolverOf) ResolveEndpoint(context.Context, cloudwatchlogs.EndpointParameters) (smithyendpoints.Endpoint, error) {
	u, err := url.Parse(string(r))
	if err != nil {
		return smithyendpoints.Endpoint{}, err
	}
	return smithyendpoints.Endpoint{URI: *u}, nil
}

func endpointPlaces(endpoint string) []place {
	return []place{
		{name: "Options.Endpoint", opts: cloudwatch.Options{Endpoint: endpoint}},
		{name: "AWS_ENDPOINT_URL", env: map[string]string{"AWS_ENDPOINT_URL": endpoint}},
		{name: "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", env: map[string]string{"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": endpoint}},
		{name: "endpoint_url of the shared config", env: map[string]string{"AWS_ENDPOINT_URL": ""}, file: "[default]\nendpoint_url = " + endpoint + "\n"},
		{
			name: "endpoint_url of cloudwatch_logs in the shared config",
			file: "[default]\nservices = local\n[services local]\ncloudwatch_logs =\n  endpoint_url = " + endpoint + "\n",
			env:  map[string]string{"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": ""},
		},
		{name: "AWS_ENDPOINT_URL", env: map[string]string{"AWS_ENDPOINT_URL": endpoint}, load: plainLoad},
		{name: "Options.Config.BaseEndpoint", config: readyConfig(func(c *aws.Config) { c.BaseEndpoint = &endpoint })},
		{name: "Options.Config.BaseEndpoint", env: map[string]string{"AWS_ENDPOINT_URL": ""}, load: []func(*config.LoadOptions) error{config.WithBaseEndpoint(endpoint)}},
		{name: "Options.ClientOptions: BaseEndpoint", client: func(o *cloudwatchlogs.Options) { o.BaseEndpoint = &endpoint }},
	}
}

// resolverPlaces are those where the program decides itself.
func resolverPlaces(endpoint string) []place {
	return []place{
		{name: "Options.ClientOptions", client: func(o *cloudwatchlogs.Options) { o.EndpointResolverV2 = resolverOf(endpoint) }},
		{name: "Options.ClientOptions", client: func(o *cloudwatchlogs.Options) {
			//lint:ignore SA1019 programs still have one
			o.EndpointResolver = cloudwatchlogs.EndpointResolverFromURL(endpoint)
		}},
		{name: "Options.Config", config: readyConfig(func(c *aws.Config) {
			//lint:ignore SA1019 programs still have one
			c.EndpointResolverWithOptions = aws.EndpointResolverWithOptionsFunc(func(string, string, ...any) (e aws.Endpoint, err error) {
				e.URL = endpoint
				return e, nil
			})
		})},
	}
}

func TestEndpointIsCheckedWhereverItComesFrom(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "")
	for endpoint, rule := range map[string]string{
		"http://logs.example.com":        "must be https",
		"http://8.8.8.8":                 "must be https",
		"http://[::ffff:8.8.8.8]":        "must be https",
		"http://134744072":               "the host must be",
		"http://0x8080808":               "the host must be",
		"localhost:4586":                 "not a URL",
		"ftp://localhost":                "not a URL",
		"https://user:hush@host.example": "user name and password",
		"http://user:hush@localhost":     "user name and password",
		"https://host.example?key=hush":  "no query",
	} {
		for _, p := range endpointPlaces(endpoint) {
			wantRefused(t, p, rule)
		}
		if strings.Contains(endpoint, "hush") { // the SDK takes nothing but scheme, host and path of a resolver
			continue
		}
		for _, p := range resolverPlaces(endpoint) {
			wantRefused(t, p, rule)
		}
	}
	for _, p := range endpointPlaces("https://host.example\r") {
		if p.file == "" { // whose values are trimmed
			wantRefused(t, p, "not a URL")
		}
	}
	for _, endpoint := range []string{"http://127.0.0.1:1", "http://localstack:4566", "https://vpce-1.logs.us-east-1.vpce.amazonaws.com"} {
		for _, p := range append(endpointPlaces(endpoint), resolverPlaces(endpoint)...) {
			if err := p.open(t); err != nil {
				t.Errorf("%s %s: %v", p.name, endpoint, err)
			}
		}
	}
	for _, p := range append(endpointPlaces("http://logs.example.com"), resolverPlaces("http://logs.example.com")...) {
		p.opts.AllowPlainHTTP = true
		if err := p.open(t); err != nil {
			t.Errorf("%s with AllowPlainHTTP: %v", p.name, err)
		}
	}
}

// What loses against another setting is not used, and so not checked.
func TestOnlyTheWinnerIsChecked(t *testing.T) {
	p := place{
		env: map[string]string{
			"AWS_ENDPOINT_URL": "http://logs.example.com", "AWS_REGION": "no region",
			"AWS_ACCESS_KEY_ID": "no key\r", "AWS_SECRET_ACCESS_KEY": "no key\r",
		},
		opts: cloudwatch.Options{Endpoint: "http://127.0.0.1:1", Region: "eu-central-1", AccessID: "id", AccessKey: "secret"},
	}
	if err := p.open(t); err != nil {
		t.Error(err)
	}
}

func TestVariantsBesideAnEndpoint(t *testing.T) {
	const on = "true"
	fips := func(o *cloudwatchlogs.Options) { o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled }
	dual := func(o *cloudwatchlogs.Options) {
		o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
	}
	for _, p := range []place{
		{name: "AWS_USE_FIPS_ENDPOINT", env: map[string]string{"AWS_USE_FIPS_ENDPOINT": on}},
		{name: "AWS_USE_DUALSTACK_ENDPOINT", env: map[string]string{"AWS_USE_DUALSTACK_ENDPOINT": on}},
		{name: "AWS_USE_FIPS_ENDPOINT", env: map[string]string{"AWS_USE_FIPS_ENDPOINT": on}, load: plainLoad},
		{name: "AWS_USE_FIPS_ENDPOINT", env: map[string]string{"AWS_USE_FIPS_ENDPOINT": on}, opts: cloudwatch.Options{Endpoint: "https://localhost"}},
		{name: "use_fips_endpoint of the shared config", file: "[default]\nuse_fips_endpoint = true\n"},
		{name: "use_dualstack_endpoint of the shared config", file: "[default]\nuse_dualstack_endpoint = true\n"},
		{name: "Options.Config.UseFIPSEndpoint", load: []func(*config.LoadOptions) error{config.WithUseFIPSEndpoint(aws.FIPSEndpointStateEnabled)}},
		{name: "Options.ClientOptions: EndpointOptions.UseFIPSEndpoint", client: fips},
		{name: "Options.ClientOptions: EndpointOptions.UseDualStackEndpoint", client: dual},
		{name: "AWS_REGION", env: map[string]string{"AWS_REGION": "us-east-1-fips"}},
	} {
		wantRefused(t, p, "") // TestMain sets an endpoint
		p.env = with(p.env, "AWS_ENDPOINT_URL", "")
		p.opts.Endpoint = ""
		if err := p.open(t); err != nil {
			t.Errorf("%s without an endpoint: %v", p.name, err)
		}
	}
	wantRefused(t, place{name: "AWS_USE_FIPS_ENDPOINT beside AWS_ENDPOINT_URL", env: map[string]string{"AWS_USE_FIPS_ENDPOINT": on}}, "unset one of the two")
}

func with(m map[string]string, name, value string) map[string]string {
	all := map[string]string{name: value}
	for k, v := range m {
		all[k] = v
	}
	return all
}

func TestKeysAreCheckedWhereverTheyComeFrom(t *testing.T) {
	const good = "hushGOODKEY"
	for _, bad := range []string{"hush\r", "hush\n", " hush", "hu sh", "hush\t", "hush\u00a0", "\ufeffhush", "hush\u200b", "hüsh", "hush\x7f"} {
		static := func(id, secret, token string) aws.CredentialsProvider {
			return credentials.NewStaticCredentialsProvider(id, secret, token)
		}
		for _, p := range []place{
			{name: "Options.AccessID", opts: cloudwatch.Options{AccessID: bad, AccessKey: good}},
			{name: "Options.AccessKey", opts: cloudwatch.Options{AccessID: good, AccessKey: bad}},
			{name: "Options.SessionToken", opts: cloudwatch.Options{AccessID: good, AccessKey: good, SessionToken: bad}},
			{name: "AWS_ACCESS_KEY_ID", env: map[string]string{"AWS_ACCESS_KEY_ID": bad, "AWS_SECRET_ACCESS_KEY": good, "AWS_SESSION_TOKEN": ""}},
			{name: "AWS_SECRET_ACCESS_KEY", env: map[string]string{"AWS_ACCESS_KEY_ID": good, "AWS_SECRET_ACCESS_KEY": bad, "AWS_SESSION_TOKEN": ""}},
			{name: "AWS_SESSION_TOKEN", env: map[string]string{"AWS_ACCESS_KEY_ID": good, "AWS_SECRET_ACCESS_KEY": good, "AWS_SESSION_TOKEN": bad}},
			{name: "AWS_SESSION_TOKEN", load: plainLoad, env: map[string]string{"AWS_ACCESS_KEY_ID": good, "AWS_SECRET_ACCESS_KEY": good, "AWS_SESSION_TOKEN": bad}},
			{name: "Options.Config.Credentials: secret access key", config: readyConfig(func(c *aws.Config) { c.Credentials = static(good, bad, "") })},
			{name: "Options.ClientOptions: Credentials: access key id", client: func(o *cloudwatchlogs.Options) { o.Credentials = static(bad, good, "") }},
			{name: "Options.ClientOptions: Credentials: session token", client: func(o *cloudwatchlogs.Options) {
				o.Credentials = aws.NewCredentialsCache(static(good, good, bad))
			}},
		} {
			wantRefused(t, p, "a key is printable ASCII without blanks")
		}
	}
	file := filepath.Join(t.TempDir(), "credentials")
	testkit.WriteFile(t, file, "[default]\naws_access_key_id = "+good+"\naws_secret_access_key = hu\u00a0sh\n")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	wantRefused(t, place{
		name: "aws_secret_access_key of the shared files", env: map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": ""},
	}, "a key is printable ASCII without blanks")
}

// Keys that somebody has to be asked for are checked when they come.
func TestBadKeysOfAProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := cloudwatchtest.New()
		cfg := srv.Config()
		cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "hush\r"}, nil
		})
		f := testkit.NewOn(t, srv, cloudwatch.Options{LogStream: testkit.Stream, Config: &cfg, CloseTimeout: time.Second})
		f.Logged(1)
		time.Sleep(time.Minute)
		err := f.Stats().LastError
		var refused *cloudwatch.CredentialsError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), "secret access key: has the character U+000D at the end") || strings.Contains(err.Error(), "hush") {
			t.Errorf("got %v", err)
		}
		if n := len(srv.Requests()); n != 0 {
			t.Errorf("%d requests with bad keys", n)
		}
	})
}

// A program can choose another URL for each request. It is looked at once more.
func TestNothingIsSentInClearText(t *testing.T) {
	const public = "http://logs.example.com"
	to := func(u string) func(stack *middleware.Stack) error {
		return func(stack *middleware.Stack) error {
			return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("elsewhere", func(
				ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
			) (middleware.FinalizeOutput, middleware.Metadata, error) {
				in.Request.(*smithyhttp.Request).URL, _ = url.Parse(u)
				return next.HandleFinalize(ctx, in)
			}), middleware.After)
		}
	}
	calls := 0
	later := resolverFunc(func() string { // the constructor gets another answer
		if calls++; calls == 1 {
			return "http://127.0.0.1"
		}
		return public
	})
	for name, change := range map[string]func(o *cloudwatchlogs.Options){
		"an API option":              func(o *cloudwatchlogs.Options) { o.APIOptions = append(o.APIOptions, to(public)) },
		"a resolver that changes":    func(o *cloudwatchlogs.Options) { o.EndpointResolverV2 = later },
		"a number as a host, though": func(o *cloudwatchlogs.Options) { o.APIOptions = append(o.APIOptions, to("http://134744072/")) },
	} {
		for _, allowed := range []bool{false, true} {
			calls = 0
			testkit.Bubble(t, func(t *testing.T) {
				srv := cloudwatchtest.New()
				cfg := srv.Config()
				sent := 0
				cfg.HTTPClient = &http.Client{Transport: testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
					sent++
					return srv.Client().Transport.RoundTrip(r)
				})}
				f := testkit.NewOn(t, srv, cloudwatch.Options{
					LogStream: testkit.Stream, Config: &cfg, AllowPlainHTTP: allowed, CloseTimeout: time.Second, ClientOptions: []func(*cloudwatchlogs.Options){change},
				})
				f.Logged(1)
				time.Sleep(time.Minute)
				if last := f.Stats().LastError; !allowed && (sent > 0 || last == nil || !strings.Contains(last.Error(), "must be https")) {
					t.Errorf("%s: %d requests sent, %v", name, sent, last)
				}
				if allowed && sent == 0 {
					t.Errorf("%s: nothing sent although it is allowed", name)
				}
			})
		}
	}
}

type resolverFunc func() string

func (f resolverFunc) ResolveEndpoint(ctx context.Context, p cloudwatchlogs.EndpointParameters) (smithyendpoints.Endpoint, error) {
	return resolverOf(f()).ResolveEndpoint(ctx, p)
}

// The errors of a proxy quote its URL.
func TestPasswordOfAProxyIsNotTold(t *testing.T) {
	for _, proxy := range []string{"http://user:hush@127.0.0.1:1", "http://user:hu%zzsh@127.0.0.1:1", "http://user:hush/x@127.0.0.1:1", "user:hush@127.0.0.1:1"} {
		srv := cloudwatchtest.Start(t)
		cfg := srv.Config()
		cfg.HTTPClient = &http.Client{Transport: &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return url.Parse(proxy) }}}
		var told testkit.ErrorLog
		w, err := cloudwatch.NewWriter(testkit.Group, &cloudwatch.Options{Config: &cfg, CloseTimeout: 100 * time.Millisecond, OnError: told.Add})
		if err != nil {
			t.Fatal(err)
		}
		w.WriteString("a line\n")
		for _, err := range append(told.Errors(), w.Close(), w.Stats().LastError) {
			if err != nil && (strings.Contains(err.Error(), "hu") || strings.Contains(err.Error(), "user:")) {
				t.Errorf("%s: %v", proxy, err)
			}
		}
		if w.Stats().LastError == nil {
			t.Errorf("%s: no error", proxy)
		}
	}
}

// The SDK's mode "auto" asks the metadata service for the region of the machine.
func TestConstructorAsksNoMetadataService(t *testing.T) {
	requests := metadataService(t, false)
	t.Setenv("AWS_DEFAULTS_MODE", "auto")
	w, err := cloudwatch.NewWriter(testkit.Group, &cloudwatch.Options{LogStream: testkit.Stream}) // otherwise delivery may have made it by now
	if err != nil {
		t.Fatal(err)
	}
	if seen := requests(); len(seen) != 0 {
		t.Errorf("requests %q", seen)
	}
	w.Close()
}

func TestMissingProfileSaysWhatToDo(t *testing.T) {
	for name, opts := range map[string]*cloudwatch.Options{"of the environment": nil, "of the options": {Profile: "nope"}} {
		t.Run(name, func(t *testing.T) {
			if opts == nil {
				t.Setenv("AWS_PROFILE", "nope")
			}
			_, err := cloudwatch.NewHandler(testkit.Group, opts)
			const next = "nope; add the profile to the shared config, or name another one (AWS_PROFILE, Options.Profile)"
			if text := fmt.Sprint(err); !strings.HasPrefix(text, "cloudwatch: new handler: load AWS config: ") || !strings.HasSuffix(text, next) {
				t.Errorf("got %q", text)
			}
		})
	}
}
