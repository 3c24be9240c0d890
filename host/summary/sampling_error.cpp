#include "summary/sampling_error.hpp"

#include <algorithm>

namespace headroom {

const MethodEvaluation* sampling_error_of(const ContextEvaluation& context) {
  const auto method = std::find_if(context.methods.begin(), context.methods.end(), [&](const MethodEvaluation& m) {
    return m.name == kSamplingErrorMethod && m.folds.size() == context.splits.size();
  });
  return method == context.methods.end() ? nullptr : &*method;
}

}  // namespace headroom
