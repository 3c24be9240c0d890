// For which kind of processor the numbers of this process are made: on another one other kernels are chosen, whose sums
// differ in their last bits.
#pragma once

#include <string>

namespace headroom {

// "SkylakeX x86-64-v4": the processor that OpenBLAS took its kernels for, and the level that Headroom's own loops and
// heads were chosen by. Equal texts, of one build, mean equal bits.
std::string processor_kernels();

}  // namespace headroom
