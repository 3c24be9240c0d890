// Section 2, the field's usual figure: every method's folds as points with their median, grouped by role.

const fewMethods = 15;  // of the plugins, before "show all"
let showAllMethods = false;

function drawFolds(contexts) {
  const frame = d3.select("#folds .figures");
  frame.selectAll("*").remove();
  legend(frame, [
    "null", "plugin", "cheater", "reference"
  ].filter((role) => contexts.some((c) => c.methods.some((m) => m.role === role && m.status === "ok"))));
  const most = d3.max(contexts, (c) => rankedPlugins(c).length) || 0;
  contexts.forEach((context) => {
    frame.append("h3").append("span").attr("class", "name").text(shown(contextTitle(context)));
    drawFoldsOf(context, frame.append("div").attr("class", "figure").attr("data-name", "folds"));
  });
  if (most > fewMethods) {
    frame.append("button")
        .attr("type", "button")
        .text(showAllMethods ? `Show the best ${fewMethods} methods` : `Show all ${most} methods`)
        .on("click", () => {
          showAllMethods = !showAllMethods;
          drawFolds(contexts);
        });
  }
}

function drawFoldsOf(context, frame) {
  const sign = context.higher_is_better ? -1 : 1;
  const ofRole = (role) =>
      context.methods.filter((m) => m.role === role && isNumber(m.value)).sort((a, b) => sign * (a.value - b.value));
  const plugins = rankedPlugins(context);
  const groups = [
    ["null", ofRole("null")], ["plugin", showAllMethods ? plugins : plugins.slice(0, fewMethods)],
    ["cheater", ofRole("cheater")], ["reference", ofRole("reference")]
  ].filter(([, methods]) => methods.length > 0);
  const rowHeight = 21, groupGap = 12, left = 268, right = 78, width = 1000, top = 34;
  const nRows = d3.sum(groups, ([, methods]) => methods.length);
  const bottom = top + nRows * rowHeight + (groups.length - 1) * groupGap;
  const svg = newFigure(
      frame, "folds_" + context.context, `${context.metric} of every method, ${shown(context.context)}`, width,
      bottom + 44);
  const values = groups.flatMap(([, methods]) => methods.flatMap((m) => [m.value, ...m.folds.map((f) => f.value)]))
                     .filter(isNumber);
  const x = d3.scaleLinear().domain(d3.extent(values)).range([left, width - right]).nice();
  svg.append("g")
      .attr("class", "axis")
      .attr("transform", `translate(0,${bottom + 6})`)
      .call(valueAxis(d3.axisBottom(x), 8));
  svg.append("text")
      .attr("class", "muted")
      .attr("x", (left + width - right) / 2)
      .attr("y", bottom + 38)
      .attr("font-size", 12)
      .attr("text-anchor", "middle")
      .text(`${context.metric}, mean over the fold's test perturbations (${
          context.higher_is_better ? "higher is better →" : "← lower is better"})`);
  svg.append("text")
      .attr("class", "muted")
      .attr("x", width)
      .attr("y", top - 14)
      .attr("text-anchor", "end")
      .attr("font-size", 11)
      .text("median");

  let y = top;
  groups.forEach(([role, methods], g) => {
    if (g > 0) y += groupGap;
    methods.forEach((method) => {
      drawRow(method, role, y + rowHeight / 2);
      y += rowHeight;
    });
  });
  const guide = (value, label, role, place) => {
    if (!isNumber(value)) return;
    svg.append("line")
        .attr("class", `guide ${role}`)
        .attr("x1", x(value))
        .attr("x2", x(value))
        .attr("y1", top - 6)
        .attr("y2", bottom + 4);
    svg.append("text")
        .attr("class", role)
        .attr("x", x(value))
        .attr("y", top - 12 - place)
        .attr("text-anchor", "middle")
        .attr("font-size", 11)
        .attr("font-weight", 600)
        .text(label);
  };
  guide(context.wap && context.wap.value, "WAP", "null", 0);
  guide(context.bap && context.bap.value, "BAP", "cheater", 0);
  if (plugins[0]) guide(plugins[0].value, "best", "plugin best", 11);

  function drawRow(method, role, middle) {
    const row = svg.append("g")
                    .attr("tabindex", 0)
                    .attr("role", "img")
                    .attr(
                        "aria-label",
                        `${shortened(method.name, 80)}: median ${valueText(method.value)}, ${
                            percentText(method.gap_closed)} of the gap`);
    row.append("line")
        .attr("class", "row-line")
        .attr("x1", left)
        .attr("x2", width - right)
        .attr("y1", middle)
        .attr("y2", middle);
    fitName(
        row.append("text").attr("x", left - 12).attr("y", middle + 4).attr("text-anchor", "end").attr("font-size", 12),
        method.name, left - 16);
    row.append("text")
        .attr("x", width)
        .attr("y", middle + 4)
        .attr("text-anchor", "end")
        .attr("font-size", 12)
        .text(valueText(method.value));
    const folds = method.folds.filter((f) => isNumber(f.value));
    withTip(
        row.append("g")
            .selectAll("path")
            .data(folds)
            .join("path")
            .attr("class", `${role} point`)
            .attr("d", symbolPath(role, 40))
            .attr("transform", (f) => `translate(${x(f.value)},${middle})`),
        (f) =>
            [method.name, `fold ${shown(f.fold)}: ${valueText(f.value)}`,
             isNumber(f.gap_closed) ? percentText(f.gap_closed) + " of the fold's gap" : "",
             isNumber(f.n_test) ? `${f.n_test} test perturbations, ${f.n_covered} with an embedding` : ""]);
    row.append("line")
        .attr("class", `${role} median`)
        .attr("x1", x(method.value))
        .attr("x2", x(method.value))
        .attr("y1", middle - 7)
        .attr("y2", middle + 7);
  }
}
