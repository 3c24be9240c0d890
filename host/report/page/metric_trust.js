// Section 4: what each metric's gap is worth, per context.

function drawMetricTrust(head) {
  const results = (metric) => contextNames.map(
      (name) => summary.contexts.find((c) => c.context === name && c.metric === metric && c.head === head));
  const columns = [{
    title: "metric",
    draw: (cell, row) => {
      cell.append("span").text(row.metric);
      cell.append("div").attr("class", "small").text(row.higher ? "higher is better" : "lower is better");
    }
  }];
  contextNames.forEach(
      (name, i) => columns.push({title: shortened(name, 24), draw: (cell, row) => drawCell(cell, row.cells[i])}));
  const rows = metrics
                   .map((metric) => {
                     const cells = results(metric), some = cells.find(Boolean);
                     return {metric, cells, higher: some && some.higher_is_better};
                   })
                   .filter((row) => row.cells.some(Boolean));
  sortableTable(d3.select("#metrics .table-frame"), columns, rows);

  function drawCell(cell, context) {
    if (!context) {
      cell.text("–");
      return;
    }
    const gap = context.gap || {}, good = isDefined(context), told = (context.calibration || [])[0];
    const range = told ? 100 * told.drf_median : 100 * gap.dynamic_range;
    if (told) {
      const bds = isNumber(told.bds) ? `, BDS ${percentText(100 * told.bds)}` : "";
      cell.append("span")
          .attr("title", `${shown(told.positive)} against ${shown(told.negative)}, ${told.n} perturbations`)
          .text(isNumber(told.drf_median) ? `DRF ${told.drf_median.toFixed(2).replace("-", "−")}${bds} ` : "");
    } else {
      cell.append("span").text(isNumber(range) ? percentText(range) + " " : "");
    }
    cell.append("span")
        .attr("class", good ? "verdict-good" : "verdict-bad")
        .text(good ? "ranks" : "cannot rank: " + whyUndefined(context));
    meter(cell, range, good);
    if (isNumber(gap.value)) {
      cell.append("div")
          .attr("class", "small line")
          .text(`gap ${valueText(gap.value)} ${intervalText(gap.ci_low, gap.ci_high, false)}`);
      const bounds = `${shown(context.wap.method)} → ${shown(context.bap.method)}`;
      cell.append("div").attr("class", "small line").attr("title", bounds).text(bounds);
    }
    const resolution = context.resolution || {};
    if (isNumber(resolution.value)) {
      const part = isNumber(resolution.percent) ? ` (${percentText(resolution.percent)} of the gap)` : "";
      cell.append("div").attr("class", "small line").text(`tells apart ${valueText(resolution.value)}${part}`);
    }
  }
}
