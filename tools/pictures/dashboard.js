// Draws the panels of a dashboard of Grafana: `data` has them, and what Prometheus answered to their queries.

"use strict";

const COLORS = { green: "#73bf69", yellow: "#fade2a", orange: "#ff9830", red: "#f2495c", blue: "#5794f2", purple: "#b877d9", text: "#ccccdc" };
const PALETTE = ["#7eb26d", "#eab839", "#6ed0e0", "#ef843c", "#e24d42", "#1f78c1", "#ba43a9", "#705da0", "#508642", "#cca300"];
const GAP = 8;
const CELL = 30;

const style = document.createElement("style");
style.textContent = `
body { margin: 0; background: #111217; color: #ccccdc; font: 14px Inter, "Liberation Sans", Arial, sans-serif; }
header { display: flex; gap: 16px; align-items: center; padding: 10px 16px; border-bottom: 1px solid #25272d; }
header b { font-size: 18px; font-weight: 500; margin-right: auto; }
header span { padding: 4px 8px; border: 1px solid #2f3137; border-radius: 2px; background: #181b1f; font-size: 12px; }
main { position: relative; margin: 12px 16px; }
.panel { position: absolute; box-sizing: border-box; overflow: hidden; border: 1px solid #25272d; border-radius: 2px; background: #181b1f; }
.panel h2 { margin: 0; padding: 7px 8px 5px; font-size: 14px; font-weight: 500; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.row { position: absolute; font-size: 16px; line-height: 30px; }
.value { display: flex; align-items: center; justify-content: center; color: #fff; font-weight: 500; }
.legend { position: absolute; padding: 0 8px 4px; overflow: hidden; font-size: 12px; line-height: 17px; }
.legend.bottom { bottom: 0; left: 0; right: 0; max-height: 34px; }
.legend.right { top: 32px; right: 0; bottom: 0; width: 170px; }
.legend.right span { display: block; }
.legend span { margin-right: 12px; white-space: nowrap; }
.legend i { display: inline-block; width: 14px; height: 4px; margin-right: 5px; border-radius: 2px; vertical-align: middle; }
table { width: 100%; border-collapse: collapse; font-size: 13px; }
th, td { padding: 6px 8px; border-bottom: 1px solid #25272d; text-align: left; }
th { color: #6e9fff; font-weight: 500; }
.number { text-align: right; }
.none { padding: 30px; text-align: center; color: #8e8e99; }
`;
document.head.append(style);

function unknown(what) {
    throw new Error(`cannot draw ${what}`);
}

function round(value, digits) {
    return String(Number(value.toFixed(digits)));
}

/** A value in a unit, as Grafana writes it. */
function format(value, unit) {
    const scaled = (base, names, digits) => {
        let at = 0;
        let rest = Math.abs(value);
        while (rest >= base && at < names.length - 1) {
            rest /= base;
            at += 1;
        }
        return round(Math.sign(value) * rest, digits) + names[at];
    };
    switch (unit) {
        case undefined:
        case "none":
            return round(value, 2);
        case "short":
            return scaled(1000, ["", " K", " Mil"], 2);
        case "bytes":
            return scaled(1024, [" B", " KiB", " MiB", " GiB"], 2);
        case "s": {
            const seconds = Math.abs(value);
            const units = [[604800, "week"], [86400, "day"], [3600, "hour"], [60, "min"]];
            const fits = units.find(([length]) => seconds >= length);
            const number = fits && round(value / fits[0], 2);
            if (fits) return `${number} ${fits[1]}${number === "1" ? "" : "s"}`;
            return seconds >= 1 || seconds === 0 ? `${round(value, 2)} s` : `${round(value * 1000, 0)} ms`;
        }
        default:
            return unknown(`the unit ${unit}`);
    }
}

/** What the overrides of a panel say of a field: its color, its unit and the like. */
function overridden(panel, name) {
    const found = {};
    for (const { matcher, properties } of panel.fieldConfig.overrides ?? []) {
        if (matcher.id !== "byName") unknown(`the matcher ${matcher.id}`);
        if (matcher.options !== name) continue;
        for (const { id, value } of properties) found[id] = value;
    }
    for (const id of Object.keys(found)) {
        if (!["color", "unit", "custom.cellOptions", "thresholds", "noValue", "links", "mappings"].includes(id)) unknown(`the property ${id}`);
    }
    return found;
}

function thresholdColor(thresholds, value) {
    if (thresholds.mode !== "absolute") unknown(`thresholds of mode ${thresholds.mode}`);
    const reached = thresholds.steps.filter((step) => step.value === null || value >= step.value);
    const { color } = reached[reached.length - 1];
    return COLORS[color] ?? unknown(`the color ${color}`);
}

/** What the mappings of a field make of a value: a text, and sometimes a color. */
function mapped(mappings, value) {
    for (const { type, options } of mappings ?? []) {
        if (type === "special" && options.match === "null") {
            if (value === null) return options.result;
        } else if (type === "value") {
            if (options[value]) return options[value];
        } else unknown(`a mapping of type ${type}`);
    }
    return {};
}

function legend(format, metric) {
    return format.replace(/{{\s*(\w+)\s*}}/g, (_, label) => metric[label] ?? "") || JSON.stringify(metric);
}

function add(parent, tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    parent.append(element);
    return element;
}

function stat(panel, box, width, height) {
    const { defaults } = panel.fieldConfig;
    const results = panel.answers.flatMap((answer) => answer.result);
    const shown = results.length ? results : [null];
    const value = results.length ? Number(results[0].value[1]) : null;
    if (shown.length > 1) unknown(`a stat of ${shown.length} values: ${panel.title}`);
    const text = value === null ? defaults.noValue : mapped(defaults.mappings, value).text ?? format(value, defaults.unit);
    const element = add(box, "div", "value", text);
    element.style.height = `${height - 32}px`;
    element.style.fontSize = `${Math.min(44, (width / Math.max(text.length, 4)) * 1.5)}px`;
    if (panel.options.colorMode === "background") {
        box.style.background = value === null ? "" : `linear-gradient(120deg, color-mix(in srgb, ${thresholdColor(defaults.thresholds, value)} 65%, black), color-mix(in srgb, ${thresholdColor(defaults.thresholds, value)} 80%, black))`;
    } else if (panel.options.colorMode === "value") {
        if (value !== null) element.style.color = thresholdColor(defaults.thresholds, value);
    } else unknown(`the color mode ${panel.options.colorMode}`);
}

/** The series of a panel on one axis of time; what is missing for no longer than spanNulls is bridged. */
function lines(panel) {
    const times = [];
    for (let time = data.start; time <= data.end; time += data.step) times.push(time);
    const longest = (panel.fieldConfig.defaults.custom.spanNulls ?? 0) / 1000;
    const found = [];
    for (const answer of panel.answers) {
        for (const { metric, values } of answer.result) {
            const at = new Map(values.map(([time, value]) => [time, Number(value)]));
            const row = times.map((time) => at.get(time) ?? null);
            let last = null;
            row.forEach((value, index) => {
                if (value === null) return;
                if (last !== null && (index - last) * data.step <= longest) row.fill(row[last], last, index);
                last = index;
            });
            found.push({ name: legend(answer.legendFormat, metric), row });
        }
    }
    return { times, found };
}

/** The distances of the marks on an axis that suit a unit. */
function increments(unit) {
    if (unit === "bytes") return Array.from({ length: 40 }, (_, power) => 2 ** power);
    if (unit !== "s") return undefined;
    const long = [60, 300, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 345600, 604800, 1209600];
    return [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, ...long];
}

function timeseries(panel, box, width, height) {
    const { defaults } = panel.fieldConfig;
    const { custom } = defaults;
    const { times, found } = lines(panel);
    if (!found.length) {
        add(box, "div", "none", defaults.noValue ?? "No data");
        return;
    }
    if (!["normal", "none"].includes(custom.stacking.mode)) unknown(`stacking ${custom.stacking.mode}`);
    const stacked = custom.stacking.mode === "normal";
    const kind = custom.drawStyle === "bars" ? "bars" : `${custom.drawStyle} ${custom.lineInterpolation}`;
    const paths = {
        bars: uPlot.paths.bars({ size: [1, 100] }),
        "line stepAfter": uPlot.paths.stepped({ align: 1 }),
    }[kind] ?? unknown(`a graph of ${kind}`);
    const sums = times.map(() => 0);
    const rows = found.map(({ row }) => (stacked ? row.map((value, index) => (value === null ? null : (sums[index] += value))) : row));
    const colors = found.map(({ name }, index) => {
        const color = overridden(panel, name).color;
        return color ? COLORS[color.fixedColor] ?? unknown(`the color ${color.fixedColor}`) : PALETTE[index % PALETTE.length];
    });
    const { placement } = panel.options.legend;
    if (!["bottom", "right"].includes(placement)) unknown(`a legend at the ${placement}`);
    const shown = add(box, "div", `legend ${placement}`);
    found.forEach(({ name }, index) => {
        const entry = add(shown, "span");
        add(entry, "i").style.background = colors[index];
        entry.append(name);
    });
    const [beside, below] = placement === "right" ? [shown.offsetWidth, 0] : [0, shown.offsetHeight];
    const axis = { stroke: "#ccccdc", grid: { stroke: "#ccccdc12", width: 1 }, ticks: { show: false }, font: "11px Liberation Sans, Arial" };
    const day = (time) => `${String(new Date(time * 1000).getUTCMonth() + 1).padStart(2, "0")}/${String(new Date(time * 1000).getUTCDate()).padStart(2, "0")}`;
    const limits = custom.thresholdsStyle ? defaults.thresholds.steps.filter((step) => step.value !== null) : [];
    const drawLimits = (plot) => {
        for (const { color, value } of limits) {
            const at = Math.round(plot.valToPos(value, "y", true));
            plot.ctx.save();
            plot.ctx.strokeStyle = COLORS[color] ?? unknown(`the color ${color}`);
            if (custom.thresholdsStyle.mode === "dashed") plot.ctx.setLineDash([8, 6]);
            plot.ctx.beginPath();
            plot.ctx.moveTo(plot.bbox.left, at);
            plot.ctx.lineTo(plot.bbox.left + plot.bbox.width, at);
            plot.ctx.stroke();
            plot.ctx.restore();
        }
    };
    // The highest of a stack comes first, so that what is below covers it.
    const order = stacked ? found.map((_, index) => found.length - 1 - index) : found.map((_, index) => index);
    new uPlot(
        {
            width: width - 14 - beside,
            height: height - 36 - below,
            legend: { show: false },
            cursor: { show: false },
            padding: [8, 4, 0, 0],
            tzDate: (time) => uPlot.tzDate(new Date(time * 1000), "UTC"),
            scales: { x: { range: [data.start, data.end] }, y: { range: (_, low, high) => [defaults.min ?? low, Math.max(high, 1e-3) * 1.08] } },
            axes: [
                { ...axis, size: 24, incrs: [86400, 172800], values: (_, ticks) => ticks.map(day) },
                { ...axis, size: 70, incrs: increments(defaults.unit), values: (_, ticks) => ticks.map((tick) => format(tick, defaults.unit)) },
            ],
            series: [
                {},
                ...order.map((index) => ({
                    stroke: colors[index],
                    width: custom.lineWidth,
                    fill: custom.fillOpacity ? `color-mix(in srgb, ${colors[index]} ${custom.fillOpacity}%, ${stacked ? "#181b1f" : "transparent"})` : undefined,
                    paths,
                    points: { show: false },
                })),
            ],
            hooks: { draw: [drawLimits] },
        },
        [times, ...order.map((index) => rows[index])],
        box,
    );
}

/** The rows of a table, after the panel's transformations. */
function rowsOf(panel) {
    let rows = panel.answers.flatMap((answer) => answer.result.map(({ metric, value }) => ({ ...metric, [`Value #${answer.refId}`]: Number(value[1]) })));
    let columns = [...new Set(rows.flatMap(Object.keys))];
    for (const { id, options } of panel.transformations) {
        if (id === "merge") {
            const merged = new Map();
            for (const row of rows) {
                const key = JSON.stringify(Object.entries(row).filter(([name]) => !name.startsWith("Value #")).sort());
                merged.set(key, { ...merged.get(key), ...row });
            }
            rows = [...merged.values()];
        } else if (id === "filterByValue") {
            if (options.type !== "include" || options.match !== "any") unknown("this filter");
            const passes = (row, { fieldName, config }) => (config.id === "greater" ? row[fieldName] > config.options.value : unknown(`the filter ${config.id}`));
            rows = rows.filter((row) => options.filters.some((filter) => passes(row, filter)));
        } else if (id === "organize") {
            columns = columns.filter((name) => !options.excludeByName[name]);
            columns.sort((one, other) => options.indexByName[one] - options.indexByName[other]);
            const named = (name) => options.renameByName[name] ?? name;
            rows = rows.map((row) => Object.fromEntries(columns.map((name) => [named(name), row[name]])));
            columns = columns.map(named);
        } else unknown(`the transformation ${id}`);
    }
    return { rows, columns };
}

function table(panel, box) {
    const { defaults } = panel.fieldConfig;
    const { rows, columns } = rowsOf(panel);
    if (!rows.length) {
        add(box, "div", "none", defaults.noValue ?? "No data");
        return;
    }
    for (const { displayName, desc } of [...(panel.options.sortBy ?? [])].reverse()) {
        if (!columns.includes(displayName)) unknown(`a table sorted by ${displayName}`);
        const by = (one, other) => (one[displayName] === other[displayName] ? 0 : (one[displayName] ?? -1) < (other[displayName] ?? -1) ? -1 : 1);
        rows.sort((one, other) => (desc ? -by(one, other) : by(one, other)));
    }
    const whole = add(box, "table");
    const head = add(whole, "tr");
    const isNumber = (name) => rows.some((row) => typeof row[name] === "number");
    for (const name of columns) add(head, "th", isNumber(name) ? "number" : "", name);
    for (const row of rows) {
        const line = add(whole, "tr");
        for (const name of columns) {
            const own = overridden(panel, name);
            const value = row[name] ?? null;
            const { text, color } = mapped(own.mappings, value);
            const plain = typeof value === "number" ? format(value, own.unit ?? defaults.unit) : value ?? own.noValue ?? defaults.noValue ?? "";
            const cell = add(line, "td", isNumber(name) ? "number" : "", text ?? plain);
            if (own.links) cell.style.textDecoration = "underline";
            const options = own["custom.cellOptions"];
            if (!options) continue;
            if (options.type !== "color-text") unknown(`cells of type ${options.type}`);
            if (color) cell.style.color = COLORS[color] ?? unknown(`the color ${color}`);
            else if (value !== null) cell.style.color = thresholdColor(own.thresholds ?? defaults.thresholds, value);
        }
    }
}

const KINDS = { stat, timeseries, table };

const bar = add(document.body, "header");
add(bar, "b", "", data.title);
add(bar, "span", "", "Cluster: All");
add(bar, "span", "", "Last 7 days");
const main = add(document.body, "main");
const column = (document.body.clientWidth - 32 + GAP) / 24;
let bottom = 0;
for (const panel of data.panels) {
    const { x, y, w, h } = panel.gridPos;
    const [width, height] = [w * column - GAP, h * (CELL + GAP) - GAP];
    const box = add(main, "section", panel.type === "row" ? "row" : "panel");
    Object.assign(box.style, { left: `${x * column}px`, top: `${y * (CELL + GAP)}px`, width: `${width}px`, height: `${height}px` });
    bottom = Math.max(bottom, (y + h) * (CELL + GAP));
    if (panel.type === "row") {
        box.textContent = `▾ ${panel.title}`;
        continue;
    }
    add(box, "h2", "", panel.title);
    (KINDS[panel.type] ?? unknown(`a panel of type ${panel.type}`))(panel, box, width, height);
}
main.style.height = `${bottom}px`;
document.documentElement.setAttribute(heightAttribute, Math.ceil(document.body.getBoundingClientRect().height) + 12);
