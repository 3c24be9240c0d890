// Linked into a plugin beside an example: a protobuf library of the plugin's own, with a message of the very name that
// the worker's has. Used as the library is loaded, so that a clash shows at once.
#include <cstdlib>
#include <string>

#include "plugin.pb.h"

namespace {

const bool works = [] {
  headroom::PluginDescription said, read;
  said.set_name("a plugin with protobuf inside");
  if (!read.ParseFromString(said.SerializeAsString()) || read.name() != said.name()) std::abort();
  return true;
}();

}  // namespace
