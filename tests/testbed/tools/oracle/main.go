// The oracle: apimachinery's own code, asked what a write makes of an object.
//
// Usage: oracle strategic|server-side
//
// It reads one JSON document a line from standard input and writes one answer a
// line. tests/fast/apply compares the answers with what src/apply says.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// answers has a function for each question: from a line to what is printed.
var answers = map[string]func(json.RawMessage) any{
	"strategic":   strategic,
	"server-side": serverSide,
}

func main() {
	if len(os.Args) != 2 || answers[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: oracle strategic|server-side")
		os.Exit(2)
	}
	answer := answers[os.Args[1]]
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	output := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(output)
	for lines.Scan() {
		if err := encoder.Encode(answer(json.RawMessage(lines.Bytes()))); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := output.Flush(); err != nil {
		os.Exit(1)
	}
}
