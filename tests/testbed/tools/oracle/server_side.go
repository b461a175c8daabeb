package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// history is what happened to one object, and the apply that is asked for.
type history struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// The OpenAPI v3 document of a custom resource.
	OpenAPI json.RawMessage `json:"openapi,omitempty"`
	// Whether there is no schema at all.
	Deduced bool    `json:"deduced,omitempty"`
	Writes  []write `json:"writes"`
	// Whether the client-side fields of the manager become those of its applies before the last write.
	Takeover bool  `json:"takeover,omitempty"`
	Last     write `json:"last"`
}

// write is a request: "apply", "update" with a whole object, "merge" with a JSON merge patch, or "forget", which clears
// the managed fields.
type write struct {
	Does        string         `json:"does"`
	Manager     string         `json:"manager"`
	Subresource string         `json:"subresource,omitempty"`
	Force       bool           `json:"force,omitempty"`
	Object      map[string]any `json:"object,omitempty"`
}

// applied is the live object before the last write, and what that write makes of it.
type applied struct {
	Live      map[string]any `json:"live,omitempty"`
	Object    map[string]any `json:"object,omitempty"`
	Conflicts []conflict     `json:"conflicts,omitempty"`
	Error     string         `json:"error,omitempty"`
}

type conflict struct {
	Path    string `json:"path"`
	Manager string `json:"manager"`
}

// serverSide answers what a server-side apply makes of an object, after everything that happened to it.
func serverSide(line json.RawMessage) any {
	var asked history
	if err := json.Unmarshal(line, &asked); err != nil {
		return applied{Error: err.Error()}
	}
	converter, err := asked.converter()
	if err != nil {
		return applied{Error: err.Error()}
	}
	live := map[string]any{"apiVersion": asked.APIVersion, "kind": asked.Kind}
	for _, write := range asked.Writes {
		// A write that fails is one that did not happen.
		if object, err := write.make(converter, live); err == nil {
			live = object
		}
	}
	before := runtime.DeepCopyJSON(live)
	if asked.Takeover {
		object := &unstructured.Unstructured{Object: live}
		if err := csaupgrade.UpgradeManagedFields(object, sets.New(asked.Last.Manager), asked.Last.Manager); err != nil {
			return applied{Live: before, Error: err.Error()}
		}
		live = object.Object
	}
	object, err := asked.Last.make(converter, live)
	var status *apierrors.StatusError
	switch {
	case err == nil:
		unstructured.RemoveNestedField(object, "metadata", "managedFields")
		return applied{Live: before, Object: object}
	case errors.As(err, &status) && apierrors.IsConflict(err):
		var conflicts []conflict
		for _, cause := range status.ErrStatus.Details.Causes {
			conflicts = append(conflicts, conflict{cause.Field, strings.TrimPrefix(cause.Message, "conflict with ")})
		}
		return applied{Live: before, Conflicts: conflicts}
	default:
		return applied{Live: before, Error: err.Error()}
	}
}

func (w write) make(converter managedfields.TypeConverter, live map[string]any) (map[string]any, error) {
	old := &unstructured.Unstructured{Object: runtime.DeepCopyJSON(live)}
	manager, err := managedfields.NewDefaultFieldManager(
		converter, same{}, same{}, same{}, old.GroupVersionKind(), old.GroupVersionKind().GroupVersion(), w.Subresource, nil)
	if err != nil {
		return nil, err
	}
	var made runtime.Object
	switch w.Does {
	case "apply":
		made, err = manager.Apply(old, &unstructured.Unstructured{Object: w.Object}, w.Manager, w.Force)
	case "update", "merge":
		object := runtime.DeepCopyJSON(w.Object)
		if w.Does == "merge" {
			object = mergePatch(runtime.DeepCopyJSON(live), object).(map[string]any)
		} else if fields, found, _ := unstructured.NestedFieldCopy(live, "metadata", "managedFields"); found {
			_ = unstructured.SetNestedField(object, fields, "metadata", "managedFields")
		}
		made, err = manager.Update(old, &unstructured.Unstructured{Object: object}, w.Manager)
	case "forget":
		unstructured.RemoveNestedField(old.Object, "metadata", "managedFields")
		made = old
	default:
		err = fmt.Errorf("unknown write %q", w.Does)
	}
	if err != nil {
		return nil, err
	}
	object := made.(*unstructured.Unstructured).Object
	// Through JSON, as every object that a client reads.
	text, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	read := &unstructured.Unstructured{}
	if err := read.UnmarshalJSON(text); err != nil {
		return nil, err
	}
	if fields := read.GetManagedFields(); fields != nil {
		// Times differ from run to run, and mean nothing here.
		for at := range fields {
			fields[at].Time = nil
		}
		// Nor does their order, which follows from the times.
		slices.SortFunc(fields, func(a, b metav1.ManagedFieldsEntry) int {
			return cmp.Or(cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Manager, b.Manager),
				cmp.Compare(a.Subresource, b.Subresource), cmp.Compare(a.APIVersion, b.APIVersion))
		})
		read.SetManagedFields(fields)
	}
	return read.Object, nil
}

// mergePatch is RFC 7396.
func mergePatch(target, patch any) any {
	fields, isObject := patch.(map[string]any)
	if !isObject {
		return patch
	}
	out, isObject := target.(map[string]any)
	if !isObject {
		out = map[string]any{}
	}
	for name, value := range fields {
		if value == nil {
			delete(out, name)
		} else {
			out[name] = mergePatch(out[name], value)
		}
	}
	return out
}

// same converts, defaults and creates nothing: the oracle is asked about the merge.
type same struct{}

func (same) Convert(any, any, any) error { return errors.New("not used") }
func (same) ConvertToVersion(in runtime.Object, _ runtime.GroupVersioner) (runtime.Object, error) {
	return in, nil
}
func (same) ConvertFieldLabel(schema.GroupVersionKind, string, string) (string, string, error) {
	return "", "", errors.New("not used")
}
func (same) Default(runtime.Object) {}
func (same) New(kind schema.GroupVersionKind) (runtime.Object, error) {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kind)
	return object, nil
}

var converters sync.Map

// converter makes the schemas as the API server does: of the OpenAPI documents of its built-in kinds, which are in the
// folder that ORACLE_OPENAPI names, or of that of a custom resource.
func (h history) converter() (managedfields.TypeConverter, error) {
	if h.Deduced {
		return managedfields.NewDeducedTypeConverter(), nil
	}
	key := string(h.OpenAPI)
	if known, ok := converters.Load(key); ok {
		return known.(managedfields.TypeConverter), nil
	}
	definitions := map[string]*spec.Schema{}
	files, err := filepath.Glob(filepath.Join(os.Getenv("ORACLE_OPENAPI"), "*.json"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no OpenAPI documents in ORACLE_OPENAPI: %w", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if err := addDefinitions(definitions, text); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	if len(h.OpenAPI) > 0 {
		for name := range definitions {
			if !strings.HasPrefix(name, "io.k8s.apimachinery.") {
				delete(definitions, name)
			}
		}
		if err := addDefinitions(definitions, h.OpenAPI); err != nil {
			return nil, err
		}
	}
	converter, err := managedfields.NewTypeConverter(definitions, false)
	if err == nil {
		converters.Store(key, converter)
	}
	return converter, err
}

func addDefinitions(to map[string]*spec.Schema, text []byte) error {
	var document struct {
		Components struct {
			Schemas map[string]*spec.Schema `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		return err
	}
	for name, definition := range document.Components.Schemas {
		to[name] = definition
	}
	return nil
}
