package endpoint

import (
	"maps"
	"math"
	"strings"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// TagResource, UntagResource and ListTagsForResource: for log groups, identified by their ARN
// without a trailing ":*" (with it: ValidationException, as the service returns). Region and
// account in the ARN are not compared.
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
			return newError(400, "TooManyTagsException", "A resource can have no more than 50 tags.")
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

// taggedGroup checks the ARN, returns the violations of the request as an error, and otherwise the
// name of the group.
func taggedGroup(arn *string, v *violations) (string, *APIError) {
	// The service has a specific error for the form that DescribeLogGroups returns, though its
	// model does not allow the asterisk at all.
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

// taggedName returns the name of the group for the request log; "" for an invalid ARN.
func taggedName(arn *string) string {
	name, _ := groupOfARN(value(arn))
	return name
}

func invalidARN() *APIError {
	return newError(400, "ValidationException", "Invalid resourceArn")
}

// TagLogGroup, UntagLogGroup and ListTagsLogGroup: the older operations for the tags of log groups,
// which are identified by name. The service advises against them; clients still use them.
//
// Where the documents leave room: a 51st tag is InvalidParameterException, since these operations
// do not have TooManyTagsException.
type tagLogGroup struct {
	LogGroupName *string
	Tags         map[string]string
}

func (op *tagLogGroup) describe(r *Request) { r.LogGroup = value(op.LogGroupName) }

func (op *tagLogGroup) handle(c *call) (any, *APIError) {
	var v violations
	v.required("logGroupName", op.LogGroupName, groupNameRule)
	v.present("tags", op.Tags != nil)
	v.tags("tags", op.Tags)
	if err := v.err(); err != nil {
		return nil, err
	}
	return nil, c.update(*op.LogGroupName, func(g *logstore.Group) *APIError {
		if !addTags(g, op.Tags) {
			return invalidParameter("A resource can have no more than 50 tags.")
		}
		return nil
	})
}

type untagLogGroup struct {
	LogGroupName *string
	Tags         []string
}

func (op *untagLogGroup) describe(r *Request) { r.LogGroup = value(op.LogGroupName) }

func (op *untagLogGroup) handle(c *call) (any, *APIError) {
	var v violations
	v.required("logGroupName", op.LogGroupName, groupNameRule)
	v.present("tags", op.Tags != nil)
	v.texts("tags", op.Tags, 1, math.MaxInt, tagKeyRule)
	if err := v.err(); err != nil {
		return nil, err
	}
	return nil, c.update(*op.LogGroupName, func(g *logstore.Group) *APIError {
		removeTags(g, op.Tags)
		return nil
	})
}

type listTagsLogGroup struct {
	LogGroupName *string
}

func (op *listTagsLogGroup) describe(r *Request) { r.LogGroup = value(op.LogGroupName) }

func (op *listTagsLogGroup) handle(c *call) (any, *APIError) {
	var v violations
	v.required("logGroupName", op.LogGroupName, groupNameRule)
	if err := v.err(); err != nil {
		return nil, err
	}
	return listTags(c, *op.LogGroupName)
}

// addTags adds tags to a group. It returns false if there would be too many.
func addTags(g *logstore.Group, tags map[string]string) bool {
	merged := make(map[string]string)
	maps.Copy(merged, g.Tags)
	maps.Copy(merged, tags)
	if len(merged) > maxTags {
		return false
	}
	g.Tags = merged
	return true
}

func removeTags(g *logstore.Group, keys []string) {
	for _, k := range keys {
		delete(g.Tags, k)
	}
}

type listTagsOutput struct {
	Tags map[string]string `json:"tags"`
}

func listTags(c *call, group string) (any, *APIError) {
	g, err := c.group(group)
	if err != nil {
		return nil, err
	}
	if g.Tags == nil {
		return listTagsOutput{map[string]string{}}, nil
	}
	return listTagsOutput{g.Tags}, nil
}
