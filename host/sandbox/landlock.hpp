// Landlock: which files a worker may read. It binds the calling thread and all that it starts later.
#pragma once

#include <string>
#include <vector>

#include "sandbox/system_failure.hpp"

namespace headroom {

// What every plugin may read: the system's shared libraries with the loader's cache and the links that choose between
// libraries of one kind (Debian's BLAS and LAPACK are found through them), character sets and time zones, nothing and
// random bytes (no zeros: each mapping of them takes a number that the machine counts up), what the CPUs can (libtorch
// picks its kernels by it), and the numbers of CPUs that BLAS and OpenMP libraries size themselves by (of the folder
// that they lie in no more: its counters of idle times tell what others have done). Folders stand for all that is below
// them; those that a system lacks are left out.
const std::vector<std::string>& readable_system_paths();

struct LandlockOutcome {
  int abi = 0;                  // of the kernel: 1 is Linux 5.13
  bool denies_tcp = false;      // from 4 on (Linux 6.7)
  bool denies_signals = false;  // and abstract unix sockets to the outside: from 6 on (Linux 6.12)
};

// Denies every access to files but reading the paths above, the folders of the plugin's own files (`own_folders`) and,
// if not negative, the folder that `data_folder_fd` is open on. Needs NO_NEW_PRIVS. On failure nothing is restricted.
tl::expected<LandlockOutcome, SystemFailure> restrict_files(int data_folder_fd,
                                                            const std::vector<std::string>& own_folders = {});

}  // namespace headroom
