// Logits are taken against one class (the second of two, the middle one of three), so that a row of eight genes needs
// one exponential for each other class. They are held within ±kLargest, where a probability is 0 or 1 to the last bit.
#include "heads/softmax_lanes.hpp"

namespace headroom::heads {
namespace {

typedef std::int8_t HalfBytes __attribute__((vector_size(4), aligned(1), may_alias));

struct __attribute__((may_alias)) Bytes {
  HalfBytes low, high;
};

constexpr double kLargest = 700.0;  // e^700 is a finite double

HEADROOM_INLINED void clamp(Lanes& x) {
  const Lanes most = lanes_of(kLargest), least = -most;
  x = select(x > most, most, x);
  x = select(x < least, least, x);
}

// e^x for |x| ≤ 700 to a few units in the last place: x = k ln 2 + r, |r| ≤ ln 2 / 2, and the Taylor sum of e^r, whose
// first left-out term is below 2e-16.
HEADROOM_INLINED void exponential(Lanes& x) {
  constexpr double to_integer = 6755399441055744.0;  // 1.5 · 2^52: adding it leaves an integer in the low bits
  const Lanes shifted = x * 1.44269504088896340736 + to_integer;
  const Lanes k = shifted - to_integer;
  const Lanes r = (x - k * 6.93145751953125e-1) - k * 1.42860682030941723212e-6;
  Lanes sum = r * (1.0 / 479001600) + (1.0 / 39916800);
  sum = sum * r + (1.0 / 3628800);
  sum = sum * r + (1.0 / 362880);
  sum = sum * r + (1.0 / 40320);
  sum = sum * r + (1.0 / 5040);
  sum = sum * r + (1.0 / 720);
  sum = sum * r + (1.0 / 120);
  sum = sum * r + (1.0 / 24);
  sum = sum * r + (1.0 / 6);
  sum = sum * r + 0.5;
  sum = sum * r + 1.0;
  sum = sum * r + 1.0;
  const Integers& integer = reinterpret_cast<const Integers&>(shifted);
  const Integers power = {(integer.low + 1023) << 52, (integer.high + 1023) << 52};
  x = sum * reinterpret_cast<const Lanes&>(power);
}

// p, q: probabilities of the first and the second of two classes with score t.
HEADROOM_INLINED void two_classes(const Lanes& t, Lanes& p, Lanes& q) {
  Lanes e = t * (-2.0 * kHalfRoot);
  clamp(e);
  exponential(e);
  p = 1.0 / (1.0 + e);
  q = e * p;
}

// p, q: probabilities of the first and the last of three classes; rest: of the middle one.
HEADROOM_INLINED void three_classes(const Lanes& t, const Lanes& u, Lanes& p, Lanes& q, Lanes& rest) {
  Lanes a = u * kThreeHalvesRoot + t * kHalfRoot;
  Lanes c = u * kThreeHalvesRoot - t * kHalfRoot;
  clamp(a);
  clamp(c);
  exponential(a);
  exponential(c);
  rest = 1.0 / (1.0 + a + c);
  p = a * rest;
  q = c * rest;
}

// The classes of a row as whole numbers in lanes, and the weights that go with them.
HEADROOM_INLINED void classes_at(const std::uint8_t* from, Integers& classes) {
  const Bytes& bytes = *reinterpret_cast<const Bytes*>(from);
  classes = {__builtin_convertvector(bytes.low, HalfIntegers), __builtin_convertvector(bytes.high, HalfIntegers)};
}

HEADROOM_CLONED void residuals_of_two(const SoftmaxGroup& g, const double* step, double* residuals, double* reached,
                                      LineDerivatives& line) {
  const Lanes along = lanes_at(step), one = lanes_of(1.0);
  const Lanes weight0 = lanes_at(g.weights), weight1 = lanes_at(g.weights + kLanes);
  Lanes first{}, second{}, total_t{};
  for (std::int64_t i = 0; i < g.n_rows; ++i) {
    const Lanes d = lanes_at(g.direction + i * kPanelWidth);
    const Lanes t = lanes_at(g.scores + i * kPanelWidth) + along * d;
    Integers classes;
    classes_at(g.classes + i * kLanes, classes);
    Lanes p, q;
    two_classes(t, p, q);
    const Lanes weight = select(classes == 0, weight0, weight1);
    const Lanes truth = select(classes == 0, one, Lanes{});
    const Lanes r = weight * (p - truth) * (2.0 * kHalfRoot);
    lanes_at(residuals + i * kPanelWidth) = r;
    lanes_at(reached + i * kPanelWidth) = t;
    first += r * d;
    const Lanes curvature = weight * (2.0 * p) * q;
    second += curvature * d * d;
    total_t += curvature;
  }
  lanes_at(line.slope) = first;
  lanes_at(line.curvature) = second;
  lanes_at(line.total) = total_t;
}

HEADROOM_CLONED void residuals_of_three(const SoftmaxGroup& g, const double* step, double* residuals, double* reached,
                                        LineDerivatives& line) {
  const Lanes along = lanes_at(step), one = lanes_of(1.0);
  const Lanes weight0 = lanes_at(g.weights), weight1 = lanes_at(g.weights + kLanes),
              weight2 = lanes_at(g.weights + 2 * kLanes);
  Lanes first{}, second{}, total_t{}, total_u{};
  for (std::int64_t i = 0; i < g.n_rows; ++i) {
    const Lanes dt = lanes_at(g.direction + i * kPanelWidth), du = lanes_at(g.direction + i * kPanelWidth + kLanes);
    const Lanes t = lanes_at(g.scores + i * kPanelWidth) + along * dt;
    const Lanes u = lanes_at(g.scores + i * kPanelWidth + kLanes) + along * du;
    Integers classes;
    classes_at(g.classes + i * kLanes, classes);
    Lanes p, q, rest;
    three_classes(t, u, p, q, rest);
    const Lanes weight = select(classes == 1, weight1, select(classes == 0, weight0, weight2));
    const Lanes rp = weight * (p - select(classes == 0, one, Lanes{}));
    const Lanes rq = weight * (q - select(classes == 2, one, Lanes{}));
    const Lanes rt = (rp - rq) * kHalfRoot, ru = (rp + rq) * kThreeHalvesRoot;
    lanes_at(residuals + i * kPanelWidth) = rt;
    lanes_at(residuals + i * kPanelWidth + kLanes) = ru;
    lanes_at(reached + i * kPanelWidth) = t;
    lanes_at(reached + i * kPanelWidth + kLanes) = u;
    first += rt * dt + ru * du;
    const Lanes dp = du * kThreeHalvesRoot + dt * kHalfRoot, dq = du * kThreeHalvesRoot - dt * kHalfRoot;
    const Lanes mean = p * dp + q * dq;
    second += weight * (p * dp * dp + q * dq * dq - mean * mean);
    const Lanes sum = p + q, difference = p - q;
    total_t += weight * (0.5 * (sum - difference * difference));
    total_u += weight * (1.5 * sum * rest);
  }
  lanes_at(line.slope) = first;
  lanes_at(line.curvature) = second;
  lanes_at(line.total) = total_t;
  lanes_at(line.total + kLanes) = total_u;
}

HEADROOM_CLONED void probabilities_of_two(const double* scores, std::int64_t n_rows, double* out) {
  for (std::int64_t i = 0; i < n_rows; ++i) {
    Lanes p, q;
    two_classes(lanes_at(scores + i * kPanelWidth), p, q);
    lanes_at(out + i * 2 * kLanes) = p;
    lanes_at(out + i * 2 * kLanes + kLanes) = q;
  }
}

HEADROOM_CLONED void probabilities_of_three(const double* scores, std::int64_t n_rows, double* out) {
  for (std::int64_t i = 0; i < n_rows; ++i) {
    Lanes p, q, rest;
    three_classes(lanes_at(scores + i * kPanelWidth), lanes_at(scores + i * kPanelWidth + kLanes), p, q, rest);
    lanes_at(out + i * 3 * kLanes) = p;
    lanes_at(out + i * 3 * kLanes + kLanes) = rest;
    lanes_at(out + i * 3 * kLanes + 2 * kLanes) = q;
  }
}

}  // namespace

void residuals_along(const SoftmaxGroup& group, const double* step, double* residuals, double* reached,
                     LineDerivatives& line) {
  if (group.n_scores == 1) {
    residuals_of_two(group, step, residuals, reached, line);
  } else {
    residuals_of_three(group, step, residuals, reached, line);
  }
}

void probabilities(const double* scores, std::int64_t n_rows, std::int32_t n_scores, double* out) {
  if (n_scores == 1) {
    probabilities_of_two(scores, n_rows, out);
  } else {
    probabilities_of_three(scores, n_rows, out);
  }
}

}  // namespace headroom::heads
