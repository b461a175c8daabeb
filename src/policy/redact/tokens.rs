//! The forms of tokens, by their issuers' documentation.

/// Tokens with the prefixes or forms that their issuers document.
pub(super) const TOKENS: [&str; 67] = [
    // What stands in a redacted snapshot: a scan of it shows what a scan of the cluster does.
    r"redacted-[0-9a-f]{16}",
    // JSON web tokens, signed and encrypted.
    r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    // Amazon Web Services.
    r"(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",
    // GitHub, GitLab, Bitbucket and Atlassian.
    r"gh[pousr]_[A-Za-z0-9]{20,}",
    r"github_pat_[A-Za-z0-9_]{20,}",
    r"gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct|oas)-[A-Za-z0-9_-]{16,}",
    r"GR1348941[A-Za-z0-9_-]{16,}",
    r"ATBB[A-Za-z0-9]{20,}",
    r"ATATT3[A-Za-z0-9_=-]{20,}",
    // Slack, Discord and Telegram.
    r"xox[a-z]-[A-Za-z0-9-]{8,}",
    r"k8s-aws-v1\.[A-Za-z0-9_-]{8,}",
    r"xapp-[0-9]-[A-Za-z0-9-]{8,}",
    r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9_/]{8,}",
    r"discord(?:app)?\.com/api/webhooks/[0-9]+/[A-Za-z0-9_-]{16,}",
    r"[A-Za-z0-9-]+\.webhook\.office\.com/webhookb2/[A-Za-z0-9@/-]{16,}",
    r"outlook\.office(?:365)?\.com/webhook/[A-Za-z0-9@/-]{16,}",
    r"bot[0-9]{6,12}:[A-Za-z0-9_-]{30,}",
    r"[0-9]{8,10}:AA[A-Za-z0-9_-]{32,}",
    // Stripe, Square and Shopify.
    r"[sr]k_(?:live|test)_[A-Za-z0-9]{10,}",
    r"whsec_[A-Za-z0-9+/=]{16,}",
    r"sq0(?:atp|csp)-[A-Za-z0-9_-]{20,}",
    r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",
    // Google.
    r"AIza[A-Za-z0-9_-]{35}",
    r"GOCSPX-[A-Za-z0-9_-]{20,}",
    r"ya29\.[A-Za-z0-9_-]{20,}",
    r"1//0[A-Za-z0-9_-]{20,}",
    // Package registries and container registries.
    r"npm_[A-Za-z0-9]{30,}",
    r"pypi-(?:Ag[A-Za-z0-9_-]{16,}|[A-Za-z0-9_-]{50,})",
    r"rubygems_[a-f0-9]{40,}",
    r"cio[A-Za-z0-9]{32}",
    r"dckr_[a-z]+_[A-Za-z0-9_-]{16,}",
    r"AKCp[A-Za-z0-9]{60,}",
    // HashiCorp.
    r"hv[sbr]\.[A-Za-z0-9_-]{20,}",
    r"[sb]\.[A-Za-z0-9]{24}",
    r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{40,}",
    // Language models.
    r"sk-(?:proj|svcacct|admin|ant|or)-[A-Za-z0-9_-]{16,}",
    r"sk-[A-Za-z0-9]{20,}",
    r"hf_[A-Za-z0-9]{30,}",
    r"gsk_[A-Za-z0-9]{40,}",
    r"xai-[A-Za-z0-9]{40,}",
    r"pplx-[A-Za-z0-9]{40,}",
    r"r8_[A-Za-z0-9]{30,}",
    // Mail and telephony.
    r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    r"SK[0-9a-f]{32}",
    r"key-[0-9a-f]{32}",
    r"[0-9a-f]{32}-us[0-9]{1,2}",
    // Clouds and hosting.
    r"do[opr]_v1_[a-f0-9]{32,}",
    r"[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}",
    r"dapi[a-f0-9]{32}",
    r"pul-[a-f0-9]{40}",
    r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.-]{20,}",
    r"HRKU-[A-Za-z0-9_-]{20,}",
    r"sbp_[a-f0-9]{40}",
    r"nfp_[A-Za-z0-9]{30,}",
    r"tskey-[a-z]+-[A-Za-z0-9-]{10,}",
    r"dp\.[a-z]+\.[A-Za-z0-9]{30,}",
    // Monitoring and other tools.
    r"glsa_[A-Za-z0-9]{20,}",
    r"glc_[A-Za-z0-9+/=]{20,}",
    r"NRAK-[A-Z0-9]{20,}",
    r"sntry[a-z]_[A-Za-z0-9+/=_-]{20,}",
    r"dt0[a-z][0-9]{2}\.[A-Z0-9]{20,}\.[A-Z0-9]{40,}",
    r"PMAK-[a-f0-9]{20,}",
    r"sq[pau]_[a-f0-9]{40}",
    r"AGE-SECRET-KEY-1[0-9A-Z]{20,}",
    // Hashes of passwords: crypt(3) and LDAP.
    r"\$(?:apr1|1|2[abxy]|5|6|y|7|argon2(?:id|i|d))\$[./A-Za-z0-9$=,+-]{8,}",
    r"(?:pbkdf2|scrypt|bcrypt)(?:[:_][A-Za-z0-9:_]*)?\$[A-Za-z0-9./$+=-]{8,}",
    r"\{S?(?:SHA|MD5|CRYPT)(?:256|512)?\}[A-Za-z0-9+/=]{12,}",
];

/// Prefixes that ordinary names have too. What follows must not look like words.
pub(super) const LOOSE: [&str; 9] = ["sk-", "s.", "b.", "pypi-", "hf_", "r8_", "cio", "npm_", "dp."];
