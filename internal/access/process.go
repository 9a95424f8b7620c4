package access

import (
	"context"
	"os/exec"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"

	"github.com/cloudwatch-go/cloudwatch/internal/preflight"
)

// outputDelay is how long the output of a credential_process may stay open after its shell has
// exited or was killed: processes that the shell started may hold it open forever.
const outputDelay = 5 * time.Second

// boundProcess makes a credential_process that hangs end, at its timeout or when the context
// ends. The SDK kills the shell that runs it after a minute, but then waits until every process
// that the shell started has closed its output. A process that provides the credentials for a
// role of the shared config is left to the SDK.
func boundProcess(life context.Context, cfg *aws.Config) {
	options, _, shared, _ := preflight.Sources(*cfg)
	if shared.CredentialProcess == "" || !aws.IsCredentialsProvider(cfg.Credentials, (*processcreds.Provider)(nil)) {
		return
	}
	builder := processcreds.NewCommandBuilderFunc(func(ctx context.Context) (*exec.Cmd, error) {
		cmd, err := processcreds.DefaultNewCommandBuilder{Args: []string{shared.CredentialProcess}}.NewCommand(ctx)
		if err == nil {
			cmd.WaitDelay = outputDelay
			killGroup(cmd)
		}
		return cmd, err
	})
	provider := processcreds.NewProviderCommand(builder, func(o *processcreds.Options) {
		if p, ok := cfg.Credentials.(aws.CredentialProviderSource); ok {
			o.CredentialSources = p.ProviderSources()
		}
		if options.ProcessCredentialOptions != nil {
			options.ProcessCredentialOptions(o)
		}
	})
	cfg.Credentials = aws.NewCredentialsCache(process{provider, life})
}

// process is a credential_process that ends with a context: the SDK's credentials cache does not
// pass on cancellation.
type process struct {
	*processcreds.Provider
	life context.Context
}

func (p process) Retrieve(ctx context.Context) (aws.Credentials, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.life, cancel)()
	return p.Provider.Retrieve(ctx)
}
