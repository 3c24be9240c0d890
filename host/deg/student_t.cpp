#include "deg/student_t.hpp"

#include <boost/math/distributions/normal.hpp>
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

double squared_normal_cutoff(double p) {
  const double z = boost::math::quantile(boost::math::normal_distribution<double>(), p / 2);
  return z * z;
}

NormalBounds normal_bounds(double t, double df) {
  if (std::isinf(t)) return {HUGE_VAL, HUGE_VAL};
  const double most = df * std::log1p(t * t / df);
  return {(1 - 0.5 / df) * most, most};
}

}  // namespace headroom
