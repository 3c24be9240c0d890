// Counter-based random numbers: every stream is named by what it is for, so that results do not depend on the number of
// threads, on the order of work, or on what else a file holds.
#pragma once

#include <Random123/philox.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace headroom {

// A 64-bit key for `name` under `seed` (FNV-1a, then the finaliser of SplitMix64). Chain it to name nested things.
std::uint64_t stream_key(std::uint64_t seed, std::string_view name);

// 32-bit words of Philox4x32-10 (Salmon et al. 2011) under `key`, in the stream numbered (a, b, c). Streams with
// different numbers or keys are independent; each holds 2^34 words.
class RandomStream {
 public:
  RandomStream(std::uint64_t key, std::uint32_t a, std::uint32_t b = 0, std::uint32_t c = 0)
      : key_{{static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)}}, counter_{{0, a, b, c}} {}

  std::uint32_t next() {
    if (used_ == kBuffered) refill();
    return words_[used_++];
  }

  // Uniform in [0, n), n >= 1, without bias (Lemire 2019, multiply and reject).
  std::uint32_t below(std::uint32_t n) {
    std::uint64_t product = static_cast<std::uint64_t>(next()) * n;
    if (static_cast<std::uint32_t>(product) < n) {
      const std::uint32_t threshold = (0u - n) % n;
      while (static_cast<std::uint32_t>(product) < threshold) product = static_cast<std::uint64_t>(next()) * n;
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

  // Uniform in (0, 1), never either end; 53 bits.
  double uniform() {
    const std::uint64_t bits = (static_cast<std::uint64_t>(next()) << 32) | next();
    return (static_cast<double>(bits >> 12) + 0.5) * 0x1.0p-52;
  }

 private:
  // Eight counters at a time keep the multipliers busy.
  static constexpr std::uint32_t kBlocks = 8, kBuffered = 4 * kBlocks;

  void refill() {
    for (std::uint32_t b = 0; b < kBlocks; ++b) {
      const auto block = r123::Philox4x32()(counter_, key_);
      ++counter_[0];
      for (std::uint32_t w = 0; w < 4; ++w) words_[4 * b + w] = block[w];
    }
    used_ = 0;
  }

  r123::Philox4x32::key_type key_;
  r123::Philox4x32::ctr_type counter_;
  std::array<std::uint32_t, kBuffered> words_;
  std::uint32_t used_ = kBuffered;
};

}  // namespace headroom
