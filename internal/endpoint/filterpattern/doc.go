// Package filterpattern implements the filter patterns of CloudWatch Logs, which FilterLogEvents,
// StartLiveTail, metric filters and subscription filters use.
//
// The language is that of the AWS pages "Filter pattern syntax for metric filters, subscription
// filters, filter log events, and Live Tail", "Supported regular expressions (regex) syntax" and
// "TestMetricFilter". The first character of a pattern decides which of four forms it has:
//
//	ERROR "not found" -DEBUG     terms that the text contains or does not contain
//	%[45]\d\d$%                  a regular expression
//	{ $.level = "ERROR" }        conditions on the values of a JSON event
//	[ip, ..., status = 4*, size] conditions on the words of a space-delimited event
//
// A message is matched in one pass and in time proportional to its length, whatever it contains;
// each level of JSON nesting costs one bit. Nothing is allocated, unless a pattern reads a string
// with escapes or the nesting is unusually deep. A [Pattern] has no state and may be used
// concurrently. Messages are UTF-8, as those of the service are; invalid bytes are compared
// unchanged.
//
// # Where the documents leave room
//
// The service's own behavior decides where it has been published. Undocumented behavior is
// refused rather than guessed, since a refusal is visible.
//
// Form:
//
//   - A pattern of only white space matches everything, like the empty pattern and the empty phrase
//     "".
//   - A pattern that starts with { or [ ends with the matching bracket: nothing may come before or
//     after, not even a space.
//   - Inside quotes \" is a quote and \\ a backslash. Other escapes are refused.
//   - Unquoted words consist of ASCII letters, digits and underscores. Unquoted values may also
//     contain dots and the wildcard, and numbers their signs.
//   - Keywords are in capitals.
//
// Terms:
//
//   - A term matches anywhere in a message, even inside a word.
//   - Spaces may follow ? and -. Terms are separated by spaces.
//   - A regular expression must be alone, without other terms.
//
// Regular expressions:
//
//   - A space stands for itself, as in one documented example. All other characters that are not
//     listed are refused.
//   - . matches any character, including a newline.
//   - A backslash may be followed by one of d D s S w W, by xhh, or by a listed operator or symbol.
//     A single } stands for itself; {, and [ in brackets, do not.
//   - The repetition bounds of an expression add up to at most 1,000.
//   - A second ? (a*?) means "as few as possible" and has no effect here.
//
// Values of JSON events:
//
//   - A JSON event is a message that is one JSON object, valid for encoding/json. Anything else
//     matches no JSON pattern, not even NOT EXISTS.
//   - = and the other operators match only strings and numbers, not true, false, null, objects and
//     arrays; IS tests those. A selector without a value satisfies only NOT EXISTS, so != is false
//     for it.
//   - An unquoted value that is a number is compared with numbers by value (123.0 equals 123, and
//     all digits are significant) and with strings as text. Everything else is compared as text;
//     the text of a number is that of the message.
//   - <, >, <= and >= require an unquoted number in the pattern, and match only numbers.
//   - * matches any text, including none, anywhere in a value, quoted or not. The page of 2016 said
//     that * in Ev*ent is literal; today's does not. A report of 2020 says that *111.111.111 does
//     not match 111.111.111.111, as if the service stopped at the first occurrence of the text;
//     here it matches.
//   - .* selects the members of an object, [*] the elements of an array or the members of an
//     object. A condition on a wildcard holds if it holds for one of the values. NOT EXISTS holds
//     if there is no value.
//   - IS NULL matches null, and an array that contains null.
//   - A selector begins with a name; $[0] is refused. ['a.b'] may replace a name anywhere, with or
//     without the dot before it.
//   - Of several members with the same name the last one counts. Below .* all count.
//
// Words of a line:
//
//   - Words are separated by any number of spaces, tabs and line ends.
//   - A word in quotes or brackets ends with the first closing one. If more follows without a
//     space, the word is all of that, with its quotes or brackets. Without a closing one it is an
//     ordinary word. A backslash has no meaning.
//   - Without an ellipsis, the last field takes the rest of the line, so that [w1=ERROR, w2]
//     matches lines of many words, as documented, and [w1=*ERROR*] matches whole lines. A rest of
//     one word is a word.
//   - Each field requires a word: [w1, w2] does not match a line of one word.
//   - [] is the same as [...]. There is at most one ellipsis.
//   - Names consist of ASCII letters, digits, - and _, and must be unique. The conditions of a
//     field refer to that field only; parentheses may group them.
//   - = and != compare by number if both sides are numbers, otherwise as text.
//
// Extracted values:
//
//   - From a JSON pattern, the strings and numbers, true, false and null that its selectors lead
//     to, by selector; for a selector with a wildcard, the first value that satisfies a condition.
package filterpattern
