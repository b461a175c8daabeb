"""What a reader must be able to do with the page of a report, and what the page must never do."""

import functools
import http.server
import json
import pathlib
import threading
import time

from hostile import TEXTS

# What nobody would wait for, in seconds. The figure itself is printed.
TOO_LONG = 10

SHOWN = "[...document.querySelectorAll('.release')].filter((release) => !release.hidden)"
OPEN_ALL = "for (const each of document.querySelectorAll('details')) each.open = true"


class Pages:
    """The pages of a folder, by name."""

    def __init__(self, folder, axe):
        self.folder = pathlib.Path(folder).resolve()
        self.axe = axe

    def address(self, name, fragment=""):
        return (self.folder / f"{name}.html").as_uri() + fragment

    def pictures(self, chromium, folder):
        """Pictures of the pages as they are seen."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, page, more in [
            ("light", "shop", {"height": 1_600}),
            ("dark", "shop", {"scheme": "dark", "height": 1_600}),
            ("narrow", "shop", {"width": 390, "height": 1_600}),
            ("print", "shop", {"width": 800, "media": "print"}),
            ("hostile", "hostile", {}),
            ("clean", "clean", {}),
            ("empty", "empty", {"scheme": "dark"}),
            ("remembered", "remembered", {}),
        ]:
            most = more.pop("height", 6_000)
            chromium.page(self.address(page), **more)
            height = min(chromium.run("document.documentElement.scrollHeight"), most)
            chromium.resize(more.get("width", 1280), height)
            time.sleep(0.3)
            chromium.picture(folder / f"{name}.png")
            chromium.close()


def opened(name, fragment="", **how):
    """A check in a tab of this page, after which the page has nothing to complain about."""

    def wrap(check):
        @functools.wraps(check)
        def run(chromium, pages):
            chromium.page(pages.address(name, fragment), **how)
            try:
                said = check(chromium, pages)
                complaints = chromium.complaints()
                assert not complaints, "; ".join(complaints[:5])
                return said
            finally:
                chromium.close()

        return run

    return wrap


def same(found, wanted, what):
    assert found == wanted, f"{what}: {found!r}, and not {wanted!r}"


def choose(chromium, name, value):
    """Makes a choice of the filter as a person does, and waits until the page follows."""
    before = chromium.run("location.hash")
    chromium.run(
        f"(() => {{ const field = document.querySelector('[name={name}]'); field.value = {json.dumps(value)};"
        " field.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    chromium.wait(f"location.hash !== {json.dumps(before)}", f"the filter {name}={value}")


def clear(chromium):
    chromium.click("document.querySelector('#filter [type=reset]')")
    chromium.wait("location.hash === ''", "clearing the filter")


@opened("shop")
def the_first_screen_says_the_answer(chromium, _):
    same(chromium.run("document.querySelector('h1').textContent"), "drift: 6 of 12 releases drifted", "the answer")
    same(chromium.run("document.querySelectorAll('.release').length"), 12, "releases")
    same(chromium.run("document.querySelector('.bar').getAttribute('aria-label')"), "Releases: 6 drifted, 1 unreadable, 3 incomplete, 2 clean", "the bar")
    first = chromium.run("document.querySelector('.legend a').innerText.replace(/\\s+/g, ' ').trim()")
    same(first, "! 5 critical", "the first state that is told")
    about = chromium.run("document.querySelector('.answer').textContent")
    same([text for text in ["3 incomplete", "1 unreadable"] if text in about], [], "what is said twice")
    same(chromium.run("document.querySelector('.counts').open"), False, "the counts")
    chromium.resize(390, 844)
    first = chromium.run("Math.round(document.querySelector('.release').getBoundingClientRect().top + scrollY)")
    assert first < 1_300, f"on a telephone, the first release begins {first} px down"
    landmarks = chromium.run("['header', 'main', 'form[role=search]'].map((name) => document.querySelectorAll(name).length)")
    same(landmarks, [1, 1, 1], "landmarks")


def row(chromium, name):
    """The text of the line of a release."""
    return chromium.run(
        "[...document.querySelectorAll('.release > summary')].find((summary) => summary.querySelector('h3').textContent"
        f" === {json.dumps(name)}).textContent.replace(/\\s+/g, ' ').trim()"
    )


@opened("shop")
def a_row_says_in_words_what_is_wrong(chromium, _):
    for name, said in [
        ("payments/ledger", "critical · drifted"),
        ("platform/archive", "critical · incomplete"),
        ("sandbox/wiki", "critical · unreadable"),
        ("sandbox/preview-43", "in-progress (revision 1 pending-install)"),
        ("payments/checkout", "differences by helm"),
    ]:
        assert said in row(chromium, name), f"{name}: {row(chromium, name)}"
    assert "✓" not in row(chromium, "sandbox/preview-43"), row(chromium, "sandbox/preview-43")
    for name in ["shop/storefront", "shop/search", "sandbox/preview-43"]:
        assert "critical" not in row(chromium, name), f"{name}: {row(chromium, name)}"


@opened("shop")
def the_counts_name_the_worst_first(chromium, _):
    chromium.click("document.querySelector('.counts > summary')")
    chromium.wait("document.querySelector('.counts').open", "opening the counts")
    titles = chromium.run("[...document.querySelectorAll('.counts h3')].map((title) => title.textContent)")
    same(titles, ["Codes, the worst first", "Writers of differences", "Namespaces not in order"], "what is counted")
    lists = chromium.run(
        "[...document.querySelectorAll('.counts ol')].map((list) => [...list.querySelectorAll('a')].map((link) =>"
        " [link.querySelector('.name').textContent, link.querySelector('.number').textContent]))"
    )
    codes = [name for name, _ in lists[0]]
    worst = ["api-removed critical", "failed-install critical", "failed-upgrade critical", "stuck critical", "undecodable critical"]
    same(sorted(codes[: len(worst)]), worst, "the worst codes")
    same(lists[2], [["platform", "4 releases"], ["payments", "2 releases"], ["sandbox", "2 releases"], ["shop", "2 releases"]], "namespaces")
    chromium.click("document.querySelector('.counts section:last-child a')")
    chromium.wait(f"{SHOWN}.length === 4", "the releases of a namespace that are not in order")


@opened("shop")
def every_filter_leaves_what_it_names(chromium, _):
    for name, value, wanted in [
        ("is", "drifted", 6),
        ("is", "critical", 5),
        ("is", "not-in-order", 10),
        ("code", "changed", None),
        ("code", "stuck", 1),
        ("namespace", "payments", 2),
        ("by", "kubectl-edit", 1),
        ("q", "storefront-web hotfix", 1),
        ("q", "no such text", 0),
    ]:
        choose(chromium, name, value)
        shown = chromium.run(f"{SHOWN}.length")
        says = chromium.run("document.getElementById('shown').textContent")
        same(says, f"{shown} of 12 releases", f"what is said of {name}={value}")
        same(chromium.run("!document.getElementById('none').hidden"), shown == 0, f"the hint for {name}={value}")
        if wanted is None:
            wanted = chromium.run(f"Number([...document.querySelector('[name={name}]').selectedOptions][0].textContent.match(/\\((\\d+)\\)$/)[1])")
        same(shown, wanted, f"releases for {name}={value}")
        clear(chromium)
        same(chromium.run(f"{SHOWN}.length"), 12, "releases without a filter")
    choose(chromium, "is", "drifted")
    choose(chromium, "namespace", "shop")
    same(chromium.run(f"{SHOWN}.map((release) => release.querySelector('h3').textContent)"), ["shop/storefront", "shop/catalog"], "two filters at once")


@opened("remembered")
def what_is_new_is_told_from_what_is_known(chromium, _):
    assert "1 new" in chromium.run("document.querySelector('.calm').textContent")
    for status in ["new", "known"]:
        choose(chromium, "status", status)
        same(chromium.run(f"{SHOWN}.length"), 1, f"releases that are {status}")
    text = chromium.run("document.querySelector('.findings').textContent")
    assert "new" in text and "known" in text, text
    listed = chromium.run("[...document.querySelectorAll('.news li')].map((entry) => entry.textContent)")
    same(listed, ["new shop/web changed /data/b of ConfigMap web-config"], "what is new")
    chromium.run("document.querySelector('.release').open = false")
    chromium.click("document.querySelector('.news a')")
    entry = "document.getElementById(location.hash.slice(1))"
    chromium.wait(f"{entry}?.closest('.release').open", "the release of what is new")
    assert "/data/b" in chromium.run(f"{entry}.textContent"), chromium.run("location.hash")
    same(chromium.run(f"{entry}.localName"), "li", "what the link leads to")


@opened("put-right")
def what_is_resolved_is_listed(chromium, _):
    text = chromium.run("document.getElementById('resolved').parentElement.textContent")
    assert "shop/web" in text and "reverted to the chart's value" in text, text


@opened("shop", "#?is=drifted&namespace=shop&code=%3Cimg%20src%3Dx%20onerror%3Dplanted(1)%3E&q=%3Cscript%3Eplanted(2)%3C/script%3E")
def an_address_is_data(chromium, _):
    same(chromium.run("document.querySelector('[name=is]').value"), "drifted", "the choice")
    same(chromium.run("document.querySelector('[name=code]').value"), "", "a choice that there is not")
    same(chromium.run("document.querySelector('[name=q]').value"), "<script>planted(2)</script>", "the text")
    same(chromium.run("document.querySelectorAll('img').length + window.ran.length"), 0, "what ran")


@opened("shop", "#finding-half-upgraded")
def an_address_opens_the_word_that_it_names(chromium, _):
    same(chromium.run("document.getElementById('finding-half-upgraded').open"), True, "the word")
    chromium.wait("document.getElementById('finding-half-upgraded').getBoundingClientRect().top < innerHeight", "the word in sight")
    broken = chromium.run("[...document.querySelectorAll('a[href^=\"#\"]')].map((link) => link.getAttribute('href').slice(1)).filter((id) => !id.startsWith('?') && !document.getElementById(id))")
    same(broken, [], "links that lead nowhere")
    chromium.run("location.hash = '#release-0'")
    chromium.wait("document.getElementById('release-0').open", "the release")


@opened("shop")
def a_choice_of_the_overview_filters(chromium, _):
    for state, releases in [("drifted", 6), ("critical", 5)]:
        chromium.click(f"document.querySelector('.legend a[href=\"#?is={state}\"]')")
        chromium.wait(f"{SHOWN}.length === {releases}", f"the {state} releases")
        same(chromium.run("document.querySelector('[name=is]').value"), state, "the filter")
    chromium.run(OPEN_ALL)
    chromium.run("document.querySelector('.release .word').click()")
    chromium.wait("document.getElementById(location.hash.slice(1))?.open", "the explanation of a code")


@opened("shop")
def commands_and_patches_are_copied(chromium, _):
    chromium.send("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    chromium.run(OPEN_ALL)
    for found in ["'.release .steps .copy'", "'.release .patch .copy'"]:
        chromium.click(f"document.querySelector({found})")
        chromium.wait(f"document.querySelector({found}).textContent.startsWith('Copied')", "copying")
        same(chromium.run("document.getElementById('said').textContent"), "Copied", "what is said")
        wanted = chromium.run(f"document.querySelector({found}).previousElementSibling.textContent")
        same(chromium.run("navigator.clipboard.readText()"), wanted, "the clipboard")
    patch = json.loads(chromium.run("navigator.clipboard.readText()"))
    same(sorted(patch[0]), ["op", "path", "value"], "the patch")
    assert chromium.run("document.querySelector('.destructive').textContent").strip().startswith("DESTRUCTIVE")


@opened("shop")
def colours_follow_the_system_and_the_reader(chromium, _):
    ground = "getComputedStyle(document.body).backgroundColor"
    light = chromium.run(ground)
    chromium.emulate("dark")
    dark = chromium.run(ground)
    assert light != dark, light
    for name, wanted in [("light", light), ("dark", dark), ("as the system", dark)]:
        chromium.click("document.getElementById('theme')")
        same(chromium.run("document.getElementById('theme-name').textContent"), name, "the colours")
        same(chromium.run(ground), wanted, f"the ground, {name}")
    chromium.click("document.getElementById('theme')")
    chromium.send("Page.reload")
    time.sleep(0.3)
    chromium.wait("document.getElementById('theme-name')?.textContent === 'light'", "remembering the colours")
    chromium.run("localStorage.clear()")
    chromium.events = []


def nobody_is_kept_out(chromium, pages):
    looked_at = 0
    for name in ["shop", "hostile", "clean", "empty", "remembered", "put-right"]:
        for scheme in ["light", "dark"]:
            chromium.page(pages.address(name), scheme=scheme)
            chromium.run(OPEN_ALL)
            # A few releases have everything that a release can have.
            chromium.run("[...document.querySelectorAll('.release')].slice(8).forEach((release) => release.remove())")
            chromium.run("for (const each of document.querySelectorAll('.release')) each.style.contentVisibility = 'visible'")
            chromium.run(pages.axe)
            # What is no matter of colours is the same in all of them.
            only = "" if scheme == "light" else "runOnly: ['color-contrast'], "
            found = chromium.run(
                f"axe.run(document, {{{only}resultTypes: ['violations']}}).then((found) => found.violations.map((each) =>"
                " `${each.id}: ${each.nodes[0].html.slice(0, 200)} (${each.nodes[0].any[0]?.message ?? each.help})`))"
            )
            assert not found, f"{name}, {scheme}: {'; '.join(found)}"
            looked_at += 1
            chromium.close()
    return f"{looked_at} pages"


@opened("shop")
def a_keyboard_is_enough(chromium, _):
    focused = "document.activeElement"
    chromium.press("Tab")
    same(chromium.run(f"{focused}.className"), "skip", "what comes first")
    chromium.press("Enter")
    chromium.wait(f"{focused}.id === 'releases'", "the skip link")
    chromium.press("Tab")
    same(chromium.run(f"{focused}.name"), "q", "what comes behind the skip link")
    for letter in "ledger":
        chromium.press(letter)
    chromium.wait(f"{SHOWN}.length === 1", "typing")
    release = f"{SHOWN}[0]"
    for _ in range(10):
        chromium.press("Tab")
        if chromium.run(f"{focused} === {release}.querySelector('summary')"):
            break
    else:
        raise AssertionError("the release is not reached")
    outline = chromium.run(f"getComputedStyle({focused}).outlineStyle + getComputedStyle({focused}).outlineWidth")
    same(outline, "solid2px", "the focus")
    was_open = chromium.run(f"{release}.open")
    chromium.press("Enter")
    chromium.wait(f"{release}.open === {str(not was_open).lower()}", "opening a release")
    reachable = chromium.run("[...document.querySelectorAll('a, button, select, input, summary')].filter((each) => each.tabIndex < 0).length")
    same(reachable, 0, "what no key reaches")


@opened("hostile")
def planted_texts_are_shown_and_do_nothing(chromium, _):
    chromium.run(OPEN_ALL)
    for event in ["mouseover", "focus", "toggle", "click", "error", "load"]:
        chromium.run(f"for (const each of document.querySelectorAll('main *:not(a, button)')) each.dispatchEvent(new Event('{event}'))")
    chromium.run("document.querySelector('#filter').dispatchEvent(new Event('input'))")
    time.sleep(0.5)
    same(chromium.run("window.ran"), [], "what ran")
    same(chromium.run("document.scripts.length"), 1, "scripts")
    kinds = chromium.run("[...new Set([...document.querySelectorAll('*')].map((each) => each.localName))].sort()")
    known = "a aside b body button caption circle code col colgroup dd details div dl dt form h1 h2 h3 h4 head header html input label li main mark meta ol option p rect section select small span strong style summary svg table tbody td th thead time title tr ul script".split()
    same([kind for kind in kinds if kind not in known], [], "elements that the page has not")
    attributes = chromium.run("[...document.querySelectorAll('*')].flatMap((each) => each.getAttributeNames()).filter((name) => name.startsWith('on') || name === 'style' || name === 'src')")
    same(attributes, [], "attributes that the page has not")
    links = chromium.run("[...document.querySelectorAll('a')].map((link) => link.getAttribute('href')).filter((href) => !href.startsWith('#'))")
    same(links, [], "links that leave the page")
    text = chromium.run("document.querySelector('main').textContent")
    unseen = [shown for _, shown in TEXTS if text.count(shown) < 3]
    same(unseen, [], "texts that are not shown as they are")
    raw = [hex(ord(ch)) for ch in set(text) if ch in "\u202e\u202c\u200b\u001b\u0000\u2028\u0085\U000e0041"]
    same(raw, [], "controls")
    by = chromium.run("[...document.querySelector('[name=by]').options].map((option) => option.value)")
    choose(chromium, "by", by[5])
    same(chromium.run(f"{SHOWN}.length"), 1, "releases by a hostile name")
    same(chromium.run("new URLSearchParams(location.hash.slice(2)).get('by')"), by[5], "the address")
    return f"{len(TEXTS)} texts"


@opened("hostile")
def a_page_is_bounded(chromium, pages):
    size = (pages.folder / "hostile.html").stat().st_size
    assert size < 4 << 20, f"{size} bytes for values of two megabytes"
    text = chromium.run("document.querySelector('main').textContent")
    for told in ["shown in part", "more changed lines; the JSON report has all of them"]:
        assert told in text, f"it does not say: {told}"
    return f"{size / 1024:.0f} KiB"


def a_large_page_opens_and_filters_at_once(chromium, pages):
    size = (pages.folder / "many.html").stat().st_size
    took = chromium.page(pages.address("many"))
    try:
        chromium.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        painted = chromium.run("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0")
        same(chromium.run("document.querySelectorAll('.release').length"), 1_000, "releases")
        same(chromium.run("document.querySelectorAll('.findings > li').length"), 10_000, "findings")
        filtered = []
        for name, value in [("by", "terraform"), ("q", "service-0777"), ("q", "hotfix"), ("q", "")]:
            started = time.monotonic()
            choose(chromium, name, value)
            chromium.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            filtered.append(time.monotonic() - started)
        assert took < TOO_LONG and max(filtered) < TOO_LONG, f"{took} s, {filtered} s"
        assert not chromium.complaints(), chromium.complaints()
    finally:
        chromium.close()
    each = ", ".join(f"{seconds:.2f}" for seconds in filtered)
    return f"{size / 1e6:.1f} MB loaded in {took:.2f} s, first painted after {painted / 1000:.2f} s, filtered in {each} s"


@opened("shop", scripts=False)
def without_scripts_everything_is_readable(chromium, _):
    same(chromium.run("getComputedStyle(document.getElementById('filter')).display"), "none", "the filter")
    same(chromium.run("getComputedStyle(document.querySelector('.copy')).display"), "none", "the buttons")
    summary = "document.querySelectorAll('.release > summary')[1]"
    chromium.click(summary)
    chromium.wait(f"{summary}.parentElement.open", "opening a release")


@opened("shop", media="print", width=800)
def it_prints(chromium, _):
    same(chromium.run("getComputedStyle(document.getElementById('filter')).display"), "none", "the filter")
    chromium.run("dispatchEvent(new Event('beforeprint'))")
    same(chromium.run("[...document.querySelectorAll('.release')].every((release) => release.open)"), True, "open releases")
    document = chromium.send("Page.printToPDF", printBackground=False)["data"]
    assert len(document) > 10_000
    chromium.run("dispatchEvent(new Event('afterprint'))")
    same(chromium.run("document.querySelectorAll('.release[open]').length"), 1, "open releases afterwards")


@opened("empty")
def an_empty_report_says_so(chromium, _):
    same(chromium.run("document.querySelector('h1').textContent"), "clean: no releases found", "the answer")
    same(chromium.run("document.getElementById('filter')"), None, "the filter")


@opened("clean", width=390)
def a_narrow_window_is_wide_enough(chromium, _):
    same(chromium.run("document.querySelector('h1').textContent"), "clean: 1 release, 1 object in sync", "the answer")
    for name in ["", OPEN_ALL]:
        chromium.run(name)
        same(chromium.run("document.documentElement.scrollWidth"), 390, "the width")


@opened("shop", width=390)
def a_telephone_shows_both_sides_of_a_difference(chromium, _):
    chromium.run(OPEN_ALL)
    same(chromium.run("document.documentElement.scrollWidth"), 390, "the width")
    chromium.run("for (const each of document.querySelectorAll('.release')) each.style.contentVisibility = 'visible'")
    unseen = chromium.run(
        "[...document.querySelectorAll('.diff tr:not(.context) > :is(.old, .new)')].filter((cell) => { const box = cell.getBoundingClientRect();"
        " return box.width < 100 || box.right > 390; }).map((cell) => cell.textContent)"
    )
    same(unseen, [], "sides out of sight")
    both = "[...document.querySelectorAll('.diff tr:not(.context)')].find((row) => row.querySelector('.old') && row.querySelector('.new'))"
    below = chromium.run(
        f"{both}.querySelector('.new').getBoundingClientRect().top >= {both}.querySelector('.old').getBoundingClientRect().bottom"
    )
    same(below, True, "the live side below the deployed one")


@opened("shop")
def code_is_set_off_and_words_are_marked_whole(chromium, _):
    note = "document.getElementById('notes').parentElement"
    same(chromium.run(f"{note}.querySelector('code').textContent"), "driftline rights -o role", "the command of a note")
    same(chromium.run(f"{note}.textContent.includes('`')"), False, "backticks")
    cut = chromium.run(
        "[...document.querySelectorAll('mark')].filter((mark) => { const letter = /[\\p{L}\\p{N}]/u;"
        " const [before, after] = [mark.previousSibling?.data?.at(-1), mark.nextSibling?.data?.[0]];"
        " return letter.test(before ?? '') && letter.test(mark.textContent[0])"
        " || letter.test(after ?? '') && letter.test(mark.textContent.at(-1)); }).map((mark) => mark.parentElement.textContent)"
    )
    same(cut, [], "marks within a word")
    assert chromium.run("document.querySelectorAll('mark').length") > 5


def a_server_needs_to_allow_nothing(chromium, pages):
    """An artifact is looked at over HTTP, too."""
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(quiet, directory=pages.folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        chromium.page(f"http://127.0.0.1:{server.server_port}/shop.html#?is=clean")
        same(chromium.run(f"{SHOWN}.length"), 2, "releases")
        time.sleep(0.3)
        chromium.run("1")
        assert not chromium.complaints(), "; ".join(chromium.complaints())
        chromium.close()
    finally:
        server.shutdown()


CHECKS = [
    the_first_screen_says_the_answer,
    a_row_says_in_words_what_is_wrong,
    the_counts_name_the_worst_first,
    every_filter_leaves_what_it_names,
    what_is_new_is_told_from_what_is_known,
    what_is_resolved_is_listed,
    an_address_is_data,
    an_address_opens_the_word_that_it_names,
    a_choice_of_the_overview_filters,
    commands_and_patches_are_copied,
    colours_follow_the_system_and_the_reader,
    nobody_is_kept_out,
    a_keyboard_is_enough,
    planted_texts_are_shown_and_do_nothing,
    a_page_is_bounded,
    a_large_page_opens_and_filters_at_once,
    without_scripts_everything_is_readable,
    it_prints,
    an_empty_report_says_so,
    a_narrow_window_is_wide_enough,
    a_telephone_shows_both_sides_of_a_difference,
    code_is_set_off_and_words_are_marked_whole,
    a_server_needs_to_allow_nothing,
]
