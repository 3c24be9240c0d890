#include "deg/student_t.hpp"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace headroom {

double two_sided_p(double t, double df) {
  if (std::isinf(t)) return 0;
  // Arithmetic in double suffices and is several times as fast; what underflows is 0.
  namespace policies = boost::math::policies;
  using Policy = policies::policy<policies::promote_double<false>, policies::underflow_error<policies::ignore_error>,
                                  policies::denorm_error<policies::ignore_error>>;
  const boost::math::students_t_distribution<double, Policy> distribution(df);
  return 2 * boost::math::cdf(distribution, -std::abs(t));
}

}  // namespace headroom
