// A predictor that keeps the contract, or breaks it in the one way that its option `deed` names.
//
// Its prediction is the training mean plus the query's first feature, times the setting; classes are shares of one
// half, one quarter and one quarter.
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <headroom/held_out_errors.hpp>
#include <headroom/predictor.hpp>
#include <limits>
#include <thread>

namespace sdk = headroom::sdk;

namespace {

std::int64_t clock_reading() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

void keep_busy(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) continue;
}

// What a predictor must not have: a memory of earlier calls.
int n_calls = 0;
const std::int64_t own_clock = clock_reading();

}  // namespace

class WaywardPredictor final : public sdk::Predictor {
 public:
  static sdk::About about() {
    return {"wayward_predictor", "1.0.0", "For tests", "Apache-2.0", {}, {{"deed", "none", "what it does wrong"}}};
  }
  static std::vector<sdk::Hyperparameter> hyperparameters() {
    return {{"scale", "factor of the prediction", {0.5, 1, 2}},
            {"k", "rows that it needs", {1, 10, 100}, 1, 1000, true}};
  }
  static sdk::BlockCount blocks() { return {1, 3}; }
  static std::uint32_t task_kinds() { return HEADROOM_SUPPORTS_REGRESSION | HEADROOM_SUPPORTS_CLASSES; }

  void predict(const sdk::Host& host, const sdk::PredictorRequest& request,
               sdk::PredictorOutput& output) const override {
    const std::string deed = host.text("deed");
    ++n_calls;
    if (deed == "hangs") keep_busy(std::chrono::hours(1));
    if (deed == "dies_of_many_queries" && request.n_query() > request.n_training()) std::abort();
    if (deed == "refuses_two_blocks" && request.n_blocks() == 2) throw sdk::Error("two blocks are too many");
    if (deed == "refuses_few_rows" && request.n_training() < 5) throw sdk::Error("too few rows");
    for (int i = 0; deed == "spins" && i < 2; ++i) std::thread([] { keep_busy(std::chrono::seconds(30)); }).detach();

    Eigen::RowVectorXd mean = Eigen::RowVectorXd::Zero(request.n_genes());
    for (std::int64_t i = 0; i < request.n_training(); ++i) mean += request.training_delta(i);
    mean /= static_cast<double>(std::max<std::int64_t>(1, request.n_training()));
    if (deed == "peeks") mean += request.delta_rows().row(0);
    const auto query = request.block().query();
    const double spread = (request.block().training().rowwise() - request.block().training().row(0)).norm();

    for (std::int64_t s = 0; s < request.n_settings(); ++s) {
      if (deed == "never_feasible" ||
          (request.setting(s, 1) > static_cast<double>(request.n_training()) && deed != "unflagged")) {
        output.set_infeasible(s);
        continue;
      }
      if (deed == "writes_nothing") continue;
      if (request.n_classes() > 0) {
        if (deed == "three_classes_only" && request.n_classes() != 3) throw sdk::Error("not this many classes");
        const double share = 0.5 / static_cast<double>(request.n_planes() - 1);
        for (std::int32_t plane = 1; plane < request.n_planes(); ++plane) output.prediction(s, plane).setConstant(share);
        output.prediction(s, 0).setConstant(deed == "improper" ? 0.75 : 0.5);
        if (deed == "negative") {
          output.prediction(s, 0).setConstant(0.5 + 2 * share);
          output.prediction(s, 1).setConstant(-share);
        }
        if (deed == "reads_unlabelled") {
          output.prediction(s, 0).setConstant(0.5 - 0.1 * static_cast<double>(request.training_class(0, 0)));
          output.prediction(s, 1).setConstant(share + 0.1 * static_cast<double>(request.training_class(0, 0)));
        }
        continue;
      }
      for (std::int64_t q = 0; q < request.n_query(); ++q) {
        double own = query(q, 0);
        if (deed == "counts_calls") own = n_calls;
        if (deed == "reads_clock") own = static_cast<double>(own_clock);
        if (deed == "clock_at_odd_seeds" && host.seed() % 2 == 1) own = static_cast<double>(own_clock);
        if (deed == "uses_seed") own = static_cast<double>(host.seed());
        if (deed == "row_number") own = static_cast<double>(q);
        if (deed == "last_digits_of_order") own += 1e-14 * static_cast<double>(q);
        if (deed == "context_number") own = static_cast<double>(request.query_context_number(q));
        if (deed == "perturbation_number") own = static_cast<double>(request.query_perturbation(q));
        if (deed == "mean_of_queries") own = query.col(0).mean();
        if (deed == "number_of_settings") own = static_cast<double>(request.n_settings());
        if (deed == "divides_by_spread") own /= spread;
        if (deed == "thread_digits") own += 1e-12 * host.n_threads();
        if (deed == "unflagged" && request.setting(s, 1) > static_cast<double>(request.n_training())) {
          own = std::numeric_limits<double>::infinity();
        }
        output.prediction(s).row(q) = (mean.array() + own) * request.setting(s, 0);
      }
    }
  }

  static const void* extension(std::string_view id) { return sdk::held_out_errors<WaywardPredictor>(id); }
  void errors(const sdk::Host& host, const sdk::ErrorsRequest& asked, sdk::ErrorsOutput& output) const {
    const std::string deed = host.text("deed");
    const sdk::PredictorRequest& request = asked.predictor();
    const Eigen::RowVectorXd mean = request.training_deltas().colwise().mean();
    for (std::int64_t s = 0; s < request.n_settings(); ++s) {
      if (request.setting(s, 1) > static_cast<double>(request.n_training()) && deed != "errors_unflagged") {
        output.set_infeasible(s);
        continue;
      }
      for (std::int64_t q = 0; q < request.n_query(); ++q) {
        const double own = request.block().query()(q, 0);
        const double error =
            ((mean.array() + own) * request.setting(s, 0) - asked.query_delta(q).array()).matrix().norm();
        output.errors()(s, q) = deed == "flatters_itself" ? 0.99 * error : error;
      }
    }
  }
};

HEADROOM_PLUGINS(WaywardPredictor)
