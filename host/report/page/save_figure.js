// A drawing frame whose figure can be saved as SVG or PNG: the drawing is copied with its computed colours and fonts,
// so that the file looks the same without this page.

const drawnProperties = [
  "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "opacity", "font-family",
  "font-size", "font-weight", "text-anchor"
];

function figureFile(svg) {
  const copy = svg.cloneNode(true);
  const from = [svg, ...svg.querySelectorAll("*")], to = [copy, ...copy.querySelectorAll("*")];
  from.forEach((element, i) => {
    const style = getComputedStyle(element);
    drawnProperties.forEach((property) => to[i].setAttribute(property, style.getPropertyValue(property)));
    ["class", "style", "tabindex"].forEach((attribute) => to[i].removeAttribute(attribute));
  });
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  ground.setAttribute("width", "100%");
  ground.setAttribute("height", "100%");
  ground.setAttribute("fill", getComputedStyle(document.body).backgroundColor);
  copy.insertBefore(ground, copy.firstChild);
  return {text: new XMLSerializer().serializeToString(copy), width, height};
}

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function saveSvg(svg, name) {
  download(new Blob([figureFile(svg).text], {type: "image/svg+xml"}), name + ".svg");
}

// Twice the drawn size, for slides.
function savePng(svg, name) {
  const file = figureFile(svg), image = new Image();
  image.onload = () => {
    const canvas = document.createElement("canvas");
    canvas.width = 2 * file.width;
    canvas.height = 2 * file.height;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => download(blob, name + ".png"), "image/png");
  };
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(file.text);
}

// A spreadsheet would take a text that begins so for a formula.
const csvText = (x) => {
  const text = String(x ?? "");
  const plain = isNumber(x) || !/^[=+\-@\t\r]/.test(text) ? text : "'" + text;
  return /[",\n\r]/.test(plain) ? '"' + plain.replace(/"/g, '""') + '"' : plain;
};

function saveCsv(rows, name) {
  const text = rows.map((row) => row.map((x) => typeof x === "number" && !isNumber(x) ? "" : csvText(x)).join(",")).join("\n");
  download(new Blob([text + "\n"], {type: "text/csv"}), name + ".csv");
}

// Empties `frame` and puts a titled drawing of the given size into it. `rows()`: its data, a heading and rows, for CSV.
function newFigure(frame, name, title, width, height, rows) {
  frame.selectAll("*").remove();
  const svg =
      frame.append("svg").attr("viewBox", `0 0 ${width} ${height}`).attr("role", "group").attr("aria-label", title);
  const save = frame.append("div").attr("class", "save");
  save.append("button")
      .attr("type", "button")
      .attr("aria-label", `Save the figure ${title} as SVG`)
      .text("SVG")
      .on("click", () => saveSvg(svg.node(), name));
  save.append("button")
      .attr("type", "button")
      .attr("aria-label", `Save the figure ${title} as PNG`)
      .text("PNG")
      .on("click", () => savePng(svg.node(), name));
  if (rows) {
    save.append("button")
        .attr("type", "button")
        .attr("aria-label", `Save the data of the figure ${title} as CSV`)
        .text("CSV")
        .on("click", () => saveCsv(rows(), name));
  }
  return svg;
}
