// prepare() on one tiny screen in every storage (tests/reference/cells/reference.py), on real screens, and on what it
// must refuse.
#include "cells/prepare.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "io/column_names.hpp"
#include "io/delimited.hpp"
#include "io/h5ad.hpp"
#include "io/h5ad_writer.hpp"
#include "task/task.hpp"

namespace headroom {
namespace prepare_test {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;

const fs::path kReference = fs::path(HEADROOM_SOURCE_DIR) / "tests" / "reference" / "cells";
const fs::path kShared = HEADROOM_SHARED_DIR;

// float64 sums of tens of numbers in another order.
constexpr double kTolerance = 1e-12;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class PrepareTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) /
              (std::string("prepare_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    out_ = folder_ / "out";
  }
  void TearDown() override { fs::remove_all(folder_); }

  Result<PrepareReport> run(const fs::path& cells, const PrepareOptions& options, int n_threads = 2) {
    ThreadPool pool(n_threads);
    NoProgress progress;
    return prepare(cells, out_, options, pool, progress, {});
  }

  // The error's line; there must be no output then.
  std::string refusal(const fs::path& cells, const PrepareOptions& options) {
    const auto report = run(cells, options);
    if (report) return "accepted";
    EXPECT_EQ(report.error().kind, ErrorKind::bad_input) << report.error().line();
    EXPECT_FALSE(fs::exists(out_)) << "an error must leave no output";
    return report.error().line();
  }

  fs::path folder_, out_;
};

PrepareOptions tiny_options() {
  PrepareOptions options;
  options.untestable_folds = true;  // three perturbations
  options.fold_col = "split";
  return options;
}

TEST_F(PrepareTest, EveryStorageGivesTheReferencesDeltas) {
  std::ifstream file(kReference / "reference.json");
  const auto reference = nlohmann::json::parse(file);
  struct Variant {
    const char* file;
    const char* layer;
  };
  std::string first_noise;
  for (const Variant& variant :
       {Variant{"csr_float32_gzip.h5ad", ""}, Variant{"csr_int64.h5ad", "X"}, Variant{"csc_float32_lzf.h5ad", ""},
        Variant{"dense_float64_gzip.h5ad", ""}, Variant{"log_layers.h5ad", "counts"}, Variant{"raw.h5ad", "raw"},
        Variant{"matrix_market", ""}}) {
    for (const Design design : {Design::global, Design::matched}) {
      PrepareOptions options = tiny_options();
      options.design = design;
      options.layer = variant.layer;
      if (std::string(variant.file) == "matrix_market") options.cell_table = kReference / "matrix_market" / "cells.tsv";
      const auto report = run(kReference / variant.file, options);
      ASSERT_TRUE(report.has_value()) << variant.file << ": " << report.error().line();
      const auto task = H5adFile::open(out_ / "task.h5ad");
      ASSERT_TRUE(task.has_value());
      const Matrix deltas = *task->matrix()->read();
      const auto& expected = reference[design == Design::global ? "global" : "matched"];
      const auto perts = *task->read_index(H5adAxis::obs);
      ASSERT_EQ(perts.size(), expected.size());
      auto noise = DelimitedReader::open(out_ / "noise.csv");
      ASSERT_TRUE(noise && noise->read_header());
      for (std::size_t p = 0; p < perts.size(); ++p) {
        const auto delta = expected[perts[p]]["delta"].get<std::vector<double>>();
        ASSERT_EQ(static_cast<std::size_t>(deltas.cols()), delta.size());
        for (std::size_t g = 0; g < delta.size(); ++g) {
          EXPECT_NEAR(deltas(static_cast<Eigen::Index>(p), static_cast<Eigen::Index>(g)), delta[g], kTolerance)
              << variant.file;
        }
        for (int q = 0; q < 7; ++q) {
          ASSERT_TRUE(*noise->next());
          EXPECT_EQ(noise->cells()[*noise->column("pert_id")], perts[p]);
          EXPECT_NEAR(*noise->number(*noise->column("closed_form")), expected[perts[p]]["closed_form"].get<double>(),
                      kTolerance);
          EXPECT_EQ(*noise->number(*noise->column("n_cells")), expected[perts[p]]["n_cells"].get<double>());
          EXPECT_EQ(*noise->number(*noise->column("n_batches_pert")), expected[perts[p]]["n_batches"].get<double>());
        }
      }
      // The same cells in another storage are the same draws, to the last digit.
      if (design == Design::global) {
        if (first_noise.empty()) first_noise = text_of(out_ / "noise.csv");
        EXPECT_EQ(text_of(out_ / "noise.csv"), first_noise) << variant.file;
      }
    }
  }
}

// Predicted profiles are compared by it. Here the perturbations lie in different batches, so that in the matched design
// their deltas were taken from different controls, and none of them stands for all.
TEST_F(PrepareTest, KeepsTheControlWhereThereIsOne) {
  PrepareOptions options = tiny_options();
  ASSERT_TRUE(run(kReference / "csr_float32_gzip.h5ad", options).has_value());
  auto task = H5adFile::open(out_ / "task.h5ad");
  const std::string name = control_profile_column("all");
  ASSERT_TRUE(task->has_column(H5adAxis::var, name));
  EXPECT_EQ(task->read_column(H5adAxis::var, name)->size(), 14u);
  EXPECT_FALSE(task->uns_text(kControlNoteKey));

  options.design = Design::matched;
  ASSERT_TRUE(run(kReference / "csr_float32_gzip.h5ad", options).has_value());
  task = H5adFile::open(out_ / "task.h5ad");
  EXPECT_FALSE(task->has_column(H5adAxis::var, name));
  EXPECT_THAT(task->uns_text(kControlNoteKey).value_or(""), HasSubstr("control of its own batches"));
}

TEST_F(PrepareTest, TheTaskCarriesWhatOthersNeed) {
  const auto report = run(kReference / "csr_float32_gzip.h5ad", tiny_options());
  ASSERT_TRUE(report.has_value());
  const auto task = H5adFile::open(out_ / "task.h5ad");
  EXPECT_THAT(task->columns(H5adAxis::obs),
              ::testing::ElementsAre("pert_id", "context", "test_split", "n_cells", "n_batches"));
  EXPECT_THAT(task->read_labels(H5adAxis::obs, "test_split")->labels, ::testing::UnorderedElementsAre("0", "1", "2"));
  EXPECT_THAT(task->read_labels(H5adAxis::obs, "context")->labels, ::testing::ElementsAre("all"));
  EXPECT_EQ((*task->read_index(H5adAxis::var))[3], "ENSG03");
  EXPECT_EQ(task->read_column(H5adAxis::var, "symbol")->text(3), "S3");
  EXPECT_EQ(report->n_cells_used, 48u);
  EXPECT_EQ(report->n_genes, 14u);
  EXPECT_EQ(report->n_folds, 3u);
  EXPECT_THAT(report->notes, Contains(HasSubstr("1 barcodes repeat")));
  EXPECT_THAT(report->picked, Contains("perturbations: column 'target_gene'"));
  EXPECT_THAT(report->picked, Contains("control: label 'non-targeting' of column 'target_gene'"));
  EXPECT_THAT(report->picked, Contains("batches: column 'batch'"));
}

// What ceilings of the right depth are made of: errors whose squares sum to the closed form's, halves that differ by as
// much, and the weights of WMSE.
TEST_F(PrepareTest, KeepsTheSamplingErrorsOfDeltas) {
  for (const Design design : {Design::global, Design::matched}) {
    PrepareOptions options = tiny_options();
    options.design = design;
    ASSERT_TRUE(run(kReference / "csr_float32_gzip.h5ad", options).has_value());
    TaskOptions columns;
    columns.folds_are_optional = true;  // three perturbations make none
    const auto task = read_task(out_, columns);
    ASSERT_TRUE(task.has_value()) << task.error().line();
    EXPECT_TRUE(task->has_sampling_errors);
    EXPECT_EQ(task->columns.weights_source, "wmse_weights");
    const SamplingErrors& sampling = *task->contexts[0].sampling;
    EXPECT_EQ(sampling.with_control, design == Design::matched);
    EXPECT_EQ(sampling.halves.size(), static_cast<std::size_t>(kKeptSplits));
    auto noise = DelimitedReader::open(out_ / "noise.csv");
    ASSERT_TRUE(noise && noise->read_header());
    double halves = 0, errors = 0;
    for (std::size_t p = 0; p < task->contexts[0].pert_ids.size(); ++p) {
      const auto row = static_cast<Eigen::Index>(p);
      for (int q = 0; q < 7; ++q) ASSERT_TRUE(*noise->next());
      double squares = 0;
      for (Eigen::Index g = 0; g < sampling.error.cols(); ++g) squares += std::pow(sampling.whole_error(row, g), 2);
      EXPECT_NEAR(std::sqrt(squares), *noise->number(*noise->column("closed_form")), 1e-6);
      EXPECT_NEAR(task->contexts[0].weights->row(row).sum(), 1, 1e-5);
      if (!sampling.has_halves[p]) continue;
      errors += squares;
      for (std::size_t split = 0; split < sampling.halves.size(); ++split) {
        halves += sampling.half_difference(split, row).squaredNorm() / kKeptSplits;
      }
    }
    // Of a handful of cells, and of fewer batches where some cannot be halved: the size alone.
    ASSERT_GT(errors, 0);
    EXPECT_GT(halves / errors, 0.3);
    EXPECT_LT(halves / errors, 4);
  }
}

TEST_F(PrepareTest, ThreadsMemoryAndRepetitionDoNotChangeAByte) {
  const fs::path cells = kReference / "csc_float32_lzf.h5ad";
  ASSERT_TRUE(run(cells, tiny_options(), 1).has_value());
  const std::string noise = text_of(out_ / "noise.csv"), task = text_of(out_ / "task.h5ad");
  PrepareOptions little = tiny_options();
  little.memory_limit_bytes = 64 << 20;
  ASSERT_TRUE(run(cells, little, 3).has_value());
  EXPECT_EQ(text_of(out_ / "noise.csv"), noise);
  const Matrix again = *H5adFile::open(out_ / "task.h5ad")->matrix()->read();
  fs::remove_all(out_);
  ASSERT_TRUE(run(cells, tiny_options(), 1).has_value());
  EXPECT_EQ(*H5adFile::open(out_ / "task.h5ad")->matrix()->read(), again);
}

TEST_F(PrepareTest, AGeneListKeepsGenesByIdOrSymbol) {
  for (const char* names : {"ENSG03\nENSG00\nnot-there\n", "S0\r\nS3\r\nS99"}) {
    std::ofstream(folder_ / "genes.txt") << names;
    PrepareOptions options = tiny_options();
    options.genes.genes_file = folder_ / "genes.txt";
    const auto report = run(kReference / "csr_float32_gzip.h5ad", options);
    ASSERT_TRUE(report.has_value()) << report.error().line();
    const auto task = H5adFile::open(out_ / "task.h5ad");
    EXPECT_THAT(*task->read_index(H5adAxis::var), ::testing::ElementsAre("ENSG00", "ENSG03"));
    EXPECT_THAT(report->notes, Contains(HasSubstr("1 of 3 listed genes are not in the file")));
  }
  std::ofstream(folder_ / "genes.txt") << "X\nY\n";
  PrepareOptions options = tiny_options();
  options.genes.genes_file = folder_ / "genes.txt";
  fs::remove_all(out_);
  EXPECT_THAT(refusal(kReference / "csr_float32_gzip.h5ad", options), HasSubstr("none of the listed genes is there"));
}

TEST_F(PrepareTest, FoldsComeFromAFileOrAreMade) {
  std::ofstream(folder_ / "folds.csv") << "pert_id,test_split\nENSG01,b\nENSG03,a\nENSG05,a\nENSG99,a\n";
  PrepareOptions options;
  options.untestable_folds = true;
  options.fold_file = folder_ / "folds.csv";
  const auto report = run(kReference / "csr_float32_gzip.h5ad", options);
  ASSERT_TRUE(report.has_value()) << report.error().line();
  EXPECT_THAT(report->notes, Contains(HasSubstr("name perturbations that the task does not have")));
  const auto folds = *H5adFile::open(out_ / "task.h5ad")->read_column(H5adAxis::obs, "test_split");
  EXPECT_EQ(folds.text(0), "b");
  EXPECT_EQ(folds.text(1), "a");

  options.fold_file.reset();
  options.n_folds = 3;
  ASSERT_TRUE(run(kReference / "csr_float32_gzip.h5ad", options).has_value());
  EXPECT_EQ(H5adFile::open(out_ / "task.h5ad")->read_labels(H5adAxis::obs, "test_split")->labels.size(), 3u);

  fs::remove_all(out_);
  options.n_folds = 4;
  EXPECT_THAT(refusal(kReference / "csr_float32_gzip.h5ad", options),
              HasSubstr("context 'all' has 3 perturbations, too few for 4 folds"));
  std::ofstream(folder_ / "folds.csv") << "pert_id,test_split\nENSG01,0\nENSG05,1\n";
  options.fold_file = folder_ / "folds.csv";
  EXPECT_THAT(refusal(kReference / "csr_float32_gzip.h5ad", options),
              HasSubstr("1 perturbations of the task have no fold: ENSG03"));
  std::ofstream(folder_ / "folds.csv") << "pert_id,test_split\nENSG01,0\nENSG01,1\n";
  EXPECT_THAT(refusal(kReference / "csr_float32_gzip.h5ad", options),
              HasSubstr("perturbation 'ENSG01' is in folds '0' and '1'"));
}

TEST_F(PrepareTest, ValuesAreWhatTheyAreSaidToBe) {
  PrepareOptions options = tiny_options();
  EXPECT_THAT(refusal(kReference / "log_layers.h5ad", options), HasSubstr("[values.not_counts]"));
  EXPECT_THAT(refusal(kReference / "raw.h5ad", options), HasSubstr("--layer (counts, or raw)"));
  options.values = CellValues::log1p;
  ASSERT_TRUE(run(kReference / "log_layers.h5ad", options).has_value());
  const Matrix from_log = *H5adFile::open(out_ / "task.h5ad")->matrix()->read();
  ASSERT_TRUE(run(kReference / "csr_float32_gzip.h5ad", tiny_options()).has_value());
  const Matrix from_counts = *H5adFile::open(out_ / "task.h5ad")->matrix()->read();
  EXPECT_LT((from_log - from_counts).cwiseAbs().maxCoeff(), kTolerance);
}

TEST_F(PrepareTest, MistakesAreOneClearErrorAndLeaveNothing) {
  const fs::path good = kReference / "csr_float32_gzip.h5ad";
  PrepareOptions options = tiny_options();
  EXPECT_THAT(refusal(folder_ / "absent.h5ad", options), HasSubstr("absent.h5ad"));
  options.layer = "nothing";
  EXPECT_THAT(refusal(good, options), HasSubstr("layers/nothing"));
  options = tiny_options();
  options.layer = "raw";
  EXPECT_THAT(refusal(good, options), HasSubstr("there is no raw/X"));
  options = tiny_options();
  options.fold_col = "target_gene";
  EXPECT_EQ(refusal(good, options), "accepted");  // a fold of its own for every perturbation is a fold
  fs::remove_all(out_);
  options.fold_col = "batch";
  EXPECT_THAT(refusal(good, options), HasSubstr("are in different folds of column 'batch'"));
  options = tiny_options();
  options.columns.labels.controls = {"DMSO"};
  EXPECT_THAT(refusal(good, options), HasSubstr("no cell has the control label 'DMSO'"));
  options = tiny_options();
  options.min_cells = 100;
  EXPECT_THAT(refusal(good, options), HasSubstr("no perturbation is left"));
  EXPECT_THAT(refusal(kReference / "matrix_market", tiny_options()), HasSubstr("--cells TABLE.tsv"));
  std::ofstream(folder_ / "text.h5ad") << "this is no HDF5";
  EXPECT_THAT(refusal(folder_ / "text.h5ad", tiny_options()), HasSubstr("text.h5ad"));
}

TEST_F(PrepareTest, OptionsAreValidatedBeforeAnyWork) {
  const auto bad = [](auto change) {
    PrepareOptions options;
    change(options);
    const auto error = validate(options);
    return error ? error->line() : std::string("accepted");
  };
  EXPECT_EQ(bad([](PrepareOptions&) {}), "accepted");
  EXPECT_THAT(bad([](PrepareOptions& o) { o.min_cells = 0; }), HasSubstr("--min-cells"));
  EXPECT_THAT(bad([](PrepareOptions& o) { o.n_folds = 1; }), HasSubstr("--folds"));
  EXPECT_THAT(bad([](PrepareOptions& o) { o.bootstrap.n_outer = 0; }), HasSubstr("--outer"));
  EXPECT_THAT(bad([](PrepareOptions& o) { o.memory_limit_bytes = 1; }), HasSubstr("--memory-limit"));
  EXPECT_THAT(bad([](PrepareOptions& o) { o.columns.labels.controls = {"x"}, o.columns.control_col = "x"; }),
              HasSubstr("--control"));
  EXPECT_THAT(bad([](PrepareOptions& o) { o.fold_col = o.fold_file = "x"; }), HasSubstr("--fold-file"));
}

// A byte changed or an end cut off anywhere gives an error or a result, and after an error there is nothing.
TEST_F(PrepareTest, DamagedFilesAreErrorsNotCrashes) {
  const fs::path damaged = folder_ / "damaged.h5ad";
  for (const char* name : {"csr_float32_gzip.h5ad", "csc_float32_lzf.h5ad", "dense_float64_gzip.h5ad"}) {
    const std::string bytes = text_of(kReference / name);
    int n_errors = 0;
    for (std::size_t i = 0; i < 40; ++i) {
      std::string changed = bytes;
      const std::size_t at = (i * 2'654'435'761u) % bytes.size();
      if (i % 4 == 0) {
        changed.resize(at);
      } else {
        for (std::size_t k = at; k < std::min(at + 16, changed.size()); ++k)
          changed[k] = static_cast<char>(changed[k] + 85);
      }
      std::ofstream(damaged, std::ios::binary) << changed;
      const auto report = run(damaged, tiny_options());
      if (!report) {
        ++n_errors;
        EXPECT_EQ(report.error().kind, ErrorKind::bad_input) << report.error().line();
        EXPECT_EQ(report.error().line().find('\n'), std::string::npos);
        EXPECT_FALSE(fs::exists(out_));
      }
      fs::remove_all(out_);
    }
    EXPECT_GE(n_errors, 10) << name;
  }
}

TEST_F(PrepareTest, StoppingLeavesNothing) {
  std::stop_source stop;
  stop.request_stop();
  ThreadPool pool(2);
  NoProgress progress;
  const auto report =
      prepare(kReference / "csr_float32_gzip.h5ad", out_, tiny_options(), pool, progress, stop.get_token());
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().kind, ErrorKind::interrupted);
  EXPECT_FALSE(fs::exists(out_));
}

TEST_F(PrepareTest, MatrixMarketMistakesNameTheLine) {
  const fs::path copy = folder_ / "mtx";
  fs::create_directories(copy);
  std::ofstream(copy / "barcodes.tsv") << "a\nb\n";
  std::ofstream(copy / "features.tsv") << "G1\tS1\nG2\tS2\nG3\tS3\n";
  std::ofstream(folder_ / "cells.csv") << "barcode,pert_id\na,ctrl\nb,P\n";
  PrepareOptions options;
  options.cell_table = folder_ / "cells.csv";
  options.columns.labels.controls = {"ctrl"};
  options.untestable_folds = true;  // one perturbation
  std::ofstream(folder_ / "folds.csv") << "pert_id,test_split\nP,0\n";
  options.fold_file = folder_ / "folds.csv";
  const std::string head = "%%MatrixMarket matrix coordinate integer general\n";
  const auto with = [&](const std::string& text) {
    std::ofstream(copy / "matrix.mtx") << text;
    return refusal(copy, options);
  };
  EXPECT_EQ(with(head + "% a comment\n3 2 2\n1 1 4\n3 2 5\n"), "accepted");
  fs::remove_all(out_);
  EXPECT_EQ(with(head + "2 3 2\n1 1 4\n2 3 5\n"), "accepted");  // cells × genes
  fs::remove_all(out_);
  EXPECT_THAT(with(head + "3 2 2\n1 1 4\n4 2 5\n"), HasSubstr("line 4): give a Matrix Market"));
  EXPECT_THAT(with(head + "3 2 2\n1 1 4\n1 2 x\n"), HasSubstr("this is not 'gene cell count'"));
  EXPECT_THAT(with(head + "3 2 3\n1 1 4\n3 2 5\n"), HasSubstr("the file ends after 2 of 3 entries"));
  EXPECT_THAT(with(head + "3 2 1\n1 1 4\n3 2 5\n"), HasSubstr("there are more than the 1 entries declared"));
  EXPECT_THAT(with(head + "5 2 1\n1 1 4\n"), HasSubstr("the matrix is 5 × 2, but there are 3 features and 2 barcodes"));
  EXPECT_THAT(with("hello\n"), HasSubstr("line 1"));
  EXPECT_THAT(with(""), HasSubstr("ends before the size"));
  EXPECT_THAT(with(head + "3 2 1\n1 2 -4\n"), HasSubstr("is negative"));
  std::ofstream(folder_ / "cells.csv") << "barcode,pert_id\na,ctrl\n";
  EXPECT_THAT(with(head + "3 2 1\n1 1 4\n"), HasSubstr("no perturbation is left")) << "b is in no row of the table";
  std::ofstream(folder_ / "cells.csv") << "barcode,pert_id\nx,ctrl\ny,P\n";
  EXPECT_THAT(with(head + "3 2 1\n1 1 4\n"),
              HasSubstr("none of the 2 barcodes is in the cell table: barcodes are called "
                        "a, b, the table says x, y"));
  fs::remove(copy / "features.tsv");
  EXPECT_THAT(with(head + "3 2 1\n1 1 4\n"), HasSubstr("there is no features.tsv"));
}

TEST_F(PrepareTest, RealScreensArePrepared) {
  if (!fs::exists(kShared / "data")) GTEST_SKIP() << "no real data at " << kShared / "data";
  PrepareOptions options;
  auto norman = run(kShared / "data" / "norman" / "cells.h5ad", options);
  ASSERT_TRUE(norman.has_value()) << norman.error().line();
  EXPECT_EQ(norman->contexts[0].n_perturbations, 33u);
  EXPECT_EQ(norman->contexts[0].n_batches, 8u);
  EXPECT_EQ(norman->contexts[0].n_cells + norman->contexts[0].n_control_cells, 3375u);
  options.columns.pert_col = "target";
  for (const Design design : {Design::global, Design::matched}) {
    options.design = design;
    auto papalexi = run(kShared / "data" / "papalexi" / "cells.h5ad", options);
    ASSERT_TRUE(papalexi.has_value()) << papalexi.error().line();
    EXPECT_EQ(papalexi->contexts[0].n_perturbations, 25u);
    EXPECT_EQ(papalexi->contexts[0].n_batches, 12u);
    const auto task = H5adFile::open(out_ / "task.h5ad");
    const Matrix deltas = *task->matrix()->read();
    EXPECT_TRUE(deltas.allFinite());
    EXPECT_GT(deltas.rowwise().norm().minCoeff(), 0);
  }
}

}  // namespace prepare_test
}  // namespace headroom
