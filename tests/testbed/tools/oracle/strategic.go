package main

import (
	"encoding/json"
	"fmt"
	"reflect"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensionsv1beta1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
)

// rounds is how often each question is asked: Go's maps have no order, so that some patches have several results.
const rounds = 6

// native is Helm's scheme (Helm: pkg/kube/converter.go, kubernetesNativeScheme).
var native = func() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientscheme.AddToScheme, apiextensionsv1beta1.AddToScheme, apiextensionsv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
	return scheme
}()

// clientWrite is one write with a patch that Helm computes.
type clientWrite struct {
	Old  json.RawMessage `json:"old"`
	New  json.RawMessage `json:"new"`
	Live json.RawMessage `json:"live"`
}

// patched is what becomes of the live object.
type patched struct {
	Way    string          `json:"way,omitempty"` // strategic or json
	Patch  json.RawMessage `json:"patch,omitempty"`
	Object json.RawMessage `json:"object,omitempty"`
	Error  string          `json:"error,omitempty"`
	// Whether the answer depends on the order in which Go walks a map.
	Unstable bool `json:"unstable,omitempty"`
}

// strategic answers what Helm's patch makes of an object.
func strategic(line json.RawMessage) any {
	var write clientWrite
	if err := json.Unmarshal(line, &write); err != nil {
		return patched{Error: err.Error()}
	}
	first := write.patched()
	for range rounds - 1 {
		again := write.patched()
		if first.Error != "" && again.Error != "" {
			continue
		}
		if !reflect.DeepEqual(first, again) {
			return patched{Unstable: true}
		}
	}
	return first
}

// patched makes the patch and applies it. Where apimachinery panics, so does Helm.
func (write clientWrite) patched() (answer patched) {
	defer func() {
		if reason := recover(); reason != nil {
			answer = patched{Error: fmt.Sprint("panic: ", reason)}
		}
	}()
	answer, err := write.make()
	if err != nil {
		return patched{Error: err.Error()}
	}
	return answer
}

func (write clientWrite) make() (patched, error) {
	// Helm reads manifests and live objects into unstructured ones and writes these as JSON again.
	oldData, err := reread(write.Old)
	if err != nil {
		return patched{}, err
	}
	newData, err := reread(write.New)
	if err != nil {
		return patched{}, err
	}
	liveData, err := reread(write.Live)
	if err != nil {
		return patched{}, err
	}
	typed := versioned(newData)
	if _, isOldCRD := typed.(*apiextensionsv1beta1.CustomResourceDefinition); typed == nil || isOldCRD {
		patch, err := jsonpatch.CreateMergePatch(oldData, newData)
		if err != nil {
			return patched{}, err
		}
		object, err := jsonpatch.MergePatch(liveData, patch)
		return patched{Way: "json", Patch: patch, Object: object}, err
	}
	meta, err := strategicpatch.NewPatchMetaFromStruct(typed)
	if err != nil {
		return patched{}, err
	}
	patch, err := strategicpatch.CreateThreeWayMergePatch(oldData, newData, liveData, meta, true)
	if err != nil {
		return patched{}, err
	}
	// As the API server applies it (apiserver: pkg/endpoints/handlers/patch.go, strategicPatchObject). It makes the map
	// of a typed object, of which no slice has room for more.
	live, patchMap := map[string]any{}, map[string]any{}
	if err := utiljson.Unmarshal(liveData, &live); err != nil {
		return patched{}, err
	}
	if err := utiljson.Unmarshal(patch, &patchMap); err != nil {
		return patched{}, err
	}
	merged, err := strategicpatch.StrategicMergeMapPatch(runtime.DeepCopyJSON(live), patchMap, typed)
	if err != nil {
		return patched{}, err
	}
	object, err := json.Marshal(merged)
	return patched{Way: "strategic", Patch: patch, Object: object}, err
}

func reread(data json.RawMessage) ([]byte, error) {
	var object unstructured.Unstructured
	if err := object.UnmarshalJSON(data); err != nil {
		return nil, err
	}
	return object.MarshalJSON()
}

// versioned converts an object to its Go type; nil where Helm goes on without one.
func versioned(data []byte) runtime.Object {
	var object unstructured.Unstructured
	if err := object.UnmarshalJSON(data); err != nil {
		return nil
	}
	converted, err := runtime.ObjectConvertor(native).ConvertToVersion(&object, object.GroupVersionKind().GroupVersion())
	if err != nil {
		return nil
	}
	return converted
}
