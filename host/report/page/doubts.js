// Before everything else: the doubts that the review of the input raised. Nothing is drawn where there are none.

function drawDoubts() {
  const doubts = summary.doubts || [];
  if (doubts.length === 0) return;
  d3.select("#doubts").attr("hidden", null);
  const columns = [
    {
      title: "doubt",
      draw: (cell, doubt) => {
        cell.append("code").attr("class", "name").text(shown(doubt.code));
        cell.append("div").attr("class", "small").text(shown(doubt.severity) + (doubt.accepted ? ", accepted" : ""));
      }
    },
    {
      title: "what was found",
      draw: (cell, doubt) => {
        cell.append("span").attr("class", "name").text(shortened(doubt.what, 600));
        const examples = (doubt.examples || []).map((e) => shortened(e, 80)).join(", ");
        if (examples) cell.append("div").attr("class", "small name").text(examples);
      }
    },
    {title: "where", text: (doubt) => shortened(doubt.where, 120)},
    {title: "remedy", text: (doubt) => shortened(doubt.remedy, 300)}
  ];
  sortableTable(d3.select("#doubts .table-frame"), columns, doubts);
}
