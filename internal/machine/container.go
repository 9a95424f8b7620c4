// Package machine finds the ids of what the program runs on: the EC2 instance, the container.
package machine

import (
	"errors"
	"net/url"
	"os"
	"path"
	"regexp"
	"strings"
)

var errNoContainer = errors.New("no container id in /proc/self/cgroup and /proc/self/mountinfo")

// ContainerID returns the id of the container that the program runs in, from files of the
// kernel and the environment of Amazon ECS. It makes no request.
func ContainerID() (string, error) {
	cgroup, _ := os.ReadFile("/proc/self/cgroup") // not on every system
	mountinfo, _ := os.ReadFile("/proc/self/mountinfo")
	if id := containerID(string(cgroup), string(mountinfo), os.Getenv("ECS_CONTAINER_METADATA_URI_V4")); id != "" {
		return id, nil
	}
	return "", errNoContainer
}

// The ids there are: that of Docker, Podman, containerd and CRI-O, and that of a task on
// AWS Fargate.
var (
	fullID    = regexp.MustCompile(`^(?:[a-z][a-z0-9_-]*-)?([0-9a-f]{64})(?:\.scope)?$`)
	fargateID = regexp.MustCompile(`^[0-9a-f]{32}-[0-9]{1,10}$`)
	ecsID     = regexp.MustCompile(`^[0-9a-f]{8}[0-9a-f-]{24,56}$`)
)

// shortID is what "docker ps" shows of an id.
const shortID = 12

// containerID returns the id as "docker ps" and the console of ECS show it, "" if there is
// none. The cgroup of a process has the id of its own container in its path. Where the
// container sees itself as the root, as is usual with version 2, the id is in the sources of
// the files that the runtime mounts into it: on the host their directory is named after it.
func containerID(cgroup, mountinfo, ecs string) string {
	for line := range strings.Lines(cgroup) { // hierarchy:controllers:path
		if fields := strings.SplitN(strings.TrimSpace(line), ":", 3); len(fields) == 3 {
			if id := idInPath(fields[2]); id != "" {
				return id
			}
		}
	}
	if u, err := url.Parse(ecs); err == nil && ecs != "" {
		// With awsvpc networking, the mounted files are those of the pause container.
		if id := path.Base(u.Path); ecsID.MatchString(id) {
			return short(id)
		}
	}
	return idInMounts(mountinfo)
}

// ownFiles are mounted into each container, each from a directory of its own on the host.
// The first one always is; the others belong to the container that has made the network, if
// several share it.
var ownFiles = [...]string{"/run/.containerenv", "/etc/hostname", "/etc/resolv.conf", "/etc/hosts"}

// idInMounts returns the id in the sources of mounts. In a pod of Kubernetes they have that
// of the pod's sandbox, if any: the id of another container.
func idInMounts(mountinfo string) string {
	sources := make(map[string]string)
	for line := range strings.Lines(mountinfo) { // id parent device source target ...
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		source, target := fields[3], fields[4]
		if strings.HasPrefix(target, "/sys/fs/cgroup") {
			if id := idInPath(source); id != "" {
				return id
			}
		}
		sources[target] = source
	}
	if strings.Contains(sources["/etc/hosts"], "/pods/") || strings.Contains(sources["/dev/termination-log"], "/pods/") {
		return ""
	}
	for _, file := range ownFiles {
		if id := idInPath(sources[file]); id != "" && !strings.Contains(sources[file], "/sandboxes/") {
			return id
		}
	}
	return ""
}

// idInPath returns the last id in a path: the one before is that of a container around.
func idInPath(p string) string {
	segments := strings.FieldsFunc(p, func(r rune) bool { return r == '/' || r == ':' }) // slice:cri-containerd:id
	for i := len(segments) - 1; i >= 0; i-- {
		segment := segments[i]
		if fargateID.MatchString(segment) {
			return segment
		}
		if m := fullID.FindStringSubmatch(segment); m != nil {
			return short(m[1])
		}
	}
	return ""
}

// short returns an id as others show it: only those with 64 digits have a short form.
func short(id string) string {
	if len(id) == 64 {
		return id[:shortID]
	}
	return id
}
