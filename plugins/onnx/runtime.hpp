// ONNX Runtime, opened while the plugin runs: Debian 12 has none, and whoever ships a model may ship the library beside
// it.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "onnx/runtime_api.hpp"

namespace headroom::onnx {

template <class Object>
using Owned = std::unique_ptr<Object, void (*)(Object*)>;

class Runtime {
 public:
  // The library `named` (a path), else that of `folder`, else the system's. What one of `folder` needs in turn is
  // taken from there first. It is never unloaded. Throws sdk::Error: there is none, it is damaged, or too old.
  static Runtime open(const std::string& named, const std::string& folder);

  const std::string& version() const { return version_; }  // "1.19.2"

  // Calls a member that returns a status; what it says becomes an sdk::Error.
  template <std::size_t kPosition, class... Parameters, class... Arguments>
  void call(Member<kPosition, OrtStatus*(Parameters...)> member, Arguments... arguments) const {
    require(member.in(table_)(arguments...));
  }

  // The same of one that makes an object, which the second member releases.
  template <class Object, std::size_t kPosition, class... Parameters, std::size_t kRelease, class... Arguments>
  Owned<Object> make(Member<kPosition, OrtStatus*(Parameters...)> maker, Member<kRelease, void(Object*)> release,
                     Arguments... arguments) const {
    Object* made = nullptr;
    call(maker, arguments..., &made);
    return Owned<Object>(made, release.in(table_));
  }

  // Takes an object that another call has made.
  template <class Object, std::size_t kRelease>
  Owned<Object> own(Object* made, Member<kRelease, void(Object*)> release) const {
    return Owned<Object>(made, release.in(table_));
  }

 private:
  Runtime(ApiTable table, std::string version) : table_(table), version_(std::move(version)) {}
  void require(OrtStatus* status) const;

  ApiTable table_;
  std::string version_;
};

}  // namespace headroom::onnx
