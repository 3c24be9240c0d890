// The heads against the oracle of the whole protocol, with features prepared in plain steps: standardise, singular
// values, scores. Needs the oracle's folder; skipped where it is absent.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "heads/knn.hpp"
#include "heads/lasso.hpp"
#include "plugins/golden_data.hpp"

namespace headroom::testing {
namespace golden_test {

// The oracle keeps 12 digits. Its idealized lasso was solved to the same optimality as ours.
constexpr double kGoldenTolerance = 1e-8;
constexpr double kGoldenDescentTolerance = 1e-6;

TEST(GoldenHeads, EqualTheOracleOnEveryFold) {
  if (!std::filesystem::exists(kGolden / "golden.json")) {
    GTEST_SKIP() << "the oracle's folder " << kGolden << " is not there";
  }
  std::ifstream file(kGolden / "golden.json");
  const nlohmann::json golden = nlohmann::json::parse(file);
  const Keyed deltas = read_keyed(kGolden / "pseudobulk_global.h5ad");
  const Keyed good = read_keyed(kGolden / "embeddings/good_fm.h5ad");
  const Keyed wide = read_keyed(kGolden / "embeddings/hidim_fm.h5ad");

  int checked = 0;
  for (const auto& [fold_name, fold] : golden.at("protocol").at("global").at("folds").items()) {
    const auto train = fold.at("train").get<std::vector<std::string>>();
    const auto test = fold.at("test").get<std::vector<std::string>>();
    const sdk::Matrix truth = gather(deltas, test);
    for (const char* embedding : {"good_fm", "hidim_fm", "ideal"}) {
      PredictorCall call;
      call.delta_rows = gather(deltas, train);
      if (embedding == std::string("ideal")) {
        idealize(call.delta_rows, truth, call);
      } else {
        const Keyed& vectors = embedding == std::string("good_fm") ? good : wide;
        project(gather(vectors, train), gather(vectors, test), call);
      }
      for (const char* head : {"knn", "lasso"}) {
        const std::string method = std::string(embedding) + "_" + head;
        const auto& expected = fold.at("methods").at(method);
        call.settings = column({expected.at("best").get<double>()});
        call.run([&](const auto& request, auto& output) {
          if (head == std::string("knn")) {
            heads::predict_knn(request, 1, output);
          } else {
            heads::predict_lasso(request, 1, output);
          }
        });
        const double tolerance = method == "ideal_lasso" ? kGoldenDescentTolerance : kGoldenTolerance;
        const auto& l2 = expected.at("per_pert").at("L2");
        for (std::size_t i = 0; i < test.size(); ++i) {
          const auto row = static_cast<Eigen::Index>(i);
          const double ours = (call.predictions[0].row(row) - truth.row(row)).norm();
          const double theirs = l2.at(i).get<double>();
          ASSERT_NEAR(ours, theirs, tolerance * theirs) << "fold " << fold_name << ", " << method << ", " << test[i];
        }
        const double norm = expected.at("prediction_l2").get<double>();
        ASSERT_NEAR(call.predictions[0].norm(), norm, tolerance * norm) << "fold " << fold_name << ", " << method;
        ++checked;
      }
    }
  }
  EXPECT_EQ(checked, 30);
}

}  // namespace golden_test
}  // namespace headroom::testing
