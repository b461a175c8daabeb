// Command typefacts writes the table of facts on the built-in Kubernetes types that driftline embeds. It has for every
// field the type, the meaning of an explicit zero, the merge keys of lists, the patch strategy, and whether the server
// fills the field in. Only the lists in filled.go and order.go are written by hand; everything else is read from the Go
// types, the generated OpenAPI definitions and the defaulting functions of one Kubernetes version (see go.mod).
//
// Run it through the script `regenerate` beside it.
package main

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

func main() {
	out := flag.String("out", "", "write the table to this file")
	check := flag.String("check", "", "fail unless this file holds the current table")
	dump := flag.Bool("dump", false, "print the facts as text, one field a line, for people")
	flag.Parse()
	if err := run(*out, *check, *dump); err != nil {
		fmt.Fprintln(os.Stderr, "typefacts:", err)
		os.Exit(1)
	}
}

func run(out, check string, dump bool) error {
	facts, err := collect()
	if err != nil {
		return err
	}
	table, err := encode(facts, kubernetesVersion())
	if err != nil {
		return err
	}
	if dump {
		return printFacts(os.Stdout, facts)
	}
	if check != "" {
		return compare(check, table)
	}
	if out == "" {
		_, err := os.Stdout.Write(table)
		return err
	}
	packed, err := pack(table)
	if err != nil {
		return err
	}
	return os.WriteFile(out, packed, 0o644)
}

// compare looks at the unpacked table: another Go release may compress the same table differently.
func compare(path string, table []byte) error {
	packed, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	old, err := io.ReadAll(reader)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if !bytes.Equal(old, table) {
		return fmt.Errorf("%s is stale: run tools/typefacts/regenerate and commit the result", path)
	}
	return nil
}

// pack compresses without a time or a name in the header, so that equal tables give equal files.
func pack(table []byte) ([]byte, error) {
	var packed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := writer.Write(table); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

func kubernetesVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, module := range info.Deps {
		if module.Path == "k8s.io/kubernetes" {
			return module.Version
		}
	}
	return "unknown"
}
