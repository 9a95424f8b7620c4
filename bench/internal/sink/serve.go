package sink

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"time"
)

// Addresses are the addresses of a sink.
type Addresses struct {
	HTTP  string // URL
	HTTPS string // URL
	CA    string // PEM of the certificate to trust for HTTPS
}

// Serve listens on two free ports of the loopback interface, writes [Addresses] to out as a line of
// JSON, and serves until in ends.
func Serve(in io.Reader, out io.Writer) error {
	certificate, ca, err := selfSigned()
	if err != nil {
		return fmt.Errorf("sink: make certificate: %w", err)
	}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("sink: %w", err)
	}
	defer plain.Close()
	secure, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("sink: %w", err)
	}
	defer secure.Close()

	// HTTP/1.1 only, the same for all contenders.
	var http1 http.Protocols
	http1.SetHTTP1(true)
	server := &http.Server{
		Handler:   &Sink{},
		Protocols: &http1,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
	}
	ended := make(chan error, 2)
	go func() { ended <- server.Serve(plain) }()
	go func() { ended <- server.ServeTLS(secure, "", "") }()
	err = json.NewEncoder(out).Encode(Addresses{
		HTTP:  "http://" + plain.Addr().String(),
		HTTPS: "https://" + secure.Addr().String(),
		CA:    ca,
	})
	if err != nil {
		return fmt.Errorf("sink: %w", err)
	}
	_, _ = io.Copy(io.Discard, in) // an error ends it as well
	_ = server.Close()
	for range 2 {
		if err := <-ended; err != http.ErrServerClosed {
			return fmt.Errorf("sink: serve: %w", err)
		}
	}
	return nil
}

// selfSigned returns a self-signed certificate for 127.0.0.1.
func selfSigned() (certificate tls.Certificate, ca string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return certificate, "", err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "benchmark sink"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return certificate, "", err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(text), nil
}
