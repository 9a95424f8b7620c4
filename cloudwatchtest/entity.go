package cloudwatchtest

import "unicode/utf8"

// entity says what the events of a batch are about. Source of the limits: the
// service's model; of the types: the user guide, "How to add related
// information to custom telemetry sent to CloudWatch".
type entity struct {
	KeyAttributes map[string]string
	Attributes    map[string]string
}

// reject returns the errorType of an entity that breaks a rule, or "".
func (e *entity) reject() string {
	if e == nil {
		return ""
	}
	if len(e.KeyAttributes) == 0 && len(e.Attributes) == 0 {
		return "InvalidEntity"
	}
	if len(e.KeyAttributes) == 0 {
		return "MissingRequiredFields"
	}
	if len(e.KeyAttributes) < 2 || len(e.KeyAttributes) > 4 || !lengthsWithin(e.KeyAttributes, 32, 512) {
		return "InvalidKeyAttributes"
	}
	for k := range e.KeyAttributes {
		switch k {
		case "Type", "ResourceType", "Identifier", "Name", "Environment":
		default:
			return "InvalidKeyAttributes"
		}
	}
	if len(e.Attributes) > 10 || !lengthsWithin(e.Attributes, 256, 512) {
		return "InvalidAttributes"
	}
	var needed []string
	switch e.KeyAttributes["Type"] {
	case "":
		return "MissingRequiredFields"
	case "Service":
		needed = []string{"Name", "Environment"}
	case "Resource", "AWS::Resource":
		needed = []string{"ResourceType", "Identifier"}
	case "RemoteService", "AWS::Service":
		needed = []string{"Name"}
	default:
		return "InvalidTypeValue"
	}
	for _, k := range needed {
		if e.KeyAttributes[k] == "" {
			return "MissingRequiredFields"
		}
	}
	return ""
}

func lengthsWithin(m map[string]string, key, val int) bool {
	for k, v := range m {
		if k == "" || utf8.RuneCountInString(k) > key || v == "" || utf8.RuneCountInString(v) > val {
			return false
		}
	}
	return true
}
