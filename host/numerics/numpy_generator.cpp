#include "numerics/numpy_generator.hpp"

#include <bit>

namespace headroom {
namespace {

std::uint32_t xor_shifted(std::uint32_t value) { return value ^ (value >> 16); }

// SeedSequence's hash: a constant that changes with every call.
struct Hash {
  std::uint32_t constant, factor;

  std::uint32_t operator()(std::uint32_t value) {
    value ^= constant;
    constant *= factor;
    return xor_shifted(value * constant);
  }
};

std::uint32_t mixed(std::uint32_t x, std::uint32_t y) { return xor_shifted(0xca01f9ddu * x - 0x4973f715u * y); }

}  // namespace

NumpySeedSequence::NumpySeedSequence(std::uint64_t entropy) {
  // An integer of up to 64 bits has at most two words, so the pool of four holds all of them.
  const std::array<std::uint32_t, 4> words{static_cast<std::uint32_t>(entropy),
                                           static_cast<std::uint32_t>(entropy >> 32), 0, 0};
  Hash hash{0x43b0d7e5u, 0x931e8875u};
  for (std::size_t i = 0; i < 4; ++i) pool_[i] = hash(words[i]);
  for (std::size_t from = 0; from < 4; ++from) {
    for (std::size_t to = 0; to < 4; ++to) {
      if (from != to) pool_[to] = mixed(pool_[to], hash(pool_[from]));
    }
  }
}

std::vector<std::uint32_t> NumpySeedSequence::words(std::size_t n) const {
  Hash hash{0x8b51f9ddu, 0x58f38dedu};
  std::vector<std::uint32_t> out(n);
  for (std::size_t i = 0; i < n; ++i) out[i] = hash(pool_[i % 4]);
  return out;
}

NumpyGenerator::NumpyGenerator(std::uint64_t seed) {
  const std::vector<std::uint32_t> words = NumpySeedSequence(seed).words(8);
  const auto two = [&](std::size_t i) {
    return static_cast<std::uint64_t>(words[2 * i]) | static_cast<std::uint64_t>(words[2 * i + 1]) << 32;
  };
  const Wide start = static_cast<Wide>(two(0)) << 64 | two(1);
  const Wide sequence = static_cast<Wide>(two(2)) << 64 | two(3);
  increment_ = sequence << 1 | 1;
  step();
  state_ += start;
  step();
}

void NumpyGenerator::step() {
  constexpr Wide kMultiplier = static_cast<Wide>(0x2360ED051FC65DA4u) << 64 | 0x4385DF649FCCF645u;
  state_ = state_ * kMultiplier + increment_;
}

std::uint64_t NumpyGenerator::next64() {
  step();
  const auto high = static_cast<std::uint64_t>(state_ >> 64), low = static_cast<std::uint64_t>(state_);
  return std::rotr(high ^ low, static_cast<int>(high >> 58));
}

std::uint32_t NumpyGenerator::next32() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const std::uint64_t word = next64();
  has_spare_ = true;
  spare_ = static_cast<std::uint32_t>(word >> 32);
  return static_cast<std::uint32_t>(word);
}

std::uint64_t NumpyGenerator::up_to(std::uint64_t top) {
  if (top == 0) return 0;
  const std::uint64_t mask = ~std::uint64_t{0} >> std::countl_zero(top);
  std::uint64_t value;
  do value = (top <= UINT32_MAX ? next32() : next64()) & mask;
  while (value > top);
  return value;
}

std::uint32_t NumpyGenerator::below(std::uint32_t n) {
  if (n <= 1) return 0;
  std::uint64_t product = static_cast<std::uint64_t>(next32()) * n;
  if (static_cast<std::uint32_t>(product) < n) {
    const std::uint32_t threshold = (0u - n) % n;
    while (static_cast<std::uint32_t>(product) < threshold) product = static_cast<std::uint64_t>(next32()) * n;
  }
  return static_cast<std::uint32_t>(product >> 32);
}

}  // namespace headroom
