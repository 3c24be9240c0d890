// Features of the rows' contexts for predictors that look at features alone, where rows lie in several (protocol section
// 10): the control profiles, projected (RowsAcross::context_features), a row each.
#pragma once

#include "evaluation/head.hpp"
#include "protocol/reduced_features.hpp"

namespace headroom {

// Of the rows of the inner splits and of the final fit; at most `common_dim` columns, and none where nothing is to be
// told of the contexts. `features` names the rows: its blocks are not looked at.
ReducedFeatures context_features_of(const HeadFeatures& features, Eigen::Index common_dim);

}  // namespace headroom
