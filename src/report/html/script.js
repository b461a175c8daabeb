// What a reader can do with the page: filter, open, copy, choose colours. All text is data: it is compared and never made
// into markup, and nothing is loaded or sent.
"use strict";
(() => {
    const root = document.documentElement;
    const find = (id) => document.getElementById(id);
    root.classList.add("js");

    // A storage may be forbidden, as it is in the frames of some artifact browsers.
    const remembered = {
        get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
        set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* Not remembered. */ } },
    };

    // Colours.
    const THEMES = { auto: "as the system", light: "light", dark: "dark" };
    const theme = find("theme");
    const paint = (name) => {
        if (name === "auto") delete root.dataset.theme; else root.dataset.theme = name;
        find("theme-name").textContent = THEMES[name];
    };
    let colours = Object.hasOwn(THEMES, remembered.get("driftline-theme") ?? "") ? remembered.get("driftline-theme") : "auto";
    paint(colours);
    theme.hidden = false;
    theme.addEventListener("click", () => {
        const names = Object.keys(THEMES);
        colours = names[(names.indexOf(colours) + 1) % names.length];
        paint(colours);
        remembered.set("driftline-theme", colours);
    });

    // Copying.
    const said = find("said");
    const copied = async (code) => {
        try {
            await navigator.clipboard.writeText(code.textContent);
            return true;
        } catch {
            // A page that did not come over HTTPS has no clipboard, and the selection still has one.
            getSelection().selectAllChildren(code);
            return document.execCommand("copy");
        }
    };
    document.addEventListener("click", async (event) => {
        const button = event.target.closest(".copy");
        if (!button) return;
        const done = (await copied(button.parentElement.querySelector("code"))) ? "Copied" : "Select and copy";
        said.textContent = done;
        button.firstChild.data = done;
        setTimeout(() => { button.firstChild.data = "Copy"; said.textContent = ""; }, 2000);
    });

    // An address that names an entry shows it, wherever it is hidden.
    const reveal = (id) => {
        // What the page has no room for is told by the line of its release.
        const target = find(id) ?? find(/^release-\d+/.exec(id)?.[0] ?? "");
        if (!target) return;
        for (let outer = target; outer; outer = outer.parentElement) {
            if (outer.localName === "details") outer.open = true;
            outer.hidden = false;
        }
        target.scrollIntoView();
        target.querySelector(":scope > summary")?.focus({ preventScroll: true });
    };

    // Printing shows what the filter shows, opened where that is no book.
    const BOOK = 100;
    const shown = () => releases.filter((release) => release.fits);
    const opened = [];
    addEventListener("beforeprint", () => {
        if (shown().length > BOOK) return;
        const closed = shown().map(({ element }) => element).filter((element) => !element.open);
        for (const element of closed) element.open = true;
        opened.push(...closed);
    });
    addEventListener("afterprint", () => { for (const element of opened.splice(0)) element.open = false; });

    // Filtering. Every value is read once, and no layout is asked for in between.
    const releases = [...document.querySelectorAll(".release")].map((element) => ({
        element,
        fits: true,
        text: null,
        values: {
            is: element.dataset.is.split(" "),
            code: element.dataset.code.split(" "),
            namespace: [element.dataset.namespace],
            by: JSON.parse(element.dataset.by),
            status: element.dataset.status.split(" "),
        },
    }));
    const form = find("filter");
    const follow = () => {
        const fragment = location.hash.slice(1);
        if (form && fragment.startsWith("?")) {
            fill(new URLSearchParams(fragment.slice(1)));
            apply();
            find("releases").scrollIntoView();
        } else if (fragment) {
            reveal(fragment);
        }
    };
    const fields = form ? [...form.elements].filter((field) => field.name) : [];
    // A value that no choice has leaves a choice as it is: it is not taken over from the address.
    const fill = (wanted) => {
        for (const field of fields) {
            const value = wanted.get(field.name) ?? "";
            field.value = field.options && ![...field.options].some((option) => option.value === value) ? "" : value;
        }
    };
    const apply = () => {
        const wanted = fields.filter((field) => field.name !== "q" && field.value);
        const words = (form.elements.q.value.toLowerCase().match(/\S+/g) ?? []).slice(0, 20);
        let count = 0;
        for (const release of releases) {
            if (words.length) release.text ??= release.element.textContent.toLowerCase();
            const fits = wanted.every(({ name, value }) => release.values[name].includes(value))
                && words.every((word) => release.text.includes(word));
            if (fits !== release.fits) release.element.hidden = !fits;
            release.fits = fits;
            count += fits;
        }
        const isFiltered = wanted.length > 0 || words.length > 0;
        const noun = releases.length === 1 ? "release" : "releases";
        find("shown").textContent = isFiltered ? `${count} of ${releases.length} ${noun}` : `${releases.length} ${noun}`;
        find("none").hidden = count > 0;
        for (const field of fields) field.classList.toggle("chosen", field.value !== "");
        return isFiltered;
    };
    const changed = () => {
        const isFiltered = apply();
        const chosen = fields.filter((field) => field.value).map((field) => [field.name, field.value]);
        // Some frames have no history to write to.
        try { history.replaceState(null, "", isFiltered ? `#?${new URLSearchParams(chosen)}` : "#"); } catch { /* Not kept. */ }
    };
    if (form) {
        let waiting = 0;
        form.hidden = false;
        form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(changed, 120); });
        form.addEventListener("submit", (event) => event.preventDefault());
        form.addEventListener("reset", () => setTimeout(changed));
        find("clear").addEventListener("click", () => { form.reset(); form.elements.q.focus(); });
        const expand = find("expand");
        expand.addEventListener("click", () => {
            const open = expand.getAttribute("aria-pressed") !== "true";
            for (const { element } of shown()) element.open = open;
            expand.setAttribute("aria-pressed", String(open));
            expand.textContent = open ? "Close all" : "Open all";
        });
    }
    addEventListener("hashchange", follow);
    follow();
})();
