package cloudwatchtest

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"

	"github.com/cloudwatch-go/cloudwatch/internal/endpoint/logstore"
)

// Paging tokens carry the place in the list, the time they were given out and
// a checksum, so that nothing has to be remembered. The checksum covers the
// list the token belongs to: a token is good for that list alone.

const tokenLife = day // source: API reference, "The token expires after 24 hours"

func fresh(issued, now int64) bool { return issued <= now && now-issued <= tokenLife }

// listToken makes the opaque token of FilterLogEvents and the Describe
// operations. list names the list, place where to go on.
func listToken(list, place string, now int64) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(now))
	b = append(b, place...)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE([]byte(list+"\x00"+string(b))))
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseListToken returns the place in a token of listToken.
func parseListToken(token, list string, now int64) (place string, err *APIError) {
	b, bad := base64.RawURLEncoding.DecodeString(token)
	if bad != nil || len(b) < 12 {
		return "", invalidToken()
	}
	b, sum := b[:len(b)-4], binary.BigEndian.Uint32(b[len(b)-4:])
	if crc32.ChecksumIEEE([]byte(list+"\x00"+string(b))) != sum || !fresh(int64(binary.BigEndian.Uint64(b)), now) {
		return "", invalidToken()
	}
	return string(b[8:]), nil
}

// streamToken makes a token of GetLogEvents, in the service's form: "f/" or
// "b/", 56 digits, "/s". The digits are the position (19 + 19), the time of
// issue (13) and the checksum (5).
func streamToken(direction byte, stream string, p logstore.Position, now int64) string {
	digits := fmt.Sprintf("%019d%019d%013d", p.Time, p.Number, now)
	return fmt.Sprintf("%c/%s%05d/s", direction, digits, streamChecksum(direction, stream, digits))
}

// parseStreamToken returns the direction and position in a token of
// streamToken.
func parseStreamToken(token, stream string, now int64) (direction byte, p logstore.Position, err *APIError) {
	if len(token) != 60 || token[1] != '/' || token[58:] != "/s" {
		return 0, p, invalidToken()
	}
	direction = token[0]
	digits, sum := token[2:53], token[53:58]
	var parts [4]int64
	for i, text := range []string{digits[:19], digits[19:38], digits[38:], sum} {
		n, bad := strconv.ParseUint(text, 10, 63)
		if bad != nil {
			return 0, p, invalidToken()
		}
		parts[i] = int64(n)
	}
	if (direction != 'f' && direction != 'b') || uint32(parts[3]) != streamChecksum(direction, stream, digits) || !fresh(parts[2], now) {
		return 0, p, invalidToken()
	}
	return direction, logstore.Position{Time: parts[0], Number: parts[1]}, nil
}

func streamChecksum(direction byte, stream, digits string) uint32 {
	return crc32.ChecksumIEEE([]byte(string(direction)+stream+"\x00"+digits)) % 100000
}
