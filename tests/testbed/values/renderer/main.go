// The renderer: Helm as a library, asked what it makes of a chart with values.
//
// Usage: renderer
//
// It reads one JSON document a line from standard input and writes one answer a line.
// It keeps one release open:
//
//	{"open": CHART, "valuesFile": FILE}  the record that Helm would store, and what is needed to measure with it
//	{"values": {…}}                      what becomes of the open release with other values
//
// A render is a dry run of `helm install` with the capabilities of a fixed cluster; nothing is asked of the network.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"runtime/debug"

	"helm.sh/helm/v3/pkg/chartutil"
)

// request is one line of standard input.
type request struct {
	// Open is the folder or archive of the chart to open; empty to ask about the open one.
	Open string `json:"open"`
	// ValuesFile has the values that a user gives; empty for none.
	ValuesFile string `json:"valuesFile"`
	// Values are those that a user gives instead.
	Values map[string]any `json:"values"`
}

// answer is one line of standard output.
type answer struct {
	// Error is why Helm refuses; empty if it does not.
	Error string `json:"error,omitempty"`
	*opened
	*changed
}

// answerTo answers a request. A panic of Helm's or a template's functions is an error like any other.
func answerTo(renderer *renderer, line []byte) (result answer) {
	defer func() {
		if problem := recover(); problem != nil {
			fmt.Fprintf(os.Stderr, "renderer: %v\n%s", problem, debug.Stack())
			result = answer{Error: fmt.Sprint("panic: ", problem)}
		}
	}()
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{Error: err.Error()}
	}
	if asked.Values == nil {
		asked.Values = map[string]any{}
	}
	if asked.Open != "" {
		values := map[string]any{}
		if asked.ValuesFile != "" {
			read, err := chartutil.ReadValuesFile(asked.ValuesFile)
			if err != nil {
				return answer{Error: err.Error()}
			}
			values = read
		}
		opened, err := renderer.open(asked.Open, values)
		if err != nil {
			return answer{Error: err.Error()}
		}
		return answer{opened: opened}
	}
	changed, err := renderer.change(asked.Values)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{changed: changed}
}

func main() {
	// Helm warns of values that charts mix up; here that is nothing to act on.
	log.SetOutput(io.Discard)
	// Memory is there, and each render leaves much behind.
	debug.SetGCPercent(400)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	output := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(output)
	renderer := &renderer{}
	for lines.Scan() {
		if err := encoder.Encode(answerTo(renderer, lines.Bytes())); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := output.Flush(); err != nil {
			os.Exit(1)
		}
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
