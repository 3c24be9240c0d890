#include "evaluation/introduce_plugin.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "evaluation/combined_vectors.hpp"
#include "io/row_choice.hpp"
#include "plugin_host/model_fault.hpp"
#include "review/told_doubt.hpp"
#include "terminal/display_text.hpp"

namespace headroom {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (end > begin) lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// Asks a reader what is doubtful about its file as an answer to the task: one request a context, of which the only
// training row is the control's profile. Nothing but words in the log comes back.
Answer<void> ask_for_doubts(WorkerSession& session, const Task& task, Combine combine) {
  for (const TaskContext& context : task.contexts) {
    EmbeddingQuestion question;
    question.context = context.name;
    question.ids = context.pert_ids;
    const CombinedVectors combined(context.pert_ids, combine);  // parts of combinations are asked for in a run, too
    question.ids.insert(question.ids.end(), combined.extra_ids().begin(), combined.extra_ids().end());
    if (session.description().wants_training()) {
      EmbeddingTraining& training = question.training.emplace();
      const auto n_genes = static_cast<Eigen::Index>(task.gene_ids.size());
      auto control = SharedMatrix::create(1, n_genes);
      if (!control) return tl::unexpected<WorkerFault>(host_fault(control.error()));
      control->view().row(0) = context.control_profile.value_or(RowVector::Zero(n_genes));
      if (auto sealed = control->seal(); !sealed) {
        return tl::unexpected<WorkerFault>(host_fault(sealed.error()));
      }
      training.ids = {context.pert_ids.front()};
      training.deltas = std::move(*control);
      training.gene_ids = task.gene_ids;
    }
    if (auto answer = session.embed(question); !answer) return tl::unexpected<WorkerFault>(answer.error());
  }
  return {};
}

// Lines of a reader's log: what it picked, and its doubts.
void take_words(RosterEntry& entry, const std::string& log) {
  for (const std::string& line : lines_of(log)) {
    if (auto doubt = parse_doubt_line(line)) {
      for (std::string* text : {&doubt->where, &doubt->what, &doubt->remedy}) *text = display_text(*text);
      for (std::string& example : doubt->examples) example = display_text(example);
      entry.doubts.push_back(std::move(*doubt));
    } else {
      entry.notes.push_back(line);
    }
  }
}

bool is_fold_of_all(const Task& task, const std::string& name) {
  const auto fold = std::find(task.fold_names.begin(), task.fold_names.end(), name) - task.fold_names.begin();
  return std::all_of(task.contexts.begin(), task.contexts.end(), [&](const TaskContext& context) {
    return std::find(context.fold_of_row.begin(), context.fold_of_row.end(), static_cast<std::int32_t>(fold)) !=
           context.fold_of_row.end();
  });
}

}  // namespace

Result<void> meet(RosterEntry& entry, const RunOptions& options, const FileReview& review) {
  WorkerSettings settings = entry.settings;
  const bool asks = review.is_asked && entry.data && entry.is_read;
  if (asks) settings.options.emplace_back("review_contexts", std::to_string(review.task->contexts.size()));
  if (asks && entry.holds_predictions) {
    std::vector<std::string> with_control;
    for (const TaskContext& context : review.task->contexts) {
      if (context.control_profile) with_control.push_back(context.name);
    }
    settings.options.emplace_back("contexts_with_control", fmt::format("{}", fmt::join(with_control, "\n")));
    settings.options.emplace_back("contexts_were_chosen", review.contexts_were_chosen ? "true" : "false");
    const std::vector<std::string>& known = review.task->fold_names;
    const auto is_known = [&](const std::string& name) {
      return std::find(known.begin(), known.end(), name) != known.end();
    };
    std::vector<std::string> folds = options.folds.empty() ? known : names_chosen(options.folds, is_known);
    // A fold of which some context has no row is not among that context's splits.
    std::erase_if(folds, [&](const std::string& name) { return !is_fold_of_all(*review.task, name); });
    settings.options.emplace_back("review_folds", fmt::format("{}", fmt::join(folds, "\n")));
  }
  settings.only_describes = !entry.is_read;
  settings.occasion = "introduction";
  // What the user sets may be for another plugin, and only its description tells; one that gets less than it was given
  // is not opened.
  const std::size_t n_left_out = std::erase_if(settings.options, [&](const auto& option) {
    return options.plugin_options.contains(entry.name + "." + option.first);
  });
  if (n_left_out > 0 && !entry.data) settings.only_describes = true;
  auto session = WorkerSession::start(*entry.file, settings);
  if (!session) {
    if (session.error().verdict == WorkerVerdict::HOST_FAULT) {
      return tl::unexpected<Error>(error_of(session.error()));
    }
    entry.fault = session.error();
    return {};
  }
  entry.description = (*session)->description();
  entry.settings.introduced = std::make_shared<const PluginDescription>(entry.description);
  entry.confinement = (*session)->confinement();
  // Where it was opened as well, that has failed by now.
  if (std::string fault = model_fault_of(entry.description.description());
      !fault.empty() && !entry.settings.model.empty()) {
    entry.fault = WorkerFault{WorkerVerdict::PLUGIN_ERROR, std::move(fault)};
    return {};
  }
  if (!entry.data) return {};
  if (asks && entry.description.kind() == PluginKind::EMBEDDING) {
    if (auto asked = ask_for_doubts(**session, *review.task,
                                    entry.holds_predictions ? Combine::none : effective_combine(options));
        !asked)
      entry.fault = asked.error();
  }
  (*session)->finish();  // its log is complete only now
  take_words(entry, (*session)->log());
  return {};
}

}  // namespace headroom
