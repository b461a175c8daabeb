{{- define "lib.kept" -}}
{{- $found := lookup "v1" "Secret" .namespace .name -}}
{{- if $found -}}
{{- index $found.data "password" -}}
{{- else -}}
{{- "first" | b64enc -}}
{{- end -}}
{{- end -}}
