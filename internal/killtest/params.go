// Package killtest kills processes that log, again and again, and looks whether every
// event whose log call had returned arrives. The tests are the parent. The processes
// run the program in the folder child, which shares this package with them: what a
// child is told, what its events look like, and the page on which it says how far it
// has got.
package killtest

import "time"

// Roles of a child.
const (
	Log     = "log"     // logs through the library
	Control = "control" // logs through a bufio.Writer: it must lose events, or the parent cannot see loss
	Hold    = "hold"    // does nothing until its standard input is closed
	Hog     = "hog"     // takes a processor until then
)

// Params is what a child is told, as JSON in its only argument. A child that
// has no Exit of its own goes on until it is killed or its standard input is closed.
type Params struct {
	Role     string
	Run      int    // number of the process; its events and requests bear it
	Witness  string // file of the witness page
	Endpoint string // URL
	Spool    string // directory; for Control: the file that is written to
	RAM      string // directory for hot mode
	Direct   bool   // no hot mode

	Goroutines int           // that log; 0 = none: the child only recovers what others left
	Events     uint64        // of each goroutine; 0 = no end
	Long       bool          // events of tens of kilobytes, faster than a disk takes them
	Burst      uint64        // so many events, then a pause of a millisecond; 0 = no pauses
	SpillAfter time.Duration // of the spool, as the next one; 0 = the default
	SyncEvery  time.Duration
	Interval   time.Duration // between requests
	// Leak gives a descriptor of one of the locked files to a process of role
	// Hold, which outlives the child.
	Leak bool
	// Exit is how the child ends when everything is logged: "" = it waits until
	// its standard input is closed, closes the handler and exits with status 0;
	// "close" = it does so without waiting; otherwise see Exits.
	Exit string
}

// Group is the log group of all children.
const Group = "kill"

// AccessID names the child in each of its requests.
const AccessID = "RUN%08d"

// Stream names the log stream of a child.
const Stream = "run-%08d"
