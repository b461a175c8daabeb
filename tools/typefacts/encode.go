package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
)

// The bits of a node. The Rust side knows the same numbers.
const (
	flagZeroDropped     = 1
	flagServerDefaulted = 2
	flagAtomic          = 4
	// 8 is "nullable", which only schemas of custom resources are.
	flagUnordered       = 16
	flagPatchMerge      = 32
	flagPatchReplace    = 64
	flagPatchRetainKeys = 128
)

// encoded is the table as JSON. Everything refers by index, equal things are stored once:
//   - names: all field names, sorted;
//   - keys: the merge keys of map lists;
//   - defaults: values that the server fills in;
//   - nodes: five numbers each: value kind, child (type of an object, node of a list's or map's element, else
//     0), list (0 atomic, 1 set, 2+i map by keys[i]; an unordered atomic one may have keys too), flags, default (0 none, else 1+i);
//     the patch merge key of a list is the first of its keys, which patch.go makes sure of;
//   - types: name and node in turn, sorted by name;
//   - kinds: API version, kind, node of the root.
type encoded struct {
	Kubernetes string            `json:"kubernetes"`
	Names      []string          `json:"names"`
	Keys       [][]string        `json:"keys"`
	Defaults   []json.RawMessage `json:"defaults"`
	Nodes      []int             `json:"nodes"`
	Types      [][]int           `json:"types"`
	Kinds      [][]any           `json:"kinds"`
}

type encoder struct {
	table    encoded
	nodes    map[[5]int]int
	keys     map[string]int
	defaults map[string]int
	types    map[scopedType]int
	atomic   map[reflect.Type]bool
}

func encode(facts *allFacts, version string) ([]byte, error) {
	e := encoder{
		table: encoded{Kubernetes: version, Keys: [][]string{}, Defaults: []json.RawMessage{}},
		nodes: map[[5]int]int{}, keys: map[string]int{}, defaults: map[string]int{}, types: map[scopedType]int{}, atomic: facts.atomic,
	}
	names := map[string]int{}
	for i, t := range facts.types {
		e.types[t.scopedType] = i
		for _, f := range t.fields {
			names[f.name] = 0
		}
	}
	for name := range names {
		e.table.Names = append(e.table.Names, name)
	}
	sort.Strings(e.table.Names)
	for i, name := range e.table.Names {
		names[name] = i
	}
	for _, t := range facts.types {
		row := make([]int, 0, 2*len(t.fields))
		for _, f := range t.fields {
			row = append(row, names[f.name], e.field(f, t.scope))
		}
		e.table.Types = append(e.table.Types, row)
	}
	for _, kind := range facts.kinds {
		apiVersion, name := kind.gvk.ToAPIVersionAndKind()
		root := e.node([5]int{int(kindObject), e.typeIndex(kind.goType, scopeOf(kind)), 0, 0, 0})
		e.table.Kinds = append(e.table.Kinds, []any{apiVersion, name, root})
	}
	// As a Rust client sees it: the list is searched by these two in byte order.
	sort.Slice(e.table.Kinds, func(i, j int) bool {
		a, b := e.table.Kinds[i], e.table.Kinds[j]
		if a[0] != b[0] {
			return a[0].(string) < b[0].(string)
		}
		return a[1].(string) < b[1].(string)
	})
	var out bytes.Buffer
	writer := json.NewEncoder(&out)
	writer.SetEscapeHTML(false)
	if err := writer.Encode(e.table); err != nil {
		return nil, fmt.Errorf("encoding the table: %w", err)
	}
	return out.Bytes(), nil
}

// typeIndex finds a type in its scope, or the one that is the same everywhere.
func (e *encoder) typeIndex(goType reflect.Type, in scope) int {
	if index, ok := e.types[scopedType{goType, in}]; ok {
		return index
	}
	return e.types[scopedType{goType, anywhere}]
}

func (e *encoder) field(f fact, in scope) int {
	child := 0
	switch f.shape.kind {
	case kindObject:
		child = e.typeIndex(f.shape.object, in)
	case kindList, kindMap:
		child = e.plain(f.shape.element, in)
	}
	flags := 0
	if !f.pointer {
		flags |= flagZeroDropped
	}
	if f.filled {
		flags |= flagServerDefaulted
	}
	if f.ownedWhole {
		flags |= flagAtomic
	}
	if f.list.unordered {
		flags |= flagUnordered
	}
	for flag, is := range map[int]bool{
		flagPatchMerge: f.patch.merge, flagPatchReplace: f.patch.replace, flagPatchRetainKeys: f.patch.retainKeys,
	} {
		if is {
			flags |= flag
		}
	}
	list := 0
	if f.list.set {
		list = 1
	} else if len(f.list.keys) > 0 {
		joined, _ := json.Marshal(f.list.keys)
		index, known := e.keys[string(joined)]
		if !known {
			index = len(e.table.Keys)
			e.keys[string(joined)] = index
			e.table.Keys = append(e.table.Keys, f.list.keys)
		}
		list = 2 + index
	}
	value := 0
	if f.value != nil {
		index, known := e.defaults[string(f.value)]
		if !known {
			index = len(e.table.Defaults)
			e.defaults[string(f.value)] = index
			e.table.Defaults = append(e.table.Defaults, f.value)
		}
		value = 1 + index
	}
	return e.node([5]int{int(f.shape.kind), child, list, flags, value})
}

// plain encodes an element of a list or a value of a map: there, every zero is meant.
func (e *encoder) plain(s *shape, in scope) int {
	return e.field(fact{shape: s, pointer: true, ownedWhole: s.kind == kindObject && e.atomic[s.object]}, in)
}

func (e *encoder) node(node [5]int) int {
	index, known := e.nodes[node]
	if !known {
		index = len(e.nodes)
		e.nodes[node] = index
		e.table.Nodes = append(e.table.Nodes, node[:]...)
	}
	return index
}
