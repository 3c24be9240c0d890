// Student's t distribution. The library behind it takes seconds to compile: it is included in one file only.
#pragma once

namespace headroom {

// P(|T| >= |t|) with `df` > 0 degrees of freedom, which need not be whole; 0 for an infinite t. Relative error below
// 1e-12 down to the smallest double.
double two_sided_p(double t, double df);

}  // namespace headroom
