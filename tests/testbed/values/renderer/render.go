package main

import (
	"errors"
	"io"
	"maps"
	"slices"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	kubefake "helm.sh/helm/v3/pkg/kube/fake"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
)

// The release: its name and namespace are no words of charts.
const (
	releaseName = "orders"
	namespace   = "bakery"
)

// renderer keeps a chart as it was loaded, and the documents that it rendered first.
type renderer struct {
	chart     *chart.Chart
	documents []document
}

// opened is what there is to know of a release.
type opened struct {
	// Record is what Helm stores.
	Record *release.Release `json:"record"`
	// Capabilities are what the templates see of the cluster.
	Capabilities clusterFacts `json:"capabilities"`
	// Merged are the values that the chart's own templates see.
	Merged map[string]any `json:"merged"`
	// Documents are the objects of the manifest.
	Documents []document `json:"documents"`
}

// changed says how a render differs from that of the open release.
type changed struct {
	// Gone has the positions of documents that are no more.
	Gone []int `json:"gone"`
	// Come has the documents that were not there, those that differ among them.
	Come []document `json:"come"`
}

// open loads a chart and renders it.
func (r *renderer) open(path string, values map[string]any) (*opened, error) {
	loaded, err := loader.Load(path)
	if err != nil {
		return nil, err
	}
	r.chart, r.documents = loaded, nil
	rendered, err := r.render(values)
	if err != nil {
		return nil, err
	}
	if r.documents, err = documentsOf(rendered.Manifest); err != nil {
		return nil, err
	}
	merged, err := chartutil.CoalesceValues(rendered.Chart, rendered.Config)
	if err != nil {
		return nil, err
	}
	return &opened{Record: rendered, Capabilities: cluster, Merged: merged, Documents: r.documents}, nil
}

// change renders the open chart with other values.
func (r *renderer) change(values map[string]any) (*changed, error) {
	if r.chart == nil {
		return nil, errors.New("no chart is open")
	}
	rendered, err := r.render(values)
	if err != nil {
		return nil, err
	}
	left := map[string][]int{}
	for position, document := range r.documents {
		left[document.text] = append(left[document.text], position)
	}
	result := &changed{Gone: []int{}, Come: []document{}}
	for _, text := range split(rendered.Manifest) {
		if positions := left[text]; len(positions) > 0 {
			left[text] = positions[1:]
			continue
		}
		document, err := parse(text)
		if err != nil {
			return nil, err
		}
		if document != nil {
			result.Come = append(result.Come, *document)
		}
	}
	for _, positions := range left {
		result.Gone = append(result.Gone, positions...)
	}
	slices.Sort(result.Gone)
	return result, nil
}

// render is what `helm install --dry-run` does against a cluster of these capabilities.
func (r *renderer) render(values map[string]any) (*release.Release, error) {
	capabilities := cluster.capabilities()
	install := action.NewInstall(&action.Configuration{
		Releases:     storage.Init(driver.NewMemory()),
		KubeClient:   &kubefake.PrintingKubeClient{Out: io.Discard},
		Capabilities: capabilities,
		Log:          func(string, ...any) {},
	})
	install.DryRun, install.DryRunOption = true, "client"
	install.ReleaseName, install.Namespace = releaseName, namespace
	rendered, err := install.Run(copyOf(r.chart), values)
	if err != nil {
		return nil, err
	}
	rendered.SetStatus(release.StatusDeployed, "Install complete")
	return rendered, nil
}

// copyOf copies what an install changes of a chart: its values, and which dependencies are on under which names.
func copyOf(original *chart.Chart) *chart.Chart {
	metadata := *original.Metadata
	metadata.Dependencies = nil
	for _, dependency := range original.Metadata.Dependencies {
		if dependency == nil {
			metadata.Dependencies = append(metadata.Dependencies, nil)
			continue
		}
		copied := *dependency
		copied.ImportValues = slices.Clone(dependency.ImportValues)
		metadata.Dependencies = append(metadata.Dependencies, &copied)
	}
	result := &chart.Chart{
		Raw:       original.Raw,
		Metadata:  &metadata,
		Lock:      original.Lock,
		Templates: slices.Clone(original.Templates),
		Values:    copyOfMap(original.Values),
		Schema:    original.Schema,
		Files:     original.Files,
	}
	for _, dependency := range original.Dependencies() {
		result.AddDependency(copyOf(dependency))
	}
	return result
}

// copyOfMap copies values all the way down.
func copyOfMap(values map[string]any) map[string]any {
	result := maps.Clone(values)
	for key, value := range result {
		result[key] = copyOfValue(value)
	}
	return result
}

func copyOfValue(value any) any {
	switch value := value.(type) {
	case map[string]any:
		return copyOfMap(value)
	case []any:
		result := slices.Clone(value)
		for position, item := range result {
			result[position] = copyOfValue(item)
		}
		return result
	default:
		return value
	}
}
