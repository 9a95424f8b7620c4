package machine

import (
	"strings"
	"testing"
)

const (
	id    = "3f4a7c1e9b2d8056f1e2d3c4b5a69788990a1b2c3d4e5f60718293a4b5c6d7e8"
	other = "aaaabbbbccccddddeeeeffff0000111122223333444455556666777788889999"
	uid   = "pod6c1a3d5e_9f41_4bb2_8c1a_7f5d1c3e9a10"
)

// TestContainerID: what containers of all kinds find in /proc and in their environment.
func TestContainerID(t *testing.T) {
	const short = "3f4a7c1e9b2d"
	mounts := func(files map[string]string) string {
		var b strings.Builder
		b.WriteString("612 540 0:58 / / rw,relatime master:203 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/ABC,upperdir=/var/lib/docker/overlay2/" + other + "/diff\n")
		b.WriteString("613 612 0:61 / /proc rw,nosuid - proc proc rw\n")
		for target, source := range files {
			b.WriteString("640 612 8:1 " + source + " " + target + " rw,relatime - ext4 /dev/sda1 rw\n")
		}
		return b.String()
	}
	files := func(dir string) map[string]string {
		return map[string]string{"/etc/hostname": dir + "/hostname", "/etc/resolv.conf": dir + "/resolv.conf", "/etc/hosts": dir + "/hosts"}
	}
	tests := []struct {
		about, cgroup, mountinfo, ecs, want string
	}{
		// Version 1 of cgroups, and version 2 in the namespace of the host.
		{"Docker", "12:cpu,cpuacct:/docker/" + id + "\n11:memory:/docker/" + id + "\n0::/system.slice/containerd.service\n", "", "", short},
		{"Docker with systemd", "1:name=systemd:/system.slice/docker-" + id + ".scope\n", "", "", short},
		{"Docker, version 2", "0::/system.slice/docker-" + id + ".scope\n", "", "", short},
		{"Docker in Docker", "4:pids:/docker/" + other + "/docker/" + id + "\n", "", "", short},
		{"Docker, a cgroup of the container's own below", "0::/system.slice/docker-" + id + ".scope/init\n", "", "", short},
		{"the first line without one", "13:rdma:/\n12:pids:/docker/" + id + "\n", "", "", short},
		{"CRLF does not occur, but blanks at the end do no harm", "12:pids:/docker/" + id + " \n", "", "", short},
		{"Podman", "0::/machine.slice/libpod-" + id + ".scope/container\n", "", "", short},
		{"Podman without root", "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + id + ".scope/container\n", "", "", short},
		{"Kubernetes with Docker", "11:cpuset:/kubepods/burstable/" + uid + "/" + id + "\n", "", "", short},
		{"Kubernetes with Docker and systemd", "1:name=systemd:/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-" + uid + ".slice/docker-" + id + ".scope\n", "", "", short},
		{"Kubernetes with containerd", "1:name=systemd:/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-" + uid + ".slice/cri-containerd-" + id + ".scope\n", "", "", short},
		{"Kubernetes with containerd, without systemd", "11:devices:/kubepods-besteffort-" + uid + ".slice:cri-containerd:" + id + "\n", "", "", short},
		{"Kubernetes with containerd as a service", "11:devices:/system.slice/containerd.service/kubepods-burstable-" + uid + ".slice:cri-containerd:" + id + "\n", "", "", short},
		{"Kubernetes with CRI-O", "0::/kubepods.slice/kubepods-" + uid + ".slice/crio-" + id + ".scope\n", "", "", short},
		{"Kubernetes in Docker", "0::/docker/" + other + "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-" + uid + ".slice/cri-containerd-" + id + ".scope\n", "", "", short},
		{"a sibling, as a namespace shows it", "0::/../cri-containerd-" + id + ".scope\n", "", "", short},
		{"ECS on EC2", "9:perf_event:/ecs/57fb0d9c5a5d4c2f8f3e/" + id + "\n", "", "", short},
		{"ECS on EC2, with the cluster", "9:perf_event:/ecs/my-cluster/57fb0d9c5a5d4c2f8f3e/" + id + "\n", "", "", short},
		{"ECS on Fargate 1.3", "9:perf_event:/ecs/55091c13-b8cf-4801-b527-f4601742204d/" + id + "\n", "", "", short},
		{"ECS on Fargate 1.4", "9:perf_event:/ecs/34dc0b5e626f2c5c4c5170e34b10e765/34dc0b5e626f2c5c4c5170e34b10e765-1234567890\n", "", "", "34dc0b5e626f2c5c4c5170e34b10e765-1234567890"},

		// Version 2 of cgroups, in a namespace of the container.
		{"Docker by its mounts", "0::/\n", mounts(files("/var/lib/docker/containers/" + id)), "", short},
		{"Docker by its mounts, on a disk of its own", "0::/\n", mounts(files("/docker/containers/" + id)), "", short},
		{"Docker without root", "0::/\n", mounts(files("/home/me/.local/share/docker/containers/" + id)), "", short},
		{"Podman by its mounts", "0::/\n", mounts(files("/containers/storage/overlay-containers/" + id + "/userdata")), "", short},
		{"Podman in a pod, whose network is another container's", "0::/\n", mounts(map[string]string{
			"/etc/hosts": "/containers/overlay-containers/" + other + "/userdata/hosts", "/run/.containerenv": "/containers/overlay-containers/" + id + "/userdata/.containerenv",
		}), "", short},
		{"nerdctl", "0::/\n", mounts(files("/var/lib/nerdctl/1935db59/containers/default/" + id)), "", short},
		{"a cgroup mount tells", "0::/\n", mounts(map[string]string{"/sys/fs/cgroup/systemd": "/kubepods/besteffort/" + uid + "/" + id}), "", short},
		{"ECS on Fargate by its environment", "0::/\n", mounts(files("/var/lib/docker/containers/" + other)),
			"http://169.254.170.2/v4/cd189a933e5849daa93386466019ab50-2495160603", "cd189a933e5849daa93386466019ab50-2495160603"},
		{"ECS on EC2 by its environment", "0::/\n", mounts(files("/var/lib/docker/containers/" + other)),
			"http://169.254.170.2/v4/4e4f1c2b-7f0a-4f6a-9a53-0a4de0e4bd4b", "4e4f1c2b-7f0a-4f6a-9a53-0a4de0e4bd4b"},
		{"the cgroup wins over the environment", "9:pids:/ecs/57fb0d9c/" + id + "\n", "", "http://169.254.170.2/v4/cd189a933e5849daa93386466019ab50-2495160603", short},

		// None.
		{"nothing", "", "", "", ""},
		{"a machine", "0::/user.slice/user-1000.slice/session-3.scope\n", mounts(nil), "", ""},
		{"a service", "1:name=systemd:/system.slice/app.service\n0::/system.slice/app.service\n", "", "", ""},
		{"a machine that runs Docker: its mounts are elsewhere", "0::/init.scope\n", mounts(map[string]string{"/var/lib/docker/containers/" + id + "/mounts/shm": "/"}), "", ""},
		{"the sandbox of a pod is another container", "0::/\n", mounts(map[string]string{
			"/etc/hostname": "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/" + other + "/hostname",
			"/etc/hosts":    "/var/lib/kubelet/pods/6c1a3d5e-9f41-4bb2-8c1a-7f5d1c3e9a10/etc-hosts",
		}), "", ""},
		{"a sandbox without a kubelet", "0::/\n", mounts(files("/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/" + other)), "", ""},
		{"a pod whose pause container is of Docker", "0::/\n", mounts(map[string]string{
			"/etc/hostname":        "/var/lib/docker/containers/" + other + "/hostname",
			"/dev/termination-log": "/var/lib/kubelet/pods/6c1a3d5e/containers/app/0e1f2a3b",
		}), "", ""},
		{"LXC", "12:pids:/lxc/web-1\n", "", "", ""},
		{"63 digits", "12:pids:/docker/" + id[1:] + "\n", "", "", ""},
		{"65 digits", "12:pids:/docker/" + id + "0\n", "", "", ""},
		{"upper case", "12:pids:/docker/" + strings.ToUpper(id) + "\n", "", "", ""},
		{"a line without a path", "12:pids\n:\n::\n", "1 2 3\n\n", "", ""},
		{"an environment that is none", "", "", "http://169.254.170.2/v4/", ""},
		{"an environment that is no URL", "", "", "http://[::1", ""},
		{"an environment with something else", "", "", "http://169.254.170.2/v4/..%2f..%2fetc", ""},
	}
	for _, tt := range tests {
		if got := containerID(tt.cgroup, tt.mountinfo, tt.ecs); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.about, got, tt.want)
		}
	}
}

// FuzzContainerID: whatever is in the files, what is returned can be a part of a name.
func FuzzContainerID(f *testing.F) {
	f.Add("12:pids:/docker/"+id+"\n", "1 2 3 / /etc/hosts\n", "http://h/v4/x")
	f.Fuzz(func(t *testing.T, cgroup, mountinfo, ecs string) {
		got := containerID(cgroup, mountinfo, ecs)
		if len(got) > 64 || strings.Trim(got, "0123456789abcdef-") != "" {
			t.Errorf("got %q", got)
		}
	})
}
