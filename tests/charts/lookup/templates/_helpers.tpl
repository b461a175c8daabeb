{{- define "lookup.kept" -}}
{{- $found := lookup "v1" "Secret" .namespace .name -}}
{{- if $found -}}
{{- index $found.data "password" -}}
{{- else -}}
{{- "first" | b64enc -}}
{{- end -}}
{{- end -}}

{{/* The value that a ConfigMap has, or the first one; called with the name behind the release's. */}}
{{- define "lookup.value" -}}
{{- $found := lookup "v1" "ConfigMap" .Release.Namespace (printf "%s-%s" .Release.Name .case) -}}
{{- if $found -}}
{{- $found.data.value -}}
{{- else -}}
first
{{- end -}}
{{- end -}}

{{- define "lookup.any" -}}
{{- include (index . 0) (index . 1) -}}
{{- end -}}
