// Blocked: the residual correlations of a block of features are one register-tiled product with all weights; inside the
// block, each feature's step is handed on to the later ones in registers. Arithmetic is that of a plain sweep.
#include "heads/coordinate_descent.hpp"

#include "heads/simd.hpp"

namespace headroom::heads {
namespace {

// residual of features first .. first + Block - 1, all lanes
template <class Vector, int Block, int Vectors>
HEADROOM_INLINED void block_residual(const Descent& d, const double* weights, std::int64_t first,
                                     Vector (&residual)[Block][Vectors]) {
  constexpr std::int64_t lanes = Vectors * kLanes;
  for (int r = 0; r < Block; ++r) {
    for (int v = 0; v < Vectors; ++v)
      residual[r][v] = vector_at<Vector>(d.correlations + (first + r) * lanes + v * kLanes);
  }
  const double* gram = d.gram + first * d.gram_stride;
  for (std::int64_t k = 0; k < d.n_features; ++k) {
    Vector w[Vectors];
    for (int v = 0; v < Vectors; ++v) w[v] = vector_at<Vector>(weights + k * lanes + v * kLanes);
    for (int r = 0; r < Block; ++r) {
      const double g = gram[r * d.gram_stride + k];
      for (int v = 0; v < Vectors; ++v) residual[r][v] -= g * w[v];
    }
  }
}

template <class Vector, int Block, int Vectors>
HEADROOM_INLINED void sweep(const Descent& d, double* weights, double* largest_move) {
  constexpr std::int64_t lanes = Vectors * kLanes;
  const Vector zero{};
  Vector largest[Vectors];
  for (int v = 0; v < Vectors; ++v) largest[v] = zero;
  for (std::int64_t first = 0; first < d.n_features; first += Block) {
    Vector residual[Block][Vectors];
    block_residual<Vector, Block, Vectors>(d, weights, first, residual);
    for (int r = 0; r < Block; ++r) {
      const double* gram_row = d.gram + (first + r) * d.gram_stride;
      const double diagonal = first + r < d.n_features ? gram_row[first + r] : 0.0;
      const double inverse = d.inverse_diagonal[first + r];
      for (int v = 0; v < Vectors; ++v) {
        double* at = weights + (first + r) * lanes + v * kLanes;
        const Vector old = vector_at<Vector>(at);
        const Vector target = residual[r][v] + diagonal * old;
        const Vector above = target - d.threshold;
        const Vector below = target + d.threshold;
        const Vector shrunk = select(above > zero, above, zero) + select(below < zero, below, zero);
        const Vector now = shrunk * inverse;
        const Vector change = now - old;
        vector_at<Vector>(at) = now;
        const Vector move = select(change < zero, -change, change) * diagonal;
        largest[v] = select(move > largest[v], move, largest[v]);
        for (int later = r + 1; later < Block; ++later) {
          residual[later][v] -= d.gram[(first + later) * d.gram_stride + first + r] * change;
        }
      }
    }
  }
  for (int v = 0; v < Vectors; ++v) vector_at<Vector>(largest_move + v * kLanes) = largest[v];
}

template <class Vector, int Block, int Vectors>
HEADROOM_INLINED void all_residuals(const Descent& d, const double* weights, double* out) {
  constexpr std::int64_t lanes = Vectors * kLanes;
  for (std::int64_t first = 0; first < d.n_features; first += Block) {
    Vector residual[Block][Vectors];
    block_residual<Vector, Block, Vectors>(d, weights, first, residual);
    for (int r = 0; r < Block; ++r) {
      for (int v = 0; v < Vectors; ++v) vector_at<Vector>(out + (first + r) * lanes + v * kLanes) = residual[r][v];
    }
  }
}

HEADROOM_CLONED void dispatch_sweep(const Descent& d, double* weights, double* largest_move) {
  switch (d.registers) {
    case Registers::thirty_two_of_512_bits:
      return sweep<WideLanes, 8, 2>(d, weights, largest_move);
    case Registers::sixteen_of_256_bits:
      return sweep<Lanes, 6, 1>(d, weights, largest_move);
    case Registers::sixteen_of_128_bits:
      return sweep<Lanes, 2, 1>(d, weights, largest_move);
  }
}

HEADROOM_CLONED void dispatch_residuals(const Descent& d, const double* weights, double* out) {
  switch (d.registers) {
    case Registers::thirty_two_of_512_bits:
      return all_residuals<WideLanes, 8, 2>(d, weights, out);
    case Registers::sixteen_of_256_bits:
      return all_residuals<Lanes, 6, 1>(d, weights, out);
    case Registers::sixteen_of_128_bits:
      return all_residuals<Lanes, 2, 1>(d, weights, out);
  }
}

}  // namespace

std::int64_t descent_lanes(Registers registers) { return registers == Registers::thirty_two_of_512_bits ? 16 : 8; }

std::int64_t descent_block(Registers registers) {
  switch (registers) {
    case Registers::thirty_two_of_512_bits:
      return 8;
    case Registers::sixteen_of_256_bits:
      return 6;
    case Registers::sixteen_of_128_bits:
      return 2;
  }
  return 2;
}

void descend(const Descent& problem, double* weights, double* largest_move) {
  dispatch_sweep(problem, weights, largest_move);
}

void residual_correlations(const Descent& problem, const double* weights, double* residual) {
  dispatch_residuals(problem, weights, residual);
}

}  // namespace headroom::heads
