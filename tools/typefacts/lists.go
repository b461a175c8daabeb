package main

import (
	"reflect"
	"strings"

	apiextensionsopenapi "k8s.io/apiextensions-apiserver/pkg/generated/openapi"
	aggregatoropenapi "k8s.io/kube-aggregator/pkg/generated/openapi"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/util"
	"k8s.io/kube-openapi/pkg/validation/spec"
	kubernetesopenapi "k8s.io/kubernetes/pkg/generated/openapi"
)

// definitions are the OpenAPI definitions by model name, as the API server publishes them.
type definitions map[string]common.OpenAPIDefinition

func openAPIDefinitions() definitions {
	ref := func(path string) spec.Ref { return spec.MustCreateRef("#/" + path) }
	all := definitions{}
	for _, source := range []common.GetOpenAPIDefinitions{
		aggregatoropenapi.GetOpenAPIDefinitions,
		apiextensionsopenapi.GetOpenAPIDefinitions,
		kubernetesopenapi.GetOpenAPIDefinitions,
	} {
		for name, definition := range source(ref) {
			all[name] = definition
		}
	}
	return all
}

// of finds the definition of a Go type, or an empty one: retired versions are not published any more.
func (d definitions) of(goType reflect.Type) spec.Schema {
	if named, ok := reflect.Zero(goType).Interface().(util.OpenAPIModelNamer); ok {
		if definition, ok := d[named.OpenAPIModelName()]; ok {
			return definition.Schema
		}
	}
	return d[goType.PkgPath()+"."+goType.Name()].Schema
}

// listKind says how the API server merges a list, and thereby which elements are "the same".
type listKind struct {
	set       bool
	unordered bool     // atomic, but the order means nothing
	keys      []string // of a map list, sorted by importance as declared; of an unordered list, the fields that identify its elements
}

// listOf prefers the list type of server-side apply; where a list has none, strategic merge patch decides:
// patchStrategy merge with a key is a map, without a key (finalizers) a set.
func (d definitions) listOf(structType reflect.Type, f field) listKind {
	property, published := d.of(structType).Properties[f.name]
	if !published {
		property = d.of(f.owner).Properties[f.name]
	}
	if listType, ok := property.Extensions.GetString("x-kubernetes-list-type"); ok {
		switch listType {
		case "set":
			return listKind{set: true}
		case "map":
			keys, _ := property.Extensions.GetStringSlice("x-kubernetes-list-map-keys")
			return listKind{keys: keys}
		default:
			return listKind{}
		}
	}
	if !strings.Contains(f.tag.Get("patchStrategy"), "merge") {
		return listKind{}
	}
	if key := f.tag.Get("patchMergeKey"); key != "" {
		return listKind{keys: []string{key}}
	}
	return listKind{set: true}
}

// ownedWhole reports whether managed fields name this object or map only as a whole (map type atomic). A field may say
// so otherwise than its type: the claimRef of a volume is granular, and object references are atomic.
func (d definitions) ownedWhole(structType reflect.Type, f field) bool {
	for _, goType := range []reflect.Type{structType, f.owner} {
		if mapType := mapTypeOf(d.of(goType).Properties[f.name]); mapType != "" {
			return mapType == "atomic"
		}
	}
	s := shapeOf(f.goType)
	return s.kind == kindObject && isAtomic(d.of(s.object))
}

func isAtomic(s spec.Schema) bool {
	return mapTypeOf(s) == "atomic"
}

func mapTypeOf(s spec.Schema) string {
	mapType, _ := s.Extensions.GetString("x-kubernetes-map-type")
	return mapType
}

// enumOf lists the values that a string field may take, as far as the definitions tell.
func (d definitions) enumOf(structType reflect.Type, f field) []string {
	property, published := d.of(structType).Properties[f.name]
	if !published {
		property = d.of(f.owner).Properties[f.name]
	}
	var values []string
	for _, value := range property.Enum {
		if text, ok := value.(string); ok && text != "" {
			values = append(values, text)
		}
	}
	return values
}
