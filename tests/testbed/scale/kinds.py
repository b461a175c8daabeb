"""Objects of built-in kinds, with the fields that public charts set."""

import base64

# A group that nobody serves, so that no admission and no flow of requests is changed.
NOTHING = "nothing.example.com"


class Kinds:
    """Makes objects of one release. Each method is a kind, and returns all but the names."""

    def __init__(self, words, dice, name, namespace):
        self.words, self.dice, self.name, self.namespace = words, dice, name, namespace
        self.labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": name}

    def Deployment(self):
        return "apps/v1", {"spec": {"replicas": self.dice.choice((0, 0, 1)), **self.selected(), "template": self.pod_template()}}

    def StatefulSet(self):
        claim = {"metadata": {"name": "data"}, "spec": self.claim()}
        spec = {"replicas": 0, "serviceName": self.name, **self.selected(), "template": self.pod_template()}
        return "apps/v1", {"spec": {**spec, "volumeClaimTemplates": [claim]}}

    def DaemonSet(self):
        return "apps/v1", {"spec": {**self.selected(), "template": self.pod_template()}}

    def Job(self):
        return "batch/v1", {"spec": {"suspend": True, "backoffLimit": 3, "template": self.pod_template("Never")}}

    def CronJob(self):
        job = {"spec": {"template": self.pod_template("OnFailure")}}
        schedule = f"{self.dice.randint(0, 59)} 3 * * *"
        return "batch/v1", {"spec": {"schedule": schedule, "suspend": True, "concurrencyPolicy": "Forbid", "jobTemplate": job}}

    def ReplicationController(self):
        return "v1", {"spec": {"replicas": 0, "selector": self.labels, "template": self.pod_template()}}

    def PodTemplate(self):
        return "v1", {"template": self.pod_template()}

    def Pod(self):
        return "v1", {"spec": self.pod_template()["spec"]}

    def Service(self):
        ports = [{"name": f"port-{at}", "port": 8080 + at, "targetPort": 8080 + at, "protocol": "TCP"} for at in range(self.dice.randint(1, 3))]
        return "v1", {"spec": {"type": "ClusterIP", "ports": ports, "selector": self.labels}}

    def ServiceAccount(self):
        return "v1", {"automountServiceAccountToken": True}

    def ConfigMap(self):
        size = min(60_000, int(self.dice.lognormvariate(0, 1.3) * 900))
        data = {f"{self.words.word(self.dice)}.conf": self.words.lines(self.dice, size), "level": "info", "workers": "4"}
        return "v1", {"data": data}

    def Secret(self):
        data = {self.words.name(self.dice): base64.b64encode(self.dice.randbytes(24)).decode() for _ in range(self.dice.randint(1, 6))}
        return "v1", {"type": "Opaque", "data": data}

    def PersistentVolumeClaim(self):
        return "v1", {"spec": self.claim()}

    def PersistentVolume(self):
        disk = {"hostPath": {"path": f"/data/{self.name}"}, "storageClassName": f"none-{self.name}"}
        return "v1", {"spec": {"capacity": {"storage": "8Gi"}, "accessModes": ["ReadWriteOnce"], **disk}}

    def ResourceQuota(self):
        return "v1", {"spec": {"hard": {"count/configmaps": "9000", "persistentvolumeclaims": "500"}}}

    def LimitRange(self):
        return "v1", {"spec": {"limits": [{"type": "PersistentVolumeClaim", "max": {"storage": "900Gi"}}]}}

    def Role(self):
        return "rbac.authorization.k8s.io/v1", {"rules": self.rules()}

    ClusterRole = Role

    def RoleBinding(self):
        return "rbac.authorization.k8s.io/v1", self.binding("Role")

    def ClusterRoleBinding(self):
        return "rbac.authorization.k8s.io/v1", self.binding("ClusterRole")

    def Ingress(self):
        backend = {"service": {"name": self.name, "port": {"number": 8080}}}
        host = f"{self.name}.example.com"
        rule = {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
        tls = [{"hosts": [host], "secretName": f"{self.name}-tls"}]
        return "networking.k8s.io/v1", {"spec": {"ingressClassName": "public", "rules": [rule], "tls": tls}}

    def IngressClass(self):
        return "networking.k8s.io/v1", {"spec": {"controller": f"example.com/{self.name}"}}

    def NetworkPolicy(self):
        rule = {"ports": [{"port": 8080, "protocol": "TCP"}], "from": [{"podSelector": {"matchLabels": self.labels}}]}
        spec = {"podSelector": {"matchLabels": self.labels}, "policyTypes": ["Ingress", "Egress"], "ingress": [rule], "egress": [{}]}
        return "networking.k8s.io/v1", {"spec": spec}

    def PodDisruptionBudget(self):
        return "policy/v1", {"spec": {"maxUnavailable": 1, **self.selected()}}

    def HorizontalPodAutoscaler(self):
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"{self.name}-absent"}
        metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
        return "autoscaling/v2", {"spec": {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 9, "metrics": [metric]}}

    def PriorityClass(self):
        return "scheduling.k8s.io/v1", {"value": self.dice.randint(1, 9999), "description": self.words.sentence(self.dice)}

    def StorageClass(self):
        return "storage.k8s.io/v1", {"provisioner": f"{self.name}.example.com", "parameters": {"type": "fast"}, "reclaimPolicy": "Delete"}

    def VolumeAttributesClass(self):
        return "storage.k8s.io/v1", {"driverName": f"{self.name}.example.com", "parameters": {"iops": "3000"}}

    def CSIDriver(self):
        return "storage.k8s.io/v1", {"spec": {"attachRequired": True, "podInfoOnMount": False, "fsGroupPolicy": "File"}}

    def RuntimeClass(self):
        return "node.k8s.io/v1", {"handler": self.name}

    def Lease(self):
        return "coordination.k8s.io/v1", {"spec": {"holderIdentity": self.name, "leaseDurationSeconds": 3600}}

    def EndpointSlice(self):
        endpoint = {"addresses": [f"192.0.2.{self.dice.randint(1, 250)}"], "conditions": {"ready": True}}
        return "discovery.k8s.io/v1", {"addressType": "IPv4", "endpoints": [endpoint], "ports": [{"name": "web", "port": 8080, "protocol": "TCP"}]}

    def ValidatingWebhookConfiguration(self):
        service = {"name": self.name, "namespace": self.namespace, "path": "/admit", "port": 443}
        hook = {
            "name": f"{self.name}.example.com",
            "admissionReviewVersions": ["v1"],
            "clientConfig": {"service": service},
            "failurePolicy": "Ignore",
            "sideEffects": "None",
            "rules": [{"apiGroups": [NOTHING], "apiVersions": ["*"], "operations": ["CREATE"], "resources": ["*"]}],
        }
        return "admissionregistration.k8s.io/v1", {"webhooks": [hook]}

    MutatingWebhookConfiguration = ValidatingWebhookConfiguration

    def ValidatingAdmissionPolicy(self):
        rule = {"apiGroups": [NOTHING], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["things"]}
        spec = {"failurePolicy": "Fail", "matchConstraints": {"resourceRules": [rule]}, "validations": [{"expression": "object.spec.replicas < 5"}]}
        return "admissionregistration.k8s.io/v1", {"spec": spec}

    def ValidatingAdmissionPolicyBinding(self):
        return "admissionregistration.k8s.io/v1", {"spec": {"policyName": f"{self.name}-absent", "validationActions": ["Deny"]}}

    def FlowSchema(self):
        subject = {"kind": "ServiceAccount", "serviceAccount": {"name": "nobody", "namespace": self.namespace}}
        resources = [{"apiGroups": [NOTHING], "resources": ["*"], "verbs": ["get"], "clusterScope": True}]
        spec = {"matchingPrecedence": 9000, "priorityLevelConfiguration": {"name": "workload-low"}, "rules": [{"subjects": [subject], "resourceRules": resources}]}
        return "flowcontrol.apiserver.k8s.io/v1", {"spec": spec}

    def DeviceClass(self):
        return "resource.k8s.io/v1", {"spec": {"selectors": [{"cel": {"expression": f'device.driver == "{self.name}.example.com"'}}]}}

    def ResourceClaimTemplate(self):
        request = {"name": "device", "exactly": {"deviceClassName": f"{self.name}-absent"}}
        return "resource.k8s.io/v1", {"spec": {"spec": {"devices": {"requests": [request]}}}}

    def selected(self):
        return {"selector": {"matchLabels": self.labels}}

    def claim(self):
        return {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "8Gi"}}}

    def rules(self):
        groups = ("", "apps", "batch", "example.com")
        resources = [self.words.word(self.dice) for _ in range(8)]
        return [
            {"apiGroups": [self.dice.choice(groups)], "resources": self.dice.sample(resources, 3), "verbs": ["get", "list", "watch"]}
            for _ in range(self.dice.randint(1, 8))
        ]

    def binding(self, kind):
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": f"{self.name}-absent"}
        return {"roleRef": role, "subjects": [{"kind": "ServiceAccount", "name": self.name, "namespace": self.namespace}]}

    def pod_template(self, restart="Always"):
        containers = [self.container(at) for at in range(self.dice.choice((1, 1, 1, 2)))]
        spec = {
            "restartPolicy": restart,
            "automountServiceAccountToken": False,
            "securityContext": {"fsGroup": 1001, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": containers,
            "volumes": [{"name": "config", "configMap": {"name": f"{self.name}-configmap", "optional": True}}, {"name": "tmp", "emptyDir": {}}],
        }
        # A checksum, as charts add it to roll Pods when their configuration changes.
        checksum = self.dice.randbytes(32).hex()
        return {"metadata": {"labels": self.labels, "annotations": {"checksum/config": checksum}}, "spec": spec}

    def container(self, number):
        probe = {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 10, "failureThreshold": 3}
        return {
            "name": f"main-{number}",
            "image": f"registry.example.com/{self.words.word(self.dice)}:{self.dice.randint(1, 9)}.{self.dice.randint(0, 30)}.1",
            "imagePullPolicy": "IfNotPresent",
            "args": [f"--{self.words.word(self.dice)}={self.words.word(self.dice)}" for _ in range(self.dice.randint(0, 8))],
            "env": [{"name": f"{self.words.word(self.dice).upper()}_{at}", "value": self.words.word(self.dice)} for at in range(self.dice.randint(1, 12))],
            "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
            "resources": {"limits": {"cpu": "500m", "memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
            "livenessProbe": probe,
            "readinessProbe": probe,
            "securityContext": {"allowPrivilegeEscalation": False, "runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}},
            "volumeMounts": [{"name": "config", "mountPath": "/etc/config"}, {"name": "tmp", "mountPath": "/tmp"}],
        }
