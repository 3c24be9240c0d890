// A supervised embedding that looks in every register for a mark of its like from another fold, whose training labels
// are its own test labels, and leaves one. It crashes if it hears anything, so that a run shows it.
#include <cstdlib>

#include "collusion.hpp"
#include "hostile.hpp"

static bool hears_another(const std::string& marks) {
  bool heard = collusion::in_offset(6) | collusion::in_flags(6) | collusion::in_owner(6) | collusion::in_futex() |
               collusion::in_thread_count() | collusion::in_counters();
  heard |= collusion::in_lock(marks) | collusion::in_watch(marks) | collusion::in_access_time(6);
  heard |= collusion::in_page_cache<collusion::is_out_by_waiting>(marks);
  heard |= collusion::in_page_cache<collusion::is_out_by_mincore>(marks);
  heard |= collusion::in_page_cache<collusion::is_out_by_cachestat>(marks);
  heard |= collusion::in_page_cache<collusion::is_out_by_faults>(marks);
  return heard;
}

static headroom_status dimension(const headroom_host*, void*, const headroom_embedding_request*, std::int64_t* n) {
  *n = 8;
  return HEADROOM_OK;
}

static headroom_status embed(const headroom_host* host, void*, const headroom_embedding_request* request,
                             headroom_embedding_output* output) {
  const std::string marks =
      std::string(host->data_folder.data, static_cast<std::size_t>(host->data_folder.size)) + "/marks";
  for (int round = 0; round < 3; ++round) {
    if (hears_another(marks)) std::abort();
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
  }
  for (std::int64_t row = 0; row < request->n_ids; ++row) {
    std::uint64_t hash = 1469598103934665603u;  // FNV-1a
    for (std::int64_t i = 0; i < request->ids[row].size; ++i) {
      hash = (hash ^ static_cast<unsigned char>(request->ids[row].data[i])) * 1099511628211u;
    }
    for (std::int64_t column = 0; column < 8; ++column) {
      output->vectors.data[row * output->vectors.row_stride + column] =
          static_cast<double>((hash >> (8 * column)) & 0xff) / 255;
    }
    output->present[row] = 1;
  }
  return HEADROOM_OK;
}

const headroom_plugin* headroom_plugin_entry(std::uint32_t major, std::uint32_t index) {
  static const headroom_embedding embedding{sizeof(headroom_embedding), 1, 0, nullptr, dimension, embed, nullptr};
  static const headroom_plugin plugin = hostile::describe(HEADROOM_KIND_EMBEDDING, &embedding);
  return major == HEADROOM_ABI_MAJOR && index == 0 ? &plugin : nullptr;
}
