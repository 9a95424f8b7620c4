package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// machine describes the machine without its name.
func machine() string {
	parts := []string{fmt.Sprintf("%d cores", runtime.NumCPU())}
	if model := field("/proc/cpuinfo", "model name", ":"); model != "" {
		parts[0] += " (" + model + ")"
	}
	if system := field("/etc/os-release", "PRETTY_NAME", "="); system != "" {
		parts = append(parts, system)
	}
	return strings.Join(append(parts, runtime.GOOS+"/"+runtime.GOARCH, runtime.Version()), ", ")
}

// field returns the value of a name in a file of name-value lines; "" if it is missing.
func field(file, name, separator string) string {
	content, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range bytes.Lines(content) {
		key, value, found := strings.Cut(string(line), separator)
		if found && strings.TrimSpace(key) == name {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return ""
}
