package docs_test

import (
	"log"
	"os"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/testkit"
)

// TestMain runs the tests in the root of the repository, which their paths are relative to.
func TestMain(m *testing.M) {
	if err := os.Chdir(".."); err != nil {
		log.Fatal(err)
	}
	testkit.Main(m)
}
