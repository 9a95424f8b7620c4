//go:build race

package cloudwatchlogrus_test

const raceEnabled = true
