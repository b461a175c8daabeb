# Shell that the lines of the table can use. kubectl means the namespace of the case, helm the Helm of its last operation.
helm() { command "$HELM" "$@"; }
until_denied() { for _ in $(seq 100); do "$@" >/dev/null 2>&1 || return 0; sleep 0.1; done; return 1; }
# no_longer_served: the definition of Gadgets goes, and the API server has noticed.
no_longer_served() {
  kubectl delete crd "gadgets.$NAMESPACE.example.com"
  until_denied kubectl get --raw "/apis/$NAMESPACE.example.com/v1"
  while kubectl get --raw /apis | grep -q "\"$NAMESPACE.example.com\""; do sleep 0.1; done
  sleep 0.5
}
# policy OPERATION GROUP RESOURCE EXPRESSION: what the expression does not allow is denied in this namespace.
policy() {
  kubectl create -f - <<JSON
{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "$NAMESPACE"},
   "spec": {"failurePolicy": "Fail", "validations": [{"expression": "$4"}], "matchConstraints": {
     "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "$NAMESPACE"}},
     "resourceRules": [{"operations": ["$1"], "apiGroups": ["$2"], "apiVersions": ["*"], "resources": ["$3"]}]}}},
  {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": "$NAMESPACE"},
   "spec": {"policyName": "$NAMESPACE", "validationActions": ["Deny"]}}]}
JSON
}
# dead_webhook OPERATION GROUP RESOURCE: nothing answers for these objects of this namespace.
dead_webhook() {
  kubectl create -f - <<JSON
{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "$NAMESPACE"},
 "webhooks": [{"name": "dead.preview.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail",
   "clientConfig": {"service": {"namespace": "$NAMESPACE", "name": "nobody", "path": "/"}},
   "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "$NAMESPACE"}},
   "rules": [{"operations": ["$1"], "apiGroups": ["$2"], "apiVersions": ["*"], "resources": ["$3"]}]}]}
JSON
}
