// The field at a glance: how the methods of each kind lie between the bounds, who ranks where over contexts and folds,
// and which metrics order the methods alike.

const groupColours = ['#0069a8', '#b84700', '#00735a', '#a3195b', '#8a5a00', '#5b4fa8', '#59636e', '#3d7a1f'];
const restOfGroups = 'other';

// As --group says it: the first glob that fits the embedding's name, or the method's where it has none.
function globExpression(pattern) {
  const escaped = pattern.replace(/[.+^${}()|\\]/g, '\\$&').replace(/\*/g, '.*').replace(/\?/g, '.');
  try {
    return new RegExp('^' + escaped + '$');
  } catch (e) {  // a set that is not closed
    return new RegExp('^' + pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') + '$');
  }
}
const namedGroups = ((summary.settings || {}).groups ||
                     []).map((g) => ({name: g.name || '', expression: globExpression(g.pattern || '')}));
function groupOf(method) {
  if (namedGroups.length === 0) return method.predictor || 'methods';
  const found = namedGroups.find((g) => g.expression.test(method.embedding || method.name));
  return found ? found.name : restOfGroups;
}
const groupNames = (methods) => {
  const present = unique(methods.map(groupOf));
  const order = namedGroups.length ? unique(namedGroups.map((g) => g.name)).concat(restOfGroups) : present;
  return order.filter((name) => present.includes(name));
};
const groupColour = (names, name) => groupColours[names.indexOf(name) % groupColours.length];

function drawField(contexts) {
  const withPlugins = contexts.filter((c) => rankedPlugins(c).length > 0);
  d3.select('#field').attr('hidden', withPlugins.length ? null : '');
  d3.select('.to-field').attr('hidden', withPlugins.length ? null : '');
  if (withPlugins.length === 0) return;
  drawStrips(withPlugins);
  drawRanks(withPlugins);
  drawAgreement();
}

// ---- strip and box of each kind ----

function drawStrips(contexts) {
  const frame = d3.select('#field .strips');
  frame.selectAll('*').remove();
  contexts.forEach(
      (context) => drawStrip(context, frame.append('div').attr('class', 'figure half').attr('data-name', 'field')));
}

function drawStrip(context, frame) {
  const methods = rankedPlugins(context), names = groupNames(methods);
  const trainMean = methodOf(context, 'train_mean') || methodOf(context, 'prior');
  const lines = [
    {label: 'WAP', value: (context.wap || {}).value, of: (context.wap || {}).method, role: 'null'},
    {label: 'BAP', value: (context.bap || {}).value, of: (context.bap || {}).method, role: 'cheater'},
  ];
  if (trainMean && isNumber(trainMean.value)) {
    lines.push(
        {label: trainMean.name.replace('_', ' '), value: trainMean.value, of: trainMean.name, role: 'reference'});
  }
  const drawn = lines.filter((l) => isNumber(l.value));
  const width = 500, height = 340, left = 58, right = 122, top = 34, bottom = height - 62;
  const rows = () => [['context', 'metric', 'kind', 'method', 'value', 'gap_closed']].concat(
      methods.map((m) => [context.context, context.metric, groupOf(m), m.name, m.value, m.gap_closed ?? '']),
      drawn.map((l) => [context.context, context.metric, l.label, l.of, l.value, '']));
  const title = `${context.metric} by kind, ${shown(contextTitle(context))}`;
  const svg = newFigure(frame, `field_${context.context}_${context.metric}`, title, width, height, rows);
  fitName(
      svg.append('text').attr('x', 0).attr('y', 16).attr('font-size', 14).attr('font-weight', 600),
      `${contextTitle(context)} · ${context.metric}`, width - right);
  // What lies far outside of the methods and bounds (a null without any sense) must not flatten the rest.
  const values = methods.map((m) => m.value).concat(drawn.map((l) => l.value));
  const y =
      d3.scaleLinear().domain(d3.extent(values)).range(context.higher_is_better ? [bottom, top] : [top, bottom]).nice();
  if (y.domain()[0] === y.domain()[1]) y.domain([y.domain()[0] - 1, y.domain()[1] + 1]);
  const x = d3.scaleBand().domain(names).range([left, width - right]).padding(0.25);
  svg.append('g')
      .attr('class', 'axis')
      .attr('transform', `translate(${left},0)`)
      .call(valueAxis(d3.axisLeft(y), 6));
  svg.append('text')
      .attr('class', 'muted')
      .attr('transform', `translate(12,${(top + bottom) / 2}) rotate(-90)`)
      .attr('text-anchor', 'middle')
      .attr('font-size', 11)
      .text(`${context.metric}, better upwards`);
  // Labels of lines at the right, pushed apart where lines lie close.
  const labels = drawn.map((l) => ({line: l, at: y(l.value)})).sort((a, b) => a.at - b.at);
  for (let i = 1; i < labels.length; ++i) labels[i].at = Math.max(labels[i].at, labels[i - 1].at + 24);
  const beyond = labels.length ? labels[labels.length - 1].at - (bottom + 8) : 0;
  if (beyond > 0)
    labels.forEach((l) => {
      l.at -= beyond;
    });
  labels.forEach(({line, at}) => {
    svg.append('line')
        .attr('class', `guide ${line.role}`)
        .attr('stroke-dasharray', line.role === 'reference' ? '2 3' : null)
        .attr('x1', left)
        .attr('x2', width - right)
        .attr('y1', y(line.value))
        .attr('y2', y(line.value));
    svg.append('path')
        .attr('class', `guide ${line.role}`)
        .attr('fill', 'none')
        .attr('d', `M${width - right},${y(line.value)}L${width - right + 8},${at}`);
    svg.append('text')
        .style('fill', `var(--${line.role})`)
        .attr('x', width - right + 10)
        .attr('y', at + 1)
        .attr('font-size', 11)
        .attr('font-weight', 600)
        .text(`${line.label} ${valueText(line.value)}`);
    fitName(
        svg.append('text').attr('class', 'muted').attr('x', width - right + 10).attr('y', at + 11).attr('font-size', 9),
        line.of || '', right - 12);
  });
  names.forEach((name) => {
    const inGroup = methods.filter((m) => groupOf(m) === name), colour = groupColour(names, name);
    const sorted = inGroup.map((m) => m.value).sort(d3.ascending);
    const middle = x(name) + x.bandwidth() / 2, half = Math.min(x.bandwidth() / 2, 34);
    if (sorted.length >= 3) {
      const [q1, q2, q3] = [0.25, 0.5, 0.75].map((q) => d3.quantile(sorted, q));
      const box = svg.append('g').attr('stroke', colour).attr('fill', 'none');
      box.append('rect')
          .attr('x', middle - half)
          .attr('width', 2 * half)
          .attr('y', Math.min(y(q1), y(q3)))
          .attr('height', Math.max(1, Math.abs(y(q1) - y(q3))))
          .attr('fill', colour)
          .attr('fill-opacity', 0.12);
      box.append('line')
          .attr('stroke-width', 2.5)
          .attr('x1', middle - half)
          .attr('x2', middle + half)
          .attr('y1', y(q2))
          .attr('y2', y(q2));
    }
    // Points beside each other in a fixed order: as often drawn, the same picture.
    const spread = half * 0.8;
    const points = svg.append('g')
                       .selectAll('circle')
                       .data(inGroup)
                       .join('circle')
                       .attr('class', 'point')
                       .attr('r', 3.4)
                       .attr('fill', colour)
                       .attr('fill-opacity', 0.75)
                       .attr('cx', (m, i) => middle + spread * (((i * 0.618034) % 1) * 2 - 1))
                       .attr('cy', (m) => y(m.value));
    withTip(
        points, (m) => [m.name, `${context.metric} ${valueText(m.value)}`, `${percentText(m.gap_closed)} of the gap`]);
    const label =
        svg.append('text').attr('x', middle).attr('y', bottom + 16).attr('text-anchor', 'middle').attr('font-size', 11);
    fitName(label, name, x.step() - 4);
    svg.append('text')
        .attr('class', 'muted')
        .attr('x', middle)
        .attr('y', bottom + 30)
        .attr('text-anchor', 'middle')
        .attr('font-size', 10)
        .text(`${inGroup.length}`);
  });
  svg.append('text')
      .attr('class', 'muted')
      .attr('x', (left + width - right) / 2)
      .attr('y', height - 8)
      .attr('text-anchor', 'middle')
      .attr('font-size', 10)
      .text('one point a method; box: quartiles and median; below: how many');
}

// ---- ranks ----

// Ranks 1 (best) to n of values, ties their mean; NaN has none.
function ranksOf(values, higher) {
  const known =
      values.map((v, i) => ({v, i})).filter((e) => isNumber(e.v)).sort((a, b) => higher ? b.v - a.v : a.v - b.v);
  const ranks = values.map(() => NaN);
  for (let begin = 0; begin < known.length;) {
    let end = begin + 1;
    while (end < known.length && known[end].v === known[begin].v) ++end;
    for (let k = begin; k < end; ++k) ranks[known[k].i] = (begin + 1 + end) / 2;
    begin = end;
  }
  return ranks;
}

// An embedding through several heads counts by the head that does best with it in the context.
const entryOf = (method) => method.embedding || method.name;
function bestOfEntry(context, name) {
  return rankedPlugins(context).find((m) => entryOf(m) === name);
}

function drawRanks(contexts) {
  const names = unique(contexts.flatMap((c) => rankedPlugins(c).map(entryOf)));
  const methodsByName = new Map(contexts.flatMap((c) => rankedPlugins(c)).map((m) => [entryOf(m), m]));
  const places = [];  // one a method, context and fold
  contexts.forEach((context) => {
    const folds = unique(context.methods.filter(isPlugin).flatMap((m) => (m.folds || []).map((f) => f.fold)));
    folds.forEach((fold) => {
      const values = names.map((name) => {
        const method = bestOfEntry(context, name);
        const of = method && (method.folds || []).find((f) => f.fold === fold);
        return of ? of.value : NaN;
      });
      ranksOf(values, context.higher_is_better).forEach((rank, i) => {
        if (isNumber(rank)) places.push({name: names[i], context: contextTitle(context), fold, rank, value: values[i]});
      });
    });
  });
  const rows = names
                   .map((name) => {
                     const own = places.filter((p) => p.name === name),
                           ranks = own.map((p) => p.rank).sort(d3.ascending);
                     return {name, own, ranks, median: d3.median(ranks), mean: d3.mean(ranks)};
                   })
                   .filter((r) => r.ranks.length)
                   .sort((a, b) => a.median - b.median || a.mean - b.mean || (a.name < b.name ? -1 : 1));
  const rowHeight = 17, left = 220, right = 60, width = 1000, top = 44, bottom = top + rows.length * rowHeight;
  const csv = () => [['embedding', 'context', 'fold', 'rank', 'value', 'median_rank']].concat(
      rows.flatMap((r) => r.own.map((p) => [p.name, p.context, p.fold, p.rank, p.value, r.median])));
  const svg = newFigure(
      d3.select('#field .ranks'), 'field_ranks', `Ranks by ${choices.metric} over contexts and folds`, width,
      bottom + 40, csv);
  const x = d3.scaleLinear().domain([1, Math.max(2, names.length)]).range([left, width - right]);
  const titles = unique(places.map((p) => p.context)), groups = groupNames(Array.from(methodsByName.values()));
  titles.forEach((title, i) => {
    const at = left + i * Math.min(190, (width - left - right) / titles.length);
    svg.append('path')
        .attr('class', 'point')
        .attr('fill', groupColours[i % groupColours.length])
        .attr('d', symbolPath('plugin', 50))
        .attr('transform', `translate(${at + 5},${12})`);
    fitName(svg.append('text').attr('x', at + 14).attr('y', 16).attr('font-size', 11), title, 160);
  });
  svg.append('text')
      .attr('class', 'muted')
      .attr('x', width)
      .attr('y', top - 8)
      .attr('text-anchor', 'end')
      .attr('font-size', 11)
      .text('median');
  rows.forEach((row, i) => {
    const middle = top + (i + 0.5) * rowHeight, method = methodsByName.get(row.name);
    svg.append('line')
        .attr('class', 'row-line')
        .attr('x1', left)
        .attr('x2', width - right)
        .attr('y1', middle)
        .attr('y2', middle);
    if (namedGroups.length) {
      svg.append('rect')
          .attr('x', left - 14)
          .attr('y', middle - 5)
          .attr('width', 6)
          .attr('height', 10)
          .attr('fill', groupColour(groups, groupOf(method)));
    }
    fitName(
        svg.append('text')
            .attr('x', left - 20)
            .attr('y', middle + 4)
            .attr('text-anchor', 'end')
            .attr('font-size', 11.5),
        row.name, left - 24);
    const q1 = d3.quantile(row.ranks, 0.25), q3 = d3.quantile(row.ranks, 0.75);
    svg.append('line')
        .style('stroke', 'var(--muted)')
        .style('stroke-opacity', 0.3)
        .style('stroke-width', 7)
        .attr('x1', x(q1))
        .attr('x2', x(q3))
        .attr('y1', middle)
        .attr('y2', middle);
    const points = svg.append('g')
                       .selectAll('path')
                       .data(row.own)
                       .join('path')
                       .attr('class', 'point')
                       .attr('fill-opacity', 0.6)
                       .attr('fill', (p) => groupColours[titles.indexOf(p.context) % groupColours.length])
                       .attr('d', symbolPath('plugin', 24))
                       .attr('transform', (p) => `translate(${x(p.rank)},${middle})`);
    withTip(
        points,
        (p) =>
            [p.name, `${shown(p.context)}, fold ${shown(p.fold)}: rank ${p.rank} of ${names.length}`,
             `${choices.metric} ${valueText(p.value)}`]);
    svg.append('line')
        .style('stroke', 'var(--text)')
        .style('stroke-width', 2.2)
        .attr('x1', x(row.median))
        .attr('x2', x(row.median))
        .attr('y1', middle - 6)
        .attr('y2', middle + 6);
    svg.append('text')
        .attr('x', width)
        .attr('y', middle + 4)
        .attr('text-anchor', 'end')
        .attr('font-size', 11.5)
        .text(row.median);
  });
  svg.append('g')
      .attr('class', 'axis')
      .attr('transform', `translate(0,${bottom + 4})`)
      .call(d3.axisBottom(x).ticks(8).tickSizeOuter(0));
  svg.append('text')
      .attr('class', 'muted')
      .attr('x', (left + width - right) / 2)
      .attr('y', bottom + 36)
      .attr('text-anchor', 'middle')
      .attr('font-size', 11)
      .text(`rank by ${
          choices
              .metric} in each context and fold (1 is best), each embedding with its best head; tick: median, band: quartiles`);
}

// ---- agreement of metrics ----

function drawAgreement() {
  // Of each metric the mean rank of every method over contexts.
  const names = unique(resultsOf(choices.head, choices.metric).flatMap((c) => rankedPlugins(c).map((m) => m.name)));
  const meanRank = new Map(metrics.map((metric) => {
    const sums = names.map(() => ({sum: 0, n: 0}));
    resultsOf(choices.head, metric).forEach((context) => {
      ranksOf(names.map((name) => (methodOf(context, name) || {}).value), context.higher_is_better)
          .forEach((rank, i) => {
            if (isNumber(rank)) sums[i] = {sum: sums[i].sum + rank, n: sums[i].n + 1};
          });
    });
    return [metric, sums.map((s) => s.n ? s.sum / s.n : NaN)];
  }));
  const shownMetrics = metrics.filter((m) => meanRank.get(m).filter(isNumber).length >= 3);
  const frame = d3.select('#field .agreement');
  frame.selectAll('*').remove();
  d3.select('#field .agreement-title').attr('hidden', shownMetrics.length < 2 ? '' : null);
  if (shownMetrics.length < 2) return;
  drawAgreementMatrix(
      frame.append('div').attr('class', 'figure half').attr('data-name', 'agreement'), shownMetrics, meanRank);
  drawAgreementScatter(
      frame.append('div').attr('class', 'figure half').attr('data-name', 'scatter'), shownMetrics, meanRank, names);
}

function spearman(a, b) {
  const both = a.map((x, i) => [x, b[i]]).filter(([x, y]) => isNumber(x) && isNumber(y));
  if (both.length < 3) return NaN;
  const x = ranksOf(both.map((p) => p[0]), false), y = ranksOf(both.map((p) => p[1]), false);
  const mx = d3.mean(x), my = d3.mean(y);
  const sxy = d3.sum(x, (v, i) => (v - mx) * (y[i] - my)), sxx = d3.sum(x, (v) => (v - mx) ** 2),
        syy = d3.sum(y, (v) => (v - my) ** 2);
  return sxx > 0 && syy > 0 ? sxy / Math.sqrt(sxx * syy) : NaN;
}

function drawAgreementMatrix(frame, names, meanRank) {
  const cell = Math.min(46, 360 / names.length), left = 116, top = 100, width = 500,
        height = top + names.length * cell + 12;
  const value = (a, b) => spearman(meanRank.get(a), meanRank.get(b));
  const csv =
      () => [['first', 'second', 'spearman']].concat(names.flatMap((a) => names.map((b) => [a, b, value(a, b)])));
  const svg =
      newFigure(frame, 'field_agreement', 'Agreement of metrics: Spearman between their rankings', width, height, csv);
  const scale = d3.scaleLinear().domain([-1, 0, 1]).range(['#b84700', '#e8ebef', '#0069a8']).clamp(true);
  names.forEach((a, i) => {
    fitName(
        svg.append('text')
            .attr('x', left - 6)
            .attr('y', top + (i + 0.5) * cell + 4)
            .attr('text-anchor', 'end')
            .attr('font-size', 11),
        a, left - 10);
    fitName(
        svg.append('text')
            .attr('transform', `translate(${left + (i + 0.5) * cell + 4},${top - 6}) rotate(-50)`)
            .attr('font-size', 11),
        a, 110);
    names.forEach((b, j) => {
      const rho = value(a, b);
      svg.append('rect')
          .attr('x', left + j * cell)
          .attr('y', top + i * cell)
          .attr('width', cell - 1)
          .attr('height', cell - 1)
          .attr('fill', isNumber(rho) ? scale(rho) : 'none');
      svg.append('text')
          .attr('x', left + (j + 0.5) * cell)
          .attr('y', top + (i + 0.5) * cell + 4)
          .attr('text-anchor', 'middle')
          .attr('font-size', Math.min(11, cell / 3))
          .style('fill', Math.abs(rho) > 0.6 ? '#ffffff' : '#1c2128')
          .text(isNumber(rho) ? rho.toFixed(2).replace('-', '−') : '–');
    });
  });
}

// The chosen metric's ranks beside those of every other one, small.
function drawAgreementScatter(frame, names, meanRank, methods) {
  const first = names.includes(choices.metric) ? choices.metric : names[0], others = names.filter((n) => n !== first);
  const perRow = 3, size = 128, gap = 38, width = 500, rowsOf = Math.ceil(others.length / perRow);
  const csv = () => [['method', ...names]].concat(methods.map((m, i) => [m, ...names.map((n) => meanRank.get(n)[i])]));
  const svg = newFigure(
      frame, 'field_scatter', `Mean ranks by ${first} and by every other metric`, width, 26 + rowsOf * (size + gap),
      csv);
  svg.append('text')
      .attr('class', 'muted')
      .attr('x', 0)
      .attr('y', 12)
      .attr('font-size', 11)
      .text(`mean rank over contexts: across by ${first}, up by the metric that is named`);
  const scale = d3.scaleLinear().domain([methods.length + 0.5, 0.5]).range([0, size]);
  others.forEach((other, k) => {
    const g = svg.append('g').attr(
        'transform', `translate(${6 + (k % perRow) * (size + gap)},${40 + Math.floor(k / perRow) * (size + gap)})`);
    g.append('rect')
        .attr('class', 'frame')
        .attr('fill', 'none')
        .attr('stroke', '#d9dee4')
        .attr('width', size)
        .attr('height', size);
    g.append('line').attr('class', 'row-line').attr('x1', 0).attr('y1', size).attr('x2', size).attr('y2', 0);
    const rho = spearman(meanRank.get(first), meanRank.get(other));
    fitName(
        g.append('text').attr('y', -6).attr('font-size', 11),
        `${other} ${isNumber(rho) ? 'ρ ' + rho.toFixed(2).replace('-', '−') : ''}`, size + 20);
    const points = g.selectAll('circle')
                       .data(methods.map((name, i) => ({name, x: meanRank.get(first)[i], y: meanRank.get(other)[i]}))
                                 .filter((p) => isNumber(p.x) && isNumber(p.y)))
                       .join('circle')
                       .attr('class', 'plugin point')
                       .attr('r', 2.6)
                       .attr('fill-opacity', 0.7)
                       .attr('cx', (p) => scale(p.x))
                       .attr('cy', (p) => size - scale(p.y));
    withTip(points, (p) => [p.name, `mean rank by ${first} ${p.x.toFixed(1)}`, `by ${other} ${p.y.toFixed(1)}`]);
  });
}

// ---- strata ----

function drawStrata(contexts) {
  const rows = contexts.flatMap(
      (context) =>
          (context.strata || []).flatMap((stratum) => (stratum.methods || []).map((m) => ({
                                                                                    context: contextTitle(context),
                                                                                    by: stratum.by,
                                                                                    stratum: stratum.stratum,
                                                                                    low: stratum.low,
                                                                                    high: stratum.high,
                                                                                    n: stratum.n_test,
                                                                                    ...m
                                                                                  }))));
  d3.select('#strata').attr('hidden', rows.length ? null : '');
  d3.select('.to-strata').attr('hidden', rows.length ? null : '');
  if (rows.length === 0) return;
  const words = {effect_size: 'effect size', n_cells: 'cells', n_responding: 'responding genes'};
  const range = (r) => isNumber(r.low) && isNumber(r.high) ? ` ${valueText(r.low)} to ${valueText(r.high)}` : '';
  const columns = [
    {title: 'method', value: (r) => r.method, draw: (cell, r) => nameElement(cell, 'span', r.method, 40)},
    {title: 'context', value: (r) => r.context, text: (r) => shortened(r.context, 24)},
    {title: 'by', value: (r) => r.by, text: (r) => words[r.by] || shortened(r.by, 24)},
    {
      title: 'stratum',
      value: (r) => isNumber(r.low) ? r.low : r.stratum,
      text: (r) => shortened(r.stratum, 24) + range(r)
    },
    {title: 'n', number: true, value: (r) => r.n, text: (r) => countText(r.n)},
    {title: choices.metric, number: true, value: (r) => r.value, text: (r) => valueText(r.value)},
    {
      title: 'gap closed',
      number: true,
      value: (r) => r.gap_closed,
      draw: (cell, r) => {
        cell.append('span').text(percentText(r.gap_closed) + ' ');
        cell.append('span').attr('class', 'interval').text(intervalText(r.ci_low, r.ci_high, true));
      }
    },
  ];
  sortableTable(d3.select('#strata .table-frame'), columns, rows, {pageSize: 30});
}
