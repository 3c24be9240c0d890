// What a model in Python may define, how its answers are taken, and what is said where it fails.
#include <gmock/gmock.h>

#include <chrono>

#include "python/python_session.hpp"

namespace headroom {
namespace python_model_test {

using ::testing::ElementsAre;
using testing::embed_by;
using ::testing::HasSubstr;
using testing::question_of;
using testing::settings_of_model;
using testing::start_model;
using testing::TemporaryFolder;

std::string fault_of(const Answer<EmbeddingAnswer>& answer) {
  return answer ? "" : verdict_name(answer.error().verdict) + ": " + answer.error().message;
}

// One vector an id in each form that models answer in; "?" is the id that they do not know.
TEST(PythonEmbedding, AnswersInAnyForm) {
  const char* const forms[] = {
      "import numpy as np\ndef embed(ids, context):\n"
      "  return np.array([[np.nan] * 2 if i == '?' else [len(i), 1] for i in ids])\n",
      "def embed(ids, context):\n  return [None if i == '?' else [len(i), 1] for i in ids]\n",
      "def embed(ids):\n  return {i: (len(i), 1.0) for i in ids if i != '?'}\n",
      "import pandas as pd\ntable = pd.DataFrame({'a': [2, 3], 'b': 1.0}, index=['AB', 'ABC'])\n"
      "def embed(ids, context):\n  return table\n",
      "class Embedding:\n  def embed(self, perturbations, cell_line):\n    assert cell_line == 'K562'\n"
      "    return [None if i == '?' else [len(i), 1] for i in perturbations]\n"};
  for (const char* form : forms) {
    const auto answer = embed_by(form, {"AB", "?", "ABC"});
    ASSERT_TRUE(answer) << form << answer.error().message;
    EXPECT_THAT(answer->present, ElementsAre(1, 0, 1)) << form;
    Matrix expected(3, 2);
    expected << 2, 1, 0, 0, 3, 1;
    EXPECT_EQ(answer->vectors, expected) << form;
  }
}

TEST(PythonEmbedding, GetsWhatItAsksForByName) {
  const TemporaryFolder folder;
  folder.write("weights.txt", "2.5");
  auto settings = settings_of_model(folder.write(
      "mine.py",
      "import os\n"
      "about = {'name': 'mine', 'version': '2.0.0', 'licence': 'MIT', 'options': {'factor': (1, 'a factor')},\n"
      "         'training_datasets': ['atlas']}\n"
      "class Embedding:\n"
      "  '''Says what it was given.'''\n"
      "  def __init__(self, folder, options):\n"
      "    self.weight = float(open(os.path.join(folder, 'weights.txt')).read()) * float(options['factor'])\n"
      "    assert os.path.dirname(os.path.abspath(__file__)) == os.path.abspath(folder)\n"
      "  def embed(self, ids, training, seed, n_threads):\n"
      "    sums = dict(zip(training.ids, training.deltas.sum(axis=1)))\n"
      "    return [[self.weight, seed, n_threads, sums.get(i, -1), len(training.genes)] for i in ids]\n"));
  settings.options = {{"factor", "2"}};
  settings.seed = 7;
  auto session = start_model(settings);
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_EQ((*session)->description().name(), "mine");
  EXPECT_EQ((*session)->description().description(), "Says what it was given.");
  EXPECT_TRUE((*session)->description().wants_training());
  EXPECT_EQ((*session)->description().training_datasets(0), "atlas");
  EmbeddingQuestion question = question_of({"A", "B"});
  EmbeddingTraining& training = question.training.emplace();
  auto deltas = SharedMatrix::create(1, 3);
  ASSERT_TRUE(deltas);
  deltas->view() << 1, 2, 4;
  ASSERT_TRUE(deltas->seal());
  training = {{"B"}, *deltas, {"g1", "g2", "g3"}, {}};
  const auto answer = (*session)->embed(question);
  ASSERT_TRUE(answer) << answer.error().message;
  Matrix expected(2, 5);
  expected << 5, 7, 1, -1, 3, 5, 7, 1, 7, 3;
  EXPECT_EQ(answer->vectors, expected);
}

// Lists are the model's own: sorting them changes no row.
TEST(PythonEmbedding, MayDoWithItsIdsWhatItLikes) {
  const auto answer =
      embed_by("def embed(ids, context):\n  ids.sort()\n  return {i: [len(i)] for i in ids}\n", {"CCC", "A", "BB"});
  ASSERT_TRUE(answer) << answer.error().message;
  Matrix expected(3, 1);
  expected << 3, 1, 2;
  EXPECT_EQ(answer->vectors, expected);
}

TEST(PythonEmbedding, OfAnyFileNameHasAProperName) {
  const std::pair<const char*, const char*> names[] = {
      {"my model.py", "my_model"}, {"model (1).py", "model__1_"}, {"gr\xc3\xbcn.py", "gr_n"}};
  for (const auto& [file, name] : names) {
    const TemporaryFolder folder;
    auto session = start_model(settings_of_model(
        folder.write(file, "about = {'description': 'two\\nlines'}\ndef embed(ids, context):\n  return None\n")));
    ASSERT_TRUE(session) << file << session.error().message;
    EXPECT_EQ((*session)->description().name(), name);
    EXPECT_EQ((*session)->description().description(), "two lines");
  }
}

TEST(PythonEmbedding, OfSeveralContextsIsAskedForEach) {
  const TemporaryFolder folder;
  auto session = start_model(settings_of_model(
      folder.write("model.py", "def embed(ids, context):\n  return [[len(i), len(context)] for i in ids]\n")));
  ASSERT_TRUE(session) << session.error().message;
  EmbeddingQuestion question;
  question.ids = {"A", "BB", "A"};
  question.contexts.names = {"K562", "RPE1-long"};
  question.id_contexts = {1, 0, 0};
  const auto answer = (*session)->embed(question);
  ASSERT_TRUE(answer) << answer.error().message;
  Matrix expected(3, 2);
  expected << 1, 9, 2, 4, 1, 4;
  EXPECT_EQ(answer->vectors, expected);
}

// Deltas of a line in one feature, of which a least-squares fit finds the slope; a setting may be infeasible.
TEST(PythonPredictor, FitsAndPredictsEachSetting) {
  const TemporaryFolder folder;
  auto session = start_model(settings_of_model(
      folder.write("model.py",
                   "import numpy as np\n"
                   "class Line:\n"
                   "  about = {'hyperparameters': {'factor': [1, 2], 'least': {'grid': [0, 100]}}}\n"
                   "  def __init__(self, factor, least):\n"
                   "    assert isinstance(factor, int)\n"
                   "    self.factor, self.least = factor, least\n"
                   "  def fit(self, x, y):\n"
                   "    assert not x.flags.writeable and not x.flags.owndata and not y.flags.owndata\n"
                   "    self.enough = len(x) > self.least\n"
                   "    self.slope = np.linalg.lstsq(x, y, rcond=None)[0]\n"
                   "  def predict(self, x):\n"
                   "    return self.factor * x @ self.slope if self.enough else None\n")));
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_EQ((*session)->description().kind(), PluginKind::PREDICTOR);
  EXPECT_TRUE((*session)->description().hyperparameters(0).is_integer());
  auto deltas = SharedMatrix::create(5, 2);
  ASSERT_TRUE(deltas);
  deltas->view() << 9, 9, 1, 10, 2, 20, 3, 30, 9, 9;
  ASSERT_TRUE(deltas->seal());
  Matrix training(3, 1), query(2, 1);
  training << 1, 2, 3;
  query << 4, 5;
  PredictorQuestion question(*deltas);
  question.add_block("embedding", training, query);
  question.training_rows = {1, 2, 3};
  question.n_query = 2;
  question.settings.resize(3, 2);
  question.settings << 1, 0, 2, 0, 1, 100;
  const auto answer = (*session)->predict(question);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_THAT(answer->feasible, ElementsAre(1, 1, 0));
  Matrix expected(2, 2);
  expected << 4, 40, 5, 50;
  EXPECT_TRUE(Matrix(answer->predictions[0]).isApprox(expected, 1e-12)) << Matrix(answer->predictions[0]);
  EXPECT_TRUE(Matrix(answer->predictions[1]).isApprox(2 * expected, 1e-12));
}

// Rows that do not lie in a row are copied once for all settings: what one does to them is not the next one's.
TEST(PythonPredictor, CannotChangeWhatTheNextSettingLearnsFrom) {
  const TemporaryFolder folder;
  auto session = start_model(
      settings_of_model(folder.write("model.py",
                                     "import numpy as np\n"
                                     "class Mean:\n"
                                     "  about = {'hyperparameters': {'k': [1, 2]}}\n"
                                     "  def __init__(self, k): pass\n"
                                     "  def fit(self, x, y):\n"
                                     "    try:\n      y -= y.mean(0)\n"
                                     "    except ValueError: pass\n"
                                     "    self.mean = y.mean(0)\n"
                                     "  def predict(self, x):\n    return np.tile(self.mean, (len(x), 1))\n")));
  ASSERT_TRUE(session) << session.error().message;
  auto deltas = SharedMatrix::create(3, 1);
  ASSERT_TRUE(deltas);
  deltas->view() << 1, 100, 3;
  ASSERT_TRUE(deltas->seal());
  PredictorQuestion question(*deltas);
  const Matrix training = Matrix::Zero(2, 1), query = Matrix::Zero(1, 1);
  question.add_block("a", training, query);
  question.training_rows = {0, 2};
  question.n_query = 1;
  question.settings.resize(2, 1);
  question.settings << 1, 2;
  const auto answer = (*session)->predict(question);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->predictions[0](0, 0), 2);
  EXPECT_EQ(answer->predictions[1](0, 0), 2);
}

TEST(PythonPredictor, OfClassesLearnsFromLabelledRows) {
  const TemporaryFolder folder;
  auto session = start_model(
      settings_of_model(folder.write("model.py",
                                     "import numpy as np\n"
                                     "class Predictor:\n"
                                     "  about = {'tasks': ['deg'], 'blocks': (1, 3)}\n"
                                     "  def __init__(self, request):\n"
                                     "    self.n = len(request.classes)\n"
                                     "  def fit(self, x, y):\n"
                                     "    assert isinstance(x, list) and len(x[0]) == len(y)\n"
                                     "    self.shares = np.stack([(y == c).mean(axis=0) for c in range(self.n)])\n"
                                     "  def predict(self, x):\n"
                                     "    return np.repeat(self.shares[:, None], len(x[0]), axis=1)\n")));
  ASSERT_TRUE(session) << session.error().message;
  auto deltas = SharedMatrix::create(3, 1);
  ASSERT_TRUE(deltas);
  deltas->view() << 0, 2, 2;
  ASSERT_TRUE(deltas->seal());
  const Matrix training = Matrix::Zero(3, 1), query = Matrix::Zero(2, 1);
  PredictorQuestion question(*deltas);
  question.add_block("a", training, query);
  question.add_block("b", training, query);
  question.n_query = 2;
  question.settings = Matrix::Zero(1, 0);
  question.task_kind = TaskKind::CLASSES;
  question.n_planes = 3;
  question.classes = {"down", "not_de", "up"};
  question.training_labelled = {1, 1, 0};
  const auto answer = (*session)->predict(question);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->predictions[0](1, 0), 0.5);
  EXPECT_EQ(answer->predictions[1](1, 0), 0.0);
  EXPECT_EQ(answer->predictions[2](0, 0), 0.5);
}

struct Mistake {
  const char* code;
  const char* reason;
};
class PythonMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(PythonMistake, IsToldInTheReason) {
  EXPECT_THAT(fault_of(embed_by(GetParam().code, {"A", "B"})), HasSubstr(GetParam().reason)) << GetParam().code;
}

INSTANTIATE_TEST_SUITE_P(
    , PythonMistake,
    ::testing::Values(
        Mistake{"def embed(ids, context:\n", "plugin_error: SyntaxError: '(' was never closed (model.py, line 1)"},
        Mistake{"def embed(ids, context):\n  vectors = ids\n", "embed gave None: does it end without return?"},
        Mistake{"def embed(ids, context):\n  return [[1j], [2j]]\n", "embed gave complex128 values: it must give real"},
        Mistake{"def embed(ids, context):\n  raise ValueError('the cause\\nand more' + 'x' * 5000)\n",
                "plugin_error: ValueError: the cause (model.py, line 2, in embed)"},
        Mistake{"import socket\ndef embed(ids, context):\n  socket.socket()\n",
                "there is no network, no other process and no other file here"},
        Mistake{"import nothing_of_the_kind\n",
                "ModuleNotFoundError: No module named 'nothing_of_the_kind' (model.py, line 1"},
        Mistake{"x = 1\n", "model.py defines neither embed(ids, context), nor a class"},
        Mistake{"def embed(ids, context):\n  raise ValueError('no weights')\n",
                "plugin_error: ValueError: no weights (model.py, line 2, in embed)"},
        Mistake{"def embed(ids, context):\n  return [[1.0]]\n", "embed gave an array of 1 x 1, asked for are 2 rows"},
        Mistake{"def embed(ids, context):\n  return [[1.0], [1.0, 2.0]]\n", "vectors of different lengths: [1, 2]"},
        Mistake{"def embed(ids, context):\n  return [[float('inf')], [1.0]]\n", "bad_output"},
        Mistake{"about = {'nmae': 'x'}\ndef embed(ids, context):\n  pass\n", "about has the key 'nmae'; known are"},
        Mistake{"import sys\ndef embed(ids, context):\n  sys.exit(3)\n", "SystemExit: 3"},
        Mistake{"import pandas as pd\ndef embed(ids, context):\n  return pd.DataFrame({'a': [1.0, 2.0]})\n",
                "embed gave a table whose index is 0, 1, ... and holds no id"},
        Mistake{"about = {'tasks': 'deg'}\ndef embed(ids, context):\n  pass\n",
                "about['tasks'] is 'deg', and must be a list"},
        Mistake{"about = {'training_datasets': 'atlas'}\ndef embed(ids, context):\n  pass\n",
                "about['training_datasets'] is 'atlas', and must be a list of names"},
        Mistake{"about = {'options': {'a': (1, 'b', 'c')}}\ndef embed(ids, context):\n  pass\n",
                "about['options'] is {'a': (1, 'b', 'c')}, and must be a default, or (default, help), for 'a'"},
        Mistake{"about = {'hyperparameters': {'k': {'minimum': 1}}}\ndef embed(ids, context):\n  pass\n",
                "must be numbers to try, or a dict with them as 'grid', for 'k'"},
        Mistake{"import layers\n", "a model given as a file sees nothing beside it: give a folder"},
        Mistake{"def embed(ids, context):\n  return embed(ids, context)\n", "RecursionError"}),
    [](const auto& tested) { return "Number" + std::to_string(tested.index); });

TEST(PythonLog, HoldsWhatIsPrintedAndTheTraceback) {
  const TemporaryFolder folder;
  auto settings = settings_of_model(
      folder.write("model.py", "def embed(ids, context):\n  print('on stdout')\n  raise KeyError('weights')\n"));
  settings.log = std::make_shared<PluginLog>();
  auto session = start_model(settings);
  ASSERT_TRUE(session) << session.error().message;
  const auto answer = (*session)->embed(question_of({"A"}));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "KeyError: 'weights' (model.py, line 3, in embed)");
  EXPECT_THAT(settings.log->text(), HasSubstr("on stdout\nTraceback (most recent call last)"));
  EXPECT_THAT(settings.log->text(), HasSubstr("line 3, in embed"));
}

// What is random depends on the seed that is given and on nothing else, text's hashes included.
TEST(PythonInterpreter, IsTheSameInEveryProcess) {
  const char* const code =
      "def embed(ids, context):\n  return [[hash(i) % 1000003, list({'a', 'b', 'c', i}).index('a')] for i in ids]\n";
  const auto once = embed_by(code, {"A", "B"}), again = embed_by(code, {"A", "B"});
  ASSERT_TRUE(once && again);
  EXPECT_EQ(once->vectors, again->vectors);
}

TEST(PythonInterpreter, TakesNothingFromTheUsersEnvironment) {
  const TemporaryFolder folder;
  folder.write("sitecustomize.py", "raise SystemExit('read')\n");
  setenv("PYTHONPATH", folder.path().c_str(), 1);
  setenv("PYTHONSTARTUP", (folder / "sitecustomize.py").c_str(), 1);
  const auto answer = embed_by(
      "import sys\ndef embed(ids, context):\n"
      "  assert sys.flags.isolated and not sys.flags.dont_write_bytecode == 0\n"
      "  assert all(p.startswith(('/usr/', '/data', '/proc/self/fd/')) for p in sys.path), sys.path\n"
      "  assert 'sitecustomize' not in sys.modules\n"
      "  return [[1.0]] * len(ids)\n",
      {"A"});
  unsetenv("PYTHONPATH");
  unsetenv("PYTHONSTARTUP");
  EXPECT_TRUE(answer) << answer.error().message;
}

// Debian's numerical libraries, each in the sandbox that this machine has.
class PythonLibrary : public ::testing::TestWithParam<const char*> {};

TEST_P(PythonLibrary, WorksInTheSandbox) {
  const auto probe = embed_by(
      "import importlib.util\n"
      "def embed(ids, context):\n  return [[float(importlib.util.find_spec(i) is not None)] for i in ids]\n",
      {GetParam()});
  ASSERT_TRUE(probe) << probe.error().message;
  if (probe->vectors(0, 0) == 0) GTEST_SKIP() << GetParam() << " is not installed";
  const std::string name = GetParam();
  const std::string work =
      name == "numpy"     ? "import numpy as np\n    return float(np.linalg.svd(np.eye(60))[1].sum())"
      : name == "scipy"   ? "import scipy.linalg, scipy.optimize\n    import numpy as np\n"
                            "    return float(scipy.linalg.eigh(np.eye(60))[0].sum())"
      : name == "pandas"  ? "import pandas as pd\n    return float(pd.DataFrame({'a': [20, 40]}).a.sum())"
      : name == "h5py"    ? "import h5py, io\n    held = io.BytesIO()\n    f = h5py.File(held, 'w')\n"
                            "    f['x'] = [60.0]\n    return float(f['x'][0])"
      : name == "anndata" ? "import anndata, numpy as np\n    return float(anndata.AnnData(np.ones((6, 10))).X.sum())"
      : name == "sklearn"
          ? "from sklearn.linear_model import Ridge\n    import numpy as np\n"
            "    return 60 + 0 * float(Ridge().fit(np.eye(60), np.eye(60)).coef_.sum())"
          : "import torch\n    torch.manual_seed(0)\n    return float(torch.eye(60).matmul(torch.eye(60)).sum())";
  const auto answer = embed_by(
      "def number():\n    " + work + "\ndef embed(ids, context):\n  return [[number()] for i in ids]\n", {"A"});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_NEAR(answer->vectors(0, 0), 60, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(, PythonLibrary,
                         ::testing::Values("numpy", "scipy", "pandas", "h5py", "anndata", "sklearn", "torch"),
                         [](const auto& tested) { return std::string(tested.param); });

// The target is 150 ms on a machine that does nothing else; a loaded one is given ten times that.
TEST(PythonInterpreter, StartsQuicklyWithNumpy) {
  const TemporaryFolder folder;
  const auto settings = settings_of_model(
      folder.write("model.py", "import numpy\ndef embed(ids, context):\n  return numpy.ones((len(ids), 1))\n"));
  ASSERT_TRUE(start_model(settings)) << "reads the files once";
  auto session = start_model(settings);
  ASSERT_TRUE(session) << session.error().message;
  (*session)->finish();
  const double cpu_s = (*session)->usage().cpu_s;
  RecordProperty("cpu_ms", static_cast<int>(1e3 * cpu_s));
  EXPECT_LT(cpu_s, 1.5);
}

}  // namespace python_model_test
}  // namespace headroom
