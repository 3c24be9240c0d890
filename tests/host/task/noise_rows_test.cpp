#include "task/noise_rows.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace headroom {
namespace noise_rows_test {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(NoiseRows, StandWhereTheHeaderSays) {
  const NoiseColumns columns{{"L2", "MSE"}, true, {"n_cells", "closed_form"}, {"F1", "AP"}};
  NoiseRows rows(columns);
  rows.add_header();
  const double values[] = {0.1, kNaN}, further[] = {40, 2.5}, of_fold[] = {0.25, kNaN};
  rows.add({"A,\"B\"", "K-562", 3, further}, 0.9, values);
  rows.add({"=C", "K-562", {}, further}, 0.5, values);
  rows.add_fold("K-562", "fold 1", 0.1, of_fold);
  EXPECT_EQ(rows.str(),
            "quantile,L2,MSE,pert_id,n_batches_pert,context,n_cells,closed_form,F1,AP,fold\n"
            "0.9,0.1,,\"A,\"\"B\"\"\",3,K-562,40,2.5,,,\n"
            "0.5,0.1,,=C,,K-562,40,2.5,,,\n"
            "0.1,,,,,K-562,,,0.25,,fold 1\n");
}

TEST(NoiseRows, HaveNoContextNorFoldsUnlessAsked) {
  const NoiseColumns columns{{"L2"}, false};
  NoiseRows rows(columns);
  rows.add_header();
  const double value[] = {1.0 / 3};
  rows.add({"A", "K-562", 1, {}}, 0.9, value);
  EXPECT_EQ(rows.str(), "quantile,L2,pert_id,n_batches_pert\n0.9,0.3333333333333333,A,1\n");
}

}  // namespace noise_rows_test
}  // namespace headroom
