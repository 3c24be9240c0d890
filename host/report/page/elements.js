// The few kinds of elements that sections are made of. Text enters the page through .text() alone, never as markup.

function nameElement(parent, tag, name, length) {
  return parent.append(tag)
      .attr("class", "name")
      .attr("dir", "auto")
      .attr("title", shown(name))
      .text(length ? shortened(name, length) : shown(name));
}

// Puts a name into an SVG text, cut until it fits into `width` drawn units; the whole of it is the element's title.
function fitName(text, name, width) {
  const length = Array.from(shown(name)).length;
  for (let n = Math.min(length, 60); n > 1; n -= Math.ceil(n / 12)) {
    text.text(shortened(name, n));
    if (text.node().getComputedTextLength() <= width) break;
  }
  text.append("title").text(shown(name));
}

// An axis with about `n` ticks. Numbers that would be long are written with an exponent: labels are not to be cut.
function valueAxis(axis, n) {
  const scale = axis.scale(), largest = d3.max(scale.domain(), Math.abs);
  if (scale.base) return axis.ticks(n, "~g").tickSizeOuter(0);
  return (largest < 1e-3 || largest >= 1e6 ? axis.ticks(n, "~e") : axis.ticks(n)).tickSizeOuter(0);
}

// A table with sortable columns: {title, value(row), text(row), draw(cell, row), number, start}. Sorting is by value.
function sortableTable(frame, columns, rows, options = {}) {
  const pageSize = options.pageSize || Infinity;
  let sort = columns.findIndex((c) => c.start), descending = sort >= 0 && columns[sort].start === "descending";
  let page = 0, shownRows = rows;
  frame.selectAll("*").remove();
  const table = frame.append("table");
  if (options.caption) table.append("caption").attr("class", "small").text(options.caption);
  const headings = table.append("thead")
                       .append("tr")
                       .selectAll("th")
                       .data(columns)
                       .join("th")
                       .attr("scope", "col")
                       .classed("number", (c) => c.number);
  headings.each(function(column, i) {
    const heading = d3.select(this);
    if (!column.value) {
      heading.text(column.title);
      return;
    }
    heading.append("button").attr("type", "button").text(column.title).on("click", () => {
      descending = sort === i ? !descending : Boolean(column.number);
      sort = i;
      page = 0;
      draw();
    });
  });
  const body = table.append("tbody");
  const pager = pageSize < Infinity ? frame.append("div").attr("class", "pager") : null;

  function draw() {
    headings.attr(
        "aria-sort", (c, i) => c.value ? (i === sort ? (descending ? "descending" : "ascending") : "none") : null);
    const ordered = shownRows.slice();
    if (sort >= 0) {
      const value = columns[sort].value, sign = descending ? -1 : 1;
      const known = (x) => typeof x === "string" || isNumber(x);
      ordered.sort((a, b) => {
        const x = value(a), y = value(b);
        if (!known(x) || !known(y)) return known(y) - known(x);  // what is not known stands last
        return sign * (typeof x === "string" ? x.localeCompare(y, "en", {numeric: true}) : x - y);
      });
    }
    const pages = Math.max(1, Math.ceil(ordered.length / pageSize));
    page = Math.min(page, pages - 1);
    const visible = pageSize < Infinity ? ordered.slice(page * pageSize, (page + 1) * pageSize) : ordered;
    body.selectAll("tr").remove();
    body.selectAll("tr").data(visible).join("tr").each(function(row) {
      columns.forEach((column, i) => {
        const cell = d3.select(this)
                         .append(i === 0 ? "th" : "td")
                         .attr("scope", i === 0 ? "row" : null)
                         .classed("number", Boolean(column.number));
        if (column.draw)
          column.draw(cell, row);
        else
          cell.text(column.text(row));
      });
    });
    if (!pager) return;
    pager.selectAll("*").remove();
    if (rows.length <= pageSize) return;
    const step = (label, to, enabled) => pager.append("button")
                                             .attr("type", "button")
                                             .attr("disabled", enabled ? null : "")
                                             .text(label)
                                             .on("click", () => {
                                               page = to;
                                               draw();
                                             });
    step("Previous", page - 1, page > 0);
    pager.append("span")
        .attr("aria-live", "polite")
        .text(`${countText(ordered.length)} rows, page ${page + 1} of ${pages}`);
    step("Next", page + 1, page + 1 < pages);
  }
  draw();
  return {
    show(subset) {
      shownRows = subset;
      page = 0;
      draw();
    }
  };
}

// A bar in a table cell: percent from 0 to 100.
function meter(cell, percent, good) {
  const track = cell.append("span").attr("class", "meter").classed("no", !good).attr("aria-hidden", "true");
  track.append("i").style("width", Math.max(0, Math.min(100, percent || 0)) + "%");
}

const tip = d3.select(".tip");

// A tooltip for mouse and keyboard: `lines(datum)` is a heading and lines of text.
function withTip(selection, lines) {
  const show = (datum, x, y) => {
    const [heading, ...rest] = lines(datum);
    tip.selectAll("*").remove();
    tip.append("b").attr("dir", "auto").text(shortened(heading, 120));
    rest.filter(Boolean).forEach((line) => tip.append("div").text(line));
    tip.attr("hidden", null);
    const box = tip.node().getBoundingClientRect();
    tip.style("left", Math.max(4, Math.min(x + 14, window.innerWidth - box.width - 8)) + "px")
        .style("top", (y + box.height + 22 > window.innerHeight ? y - box.height - 12 : y + 16) + "px");
  };
  const hide = () => tip.attr("hidden", "");
  selection
      .on("mousemove",
          function(datum) {
            show(datum, d3.event.clientX, d3.event.clientY);
          })
      .on("mouseleave", hide)
      .on("blur", hide)
      .on("focus", function(datum) {
        const box = this.getBoundingClientRect();
        show(datum, box.right, box.bottom);
      });
}

const shapes = {
  plugin: d3.symbolCircle,
  null: d3.symbolSquare,
  cheater: d3.symbolTriangle,
  reference: d3.symbolDiamond
};
const roleWords = {
  plugin: "methods",
  null: "nulls",
  cheater: "cheaters",
  reference: "references"
};
const symbolPath = (role, size) => d3.symbol().type(shapes[role] || d3.symbolCircle).size(size)();

function legend(parent, roles) {
  const list = parent.append("div").attr("class", "legend");
  roles.forEach((role) => {
    const item = list.append("span");
    item.append("svg")
        .attr("viewBox", "-7 -7 14 14")
        .attr("aria-hidden", "true")
        .append("path")
        .attr("class", role)
        .attr("d", symbolPath(role, 80));
    item.append("span").text(roleWords[role]);
  });
}
