package main

import (
	"encoding/json"

	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/kubernetes/scheme"
)

// strategic answers what a three-way strategic merge patch makes of an object.
func strategic(json.RawMessage) any {
	_, err := strategicpatch.NewPatchMetaFromStruct(scheme.Scheme)
	return err
}
