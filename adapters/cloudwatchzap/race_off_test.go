//go:build !race

package cloudwatchzap_test

const raceEnabled = false
