//! The programs that manage releases of Helm on behalf of people, and are recognised by what they leave on objects.

codes! {
    /// A program that manages releases of Helm.
    ManagingTool {
        Flux = "flux": "Flux's helm-controller upgrades the release when its HelmRelease asks for it",
        ArgoCd = "argo-cd": "Argo CD applies objects of the release from Git, without Helm",
        Fleet = "fleet": "Rancher Fleet's agent upgrades the release when its bundle asks for it",
        K3s = "k3s": "the helm-controller of K3s and RKE2 upgrades the release when its HelmChart asks for it",
        Terraform = "terraform": "the Helm provider of Terraform or OpenTofu upgrades the release at the next apply",
        Pulumi = "pulumi": "Pulumi upgrades the release at the next update of its stack",
        Crossplane = "crossplane": "Crossplane's provider-helm upgrades the release when its Release asks for it",
    }
}
