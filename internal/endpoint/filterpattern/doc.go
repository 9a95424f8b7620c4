// Package filterpattern implements the filter patterns of CloudWatch Logs, which
// FilterLogEvents, StartLiveTail, metric filters and subscription filters use.
//
// The language is that of the AWS pages "Filter pattern syntax for metric
// filters, subscription filters, filter log events, and Live Tail", "Supported
// regular expressions (regex) syntax" and "TestMetricFilter". The first
// character of a pattern decides which of its four forms it has:
//
//	ERROR "not found" -DEBUG     terms: the text contains them, or does not
//	%[45]\d\d$%                  a regular expression
//	{ $.level = "ERROR" }        conditions on the values of a JSON event
//	[ip, ..., status = 4*, size] conditions on the words of a line
//
// A message is matched in one pass and in time proportional to its length,
// whatever it contains; how deep its JSON is nested costs a bit for each level.
// Nothing is allocated, unless a pattern looks into a string with escapes or
// below a level of nesting that is unusual. A [Pattern] has no state and may be
// used by many goroutines at once. Messages are UTF-8, as the service's are;
// invalid bytes are compared as they are.
//
// # Where the documents leave room
//
// The service's own behaviour, where somebody has published it, decides; what
// nobody has described is refused rather than guessed, since a refusal is seen.
//
// Form:
//
//   - A pattern of nothing but white space matches everything, as the empty one
//     does. So does the empty phrase "".
//   - A pattern that starts with { or [ ends with the matching bracket: nothing
//     may stand before or after, not even a space.
//   - Inside quotes \" is a quote and \\ a backslash. Another escape is refused.
//   - Words without quotes are letters, digits and underscores, all of ASCII. As
//     values, dots and the wildcard may be in them too, and numbers their signs.
//   - Keywords are written in capitals.
//
// Terms:
//
//   - A term is contained in a message wherever it stands, also inside a word.
//   - Spaces may follow ? and -. Terms are separated by spaces.
//   - A regular expression stands alone, not beside terms.
//
// Regular expressions:
//
//   - A space stands for itself, as one documented example has it. All other
//     characters that are not listed are refused.
//   - . matches any character, a newline too.
//   - After a backslash, one of d D s S w W, xhh, or an operator or symbol of the
//     list. A } alone stands for itself, { and a [ in brackets do not.
//   - The bounds of repetitions are at most 1,000, all those of an expression
//     together too.
//   - A second ? (a*?) means "as few as possible" and has no effect here.
//
// Values of JSON events:
//
//   - A JSON event is a message that is an object as a whole, valid for
//     encoding/json. Anything else matches no JSON pattern, also not one with
//     NOT EXISTS.
//   - = and the other operators hold for strings and numbers only, not for
//     true, false, null, objects and arrays; those have IS. A selector that leads
//     nowhere fulfils nothing but NOT EXISTS, so != is false for it.
//   - A value without quotes that reads as a number is compared with numbers by
//     value (123.0 equals 123, and all digits count), with strings as text. All
//     else is compared as text; the text of a number is that of the message.
//   - <, >, <= and >= need a number without quotes in the pattern, and hold for
//     numbers only.
//   - * stands for any text, empty too, anywhere in a value, with or without
//     quotes. The page of 2016 said that Ev*ent means just that; today's does not.
//     In 2020 somebody saw *111.111.111 not match 111.111.111.111, as if the
//     service had stopped at the first place where the text occurs; here it does.
//   - .* selects the members of an object, [*] the elements of an array or the
//     members of an object. A condition on a wildcard holds if it holds for one of
//     the values. NOT EXISTS holds if there is none.
//   - IS NULL holds for null, and for an array that has a null among its elements.
//   - A selector begins with a name; $[0] is refused. ['a.b'] may stand for a name
//     everywhere, with or without the dot before it.
//   - Of members with the same name the last one counts. Below .* all count.
//
// Words of a line:
//
//   - Spaces, tabs and line ends separate words, any number of them.
//   - A word in quotes or brackets ends with the first closing one. If more
//     follows without a space, all that is the word, with its quotes or brackets.
//     If nothing closes it, it is an ordinary word. A backslash means nothing.
//   - Without an ellipsis, the last field takes the rest of the line, so that
//     [w1=ERROR, w2] matches lines of many words, as documented, and [w1=*ERROR*]
//     looks at whole lines. A rest of one word is a word.
//   - Each field needs a word: [w1, w2] does not match a line of one word.
//   - [] is the same as [...]. There is one ellipsis at most.
//   - Names consist of ASCII letters, digits, - and _ and are given once. The
//     conditions of a field name that field and no other; parentheses may group
//     them.
//   - = and != compare by number if both sides are numbers, otherwise as text.
//
// Extracted values:
//
//   - Of a JSON pattern, the strings and numbers, true, false and null that its
//     selectors lead to, by selector; of one with a wildcard, the first value that
//     fulfils a condition.
package filterpattern
