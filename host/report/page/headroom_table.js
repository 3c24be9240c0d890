// Section 3: each perturbation's error beside its noise, as points and as a table that can be sorted and searched.

function drawHeadroom(head) {
  const section = d3.select("#headroom");
  const available = data.perturbations.filter((p) => p.methods.length > 0);
  if (available.length === 0) {
    section.select(".note").text("This run kept no scores of single perturbations.");
    return;
  }
  const controls = section.select(".controls");
  controls.selectAll("*").remove();
  const choice = (label, id) =>
      controls.append("label").text(label + " ").append("select").attr("id", id).on("change", draw);
  const contextChoice = choice("Context", "headroom-context");
  contextChoice.selectAll("option")
      .data(available)
      .join("option")
      .attr("value", (p, i) => i)
      .text((p) => shortened(p.context, 30));
  const methodChoice = choice("Method", "headroom-method");
  const axisChoice = choice("Against", "headroom-axis");
  const search = controls.append("label")
                     .text("Search ")
                     .append("input")
                     .attr("type", "search")
                     .attr("id", "headroom-search")
                     .attr("placeholder", "gene or perturbation")
                     .attr("autocomplete", "off");
  const count = controls.append("span").attr("class", "small").attr("aria-live", "polite");
  let lastContext = null;
  draw();

  function draw() {
    const panel = available[+contextChoice.property("value")];
    const result = resultsOf(head, perturbationMetric).find((c) => c.context === panel.context);
    if (panel !== lastContext) fillMethods(panel, result);
    lastContext = panel;
    if (!panel.columns) {
      panel.columns = {effect: unpack(panel.effect_sizes), cells: unpack(panel.n_cells), noise: unpack(panel.noise)};
    }
    const column = panel.methods.find((m) => m.name === methodChoice.property("value"));
    const nullColumn = panel.methods.find((m) => result && result.wap && m.name === result.wap.method);
    const errors = unpack(column.values), nulls = nullColumn ? unpack(nullColumn.values) : null;
    const sign = result && result.higher_is_better ? -1 : 1;
    const rows = panel.pert_ids.map((id, i) => ({
                                      id,
                                      search: id.toLowerCase(),
                                      fold: panel.fold_names[panel.folds[i]],
                                      effect: panel.columns.effect[i],
                                      cells: panel.columns.cells[i],
                                      noise: panel.columns.noise[i],
                                      error: errors[i],
                                      null: nulls ? nulls[i] : NaN,
                                      headroom: sign * (errors[i] - panel.columns.noise[i]),
                                    }));
    const axes = [["noise", "noise quantile"], ["effect", "effect size"], ["cells", "cells"]].filter(
        ([key]) => rows.some((r) => isNumber(r[key])));
    const axis = axes.some(([key]) => key === axisChoice.property("value")) ? axisChoice.property("value") :
                                                                              (axes[0] || [""])[0];
    axisChoice.selectAll("option").data(axes).join("option").attr("value", (a) => a[0]).text((a) => a[1]);
    axisChoice.property("value", axis);
    const points = axis ? drawPoints(rows, axis, (axes.find((a) => a[0] === axis) || [])[1], sign) : null;
    const table = drawTable(rows);
    const filter = () => {
      const wanted = search.property("value").trim().toLowerCase();
      const found = wanted ? rows.filter((r) => r.search.includes(wanted)) : rows;
      table.show(found);
      if (points) {
        points.classed("fade", (r) => wanted && !r.search.includes(wanted))
            .classed("found", (r) => wanted && r.search.includes(wanted));
      }
      count.text(`${countText(found.length)} of ${countText(rows.length)} perturbations`);
    };
    search.on("input", filter);
    filter();
  }

  // The best plugin first, then the others, then nulls and cheaters.
  function fillMethods(panel, result) {
    const order =
        result ? [...rankedPlugins(result), ...result.methods.filter((m) => !isPlugin(m))].map((m) => m.name) : [];
    const names = panel.methods.map((m) => m.name)
                      .filter((name) => order.includes(name))
                      .sort((a, b) => order.indexOf(a) - order.indexOf(b));
    const best = result && rankedPlugins(result)[0];
    methodChoice.selectAll("option")
        .data(names.length ? names : panel.methods.map((m) => m.name))
        .join("option")
        .attr("value", (name) => name)
        .text((name) => shortened(name, 40) + (best && name === best.name ? " (best)" : ""));
    methodChoice.property("selectedIndex", 0);
  }

  function drawPoints(rows, axis, axisName, sign) {
    const width = 1000, height = 430, left = 62, bottom = 46, top = 14, right = 14;
    const known = rows.filter((r) => isNumber(r[axis]) && isNumber(r.error));
    const svg = newFigure(
        section.select(".figure"), "headroom", `Error of each perturbation against its ${axisName}`, width, height);
    const wide = (values) => d3.min(values) > 0 && d3.max(values) / d3.min(values) > 15;
    const scaleOf = (values) => (wide(values) ? d3.scaleLog() : d3.scaleLinear()).domain(d3.extent(values)).nice();
    const x = scaleOf(known.map((r) => r[axis])).range([left, width - right]);
    const y = scaleOf(known.map((r) => r.error)).range([height - bottom, top]);
    svg.append("g")
        .attr("class", "axis")
        .attr("transform", `translate(0,${height - bottom})`)
        .call(valueAxis(d3.axisBottom(x), 7));
    svg.append("g")
        .attr("class", "axis")
        .attr("transform", `translate(${left},0)`)
        .call(valueAxis(d3.axisLeft(y), 7));
    svg.append("text")
        .attr("class", "muted")
        .attr("x", (left + width) / 2)
        .attr("y", height - 8)
        .attr("text-anchor", "middle")
        .attr("font-size", 12)
        .text(axisName + (x.base ? " (log scale)" : ""));
    svg.append("text")
        .attr("class", "muted")
        .attr("transform", `translate(14,${(height - bottom) / 2})rotate(-90)`)
        .attr("text-anchor", "middle")
        .attr("font-size", 12)
        .text(`${perturbationMetric} of the method` + (y.base ? " (log scale)" : ""));
    const line = {
      noise: "at the noise",
      effect: data.metric === "L2" ? "no better than predicting no change" : null
    }[axis];
    const low = Math.max(x.domain()[0], y.domain()[0]), high = Math.min(x.domain()[1], y.domain()[1]);
    if (line && high > low) {
      svg.append("line")
          .attr("class", "guide cheater")
          .attr("x1", x(low))
          .attr("y1", y(low))
          .attr("x2", x(high))
          .attr("y2", y(high));
      svg.append("text")
          .attr("class", "cheater")
          .attr("x", x(high) - 6)
          .attr("y", y(high) + (sign > 0 ? 16 : -8))
          .attr("text-anchor", "end")
          .attr("font-size", 12)
          .text(line);
    }
    const points = svg.append("g")
                       .selectAll("circle")
                       .data(known)
                       .join("circle")
                       .attr("class", "plugin point")
                       .attr("r", known.length > 800 ? 2.5 : 4)
                       .attr("cx", (r) => x(r[axis]))
                       .attr("cy", (r) => y(r.error));
    withTip(
        points,
        (r) =>
            [r.id, `error ${valueText(r.error)}, noise ${valueText(r.noise)}, null ${valueText(r.null)}`,
             `effect size ${valueText(r.effect)}` +
                 (isNumber(r.cells) ? `, ${countText(Math.round(r.cells))} cells` : "")]);
    return points;
  }

  function drawTable(rows) {
    const number = (title, key, start) =>
        ({title, number: true, value: (r) => r[key], text: (r) => valueText(r[key]), start});
    const hasNoise = rows.some((r) => isNumber(r.noise));
    const columns = [
      {title: "perturbation", value: (r) => r.id, draw: (cell, r) => nameElement(cell, "span", r.id, 60)},
      {title: "fold", value: (r) => r.fold, text: (r) => shown(r.fold)},
      number("effect size", "effect", hasNoise ? undefined : "descending")
    ];
    if (rows.some((r) => isNumber(r.cells))) {
      columns.push({
        title: "cells",
        number: true,
        value: (r) => r.cells,
        text: (r) => isNumber(r.cells) ? countText(Math.round(r.cells)) : "–"
      });
    }
    columns.push(number("best null", "null"), number("method", "error"));
    if (hasNoise) columns.push(number("noise", "noise"), number("headroom", "headroom", "descending"));
    return sortableTable(section.select(".perturbations"), columns, rows, {pageSize: 20});
  }
}
