#include "evaluation/unchanged_folder.hpp"

#include <limits>

#include "io/folder_stamp.hpp"
#include "terminal/display_text.hpp"

namespace headroom {

void note_folder(RosterEntry& entry, std::uint64_t most_files) {
  if (entry.own_folder || entry.settings.data_folder.empty()) return;
  entry.data_folder_stamp = stamp_of_folder(entry.settings.data_folder, most_files);
}

Answer<void> require_unchanged_folder(const RosterEntry& entry) {
  if (!entry.data_folder_stamp) return {};
  const auto now = stamp_of_folder(entry.settings.data_folder, std::numeric_limits<std::uint64_t>::max());
  if (now == entry.data_folder_stamp) return {};
  return tl::unexpected<WorkerFault>(WorkerFault{
      WorkerVerdict::UNSUITED, "its folder was changed while it was evaluated (" +
                                   display_text(entry.settings.data_folder.filename().string()) +
                                   "): leave it as it is during a run, and evaluate it again with --resume"});
}

}  // namespace headroom
