// The page: what is chosen, and which section is drawn when.

function bestOverall() {
  const counted = resultsOf(choices.head, choices.metric).filter((c) => isDefined(c) && rankedPlugins(c).length > 0);
  return counted.map((context) => ({context, best: rankedPlugins(context)[0]}));
}

function drawLead() {
  d3.select("h1 .task").text(shortened((summary.task || {}).name, 60));
  const best = bestOverall(), all = resultsOf(choices.head, choices.metric);
  const lead = d3.select(".lead");
  lead.selectAll("*").remove();
  if (best.length === 0) {
    lead.text(
        all.some((c) => rankedPlugins(c).length) ?
            "No percentage is meaningful here: the bounds of this metric do not separate." :
            "The bounds of this task; no method was evaluated.");
    return;
  }
  best.sort((a, b) => b.best.gap_closed - a.best.gap_closed);
  const first = best[0], last = best[best.length - 1];
  lead.append("span").text(
      best.length === 1 ? `In ${shown(first.context.context)} the best method closes ` : `The best methods close `);
  lead.append("strong").text(
      best.length === 1 ? percentText(first.best.gap_closed) :
                          `${percentText(last.best.gap_closed)} (${shown(last.context.context)}) to ${
                              percentText(first.best.gap_closed)} (${shown(first.context.context)})`);
  lead.append("span").text(
      ` of the gap between the best null and the best that this data allows, by ${choices.metric}` +
      (choices.head ? ` with the ${shown(choices.head)} head.` : "."));
  if (best.length < all.length) {
    lead.append("span").text(` In ${all.length - best.length} of ${all.length} contexts no percentage is meaningful.`);
  }
}

// One link a target; each opens the page on its chapter.
const chapterTitles = {lfc: "Deltas", deg: "Genes that respond", cells: "Cells"};
function drawChapters() {
  const links = d3.select(".chapters").attr("hidden", chapters.length < 2 ? "" : null);
  links.selectAll("a").data(chapters).join("a")
      .attr("href", (chapter) => "#target=" + targetOf(chapter))
      .attr("aria-current", (chapter) => chapter === data ? "page" : null)
      .text((chapter) => chapterTitles[targetOf(chapter)] || shown(targetOf(chapter)));
  window.addEventListener("hashchange", () => {
    if (window.location.hash.startsWith("#target=")) window.location.reload();
  });
}

const choices = {
  head: heads[0],
  metric: metrics.includes(data.metric) ? data.metric : metrics[0]
};

function drawChosen(headChanged) {
  const contexts = resultsOf(choices.head, choices.metric);
  drawLead();
  drawProgressBars(contexts);
  drawAllMethods(contexts);
  drawField(contexts);
  drawFolds(contexts);
  drawStrata(contexts);
  if (headChanged) {
    drawHeadroom(choices.head);
    drawMetricTrust(choices.head);
    drawPlugins(choices.head);
  }
}

function fillChoice(id, names, current, onChange) {
  const select = d3.select(id);
  select.selectAll("option").data(names).join("option").attr("value", (n) => n).text((n) => shortened(n || "all", 40));
  select.property("value", current).on("change", function() {
    onChange(this.value);
  });
}

// Follows the system until the reader chooses.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const setTheme = (isDark) => document.documentElement.setAttribute("data-theme", isDark ? "dark" : "light");
setTheme(dark.matches);
dark.addEventListener("change", (event) => setTheme(event.matches));
d3.select(".theme").on("click", () => setTheme(document.documentElement.getAttribute("data-theme") !== "dark"));
d3.select(".head-choice").attr("hidden", heads.length < 2 ? "" : null);

fillChoice("#head", heads, choices.head, (head) => {
  choices.head = head;
  drawChosen(true);
});
fillChoice("#metric", metrics, choices.metric, (metric) => {
  choices.metric = metric;
  drawChosen(false);
});
drawChapters();
drawMethod();
drawDoubts();
drawFusions();
drawChosen(true);
document.documentElement.setAttribute("data-drawn", "yes");
