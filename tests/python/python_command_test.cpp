// Models in Python by the command: as an embedding, as a predictor, from a folder, as submissions, and a new project.
#include <nlohmann/json.hpp>

#include "host/cli/program.hpp"

namespace headroom {
namespace python_command_test {

namespace fs = std::filesystem;
using nlohmann::json;

class PythonCommand : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    ASSERT_EQ(headroom("simulate -o screen --preset tiny").exit_code, 0);
    for (const char* example : {"gene_family.py", "ridge.py"}) {
      fs::create_directories(folder_ / "models");
      fs::copy_file(fs::path(HEADROOM_SOURCE_DIR "/plugins/examples/python") / example, folder_ / "models" / example);
    }
  }
  Ended run(const std::string& flags) const {
    return headroom("run screen/task --common-dim 4 --metric L2 --sandbox relaxed -o out " + flags);
  }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  json method(const std::string& name) const {
    const json summary = json::parse(content_of(folder_ / "out" / "summary.json"));
    for (const auto& context : summary["contexts"]) {
      for (const auto& each : context["methods"]) {
        if (each["name"] == name) return each;
      }
    }
    return nullptr;
  }
};

TEST_F(PythonCommand, EvaluatesAnEmbeddingAndAPredictor) {
  const Ended ended =
      run("--embedding gf=models/gene_family.py --predictor knn --grid knn.k=1,2 --predictor models/ridge.py --set "
          "gf.dimension=32 --grid ridge.alpha=1,10");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  for (const char* name : {"gf+knn", "gf+ridge"}) EXPECT_TRUE(method(name)["value"].is_number()) << name;
  const json summary = json::parse(content_of(folder_ / "out" / "summary.json"));
  EXPECT_EQ(summary["plugins"][0]["file"], "gene_family.py");
  // Again, to the bit; and the store knows that nothing is left to do until the model's text changes.
  EXPECT_EQ(headroom("verify out --all --sandbox relaxed").exit_code, 0);
  const Ended resumed = headroom("run --config out/run.toml --resume");
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  std::ofstream(folder_ / "models" / "gene_family.py", std::ios::app) << "\n# changed\n";
  EXPECT_NE(headroom("run --config out/run.toml --resume").err.find("data folder of gf"), std::string::npos);
}

// As README has it: the model lies in the working folder, beside the task, earlier results and others' models.
TEST_F(PythonCommand, OfAFileSeesNothingOfTheWorkingFolder) {
  fs::rename(folder_ / "screen" / "task", folder_ / "task");
  write("weights.txt", "1");
  write("model.py",
        "import os\nfolder = os.path.dirname(__file__)\n"
        "def opens(path):\n  try:\n    return len(open(path, 'rb').read()) >= 0\n"
        "  except OSError:\n    return False\n"
        "def embed(ids, context):\n"
        "  here = [os.path.join(folder, n) for n in ('task/task.h5ad', 'task/noise.csv', 'out/results.sqlite', "
        "'models/ridge.py', 'weights.txt')]\n"
        "  there = [os.path.join('" +
            folder_.string() +
            "', os.path.relpath(p, folder)) for p in here]\n"
            "  found = [p for p in here + there if opens(p)]\n"
            "  assert not found and os.listdir(folder) == ['model.py'], (found, os.listdir(folder))\n"
            "  return [[len(i), i.count('1'), i.count('2')] for i in ids]\n");
  const std::string flags =
      "run task --common-dim 2 --metric L2 --sandbox relaxed --predictor knn --grid knn.k=1 -o out --embedding "
      "mine=model.py --logs .";
  for (const char* round : {"", " --resume"}) {
    const Ended ended = headroom(flags + round);
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_TRUE(method("mine+knn")["value"].is_number());
    EXPECT_EQ(ended.err.find("data folder of mine"), std::string::npos) << "results beside it are none of its inputs";
    write("notes.md", "whatever");
  }
  EXPECT_EQ(headroom("verify out --sandbox relaxed").exit_code, 0);
  const Ended refused = headroom(flags + " --embedding all=. --python-path .");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("the task lies in it (--embedding all=.): put the plugin"), std::string::npos)
      << refused.err;
  write("asks.py", "import layers\ndef embed(ids, context):\n  return [[1.0]] * len(ids)\n");
  write("layers.py", "");
  EXPECT_EQ(headroom("run task --sandbox relaxed --predictor knn -o other --embedding asks.py").exit_code, 3);
  EXPECT_NE(content_of(folder_ / "stderr.txt").find("a model given as a file sees nothing beside it: give a folder"),
            std::string::npos)
      << content_of(folder_ / "stderr.txt");
}

TEST_F(PythonCommand, SaysWhyAModelFails) {
  write("broken/model.py", "def embed(ids, context):\n  raise ValueError('the weights are of another model')\n");
  const Ended ended = run("--embedding broken --predictor knn --grid knn.k=1 --logs logs");
  EXPECT_EQ(ended.exit_code, 3) << ended.err;
  EXPECT_EQ(method("broken+knn")["reason"],
            "plugin_error: ValueError: the weights are of another model (model.py, line 2, in embed)");
  EXPECT_NE(content_of(folder_ / "logs" / "broken.log").find("Traceback (most recent call last)"), std::string::npos);
}

// Even where it is only described, since its user sets an option that it may have.
TEST_F(PythonCommand, SaysWhyAModelCannotBeRead) {
  write("broken/model.py", "about = {'options': {'scale': 1}}\ndef embed(ids, context:\n");
  const Ended ended = run("--embedding broken --set broken.scale=2 --predictor knn --grid knn.k=1");
  EXPECT_EQ(ended.exit_code, 3) << ended.err;
  EXPECT_NE(method("broken+knn")["reason"].get<std::string>().find("SyntaxError: '(' was never closed"),
            std::string::npos)
      << ended.err;
  const Ended inspected = headroom("inspect broken/model.py --sandbox relaxed");
  EXPECT_NE(inspected.out.find("SyntaxError"), std::string::npos) << inspected.out << inspected.err;
}

TEST_F(PythonCommand, TakesSubmissionsThatSeeTheirOwnFilesAlone) {
  write("inbox/alone.py",
        "import os\ndef embed(ids, context):\n"
        "  assert os.listdir(os.path.dirname(__file__)) == ['alone.py']\n"
        "  return [[len(i), i.count('1'), i.count('2')] for i in ids]\n");
  write("inbox/folder/model.py",
        "import os\nimport layer\ndef embed(ids, context):\n"
        "  assert not os.path.exists(os.path.join(os.path.dirname(__file__), '..', 'alone.py'))\n"
        "  return [layer.vector(i) for i in ids]\n");
  write("inbox/folder/layer.py", "def vector(i):\n  return [len(i), i.count('3')]\n");
  const Ended ended = run("--submissions inbox --predictor knn --grid knn.k=1");
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_TRUE(method("alone+knn")["value"].is_number()) << ended.err;
  EXPECT_TRUE(method("folder+knn")["value"].is_number()) << ended.err;
}

TEST_F(PythonCommand, ChecksAndInspectsAFolder) {
  write("mine/model.py", content_of(folder_ / "models" / "gene_family.py"));
  const Ended checked = headroom("check mine --no-published-size --sandbox relaxed --set any.dimension=16");
  EXPECT_EQ(checked.exit_code, 0) << checked.out << checked.err;
  EXPECT_NE(checked.out.find("gene_family_py 1.0.0 conforms"), std::string::npos) << checked.out;
  const Ended inspected = headroom("inspect mine --json --sandbox relaxed");
  EXPECT_EQ(inspected.exit_code, 0) << inspected.err;
  const json facts = json::parse(inspected.out);
  EXPECT_EQ(facts["kind"], "plugin");
  EXPECT_EQ(facts["model"], "model.py");
  EXPECT_EQ(facts["name"], "gene_family_py");
}

TEST_F(PythonCommand, AnEnvironmentsPackagesAreThereInRunAndCheck) {
  // Workers of root have a user id of their own. Debian's Python is the one that the runner embeds.
  fs::permissions(folder_, fs::perms(0755));
  ASSERT_EQ(std::system(("/usr/bin/python3 -m venv --without-pip " + (folder_ / "env").string()).c_str()), 0);
  fs::path packages;
  for (const auto& version : fs::directory_iterator(folder_ / "env" / "lib"))
    packages = version.path() / "site-packages";
  std::ofstream(packages / "own_words.py") << "def of(text):\n  return [len(text), text.count('1')]\n";
  write("model.py", "import own_words\ndef embed(ids, context):\n  return [own_words.of(i) for i in ids]\n");
  const std::string check = "check model.py --sandbox relaxed --only opens --only determinism ";
  EXPECT_EQ(headroom(check).exit_code, 3);
  const Ended checked = headroom(check + "--python-path env");
  EXPECT_EQ(checked.exit_code, 0) << checked.out << checked.err;
  const Ended evaluated = run("--embedding model.py --predictor knn --grid knn.k=1 --python-path env");
  EXPECT_EQ(evaluated.exit_code, 0) << evaluated.err;
  const Ended other =
      headroom("check " + std::string(HEADROOM_BUILD_DIR "/lib/headroom/knn.so") + " --python-path env");
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_NE(other.err.find("it is no model in Python"), std::string::npos) << other.err;
}

TEST_F(PythonCommand, NewProjectsConform) {
  for (const char* kind : {"--kind embedding", "--kind predictor", "--kind predictor --target deg"}) {
    fs::remove_all(folder_ / "mine");
    ASSERT_EQ(headroom(std::string("new mine --language python ") + kind).exit_code, 0);
    const Ended checked = headroom("check mine/model.py --no-published-size --sandbox relaxed");
    EXPECT_EQ(checked.exit_code, 0) << kind << checked.out << checked.err;
  }
}

}  // namespace python_command_test
}  // namespace headroom
