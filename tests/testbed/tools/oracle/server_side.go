package main

import (
	"encoding/json"

	"k8s.io/apimachinery/pkg/util/managedfields/managedfieldstest"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
)

// serverSide answers what a server-side apply makes of an object.
func serverSide(json.RawMessage) any {
	converter := applyconfigurations.NewTypeConverter(scheme.Scheme)
	manager := managedfieldstest.NewTestFieldManager(converter, schema.GroupVersionKind{})
	return manager.Live()
}
