// The contexts (cell lines) that the rows of a question to a plugin belong to, and what is known of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "matrix/matrix.hpp"
#include "plugin_host/segment_packer.hpp"
#include "worker.pb.h"

namespace headroom {

// Features of the contexts. The block that is called HEADROOM_CONTROL_PROFILE (headroom/plugin.h) holds their mean control
// profiles, contexts × genes.
struct ContextBlock {
  std::string name;
  ConstMatrixMap features;            // contexts × features; outlives the question's call
  std::vector<std::uint8_t> present;  // one per context; empty: all present
};

struct QuestionContexts {
  std::vector<std::string> names;  // in the order of their numbers; empty: the question's one context
  std::vector<ContextBlock> blocks;
};

// What is wrong with the contexts, or an empty string: a block of another number of rows, several of one name.
std::string fault_of(const QuestionContexts& contexts);

// What is wrong with the numbers of the rows' contexts, or an empty string. They may be left out while there is one.
std::string fault_of(const QuestionContexts& contexts, const std::vector<std::int32_t>& numbers, std::size_t n_rows);

// The one context's name; empty where there are several. `context`: the question's own.
std::string single_context(const QuestionContexts& contexts, const std::string& context);

// `only_names`: without the blocks.
RequestContexts describe(const QuestionContexts& contexts, const std::string& context, bool only_names,
                         SegmentPacker& packer);

}  // namespace headroom
