package encode

import (
	"fmt"
	"strings"
)

// Walk takes a template apart, from left to right: text that stands for itself,
// and placeholders of the form {name} or {name:argument}. {{ and }} stand for
// the braces themselves.
func Walk(template string, text func(string), placeholder func(name, argument string) error) error {
	for rest := template; rest != ""; {
		i := strings.IndexAny(rest, "{}")
		if i < 0 {
			text(rest)
			return nil
		}
		if i > 0 {
			text(rest[:i])
		}
		brace := rest[i : i+1]
		rest = rest[i+1:]
		if strings.HasPrefix(rest, brace) {
			text(brace)
			rest = rest[1:]
			continue
		}
		end := strings.IndexByte(rest, '}')
		if brace == "}" || end < 0 {
			return fmt.Errorf("unpaired %s in %q; write %s%s for the character itself", brace, template, brace, brace)
		}
		name, argument, _ := strings.Cut(rest[:end], ":")
		if err := placeholder(name, argument); err != nil {
			return err
		}
		rest = rest[end+1:]
	}
	return nil
}
