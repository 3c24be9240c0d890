#include "summary/perturbations_csv.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <sstream>

#include "host/io/temporary_folder.hpp"
#include "host/summary/example_results.hpp"
#include "summary/perturbation_facts.hpp"

namespace headroom {
namespace {

std::string written(const RunResults& results, int n_threads) {
  testing::TemporaryFolder folder;
  ThreadPool pool(n_threads);
  const auto path = folder.path() / "perturbations.csv";
  const Task task = example_task();
  const auto done = write_perturbations_csv(path, {{&results, &task}}, pool);
  EXPECT_TRUE(done) << done.error().line();
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(PerturbationsCsv, HasOneRowPerTestPerturbation) {
  RunResults results = example_results();
  auto& methods = results.contexts[0].methods;
  methods = {methods[2], methods[3], methods[5]};  // the noise, one plugin, one that failed
  EXPECT_EQ(written(results, 1),
            "context,fold,name,pert_id,covered,L2,Pearson,noise_L2,noise_Pearson\n"
            "K-562,0,sampling_error_q90,a,1,4,0.75,4,0.75\n"
            "K-562,0,sampling_error_q90,c,1,4,0.75,4,0.75\n"
            "K-562,0,sampling_error_q90,e,1,4,0.75,4,0.75\n"
            "K-562,1,sampling_error_q90,b,1,4,0.75,4,0.75\n"
            "K-562,1,sampling_error_q90,d,1,4,0.75,4,0.75\n"
            "K-562,1,sampling_error_q90,\"f,\"\"g\"\"\",1,4,0.75,4,0.75\n"
            "K-562,0,x+knn,a,1,5,0.5,4,0.75\n"
            "K-562,0,x+knn,c,0,8,0.5,4,0.75\n"
            "K-562,0,x+knn,e,1,5,0.5,4,0.75\n"
            "K-562,1,x+knn,b,1,8,0.5,4,0.75\n"
            "K-562,1,x+knn,d,1,8,0.5,4,0.75\n"
            "K-562,1,x+knn,\"f,\"\"g\"\"\",1,8,0.5,4,0.75\n");
}

TEST(PerturbationsCsv, LeavesUndefinedFieldsEmpty) {
  RunResults results = example_results();
  auto& methods = results.contexts[0].methods;
  methods = {methods[0]};  // the train mean: no correlation, and no noise in this run
  EXPECT_NE(written(results, 1).find("K-562,0,train_mean,a,1,9,,,\n"), std::string::npos);
}

TEST(PerturbationsCsv, LetsNoSpreadsheetRunAName) {
  RunResults results = example_results();
  results.contexts[0].methods[0].name = "=1+1";
  EXPECT_NE(written(results, 1).find("\nK-562,0,'=1+1,a,1,"), std::string::npos) << written(results, 1);
}

TEST(PerturbationsCsv, IsTheSameOnAnyNumberOfThreads) {
  RunResults results = example_results();
  for (int i = 0; i < 40; ++i) {
    results.contexts[0].methods.push_back(example_method("m" + std::to_string(i), Role::plugin, {i / 7.0, 1}, {0, 1}));
  }
  EXPECT_EQ(written(results, 1), written(results, 4));
}

TEST(PerturbationFacts, ListsTestRowsFoldByFold) {
  const auto facts = perturbation_facts(example_results(), example_task(), [](std::string_view, std::string_view pert) {
    return pert == "a" ? std::optional<double>(42) : std::nullopt;
  });
  ASSERT_EQ(facts.size(), 1u);
  EXPECT_EQ(facts[0].pert_ids, (std::vector<std::string>{"a", "c", "e", "b", "d", "f,\"g\""}));
  EXPECT_EQ(facts[0].folds, (std::vector<std::string>{"0", "0", "0", "1", "1", "1"}));
  EXPECT_EQ(facts[0].effect_sizes[3], 5) << "of (3, 4)";
  EXPECT_EQ(facts[0].n_cells[0], 42);
  EXPECT_TRUE(std::isnan(facts[0].n_cells[1]));
  EXPECT_EQ(facts[0].noise[0], 4);
}

}  // namespace
}  // namespace headroom
