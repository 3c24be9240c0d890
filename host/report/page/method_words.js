// Section 6: how the numbers were made, in words, with settings and hashes.

function drawMethod() {
  const content = d3.select("#method .content");
  const settings = summary.settings || {}, task = summary.task || {};
  const say = (text) => content.append("p").text(text);
  const ceiling = (settings.ceiling || []).map(shown).join(", ") || "as named for this table";
  say("Each perturbation's response is predicted on test folds that no method has seen. A score is the mean over a " +
      "fold's test perturbations; the value of a method is the median over folds. Perturbations without an embedding " +
      "are predicted as the mean training response and count like all others.");
  const nulls = (settings.nulls || []).map(shown).join(", ") || "train_mean, no_change, random, gene_pca";
  say(`WAP is the best of the nulls that enter it: ${nulls} (mean of the training responses, no response, random ` +
      "embedding, principal components of the genes). " +
      `BAP is the worst, that is tightest, of the cheaters that enter the ceiling: ${ceiling}. ` +
      "Gap closed is 100 · (WAP − x) / (WAP − BAP); it is never clipped: below 0 a method is worse than a null, " +
      "above 100 it is beyond the bound, which is a reason to look for leakage.");
  if (settings.n_resamples) {
    say(`Intervals are 95 % percentile intervals of ${countText(settings.n_resamples)} bootstrap resamples of the ` +
        "test perturbations within folds; every resample chooses WAP and BAP anew and is the same for all methods.");
  }
  say("The percentage depends on the bounds that were chosen and on the noise of this screen. It says how much of " +
      "what is achievable with this data was achieved, not how well a cell is understood, and percentages of different " +
      "screens are not comparable as such.");
  const list = content.append("dl");
  const fact = (term, value, code) => {
    if (value === undefined || value === null || value === "") return;
    list.append("dt").text(term);
    list.append("dd").append(code ? "code" : "span").attr("class", "name").text(shown(value));
  };
  fact("Headroom", summary.headroom_version);
  fact("task", task.name);
  fact("task sha256", task.sha256, true);
  fact("noise table sha256", task.noise_sha256, true);
  fact("genes", task.n_genes);
  (task.contexts || []).forEach((c) => fact(`context ${shown(c.context)}`, [
                                  isNumber(c.n_perturbations) ? `${countText(c.n_perturbations)} perturbations` : "",
                                  `folds ${c.folds.join(", ")}`,
                                  (c.n_test || []).length ? `test ${c.n_test.join(", ")}` : ""
                                ].filter(Boolean).join(" · ")));
  const families = unique(summary.contexts.map((c) => c.split_family).filter(Boolean));
  if (families.length) {
    fact("splits", families.join(", "));
  } else {
    fact("folds from", task.fold_source);
  }
  fact("components", settings.common_dim);
  fact("seed", settings.seed);
  fact("inner folds", settings.inner_folds);
  (settings.grids ||
   []).forEach((g) => fact(`grid ${shown(g.predictor)}.${shown(g.hyperparameter)}`, g.values.join(", ")));
  fact("metrics", (settings.metrics || []).join(", "));
  if (settings.limits && settings.confinement && summary.plugins.length) {
    fact("confinement", `${settings.confinement.toLowerCase()} (asked for: ${String(settings.sandbox).toLowerCase()})`);
  }
  const notes = unique([...(task.notes || []), ...summary.contexts.flatMap((c) => c.notes.map((n) => n))]);
  if (notes.length) {
    content.append("h3").text("Notes");
    content.append("ul").selectAll("li").data(notes).join("li").attr("class", "name").text((n) => shortened(n, 400));
  }
  content.append("h3").text("Sources");
  const sources = content.append("ul");
  sources.append("li").text(
      "Cole et al. 2026, Foundation Models Improve Perturbation Response Prediction, bioRxiv 2026.02.18.706454: " +
      "the evaluation protocol, its nulls and its sampling-error bound.");
  sources.append("li").text(
      "Mejia et al. 2025, arXiv 2506.22641: calibrated metrics. Systema: correlations beyond the mean shift.");
  sources.append("li").text("Charts: D3, © Mike Bostock, BSD 3-Clause (its licence is in this file's source).");
}
