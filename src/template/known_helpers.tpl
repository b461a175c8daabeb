{{- /* Bitnami's `common` renders a value as it is, or as YAML, and as a template where it is one. */ -}}
{{- define "common.tplvalues.render" -}}
  {{- if kindIs "string" .value -}}
    {{- if .context -}}{{ tpl .value .context }}{{- else -}}{{ .value }}{{- end -}}
  {{- else if contains "{{" (.value | toJson) -}}
    {{ tpl (.value | toYaml) .context }}
  {{- else -}}
    {{ .value | toYaml }}
  {{- end -}}
{{- end -}}

{{- define "common.utils.tplvalues.render" -}}
  {{ include "common.tplvalues.render" . }}
{{- end -}}

{{- /* It leaves out the switch, and on OpenShift users and groups; the cluster is taken for any other. */ -}}
{{- define "common.compatibility.renderSecurityContext" -}}
  {{ omit .secContext "enabled" | toYaml }}
{{- end -}}

{{- /* Registry, repository and tag, or digest; the chart's version where there is no tag. */ -}}
{{- define "common.images.image" -}}
  {{- $registry := .imageRoot.registry -}}
  {{- if .global -}}
    {{- if .global.imageRegistry -}}{{- $registry = .global.imageRegistry -}}{{- end -}}
  {{- end -}}
  {{- if $registry -}}{{ $registry }}/{{- end -}}
  {{- .imageRoot.repository -}}
  {{- if .imageRoot.digest -}}
    @{{ .imageRoot.digest }}
  {{- else if .chart -}}
    :{{ .imageRoot.tag | default .chart.AppVersion }}
  {{- else -}}
    :{{ .imageRoot.tag }}
  {{- end -}}
{{- end -}}

{{- /* Maps one over the other, of which the first that says something counts; rendered as a value is. */ -}}
{{- define "common.tplvalues.merge" -}}
  {{- $together := dict -}}
  {{- range .values -}}
    {{- if kindIs "string" . -}}
      {{- $together = merge $together (tpl . $.context | fromYaml) -}}
    {{- else if . -}}
      {{- $together = merge $together . -}}
    {{- end -}}
  {{- end -}}
  {{- include "common.tplvalues.render" (dict "value" $together "context" .context) -}}
{{- end -}}

{{- /* Names are the release's and the chart's, unless values give others; the chart's is left out where the release's has it. */ -}}
{{- define "common.names.name" -}}
  {{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "common.names.fullname" -}}
  {{- $chart := .Values.nameOverride | default .Chart.Name -}}
  {{- $release := .Release.Name -}}
  {{- $both := printf "%s-%s" $release $chart -}}
  {{- if contains $chart $release -}}{{- $both = $release -}}{{- end -}}
  {{- .Values.fullnameOverride | default $both | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "common.names.namespace" -}}
  {{- .Values.namespaceOverride | default .Release.Namespace | trunc 63 | trimSuffix "-" -}}
{{- end -}}
