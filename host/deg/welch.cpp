#include "deg/welch.hpp"

#include "deg/student_t.hpp"

namespace headroom {

WelchTest welch_test(const SampleMoments& a, double n_a, const SampleMoments& b, double n_b) {
  WelchTest test;
  test.t = welch_t(a, b, std::max(n_a, n_b));
  if (a.squared_error + b.squared_error == 0) {
    test.p = test.t == 0 ? 1 : 0;
    return test;
  }
  test.df = welch_df(a, n_a, b, n_b);
  test.p = two_sided_p(test.t, test.df);
  return test;
}

}  // namespace headroom
