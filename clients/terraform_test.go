package clients_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

var terraformPlugins = flag.String("terraform-plugins", "", "folder of Terraform providers, besides those that Terraform looks at itself")

const terraformConfig = `
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  endpoints {
    logs = "%s"
  }
}

resource "aws_cloudwatch_log_group" "app" {
  name              = "/terraform/app"
  retention_in_days = 30
  tags              = { team = "shop" }
}

resource "aws_cloudwatch_log_stream" "web" {
  name           = "web-1"
  log_group_name = aws_cloudwatch_log_group.app.name
}

resource "aws_cloudwatch_log_metric_filter" "errors" {
  name           = "errors"
  pattern        = "{ $.level = \"ERROR\" }"
  log_group_name = aws_cloudwatch_log_group.app.name
  metric_transformation {
    name          = "Errors"
    namespace     = "Shop"
    value         = "1"
    default_value = "0"
  }
}
`

// What Terraform has made looks to it as it wanted it: a second plan is empty.
func TestTerraform(t *testing.T) {
	t.Parallel()
	terraform, err := exec.LookPath("terraform")
	if err != nil {
		absent(t, "Terraform", err.Error())
	}
	plugins := providers()
	if plugins == "" {
		absent(t, "Terraform", "no folder with its AWS provider (-terraform-plugins DIR)")
	}
	e := start(t)
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "main.tf"), fmt.Appendf(nil, terraformConfig, e.URL), 0o600))
	rc := filepath.Join(dir, "terraformrc")
	must(t, os.WriteFile(rc, fmt.Appendf(nil, "disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror { path = %q }\n}\n", plugins), 0o600))
	e.env = append(e.env, "TF_CLI_CONFIG_FILE="+rc, "TF_IN_AUTOMATION=1", "TF_INPUT=0")
	run := func(args ...string) outcome {
		t.Helper()
		return e.run(t, terraform, append([]string{"-chdir=" + dir}, args...)...)
	}
	good := func(args ...string) {
		t.Helper()
		if out := run(args...); out.code != 0 {
			t.Fatalf("terraform %s: exit code %d\n%s%s\n%q", strings.Join(args, " "), out.code, out.stdout, out.stderr, e.refusals())
		}
	}
	good("init", "-no-color")
	good("apply", "-auto-approve", "-no-color")
	g, ok := e.LogGroup("/terraform/app")
	if !ok || g.RetentionDays != 30 || g.Tags["team"] != "shop" || len(g.Streams) != 1 {
		t.Errorf("got %+v", g)
	}
	if out := run("plan", "-detailed-exitcode", "-no-color"); out.code != 0 {
		t.Errorf("a second plan has exit code %d\n%s%s", out.code, out.stdout, out.stderr)
	}
	good("destroy", "-auto-approve", "-no-color")
	if groups := e.LogGroups(); len(groups) != 0 {
		t.Errorf("groups that are left: %v", groups)
	}
}

// providers returns a folder that has the AWS provider, as Terraform lays it
// out, or "".
func providers() string {
	home, _ := os.UserHomeDir() // "" is a folder without providers
	for _, dir := range []string{*terraformPlugins, filepath.Join(home, ".terraform.d", "plugins"), "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins"} {
		found, _ := filepath.Glob(filepath.Join(dir, "registry.terraform.io/hashicorp/aws/*/", runtime.GOOS+"_"+runtime.GOARCH)) // the pattern is well-formed
		if dir != "" && len(found) > 0 {
			return dir
		}
	}
	return ""
}
