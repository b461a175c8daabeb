package main

import (
	"fmt"
	"path"
	"slices"
)

// knownOrder names lists that managed fields own as a whole and whose order nevertheless means nothing: those that
// some version of the server brings into an order of its own, and those whose elements are alternatives.
type knownOrder struct {
	types  string // as in knownFill
	fields []string
	// The fields by which people tell the elements apart, nested ones with dots. Elements need not have them all.
	identity []string
}

// knownOrders is written by hand: no definition says this.
var knownOrders = []knownOrder{
	// Stored as autoscaling/v1, metrics were split into a field for CPU and an annotation for the others:
	// pkg/apis/autoscaling/v1 Convert_autoscaling_HorizontalPodAutoscaler_To_v1_HorizontalPodAutoscaler.
	{"autoscaling/*.HorizontalPodAutoscalerSpec", []string{"metrics"}, []string{
		"type", "resource.name", "containerResource.container", "containerResource.name", "pods.metric.name",
		"object.describedObject.kind", "object.describedObject.name", "object.metric.name", "external.metric.name",
	}},
	// Controllers sort them, and so did servers once: pkg/api/v1/endpoints RepackSubsets. 1.36 keeps the order it is given.
	{"core/v1.Endpoints", []string{"subsets"}, nil},
	{"core/v1.EndpointSubset", []string{"addresses", "notReadyAddresses"}, []string{"ip"}},
	{"core/v1.EndpointSubset", []string{"ports"}, []string{"port", "protocol"}},
	// A request is matched by any rule, and by any value in a rule.
	{"admissionregistration/*.MutatingWebhook", []string{"rules"}, nil},
	{"admissionregistration/*.ValidatingWebhook", []string{"rules"}, nil},
	{"admissionregistration/*.RuleWithOperations", []string{"apiGroups", "apiVersions", "operations", "resources"}, nil},
	// Likewise with what is allowed, and to whom.
	{"rbac/*.ClusterRole", []string{"rules"}, nil},
	{"rbac/*.Role", []string{"rules"}, nil},
	{"rbac/*.PolicyRule", []string{"apiGroups", "nonResourceURLs", "resourceNames", "resources", "verbs"}, nil},
	{"rbac/*.ClusterRoleBinding", []string{"subjects"}, []string{"kind", "namespace", "name"}},
	{"rbac/*.RoleBinding", []string{"subjects"}, []string{"kind", "namespace", "name"}},
}

// markOrders applies the list. Like markKnown it fails when the types have changed.
func markOrders(facts *allFacts) error {
	for _, known := range knownOrders {
		for _, name := range known.fields {
			found := false
			for _, t := range facts.types {
				if matches, _ := path.Match(known.types, shortName(t)); !matches {
					continue
				}
				at := slices.IndexFunc(t.fields, func(f fact) bool { return f.name == name })
				if at < 0 {
					continue
				}
				if list := t.fields[at].list; list.set || len(list.keys) > 0 {
					return fmt.Errorf("order.go: %s of %s is no atomic list", name, known.types)
				}
				t.fields[at].list = listKind{unordered: true, keys: known.identity}
				found = true
			}
			if !found {
				return fmt.Errorf("order.go: no field %s in a type %s", name, known.types)
			}
		}
	}
	return nil
}
