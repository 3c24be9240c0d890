#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "host/io/temporary_folder.hpp"
#include "host/task/task_file.hpp"
#include "io/column_names.hpp"
#include "task/task.hpp"

namespace headroom {
namespace read_deg_labels_test {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TaskFile;
using testing::TemporaryFolder;
using testing::two_contexts;

std::string message_of(const Result<Task>& task) {
  if (task) return "no error";
  EXPECT_EQ(task.error().kind, ErrorKind::bad_input);
  return task.error().line();
}

ConstLabelMap view(const LabelMatrix& labels) { return {labels.data(), labels.rows(), labels.cols()}; }
ConstMatrixMap view(const Matrix& matrix) {
  return {matrix.data(), matrix.rows(), matrix.cols(), Eigen::OuterStride<>(matrix.cols())};
}

// Of the eight rows of two_contexts(): row i has the labels of i in base 3.
LabelMatrix labels_of_rows() {
  LabelMatrix labels(8, 3);
  for (int i = 0; i < 8; ++i) {
    labels.row(i) << static_cast<std::int8_t>(i % 3 - 1), static_cast<std::int8_t>(i / 3 % 3 - 1), 0;
  }
  return labels;
}

// Rows of two_contexts(), in the order in which a task has them.
const std::vector<std::vector<int>> kRowsOfContexts{{3, 7, 5, 1}, {4, 0, 2, 6}};

// Labels as an X of int8.
TaskFile label_file(const LabelMatrix& labels) {
  TaskFile file = two_contexts();
  file.change = [&labels](H5adContent& content) { content.x = DenseLabels{{view(labels)}}; };
  return file;
}

TEST(ReadDegLabels, AnXOfInt8IsLabelsWithoutDeltas) {
  const TemporaryFolder folder;
  const LabelMatrix labels = labels_of_rows();
  const auto path = label_file(labels).write(folder / "t.h5ad");
  const auto task = read_task(path, {});
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_FALSE(task->has_deltas);
  EXPECT_TRUE(task->has_deg_labels());
  EXPECT_EQ(task->columns.deg_source, "X");
  EXPECT_THAT(task->deg_trials_note, HasSubstr("prepare --deg"));
  for (std::size_t c = 0; c < 2; ++c) {
    const TaskContext& context = task->contexts[c];
    EXPECT_EQ(context.deltas.size(), 0);
    EXPECT_THAT(context.deg->has_labels, ElementsAre(true, true, true, true));
    EXPECT_FALSE(context.deg->trials);
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(context.deg->labels.row(static_cast<Eigen::Index>(i)), labels.row(kRowsOfContexts[c][i])) << i;
    }
  }
  EXPECT_THAT(task->notes, IsEmpty());

  // Asked for as deltas, it is deltas.
  TaskOptions options;
  options.layer = "X";
  const auto as_deltas = read_task(path, options);
  ASSERT_TRUE(as_deltas);
  EXPECT_TRUE(as_deltas->has_deltas);
  EXPECT_FALSE(as_deltas->has_deg_labels());
  EXPECT_EQ(as_deltas->contexts[1].deltas(2, 0), labels(2, 0));
}

TEST(ReadDegLabels, ThreeLayersAreLabels) {
  const TemporaryFolder folder;
  const LabelMatrix labels = labels_of_rows();
  LabelMatrix up = (labels.array() == 1).cast<std::int8_t>(), down = (labels.array() == -1).cast<std::int8_t>();
  Matrix not_de = (labels.array() == 0).cast<double>();
  TaskFile file = two_contexts();
  file.change = [&](H5adContent& content) {
    content.layers["up"] = DenseLabels{{view(up)}};
    content.layers["down"] = DenseLabels{{view(down)}};
    content.layers["not_de"] = DenseX{{view(not_de)}};
  };
  const auto task = read_task(file.write(folder / "t.h5ad"), {});
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_FALSE(task->has_deltas);
  EXPECT_EQ(task->contexts[1].deg->labels.row(3), labels.row(6));
  EXPECT_EQ(task->contexts[0].deg->labels.row(0), labels.row(3));
  EXPECT_THAT(task->notes, Contains(HasSubstr("X is left out")));
  TaskOptions options;
  options.layer = "X";
  const auto both = read_task(folder / "t.h5ad", options);
  ASSERT_TRUE(both);
  EXPECT_TRUE(both->has_deltas && both->has_deg_labels());
  EXPECT_EQ(both->contexts[0].deltas(0, 1), 301);

  not_de(5, 2) = 0.5;
  EXPECT_THAT(message_of(read_task(file.write(folder / "t.h5ad"), {})),
              HasSubstr("perturbation 'a' in context 'L1', gene 'G3' are 0, 0 and 0.5, and labels are one 1 and two 0 "
                        "(1 such gene)"));
  not_de(5, 2) = 1;
  up(0, 2) = 1;
  EXPECT_THAT(message_of(read_task(file.write(folder / "t.h5ad"), {})), HasSubstr("are 1, 0 and 1"));
  up(0, 2) = 0;
  not_de(0, 2) = 0;
  EXPECT_THAT(message_of(read_task(file.write(folder / "t.h5ad"), {})), HasSubstr("are 0, 0 and 0"));
}

const std::vector<std::string> kContexts{"L1", "L2"};

// What prepare writes: deltas in X, labels of some rows, and trials.
struct PreparedFile {
  std::vector<DegLabels> blocks{2};
  TaskFile file = two_contexts();

  explicit PreparedFile(int n_trials) {
    const LabelMatrix labels = labels_of_rows();
    for (std::size_t b = 0; b < 2; ++b) {
      blocks[b].labels = labels.middleRows(4 * static_cast<Eigen::Index>(b), 4);
      blocks[b].has_labels = {true, b == 0, true, true};
      if (n_trials == 0) continue;
      DegTrials& trials = blocks[b].trials.emplace(n_trials, 4, 3);
      for (int t = 0; t < n_trials; ++t) {
        for (Eigen::Index i = 0; i < 4; ++i) {
          const LabelMatrix row = trial_row(t, 4 * static_cast<int>(b) + static_cast<int>(i));
          trials.set(t, i, row.data());
        }
      }
    }
    file.change = [this](H5adContent& content) {
      if (!add_deg_labels(blocks, kContexts, content)) throw std::runtime_error("labels cannot be written");
    };
  }
  static LabelMatrix trial_row(int trial, int row) {
    LabelMatrix labels(1, 3);
    labels << static_cast<std::int8_t>((trial + row) % 3 - 1), static_cast<std::int8_t>(row % 2), 0;
    return labels;
  }
};

TEST(ReadDegLabels, ComeBackFromATaskWithDeltasAndTrials) {
  const TemporaryFolder folder;
  const PreparedFile made(5);
  const auto path = made.file.write(folder / "t.h5ad");
  const auto task = read_task(path, {});
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_TRUE(task->has_deltas && task->has_deg_labels());
  EXPECT_EQ(task->columns.deg_source, "layer 'deg'");
  EXPECT_EQ(task->deg_trials_note, "");
  EXPECT_THAT(task->notes, ElementsAre("1 of 8 perturbations is without labels ('has_deg' is false)"));
  const LabelMatrix labels = labels_of_rows();
  for (std::size_t c = 0; c < 2; ++c) {
    const DegLabels& deg = *task->contexts[c].deg;
    ASSERT_TRUE(deg.trials);
    EXPECT_EQ(deg.trials->n_trials(), 5);
    for (std::size_t i = 0; i < 4; ++i) {
      const int row = kRowsOfContexts[c][i];
      const auto at = static_cast<Eigen::Index>(i);
      EXPECT_EQ(deg.has_labels[i], row != 5);
      EXPECT_EQ(task->contexts[c].deltas(at, 0), 100 * row);
      if (row == 5) {
        EXPECT_TRUE((deg.labels.row(at).array() == 0).all());
        continue;
      }
      EXPECT_EQ(deg.labels.row(at), labels.row(row));
      for (int t = 0; t < 5; ++t) EXPECT_EQ(deg.trials->labels(t).row(at), PreparedFile::trial_row(t, row)) << row;
    }
  }

  auto later = read_task(path, {}, TaskParts::all_but_deltas);
  ASSERT_TRUE(later);
  EXPECT_TRUE(later->has_deltas && later->has_deg_labels());
  EXPECT_EQ(later->contexts[0].deg->has_labels, task->contexts[0].deg->has_labels);
  EXPECT_EQ(later->contexts[0].deg->labels.rows(), 0);
  EXPECT_EQ(later->contexts[0].deg->trials->n_trials(), 5);
  EXPECT_EQ(later->contexts[0].deg->trials->n_perturbations(), 0);
  ASSERT_TRUE(read_deltas(&*later, {}));
  for (std::size_t c = 0; c < 2; ++c) {
    EXPECT_EQ(later->contexts[c].deg->labels, task->contexts[c].deg->labels);
    EXPECT_EQ(*later->contexts[c].deg->trials, *task->contexts[c].deg->trials);
  }

  TaskOptions options;
  options.contexts = {"L2"};
  const auto one = read_task(path, options);
  ASSERT_TRUE(one) << one.error().line();
  EXPECT_EQ(one->contexts[0].deg->labels, task->contexts[1].deg->labels);
  EXPECT_EQ(*one->contexts[0].deg->trials, *task->contexts[1].deg->trials);
}

TEST(ReadDegLabels, TrialsOfOtherRowsAreLeftOutWithTheReason) {
  const TemporaryFolder folder;
  PreparedFile made(2);
  made.file.change = [&made](H5adContent& content) {
    ASSERT_TRUE(add_deg_labels(made.blocks, kContexts, content));
    std::swap(content.obs_index[0], content.obs_index[1]);
  };
  auto task = read_task(made.file.write(folder / "t.h5ad"), {});
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_FALSE(task->contexts[0].deg->trials);
  EXPECT_THAT(task->deg_trials_note, HasSubstr("other rows or genes"));

  made.file.change = [&made](H5adContent& content) {
    ASSERT_TRUE(add_deg_labels(made.blocks, kContexts, content));
    content.uns_tables[kDegTrialsKey].texts[kTrialsVersionKey] = "7";
  };
  task = read_task(made.file.write(folder / "t.h5ad"), {});
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_THAT(task->deg_trials_note, HasSubstr("('7') that this version does not know"));
}

TEST(ReadDegLabels, DamagedTrialsAreAnError) {
  const TemporaryFolder folder;
  PreparedFile made(2);
  made.blocks[1].trials->packed()(0, 1) = 0xC0;
  EXPECT_THAT(message_of(read_task(made.file.write(folder / "t.h5ad"), {})), HasSubstr("row 5 holds what is no label"));
  made.blocks[1].trials->packed()(0, 1) = 0;
  made.file.change = [&made](H5adContent& content) {
    ASSERT_TRUE(add_deg_labels(made.blocks, kContexts, content));
    content.uns_tables[kDegTrialsKey].texts[kTrialsCountKey] = "3";
  };
  EXPECT_THAT(message_of(read_task(made.file.write(folder / "t.h5ad"), {})), HasSubstr("do not have this shape"));
  made.file.change = [&made](H5adContent& content) {
    ASSERT_TRUE(add_deg_labels(made.blocks, kContexts, content));
    content.uns_tables[kDegTrialsKey].texts[kTrialsCountKey] = "-1";
  };
  EXPECT_THAT(message_of(read_task(made.file.write(folder / "t.h5ad"), {})), HasSubstr("number of trials is damaged"));
}

// Two plates of the first context, pooled ones of the second.
void add_control_cells(PreparedFile& made) {
  Matrix mean(2, 3), error(2, 3);
  mean << 1, 2, 3, 4, 5, 6;
  error << 0.5, 0, 0.25, 7, 8, 9;
  made.blocks[0].control = DegControlCells{{"plate 1", "plate 2"}, {20, 31}, mean, error};
  made.blocks[1].control = DegControlCells{{""}, {1000}, mean.topRows(1), error.bottomRows(1)};
}

TEST(ReadDegLabels, MomentsOfControlCellsComeBack) {
  const TemporaryFolder folder;
  PreparedFile made(2);
  add_control_cells(made);
  const auto path = made.file.write(folder / "t.h5ad");
  const auto task = read_task(path, {}, TaskParts::all_but_deltas);
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_EQ(task->contexts[0].deg->control, made.blocks[0].control);
  EXPECT_EQ(task->contexts[1].deg->control, made.blocks[1].control);
  EXPECT_TRUE(task->contexts[1].deg->control->is_pooled());
  TaskOptions options;
  options.contexts = {"L2"};
  const auto one = read_task(path, options);
  ASSERT_TRUE(one) << one.error().line();
  EXPECT_EQ(one->contexts[0].deg->control, made.blocks[1].control);

  made.file.change = [&made](H5adContent& content) {
    ASSERT_TRUE(add_deg_labels(made.blocks, kContexts, content));
    std::swap(content.var_index[0], content.var_index[1]);
  };
  const auto other_genes = read_task(made.file.write(folder / "t.h5ad"), {});
  ASSERT_TRUE(other_genes) << other_genes.error().line();
  EXPECT_FALSE(other_genes->contexts[0].deg->control);
}

TEST(ReadDegLabels, DamagedMomentsOfControlCellsAreAnError) {
  const TemporaryFolder folder;
  PreparedFile made(2);
  add_control_cells(made);
  const auto message_with = [&](const char* key, const std::string& text) {
    made.file.change = [&](H5adContent& content) {
      ASSERT_TRUE(add_deg_labels(made.blocks, kContexts, content));
      content.uns_tables[kDegControlKey].texts[key] = text;
    };
    return message_of(read_task(made.file.write(folder / "t.h5ad"), {}));
  };
  EXPECT_THAT(message_with(kControlPlatesKey, "a"), HasSubstr("its lists differ in length"));
  EXPECT_THAT(message_with(kControlCountsKey, "20\n1\n1000"), HasSubstr("'1' cells"));
  made.file.change = [&](H5adContent& content) { ASSERT_TRUE(add_deg_labels(made.blocks, kContexts, content)); };
  made.blocks[0].control->squared_error(0, 0) = -1;
  EXPECT_THAT(message_of(read_task(made.file.write(folder / "t.h5ad"), {})), HasSubstr("a squared error is negative"));
  made.blocks[0].control->squared_error(0, 0) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(message_of(read_task(made.file.write(folder / "t.h5ad"), {})), HasSubstr("no finite number"));
}

TEST(ReadDegLabels, HalvesComeBack) {
  const TemporaryFolder folder;
  PreparedFile made(2);
  for (std::size_t b = 0; b < 2; ++b) {
    DegTrials& halves = made.blocks[b].halves.emplace(2, 4, 3);
    for (int half = 0; half < 2; ++half) {
      for (Eigen::Index i = 0; i < 4; ++i) {
        const LabelMatrix row = PreparedFile::trial_row(half + 1, 4 * static_cast<int>(b) + static_cast<int>(i));
        halves.set(half, i, row.data());
      }
    }
  }
  const auto task = read_task(made.file.write(folder / "t.h5ad"), {});
  ASSERT_TRUE(task) << task.error().line();
  for (std::size_t c = 0; c < 2; ++c) {
    const DegLabels& deg = *task->contexts[c].deg;
    ASSERT_TRUE(deg.halves);
    EXPECT_EQ(deg.trials->n_trials(), 2);
    for (std::size_t i = 0; i < 4; ++i) {
      const int row = kRowsOfContexts[c][i];
      if (row == 5) continue;  // without labels
      for (int half = 0; half < 2; ++half) {
        EXPECT_EQ(deg.halves->labels(half).row(static_cast<Eigen::Index>(i)), PreparedFile::trial_row(half + 1, row));
      }
    }
  }
  made.blocks[1].halves.reset();  // of one context alone they are not kept
  const auto without = read_task(made.file.write(folder / "t.h5ad"), {});
  ASSERT_TRUE(without) << without.error().line();
  EXPECT_FALSE(without->contexts[0].deg->halves);
}

TEST(ReadDegLabels, RefusesWhatIsNoLabelAndCountsIt) {
  const TemporaryFolder folder;
  LabelMatrix labels = labels_of_rows();
  labels(6, 1) = 2;
  labels(7, 0) = -3;
  const std::string outside = message_of(read_task(label_file(labels).write(folder / "t.h5ad"), {}));
  EXPECT_THAT(outside, HasSubstr("the label of perturbation 'b' in context 'L2', gene 'G2' is 2, and labels are -1, 0 "
                                 "and +1 (2 such labels)"));
  EXPECT_THAT(outside, HasSubstr("--layer X reads it as deltas"));

  Matrix fractions = labels_of_rows().cast<double>();
  fractions(0, 0) = 0.25;
  TaskFile file = two_contexts();
  file.change = [&](H5adContent& content) { content.layers["deg"] = DenseX{{view(fractions)}}; };
  EXPECT_THAT(message_of(read_task(file.write(folder / "t.h5ad"), {})), HasSubstr("is 0.25"));
  fractions(0, 0) = std::numeric_limits<double>::quiet_NaN();
  const std::string missing = message_of(read_task(file.write(folder / "t.h5ad"), {}));
  EXPECT_THAT(missing, HasSubstr("is NaN"));
  EXPECT_THAT(missing, HasSubstr("'has_deg'"));

  // Rows that say that they have none may hold anything.
  file.obs.push_back({"has_deg", std::vector<bool>{false, true, true, true, true, true, true, true}, {}, false});
  const auto task = read_task(file.write(folder / "t.h5ad"), {});
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_FALSE(task->contexts[1].deg->has_labels[1]);
  EXPECT_THAT(task->deg_trials_note, HasSubstr("keeps no labels of resampled cells"));
}

TEST(ReadDegLabels, ATaskOfLabelsNeedsSome) {
  const TemporaryFolder folder;
  const LabelMatrix labels = labels_of_rows();
  TaskFile file = label_file(labels);
  file.obs.push_back({"has_deg", std::vector<bool>(8, false), {}, false});
  EXPECT_THAT(message_of(read_task(file.write(folder / "t.h5ad"), {})), HasSubstr("no perturbation has labels"));

  TaskFile with_deltas = two_contexts();
  with_deltas.obs.push_back(file.obs.back());
  with_deltas.change = [&](H5adContent& content) { content.layers["deg"] = DenseLabels{{view(labels)}}; };
  const auto task = read_task(with_deltas.write(folder / "t.h5ad"), {});
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_THAT(task->notes, Contains(HasSubstr("8 of 8 perturbations are without labels")));
}

// A row of deltas that are no numbers, although it has labels.
TEST(ReadDegLabels, LabelsWithoutDeltasAreAnErrorThatNamesThem) {
  const TemporaryFolder folder;
  PreparedFile made(0);
  made.file.deltas = Matrix::Zero(8, 3);
  made.file.deltas.row(2).setConstant(std::numeric_limits<double>::quiet_NaN());
  EXPECT_THAT(message_of(read_task(made.file.write(folder / "t.h5ad"), {})),
              HasSubstr("the delta of perturbation 'a' in context 'L2' is NaN"));
}

TEST(ReadDegLabels, JoinedSpellingsHaveNone) {
  const TemporaryFolder folder;
  const LabelMatrix labels = labels_of_rows().topRows(7);
  TaskFile file = testing::bare();
  file.row_names.push_back(" a");
  file.change = [&labels](H5adContent& content) { content.x = DenseLabels{{view(labels)}}; };
  TaskOptions options;
  options.labels.merge = true;
  options.n_folds = 2;
  const auto task = read_task(file.write(folder / "t.h5ad"), options);
  ASSERT_TRUE(task) << task.error().line();
  ASSERT_EQ(task->contexts[0].pert_ids.size(), 6u);
  EXPECT_THAT(task->contexts[0].deg->has_labels, ElementsAre(false, true, true, true, true, true));
  EXPECT_THAT(task->notes, Contains(HasSubstr("1 perturbation joined from several rows is without labels")));
}

// The published form of labels, and the oracle's.
TEST(ReadDegLabels, GoldenLabelsAreATask) {
  const std::filesystem::path path =
      std::filesystem::path(HEADROOM_SHARED_DIR) / "golden" / "small" / "deg_labels.h5ad";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no oracle data at " << path;
  const auto task = read_task(path, {});
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_FALSE(task->has_deltas);
  const LabelMatrix& labels = task->contexts.front().deg->labels;
  ASSERT_EQ(labels.rows(), 54);
  // golden.json, deg.counts_down_none_up
  EXPECT_EQ((labels.array() == -1).count(), 2928);
  EXPECT_EQ((labels.array() == 0).count(), 11446);
  EXPECT_EQ((labels.array() == 1).count(), 1826);
}

}  // namespace read_deg_labels_test
}  // namespace headroom
