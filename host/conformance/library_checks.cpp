#include "conformance/library_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "conformance/exported_symbols.hpp"
#include "headroom/plugin.h"

namespace headroom {
namespace {

// Whether the worker loaded the library and stumbled over its descriptor, or over opening it, which comes after.
bool is_about_descriptor(WorkerVerdict verdict) {
  return verdict == WorkerVerdict::ABI_MISMATCH || verdict == WorkerVerdict::PROTOCOL_ERROR;
}
bool is_about_opening(WorkerVerdict verdict) { return verdict == WorkerVerdict::PLUGIN_ERROR; }

Finding unknown_before_it_opens() { return skipped("the descriptor is read, but not shown, before the plugin opens"); }

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kMostNames = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMostNames); ++i) text += (i ? ", " : "") + names[i];
  if (names.size() > kMostNames) text += fmt::format(" and {} more", names.size() - kMostNames);
  return text;
}

}  // namespace

Answer<Finding> library_loads(Specimen& specimen) {
  const auto& contact = specimen.first_contact();
  if (contact) {
    return passed(fmt::format("its worker was confined and ready in {:.0f} ms", 1e3 * contact->start_to_ready_s));
  }
  const WorkerVerdict verdict = contact.error().verdict;
  if (is_about_descriptor(verdict) || is_about_opening(verdict)) return passed("but it goes no further");
  return tl::unexpected<WorkerFault>(contact.error());
}

Answer<Finding> exports_only_entry(Specimen& specimen) {
  const auto symbols = exported_symbols(specimen.file());
  if (!symbols) {
    if (symbols.error().kind == ErrorKind::plugin_fault) return failed(symbols.error().what);
    return skipped(symbols.error().line());
  }
  std::vector<std::string> others = symbols->names;
  const auto entry = std::find(others.begin(), others.end(), HEADROOM_ENTRY_SYMBOL);
  if (entry == others.end() && !symbols->is_cut) return failed("it does not export " HEADROOM_ENTRY_SYMBOL);
  if (entry != others.end()) others.erase(entry);
  if (others.empty()) return passed(HEADROOM_ENTRY_SYMBOL " and nothing else");
  return failed(
      fmt::format("{}{} symbols beside the entry: {}; build with headroom_add_plugin, or with a version script",
                  symbols->is_cut ? "more than " : "", others.size(), listed(others)));
}

Answer<Finding> descriptor_is_sane(Specimen& specimen) {
  const auto& contact = specimen.first_contact();
  if (!contact && is_about_opening(contact.error().verdict)) return unknown_before_it_opens();
  if (!contact) return tl::unexpected<WorkerFault>(contact.error());
  const PluginDescription& said = contact->description;
  std::vector<std::string> empty;
  if (said.description().empty()) empty.emplace_back("the description");
  if (said.licence().empty()) empty.emplace_back("the licence");
  for (const PluginOption& option : said.options()) {
    if (option.help().empty()) empty.push_back("the help of option '" + option.key() + "'");
  }
  for (const Hyperparameter& parameter : said.hyperparameters()) {
    if (parameter.help().empty()) empty.push_back("the help of hyperparameter '" + parameter.name() + "'");
  }
  if (!empty.empty()) return warned("empty: " + listed(empty));
  return passed(fmt::format("{} '{}': {}", said.kind() == PluginKind::EMBEDDING ? "embedding" : "predictor",
                            said.name(), said.description()));
}

Answer<Finding> version_is_said(Specimen& specimen) {
  const auto& contact = specimen.first_contact();
  if (!contact && is_about_opening(contact.error().verdict)) return unknown_before_it_opens();
  if (!contact) return tl::unexpected<WorkerFault>(contact.error());
  const PluginDescription& said = contact->description;
  const std::string abi = fmt::format("ABI {}.{}", said.abi_major(), said.abi_minor());
  static const std::regex kVersion(R"([0-9]+\.[0-9]+(\.[0-9]+)?([-+.][0-9A-Za-z.+-]+)?)");
  if (said.version().empty()) return failed("it does not say its version, so results cannot name what they are of");
  if (!std::regex_match(said.version(), kVersion)) {
    return warned(fmt::format("version '{}' is not of the form 1.2.0; {}", said.version(), abi));
  }
  if (said.abi_minor() > HEADROOM_ABI_MINOR) {
    return warned(fmt::format("version {}, built for {}; this host speaks {}.{} and ignores what is newer",
                              said.version(), abi, HEADROOM_ABI_MAJOR, HEADROOM_ABI_MINOR));
  }
  return passed(fmt::format("version {}, {}", said.version(), abi));
}

Answer<Finding> plugin_opens(Specimen& specimen) {
  const auto& contact = specimen.first_contact();
  if (!contact) return tl::unexpected<WorkerFault>(contact.error());
  return passed(fmt::format("{:.2f} s of CPU time and {:.0f} MB until it is ready", contact->usage.cpu_s,
                            static_cast<double>(contact->usage.peak_memory_bytes) / 1e6));
}

}  // namespace headroom
