// --help, the man pages and the completion of both shells say the same, and each works in its own program.
#include <gmock/gmock.h>

#include <sstream>

#include "program.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Documents : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    ASSERT_EQ(headroom("documents docs").exit_code, 0);
    std::istringstream lines(headroom("--help").out);
    bool is_command = false;
    for (std::string line; std::getline(lines, line);) {
      if (line == "Commands:") is_command = true;
      if (line.empty()) is_command = false;
      if (is_command && line.starts_with("  ") && line[2] != ' ')
        commands_.push_back(line.substr(2, line.find(' ', 2) - 2));
    }
    ASSERT_GE(commands_.size(), 11u);
  }

  // The flags that a help names: the words of its option lines that begin with a dash.
  static std::vector<std::string> flags_in(const std::string& help) {
    std::vector<std::string> flags;
    std::istringstream lines(help);
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("  -")) continue;
      std::istringstream words(line);
      for (std::string word; words >> word && word.starts_with("-");) {
        flags.push_back(word.substr(0, word.find(',')));
      }
    }
    return flags;
  }

  // What a shell command prints, or nullopt where the shell has no such program.
  static std::string output_of(const std::string& command, int* exit_code = nullptr) {
    std::string out;
    FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    char buffer[4096];
    for (std::size_t n = 0; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
    const int status = pclose(pipe);
    if (exit_code != nullptr) *exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return out;
  }
  static bool has(const std::string& program) {
    int code = -1;
    output_of("command -v " + program, &code);
    return code == 0;
  }

  std::string man(const std::string& command) const {
    return content_of(folder_ / "docs" / "man1" / (command.empty() ? "headroom.1" : "headroom-" + command + ".1"));
  }

  std::vector<std::string> commands_;
};

TEST_F(Documents, EveryHelpFitsAHundredColumnsTeachesAndHasExamples) {
  std::vector<std::string> all = commands_;
  all.emplace_back();
  for (const std::string& command : all) {
    const Ended help = headroom(command + " --help");
    ASSERT_EQ(help.exit_code, 0) << command;
    EXPECT_THAT(help.out, HasSubstr("Usage: headroom"));
    EXPECT_THAT(help.out, HasSubstr("Examples:\n  ")) << command;
    EXPECT_EQ(help.out.find(" TEXT"), std::string::npos) << command << " has a flag whose value has no name";
    EXPECT_EQ(help.out.find(" OR {"), std::string::npos) << command;
    std::istringstream lines(help.out);
    for (std::string line; std::getline(lines, line);) {
      // Characters, not bytes.
      const auto n = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; });
      EXPECT_LE(n, 100) << command << ": " << line;
    }
  }
  const std::string run = headroom("run --help").out;
  EXPECT_THAT(run, HasSubstr("Usage: headroom run [TASK] --out DIR [OPTIONS]\n"));
  EXPECT_THAT(run, HasSubstr("--sandbox strict|relaxed|off\n"));
  EXPECT_THAT(run, HasSubstr("(default: 100)"));
  EXPECT_THAT(run, HasSubstr("--format table|csv|json|markdown\n"));
}

TEST_F(Documents, EveryCommandAndFlagOccursInManPageAndCompletion) {
  const std::string bash = headroom("completion bash").out, zsh = headroom("completion zsh").out;
  EXPECT_EQ(bash, content_of(folder_ / "docs" / "bash" / "headroom"));
  EXPECT_EQ(zsh, content_of(folder_ / "docs" / "zsh" / "_headroom"));
  for (const std::string& command : commands_) {
    EXPECT_THAT(man(""), HasSubstr("headroom\\-" + command + "\\fR(1)"));
    const std::string page = man(command);
    ASSERT_FALSE(page.empty()) << command;
    const auto words = bash.find("\n    " + command + ") words='");
    const auto branch = zsh.find("\n    " + command + ")\n");
    ASSERT_NE(words, std::string::npos) << command;
    ASSERT_NE(branch, std::string::npos) << command;
    const std::string bash_words = bash.substr(words, bash.find('\n', words + 1) - words) + " ";
    const std::string zsh_branch = zsh.substr(branch, zsh.find(";;", branch) - branch);
    const auto flags = flags_in(headroom(command + " --help").out);
    EXPECT_GE(flags.size(), 2u) << command;
    for (const std::string& flag : flags) {
      std::string escaped;
      for (const char c : flag) escaped += c == '-' ? "\\-" : std::string(1, c);
      EXPECT_THAT(page, HasSubstr("\\fB" + escaped + "\\fR")) << command;
      EXPECT_TRUE(bash_words.find("'" + flag + " ") != std::string::npos ||
                  bash_words.find(" " + flag + " ") != std::string::npos ||
                  bash_words.find(" " + flag + "'") != std::string::npos)
          << command << " " << flag;
      EXPECT_THAT(zsh_branch, HasSubstr(flag + "[")) << command;
    }
  }
  EXPECT_EQ(bash.find("documents"), std::string::npos) << "what is only for the build is not offered";
}

TEST_F(Documents, ManPagesAreRoffWithoutWarnings) {
  if (!has("groff")) GTEST_SKIP() << "there is no groff to read them with";
  for (const auto& page : fs::directory_iterator(folder_ / "docs" / "man1")) {
    int code = -1;
    EXPECT_EQ(output_of("groff -man -Tutf8 -Kutf8 -ww -z '" + page.path().string() + "'", &code), "") << page.path();
    EXPECT_EQ(code, 0);
    const std::string text = output_of("groff -man -Tascii -P-cbou -Kutf8 '" + page.path().string() + "'");
    EXPECT_THAT(text, HasSubstr("SYNOPSIS")) << page.path();
  }
  const std::string run = output_of("groff -man -Tascii -P-cbou -rLL=100n '" +
                                    (folder_ / "docs" / "man1" / "headroom-run.1").string() + "'");
  EXPECT_THAT(run, HasSubstr("--common-dim N"));
  EXPECT_THAT(run, HasSubstr("headroom run task --embedding esm=esm2.h5ad"));
  EXPECT_THAT(run, HasSubstr("EXIT STATUS\n       0 everything evaluated;"));
}

TEST_F(Documents, BashCompletesCommandsFlagsValuesAndFiles) {
  if (!has("bash")) GTEST_SKIP() << "there is no bash";
  std::ofstream(folder_ / "vectors.csv") << "id,x\n";
  const auto completed = [&](const std::string& words, int position) {
    return output_of("cd '" + folder_.string() + "' && bash -c 'source docs/bash/headroom; COMP_WORDS=(" + words +
                     "); COMP_CWORD=" + std::to_string(position) + "; _headroom; echo \"${COMPREPLY[@]}\"'");
  };
  EXPECT_EQ(completed("headroom ver", 1), "verify\n");
  EXPECT_EQ(completed("headroom run --common", 2), "--common-dim\n");
  EXPECT_EQ(completed("headroom run --sandbox \"\"", 3), "strict relaxed off\n");
  EXPECT_EQ(completed("headroom run task --format ma", 4), "markdown\n");
  EXPECT_EQ(completed("headroom run vec", 2), "vectors.csv\n");
  EXPECT_EQ(completed("headroom run --embedding vec", 3), "vectors.csv\n");
  EXPECT_EQ(completed("headroom run --embedding e = vec", 5), "vectors.csv\n") << "NAME=PATH, as bash takes it apart";
  EXPECT_EQ(completed("headroom run --embedding e =", 4).find("vectors.csv") != std::string::npos, true);
  EXPECT_EQ(completed("headroom completion \"\"", 2), "bash zsh\n");
}

TEST_F(Documents, ZshReadsItsCompletion) {
  if (!has("zsh")) GTEST_SKIP() << "there is no zsh";
  int code = -1;
  EXPECT_EQ(output_of("zsh -n '" + (folder_ / "docs" / "zsh" / "_headroom").string() + "'", &code), "");
  EXPECT_EQ(code, 0);
  // A zsh of its own in a terminal of its own: what it offers after a prefix and a tab.
  const std::string offered = output_of(
      "cd '" + folder_.string() +
      "' && timeout 60 zsh -fc 'zmodload zsh/zpty; fpath=($PWD/docs/zsh $fpath); zpty z zsh -f; "
      "zpty -w z \"PROMPT=; fpath=($PWD/docs/zsh \\$fpath); autoload -Uz compinit; compinit -u -D; "
      "unset zle_bracketed_paste; print READY\"; zpty -m -r z out \"*READY*READY*\"; "
      "zpty -n -w z \"headroom run task --common\t\"; sleep 1; zpty -r z out \"*common-dim*\"; print -r -- $out; "
      "zpty -d z'");
  EXPECT_THAT(offered, HasSubstr("--common-dim")) << offered;
}

}  // namespace
}  // namespace headroom
