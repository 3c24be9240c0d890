#include "evaluation/model_folder.hpp"

#include <gtest/gtest.h>

#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace model_folder_test {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

TEST(ModelFolder, IsWhatLiesInItButHeadroomsOwn) {
  const TemporaryFolder folder;
  folder.write("model.py", "x = 1");
  const auto hash = [&] {
    const auto hashed = sha256_of_model_folder(folder.path(), {});
    EXPECT_TRUE(hashed);
    return hashed.value_or("");
  };
  const std::string before = hash();
  for (const char* own : {"out", "task"}) fs::create_directory(folder / own);
  folder.write("out/results.sqlite", "a run");
  folder.write("task/task.h5ad", "a task");
  EXPECT_EQ(hash(), before);
  fs::create_directory(folder / "layers");
  folder.write("layers/one.py", "y = 1");
  const std::string with_layers = hash();
  EXPECT_NE(with_layers, before);
  folder.write("layers/one.py", "y = 2");
  EXPECT_NE(hash(), with_layers);
  EXPECT_FALSE(sha256_of_model_folder(folder / "nothing", {}));
}

}  // namespace model_folder_test
}  // namespace headroom
