package cloudwatchtest

import (
	"reflect"
	"testing"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint"
)

var _ TB = testing.TB(nil)

func TestEveryFaultFieldIsConverted(t *testing.T) {
	var f Fault
	v := reflect.ValueOf(&f).Elem()
	for i := range v.NumField() {
		field := v.Field(i)
		switch field.Kind() {
		case reflect.Bool:
			field.SetBool(true)
		case reflect.Int, reflect.Int64:
			field.SetInt(1)
		case reflect.String:
			field.SetString("x")
		case reflect.Pointer:
			field.Set(reflect.New(field.Type().Elem()))
		case reflect.Map:
			field.Set(reflect.MakeMap(field.Type()))
		case reflect.Func:
			field.Set(reflect.MakeFunc(field.Type(), func([]reflect.Value) []reflect.Value {
				return []reflect.Value{reflect.ValueOf(true)}
			}))
		default:
			t.Fatalf("no test value for %s", v.Type().Field(i).Name)
		}
	}
	converted := reflect.ValueOf(f.convert())
	for i := range converted.NumField() {
		name := converted.Type().Field(i).Name
		if !v.FieldByName(name).IsValid() {
			t.Errorf("Fault has no field %s", name)
		}
		if converted.Field(i).IsZero() {
			t.Errorf("%s is not converted", name)
		}
	}
	if v.NumField() != converted.NumField() {
		t.Errorf("Fault has %d fields, endpoint.Fault %d", v.NumField(), converted.NumField())
	}
	if CutBefore != Cut(endpoint.CutBefore) || CutAfter != Cut(endpoint.CutAfter) || CutMiddle != Cut(endpoint.CutMiddle) || Endless != endpoint.Endless {
		t.Error("the constants differ from those of package endpoint")
	}
}
