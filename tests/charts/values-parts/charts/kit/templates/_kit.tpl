{{- define "kit.labels" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "kit.image" -}}
{{ .global.registry }}/{{ .image }}:{{ .tag }}
{{- end -}}
