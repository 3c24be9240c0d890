#include "summary/sampling_error.hpp"

#include <algorithm>

#include "plan/bound_names.hpp"

namespace headroom {

const MethodEvaluation* sampling_error_of(const ContextEvaluation& context) {
  const auto method = std::find_if(context.methods.begin(), context.methods.end(), [&](const MethodEvaluation& m) {
    return (m.name == kCeilingSamplingError || m.name == kCeilingLabelError) && m.folds.size() == context.splits.size();
  });
  return method == context.methods.end() ? nullptr : &*method;
}

}  // namespace headroom
