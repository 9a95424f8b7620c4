package conformance

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// unknownOperation is the error of an endpoint without queries. That is acceptable; a wrong
// response is not.
const unknownOperation = "UnknownOperationException"

// query starts a query over the last hour of a group.
func (p *probe) query(group, text string) (*logs.StartQueryOutput, error) {
	now := time.Now()
	return p.StartQuery(p.ctx, &logs.StartQueryInput{LogGroupName: &group, QueryString: &text,
		StartTime: aws.Int64(now.Add(-time.Hour).Unix()), EndTime: aws.Int64(now.Add(time.Minute).Unix())})
}

func queryRules() []Rule {
	return area("Queries, or their refusal",
		rule("StartQuery", "a query filters and counts correctly, or queries are refused by name", func(p *probe) {
			group, _ := p.stored("ERROR one", "INFO two", "ERROR three")
			p.visible(group, 3)
			out, err := p.query(group, "filter @message like /ERROR/ | stats count(*) as n")
			if codeOf(err) == unknownOperation {
				return
			}
			p.must(err)
			p.want("the rows", []string{"n=2"}, func() []string {
				for range 30 {
					res, err := p.GetQueryResults(p.ctx, &logs.GetQueryResultsInput{QueryId: out.QueryId})
					p.must(err)
					if res.Status == types.QueryStatusComplete {
						return rows(res.Results)
					}
					p.sleep(time.Second)
				}
				return []string{"a query that does not end"}
			})
		}),
		rule("StartQuery", "a malformed query is refused, or queries are refused by name", func(p *probe) {
			group, _ := p.stored("one")
			_, err := p.query(group, "filter @message lik /(/ |")
			if code := codeOf(err); code != unknownOperation && code != "MalformedQueryException" && code != invalid {
				p.errorf("got %v", brief(err))
			}
		}),
	)
}

// rows formats the rows of a result without pointers.
func rows(results [][]types.ResultField) (list []string) {
	for _, r := range results {
		for _, f := range r {
			if aws.ToString(f.Field) != "@ptr" {
				list = append(list, fmt.Sprintf("%s=%s", aws.ToString(f.Field), aws.ToString(f.Value)))
			}
		}
	}
	return list
}
