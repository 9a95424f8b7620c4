package contender

import (
	"errors"
	"fmt"
	"os"

	"github.com/cloudwatch-go/cloudwatch"
)

// Place is two directories for the files of a contender.
type Place struct {
	Disk string // in the directory for temporary files
	RAM  string // on a RAM file system; empty if there is none
}

// NewPlace creates the directories. The caller must call [Place.Remove].
func NewPlace() (p Place, err error) {
	if p.Disk, err = os.MkdirTemp("", "bench-spool-"); err != nil {
		return p, fmt.Errorf("create spool directory: %w", err)
	}
	p.RAM, _ = os.MkdirTemp("/dev/shm", "bench-spool-") // Unfit reports it
	return p, nil
}

// Remove removes the directories and their contents.
func (p Place) Remove() error {
	err := os.RemoveAll(p.Disk)
	if p.RAM != "" {
		err = errors.Join(err, os.RemoveAll(p.RAM))
	}
	return err
}

// spooled is ours with a spool and default spool options.
type spooled struct{ ours }

func startSpooled(name string, t Target) (Contender, error) {
	o := options(t)
	o.Spool = t.Place.Disk
	o.SpoolOptions = cloudwatch.SpoolOptions{Direct: name == Direct}
	mode := "direct"
	if name == Hot {
		mode, o.SpoolOptions.RAM = "hot", t.Place.RAM
		if t.Place.RAM == "" {
			return nil, errors.New("no RAM file system at /dev/shm")
		}
	}
	h, err := cloudwatch.NewHandler(group, o)
	if err != nil {
		return nil, err
	}
	switch g := h.Guarantee(); {
	case g.Mode != mode || g.Err != nil:
		err = fmt.Errorf("the spool is not in the intended mode: %s", g)
	case g.Reboot == 0:
		err = errors.New("the directory for temporary files is in RAM; set TMPDIR to a directory on a disk")
	}
	if err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return spooled{ours{h}}, nil
}

func (s spooled) Close() error {
	if err := s.ours.Close(); err != nil {
		return err
	}
	if n := s.h.Stats().WereAtRisk; n > 0 {
		return fmt.Errorf("%d log calls returned before their events were in the spool", n)
	}
	return nil
}

// Unfit returns why the contender cannot run on this machine; nil if it can.
func Unfit(name string) error {
	if !Spooled(name) {
		return nil
	}
	place, err := NewPlace()
	if err != nil {
		return err
	}
	c, err := Start(name, Target{Place: place})
	if err == nil {
		err = c.Close()
	}
	return errors.Join(err, place.Remove())
}
