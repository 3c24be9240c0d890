// headroom run --group: kinds of embeddings from a table, and what is refused.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "program.hpp"

namespace headroom {
namespace {

using nlohmann::json;

class EmbeddingGroups : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    ASSERT_EQ(headroom("simulate -o screen --preset tiny").exit_code, 0);
  }

  void write_kinds(const std::string& text) const { std::ofstream(folder_ / "kinds.csv") << text; }

  Ended run(const std::string& group) const {
    return headroom("run screen/task --embedding good=screen/embeddings/good.h5ad --predictor knn --grid knn.k=1 "
                    "--common-dim 4 --metric L2 --nulls train_mean --sandbox off -o out --group " +
                    group);
  }
};

TEST_F(EmbeddingGroups, ComeFromAColumn) {
  write_kinds("embedding,source,modality\ngood,lab A,sequence\nweak,lab B,text\nbare,lab B,\n");
  const Ended ended = run("kinds.csv#modality --group 'rest=*'");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const json summary = json::parse(content_of(folder_ / "out" / "summary.json"), nullptr, false);
  EXPECT_EQ(summary.at("settings").at("groups"), json({{{"name", "sequence"}, {"pattern", "good"}},
                                                      {{"name", "text"}, {"pattern", "weak"}},
                                                      {{"name", "rest"}, {"pattern", "*"}}}));
}

TEST_F(EmbeddingGroups, OfAnUnfitTableAreRefused) {
  struct Case {
    const char *text, *group, *said;
  };
  for (const Case& one : {Case{"embedding,source,modality\ngood,a,b\n", "kinds.csv", "kinds.csv#source"},
                          Case{"embedding,source\ngood,a\n", "kinds.csv#modality", "modality"},
                          Case{"embedding\ngood\n", "kinds.csv", "no column tells the kind"},
                          Case{"name,source\ngood,a\n", "kinds.csv", "embedding"},
                          Case{"embedding,source\ngood,a\ngood,b\n", "kinds.csv", "line 3"},
                          Case{"embedding,source\n", "kinds.csv", "no embedding"},
                          Case{"", "absent.csv", "NAME=PATTERN"}}) {
    write_kinds(one.text);
    const Ended ended = run(one.group);
    EXPECT_EQ(ended.exit_code, 2) << one.text << ended.err;
    EXPECT_NE(ended.err.find(one.said), std::string::npos) << one.text << ended.err;
  }
}

}  // namespace
}  // namespace headroom
