package cloudwatchtest

import (
	"errors"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

const (
	classStandard         = "STANDARD"
	classInfrequentAccess = "INFREQUENT_ACCESS"
	classDelivery         = "DELIVERY"
	classEssentials       = "ESSENTIALS"
)

// retention returns the retention in force, in days; 0 = for ever.
func retention(g logstore.Group) int {
	if g.Class == classDelivery {
		return deliveryRetentionDays
	}
	return g.Retention
}

// cutoff is the time of the oldest event of a group that is still shown.
func cutoff(g logstore.Group, now int64) int64 { return retentionCutoff(retention(g), now) }

// group returns a group.
func (c *call) group(name string) (logstore.Group, *APIError) {
	g, err := c.store.Group(name)
	return g, storeError(err)
}

// update has change alter a group.
func (c *call) update(group string, change func(*logstore.Group) *APIError) *APIError {
	return storeError(c.store.UpdateGroup(group, func(g *logstore.Group) error {
		return plain(change(g))
	}))
}

// mayDelete refuses what deletion protection forbids.
func mayDelete(g logstore.Group) error {
	if g.Protected {
		return deletionProtected()
	}
	return nil
}

// plain turns an error of the API into an error, nil into nil.
func plain(e *APIError) error {
	if e == nil {
		return nil
	}
	return e
}

// each calls visit for the groups whose names begin with prefix and come after
// a name, in the order of names, until visit returns false.
func (c *call) eachGroup(prefix, after string, visit func(logstore.Group) (more bool)) *APIError {
	const some = 100
	for {
		groups, err := c.store.Groups(prefix, after, some)
		if err != nil {
			return storeError(err)
		}
		for _, g := range groups {
			if !visit(g) {
				return nil
			}
		}
		if len(groups) < some {
			return nil
		}
		after = groups[some-1].Name
	}
}

// isMissing tells whether a store says that a group or a stream does not exist.
func isMissing(err error) bool {
	return errors.Is(err, logstore.ErrNoGroup) || errors.Is(err, logstore.ErrNoStream)
}
