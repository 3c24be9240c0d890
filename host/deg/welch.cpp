#include "deg/welch.hpp"

#include "deg/student_t.hpp"

namespace headroom {

WelchTest welch_test(const SampleMoments& a, double n_a, const SampleMoments& b, double n_b) {
  const double squared_error = a.squared_error + b.squared_error;
  if (squared_error == 0) {
    if (means_agree(a, b, std::max(n_a, n_b))) return {};
    return {std::copysign(std::numeric_limits<double>::infinity(), a.mean - b.mean), 0, 0};
  }
  WelchTest test;
  test.t = (a.mean - b.mean) / std::sqrt(squared_error);
  test.df = welch_df(a, n_a, b, n_b);
  test.p = two_sided_p(test.t, test.df);
  return test;
}

}  // namespace headroom
