// How rows of several contexts are told to plugins: contexts by number, with what the task keeps of each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "matrix/matrix.hpp"
#include "plan/split.hpp"
#include "plugin_host/question_contexts.hpp"
#include "task/task.hpp"

namespace headroom {

class ContextNumbers {
 public:
  // `contexts`: of the task, ascending. Both must live as long as this.
  ContextNumbers(const Task& task, const std::vector<std::size_t>& contexts) : task_(task), contexts_(contexts) {}

  std::int32_t of(const TaskRow& row) const;
  std::vector<std::int32_t> of(const std::vector<TaskRow>& rows) const;
  std::vector<std::string> names() const;

  // contexts × genes; zero where the task keeps no profile.
  Matrix control_profiles() const;
  // Names and, if the task keeps any, the block of control profiles: a view of `profiles`, which must outlive it.
  QuestionContexts with_control_profiles(const Matrix& profiles) const;

 private:
  const Task& task_;
  const std::vector<std::size_t>& contexts_;
};

}  // namespace headroom
