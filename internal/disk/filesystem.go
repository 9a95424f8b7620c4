package disk

import (
	"math"
	"math/bits"
)

// FileSystem is the kind of a file system, as far as the spool cares.
type FileSystem int

const (
	Unknown FileSystem = iota
	RAM                // gone after a reboot, never waits for a device: the only kind that may be mapped
	Local              // on a device of this machine
	Remote             // on a network or FUSE
	Pseudo             // of the kernel: it keeps no files
)

func (k FileSystem) String() string {
	switch k {
	case RAM:
		return "RAM"
	case Local:
		return "local"
	case Remote:
		return "remote"
	case Pseudo:
		return "pseudo"
	default:
		return "unknown"
	}
}

// volume is a file system as the system describes it.
type volume struct {
	kind    FileSystem
	pseudo  string // name of the file system, if it is such a one
	overlay bool   // layers of a container image
	free    int64  // bytes that a user without privileges can have
	total   int64
}

// Magic numbers of Linux file systems: statfs(2) and linux/magic.h; those that
// are not in the kernel from their own sources.
const (
	magicTmpfs   = 0x01021994
	magicRamfs   = 0x858458f6
	magicOverlay = 0x794c7630
)

var remoteMagic = map[uint32]string{
	0x00006969: "nfs",
	0x0000517b: "smb",
	0xff534d42: "cifs",
	0xfe534d42: "smb2",
	0x0000564c: "ncp",
	0x65735546: "fuse", // sshfs, s3fs, virtiofs, gcsfuse, ...
	0x01021997: "9p",
	0x00c36400: "ceph",
	0x5346414f: "afs",
	0x6b414653: "kafs",
	0x73757245: "coda",
	0x0bd00bd0: "lustre",
	0x47504653: "gpfs",
	0x01161970: "gfs2", // one disk, many machines
	0x7461636f: "ocfs2",
	0xaad7aaea: "panfs",
	0x20030528: "orangefs",
	0x19830326: "beegfs",
	0x786f4256: "vboxsf", // folders of the host of a virtual machine
	0xbacbacbc: "vmhgfs",
	0x7c7c6673: "prl_fs",
}

// pseudoMagic has no devtmpfs: that has the number of tmpfs, see isDev.
var pseudoMagic = map[uint32]string{
	0x00009fa0: "proc",
	0x62656572: "sysfs",
	0x0027e0eb: "cgroup",
	0x63677270: "cgroup2",
	0x64626720: "debugfs",
	0x74726163: "tracefs",
	0x73636673: "securityfs",
	0xf97cff8c: "selinuxfs",
	0x43415d53: "smackfs",
	0xcafe4a11: "bpf",
	0x62656570: "configfs",
	0x00001cd1: "devpts",
	0x19800202: "mqueue",
	0x6165676c: "pstore",
	0xde5e81e4: "efivarfs",
	0x42494e4d: "binfmt_misc",
	0x958458f6: "hugetlbfs",
	0x6e736673: "nsfs",
	0x07655821: "resctrl",
	0x67596969: "rpc_pipefs",
	0x6e667364: "nfsd",
	0x65735543: "fusectl",
	0x6c6f6f70: "binder",
	0xabba1974: "xenfs",
	0x00009fa1: "openpromfs",
}

// pseudoName is for macOS and the BSDs.
func pseudoName(name string) string {
	switch name {
	case "procfs", "linprocfs", "linsysfs", "devfs", "fdescfs", "kernfs", "ptyfs", "mqueuefs":
		return name
	}
	return ""
}

// kindOfMagic is for Linux. The type of the field differs between processors,
// but all numbers fit into 32 bits.
func kindOfMagic(magic uint32) FileSystem {
	switch {
	case magic == magicTmpfs || magic == magicRamfs:
		return RAM
	case pseudoMagic[magic] != "":
		return Pseudo
	case remoteMagic[magic] != "":
		return Remote
	default:
		return Local
	}
}

// kindOfName is for macOS and the BSDs; local is what the mount flags say.
func kindOfName(name string, local bool) FileSystem {
	switch name {
	case "tmpfs", "mfs":
		return RAM
	case "nfs", "smbfs", "cifs", "afpfs", "webdav", "ftp", "fusefs", "osxfuse", "macfuse", "fuse-t", "virtiofs", "p9fs":
		return Remote
	}
	if pseudoName(name) != "" {
		return Pseudo
	}
	if !local {
		return Remote
	}
	return Local
}

// inBytes multiplies; what does not fit is the largest number: some FUSE file
// systems claim to have no end.
func inBytes(blocks, size uint64) int64 {
	high, low := bits.Mul64(blocks, size)
	if high != 0 || low > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(low)
}
