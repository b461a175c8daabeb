package main

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// fact holds the facts on one field of one type.
type fact struct {
	name       string
	shape      *shape
	list       listKind
	pointer    bool // a zero in a manifest is meant, not "absent"
	filled     bool
	value      json.RawMessage // the default, where it is always the same
	ownedWhole bool
	patch      patchRule // how a strategic merge patch changes the field
}

// scope says where a type is used. The server and its admission plugins complete Pods in ways in which they leave
// the templates of Pods alone, so the types below a Pod have facts of their own there.
type scope int

const (
	anywhere scope = iota
	inPods         // in an object of kind Pod
)

func scopeOf(kind rootKind) scope {
	if kind.gvk == (schema.GroupVersionKind{Version: "v1", Kind: "Pod"}) {
		return inPods
	}
	return anywhere
}

// scopedType is a type in a scope. A type that is the same in Pods as elsewhere is listed for anywhere only.
type scopedType struct {
	goType reflect.Type
	scope  scope
}

// typeFacts are the facts on a type, sorted by JSON name.
type typeFacts struct {
	scopedType
	fields []fact
}

// allFacts is the table before it is encoded.
type allFacts struct {
	kinds []rootKind
	types []typeFacts
	// The types that managed fields own as a whole wherever they stand, as elements of a list too.
	atomic map[reflect.Type]bool
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
	facts := &allFacts{kinds: kinds, atomic: map[reflect.Type]bool{}}
	seen := map[scopedType]bool{}
	var err error
	var visit func(*shape, scope)
	visit = func(s *shape, in scope) {
		s = s.innermost()
		if s.kind != kindObject || seen[scopedType{s.object, in}] {
			return
		}
		seen[scopedType{s.object, in}] = true
		facts.atomic[s.object] = isAtomic(published.of(s.object))
		collected := typeFacts{scopedType: scopedType{s.object, in}}
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
			if known.patch, err = patchOf(f); err != nil {
				return
			}
			known.filled, known.value = fills.of(place{scopedType{s.object, in}, f.name})
			collected.fields = append(collected.fields, known)
		}
		facts.types = append(facts.types, collected)
		for _, f := range collected.fields {
			visit(f.shape, in)
		}
	}
	for _, kind := range kinds {
		visit(&shape{kind: kindObject, object: kind.goType}, scopeOf(kind))
	}
	if err != nil {
		return nil, err
	}
	sort.Slice(facts.types, func(i, j int) bool { return facts.types[i].String() < facts.types[j].String() })
	for _, step := range []func(*allFacts) error{markKnown, markOrders, checkMergeKeys} {
		if err := step(facts); err != nil {
			return nil, err
		}
	}
	facts.shareTypes()
	return facts, nil
}

// shareTypes drops the types in Pods that are the same elsewhere, down to the last type that they hold.
func (facts *allFacts) shareTypes() {
	all := map[scopedType]typeFacts{}
	for _, t := range facts.types {
		all[t.scopedType] = t
	}
	differs := map[reflect.Type]bool{}
	for changed := true; changed; {
		changed = false
		for _, t := range facts.types {
			elsewhere, shared := all[scopedType{t.goType, anywhere}]
			if t.scope != inPods || differs[t.goType] {
				continue
			}
			same := shared && reflect.DeepEqual(t.fields, elsewhere.fields)
			for _, f := range t.fields {
				same = same && !differs[f.shape.innermost().object]
			}
			if !same {
				differs[t.goType] = true
				changed = true
			}
		}
	}
	facts.types = slices.DeleteFunc(facts.types, func(t typeFacts) bool {
		return t.scope == inPods && !differs[t.goType]
	})
}

func (t scopedType) String() string {
	if t.scope == inPods {
		return typeName(t.goType) + " (in Pods)"
	}
	return typeName(t.goType)
}

func typeName(goType reflect.Type) string {
	return goType.PkgPath() + "." + goType.Name()
}

// innermost is the shape below lists and maps.
func (s *shape) innermost() *shape {
	for s.kind == kindList || s.kind == kindMap {
		s = s.element
	}
	return s
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
		if facts.atomic[t.goType] {
			if _, err := fmt.Fprintln(out, t.String(), "owned-whole"); err != nil {
				return err
			}
		}
		for _, f := range t.fields {
			words := []string{t.String(), f.name, f.shape.String()}
			if f.pointer {
				words = append(words, "pointer")
			}
			if f.list.set {
				words = append(words, "set")
			}
			if f.list.unordered {
				words = append(words, "unordered")
			}
			if f.list.keys != nil {
				words = append(words, "by "+strings.Join(f.list.keys, "+"))
			}
			if f.patch != (patchRule{}) {
				words = append(words, f.patch.String())
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
