#include "heads/descent_lanes.hpp"

#include "heads/softmax_lanes.hpp"

namespace headroom::heads {
namespace {

typedef float HalfFloats __attribute__((vector_size(16), aligned(4), may_alias));

struct __attribute__((may_alias)) FloatLanes {
  HalfFloats low, high;
};

HEADROOM_INLINED void load(const float* from, Lanes& to) {
  const FloatLanes& stored = *reinterpret_cast<const FloatLanes*>(from);
  to = {__builtin_convertvector(stored.low, HalfVector), __builtin_convertvector(stored.high, HalfVector)};
}

// Rounds `value` to what is stored.
HEADROOM_INLINED void store(float* to, Lanes& value) {
  const FloatLanes rounded = {__builtin_convertvector(value.low, HalfFloats),
                              __builtin_convertvector(value.high, HalfFloats)};
  *reinterpret_cast<FloatLanes*>(to) = rounded;
  value = {__builtin_convertvector(rounded.low, HalfVector), __builtin_convertvector(rounded.high, HalfVector)};
}

// sum += a · b
HEADROOM_INLINED void add_product(const float* a, const double* b, std::int64_t size, Lanes& sum) {
  Lanes even{}, odd{}, left, right;
  std::int64_t i = 0;
  for (; i + 2 * kLanes <= size; i += 2 * kLanes) {
    load(a + i, left);
    load(a + i + kLanes, right);
    even += left * lanes_at(b + i);
    odd += right * lanes_at(b + i + kLanes);
  }
  for (; i < size; i += kLanes) {
    load(a + i, left);
    even += left * lanes_at(b + i);
  }
  sum = even + odd;
}

// b += factor · a
HEADROOM_INLINED void add_multiple(const float* a, const Lanes& factor, std::int64_t size, double* b) {
  Lanes value;
  for (std::int64_t i = 0; i < size; i += kLanes) {
    load(a + i, value);
    lanes_at(b + i) += factor * value;
  }
}

HEADROOM_CLONED void direction_of(const DescentMemory& m, const double* gradient, const double* diagonal,
                                  double* direction) {
  const std::int64_t width = m.n_scores * kLanes, size = m.size();
  double* q = m.vector;  // contiguous: the rows of a panel would displace each other from the first-level cache
  for (std::int64_t d = 0; d < m.n_features; ++d) {
    for (std::int64_t c = 0; c < width; c += kLanes)
      lanes_at(q + d * width + c) = lanes_at(gradient + d * kPanelWidth + c);
  }
  for (std::int32_t k = 0; k < m.n_pairs; ++k) {  // newest to oldest
    const std::int32_t pair = (m.newest + k) % m.n_pairs;
    Lanes sum;
    add_product(m.steps + pair * size, q, size, sum);
    const Lanes factor = sum * lanes_at(m.inverses + pair * kLanes);
    lanes_at(m.factors + k * kLanes) = factor;
    add_multiple(m.changes + pair * size, -factor, size, q);
  }
  const Lanes scale = lanes_at(m.scale);
  for (std::int64_t i = 0; i < size; i += kLanes) {
    lanes_at(q + i) = lanes_at(q + i) * scale / lanes_at(diagonal + i);
  }
  for (std::int32_t k = m.n_pairs - 1; k >= 0; --k) {  // oldest to newest
    const std::int32_t pair = (m.newest + k) % m.n_pairs;
    Lanes sum;
    add_product(m.changes + pair * size, q, size, sum);
    const Lanes factor = lanes_at(m.factors + k * kLanes) - sum * lanes_at(m.inverses + pair * kLanes);
    add_multiple(m.steps + pair * size, factor, size, q);
  }
  for (std::int64_t d = 0; d < m.n_features; ++d) {
    for (std::int64_t c = 0; c < width; c += kLanes)
      lanes_at(direction + d * kPanelWidth + c) = -lanes_at(q + d * width + c);
  }
}

HEADROOM_CLONED void keep(const DescentMemory& m, const double* step, const double* direction, const double* gradient,
                          const double* former, const double* diagonal, const double* kept) {
  const std::int64_t width = m.n_scores * kLanes;
  float *steps = m.steps + m.newest * m.size(), *changes = m.changes + m.newest * m.size();
  const Lanes along = lanes_at(step), zero{}, one = lanes_of(1.0);
  Lanes product{}, square{}, length{};
  for (std::int64_t d = 0; d < m.n_features; ++d) {
    for (std::int64_t c = 0; c < width; c += kLanes) {
      const std::int64_t at = d * kPanelWidth + c;
      Lanes s = along * lanes_at(direction + at), y = lanes_at(gradient + at) - lanes_at(former + at);
      store(steps + d * width + c, s);
      store(changes + d * width + c, y);
      const Lanes h = lanes_at(diagonal + d * width + c);
      product += s * y;
      square += y * y / h;
      length += s * s * h;
    }
  }
  // Rounding alone shows as curvature far below that of the diagonal.
  const Integers bends = (product > 1e-10 * length) & (lanes_at(kept) != zero) & (length > zero);
  lanes_at(m.inverses + m.newest * kLanes) = select(bends, one / product, zero);
  lanes_at(m.scale) = select(bends, product / square, lanes_at(m.scale));
}

HEADROOM_CLONED void shift_changes(const DescentMemory& m, const double* more) {
  const std::int64_t width = m.n_scores * kLanes;
  const Lanes by = lanes_at(more), zero{}, one = lanes_of(1.0);
  for (std::int32_t pair = 0; pair < m.n_pairs; ++pair) {
    const float* steps = m.steps + pair * m.size();
    float* changes = m.changes + pair * m.size();
    Lanes product{}, length{};
    for (std::int64_t d = 0; d < m.n_features; ++d) {
      const bool is_bias = d + 1 == m.n_features;
      for (std::int64_t c = 0; c < width; c += kLanes) {
        Lanes s, y;
        load(steps + d * width + c, s);
        load(changes + d * width + c, y);
        if (!is_bias) {
          y += by * s;
          store(changes + d * width + c, y);
        }
        product += s * y;
        length += s * s;
      }
    }
    Lanes& inverse = lanes_at(m.inverses + pair * kLanes);
    const Integers changed = (by != zero) & (inverse != zero);
    const Lanes anew = select(product > 1e-10 * length, one / product, zero);
    inverse = select(changed, anew, inverse);
  }
}

HEADROOM_CLONED void products(std::int64_t n_features, std::int32_t n_scores, const double* a, const double* b,
                              double* sums) {
  Lanes sum{};
  for (std::int64_t d = 0; d < n_features; ++d) {
    for (std::int64_t c = 0; c < n_scores * kLanes; c += kLanes) {
      sum += lanes_at(a + d * kPanelWidth + c) * lanes_at(b + d * kPanelWidth + c);
    }
  }
  lanes_at(sums) = sum;
}

// A comparison loses what is not a number; `poison` does not.
HEADROOM_INLINED void raise(Lanes& largest, Lanes& poison, const Lanes& value) {
  const Lanes size = select(value < Lanes{}, -value, value);
  largest = select(size > largest, size, largest);
  poison += 0.0 * value;
}

HEADROOM_CLONED void largest_of_two(std::int64_t n_features, const double* means, const double* gradient,
                                    double* largest) {
  const Lanes bias = lanes_at(gradient + (n_features - 1) * kPanelWidth);
  Lanes found{}, poison{};
  for (std::int64_t d = 0; d < n_features; ++d) {
    raise(found, poison, (lanes_at(gradient + d * kPanelWidth) + means[d] * bias) * kHalfRoot);
  }
  lanes_at(largest) = found + poison;
}

HEADROOM_CLONED void largest_of_three(std::int64_t n_features, const double* means, const double* gradient,
                                      double* largest) {
  const double* last = gradient + (n_features - 1) * kPanelWidth;
  const Lanes bias_t = lanes_at(last), bias_u = lanes_at(last + kLanes);
  Lanes found{}, poison{};
  for (std::int64_t d = 0; d < n_features; ++d) {
    const Lanes t = (lanes_at(gradient + d * kPanelWidth) + means[d] * bias_t) * kHalfRoot;
    const Lanes u = (lanes_at(gradient + d * kPanelWidth + kLanes) + means[d] * bias_u) * kSixthRoot;
    raise(found, poison, u + t);
    raise(found, poison, u - t);
    raise(found, poison, 2.0 * u);
  }
  lanes_at(largest) = found + poison;
}

}  // namespace

void largest_derivatives(std::int64_t n_features, std::int32_t n_scores, const double* means, const double* gradient,
                         double* largest) {
  if (n_scores == 1) {
    largest_of_two(n_features, means, gradient, largest);
  } else {
    largest_of_three(n_features, means, gradient, largest);
  }
}

void descent_direction(const DescentMemory& memory, const double* gradient, const double* diagonal, double* direction) {
  direction_of(memory, gradient, diagonal, direction);
}

void remember(DescentMemory& memory, const double* step, const double* direction, const double* gradient,
              const double* former, const double* diagonal, const double* kept) {
  memory.newest = (memory.newest + memory.n_pairs - 1) % memory.n_pairs;
  keep(memory, step, direction, gradient, former, diagonal, kept);
}

void change_penalty(DescentMemory& memory, const double* more) { shift_changes(memory, more); }

void forget(DescentMemory& memory, int lane) {
  for (std::int32_t pair = 0; pair < memory.n_pairs; ++pair) memory.inverses[pair * kLanes + lane] = 0.0;
  memory.scale[lane] = 1.0;
}

void inner_products(std::int64_t n_features, std::int32_t n_scores, const double* a, const double* b, double* sums) {
  products(n_features, n_scores, a, b, sums);
}

}  // namespace headroom::heads
