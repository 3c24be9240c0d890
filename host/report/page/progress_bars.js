// Section 1: per context one bar from WAP to BAP with the best method and every other one, then all methods by context.

function drawProgressBars(contexts) {
  const left = 196, right = 240, width = 1000, top = 40, rowHeight = 92;
  const svg = newFigure(
      d3.select("#progress .figure"), "progress", "Gap closed per context", width, top + rowHeight * contexts.length);
  const x = d3.scaleLinear().domain([0, 100]).range([left, width - right]);
  // A method beyond the drawn range stands at its end as an arrow.
  const isOutside = (p) => x(p) < x(0) - 22 || x(p) > x(100) + 22;
  const pointPath = (p) => isOutside(p) ? (p < 0 ? "M-5,0L4,-5L4,5Z" : "M5,0L-4,-5L-4,5Z") : symbolPath("plugin", 46);
  const clampedX = (p) => Math.max(x(0) - 22, Math.min(x(100) + 22, x(p)));
  [0, 25, 50, 75, 100].forEach((tick) => {
    svg.append("line")
        .attr("class", "row-line")
        .attr("x1", x(tick))
        .attr("x2", x(tick))
        .attr("y1", top - 8)
        .attr("y2", top + rowHeight * contexts.length - 10);
    svg.append("text")
        .attr("class", "muted")
        .attr("x", x(tick))
        .attr("y", top - 14)
        .attr("text-anchor", "middle")
        .attr("font-size", 11)
        .text(
            tick === 0       ? "0 % (WAP)" :
                tick === 100 ? "100 % (BAP)" :
                               tick + " %");
  });
  contexts.forEach(
      (context, i) => drawBar(svg.append("g").attr("transform", `translate(0,${top + i * rowHeight})`), context));

  function drawBar(row, context) {
    const barTop = 10, barHeight = 22, middle = barTop + barHeight / 2;
    const methods = rankedPlugins(context), best = methods[0];
    fitName(
        row.append("text").attr("x", 0).attr("y", middle + 5).attr("font-size", 16).attr("font-weight", 600),
        contextTitle(context), left - 30);
    const defined = isDefined(context);
    row.append("rect")
        .attr("class", "track")
        .classed("undefined", !defined)
        .attr("x", x(0))
        .attr("y", barTop)
        .attr("width", x(100) - x(0))
        .attr("height", barHeight)
        .attr("rx", 4);
    const ends = row.append("g").attr("font-size", 11);
    const end = (bound, at, anchor) => {
      if (!bound || !isNumber(bound.value)) return;
      ends.append("text")
          .attr("class", "muted")
          .attr("x", at)
          .attr("y", barTop + barHeight + 38)
          .attr("text-anchor", anchor)
          .text(`${bound.is_about ? "about " : ""}${valueText(bound.value)} ${shortened(bound.method, 30)}`);
    };
    end(context.wap, x(0), "start");
    end(context.bap, x(100), "end");
    if (!defined) {
      row.append("text")
          .attr("class", "muted")
          .attr("x", (x(0) + x(100)) / 2)
          .attr("y", middle + 4)
          .attr("text-anchor", "middle")
          .attr("font-size", 12)
          .text("no percentage is meaningful: " + whyUndefined(context));
      row.append("text")
          .attr("class", "muted")
          .attr("x", (x(0) + x(100)) / 2)
          .attr("y", barTop + barHeight + 18)
          .attr("text-anchor", "middle")
          .attr("font-size", 11)
          .text(otherCeiling(context));
      if (best) drawSide("–", `best: ${valueText(best.value)}`, best.name);
      return;
    }
    if (!best) return;
    const percent = best.gap_closed;
    row.append("rect")
        .attr("class", "plugin")
        .attr("x", x(0))
        .attr("y", barTop)
        .attr("width", Math.max(0, Math.min(x(100), x(percent)) - x(0)))
        .attr("height", barHeight)
        .attr("rx", 4);
    if (percent > 100 || percent < 0) {
      const at = percent > 100 ? x(100) + 6 : x(0) - 6, way = percent > 100 ? 9 : -9;
      row.append("path")
          .attr("class", "plugin")
          .attr("d", `M${at},${middle - 8}L${at + way},${middle}L${at},${middle + 8}Z`);
    }
    if (isNumber(best.ci_low) && isNumber(best.ci_high)) {
      const a = clampedX(best.ci_low), b = clampedX(best.ci_high);
      ["halo", "whisker"].forEach(
          (layer) => row.append("path")
                         .attr("class", layer)
                         .attr("d", `M${a},${middle}H${b}M${a},${middle - 5}v10M${b},${middle - 5}v10`));
    }
    const points =
        row.append("g")
            .selectAll("path")
            .data(methods.slice().reverse())
            .join("path")
            .attr("class", "plugin point")
            .attr("d", (m) => pointPath(m.gap_closed))
            .attr("tabindex", 0)
            .attr("role", "img")
            .attr(
                "aria-label", (m) => `${shortened(m.name, 80)}: ${percentText(m.gap_closed)} of the gap, ${m.verdict}`)
            .attr("transform", (m) => `translate(${clampedX(m.gap_closed)},${barTop + barHeight + 14})`);
    withTip(
        points,
        (m) =>
            [m.name, `${percentText(m.gap_closed)} ${intervalText(m.ci_low, m.ci_high, true)}`, m.verdict,
             `${context.metric} ${valueText(m.value)}`]);
    drawSide(percentText(percent), intervalText(best.ci_low, best.ci_high, true), best.name, best.verdict);

    function drawSide(large, interval, name, verdict) {
      const at = x(100) + 36;
      const first = row.append("text").attr("x", at).attr("y", middle - 2);
      first.append("tspan").attr("font-size", 19).attr("font-weight", 700).text(large);
      first.append("tspan").attr("class", "muted").attr("font-size", 11).attr("dx", 6).text(interval);
      if (verdict) row.append("text").attr("x", at).attr("y", middle + 15).attr("font-size", 13).text(verdict);
      fitName(
          row.append("text").attr("class", "muted").attr("x", at).attr("y", middle + 31).attr("font-size", 12), name,
          width - at);
    }
  }
}

// Rows are methods, columns contexts: percent, interval and a bar.
function drawAllMethods(contexts) {
  const names = unique(contexts.flatMap((c) => c.methods.filter(isPlugin).map((m) => m.name)));
  const rows = names.map((name) => {
    const cells = contexts.map((context) => ({context, method: methodOf(context, name)}));
    const closed = cells.map((c) => c.method && c.method.gap_closed).filter(isNumber);
    return {name, cells, mean: closed.length ? d3.mean(closed) : NaN};
  });
  const columns = [{title: "method", value: (r) => r.name, draw: (cell, r) => nameElement(cell, "span", r.name, 60)}];
  contexts.forEach((context, i) => columns.push({
    title: shortened(context.context, 24),
    number: true,
    value: (r) => r.cells[i].method ? r.cells[i].method.gap_closed : NaN,
    draw: (cell, r) => drawCell(cell, r.cells[i]),
  }));
  if (contexts.length > 1) {
    columns.push(
        {title: "mean", number: true, value: (r) => r.mean, text: (r) => percentText(r.mean), start: "descending"});
  } else if (columns[1]) {
    columns[1].start = "descending";
  }
  sortableTable(d3.select("#progress .table-frame"), columns, rows);
  d3.select("#progress .all-methods")
      .attr("open", rows.length <= 15 ? "" : null)
      .select("summary")
      .text(`All ${rows.length} methods`);

  function drawCell(cell, {context, method}) {
    if (!method || method.status !== "ok") {
      cell.append("span")
          .attr("class", "small")
          .text(method ? shortened(method.status + ": " + method.reason, 60) : "–");
      return;
    }
    cell.append("span").text(percentText(method.gap_closed) + " ");
    cell.append("span").attr("class", "interval").text(intervalText(method.ci_low, method.ci_high, true));
    if (isDefined(context)) meter(cell, method.gap_closed, true);
    cell.append("span").attr("class", verdictClass(method.verdict)).style("font-size", "12px").text(method.verdict);
    (method.flags || []).forEach((flag) => cell.append("div").attr("class", "small").text(shown(flag)));
  }
}
