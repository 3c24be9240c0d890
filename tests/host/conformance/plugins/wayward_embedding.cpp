// An embedding that keeps the contract, or breaks it in the one way that its option `deed` names.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <headroom/embedding.hpp>
#include <limits>
#include <set>
#include <thread>

namespace sdk = headroom::sdk;

namespace {

// Different in every process.
std::int64_t clock_reading() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

void keep_busy(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) continue;
}

bool is_plain(std::string_view id) {
  return !id.empty() && id.size() < 100 && id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == id.npos;
}

}  // namespace

class WaywardEmbedding final : public sdk::Embedding {
 public:
  static sdk::About about() {
    return {"wayward_embedding", "1.0.0", "For tests", "Apache-2.0", {}, {{"deed", "none", "what it does wrong"}}};
  }

  explicit WaywardEmbedding(const sdk::Host& host) : deed_(host.text("deed")) {
    if (deed_ == "open_fails") throw sdk::Error("there are no weights");
  }

  std::int64_t dimension(const sdk::Host&, const sdk::EmbeddingRequest& request) override {
    if (deed_ == "dimension_of_request") return 3 + request.size() % 7;
    if (deed_ == "dimension_of_process") return 3 + own_clock_ % 4099;
    return 3;
  }

  void embed(const sdk::Host& host, const sdk::EmbeddingRequest& request, sdk::EmbeddingOutput& output) override {
    ++n_calls_;
    if (deed_ == "hangs") keep_busy(std::chrono::hours(1));
    if (deed_ == "dies_of_one" && request.size() == 1) std::abort();
    for (int i = 0; deed_ == "spins" && i < 2; ++i) std::thread([] { keep_busy(std::chrono::seconds(30)); }).detach();
    std::vector<std::vector<char>> hoard;
    while (deed_ == "greedy" && request.size() > 1000) hoard.emplace_back(std::size_t{64} << 20, 'x');
    std::set<std::string_view> seen;
    for (std::int64_t i = 0; i < request.size(); ++i) {
      const std::string_view id = request.id(i);
      if (deed_ == "refuses_duplicates" && !seen.insert(id).second) throw sdk::Error("an id came twice");
      if (deed_ == "knows_nothing") continue;
      const bool is_known = is_plain(id);
      if (!is_known && deed_ != "default_vector" && deed_ != "reads_text") continue;
      output.set_present(i);
      if (deed_ == "writes_nothing" && i == 5) continue;
      std::fill_n(output.row(i), output.dimension(), 0.0);
      if (!is_known && deed_ == "default_vector") continue;
      double* row = output.row(i);
      row[0] = 1 + static_cast<double>(id.size());
      for (const char letter : id) row[1] = 0.5 * row[1] + letter;
      if (deed_ == "counts_calls") row[2] = n_calls_;
      if (deed_ == "reads_clock") row[2] = static_cast<double>(own_clock_);
      if (deed_ == "clock_at_odd_seeds" && host.seed() % 2 == 1) row[2] = static_cast<double>(own_clock_);
      if (deed_ == "uses_seed") row[2] = static_cast<double>(host.seed());
      if (deed_ == "row_number") row[2] = static_cast<double>(i);
      if (deed_ == "number_of_rows") row[2] = static_cast<double>(request.size());
      if (deed_ == "not_finite" && i == 5) row[2] = std::numeric_limits<double>::quiet_NaN();
      if (deed_ == "thread_digits") row[2] = 1 + 1e-12 * host.n_threads();
      if (deed_ == "thread_rows" && host.n_threads() > 1 && i == 5) output.c().present[i] = 0;
      if (deed_ == "all_zero") row[0] = row[1] = 0;
    }
  }

 private:
  std::string deed_;
  std::int64_t own_clock_ = clock_reading();
  int n_calls_ = 0;
};

HEADROOM_PLUGINS(WaywardEmbedding)
