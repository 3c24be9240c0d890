#include "fusion/joined_blocks.hpp"

#include <algorithm>

namespace headroom::fusion {
namespace {

bool all_set(const std::vector<std::uint8_t>& marks) {
  return std::find(marks.begin(), marks.end(), std::uint8_t{0}) == marks.end();
}

headroom_matrix view_of(const sdk::Matrix& m) { return {m.data(), m.rows(), m.cols(), m.cols()}; }

}  // namespace

JoinedBlocks::JoinedBlocks(const sdk::PredictorRequest& request)
    : training_present_(static_cast<std::size_t>(request.n_training()), 0),
      query_present_(static_cast<std::size_t>(request.n_query()), 0),
      request_(request.c()) {
  std::int64_t n_features = 0;
  for (std::int64_t b = 0; b < request.n_blocks(); ++b) n_features += request.block(b).training().cols();
  training_.resize(request.n_training(), n_features);
  query_.resize(request.n_query(), n_features);
  for (std::int64_t b = 0, column = 0; b < request.n_blocks(); ++b) {
    const sdk::Block block = request.block(b);
    const std::int64_t width = block.training().cols();
    training_.middleCols(column, width) = block.training();
    query_.middleCols(column, width) = block.query();
    for (std::int64_t i = 0; i < request.n_training(); ++i) {
      if (block.training_present(i)) training_present_[static_cast<std::size_t>(i)] = 1;
      if (!block.training_present(i)) training_.row(i).segment(column, width).setZero();
    }
    for (std::int64_t q = 0; q < request.n_query(); ++q) {
      if (block.query_present(q)) query_present_[static_cast<std::size_t>(q)] = 1;
      if (!block.query_present(q)) query_.row(q).segment(column, width).setZero();
    }
    column += width;
  }
  block_.struct_size = sizeof(block_);
  block_.name = sdk::c_string("joined");
  block_.training = view_of(training_);
  block_.query = view_of(query_);
  block_.training_present = all_set(training_present_) ? nullptr : training_present_.data();
  block_.query_present = all_set(query_present_) ? nullptr : query_present_.data();
  request_.struct_size = sizeof(request_);
  request_.blocks = blocks_;
  request_.n_blocks = 1;
}

}  // namespace headroom::fusion
