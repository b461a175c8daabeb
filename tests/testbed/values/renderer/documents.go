package main

import (
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

// document is an object of a manifest.
type document struct {
	// Source is the template, as the manifest says.
	Source string `json:"source"`
	// Object is what the API server is given.
	Object map[string]any `json:"object"`
	// Structured has the keys of a ConfigMap's data whose text is a YAML map by itself.
	Structured []string `json:"structured,omitempty"`

	text string
}

var (
	separator  = regexp.MustCompile(`(?m)^---[ \t]*\n`)
	sourceLine = regexp.MustCompile(`(?m)^# Source: (.*)$`)
)

// split gives the texts of a manifest's documents, as Helm writes them.
func split(manifest string) []string {
	var texts []string
	for _, text := range separator.Split(manifest, -1) {
		if strings.TrimSpace(text) != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

// documentsOf parses a manifest.
func documentsOf(manifest string) ([]document, error) {
	documents := []document{}
	for _, text := range split(manifest) {
		document, err := parse(text)
		if err != nil {
			return nil, err
		}
		if document != nil {
			documents = append(documents, *document)
		}
	}
	return documents, nil
}

// parse reads a document; nil if it holds nothing.
func parse(text string) (*document, error) {
	result := &document{text: text}
	if err := yaml.Unmarshal([]byte(text), &result.Object); err != nil {
		return nil, err
	}
	if result.Object == nil {
		return nil, nil
	}
	if found := sourceLine.FindStringSubmatch(text); found != nil {
		result.Source = strings.TrimSpace(found[1])
	}
	data, _ := result.Object["data"].(map[string]any)
	if result.Object["kind"] == "ConfigMap" {
		for key, value := range data {
			if text, is := value.(string); is && isStructured(text) {
				result.Structured = append(result.Structured, key)
			}
		}
	}
	return result, nil
}

// isStructured says whether a text of several lines is a YAML map.
func isStructured(text string) bool {
	if strings.Count(text, "\n") < 2 || len(text) > 200_000 {
		return false
	}
	var value map[string]any
	return yaml.Unmarshal([]byte(text), &value) == nil && len(value) > 0
}
