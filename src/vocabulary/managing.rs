//! The programs that manage releases of Helm on behalf of people, and are recognised by what they leave on objects.

codes! {
    /// A program that manages releases of Helm.
    ManagingTool {
        Flux = "flux": "Flux's helm-controller upgrades the release when its source in the cluster asks for it",
        ArgoCd = "argo-cd": "Argo CD applies objects of the release from Git, without Helm",
        Fleet = "fleet": "Rancher Fleet's agent upgrades the release when its bundle asks for it",
        K3s = "k3s": "the helm-controller of K3s and RKE2 upgrades the release when its chart in the cluster asks for it",
        Terraform = "terraform": "the Helm provider of Terraform upgrades the release at the next apply",
        Pulumi = "pulumi": "Pulumi upgrades the release at the next update of its stack",
        Crossplane = "crossplane": "Crossplane's provider-helm upgrades the release when its Release asks for it",
    }
}

codes! {
    /// What a program that manages a release makes of drift.
    DriftCorrection {
        Corrected = "corrected": "the program takes drift back by itself",
        Reported = "reported": "the program reports drift and leaves it",
        Ignored = "ignored": "the program does not look at drift",
        Suspended = "suspended": "the program waits, and leaves the release as it is",
    }
}
