// Who asks, behind a gate that sends a token with each request (identity = "request"). Go, nothing
// but its own library.
//
// Run by itself it judges requests: a line each, token, method, target and the time in unix seconds
// with tabs between; prints for each the person, or a hyphen.
//
//	go run identity.go JWKS ISSUER AUDIENCE < requests
package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"strconv"
	"strings"
)

// Gate is whom the application believes.
type Gate struct {
	Keys             map[string]*ecdsa.PublicKey
	Issuer, Audience string
	Served           map[string]int64
}

func decode(text string) []byte {
	bytes, _ := base64.RawURLEncoding.DecodeString(text)
	return bytes
}

// Who gives the person, or nothing: then nothing of the request is done.
func (gate *Gate) Who(token, method, target string, now int64) string {
	var header struct{ Alg, Typ, Kid string }
	var said struct {
		Iss, Aud, Htm, Htu, Jti, Sub string
		Exp                          int64
	}
	part := strings.Split(token, ".")
	if len(part) != 3 || json.Unmarshal(decode(part[0]), &header) != nil || json.Unmarshal(decode(part[1]), &said) != nil {
		return ""
	}
	key, raw := gate.Keys[header.Kid], decode(part[2])
	digest, htu := sha256.Sum256([]byte(part[0]+"."+part[1])), sha256.Sum256([]byte(target))
	if key == nil || len(raw) != 64 || header.Alg != "ES256" || header.Typ != "JWT" ||
		!ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])) {
		return ""
	}
	if said.Iss != gate.Issuer || said.Aud != gate.Audience || said.Htm != method || said.Exp+5 <= now ||
		said.Htu != base64.RawURLEncoding.EncodeToString(htu[:]) || gate.Served[said.Jti] > now {
		return ""
	}
	gate.Served[said.Jti] = now + 121 // a request is served once
	return said.Sub
}

func main() {
	var jwks struct{ Keys []struct{ Kid, X, Y string } }
	text, err := os.ReadFile(os.Args[1])
	if err != nil || json.Unmarshal(text, &jwks) != nil {
		panic("no keys")
	}
	gate := Gate{map[string]*ecdsa.PublicKey{}, os.Args[2], os.Args[3], map[string]int64{}}
	for _, key := range jwks.Keys {
		x, y := new(big.Int).SetBytes(decode(key.X)), new(big.Int).SetBytes(decode(key.Y))
		gate.Keys[key.Kid] = &ecdsa.PublicKey{Curve: elliptic.P256(), X: x, Y: y}
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		of := strings.Split(lines.Text(), "\t")
		now, _ := strconv.ParseInt(of[3], 10, 64)
		if who := gate.Who(of[0], of[1], of[2], now); who != "" {
			fmt.Println(who)
		} else {
			fmt.Println("-")
		}
	}
}
