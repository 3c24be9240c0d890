// Giving up what a worker never needs: the identity of root, capabilities, and any way to get them back.
#pragma once

#include "sandbox/system_failure.hpp"

namespace headroom {

// For root only: takes a user and group id that no other process has, and no further groups. The id is drawn at random:
// one that was counted would tell a worker how many came before it. So the worker can neither
// signal nor inspect anything, files of real users are foreign to it, and its threads are counted by themselves.
tl::expected<void, SystemFailure> take_own_user_id();

// Empties all capability sets of the process.
tl::expected<void, SystemFailure> drop_capabilities();
tl::expected<void, SystemFailure> probe_capabilities();

// No program that is executed later can gain privileges; Landlock and seccomp need it of an ordinary user.
tl::expected<void, SystemFailure> forbid_new_privileges();

// Other processes of the same user can then neither trace the process nor read its memory.
tl::expected<void, SystemFailure> forbid_dumping();

}  // namespace headroom
