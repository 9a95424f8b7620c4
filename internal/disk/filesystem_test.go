package disk

import (
	"math"
	"testing"
)

func TestKindOfMagic(t *testing.T) {
	for _, test := range []struct {
		name  string
		magic uint32
		want  FileSystem
	}{
		{"tmpfs", 0x01021994, RAM},
		{"ramfs", 0x858458f6, RAM},
		{"ext4", 0xef53, Local},
		{"xfs", 0x58465342, Local},
		{"btrfs", 0x9123683e, Local},
		{"zfs", 0x2fc12fc1, Local},
		{"overlay", 0x794c7630, Local},
		{"f2fs", 0xf2f52010, Local},
		{"hugetlbfs", 0x958458f6, Pseudo},
		{"proc", 0x9fa0, Pseudo},
		{"sysfs", 0x62656572, Pseudo},
		{"cgroup2", 0x63677270, Pseudo},
		{"not known", 0x12345678, Local},
		{"nfs", 0x6969, Remote},
		{"smb", 0x517b, Remote},
		{"cifs", 0xff534d42, Remote},
		{"smb2", 0xfe534d42, Remote},
		{"fuse", 0x65735546, Remote},
		{"9p", 0x01021997, Remote},
		{"ceph", 0x00c36400, Remote},
		{"afs", 0x5346414f, Remote},
		{"kafs", 0x6b414653, Remote},
		{"coda", 0x73757245, Remote},
		{"lustre", 0x0bd00bd0, Remote},
		{"gpfs", 0x47504653, Remote},
		{"gfs2", 0x01161970, Remote},
		{"ocfs2", 0x7461636f, Remote},
		{"vboxsf", 0x786f4256, Remote},
	} {
		if got := kindOfMagic(test.magic); got != test.want {
			t.Errorf("%s is %v, want %v", test.name, got, test.want)
		}
	}
}

func TestKindOfName(t *testing.T) {
	for _, test := range []struct {
		name  string
		local bool
		want  FileSystem
	}{
		{"apfs", true, Local},
		{"hfs", true, Local},
		{"ufs", true, Local},
		{"zfs", true, Local},
		{"tmpfs", true, RAM},
		{"nfs", false, Remote},
		{"smbfs", false, Remote},
		{"afpfs", false, Remote},
		{"webdav", false, Remote},
		{"macfuse", true, Remote},
		{"osxfuse", true, Remote},
		{"fusefs", true, Remote},
		{"devfs", true, Pseudo},
		{"procfs", false, Pseudo},
		{"something new", false, Remote},
		{"something new", true, Local},
	} {
		if got := kindOfName(test.name, test.local); got != test.want {
			t.Errorf("%s, local %v, is %v, want %v", test.name, test.local, got, test.want)
		}
	}
}

func TestInBytes(t *testing.T) {
	for _, test := range []struct {
		blocks, size uint64
		want         int64
	}{
		{0, 4096, 0},
		{3, 4096, 12288},
		{1 << 40, 4096, 1 << 52},
		{1 << 51, 4096, math.MaxInt64},
		{1 << 52, 4096, math.MaxInt64},
		{math.MaxUint64, 4096, math.MaxInt64},
		{math.MaxUint64, math.MaxUint64, math.MaxInt64},
	} {
		if got := inBytes(test.blocks, test.size); got != test.want {
			t.Errorf("%d blocks of %d bytes are %d, want %d", test.blocks, test.size, got, test.want)
		}
	}
}

func TestFileSystemString(t *testing.T) {
	for kind, want := range map[FileSystem]string{Unknown: "unknown", RAM: "RAM", Local: "local", Remote: "remote", Pseudo: "pseudo"} {
		if got := kind.String(); got != want {
			t.Errorf("%d is %q, want %q", kind, got, want)
		}
	}
}
