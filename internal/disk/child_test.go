//go:build linux

package disk

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A test that needs a process of its own, for its umask, its limits, its user
// or its death, starts this program again as one of these children.
var children = map[string]func(args []string) error{
	"make":   makeThings,
	"hold":   holdFile,
	"fsize":  meetFileLimit,
	"nofile": meetDescriptorLimit,
	"refuse": refuse,
	"denied": denied,
	"fds":    listDescriptors,
}

const childVariable = "DISK_TEST_CHILD"

func TestMain(m *testing.M) {
	if child := children[os.Getenv(childVariable)]; child != nil {
		if err := child(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func childCommand(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), childVariable+"="+name,
		"GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE")) // the race detector waits for a second at the end
	return cmd
}

func runChild(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := childCommand(t, name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("child %s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

const nobody = 65534

func needRoot(t *testing.T, why string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can " + why)
	}
}

// sharedTemp is a temporary directory that another user can reach.
func sharedTemp(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// becomeUser gives up root for good, if the argument is a user and not "".
func becomeUser(uid string) error {
	if uid == "" {
		return nil
	}
	n, err := strconv.Atoi(uid)
	if err != nil {
		return err
	}
	return syscall.Setreuid(n, n)
}

// makeThings: path, umask, user.
func makeThings(args []string) error {
	mask, err := strconv.ParseInt(args[1], 8, 32)
	if err != nil {
		return err
	}
	if err := becomeUser(args[2]); err != nil {
		return err
	}
	syscall.Umask(int(mask))
	d, err := OpenDir(args[0], Options{AllowRemote: true})
	if err != nil {
		return err
	}
	f, err := d.Create("0.seg", 4096)
	if err != nil {
		return err
	}
	if _, err := f.WriteAt([]byte("x"), 0); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if _, err := d.Open("0.seg"); err != nil {
		return err
	}
	_, err = hotID(d)
	return err
}

func TestModesWhateverTheUmask(t *testing.T) {
	for _, mask := range []string{"0", "022", "0777"} {
		for _, user := range []string{"", strconv.Itoa(nobody)} {
			t.Run("umask "+mask+" user "+user, func(t *testing.T) {
				base := sharedTemp(t)
				if user != "" {
					needRoot(t, "become another user")
					if err := os.Chown(base, nobody, nobody); err != nil {
						t.Fatal(err)
					}
				}
				runChild(t, "make", filepath.Join(base, "above", "spool"), mask, user)
				for name, want := range map[string]fs.FileMode{
					"above":             fs.ModeDir | 0o700,
					"above/spool":       fs.ModeDir | 0o700,
					"above/spool/0.seg": 0o600,
					"above/spool/id":    0o600,
				} {
					info, err := os.Lstat(filepath.Join(base, name))
					if err != nil {
						t.Fatal(err)
					}
					if info.Mode() != want {
						t.Errorf("%s has mode %v, want %v", name, info.Mode(), want)
					}
				}
			})
		}
	}
}

// refuse: path, user. It succeeds if OpenDir refuses, or Open of 0.seg in it.
func refuse(args []string) error {
	if err := becomeUser(args[1]); err != nil {
		return err
	}
	d, err := OpenDir(args[0], Options{AllowRemote: true})
	if err == nil {
		_, err = d.Open("0.seg")
	}
	var unsafe *UnsafeError
	if !errors.As(err, &unsafe) {
		return fmt.Errorf("they returned %v, want *UnsafeError", err)
	}
	fmt.Print(unsafe.Reason)
	return nil
}

// denied: path, user. It prints what OpenDir returns.
func denied(args []string) error {
	if err := becomeUser(args[1]); err != nil {
		return err
	}
	_, err := OpenDir(args[0], Options{AllowRemote: true})
	fmt.Print(err)
	return nil
}

// holdFile: path, name, what to do ("open", "create", "map"). It says when it has
// the file, and waits to be killed.
func holdFile(args []string) error {
	d, err := OpenDir(args[0], Options{AllowRemote: true})
	if err != nil {
		return err
	}
	var f *File
	if args[2] == "open" {
		f, err = d.Open(args[1])
	} else {
		f, err = d.Create(args[1], 4096)
	}
	if err != nil {
		return err
	}
	if args[2] == "map" {
		m, err := Map(f, 4096)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Close(), m.Write(0, []byte("still mine"))); err != nil {
			return err
		}
	}
	fmt.Println("ready")
	_, err = io.Copy(io.Discard, os.Stdin) // until it is killed
	return errors.Join(err, f.Close())
}

// startHolder starts holdFile and returns when it has the file.
func startHolder(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := childCommand(t, "hold", args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		cmd.Wait()
		t.Fatalf("child said %q, %v, %s", line, err, stderr.String())
	}
	return cmd
}

func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
}

// A lock is refused while its owner lives in another process, and is free as soon as
// that has been killed, also if only a mapping was left of the file.
func TestLockOfAnotherProcess(t *testing.T) {
	for _, how := range []string{"create", "open", "map"} {
		t.Run(how, func(t *testing.T) {
			d := openTemp(t)
			if how == "map" {
				d = openShared(t)
			}
			if how == "open" {
				create(t, d, "0.seg", 4096).Close()
			}
			holder := startHolder(t, d.Path(), "0.seg", how)
			if _, err := d.Open("0.seg"); !errors.Is(err, ErrLocked) {
				t.Errorf("Open while the owner lives: %v, want ErrLocked", err)
			}
			if f, err := d.Inspect("0.seg"); err != nil {
				t.Errorf("Inspect while the owner lives: %v", err)
			} else {
				f.Close()
			}
			kill(t, holder)
			f, err := d.Open("0.seg")
			if err != nil {
				t.Fatalf("Open after the owner was killed: %v", err)
			}
			defer f.Close()
			if how == "map" {
				checkContent(t, f, 0, "still mine")
			}
		})
	}
}

// A child that has inherited the descriptor keeps the lock when its parent is gone:
// whoever wants to adopt the file waits.
func TestLockLeaksIntoAChild(t *testing.T) {
	d := openTemp(t)
	f := create(t, d, "0.seg", 4096)
	cmd := childCommand(t, "hold", t.TempDir(), "1.seg", "create")
	cmd.ExtraFiles = []*os.File{f.file}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if _, err := d.Open("0.seg"); !errors.Is(err, ErrLocked) {
		t.Errorf("Open while a child has the descriptor: %v, want ErrLocked", err)
	}
	kill(t, cmd)
	if f, err = d.Open("0.seg"); err != nil {
		t.Fatal(err)
	}
	f.Close()
}

// listDescriptors prints what its descriptors are.
func listDescriptors([]string) error {
	names, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		return err
	}
	for _, name := range names {
		if target, err := os.Readlink(name); err == nil {
			fmt.Println(target)
		}
	}
	return nil
}

func TestChildrenInheritNothing(t *testing.T) {
	d := openShared(t)
	f := create(t, d, "0.seg", 4096)
	defer f.Close()
	create(t, d, "1.seg", 4096).Close()
	g, err := d.Open("1.seg")
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	m, err := Map(g, 4096)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	out := runChild(t, "fds")
	if !strings.Contains(out, "pipe:") {
		t.Fatalf("the child has not even its output: %s", out)
	}
	if strings.Contains(out, d.Path()) {
		t.Errorf("the child has got:\n%s", out)
	}
}

// meetFileLimit: path.
func meetFileLimit(args []string) error {
	const limit = 64 << 10
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
		return err
	}
	d, err := OpenDir(args[0], Options{AllowRemote: true})
	if err != nil {
		return err
	}
	if _, err := d.Create("0.seg", limit+1); !errors.Is(err, syscall.EFBIG) {
		return fmt.Errorf("Create over the limit: %v, want EFBIG", err)
	}
	if entries, err := d.List(); err != nil || len(entries) > 0 {
		return fmt.Errorf("it left %v, %v", entries, err)
	}
	f, err := d.Create("1.seg", limit)
	if err != nil {
		return err
	}
	if n, err := f.WriteAt(make([]byte, 100), limit-40); n > 40 || !errors.Is(err, syscall.EFBIG) {
		return fmt.Errorf("WriteAt over the limit: %d, %v, want up to 40, EFBIG", n, err)
	}
	return f.Intact()
}

func TestFileSizeLimit(t *testing.T) {
	runChild(t, "fsize", t.TempDir())
}

// meetDescriptorLimit: path. It has opened a directory and a file when the
// descriptors run out.
func meetDescriptorLimit(args []string) error {
	d, err := OpenDir(args[0], Options{AllowRemote: true})
	if err != nil {
		return err
	}
	f, err := d.Create("0.seg", 4096)
	if err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 16, Max: 16}); err != nil {
		return err
	}
	for i := 1; ; i++ {
		if _, err = d.Create(fmt.Sprintf("%d.seg", i), 1); err != nil {
			break
		}
	}
	if !errors.Is(err, syscall.EMFILE) {
		return fmt.Errorf("Create without descriptors: %v, want EMFILE", err)
	}
	if _, err := d.Open("1.seg"); !errors.Is(err, syscall.EMFILE) {
		return fmt.Errorf("Open without descriptors: %v, want EMFILE", err)
	}
	if _, err := d.List(); !errors.Is(err, syscall.EMFILE) {
		return fmt.Errorf("List without descriptors: %v, want EMFILE", err)
	}
	if _, err := OpenDir(args[0], Options{}); !errors.Is(err, syscall.EMFILE) {
		return fmt.Errorf("OpenDir without descriptors: %v, want EMFILE", err)
	}
	// What is open goes on, and so does what needs to be known about it.
	_, write := f.WriteAt([]byte("x"), 0)
	_, _, space := d.Space()
	return errors.Join(write, space, f.Sync(), f.Intact(), d.Sync(), d.Intact(),
		d.Rename("1.seg", "1.bad"), d.Remove("1.bad"))
}

func TestDescriptorLimit(t *testing.T) {
	runChild(t, "nofile", t.TempDir())
}
