"""Texts by which somebody who may write to a cluster could try to take over the page of a report."""

from snapshots import config, live, release

# Each calls `planted`, or would change the page, were it more than text. The second text is what a reader sees.
_MARKUP = [
    "<script>planted(1)</script>",
    "</script><script>planted(2)</script>",
    "</style><script>planted(3)</script>",
    "</title><script>planted(4)</script>",
    "<img src=x onerror=planted(5)>",
    "\"><img src=x onerror=planted(6)>",
    "' onmouseover='planted(7)",
    "\" onfocus=\"planted(8)\" autofocus=\"",
    "<svg onload=planted(9)>",
    "<svg><script>planted(10)</script></svg>",
    "<iframe srcdoc=\"<script>parent.planted(11)</script>\"></iframe>",
    "<a href=\"javascript:planted(12)\">x</a>",
    "javascript:planted(13)",
    "<meta http-equiv=refresh content=\"0;url=data:text/html,x\">",
    "<base href=//127.0.0.1:9/>",
    "<link rel=stylesheet href=//127.0.0.1:9/x.css>",
    "<style>*{display:none!important}</style>",
    "<form action=//127.0.0.1:9/><input name=q><button>x</button></form>",
    "<details open ontoggle=planted(19)>",
    "<input autofocus onfocus=planted(20)>",
    "<body onload=planted(21)>",
    "</details></div></main><h1>clean</h1>",
    "<!--",
    "--><script>planted(24)</script>",
    "<![CDATA[<script>planted(25)</script>]]>",
    "]]>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=planted(27)>",
    "<noscript><p title=\"</noscript><img src=x onerror=planted(28)>\">",
    "<template><script>planted(29)</script></template>",
    "<object data=\"data:text/html,x\"></object>",
    "<video><source onerror=planted(31)></video>",
    "<plaintext>",
    "<xmp><script>planted(33)</script></xmp>",
    "&lt;script&gt;planted(34)&lt;/script&gt;",
    "&#60;script&#62;planted(35)&#60;/script&#62;",
    "&",
    "&amp;&quot;&nbsp",
    "{{ 7 * 7 }}{% raw %}${7 * 7}",
    "`planted(39)`",
    "\\\"};planted(40);//",
    "::error::planted",
    "| a | b |",
    "<p id=filter></p><p id=list></p>",
    "<input name=attributes><input name=elements>",
]
_CONTROLS = [
    ("\u202euser\u202c.exe", "\\u{202e}user\\u{202c}.exe"),
    ("ad\u200bmin", "ad\\u{200b}min"),
    ("\u001b[31mred\u001b[0m", "\\u{1b}[31mred\\u{1b}[0m"),
    ("a\u0000b", "a\\u{00}b"),
    ("tag\U000e0041", "tag\\u{e0041}"),
    ("a\u2028b\u0085c", "a\\u{2028}b\\u{85}c"),
]
# Marks tell one text from another wherever it is shown.
TEXTS = [(f"P{number:02} {text}", f"P{number:02} {shown}") for number, (text, shown) in enumerate([*((text, text) for text in _MARKUP), *_CONTROLS], start=1)]
assert len(TEXTS) == 50


def releases():
    """Every text in every place that takes one: a value, a key, a line of a text, a manager, a chart, a version, a template and names."""
    made = []
    for number, (text, _) in enumerate(TEXTS):
        name = f"hostile-{number:02}"
        data = {"value": "before", "lines": "one\ntwo\n", f"key {text}": "1"}
        edited = {"value": text, "lines": f"one\n{text}\n", f"key {text}": "2"}
        desired = config(name, "hostile", f"{name}-config", data)
        pair = (desired, live(desired, edited, f"manager {text}"))
        # A comment of YAML has no controls.
        one_line = "".join(filter(str.isprintable, text))
        made.append(release("hostile", name, [pair], f"chart {text}", f"version {text}", f"template {one_line}"))
    huge = config("huge", "hostile", "huge-config", {"value": "a", "lines": "a\n", "more": "b"})
    edited = {"value": "x" * 400_000, "lines": "y\n" * 100_000, "more": "<b>" * 60_000}
    made.append(release("hostile", "huge", [(huge, live(huge, edited, "z" * 128))]))
    for text, _ in TEXTS[:3]:
        config_map = config(text, text, "config", {"value": "a"})
        made.append(release(text, text, [(config_map, live(config_map, {"value": "b"}, "kubectl"))]))
    return made
