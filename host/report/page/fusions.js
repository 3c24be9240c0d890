// Fusions: what each block of each counts, what it is worse without it, and which embeddings say the same.

function drawFusions() {
  const metric = metrics.includes(data.metric) ? data.metric : metrics[0];
  // The same in the tables of all heads.
  const fused = resultsOf(heads[0], metric)
                    .flatMap((context) => context.methods.filter((m) => (m.blocks || []).length > 0)
                                              .map((method) => ({context, method})));
  const compared = (summary.similarity || []).filter((s) => s.embeddings.length > 1);
  const has = fused.length > 0 || compared.length > 0;
  d3.select("#fusions").attr("hidden", has ? null : "");
  d3.select(".to-fusions").attr("hidden", has ? null : "");
  if (!has) return;
  const content = d3.select("#fusions .content");
  content.selectAll("*").remove();
  if (fused.length > 0) drawBlocks(content, fused, metric);
  if (compared.length > 0) drawSimilarities(content, compared);
}

// One row a context, fusion and block.
function drawBlocks(content, fused, metric) {
  const rows = fused.flatMap(
      ({context, method}) => method.blocks.map((block) => ({
                                                 context: context.context,
                                                 method,
                                                 block,
                                                 isDefined: isDefined(context),
                                                 without: (context.ablations || [])
                                                              .find((a) => a.method === method.name &&
                                                                        a.block === block.name) ||
                                                     {}
                                               })));
  const isAblated = rows.some((r) => r.without.method);
  content.append("h3").text("What each block adds");
  content.append("p").attr("class", "note").text(
      "Weights are what the fusion's predictor tells, the mean over folds." +
      (isAblated ? ` The drop is by how much ${shown(metric)} is worse without the block, the mean over test ` +
               "perturbations with its 95 % interval; what another block can stand in for has none." :
                   " --ablate tells how much worse the fusion is without each of its blocks."));
  const columns = [
    {title: "fusion", value: (r) => r.method.name, draw: (cell, r) => nameElement(cell, "span", r.method.name, 50)},
    {title: "context", value: (r) => r.context, draw: (cell, r) => nameElement(cell, "span", r.context, 30)},
    {title: "block", value: (r) => r.block.name, draw: (cell, r) => nameElement(cell, "span", r.block.name, 50)},
    {
      title: "covers",
      number: true,
      value: (r) => r.block.coverage,
      text: (r) => isNumber(r.block.coverage) ? percentText(100 * r.block.coverage) : "–"
    }
  ];
  if (rows.some((r) => isNumber(r.block.weight))) {
    columns.push({
      title: "weight",
      number: true,
      value: (r) => r.block.weight,
      draw: (cell, r) => {
        cell.append("span").text(isNumber(r.block.weight) ? r.block.weight.toFixed(3) : "–");
        if (isNumber(r.block.weight)) meter(cell, 100 * r.block.weight, true);
      }
    });
  }
  if (isAblated) {
    columns.push(
        {
          title: "drop without it",
          number: true,
          value: (r) => r.without.drop,
          draw: (cell, r) => {
            if (r.without.status && r.without.status !== "ok") {
              cell.append("span").attr("class", "verdict-bad").text(shown(r.without.status));
              cell.append("div").attr("class", "small").text(shortened(r.without.reason, 200));
              return;
            }
            cell.append("span").text(valueText(r.without.drop));
            cell.append("div").attr("class", "interval").text(intervalText(r.without.ci_low, r.without.ci_high));
          }
        },
        {
          title: "of the gap",
          number: true,
          value: (r) => r.isDefined ? r.without.gap_drop : NaN,
          text: (r) => r.isDefined ? percentText(r.without.gap_drop) : "–"
        });
  }
  sortableTable(content.append("div").attr("class", "table-frame blocks"), columns, rows, {pageSize: 25});
}

function drawSimilarities(content, compared) {
  content.append("h3").text("Which embeddings say the same");
  content.append("p").attr("class", "note").text(
      "The mean canonical correlation of the ten leading components of each, on the perturbations that both know: 1 " +
      "where one is a linear image of the other. The order is that of a dendrogram, so that what is alike stands side " +
      "by side. A pair with few shared perturbations agrees by chance. The numbers are in similarity.csv.");
  compared.forEach((similarity) => drawSimilarity(content.append("div").attr("class", "figure similarity"), similarity));
}

function drawSimilarity(frame, similarity) {
  const names = similarity.embeddings, n = names.length;
  const left = 190, top = 30, width = 1000, side = Math.min(46, (width - left - 20) / n);
  const height = top + n * side + 20;
  const svg = newFigure(frame, "similarity", `Similarity of embeddings in ${shown(similarity.context)}`, width, height);
  svg.append("text").attr("x", left).attr("y", 18).attr("font-size", 13).call((text) => {
    fitName(text, similarity.context, width - left);
  });
  const cells = names.map((name, i) => ({first: name, second: name, row: i, column: i, value: 1}));
  (similarity.pairs || []).forEach((pair) => {
    const i = names.indexOf(pair.first), j = names.indexOf(pair.second);
    const cell = {first: pair.first, second: pair.second, shared: pair.n_shared,
                  value: pair.mean_canonical_correlation};
    cells.push({...cell, row: i, column: j}, {...cell, row: j, column: i});
  });
  const at = (i) => i * side;
  names.forEach((name, i) => fitName(svg.append("text")
                                         .attr("x", left - 8)
                                         .attr("y", top + at(i) + side / 2 + 4)
                                         .attr("text-anchor", "end")
                                         .attr("font-size", Math.min(12, side)),
                                     name, left - 12));
  const drawn = svg.append("g")
                    .selectAll("rect")
                    .data(cells)
                    .join("rect")
                    .attr("class", (c) => isNumber(c.value) ? "similar" : "track undefined")
                    .attr("x", (c) => left + at(c.column))
                    .attr("y", (c) => top + at(c.row))
                    .attr("width", side - 1)
                    .attr("height", side - 1)
                    .attr("fill-opacity", (c) => isNumber(c.value) ? 0.04 + 0.96 * c.value * c.value : null);
  withTip(drawn, (c) => [c.first === c.second ? c.first : `${shown(c.first)} and ${shown(c.second)}`,
                         isNumber(c.value) ? `mean canonical correlation ${c.value.toFixed(3)}` : "not to be compared",
                         isNumber(c.shared) ? `${countText(c.shared)} shared perturbations` : ""]);
  if (side < 30) return;
  svg.append("g")
      .selectAll("text")
      .data(cells.filter((c) => isNumber(c.value)))
      .join("text")
      .attr("class", (c) => c.value > 0.7 ? "on-similar" : null)
      .attr("x", (c) => left + at(c.column) + side / 2)
      .attr("y", (c) => top + at(c.row) + side / 2 + 4)
      .attr("text-anchor", "middle")
      .attr("font-size", 11)
      .attr("pointer-events", "none")
      .text((c) => c.value.toFixed(2));
}
