// Shop is a program that logs what it reads from standard input, a line at a
// time, with this project's handler. It ends with its input.
package main

import (
	"bufio"
	"fmt"
	"log/slog"
	"os"

	"github.com/cloudwatch-go/cloudwatch"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

func run() error {
	h, err := cloudwatch.NewHandler("shop", &cloudwatch.Options{
		LogStream: "till-1",
		OnError:   cloudwatch.Silent, // main prints what Close returns
	})
	if err != nil {
		return err
	}
	log := slog.New(h)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		log.Info(lines.Text(), "till", 1)
	}
	if err := lines.Err(); err != nil {
		h.Close()
		return err
	}
	return h.Close()
}
