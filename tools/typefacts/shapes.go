package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensionsv1beta1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	apiregistrationinstall "k8s.io/kube-aggregator/pkg/apis/apiregistration/install"

	apiextensionsinstall "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
)

// valueKind is what a value is in JSON, finer than JSON's own types where Kubernetes compares them in
// its own way. The numbers are the table's encoding; the Rust side knows the same list.
type valueKind int

const (
	kindAny valueKind = iota
	kindString
	kindInteger
	kindNumber
	kindBoolean
	kindQuantity
	kindIntOrString
	kindBytes
	kindTime
	kindMicroTime
	kindDuration
	kindObject
	kindMap
	kindList
)

var kindNames = []string{
	"any", "string", "integer", "number", "boolean", "quantity", "int-or-string", "bytes", "time", "micro-time",
	"duration", "object", "map", "list",
}

// leaves are the types with a JSON form of their own (MarshalJSON); everything else is walked.
var leaves = map[reflect.Type]valueKind{
	reflect.TypeFor[metav1.Time]():                                       kindTime,
	reflect.TypeFor[metav1.MicroTime]():                                  kindMicroTime,
	reflect.TypeFor[metav1.Duration]():                                   kindDuration,
	reflect.TypeFor[metav1.FieldsV1]():                                   kindAny,
	reflect.TypeFor[intstr.IntOrString]():                                kindIntOrString,
	reflect.TypeFor[resource.Quantity]():                                 kindQuantity,
	reflect.TypeFor[runtime.RawExtension]():                              kindAny,
	reflect.TypeFor[apiextensionsv1.JSON]():                              kindAny,
	reflect.TypeFor[apiextensionsv1beta1.JSON]():                         kindAny,
	reflect.TypeFor[apiextensionsv1.JSONSchemaPropsOrStringArray]():      kindAny,
	reflect.TypeFor[apiextensionsv1beta1.JSONSchemaPropsOrStringArray](): kindAny,
}

// standIns are written as another type, or as a plain boolean or list; the object form is the one with facts.
var standIns = map[reflect.Type]reflect.Type{
	reflect.TypeFor[apiextensionsv1.JSONSchemaPropsOrBool]():       reflect.TypeFor[apiextensionsv1.JSONSchemaProps](),
	reflect.TypeFor[apiextensionsv1.JSONSchemaPropsOrArray]():      reflect.TypeFor[apiextensionsv1.JSONSchemaProps](),
	reflect.TypeFor[apiextensionsv1beta1.JSONSchemaPropsOrBool]():  reflect.TypeFor[apiextensionsv1beta1.JSONSchemaProps](),
	reflect.TypeFor[apiextensionsv1beta1.JSONSchemaPropsOrArray](): reflect.TypeFor[apiextensionsv1beta1.JSONSchemaProps](),
}

// plainJSON marshal themselves only to write plain objects faster or to keep a field order.
var plainJSON = map[reflect.Type]bool{
	reflect.TypeFor[apiextensionsv1.JSONSchemaProps]():      true,
	reflect.TypeFor[apiextensionsv1beta1.JSONSchemaProps](): true,
}

var (
	typeMeta   = reflect.TypeFor[metav1.TypeMeta]()
	objectMeta = reflect.TypeFor[metav1.ObjectMeta]()
	marshaler  = reflect.TypeFor[json.Marshaler]()
)

// shape is what is known of a value wherever it stands.
type shape struct {
	kind    valueKind
	object  reflect.Type // of kindObject
	element *shape       // of kindMap and kindList
}

// field is one JSON field of a struct, inlined structs flattened.
type field struct {
	name    string
	index   []int
	goType  reflect.Type
	tag     reflect.StructTag
	pointer bool
	owner   reflect.Type // the struct that declares it, which may be inlined into another
}

// rootKind is one kind that a manifest may hold.
type rootKind struct {
	gvk    schema.GroupVersionKind
	goType reflect.Type
}

// neverInManifests are groups of requests that look like objects: the server answers and forgets them.
var neverInManifests = map[string]bool{"authentication.k8s.io": true, "authorization.k8s.io": true, "imagepolicy.k8s.io": true}

// neverKinds are subresources that are registered beside the kinds.
var neverKinds = map[string]bool{
	"Binding": true, "Eviction": true, "PodStatusResult": true, "RangeAllocation": true, "Scale": true,
	"SerializedReference": true, "ComponentStatus": true,
}

// retired are versions that current Go types no longer hold, with the version that has the same fields. Servers up to
// Kubernetes 1.25 serve them, and manifests name them still.
var retired = map[schema.GroupVersionKind]schema.GroupVersionKind{
	{Group: "autoscaling", Version: "v2beta2", Kind: "HorizontalPodAutoscaler"}: {Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler"},
}

// clientScheme holds every kind that Go clients can read, old versions too, plus CRDs and APIServices.
func clientScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	must(clientscheme.AddToScheme(scheme))
	must(apiextensionsv1.AddToScheme(scheme))
	must(apiextensionsv1beta1.AddToScheme(scheme))
	apiregistrationinstall.Install(scheme)
	return scheme
}

// extraSchemes default the kinds that the API server's main scheme does not hold.
func extraScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	apiextensionsinstall.Install(scheme)
	apiregistrationinstall.Install(scheme)
	return scheme
}

func rootKinds(scheme *runtime.Scheme) []rootKind {
	var kinds []rootKind
	known := scheme.AllKnownTypes()
	for old, current := range retired {
		known[old] = known[current]
	}
	for gvk, goType := range known {
		if gvk.Version == runtime.APIVersionInternal || neverInManifests[gvk.Group] || neverKinds[gvk.Kind] {
			continue
		}
		meta, hasMeta := goType.FieldByName("ObjectMeta")
		if !hasMeta || meta.Type != objectMeta {
			continue
		}
		kinds = append(kinds, rootKind{gvk, goType})
	}
	sort.Slice(kinds, func(i, j int) bool { return kinds[i].gvk.String() < kinds[j].gvk.String() })
	return kinds
}

// fieldsOf lists a struct's JSON fields as encoding/json sees them.
func fieldsOf(structType reflect.Type) []field {
	var fields []field
	for i := range structType.NumField() {
		declared := structType.Field(i)
		tag, hasTag := declared.Tag.Lookup("json")
		name, _, _ := strings.Cut(tag, ",")
		if name == "-" || !declared.IsExported() {
			continue
		}
		if declared.Anonymous && name == "" {
			for _, inner := range fieldsOf(declared.Type) {
				inner.index = append([]int{i}, inner.index...)
				fields = append(fields, inner)
			}
			continue
		}
		if !hasTag || name == "" {
			panic(fmt.Sprintf("%s.%s has no JSON name", structType, declared.Name))
		}
		fields = append(fields, field{
			name: name, index: []int{i}, goType: declared.Type, tag: declared.Tag,
			pointer: declared.Type.Kind() == reflect.Pointer, owner: structType,
		})
	}
	sort.Slice(fields, func(i, j int) bool { return fields[i].name < fields[j].name })
	return fields
}

// shapeOf says what JSON a Go type is written as.
func shapeOf(goType reflect.Type) *shape {
	if goType.Kind() == reflect.Pointer {
		goType = goType.Elem()
	}
	if kind, ok := leaves[goType]; ok {
		return &shape{kind: kind}
	}
	if standIn, ok := standIns[goType]; ok {
		return &shape{kind: kindObject, object: standIn}
	}
	if (goType.Implements(marshaler) || reflect.PointerTo(goType).Implements(marshaler)) && !plainJSON[goType] {
		panic(fmt.Sprintf("%s marshals itself: add it to leaves, standIns or plainJSON", goType))
	}
	switch goType.Kind() {
	case reflect.String:
		return &shape{kind: kindString}
	case reflect.Bool:
		return &shape{kind: kindBoolean}
	case reflect.Float32, reflect.Float64:
		return &shape{kind: kindNumber}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return &shape{kind: kindInteger}
	case reflect.Slice:
		if goType.Elem().Kind() == reflect.Uint8 {
			return &shape{kind: kindBytes}
		}
		return &shape{kind: kindList, element: shapeOf(goType.Elem())}
	case reflect.Map:
		return &shape{kind: kindMap, element: shapeOf(goType.Elem())}
	case reflect.Struct:
		return &shape{kind: kindObject, object: goType}
	case reflect.Interface:
		return &shape{kind: kindAny}
	}
	panic(fmt.Sprintf("%s: no JSON form known", goType))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
