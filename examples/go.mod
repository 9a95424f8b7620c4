module github.com/cloudwatch-go/cloudwatch/examples

go 1.26

replace github.com/cloudwatch-go/cloudwatch => ..
