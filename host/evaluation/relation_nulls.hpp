// Nulls of splits that tell a perturbation by what was trained on of it: in other contexts, or of its parts (protocol
// section 10). What cannot be told so is told as without a vector: by all training rows.
#pragma once

#include <string>

#include "evaluation/fold_data.hpp"
#include "matrix/matrix.hpp"
#include "task/task.hpp"

namespace headroom {

// `name`: one of nulls_of_family(). Planes · test rows × genes.
Matrix predict_by_relation(const std::string& name, const Task& task, const FoldData& fold);

}  // namespace headroom
