// The reader of finished predictions as a plugin file: what it gives for a request, and what it says of its file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "headroom/embedding.h"
#include "io/h5ad_writer.hpp"
#include "sdk/test_host.hpp"

namespace headroom::testing {
namespace predictions_plugin_test {

using ::testing::Contains;
using ::testing::HasSubstr;
using Texts = std::vector<std::string>;

class PredictionsPlugin : public ::testing::Test {
 protected:
  void SetUp() override {
    path = std::filesystem::temp_directory_path() / ("headroom-predictions-plugin-" + std::to_string(getpid()));
    const Entry entry = open_entry(HEADROOM_BUILD_DIR "/lib/headroom/predictions.so");
    ASSERT_NE(entry, nullptr) << dlerror();
    plugin = entry(HEADROOM_ABI_MAJOR, 0);
    ASSERT_NE(plugin, nullptr);
    host.take_defaults(*plugin);
    host.options["file"] = path.string();
    host.options["format"] = "mine.h5ad";
  }
  void TearDown() override { std::filesystem::remove(path); }

  const headroom_embedding& reader() const { return *static_cast<const headroom_embedding*>(plugin->capability); }

  // Rows × genes, dense or CSR.
  void write(const Texts& perts, const Texts& genes, const Matrix& x, std::vector<AnnotationColumn> more = {},
             bool sparse = false) {
    H5adContent content;
    for (std::size_t i = 0; i < perts.size(); ++i) content.obs_index.push_back("r" + std::to_string(i));
    content.var_index = genes;
    content.obs_columns = std::move(more);
    content.obs_columns.push_back({"pert_id", perts, {}, true});
    std::vector<std::int64_t> offsets{0};
    std::vector<std::int32_t> columns;
    std::vector<float> values;
    if (sparse) {
      for (Eigen::Index i = 0; i < x.rows(); ++i) {
        for (Eigen::Index j = 0; j < x.cols(); ++j) {
          if (x(i, j) == 0) continue;
          columns.push_back(static_cast<std::int32_t>(j));
          values.push_back(static_cast<float>(x(i, j)));
        }
        offsets.push_back(static_cast<std::int64_t>(columns.size()));
      }
      content.x = csr_in_memory({offsets, columns, std::span<const float>(values)});
    } else {
      content.x = DenseX{{ConstMatrixMap(x.data(), x.rows(), x.cols(), Eigen::OuterStride<>(x.cols()))}};
    }
    const auto written = write_h5ad(path, content);
    ASSERT_TRUE(written.has_value()) << written.error().line();
  }

  // Asks for `ids`, of which `training` are training rows; empty where the plugin refuses (host.error says why).
  bool ask(const Texts& ids, const Texts& training, const Texts& genes, const std::string& context = "A") {
    void* state = nullptr;
    if (reader().open(host.c(), &state) != HEADROOM_OK) return false;
    std::vector<headroom_string> id_texts, training_texts, gene_texts;
    for (const auto& id : ids) id_texts.push_back(c_text(id));
    for (const auto& id : training) training_texts.push_back(c_text(id));
    for (const auto& gene : genes) gene_texts.push_back(c_text(gene));
    const Matrix deltas =
        Matrix::Zero(static_cast<Eigen::Index>(training.size()), static_cast<Eigen::Index>(genes.size()));
    headroom_embedding_request request{};
    request.struct_size = sizeof(request);
    request.context = c_text(context);
    request.ids = id_texts.data();
    request.n_ids = static_cast<std::int64_t>(ids.size());
    request.training_ids = training_texts.data();
    request.n_training = static_cast<std::int64_t>(training.size());
    request.training_deltas = {deltas.data(), deltas.rows(), deltas.cols(), deltas.cols()};
    request.gene_ids = gene_texts.data();
    request.n_genes = static_cast<std::int64_t>(genes.size());
    request.contexts = &request.context;
    request.n_contexts = 1;
    std::int64_t dimension = 0;
    EXPECT_EQ(reader().dimension(host.c(), state, &request, &dimension), HEADROOM_OK) << host.error;
    EXPECT_EQ(dimension, request.n_genes);
    rows = Matrix::Zero(request.n_ids, dimension);
    present.assign(ids.size(), 0);
    headroom_embedding_output output{
        sizeof(headroom_embedding_output), {rows.data(), request.n_ids, dimension, dimension}, present.data()};
    const bool ok = reader().embed(host.c(), state, &request, &output) == HEADROOM_OK;
    reader().close(state);
    return ok;
  }

  std::filesystem::path path;
  const headroom_plugin* plugin = nullptr;
  TestHost host;
  Matrix rows;
  std::vector<std::uint8_t> present;
};

TEST_F(PredictionsPlugin, GivesTestRowsInTheTasksOrderOfGenes) {
  EXPECT_EQ(reader().wants_training, 1);
  write({"a", "b", "c", "stranger"}, {"g1", "g2", "g3"},
        (Matrix(4, 3) << 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0).finished());
  ASSERT_TRUE(ask({"c", "d", "a", "b"}, {"b"}, {"g3", "g1"})) << host.error;
  EXPECT_EQ(present, (std::vector<std::uint8_t>{1, 0, 1, 0}));  // b is a training row: nobody needs its prediction
  EXPECT_TRUE(rows == (Matrix(4, 2) << 9, 7, 0, 0, 3, 1, 0, 0).finished()) << rows;
  EXPECT_THAT(host.lines, Contains(HasSubstr("serve every context")));
}

TEST_F(PredictionsPlugin, ReadsSparseRowsAsDenseOnes) {
  write({"a", "b"}, {"g1", "g2", "g3"}, (Matrix(2, 3) << 0, 2, 0, 4, 0, -6).finished(), {}, true);
  ASSERT_TRUE(ask({"b", "a"}, {}, {"g1", "g2", "g3"})) << host.error;
  EXPECT_TRUE(rows == (Matrix(2, 3) << 4, 0, -6, 0, 2, 0).finished()) << rows;
}

TEST_F(PredictionsPlugin, TellsRepeatedGenesApartByTheirOrder) {
  write({"a"}, {"g1", "twin", "g2", "twin"}, (Matrix(1, 4) << 1, 2, 3, 4).finished());
  ASSERT_TRUE(ask({"a"}, {}, {"twin", "g2", "twin", "g1"})) << host.error;
  EXPECT_TRUE(rows == (Matrix(1, 4) << 2, 3, 4, 1).finished()) << rows;
  EXPECT_FALSE(ask({"a"}, {}, {"twin", "g1"}));
  EXPECT_THAT(host.error, HasSubstr("gene 'twin' is there 2 times, in the task 1"));
}

TEST_F(PredictionsPlugin, AveragesCellsAfterScalingEach) {
  host.options["predicted"] = "cells";
  host.options["values"] = "counts";
  host.options["controls"] = "ntc";
  write({"a", "ntc", "a", "hollow"}, {"g1", "g2"}, (Matrix(4, 2) << 1, 3, 9, 9, 2, 0, 0, 0).finished());
  ASSERT_TRUE(ask({"a", "hollow", "ntc"}, {}, {"g1", "g2"})) << host.error;
  EXPECT_EQ(present, (std::vector<std::uint8_t>{1, 1, 0}));
  EXPECT_DOUBLE_EQ(rows(0, 0), (std::log1p(2500.0) + std::log1p(10000.0)) / 2);
  EXPECT_DOUBLE_EQ(rows(0, 1), std::log1p(7500.0) / 2);
  EXPECT_EQ(rows(1, 0), 0);  // a cell without counts stays zero
  EXPECT_THAT(host.lines, Contains(HasSubstr("1 control row is left out")));

  write({"a"}, {"g1", "g2"}, (Matrix(1, 2) << 1, -3).finished());
  EXPECT_FALSE(ask({"a"}, {}, {"g1", "g2"}));
  EXPECT_THAT(host.error, HasSubstr("has the count -3 (mine.h5ad)"));
}

TEST_F(PredictionsPlugin, ServesEachFoldItsOwnRows) {
  write({"a", "a", "b"}, {"g"}, (Matrix(3, 1) << 1, 2, 3).finished(),
        {{"split", Texts{"x", "y", "y"}, {}, true}, {"cell_type", Texts{"A", "A", "A"}, {}, true}});
  host.options["fold"] = "y";
  ASSERT_TRUE(ask({"a", "b"}, {}, {"g"})) << host.error;
  EXPECT_TRUE(rows == (Matrix(2, 1) << 2, 3).finished()) << rows;
  host.options["fold"] = "x";
  ASSERT_TRUE(ask({"a", "b"}, {}, {"g"})) << host.error;
  EXPECT_EQ(present, (std::vector<std::uint8_t>{1, 0}));
  host.options["fold"] = "z";
  EXPECT_FALSE(ask({"a", "b"}, {}, {"g"}));
  EXPECT_THAT(host.error, HasSubstr("it has no rows for fold 'z'"));
  host.options["fold"] = "x";
  EXPECT_FALSE(ask({"a"}, {}, {"g"}, "B"));
  EXPECT_THAT(host.error, HasSubstr("it has no rows for context 'B'"));
}

// Flagged rows need no label: they are no predictions.
TEST_F(PredictionsPlugin, LeavesFlaggedControlsOut) {
  write({"a", ""}, {"g"}, (Matrix(2, 1) << 1, 2).finished(),
        {{"is_control", std::vector<bool>{false, true}, {}, false}});
  ASSERT_TRUE(ask({"a"}, {}, {"g"})) << host.error;
  EXPECT_EQ(rows(0, 0), 1);
  write({"a", ""}, {"g"}, (Matrix(2, 1) << 1, 2).finished());
  EXPECT_FALSE(ask({"a"}, {}, {"g"}));
  EXPECT_THAT(host.error, HasSubstr("row 2 has no value in column 'pert_id' (mine.h5ad)"));
}

}  // namespace predictions_plugin_test
}  // namespace headroom::testing
