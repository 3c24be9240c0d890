// What the page shows, as the host wrote it: the run's summary and, per context, columns over perturbations.
// Of a run that predicts several targets, the chapter that the address names after its #, or the first.
const book = JSON.parse(document.getElementById("data").textContent);
const chapters = book.chapters || [book];
const targetOf = (chapter) => ((chapter.summary.contexts[0] || {}).target) || "lfc";
const data = chapters.find((chapter) => "#target=" + targetOf(chapter) === window.location.hash) || chapters[0];
const summary = data.summary;
// Of the columns over perturbations; another one than the primary where that is of a fold alone.
const perturbationMetric = data.perturbation_metric || data.metric;

// Columns are packed as 16-bit steps between their least and greatest value; the last step is "not known".
function unpack(column) {
  const bytes = Uint8Array.from(atob(column.steps), (c) => c.charCodeAt(0));
  const steps = new DataView(bytes.buffer);
  const values = new Float64Array(bytes.length / 2);
  for (let i = 0; i < values.length; ++i) {
    const step = steps.getUint16(2 * i, true);
    values[i] = step === 65535 ? NaN : column.low + (column.high - column.low) * step / 65534;
  }
  return values;
}

// Foreign text with everything that acts instead of showing (controls, bidi overrides, invisible characters) spelt out.
function shown(text) {
  return String(text ?? "")
      .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => "\\u{" + c.codePointAt(0).toString(16) + "}");
}

// At most n characters of it, cut in the middle: the ends tell names apart.
function shortened(text, n) {
  const characters = Array.from(shown(text));
  if (characters.length <= n) return characters.join("");
  const kept = n - 1, head = Math.ceil(kept / 2);
  return characters.slice(0, head).join("") + "…" + characters.slice(characters.length - (kept - head)).join("");
}

const isNumber = (x) => typeof x === "number" && Number.isFinite(x);

function valueText(x) {
  if (!isNumber(x)) return "–";
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size < 1e-4 || size >= 1e6) return x.toExponential(1);
  return x.toFixed(Math.max(0, 3 - Math.floor(Math.log10(size)))).replace("-", "−");
}

const percentSign = "\u00a0%";  // never on a line of its own

function percentText(x) {
  if (!isNumber(x)) return "–";
  if (Math.abs(x) >= 1e5) return x.toExponential(0) + percentSign;
  return x.toFixed(Math.abs(x) >= 1000 ? 0 : 1).replace(/^-0\.0$/, "0.0").replace("-", "−") + percentSign;
}

function intervalText(low, high, percent) {
  if (!isNumber(low) || !isNumber(high)) return "";
  const text = percent ? (x) => percentText(x).replace(percentSign, "") : valueText;
  return `[${text(low)}, ${text(high)}]`;
}

const countText = d3.format(",d");

function secondsText(s) {
  if (!isNumber(s)) return "–";
  if (s < 10) return s.toFixed(s < 1 ? 2 : 1) + " s";
  if (s < 60) return Math.round(s) + " s";
  if (s < 3600) return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
  return `${Math.floor(s / 3600)} h ${Math.round(s % 3600 / 60)} min`;
}

function bytesText(n) {
  if (!isNumber(n) || n <= 0) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (n >= 1000 && unit + 1 < units.length) {
    n /= 1000;
    ++unit;
  }
  return n.toFixed(n < 100 && unit > 0 ? 1 : 0) + " " + units[unit];
}

const unique = (list) => Array.from(new Set(list));

// Results of one head and metric, in the order of contexts. The nameless head of score tables is "".
const heads = unique(summary.contexts.map((c) => c.head));
const metrics = unique(summary.contexts.map((c) => c.metric));
// Splits of several families tell different things of one context.
const contextTitle = (c) => c.split_family ? `${c.context} · ${c.split_family}` : c.context;
const contextNames = unique(summary.contexts.map((c) => c.context));
const resultsOf = (head, metric) => summary.contexts.filter((c) => c.head === head && c.metric === metric);

const isPlugin = (m) => m.role === "plugin";
const isDefined = (context) => Boolean(context.gap && context.gap.defined);

// Evaluated plugins, best first.
function rankedPlugins(context) {
  const sign = context.higher_is_better ? -1 : 1;
  return context.methods.filter((m) => isPlugin(m) && m.status === "ok" && isNumber(m.value))
      .sort((a, b) => sign * (a.value - b.value));
}

const methodOf = (context, name) => context.methods.find((m) => m.name === name);

function whyUndefined(context) {
  const gap = context.gap || {};
  if (!isNumber(gap.value)) return "a bound is missing";
  return gap.value <= 0 ? "BAP is not better than WAP" : "the gap's interval contains 0";
}

// The ceiling that leaves a gap where the bounds leave none, and the flag that takes it.
function otherCeiling(context) {
  const other = context.other_ceiling;
  if (!other) return "";
  return `to ${shown(other.bap.method)} ${valueText(other.bap.value)} there is a gap of ${valueText(other.gap.value)} ` +
      `${intervalText(other.gap.ci_low, other.gap.ci_high)}: --ceiling ${shown(other.ceiling)}`;
}

function verdictClass(verdict) {
  if (/^(progress|at the limit)/.test(verdict)) return "verdict-good";
  if (verdict === "below null") return "verdict-bad";
  return verdict === "within noise of null" ? "verdict-warn" : "small";
}
