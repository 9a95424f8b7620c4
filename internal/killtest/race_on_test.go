//go:build unix && race

package killtest_test

const raceEnabled = true
