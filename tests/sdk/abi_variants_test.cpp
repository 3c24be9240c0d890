// Plugins from other compilers, standard libraries and languages give the same numbers as those of this build.
#include <gtest/gtest.h>

#include <sstream>

#include "sdk/plugin_call.hpp"

namespace headroom::testing {
namespace abi_variants_test {

// Exponentials and sums of another compiler, of order 1.
constexpr double kVariantTolerance = 1e-13;

struct Variant {
  std::string example, toolchain, path;
};

std::vector<Variant> variants() {
  std::vector<Variant> all;
  std::istringstream list(HEADROOM_ABI_VARIANTS);  // EXAMPLE|TOOLCHAIN|FILE, separated by commas
  for (std::string entry; std::getline(list, entry, ',');) {
    const auto first = entry.find('|');
    const auto second = entry.find('|', first + 1);
    all.push_back({entry.substr(0, first), entry.substr(first + 1, second - first - 1), entry.substr(second + 1)});
  }
  return all;
}

void compare(const Variant& variant) {
  const headroom_plugin* reference =
      open_plugin(HEADROOM_BUILD_DIR "/lib/headroom/examples/" + variant.example + ".so", variant.example);
  const headroom_plugin* other = open_plugin(variant.path, variant.example);
  ASSERT_NE(reference, nullptr);
  ASSERT_NE(other, nullptr);
  // Headers of the next minor version have longer structs.
  EXPECT_EQ(other->struct_size > reference->struct_size, variant.toolchain == "newer_headers");
  EXPECT_EQ(text_of(other->description), text_of(reference->description));
  if (reference->kind == HEADROOM_KIND_EMBEDDING) {
    const std::vector<std::string> ids = {"TP53", "hla-A", "", "RPL10", "NKX2-1"};
    const Embedded expected = embed(*reference, ids);
    const Embedded found = embed(*other, ids);
    EXPECT_TRUE(found.vectors == expected.vectors);
    EXPECT_GT(expected.vectors.cwiseAbs().sum(), 0.0);
    EXPECT_EQ(found.present, expected.present);
    return;
  }
  PredictorCall call;
  call.training = random_matrix(12, 3, 1);
  call.query = random_matrix(4, 3, 2);
  call.delta_rows = random_matrix(12, 5, 3);
  call.settings = column({0.25, 1});
  PredictorCall expected = call;
  predict(*reference, expected);
  predict(*other, call);
  for (std::size_t s = 0; s < 2; ++s) {
    EXPECT_LT((call.predictions[s] - expected.predictions[s]).cwiseAbs().maxCoeff(), kVariantTolerance);
  }
}

class AbiVariants : public ::testing::TestWithParam<std::string> {};

TEST_P(AbiVariants, GiveTheSameNumbers) {
  int compared = 0;
  for (const Variant& variant : variants()) {
    if (variant.toolchain != GetParam() || variant.example == "later_mean") continue;  // that one is no example
    SCOPED_TRACE(variant.path);
    compare(variant);
    ++compared;
  }
  if (compared == 0) GTEST_SKIP() << "no toolchain for " << GetParam() << " is installed";
}

INSTANTIATE_TEST_SUITE_P(Toolchains, AbiVariants,
                         ::testing::Values("static_libstdcxx", "protobuf", "newer_headers", "clang", "clang_libcxx", "rust"),
                         [](const auto& toolchain) { return toolchain.param; });

}  // namespace abi_variants_test
}  // namespace headroom::testing
