// Blocks of features side by side as one, which is how `concat` gives them to a head (protocol section 9).
#pragma once

#include <cstdint>
#include <vector>

#include "headroom/held_out_errors.hpp"
#include "headroom/predictor.hpp"

namespace headroom::fusion {

// The same request with one block in place of its blocks. Lives as long as the request that it was made of.
class JoinedBlocks {
 public:
  explicit JoinedBlocks(const sdk::PredictorRequest& request);
  JoinedBlocks(const JoinedBlocks&) = delete;  // points into itself
  JoinedBlocks& operator=(const JoinedBlocks&) = delete;

  // A row holds zeros where a block lacks it, the mean of prepared features, and is absent where every block does.
  const headroom_predictor_request& request() const { return request_; }

 private:
  sdk::Matrix training_, query_;                                // rows × features of all blocks, in their order
  std::vector<std::uint8_t> training_present_, query_present_;  // one per row
  headroom_block block_{};
  const headroom_block* blocks_[1] = {&block_};
  headroom_predictor_request request_;
};

// Calls head(request, output) with the blocks joined.
template <class Head>
void predict_joined(const sdk::PredictorRequest& request, sdk::PredictorOutput& output, const Head& head) {
  const JoinedBlocks joined(request);
  head(sdk::PredictorRequest(joined.request()), output);
}

// The same for held-out errors.
template <class Head>
void joined_errors(const sdk::ErrorsRequest& request, sdk::ErrorsOutput& output, const Head& head) {
  const JoinedBlocks joined(request.predictor());
  headroom_errors_request asked = request.c();
  asked.request = &joined.request();
  head(sdk::ErrorsRequest(asked), output);
}

}  // namespace headroom::fusion
