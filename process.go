package cloudwatch

import (
	"context"
	"os/exec"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"

	"github.com/cloudwatch-go/cloudwatch/internal/access"
)

// outputDelay is how long the output of a credential_process may stay open after its shell
// has ended or was killed: what the shell has started may hold it for ever.
const outputDelay = 5 * time.Second

// endHungProcess has a credential_process that hangs ended for good, or when the context
// ends. The SDK gives it a minute and then kills the shell that runs it, but goes on
// waiting for as long as anything that the shell has started keeps its output open. A
// process below an assumed role stays the SDK's.
func endHungProcess(life context.Context, cfg *aws.Config) {
	options, _, shared, _ := access.Sources(*cfg)
	if shared.CredentialProcess == "" || !aws.IsCredentialsProvider(cfg.Credentials, (*processcreds.Provider)(nil)) {
		return
	}
	builder := processcreds.NewCommandBuilderFunc(func(ctx context.Context) (*exec.Cmd, error) {
		cmd, err := processcreds.DefaultNewCommandBuilder{Args: []string{shared.CredentialProcess}}.NewCommand(ctx)
		if err == nil {
			cmd.WaitDelay = outputDelay
			killWhole(cmd)
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

// process is a credential_process that ends with a context, which the SDK's cache of
// credentials does not let through.
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
