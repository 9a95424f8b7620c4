// Package clients runs programs that nobody of this project wrote against its
// endpoint: the AWS CLI, the SDKs for Go, Python and JavaScript, a log
// transport of Node, Docker's log driver, Terraform. They are the witnesses
// that the endpoint speaks the protocol of the service. Nothing in them is
// changed; they get an address and made-up keys, as a user would give them.
//
// "make clients" runs them. A client that is not installed is skipped and
// named at the end; with -required that is a failure for those that continuous
// integration installs.
package clients
