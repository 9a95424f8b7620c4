package cloudwatchtest

import (
	"strings"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// TagResource, UntagResource and ListTagsForResource: for log groups, named by
// their ARN without a final ":*" (with it: ValidationException, as the service
// answers). Region and account in the ARN are not compared.
//
// Not emulated: destinations, the other kind of resource with tags.
type tagResource struct {
	ResourceArn *string
	Tags        map[string]string
}

func (op *tagResource) describe(r *Request) { r.LogGroup = taggedName(op.ResourceArn) }

func (op *tagResource) handle(c *call) (any, *APIError) {
	var v violations
	v.present("tags", op.Tags != nil)
	v.tags("tags", op.Tags)
	group, err := taggedGroup(op.ResourceArn, &v)
	if err != nil {
		return nil, err
	}
	return nil, c.update(group, func(g *logstore.Group) *APIError {
		if !addTags(g, op.Tags) {
			return refusal(400, "TooManyTagsException", "A resource can have no more than 50 tags.")
		}
		return nil
	})
}

type untagResource struct {
	ResourceArn *string
	TagKeys     []string
}

func (op *untagResource) describe(r *Request) { r.LogGroup = taggedName(op.ResourceArn) }

func (op *untagResource) handle(c *call) (any, *APIError) {
	var v violations
	v.present("tagKeys", op.TagKeys != nil)
	v.texts("tagKeys", op.TagKeys, 0, maxTags, tagKeyRule)
	group, err := taggedGroup(op.ResourceArn, &v)
	if err != nil {
		return nil, err
	}
	return nil, c.update(group, func(g *logstore.Group) *APIError {
		removeTags(g, op.TagKeys)
		return nil
	})
}

type listTagsForResource struct {
	ResourceArn *string
}

func (op *listTagsForResource) describe(r *Request) { r.LogGroup = taggedName(op.ResourceArn) }

func (op *listTagsForResource) handle(c *call) (any, *APIError) {
	var v violations
	group, err := taggedGroup(op.ResourceArn, &v)
	if err != nil {
		return nil, err
	}
	return listTags(c, group)
}

// taggedGroup checks the ARN, reports what is wrong with the form of the
// request, and returns the name of the group.
func taggedGroup(arn *string, v *violations) (string, *APIError) {
	// The service has an answer of its own for the form that DescribeLogGroups
	// shows, though its model does not allow the asterisk at all.
	if arn != nil && strings.HasSuffix(*arn, ":*") {
		return "", invalidARN()
	}
	v.required("resourceArn", arn, resourceARNRule)
	if err := v.err(); err != nil {
		return "", err
	}
	name, ok := groupOfARN(*arn)
	if !ok {
		return "", invalidARN()
	}
	return name, nil
}

// taggedName is the group's name as far as it can be told, for the request
// log.
func taggedName(arn *string) string {
	name, _ := groupOfARN(value(arn))
	return name
}

func invalidARN() *APIError {
	return refusal(400, "ValidationException", "Invalid resourceArn")
}
