package main

import (
	"fmt"
	"strings"
)

// patchRule holds the tags of a field that only a strategic merge patch reads: server-side apply has
// list types instead (listKind), with keys of their own.
type patchRule struct {
	merge      bool
	replace    bool
	retainKeys bool
	key        string // of a list that is merged by key
}

// patchOf reads the tags patchStrategy and patchMergeKey (apimachinery: pkg/util/strategicpatch, extractRetainKeysPatchStrategy).
// Where a strategy is absent, objects and maps are merged and everything else is replaced.
func patchOf(f field) (patchRule, error) {
	rule := patchRule{key: f.tag.Get("patchMergeKey")}
	for strategy := range strings.SplitSeq(f.tag.Get("patchStrategy"), ",") {
		switch strategy {
		case "":
		case "merge":
			rule.merge = true
		case "replace":
			rule.replace = true
		case "retainKeys":
			rule.retainKeys = true
		default:
			return rule, fmt.Errorf("%s.%s: unknown patch strategy %q", f.owner, f.name, strategy)
		}
	}
	return rule, nil
}

// checkMergeKeys holds what the encoding relies on: a list that is merged by key has that key first among its own
// (which are more than one where the merge key alone does not identify an element), and a list that is merged without one is a set.
func checkMergeKeys(facts *allFacts) error {
	for _, t := range facts.types {
		for _, f := range t.fields {
			isFirst := len(f.list.keys) > 0 && f.list.keys[0] == f.patch.key
			isSet := f.list.set && f.patch.key == ""
			if f.patch.merge && (f.list.unordered || !isFirst && !isSet) || !f.patch.merge && f.patch.key != "" {
				return fmt.Errorf("patch.go: %s.%s: %s, but the list is merged by %v", t, f.name, f.patch, f.list.keys)
			}
		}
	}
	return nil
}

func (rule patchRule) String() string {
	var words []string
	for _, strategy := range []struct {
		is   bool
		name string
	}{{rule.merge, "merge"}, {rule.replace, "replace"}, {rule.retainKeys, "retainKeys"}} {
		if strategy.is {
			words = append(words, strategy.name)
		}
	}
	text := "patch " + strings.Join(words, ",")
	if rule.key != "" {
		text += " by " + rule.key
	}
	return text
}
