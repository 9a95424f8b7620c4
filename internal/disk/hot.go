package disk

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// NoHotError says why there is no directory in RAM that outlives the process.
type NoHotError struct {
	Reason string
}

func (e *NoHotError) Error() string {
	return "disk: no memory that outlives the process: " + e.Reason
}

// sharedMemory is where Linux has a RAM file system for every user.
const sharedMemory = "/dev/shm"

// OpenHot opens the directory in RAM that belongs to the directory of a spool:
// every process that uses that spool gets the same one. It is the spool's own directory if
// that is in RAM, else one in /dev/shm. *NoHotError: there is none that
// outlives this process.
func OpenHot(spool *Dir) (*Dir, error) {
	return openHot(spool, sharedMemory, thisMachine().surroundings(spool.kind))
}

func openHot(spool *Dir, shared string, s surroundings) (*Dir, error) {
	if reason := s.noHot(); reason != "" {
		return nil, &NoHotError{reason}
	}
	if s.spool == RAM {
		return spool.again()
	}
	id, err := hotID(spool)
	if err != nil {
		return nil, err
	}
	return openHotDir(shared, id)
}

// openHotDir opens or makes the directory of the effective user in RAM.
func openHotDir(ram, id string) (*Dir, error) {
	path := hotPath(ram, os.Geteuid(), id)
	d, err := OpenDir(path, Options{})
	var unsafe *UnsafeError
	if errors.As(err, &unsafe) && unsafe.Foreign() {
		unsafe.Help = "have root remove it: rm -r " + path
	}
	return d, err
}

// hotPath returns the path of a user's directory in RAM.
func hotPath(ram string, uid int, id string) string {
	return filepath.Join(ram, fmt.Sprintf("cloudwatch-%d-%s", uid, id))
}

// again opens the same directory once more, even if its path is another's now.
func (d *Dir) again() (*Dir, error) {
	root, err := d.root.OpenRoot(".")
	if err != nil {
		return nil, fail("open", d.path, err)
	}
	info, err := d.self.Stat()
	if err != nil {
		root.Close()
		return nil, fail("open", d.path, err)
	}
	same, err := newDir(d.path, root, info, d.uid)
	if err != nil {
		root.Close()
		return nil, err
	}
	return same, nil
}

// surroundings are what decides whether files in RAM outlive this process.
type surroundings struct {
	linux      bool
	spool      FileSystem // of the spool's directory
	shared     FileSystem // of /dev/shm
	container  bool
	kubernetes bool // the pod owns /dev/shm, and outlives its containers
	logind     bool // systemd's or elogind's, which cleans up after users
	uid        int
}

// noHot says why they do not, "" if they do. When in doubt they do not: the spool
// is slower then, but keeps its promise.
func (s surroundings) noHot() string {
	const systemUsers = 999 // the last one, by default
	switch {
	case !s.linux:
		return "only Linux has it"
	case s.spool == RAM:
		return ""
	case s.shared != RAM:
		return sharedMemory + " is not a RAM file system"
	case s.container && !s.kubernetes:
		return sharedMemory + " ends with the container"
	case s.logind && s.uid > systemUsers:
		// RemoveIPC= in logind.conf(5), on by default; DynamicUser= of a
		// service (uid 61184 to 65519) implies the same.
		return "systemd deletes the files of this user in " + sharedMemory + " at the end of a session; system users are exempt"
	}
	return ""
}

// machine is where a process looks for its surroundings.
type machine struct {
	os     string
	uid    int
	getenv func(string) string
	exists func(path string) bool
	volume func(path string) (volume, error)
}

func thisMachine() machine {
	return machine{runtime.GOOS, os.Geteuid(), os.Getenv, exists, volumeAt}
}

func (m machine) surroundings(spool FileSystem) surroundings {
	s := surroundings{
		linux:      m.os == "linux",
		spool:      spool,
		container:  m.exists("/.dockerenv") || m.exists("/run/.containerenv"),
		kubernetes: m.getenv("KUBERNETES_SERVICE_HOST") != "",
		logind:     m.exists("/run/systemd/system") || m.exists("/run/systemd/users"),
		uid:        m.uid,
	}
	// Amazon ECS on Fargate leaves no file, but these.
	for _, name := range []string{"container", "ECS_CONTAINER_METADATA_URI", "ECS_CONTAINER_METADATA_URI_V4"} {
		s.container = s.container || m.getenv(name) != ""
	}
	// Other containers show by the layers of their image.
	if v, err := m.volume("/"); err == nil && v.overlay {
		s.container = true
	}
	if v, err := m.volume(sharedMemory); err == nil {
		s.shared = v.kind
	}
	return s
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func volumeAt(path string) (volume, error) {
	f, err := os.Open(path)
	if err != nil {
		return volume{}, err
	}
	defer f.Close()
	return volumeOf(f)
}

// The file that ties the directory in /dev/shm to that of the spool: 16
// hexadecimal digits that no other user can know or guess.
const (
	idName  = "id"
	idBytes = 16
)

// hotID returns the id. Whoever comes first makes it. Everyone holds the lock of
// the file while reading, so that nobody sees half of it.
func hotID(spool *Dir) (string, error) {
	const attempts, pause = 1000, time.Millisecond
	for range attempts {
		f, err := spool.Open(idName)
		if errors.Is(err, fs.ErrNotExist) {
			f, err = spool.Create(idName, idBytes)
		}
		if err == nil {
			defer f.Close()
			return f.id()
		}
		if !errors.Is(err, ErrLocked) && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
		time.Sleep(pause) // another process is at it
	}
	return "", fail("open", idName, ErrLocked)
}

// id reads the id, or makes one if there is none yet or it is damaged.
func (f *File) id() (string, error) {
	b := make([]byte, idBytes)
	if _, err := f.ReadAt(b, 0); err == nil && strings.Trim(string(b), "0123456789abcdef") == "" {
		return string(b), nil
	}
	random := make([]byte, idBytes/2)
	rand.Read(random) // never fails
	id := fmt.Sprintf("%x", random)
	if _, err := f.WriteAt([]byte(id), 0); err != nil {
		return "", err
	}
	return id, f.Sync() // without it, nobody finds what is in RAM after a repair of the file system
}
