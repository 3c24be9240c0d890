#include "plugin_host/question_contexts.hpp"

#include <algorithm>
#include <set>

namespace headroom {
namespace {

std::size_t n_contexts(const QuestionContexts& contexts) { return std::max<std::size_t>(1, contexts.names.size()); }

}  // namespace

std::string fault_of(const QuestionContexts& contexts) {
  const std::size_t n = n_contexts(contexts);
  if (std::set<std::string>(contexts.names.begin(), contexts.names.end()).size() < contexts.names.size()) {
    return "two contexts have one name";
  }
  for (const ContextBlock& block : contexts.blocks) {
    if (static_cast<std::size_t>(block.features.rows()) != n || (!block.present.empty() && block.present.size() != n)) {
      return "context block '" + block.name + "' has another number of rows than there are contexts";
    }
  }
  return {};
}

std::string fault_of(const QuestionContexts& contexts, const std::vector<std::int32_t>& numbers, std::size_t n_rows) {
  if (numbers.empty())
    return n_contexts(contexts) > 1 && n_rows > 0 ? "rows of several contexts do not say theirs" : "";
  if (numbers.size() != n_rows) return "there is another number of contexts' numbers than rows";
  for (const std::int32_t number : numbers) {
    if (number < 0 || static_cast<std::size_t>(number) >= n_contexts(contexts)) {
      return "a row is of a context that the question does not name";
    }
  }
  return {};
}

std::string single_context(const QuestionContexts& contexts, const std::string& context) {
  if (contexts.names.size() > 1) return {};
  return contexts.names.empty() ? context : contexts.names.front();
}

RequestContexts describe(const QuestionContexts& contexts, const std::string& context, bool only_names,
                         SegmentPacker& packer) {
  RequestContexts described;
  *described.mutable_names() =
      packer.add(contexts.names.empty() ? std::vector<std::string>{context} : std::vector<std::string>(contexts.names));
  if (only_names) return described;
  for (const ContextBlock& block : contexts.blocks) {
    ContextFeatures& features = *described.add_blocks();
    features.set_name(block.name);
    *features.mutable_features() = packer.add(block.features);
    if (!block.present.empty()) *features.mutable_present() = packer.add(block.present);
  }
  return described;
}

}  // namespace headroom
