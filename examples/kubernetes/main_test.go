//go:build unix

package main

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/cloudwatch-go/cloudwatch/cloudwatchtest"
	"github.com/cloudwatch-go/cloudwatch/examples/internal/endpoint"
)

// manifest is what the tests need of a resource.
type manifest struct {
	Kind     string
	Metadata struct {
		Name        string
		Annotations map[string]string
	}
	Spec struct {
		Selector struct {
			MatchLabels map[string]string `yaml:"matchLabels"`
		}
		Template struct {
			Metadata struct{ Labels map[string]string }
			Spec     pod
		}
	}
}

type pod struct {
	ServiceAccountName            string `yaml:"serviceAccountName"`
	TerminationGracePeriodSeconds int    `yaml:"terminationGracePeriodSeconds"`
	Containers                    []struct {
		Env []struct {
			Name, Value string
			ValueFrom   struct {
				FieldRef struct {
					FieldPath string `yaml:"fieldPath"`
				} `yaml:"fieldRef"`
			} `yaml:"valueFrom"`
		}
		VolumeMounts []struct {
			Name      string
			MountPath string `yaml:"mountPath"`
		} `yaml:"volumeMounts"`
	}
	Volumes []struct {
		Name     string
		EmptyDir struct {
			SizeLimit string `yaml:"sizeLimit"`
		} `yaml:"emptyDir"`
	}
}

func manifests(t *testing.T) map[string]manifest {
	t.Helper()
	text, err := os.ReadFile("deployment.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]manifest{}
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var m manifest
		if err := d.Decode(&m); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[m.Kind] = m
	}
}

// What the manifest promises fits what the program does.
func TestManifest(t *testing.T) {
	all := manifests(t)
	d := all["Deployment"]
	p := d.Spec.Template.Spec
	if grace := time.Duration(p.TerminationGracePeriodSeconds) * time.Second; grace < shutdownLimit+closeTimeout+5*time.Second {
		t.Errorf("killed after %v, while requests have %v and Close has %v", grace, shutdownLimit, closeTimeout)
	}
	if account := all["ServiceAccount"].Metadata; account.Name == "" || account.Name != p.ServiceAccountName || account.Annotations["eks.amazonaws.com/role-arn"] == "" {
		t.Errorf("the pod uses the account %q, the manifest has %+v", p.ServiceAccountName, account)
	}
	if l := d.Spec.Selector.MatchLabels; len(l) == 0 || l["app"] != d.Spec.Template.Metadata.Labels["app"] {
		t.Errorf("the selector %v does not select the pods", l)
	}
	if len(p.Volumes) != 1 || p.Volumes[0].Name != p.Containers[0].VolumeMounts[0].Name {
		t.Errorf("volumes: %+v", p.Volumes)
	}
	size := p.Volumes[0].EmptyDir.SizeLimit
	if gib, err := strconv.Atoi(strings.TrimSuffix(size, "Gi")); err != nil || gib<<30 < spoolBytes*3/2 {
		t.Errorf("the volume has %s, and the spool may take %d bytes", size, spoolBytes)
	}
	spool, mount := environment(t, "", "")["SPOOL"], p.Containers[0].VolumeMounts[0].MountPath
	if !strings.HasPrefix(spool, mount+"/") {
		t.Errorf("the spool %s is not below the mount %s", spool, mount)
	}
}

const closeTimeout = 10 * time.Second // the default of Options.CloseTimeout, or more

// environment returns the variables of the container. The volume is a directory of the test.
func environment(t *testing.T, podName, volume string) map[string]string {
	t.Helper()
	c := manifests(t)["Deployment"].Spec.Template.Spec.Containers[0]
	env := map[string]string{}
	for _, v := range c.Env {
		switch field := v.ValueFrom.FieldRef.FieldPath; field {
		case "":
			env[v.Name] = v.Value
		case "metadata.name":
			env[v.Name] = podName
		default:
			t.Fatalf("%s is the field %s, which the test does not know", v.Name, field)
		}
	}
	if volume != "" {
		env["SPOOL"] = volume + strings.TrimPrefix(env["SPOOL"], c.VolumeMounts[0].MountPath)
	}
	return env
}

// container is the program as the manifest runs it.
type container struct {
	*exec.Cmd
	url    string
	stderr bytes.Buffer
}

func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "myapp")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

func start(t *testing.T, program, podName, volume string) *container {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // for a free port
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	c := &container{Cmd: exec.CommandContext(t.Context(), program), url: "http://" + address}
	c.Env = append(os.Environ(), "KUBERNETES_SERVICE_HOST=10.0.0.1")
	for name, value := range environment(t, podName, volume) {
		c.Env = append(c.Env, name+"="+value)
	}
	c.Env = append(c.Env, "LISTEN="+address)
	c.Stderr = &c.stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *container) get(t *testing.T, path string) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		answer, err := http.Get(c.url + path)
		if err == nil {
			answer.Body.Close()
			return
		}
		if time.Since(began) > 30*time.Second {
			t.Fatalf("%v; stderr:\n%s", err, &c.stderr)
		}
	}
}

// end sends a signal and returns the exit code, and how long it took.
func (c *container) end(t *testing.T, signal os.Signal) (int, time.Duration) {
	t.Helper()
	began := time.Now()
	if err := c.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // the exit code says it
	return c.ProcessState.ExitCode(), time.Since(began)
}

// Kubernetes deletes the pod: SIGTERM, and everything is delivered.
func TestPodIsDeleted(t *testing.T) {
	e := endpoint.Start(t)
	c := start(t, build(t), "myapp-1", endpoint.Volume(t))
	c.get(t, "/orders")
	if code, _ := c.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d; stderr:\n%s", code, &c.stderr)
	}
	e.Want("my_log_group", `"path":"/orders"`, "goodbye")
	if g, _ := e.LogGroup("my_log_group"); g.Streams[0] != "myapp-1" {
		t.Errorf("got the log stream %q", g.Streams[0])
	}
}

// An outage that ends soon enough after SIGTERM costs nothing.
func TestOutageAtTheEnd(t *testing.T) {
	e := endpoint.Start(t)
	over := e.Inject(cloudwatchtest.Fault{Cut: cloudwatchtest.CutBefore})
	c := start(t, build(t), "myapp-1", endpoint.Volume(t))
	c.get(t, "/orders")
	time.AfterFunc(4*time.Second, over) // Close alone would give up after two
	if code, _ := c.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d; stderr:\n%s", code, &c.stderr)
	}
	e.Want("my_log_group", `"path":"/orders"`, "goodbye")
}

// The container is killed, or ends during an outage. Its next start in the same pod
// delivers what was left, and the end is in time.
func TestContainerIsStartedAgain(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			e := endpoint.Start(t)
			program, volume := build(t), endpoint.Volume(t)
			over := e.Inject(cloudwatchtest.Fault{Cut: cloudwatchtest.CutBefore})
			c := start(t, program, "myapp-1", volume)
			c.get(t, "/orders")
			code, took := c.end(t, signal)
			if grace := time.Duration(manifests(t)["Deployment"].Spec.Template.Spec.TerminationGracePeriodSeconds) * time.Second; took > grace {
				t.Errorf("the end took %v of %v", took, grace)
			}
			if signal == syscall.SIGTERM && (code != 1 || !strings.Contains(c.stderr.String(), "kept in the spool")) {
				t.Errorf("exit code %d; stderr:\n%s", code, &c.stderr)
			}
			over()
			c = start(t, program, "myapp-1", volume)
			c.get(t, "/carts")
			if code, _ := c.end(t, syscall.SIGTERM); code != 0 {
				t.Errorf("exit code %d; stderr:\n%s", code, &c.stderr)
			}
			all := strings.Join(e.All("my_log_group"), "\n")
			for _, path := range []string{"/orders", "/carts"} {
				if strings.Count(all, `"path":"`+path+`"`) != 1 {
					t.Errorf("want one event of %s in:\n%s", path, all)
				}
			}
		})
	}
}
