#include "io/own_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::TemporaryFolder;

TEST(OwnFile, TellsWhatARunMayReplace) {
  const TemporaryFolder folder;
  EXPECT_THAT(foreign_outputs(folder.path()), IsEmpty());
  folder.write("scores.csv", "dataset,context,fold,name,embedding\nx\n");
  folder.write("perturbations.csv", "context,fold,name,pert_id,covered\n");
  folder.write("summary.json", "{\n \"headroom_version\": \"1\"}");
  folder.write("report.html", "<!doctype html><meta name=\"generator\" content=\"Headroom\">");
  folder.write("run.toml", "# What this run was asked for, by Headroom 1\n");
  EXPECT_THAT(foreign_outputs(folder.path()), IsEmpty());
  folder.write("scores.csv", "");
  EXPECT_THAT(foreign_outputs(folder.path()), IsEmpty()) << "nothing is lost";
  folder.write("scores.csv", "PRECIOUS\n");
  folder.write("summary.json", "{\"mine\": 1}");
  std::filesystem::remove(folder / "run.toml");
  std::filesystem::create_directory(folder / "run.toml");
  EXPECT_THAT(foreign_outputs(folder.path()), ElementsAre("summary.json", "scores.csv", "run.toml"));
}

}  // namespace
}  // namespace headroom
