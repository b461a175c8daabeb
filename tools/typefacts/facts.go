package main

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"sort"
	"strings"
)

// fact is everything that the table says of one field of one type.
type fact struct {
	name       string
	shape      *shape
	list       listKind
	pointer    bool // a zero in a manifest is meant, not "absent"
	filled     bool
	value      json.RawMessage // the default, where it is always the same
	ownedWhole bool
}

// typeFacts are the facts on a type, sorted by JSON name.
type typeFacts struct {
	goType reflect.Type
	fields []fact
}

// allFacts is the table before it is encoded.
type allFacts struct {
	kinds []rootKind
	types []typeFacts
}

// collect walks every type that is reachable from a kind, `status` excepted: driftline never compares it.
func collect() (*allFacts, error) {
	scheme := clientScheme()
	kinds := rootKinds(scheme)
	published := openAPIDefinitions()
	fills := observeDefaults(kinds, published)
	roots := map[reflect.Type]bool{}
	for _, kind := range kinds {
		roots[kind.goType] = true
	}
	facts := &allFacts{kinds: kinds}
	seen := map[reflect.Type]bool{}
	var visit func(*shape)
	visit = func(s *shape) {
		for s.kind == kindList || s.kind == kindMap {
			s = s.element
		}
		if s.kind != kindObject || seen[s.object] {
			return
		}
		seen[s.object] = true
		collected := typeFacts{goType: s.object}
		for _, f := range fieldsOf(s.object) {
			known := fact{name: f.name, shape: shapeOf(f.goType), pointer: f.pointer}
			if f.name == "status" && roots[s.object] {
				known.shape = &shape{kind: kindAny}
			}
			if known.shape.kind == kindList {
				known.list = published.listOf(s.object, f)
			}
			if known.shape.kind == kindObject || known.shape.kind == kindMap {
				known.ownedWhole = published.ownedWhole(s.object, f)
			}
			known.filled, known.value = fills.of(s.object, f.name)
			collected.fields = append(collected.fields, known)
		}
		facts.types = append(facts.types, collected)
		for _, f := range collected.fields {
			visit(f.shape)
		}
	}
	for _, kind := range kinds {
		visit(&shape{kind: kindObject, object: kind.goType})
	}
	sort.Slice(facts.types, func(i, j int) bool { return typeName(facts.types[i].goType) < typeName(facts.types[j].goType) })
	return facts, markKnown(facts)
}

func typeName(goType reflect.Type) string {
	return goType.PkgPath() + "." + goType.Name()
}

func (s *shape) String() string {
	switch s.kind {
	case kindObject:
		return typeName(s.object)
	case kindList, kindMap:
		return kindNames[s.kind] + " of " + s.element.String()
	default:
		return kindNames[s.kind]
	}
}

// printFacts is for reading and for comparing two Kubernetes versions with diff.
func printFacts(out io.Writer, facts *allFacts) error {
	for _, kind := range facts.kinds {
		apiVersion, name := kind.gvk.ToAPIVersionAndKind()
		if _, err := fmt.Fprintf(out, "%s %s = %s\n", apiVersion, name, typeName(kind.goType)); err != nil {
			return err
		}
	}
	for _, t := range facts.types {
		for _, f := range t.fields {
			words := []string{typeName(t.goType), f.name, f.shape.String()}
			if f.pointer {
				words = append(words, "pointer")
			}
			if f.list.set {
				words = append(words, "set")
			}
			if f.list.keys != nil {
				words = append(words, "by "+strings.Join(f.list.keys, "+"))
			}
			if f.ownedWhole {
				words = append(words, "owned-whole")
			}
			if f.filled {
				words = append(words, "filled")
			}
			if f.value != nil {
				words = append(words, "default "+string(f.value))
			}
			if _, err := fmt.Fprintln(out, strings.Join(words, " ")); err != nil {
				return err
			}
		}
	}
	return nil
}
