// The reader `review`: says in its log what a file of anybody's holds and what is doubtful about it, one fact a line,
// for `headroom inspect`. It has the shape of an embedding, as every reader has, and no vectors.
#include <headroom/embedding.hpp>
#include <string>

#include "file_review/file_review.hpp"
#include "inspection/describe_file.hpp"

namespace sdk = headroom::sdk;

class FileReview final : public sdk::Embedding {
 public:
  static sdk::About about() {
    return {"review",
            "1.0.0",
            "What a file holds and what is doubtful about it, in the log; no vectors",
            "Apache-2.0",
            {},
            {{"file", "", "path of the file as the worker sees it"},
             {"format", "", "the file's own name, where the path has none: its extension tells the format"},
             {"flags", "{}", "how it is read and what is accepted, as JSON"}}};
  }

  explicit FileReview(const sdk::Host& host) {
    const std::string path = host.text("file");
    if (path.empty()) throw sdk::Error("option 'file' is empty: name a file");
    const std::string name = host.text("format").empty() ? path : host.text("format");
    const auto flags = headroom::parse_reading_flags(host.text("flags"));
    if (!flags) throw sdk::Error(flags.error().line());
    const auto facts = headroom::describe_file(path, name);
    if (!facts) throw sdk::Error(facts.error().line());
    for (const headroom::Fact& fact : *facts) host.info(headroom::fact_line(fact));
    for (const headroom::Fact& fact : headroom::review_of_file(path, name, *flags)) {
      if (!fact.is_list) host.info(headroom::fact_line(fact));
      // Sentences are long: a line each.
      for (std::size_t i = 0; fact.is_list && i < fact.values.size(); ++i) {
        host.info(headroom::fact_line({fact.name, {fact.values[i]}, true}));
      }
    }
  }

  std::int64_t dimension(const sdk::Host&, const sdk::EmbeddingRequest&) override {
    throw sdk::Error("the file was only described");
  }
  void embed(const sdk::Host&, const sdk::EmbeddingRequest&, sdk::EmbeddingOutput&) override {
    throw sdk::Error("the file was only described");
  }
};

HEADROOM_PLUGINS(FileReview)
