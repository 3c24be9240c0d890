// Several files as one screen: what prepare makes of them is what it makes of one file with all of their cells.
#include "cells/joined_cells.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <numeric>
#include <sstream>

#include "cells/prepare.hpp"
#include "cells/random_stream.hpp"
#include "cells/screen_part.hpp"
#include "host/io/temporary_folder.hpp"
#include "io/h5ad_writer.hpp"

namespace headroom {
namespace joined_cells_test {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Some cells with their labels, and genes by number.
struct Cells {
  std::vector<std::string> perturbation, batch, file;
  std::vector<int> genes;               // numbers: "G3"
  std::vector<std::vector<int>> count;  // cells × genes

  // Counts of a cell and gene are the same wherever they stand.
  static Cells made(int first, int n, const std::string& file, std::vector<int> genes) {
    const char* const perturbations[] = {"ctrl", "A", "B", "C", "D"};
    Cells cells;
    cells.genes = std::move(genes);
    for (int c = first; c < first + n; ++c) {
      cells.perturbation.emplace_back(perturbations[c % 5]);
      cells.batch.emplace_back(c % 2 == 0 ? "x" : "y");
      cells.file.push_back(file);
      auto& row = cells.count.emplace_back();
      for (const int gene : cells.genes) {
        RandomStream random(stream_key(7, "cell " + std::to_string(c)), static_cast<std::uint32_t>(gene));
        // Of several depths: cells of one total look like rounded logarithms, and the doubt names the file.
        row.push_back(std::max(static_cast<int>(random.below(8)) - 3, 0) * (1 + c % 3));
      }
    }
    return cells;
  }

  Cells with(const Cells& more) const {
    Cells all = *this;
    for (std::size_t c = 0; c < more.count.size(); ++c) {
      all.perturbation.push_back(more.perturbation[c]);
      all.batch.push_back(more.batch[c]);
      all.file.push_back(more.file[c]);
      all.count.push_back(more.count[c]);
    }
    return all;
  }
};

std::vector<int> numbers(int begin, int end) {
  std::vector<int> all(static_cast<std::size_t>(end - begin));
  std::iota(all.begin(), all.end(), begin);
  return all;
}

class JoinedCellsTest : public ::testing::Test {
 protected:
  fs::path write(const std::string& name, const Cells& cells, bool sparse = false, bool has_batches = true) {
    H5adContent content;
    const auto n_cells = cells.count.size(), n_genes = cells.genes.size();
    for (std::size_t c = 0; c < n_cells; ++c) content.obs_index.push_back("AAAC" + std::to_string(c));  // repeat
    for (const int gene : cells.genes) content.var_index.push_back(id_of_gene_(gene));
    content.obs_columns.push_back({"pert_id", cells.perturbation, {}, true});
    if (has_batches) content.obs_columns.push_back({"batch", cells.batch, {}, true});
    content.obs_columns.push_back({"of_file", cells.file, {}, true});
    Matrix dense(static_cast<Eigen::Index>(n_cells), static_cast<Eigen::Index>(n_genes));
    std::vector<std::int64_t> offsets = {0};
    std::vector<std::int32_t> columns, values;
    for (std::size_t c = 0; c < n_cells; ++c) {
      for (std::size_t g = 0; g < n_genes; ++g) {
        const int count = cells.count[c][g];
        dense(static_cast<Eigen::Index>(c), static_cast<Eigen::Index>(g)) = scale_ * count;
        if (count == 0) continue;
        columns.push_back(static_cast<std::int32_t>(g));
        values.push_back(count);
      }
      offsets.push_back(static_cast<std::int64_t>(columns.size()));
    }
    if (sparse) {
      content.x = csr_in_memory({offsets, columns, std::span<const std::int32_t>(values)});
    } else {
      content.x =
          DenseX{{ConstMatrixMap(dense.data(), dense.rows(), dense.cols(), Eigen::OuterStride<>(dense.cols()))}, true};
    }
    fs::create_directories((folder_.path() / name).parent_path());
    const auto written = write_h5ad(folder_.path() / name, content);
    EXPECT_TRUE(written) << written.error().line();
    return folder_.path() / name;
  }

  static PrepareOptions options() {
    PrepareOptions options;
    options.columns.labels.controls = {"ctrl"};
    options.n_folds = 2;
    options.bootstrap.n_outer = 3;
    options.bootstrap.n_inner = 3;
    return options;
  }

  // task.h5ad and noise.csv, or the error's line.
  std::pair<std::string, std::string> prepared(const std::vector<fs::path>& files, PrepareOptions how) {
    how.more_cells.assign(files.begin() + 1, files.end());
    ThreadPool pool(2);
    NoProgress progress;
    const fs::path out = folder_.path() / "out";
    report_ = prepare(files.front(), out, how, pool, progress, {});
    if (!report_) return {report_.error().line(), ""};
    return {bytes_of(out / "task.h5ad"), bytes_of(out / "noise.csv")};
  }

  ::headroom::testing::TemporaryFolder folder_;
  Result<PrepareReport> report_;
  std::function<std::string(int)> id_of_gene_ = [](int gene) { return "G" + std::to_string(gene); };
  double scale_ = 1;  // of counts in what is written dense
};

TEST_F(JoinedCellsTest, AreWhatOneFileWithAllOfThemGives) {
  const Cells a = Cells::made(0, 60, "a", numbers(0, 12)), b = Cells::made(60, 45, "b", numbers(0, 12));
  const fs::path one = write("one.h5ad", a.with(b)), first = write("a.h5ad", a), second = write("b.h5ad", b, true);
  PrepareOptions how = options();
  const auto whole = prepared({one}, how);
  ASSERT_TRUE(report_) << report_.error().line();
  EXPECT_EQ(report_->n_cells_used, 105u);
  EXPECT_EQ(prepared({first, second}, how), whole) << "one dense, one sparse";
  EXPECT_EQ(prepared({second, first}, how), whole) << "in whatever order they are named";
  how.deg = true;
  const auto with_labels = prepared({one}, how);
  EXPECT_EQ(prepared({first, second}, how), with_labels);
}

TEST_F(JoinedCellsTest, StayUnderALimitOfMemory) {
  Cells all;
  std::vector<fs::path> files;
  for (int f = 0; f < 4; ++f) {
    const Cells cells = Cells::made(100 * f, 100, std::to_string(f), numbers(0, 300));
    files.push_back(write("f" + std::to_string(f) + ".h5ad", cells));
    all = f == 0 ? cells : all.with(cells);
  }
  const auto whole = prepared({write("one.h5ad", all)}, options());
  PrepareOptions limited = options();
  limited.memory_limit_bytes = 64 << 20;
  EXPECT_EQ(prepared(files, limited), whole);
}

TEST_F(JoinedCellsTest, AreReconciledByTheIdsOfTheirGenes) {
  std::vector<int> order = numbers(2, 14);
  std::reverse(order.begin(), order.end());
  const fs::path first = write("a.h5ad", Cells::made(0, 60, "a", numbers(0, 12)));
  const fs::path second = write("b.h5ad", Cells::made(60, 45, "b", order), true);
  // What both have, in the order of the first; the others are in no total.
  const Cells common = Cells::made(0, 60, "a", numbers(2, 12)).with(Cells::made(60, 45, "b", numbers(2, 12)));
  const auto whole = prepared({write("one.h5ad", common)}, options());
  EXPECT_EQ(prepared({first, second}, options()), whole);
  EXPECT_THAT(report_->notes, ::testing::Contains(HasSubstr("4 of 14 genes are not in all files and are left out")));

  // All that any has: 0 where a file lacks it.
  Cells padded = Cells::made(0, 60, "a", numbers(0, 14)), later = Cells::made(60, 45, "b", numbers(0, 14));
  std::vector<int> joined_order = numbers(0, 12);
  joined_order.insert(joined_order.end(), {13, 12});
  padded.genes = later.genes = joined_order;
  for (auto& row : padded.count) row[12] = row[13] = 0;
  for (auto& row : later.count) {
    row[0] = row[1] = 0;
    std::swap(row[12], row[13]);
  }
  const auto of_all = prepared({write("one.h5ad", padded.with(later))}, options());
  PrepareOptions how = options();
  how.join.genes = GeneJoin::whole_union;
  EXPECT_EQ(prepared({second, first}, how), of_all);
  EXPECT_EQ(report_->n_genes, 14u);
}

TEST_F(JoinedCellsTest, CanBeBatchesThemselves) {
  const Cells a = Cells::made(0, 60, "a", numbers(0, 12)), b = Cells::made(60, 45, "b", numbers(0, 12));
  PrepareOptions how = options();
  how.design = Design::matched;
  how.columns.batch_col = "of_file";
  const auto whole = prepared({write("one.h5ad", a.with(b))}, how);
  how.columns.batch_col = kFileColumn;
  how.join.has_file_column = true;
  const auto joined = prepared({write("a.h5ad", a, false, false), write("b.h5ad", b, false, false)}, how);
  EXPECT_EQ(joined.second, whole.second) << "the noise table, to the byte";
}

TEST_F(JoinedCellsTest, AreTheSameFromParts) {
  const fs::path first = write("a.h5ad", Cells::made(0, 60, "a", numbers(0, 12)));
  const fs::path second = write("b.h5ad", Cells::made(60, 45, "b", numbers(2, 14)), true);
  PrepareOptions how = options();
  how.deg = true;
  how.join.genes = GeneJoin::whole_union;
  const auto whole = prepared({first, second}, how);
  ASSERT_TRUE(report_) << report_.error().line();
  ThreadPool pool(2);
  NoProgress progress;
  std::vector<fs::path> parts;
  for (const auto& [file, name] : {std::pair{second, "2"}, std::pair{first, "1"}}) {
    const auto part = prepare_part(file, folder_.path() / "parts" / name, how, pool, progress, {});
    ASSERT_TRUE(part) << part.error().line();
    parts.push_back(folder_.path() / "parts" / name);
    EXPECT_EQ(part->path, parts.back() / file.filename());
    EXPECT_TRUE(prepare_part(file, parts.back(), how, pool, progress, {})) << "it may be made again";
  }
  how.are_parts = true;
  EXPECT_EQ(prepared(parts, how), whole);
  EXPECT_THAT(prepared({first, second}, how).first, HasSubstr("no part of a screen"));
  // What is no part is never replaced.
  EXPECT_THAT(prepare_part(first, folder_.path(), how, pool, progress, {}).error().line(), HasSubstr("would replace"));
}

// To the byte, also where it says what is doubtful and in which file.
TEST_F(JoinedCellsTest, AreDoubtedAsTheFilesThatPartsWereMadeOf) {
  std::vector<fs::path> files, parts;
  ThreadPool pool(2);
  NoProgress progress;
  for (const auto& [first, name] : {std::pair{0, "x/a.h5ad"}, {50, "y/a.h5ad"}, {100, "x/b.h5ad"}}) {
    Cells cells = Cells::made(first, 50, name, numbers(0, 12));
    cells.genes.push_back(12);
    for (auto& row : cells.count) row.push_back(300 - std::accumulate(row.begin(), row.end(), 0));  // all of one total
    files.push_back(write(name, cells));
    // Their own order is another one.
    parts.push_back(folder_.path() / "parts" / std::to_string(9 - files.size()));
    ASSERT_TRUE(prepare_part(files.back(), parts.back(), options(), pool, progress, {}));
  }
  const auto whole = prepared(files, options());
  ASSERT_TRUE(report_) << report_.error().line();
  EXPECT_THAT(whole.first, HasSubstr("values.odd_counts"));
  PrepareOptions how = options();
  how.are_parts = true;
  EXPECT_TRUE(prepared(parts, how) == whole);
  ASSERT_TRUE(prepare_part(files.front(), folder_.path() / "parts/again", options(), pool, progress, {}));
  parts.push_back(folder_.path() / "parts/again");
  EXPECT_THAT(prepared(parts, how).first, HasSubstr("there in two parts"));
}

// A part for each file of the screen, in another order.
class ScreenPartTest : public JoinedCellsTest {
 protected:
  void make_files(std::vector<int> genes_of_last = numbers(0, 12)) {
    const std::vector<int> genes = numbers(0, 12);
    files_ = {write("a.h5ad", Cells::made(0, 60, "a", genes)), write("b.h5ad", Cells::made(60, 45, "b", genes), true),
              write("c.h5ad", Cells::made(105, 70, "c", std::move(genes_of_last)))};
  }

  std::vector<fs::path> parts(const PrepareOptions& how) {
    std::vector<fs::path> made;
    ThreadPool pool(2);
    NoProgress progress;
    n_perturbations_ = 0;
    for (std::size_t f = files_.size(); f-- > 0;) {
      Review review;
      const auto part = estimate_part(files_[f], {files_[1], files_[2], files_[0]}, folder_.path() / "parts", how,
                                      review, pool, progress, {});
      EXPECT_TRUE(part) << part.error().line();
      if (!part) continue;
      EXPECT_EQ(part->path, folder_.path() / "parts" / (files_[f].stem().string() + kScreenPartExtension));
      n_perturbations_ += part->n_perturbations;
      made.push_back(part->path);
    }
    return made;
  }

  static PrepareOptions joining(PrepareOptions how) {
    how.are_parts = true;
    return how;
  }

  std::vector<fs::path> files_;
  std::size_t n_perturbations_ = 0;
};

TEST_F(ScreenPartTest, GiveTheTaskOfOneProcessToTheByte) {
  make_files(numbers(2, 15));
  for (const Design design : {Design::global, Design::matched}) {
    for (const bool deg : {false, true}) {
      PrepareOptions how = options();
      how.design = design;
      how.deg = how.deg_statistics = deg;
      how.join.genes = GeneJoin::whole_union;
      const auto whole = prepared(files_, how);
      ASSERT_TRUE(report_) << report_.error().line();
      const std::vector<std::string> notes = report_->notes;
      EXPECT_TRUE(prepared(parts(how), joining(how)) == whole) << deg;
      EXPECT_EQ(n_perturbations_, 4u) << "each is at home somewhere";
      ASSERT_TRUE(report_) << report_.error().line();
      EXPECT_EQ(report_->notes, notes);
      EXPECT_TRUE(prepared({folder_.path() / "parts"}, joining(how)) == whole) << "a folder stands for its parts";
    }
  }
}

TEST_F(ScreenPartTest, LookAtTheValuesOfTheirOwnFileAlone) {
  make_files();
  PrepareOptions how = options();
  how.values = CellValues::asis;
  EXPECT_TRUE(prepared(parts(how), joining(how)) == prepared(files_, how));
  // What is doubtful about all values together is told when they are joined.
  how.values = CellValues::log1p;
  const std::string line = prepared(files_, how).first;
  EXPECT_THAT(line, HasSubstr("values.not_log1p"));
  EXPECT_EQ(prepared(parts(how), joining(how)).first, line);
}

TEST_F(ScreenPartTest, SayHowTheyWereMadeOtherwise) {
  make_files();
  std::vector<fs::path> made = parts(options());
  ThreadPool pool(1);
  NoProgress progress;
  Review review;
  const auto join_with_one = [&](PrepareOptions of_one) {
    EXPECT_TRUE(estimate_part(files_[0], files_, folder_.path() / "parts", of_one, review, pool, progress, {}));
    return prepared(made, joining(options())).first;
  };
  PrepareOptions how = options();
  how.deg = true;
  EXPECT_THAT(join_with_one(how), HasSubstr("with no --deg, and not with --deg"));
  how = options();
  how.kernels = "another";
  EXPECT_THAT(join_with_one(how), HasSubstr("on another kind of processor (, and not another)"));
  how = options();
  how.columns.batch_col = "of_file";
  EXPECT_THAT(join_with_one(how), HasSubstr("of other cells or genes"));
  join_with_one(options());
  EXPECT_TRUE(report_);
  // An earlier or later version.
  std::string bytes = bytes_of(made[1]);
  bytes.replace(bytes.find("version 2"), 9, "version 9");
  std::ofstream(made[1], std::ios::binary) << bytes;
  EXPECT_THAT(prepared(made, joining(options())).first,
              HasSubstr("the part was made by another version of Headroom (" + made[1].string()));
  parts(options());
  fs::remove(files_[1]);
  EXPECT_THAT(prepared(made, joining(options())).first,
              HasSubstr("a file of the screen is not where its parts name it (" + files_[1].string()));
}

TEST_F(ScreenPartTest, AreOfOneScreenAndAllThere) {
  make_files();
  const PrepareOptions how = options();
  std::vector<fs::path> made = parts(how);
  PrepareOptions other = how;
  other.bootstrap.seed = 7;
  EXPECT_THAT(prepared(made, joining(other)).first,
              HasSubstr("the parts were made with --seed 0, and not with --seed 7"));
  EXPECT_THAT(prepared({made[0], made[2]}, joining(how)).first, HasSubstr("a part of the screen is missing"));
  const fs::path copy = folder_.path() / "copy.part";
  fs::copy_file(made[0], copy);
  EXPECT_THAT(prepared({made[0], made[1], made[2], copy}, joining(how)).first, HasSubstr("name each part once"));
  EXPECT_THAT(prepared({made[0], made[1], files_[0]}, joining(how)).first,
              HasSubstr("this is no part of estimates, as is"));
  {
    std::fstream file(made[1], std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(made[1]) / 2));
    file.put('x').put('y');
  }
  EXPECT_THAT(prepared(made, joining(how)).first, HasSubstr("is damaged"));
  fs::resize_file(made[1], 20);
  EXPECT_THAT(prepared(made, joining(how)).first, HasSubstr("this is no part of a screen (" + made[1].string()));
  fs::resize_file(made[1], 0);
  EXPECT_THAT(prepared(made, joining(how)).first, HasSubstr("the part of a screen is empty (" + made[1].string()));
  EXPECT_THAT(prepared(made, how).first, HasSubstr("give it with the other parts to headroom prepare --join"));

  ThreadPool pool(1);
  NoProgress progress;
  Review review;
  const auto stranger =
      estimate_part(files_[0], {files_[1], files_[2]}, folder_.path() / "parts", how, review, pool, progress, {});
  EXPECT_THAT(stranger.error().line(), HasSubstr("not one of the screen"));
  std::ofstream(folder_.path() / "a.part") << "something else";
  EXPECT_THAT(estimate_part(files_[0], files_, folder_.path(), how, review, pool, progress, {}).error().line(),
              HasSubstr("would replace"));
}

TEST_F(JoinedCellsTest, ThatDoNotFitAreRefusedByName) {
  const fs::path first = write("a.h5ad", Cells::made(0, 60, "a", numbers(0, 12)));
  const fs::path other = write("b.h5ad", Cells::made(60, 45, "b", numbers(20, 30)));
  const std::string strange =
      prepared({first, write("ab.h5ad", Cells::made(60, 45, "b", numbers(0, 10))), other}, options()).first;
  EXPECT_THAT(strange, HasSubstr("none of its genes is in all of the 2 files before it: its first is 'G20', of a.h5ad "
                                 "'G0'"));
  EXPECT_THAT(strange, HasSubstr("b.h5ad): give files with ids of one kind"));
  Cells twice = Cells::made(60, 45, "b", numbers(0, 12));
  twice.genes[3] = 2;
  EXPECT_THAT(prepared({first, write("c.h5ad", twice)}, options()).first, HasSubstr("the gene id 'G2' repeats"));
  EXPECT_THAT(prepared({first, first}, options()).first, HasSubstr("a file of the screen is named twice"));
  PrepareOptions how = options();
  how.columns.batch_col = "batch";
  const fs::path bare = write("d.h5ad", Cells::made(60, 45, "d", numbers(0, 12)), false, false);
  const std::string lacking = prepared({first, bare}, how).first;
  EXPECT_THAT(lacking, HasSubstr("d.h5ad"));
  EXPECT_THAT(lacking, HasSubstr("batch"));
}

TEST_F(JoinedCellsTest, WhoseIdsAreSpeltInTwoWaysAreToldSo) {
  id_of_gene_ = [](int gene) { return "ENSG" + std::to_string(gene) + ".1"; };
  const fs::path first = write("a.h5ad", Cells::made(0, 60, "a", numbers(0, 12)));
  id_of_gene_ = [](int gene) { return "ENSG" + std::to_string(gene) + ".2"; };
  const fs::path other = write("b.h5ad", Cells::made(60, 45, "b", numbers(0, 12)));
  EXPECT_THAT(prepared({first, other}, options()).first, HasSubstr("differ by the version behind the dot"));
  id_of_gene_ = [](int gene) { return "ensg" + std::to_string(gene) + ".1"; };
  EXPECT_THAT(prepared({first, write("c.h5ad", Cells::made(60, 45, "c", numbers(0, 12)))}, options()).first,
              HasSubstr("differ by upper and lower case"));
}

// One plate was exported after normalisation.
TEST_F(JoinedCellsTest, OfTwoKindsOfValuesNameTheFileThatIsNoneOfTheSaidKind) {
  const fs::path first = write("a.h5ad", Cells::made(0, 60, "a", numbers(0, 12)));
  scale_ = 0.37;
  const fs::path other = write("b.h5ad", Cells::made(60, 45, "b", numbers(0, 12)));
  const std::string line = prepared({first, other}, options()).first;
  EXPECT_THAT(line, HasSubstr("values.not_counts"));
  EXPECT_THAT(line, HasSubstr("all of them in " + other.string()));
  EXPECT_THAT(prepared({other, write("c.h5ad", Cells::made(0, 60, "c", numbers(0, 12)))}, options()).first,
              ::testing::Not(HasSubstr("all of them in")));
}

TEST_F(JoinedCellsTest, AreNoPartsAndNoFolders) {
  write("plates/a.h5ad", Cells::made(0, 60, "a", numbers(0, 12)));
  write("plates/b.h5ad", Cells::made(60, 45, "b", numbers(0, 12)));
  fs::create_directories(folder_.path() / "none");
  EXPECT_THAT(prepared({folder_.path() / "none"}, options()).first,
              HasSubstr("the folder holds no .h5ad file, and there is no matrix.mtx"));
  ThreadPool pool(1);
  NoProgress progress;
  EXPECT_THAT(
      prepare_part(folder_.path() / "plates", folder_.path() / "parts", options(), pool, progress, {}).error().line(),
      HasSubstr("a folder of 2 files, where one file is meant"));
}

TEST_F(JoinedCellsTest, AreNamedOneByOneByFolderOrByPattern) {
  const Cells cells = Cells::made(0, 10, "a", numbers(0, 3));
  const fs::path b = write("plates/b.h5ad", cells), a = write("plates/a.h5ad", cells),
                 c = write("other/aa.h5ad", cells);
  const auto names = [](const Result<std::vector<fs::path>>& files) {
    std::vector<std::string> all;
    for (const fs::path& file : files.value()) all.push_back(file.filename().string());
    return all;
  };
  EXPECT_THAT(names(files_of_screen({b, a, c})), ElementsAre("a.h5ad", "aa.h5ad", "b.h5ad"));
  write("plates/._a.h5ad", cells);  // hidden
  std::ofstream(folder_.path() / "plates/notes.txt") << "of the plates";
  EXPECT_THAT(names(files_of_screen({folder_.path() / "plates"})), ElementsAre("a.h5ad", "b.h5ad"));
  EXPECT_THAT(names(files_of_screen({folder_.path() / "plates" / "*.h5ad", c})),
              ElementsAre("a.h5ad", "aa.h5ad", "b.h5ad"));
  EXPECT_THAT(files_of_screen({folder_.path() / "none*.h5ad"}).error().line(),
              HasSubstr("no file matches the pattern"));
}

}  // namespace joined_cells_test
}  // namespace headroom
