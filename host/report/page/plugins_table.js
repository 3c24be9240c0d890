// Section 5: who was evaluated, from what, at which cost, and what went wrong.

function drawPlugins(head) {
  const content = d3.select("#plugins .content");
  content.selectAll("*").remove();
  if (summary.plugins.length > 0) {
    sortableTable(
        content.append("div").attr("class", "table-frame"),
        [
          {
            title: "name",
            value: (p) => p.name,
            draw: (cell, p) => {
              nameElement(cell, "span", p.name, 60);
              // A file of vectors is the user's own, whoever reads it.
              if (p.shipped)
                cell.append("div")
                    .attr("class", "small")
                    .text(p.data_sha256 ? "vectors, read by Headroom's table plugin" : "shipped with Headroom");
              const words = shown((p.description || {}).description);
              if (words && !p.data_sha256) cell.append("div").attr("class", "small").text(shortened(words, 200));
            }
          },
          {
            title: "kind",
            value: (p) => kindOf(p),
            draw: (cell, p) => {
              cell.append("span").text(kindOf(p));
              cell.append("div").attr("class", "small").text(shown((p.description || {}).version));
            }
          },
          {
            title: "provenance",
            draw: (cell, p) => {
              cell.append("span").attr("class", "name").text(shortened(p.file, 40));
              [["sha256", p.sha256], ["data", p.data_sha256]].filter(([, hash]) => hash).forEach(([word, hash]) => {
                const line = cell.append("div").attr("class", "small");
                line.append("span").text(word + " ");
                line.append("code").attr("title", shown(hash)).text(shown(hash).slice(0, 12));
              });
              const licence = shown((p.description || {}).licence);
              if (licence) cell.append("div").attr("class", "small").text("licence: " + shortened(licence, 60));
            }
          },
          {
            title: "trained on",
            draw: (cell, p) => {
              const sets = (p.description || {}).training_datasets || [];
              cell.append("span").text(sets.length ? sets.map((s) => shortened(s, 40)).join(", ") : "not declared");
            }
          },
          {
            title: "coverage",
            number: true,
            value: (p) => coverage(p),
            text: (p) => isNumber(coverage(p)) ?
                `${percentText(100 * coverage(p))} (${countText(p.n_present)} of ${countText(p.n_ids)})` :
                "–"
          },
        ],
        summary.plugins, {pageSize: 25});
  }
  drawFailures(content);
  drawCosts(content, head);
  drawAudit(content);

  function kindOf(plugin) {
    return String((plugin.description || {}).kind || "").toLowerCase().replace("plugin_kind_unspecified", "");
  }
  function coverage(plugin) {
    return isNumber(plugin.n_ids) && plugin.n_ids > 0 ? plugin.n_present / plugin.n_ids : NaN;
  }
}

function drawFailures(content) {
  const rows = new Map();  // one a method, status and reason: contexts that share them are listed together
  summary.contexts.forEach(
      (context) => context.methods.filter((m) => m.status === "failed" || m.status === "skipped").forEach((method) => {
        const key = JSON.stringify([method.name, method.status, method.reason]);
        if (!rows.has(key)) rows.set(key, {method, contexts: new Set()});
        rows.get(key).contexts.add(context.context);
      }));
  if (rows.size === 0) return;
  content.append("h3").text("Failed and skipped");
  sortableTable(
      content.append("div").attr("class", "table-frame"),
      [
        {title: "method", value: (r) => r.method.name, draw: (cell, r) => nameElement(cell, "span", r.method.name, 60)},
        {
          title: "status",
          value: (r) => r.method.status,
          draw: (cell, r) => cell.append("span")
                                 .attr("class", "chip " + (r.method.status === "failed" ? "verdict-bad" : "small"))
                                 .text(r.method.status)
        },
        {title: "reason", text: (r) => shortened(r.method.reason, 400)},
        {title: "contexts", text: (r) => Array.from(r.contexts).map((c) => shortened(c, 30)).join(", ")},
      ],
      Array.from(rows.values()), {pageSize: 25});
}

// Per method of this head: what it chose, how much of it was covered, what it cost.
function drawCosts(content, head) {
  const metric = metrics.includes(data.metric) ? data.metric : metrics[0];
  const rows = resultsOf(head, metric)
                   .flatMap(
                       (context) => context.methods.filter((m) => isPlugin(m) && m.status === "ok")
                                        .map((method) => ({context: context.context, method, folds: method.folds})));
  if (!rows.some((r) => r.folds.some((f) => isNumber(f.wall_s)))) return;
  content.append("h3").text("What each method chose and cost");
  const total = (r, key) => d3.sum(r.folds, (f) => f[key] || 0);
  sortableTable(
      content.append("div").attr("class", "table-frame"),
      [
        {
          title: "method",
          value: (r) => r.method.name,
          draw: (cell, r) => {
            nameElement(cell, "span", r.method.name, 50);
            (r.method.flags || []).forEach((flag) => cell.append("div").attr("class", "small").text(shown(flag)));
          }
        },
        {title: "context", value: (r) => r.context, text: (r) => shortened(r.context, 24)},
        {
          title: "covered",
          number: true,
          value: (r) => r.method.coverage,
          text: (r) => isNumber(r.method.coverage) ? percentText(100 * r.method.coverage) : "–"
        },
        {title: "chosen", draw: (cell, r) => chosen(r.folds).forEach((line) => cell.append("div").text(line))},
        {
          title: "components",
          text: (r) => unique(r.folds.map((f) => f.effective_dim).filter(isNumber)).join(", ") || "raw"
        },
        {title: "time", number: true, value: (r) => total(r, "wall_s"), text: (r) => secondsText(total(r, "wall_s"))},
        {title: "CPU", number: true, value: (r) => total(r, "cpu_s"), text: (r) => secondsText(total(r, "cpu_s"))},
        {
          title: "memory",
          number: true,
          value: (r) => d3.max(r.folds, (f) => f.peak_memory_bytes || 0),
          text: (r) => bytesText(d3.max(r.folds, (f) => f.peak_memory_bytes || 0))
        },
      ],
      rows, {pageSize: 25});
}

// "k = 20 in 3 folds, 40 in 2"
function chosen(folds) {
  const names = unique(folds.flatMap((f) => Object.keys(f.best_params || {})));
  return names.map((name) => {
    const counts = d3.nest()
                       .key((f) => f.best_params[name])
                       .rollup((list) => list.length)
                       .entries(folds.filter((f) => f.best_params && name in f.best_params))
                       .sort((a, b) => b.value - a.value);
    return `${shown(name)} = ` + counts.map((c) => counts.length > 1 ? `${c.key} (${c.value}×)` : c.key).join(", ");
  });
}

function drawAudit(content) {
  if (!summary.audit || summary.audit.length === 0) return;
  content.append("h3").text("Audit");
  sortableTable(
      content.append("div").attr("class", "table-frame"),
      [
        {title: "method", value: (a) => a.name, draw: (cell, a) => nameElement(cell, "span", a.name, 60)},
        {title: "context", value: (a) => a.context, text: (a) => shortened(a.context, 30)},
        {title: "probe", value: (a) => a.probe, text: (a) => shown(a.probe)},
        {
          title: "outcome",
          value: (a) => a.outcome,
          draw: (cell, a) =>
              cell.append("span")
                  .attr(
                      "class",
                      "chip " +
                          ({pass: "verdict-good", fail: "verdict-bad", warn: "verdict-warn"}[a.outcome] || "small"))
                  .text(shown(a.outcome))
        },
        {title: "detail", text: (a) => shortened(a.detail, 300)},
      ],
      summary.audit, {pageSize: 25});
}
