//go:build race

package cloudwatchzerolog_test

const raceEnabled = true
