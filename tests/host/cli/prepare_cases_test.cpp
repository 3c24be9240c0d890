// headroom prepare on the kinds of files that the field has (../shared/cases, made with anndata): the right deltas, or
// refused with the remedy, and nothing left behind.
#include <cmath>

#include "io/h5ad.hpp"
#include "io/npz.hpp"
#include "program.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;

// float32 of the inputs, and sums in another order.
constexpr double kTolerance = 1e-4;

class PrepareCases : public ProgramTest {
 protected:
  // Runs the script into the folder; false where it cannot be run.
  bool made(const std::string& script) const {
    const fs::path path = fs::path(HEADROOM_SHARED_DIR) / "cases" / (script + ".py");
    if (!fs::exists(path)) return false;
    const std::string command = "/usr/bin/python3 '" + path.string() + "' '" + folder_.string() + "' >/dev/null 2>&1";
    return std::system(command.c_str()) == 0;
  }
  Ended prepare(const std::string& arguments) const {
    return headroom("prepare " + arguments + " --outer 2 --inner 2");
  }

  void expect_refused(const std::string& arguments, const std::string& code) const {
    fs::remove_all(folder_ / "out");
    const Ended ended = prepare(arguments + " -o out");
    EXPECT_EQ(ended.exit_code, 2) << arguments << ended.err;
    EXPECT_NE(ended.err.find("headroom: error: [" + code + "]"), std::string::npos) << arguments << ended.err;
    EXPECT_FALSE(fs::exists(folder_ / "out")) << "a refused command leaves nothing behind";
  }
  Ended expect_prepared(const std::string& arguments) const {
    fs::remove_all(folder_ / "out");
    Ended ended = prepare(arguments + " -o out");
    EXPECT_EQ(ended.exit_code, 0) << arguments << ended.err;
    return ended;
  }
  // The largest difference from what NumPy says (perturbations in byte order).
  double difference(const std::string& expected) const {
    const auto task = H5adFile::open(folder_ / "out" / "task.h5ad");
    const auto npz = NpzFile::open(folder_ / expected);
    if (!task || !npz) return INFINITY;
    const auto right = npz->read("deltas");
    const auto matrix = task->matrix();
    if (!right || !matrix) return INFINITY;
    const Matrix deltas = *matrix->read();
    const auto& values = std::get<std::vector<double>>(right->values);
    if (static_cast<std::size_t>(deltas.size()) != values.size()) return INFINITY;
    double most = 0;
    for (std::size_t i = 0; i < values.size(); ++i) most = std::max(most, std::abs(deltas.data()[i] - values[i]));
    return most;
  }
  static bool doubts(const Ended& ended) { return ended.err.find("headroom: doubt:") != std::string::npos; }
};

TEST_F(PrepareCases, TwinsAreRefusedOrJoined) {
  if (!made("twins")) GTEST_SKIP() << "no shared cases, or no anndata";
  expect_refused("gears_twins.h5ad", "labels.same_perturbation");
  expect_prepared("gears_joined.h5ad");
  const auto joined = *H5adFile::open(folder_ / "out" / "task.h5ad")->matrix()->read();
  expect_prepared("gears_twins.h5ad --merge-labels");
  EXPECT_LT((*H5adFile::open(folder_ / "out" / "task.h5ad")->matrix()->read() - joined).cwiseAbs().maxCoeff(), 1e-12);
  const Ended accepted = expect_prepared("gears_twins.h5ad --accept labels.same_perturbation");
  EXPECT_TRUE(doubts(accepted));
  EXPECT_TRUE(H5adFile::open(folder_ / "out" / "task.h5ad")->uns_text("headroom_doubts").has_value());
}

TEST_F(PrepareCases, DosesAreToldApartOrOneIsKept) {
  if (!made("dose")) GTEST_SKIP() << "no shared cases, or no anndata";
  expect_refused("sciplex.h5ad", "rows.conditions_merged");
  expect_prepared("sciplex.h5ad --pert-col perturbation,dose_value");
  EXPECT_EQ(H5adFile::open(folder_ / "out" / "task.h5ad")->n_obs(), 48u);
  expect_prepared("sciplex.h5ad --where dose_value=10000");
  EXPECT_EQ(H5adFile::open(folder_ / "out" / "task.h5ad")->n_obs(), 12u);
}

TEST_F(PrepareCases, ControlsThatAreNotFlaggedAreLeftOut) {
  if (!made("core_control")) GTEST_SKIP() << "no shared cases, or no anndata";
  const Ended core = expect_prepared("core.h5ad --pert-col gene --control-col core_control");
  EXPECT_NE(core.err.find("headroom: doubt: [controls.unflagged]"), std::string::npos) << core.err;
  EXPECT_EQ(H5adFile::open(folder_ / "out" / "task.h5ad")->n_obs(), 24u);
  // Noted: accepted or not, the cells are left out; --strict asks for the word.
  const std::string unflagged = "core.h5ad --pert-col gene --control-col core_control";
  const Ended accepted = expect_prepared(unflagged + " --accept controls.unflagged");
  EXPECT_NE(accepted.err.find("headroom: doubt: accepted: [controls.unflagged]"), std::string::npos) << accepted.err;
  EXPECT_EQ(H5adFile::open(folder_ / "out" / "task.h5ad")->n_obs(), 24u);
  expect_refused(unflagged + " --strict", "controls.unflagged");
  expect_prepared(unflagged + " --strict --accept controls.unflagged");
  EXPECT_EQ(H5adFile::open(folder_ / "out" / "task.h5ad")->n_obs(), 24u);
  const Ended small = expect_prepared("small_context.h5ad --pert-col gene");
  EXPECT_NE(small.err.find("context 'HEPG2' has 3 perturbations, too few for 5 folds"), std::string::npos) << small.err;
  EXPECT_EQ(prepare("small_context.h5ad --pert-col gene --context HEPG2 -o out2").exit_code, 2);
}

TEST_F(PrepareCases, GuidesAreNoGenes) {
  if (!made("guide_capture")) GTEST_SKIP() << "no shared cases, or no anndata";
  for (const char* source : {"filtered_feature_bc_matrix --cells cells.tsv", "cells_gex_only_false.h5ad"}) {
    const Ended ended = expect_prepared(source);
    EXPECT_NE(ended.err.find("headroom: doubt: [features.not_genes] 24 of 84"), std::string::npos) << ended.err;
    EXPECT_LT(difference("expected.npz"), kTolerance) << source;
    expect_prepared(std::string(source) + " --features all");
    EXPECT_EQ(H5adFile::open(folder_ / "out" / "task.h5ad")->n_vars(), 84u);
  }
}

TEST_F(PrepareCases, ValuesAreWhatTheyAreSaidToBe) {
  if (!made("prepare_values")) GTEST_SKIP() << "no shared cases, or no anndata";
  for (const std::string& arguments : {std::string("counts.h5ad"),
                                       std::string("log1p.h5ad --values log1p"),
                                       std::string("cp10k.h5ad --values scaled"),
                                       std::string("fractional.h5ad --values fractional"),
                                       std::string("as_uint8.h5ad"),
                                       std::string("as_int8.h5ad"),
                                       std::string("as_uint16.h5ad"),
                                       std::string("as_int32.h5ad"),
                                       std::string("as_uint64.h5ad"),
                                       std::string("as_float64.h5ad"),
                                       std::string("be_f4.h5ad"),
                                       std::string("be_i4.h5ad"),
                                       std::string("be_f8.h5ad"),
                                       std::string("float16.h5ad"),
                                       std::string("csc.h5ad"),
                                       std::string("dense.h5ad"),
                                       std::string("int64idx.h5ad"),
                                       std::string("uint32idx.h5ad"),
                                       std::string("layers.h5ad --layer counts"),
                                       std::string("layers.h5ad --values log1p"),
                                       std::string("raw_more_genes.h5ad --layer raw")}) {
    const Ended ended = expect_prepared(arguments);
    EXPECT_FALSE(doubts(ended)) << arguments << ended.err;
    EXPECT_LT(difference("expected.npz"), kTolerance) << arguments;
  }
  for (const char* name : {"log1p", "cp10k", "fractional", "log2cpm", "scaled", "layers"}) {
    expect_refused(std::string(name) + ".h5ad", "values.not_counts");
  }
  for (const char* name : {"counts", "cp10k", "log2cpm", "scaled"}) {
    expect_refused(std::string(name) + ".h5ad --values log1p", "values.not_log1p");
  }
  for (const char* arguments : {"log1p.h5ad --values fractional", "log1p.h5ad --values scaled",
                                "log2cpm.h5ad --values fractional", "counts.h5ad --values scaled"}) {
    expect_refused(arguments, "values.not_counts");
  }
  const Ended some_genes = prepare("raw_more_genes.h5ad -o out");
  EXPECT_EQ(some_genes.err.find("fractional"), std::string::npos) << "logarithms of some genes: " << some_genes.err;
  const Ended fractional = prepare("fractional.h5ad -o out");
  EXPECT_EQ(fractional.err.find("log1p"), std::string::npos) << "no remedy that takes anything: " << fractional.err;
  for (const char* name : {"rounded_log1p", "binarised", "zero_pert", "zero_ctrl"}) {
    const Ended ended = expect_prepared(std::string(name) + ".h5ad");
    EXPECT_NE(ended.err.find("[values.odd_counts]"), std::string::npos) << name << ended.err;
  }
  expect_prepared("zero_cells.h5ad");
  EXPECT_LT(difference("expected_zero.npz"), kTolerance);
}

TEST_F(PrepareCases, RowsMayBeGenes) {
  if (!made("prepare_values")) GTEST_SKIP() << "no shared cases, or no anndata";
  const std::string turn =
      "cd '" + folder_.string() +
      "' && /usr/bin/python3 -W ignore -c 'import anndata as ad\n"
      "for name in (\"counts\", \"csc\", \"dense\"): ad.read_h5ad(name + \".h5ad\").T.write_h5ad(name + \"_t.h5ad\")'";
  ASSERT_EQ(std::system(turn.c_str()), 0);
  for (const char* name : {"counts_t.h5ad", "csc_t.h5ad", "dense_t.h5ad"}) {
    const Ended as_they_are = prepare(std::string(name) + " -o out");
    EXPECT_EQ(as_they_are.exit_code, 2) << name;
    EXPECT_NE(as_they_are.err.find("--transposed"), std::string::npos) << "the remedy: " << as_they_are.err;
    const Ended ended = expect_prepared(std::string(name) + " --transposed");
    EXPECT_FALSE(doubts(ended)) << ended.err;
    EXPECT_LT(difference("expected.npz"), kTolerance) << name;
  }
}

TEST_F(PrepareCases, FoldersOfMatrixMarketAsTheyAreDeposited) {
  if (!made("mtx_r")) GTEST_SKIP() << "no shared cases, or no anndata";
  for (const std::string& arguments :
       {std::string("m --cells seurat_meta.tsv"), std::string("m --cells seurat_meta_noquote.tsv"),
        std::string("m --cells seurat_meta.csv"), std::string("m --cells seurat_meta_space.txt"),
        std::string("m --cells no_suffix.csv"), std::string("m --cells shuffled.csv"),
        std::string("m --cells barcode_last.csv"), std::string("transposed --cells seurat_meta.csv"),
        std::string("one_column_genes --cells seurat_meta.csv"), std::string("quoted_features --cells seurat_meta.csv"),
        std::string("header_features --cells seurat_meta.csv"), std::string("csv_features --cells seurat_meta.csv"),
        std::string("symbols_first --cells seurat_meta.csv"), std::string("prefixed --cells seurat_meta.csv"),
        std::string("real_format --cells seurat_meta.csv"), std::string("array_format --cells seurat_meta.csv")}) {
    expect_prepared(arguments + " --pert-col gene");
    EXPECT_LT(difference("expected.npz"), kTolerance) << arguments;
  }
  const Ended fewer = expect_prepared("m --cells fewer_cells.csv --pert-col gene");
  EXPECT_NE(fewer.err.find("48 barcodes that the cell table does not have are left out"), std::string::npos)
      << fewer.err;
  const Ended missing = expect_prepared("m --cells seurat_meta_NA.csv --pert-col gene");
  EXPECT_NE(missing.err.find("[labels.like_missing]"), std::string::npos) << missing.err;
  const Ended right = expect_prepared("square_right --cells seurat_meta.csv --pert-col gene");
  EXPECT_NE(right.err.find("[matrix.orientation]"), std::string::npos) << right.err;
  EXPECT_LT(difference("expected_sq.npz"), kTolerance);
  EXPECT_FALSE(doubts(expect_prepared("square_transposed --cells seurat_meta.csv --pert-col gene --transposed")));
  EXPECT_LT(difference("expected_sq.npz"), kTolerance);
}

TEST_F(PrepareCases, OutputsDoNotReplaceWhatIsNotOurs) {
  if (!made("paths")) GTEST_SKIP() << "no shared cases, or no anndata";
  const std::string before = content_of(folder_ / "inplace" / "task.h5ad");
  const Ended in_place = prepare("inplace/task.h5ad -o inplace");
  EXPECT_EQ(in_place.exit_code, 2) << in_place.err;
  EXPECT_NE(in_place.err.find("[output.not_ours]"), std::string::npos) << in_place.err;
  EXPECT_EQ(prepare("cells.h5ad -o inplace").exit_code, 2);
  EXPECT_EQ(content_of(folder_ / "inplace" / "task.h5ad"), before);
  EXPECT_EQ(content_of(folder_ / "inplace" / "noise.csv"), "PRECIOUS\n");
  EXPECT_EQ(prepare("cells.h5ad -o again").exit_code, 0);
  EXPECT_EQ(prepare("cells.h5ad -o again").exit_code, 0) << "its own outputs are replaced";
}

}  // namespace
}  // namespace headroom
