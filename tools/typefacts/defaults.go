package main

import (
	"encoding/json"
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/kubernetes/pkg/api/legacyscheme"

	// Each registers its group's defaulting and conversion functions, as the API server does.
	_ "k8s.io/kubernetes/pkg/apis/admissionregistration/install"
	_ "k8s.io/kubernetes/pkg/apis/apiserverinternal/install"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/certificates/install"
	_ "k8s.io/kubernetes/pkg/apis/coordination/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/discovery/install"
	_ "k8s.io/kubernetes/pkg/apis/events/install"
	_ "k8s.io/kubernetes/pkg/apis/extensions/install"
	_ "k8s.io/kubernetes/pkg/apis/flowcontrol/install"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/node/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
	_ "k8s.io/kubernetes/pkg/apis/resource/install"
	_ "k8s.io/kubernetes/pkg/apis/scheduling/install"
	_ "k8s.io/kubernetes/pkg/apis/storage/install"
	_ "k8s.io/kubernetes/pkg/apis/storagemigration/install"
)

// place is a field of a type, wherever in its scope that type is used.
type place struct {
	scopedType
	name string
}

// fill is what the server was seen to put there.
type fill struct {
	values map[string]bool // distinct values, as JSON
	varies bool            // a value that cannot be stated
}

// fills are all observed fills.
type fills struct {
	seen map[place]*fill
}

func (f *fills) add(at place, value json.RawMessage) {
	entry := f.seen[at]
	if entry == nil {
		entry = &fill{values: map[string]bool{}}
		f.seen[at] = entry
	}
	if value == nil {
		entry.varies = true
	} else {
		entry.values[string(value)] = true
	}
}

// of says whether a field is filled, and the value if it is the same in every observation.
func (f *fills) of(at place) (bool, json.RawMessage) {
	entry := f.seen[at]
	if entry == nil {
		return false, nil
	}
	if len(entry.values) == 1 && !entry.varies {
		for value := range entry.values {
			return true, json.RawMessage(value)
		}
	}
	return true, nil
}

// A variant is one object that is given to the server's functions: everything optional populated with zero
// leaves, but for one field. Defaults that depend on another field show in some variant.
type variant struct {
	at     place
	set    func(reflect.Value) // nil: leave the field out
	sparse bool                // leave out every pointer
	bare   bool                // leave out everything
}

// observeDefaults runs what the API server runs on a manifest before its registries and admission plugins:
// the defaulting functions, then the conversion to the internal version and back.
func observeDefaults(kinds []rootKind, published definitions) *fills {
	found := &fills{seen: map[place]*fill{}}
	extra := extraScheme()
	tried := map[place]int{}
	for _, kind := range kinds {
		scheme := legacyscheme.Scheme
		if !scheme.Recognizes(kind.gvk) {
			scheme = extra
		}
		if !scheme.Recognizes(kind.gvk) {
			continue // client-go still knows it, this server does not
		}
		run := func(v variant) {
			before, after := build(kind.goType, v), build(kind.goType, v)
			after = serve(scheme, kind.gvk, after)
			found.compare(scopeOf(kind), reflect.ValueOf(before).Elem(), reflect.ValueOf(after).Elem())
		}
		run(variant{})
		run(variant{sparse: true})
		run(variant{bare: true})
		for _, at := range places(kind) {
			// A type that many kinds embed (a pod) gives the same answers in each of them.
			if tried[at.place]++; tried[at.place] > 3 {
				continue
			}
			for _, set := range settings(at.field, published.enumOf(at.goType, at.field)) {
				run(variant{at: at.place, set: set})
				run(variant{at: at.place, set: set, sparse: true})
			}
		}
	}
	return found
}

// serve defaults and converts there and back. Populating everything makes some objects that no conversion
// accepts; the defaulted one has to do then.
func serve(scheme *runtime.Scheme, gvk schema.GroupVersionKind, object runtime.Object) (served runtime.Object) {
	scheme.Default(object)
	served = object
	defer func() { _ = recover() }()
	internal, err := scheme.ConvertToVersion(object.DeepCopyObject(), runtime.InternalGroupVersioner)
	if err != nil {
		return object
	}
	back, err := scheme.ConvertToVersion(internal, gvk.GroupVersion())
	if err != nil || reflect.TypeOf(back) != reflect.TypeOf(object) {
		return object
	}
	// The conversion stamps the version and kind that it was asked for.
	back.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{})
	return back
}

type placedField struct {
	place
	field field
}

// places lists the fields in and under a kind, every type once; metadata and status have no defaulting.
func places(root rootKind) []placedField {
	in := scopeOf(root)
	var found []placedField
	seen := map[reflect.Type]bool{objectMeta: true}
	var visit func(reflect.Type)
	visit = func(structType reflect.Type) {
		if seen[structType] {
			return
		}
		seen[structType] = true
		for _, f := range fieldsOf(structType) {
			if skipped(structType, f) {
				continue
			}
			found = append(found, placedField{place{scopedType{structType, in}, f.name}, f})
			if s := shapeOf(f.goType).innermost(); s.kind == kindObject {
				visit(s.object)
			}
		}
	}
	visit(root.goType)
	return found
}

func skipped(structType reflect.Type, f field) bool {
	return f.owner == typeMeta || f.goType == objectMeta || f.name == "status"
}

// settings are the values worth trying in a field: each enum value, both of two plain values (so that a copy of
// one into another field is not taken for a constant), and nothing.
func settings(f field, enum []string) []func(reflect.Value) {
	var all []func(reflect.Value)
	try := func(set func(reflect.Value)) {
		all = append(all, func(v reflect.Value) {
			if v.Kind() == reflect.Pointer {
				v.Set(reflect.New(v.Type().Elem()))
				v = v.Elem()
			}
			set(v)
		})
	}
	s := shapeOf(f.goType)
	switch s.kind {
	case kindString:
		if len(enum) == 0 {
			enum = []string{"example.org/a", "example.org/b:1"}
		}
		for _, value := range enum {
			try(func(v reflect.Value) { v.SetString(value) })
		}
	case kindBoolean:
		try(func(v reflect.Value) { v.SetBool(true) })
	case kindInteger:
		for _, value := range []int64{7, 8} {
			try(func(v reflect.Value) { v.SetInt(value) })
		}
	case kindQuantity:
		for _, value := range []string{"7", "8"} {
			try(func(v reflect.Value) { v.Set(reflect.ValueOf(resource.MustParse(value))) })
		}
	case kindIntOrString:
		for _, value := range []int32{7, 8} {
			try(func(v reflect.Value) { v.Set(reflect.ValueOf(intstr.FromInt32(value))) })
		}
	case kindMap:
		for _, key := range []string{"cpu", "memory"} {
			try(func(v reflect.Value) {
				value := reflect.New(v.Type().Elem()).Elem()
				switch s.element.kind {
				case kindQuantity:
					value.Set(reflect.ValueOf(resource.MustParse("7")))
				case kindString:
					value.SetString(key)
				}
				v.Set(reflect.MakeMap(v.Type()))
				v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), value)
			})
		}
	case kindList:
		if s.element.kind == kindString {
			for _, value := range []string{"a", "b"} {
				try(func(v reflect.Value) {
					v.Set(reflect.MakeSlice(v.Type(), 1, 1))
					v.Index(0).SetString(value)
				})
			}
		}
		all = append(all, nil)
	case kindObject:
		all = append(all, nil)
	case kindAny, kindNumber, kindBytes, kindTime, kindMicroTime, kindDuration:
	}
	return all
}

func build(goType reflect.Type, v variant) runtime.Object {
	object := reflect.New(goType)
	if !v.bare {
		populate(object.Elem(), v, nil)
	}
	return object.Interface().(runtime.Object)
}

func populate(value reflect.Value, v variant, within []reflect.Type) {
	structType := value.Type()
	depth := 0
	for _, outer := range within {
		if outer == structType {
			depth++
		}
	}
	if depth > 1 {
		return // JSONSchemaProps holds itself
	}
	within = append(within, structType)
	for _, f := range fieldsOf(structType) {
		if skipped(structType, f) {
			continue
		}
		target := value.FieldByIndex(f.index)
		if v.at.goType == structType && v.at.name == f.name {
			if v.set != nil {
				v.set(target)
			}
			continue
		}
		if f.pointer && v.sparse {
			continue
		}
		populateValue(target, v, within)
	}
}

func populateValue(target reflect.Value, v variant, within []reflect.Type) {
	inner := target.Type()
	if inner.Kind() == reflect.Pointer {
		inner = inner.Elem()
	}
	if _, isLeaf := leaves[inner]; isLeaf || standIns[inner] != nil {
		return
	}
	switch target.Kind() {
	case reflect.Struct:
		populate(target, v, within)
	case reflect.Pointer:
		if inner.Kind() != reflect.Struct || contains(within, inner) {
			return
		}
		target.Set(reflect.New(inner))
		populate(target.Elem(), v, within)
	case reflect.Slice:
		if shapeOf(target.Type()).kind != kindList || shapeOf(target.Type().Elem()).kind != kindObject || contains(within, target.Type().Elem()) {
			return
		}
		target.Set(reflect.MakeSlice(target.Type(), 1, 1))
		populateValue(target.Index(0), v, within)
	case reflect.Map:
		if shapeOf(target.Type().Elem()).kind != kindObject || contains(within, target.Type().Elem()) {
			return
		}
		entry := reflect.New(target.Type().Elem()).Elem()
		populateValue(entry, v, within)
		target.Set(reflect.MakeMap(target.Type()))
		target.SetMapIndex(reflect.ValueOf("key").Convert(target.Type().Key()), entry)
	}
}

func contains(types []reflect.Type, wanted reflect.Type) bool {
	for _, t := range types {
		if t == wanted {
			return true
		}
	}
	return false
}

// compare records the fields of a struct that were zero before and are not after.
func (f *fills) compare(in scope, before, after reflect.Value) {
	structType := before.Type()
	if _, isLeaf := leaves[structType]; isLeaf {
		return
	}
	for _, declared := range fieldsOf(structType) {
		if declared.goType == objectMeta || declared.name == "status" || structType == typeMeta {
			continue
		}
		f.compareValue(place{scopedType{structType, in}, declared.name}, before.FieldByIndex(declared.index), after.FieldByIndex(declared.index))
	}
}

func (f *fills) compareValue(at place, before, after reflect.Value) {
	if isNothing(after) {
		return
	}
	switch {
	case before.Kind() == reflect.Struct && shapeOf(before.Type()).kind == kindObject && standIns[before.Type()] == nil:
		f.compare(at.scope, before, after)
	case isNothing(before):
		if kind := shapeOf(after.Type()).kind; kind == kindTime || kind == kindMicroTime {
			f.add(at, nil) // the present
			return
		}
		value, err := json.Marshal(after.Interface())
		if err != nil {
			panic(fmt.Sprintf("%s.%s: %v", at.goType, at.name, err))
		}
		f.add(at, value)
	case before.Kind() == reflect.Pointer:
		f.compareValue(at, before.Elem(), after.Elem())
	case before.Kind() == reflect.Slice:
		for i := range min(before.Len(), after.Len()) {
			if shapeOf(before.Type().Elem()).kind == kindObject {
				f.compareValue(at, before.Index(i), after.Index(i))
			}
		}
	case before.Kind() == reflect.Map:
		for _, key := range after.MapKeys() {
			old := before.MapIndex(key)
			if !old.IsValid() {
				f.add(at, nil)
			} else if shapeOf(before.Type().Elem()).kind == kindObject {
				f.compareValue(at, old, after.MapIndex(key))
			}
		}
	}
}

// isNothing reports whether encoding/json would leave the value out, or write it as nothing.
func isNothing(value reflect.Value) bool {
	switch value.Kind() {
	case reflect.Slice, reflect.Map:
		return value.Len() == 0
	case reflect.Struct:
		if quantity, ok := value.Interface().(resource.Quantity); ok {
			return quantity.IsZero()
		}
		if standIns[value.Type()] == nil && shapeOf(value.Type()).kind == kindObject {
			return false
		}
	}
	return value.IsZero()
}
