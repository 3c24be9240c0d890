// Student's t distribution. The library behind it takes seconds to compile: it is included in one file only.
#pragma once

namespace headroom {

// P(|T| >= |t|) with `df` > 0 degrees of freedom, which need not be whole; 0 for an infinite t. Relative error below
// 1e-12 down to the smallest double.
double two_sided_p(double t, double df);

// The square that a standard normal variable exceeds with probability `p` in (0, 1].
double squared_normal_cutoff(double p);

// The squares of two standard normal values between whose two-sided p that of t lies: the larger square has the smaller
// p (Wallace 1959, "Bounds on normal approximations to Student's and the chi-square distributions"; df > 1/2). A
// logarithm instead of an incomplete beta function.
struct NormalBounds {
  double least = 0, most = 0;
};
NormalBounds normal_bounds(double t, double df);

}  // namespace headroom
