module github.com/cloudwatch-go/cloudwatch/cmd/cloudwatch

go 1.26

replace github.com/cloudwatch-go/cloudwatch => ../..
