// Facts as a worker could send them whatever its own rules are. What a plugin can tell is tested in
// worker_session_test.cpp.
#include "plugin_host/fit_facts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "headroom/fit_facts.h"

namespace headroom {
namespace fit_facts_test {

using ::testing::HasSubstr;

// About two blocks.
FitFacts sound_facts() {
  FitFacts facts;
  for (const char* kernel : {"linear", "rbf"}) {
    FitFacts::Weight& weight = *facts.add_weights();
    weight.set_block(1);
    weight.set_kernel(kernel);
    weight.set_weight(-0.5);
  }
  FitFacts::Value& value = *facts.add_values();
  value.set_name("loo_L2");
  value.set_value(1e300);
  return facts;
}

TEST(FitFacts, TakeTheNamesOfTheQuestionsBlocks) {
  EXPECT_EQ(fault_of(sound_facts(), 2), "");
  const FittedFacts facts = fitted_facts(sound_facts(), {"go", "string"});
  ASSERT_EQ(facts.blocks.size(), 2u);
  EXPECT_EQ(facts.blocks[1].name, "string");
  EXPECT_EQ(facts.blocks[1].kernel, "rbf");
  EXPECT_EQ(facts.blocks[1].weight, -0.5);
  ASSERT_EQ(facts.values.size(), 1u);
  EXPECT_EQ(facts.values[0].name, "loo_L2");
  EXPECT_EQ(facts.values[0].value, 1e300);
  EXPECT_EQ(fault_of(FitFacts(), 0), "");
}

TEST(FitFacts, AreRefusedWhereAnythingIsWrong) {
  const std::pair<const char*, std::function<void(FitFacts&)>> spoilers[] = {
      {"block 2 of 2", [](FitFacts& f) { f.mutable_weights(0)->set_block(2); }},
      {"block -1 of 2", [](FitFacts& f) { f.mutable_weights(0)->set_block(-1); }},
      {"kernel is not", [](FitFacts& f) { f.mutable_weights(0)->set_kernel("a b"); }},
      {"kernel is not", [](FitFacts& f) { f.mutable_weights(0)->set_kernel(std::string(65, 'k')); }},
      {"weight that is not finite", [](FitFacts& f) { f.mutable_weights(0)->set_weight(HUGE_VAL); }},
      {"weight twice", [](FitFacts& f) { f.mutable_weights(0)->set_kernel("rbf"); }},
      {"name is not", [](FitFacts& f) { f.mutable_values(0)->set_name("loo-L2"); }},
      {"name is not", [](FitFacts& f) { f.mutable_values(0)->set_name(std::string(100000, 'n')); }},
      {"not finite", [](FitFacts& f) { f.mutable_values(0)->set_value(std::nan("")); }},
      {"'loo_L2' twice", [](FitFacts& f) { *f.add_values() = f.values(0); }},
      {"more than 512 weights",
       [](FitFacts& f) {
         while (f.weights_size() <= HEADROOM_MOST_FITTED_WEIGHTS) f.add_weights();
       }},
      {"more than 64 values",
       [](FitFacts& f) {
         while (f.values_size() <= HEADROOM_MOST_FITTED_VALUES) f.add_values();
       }},
  };
  for (const auto& [words, spoil] : spoilers) {
    FitFacts facts = sound_facts();
    spoil(facts);
    EXPECT_THAT(fault_of(facts, 2), HasSubstr(words));
  }
}

}  // namespace fit_facts_test
}  // namespace headroom
